# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.scenes.threshold_free import LibraryMissing, psds
from benchmarks.scenes.truth import TrueEvent

TRUTH = [[TrueEvent("scream", 60.0, 65.0, 6.0, "g", "p")]]
EDGES_S = [np.arange(0, 301.0)]


def scores(value: float) -> list[np.ndarray]:
    found = np.zeros((300, 2))
    found[60:65, 1] = value
    found[200, 1] = 0.5
    return [found]


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sed_scores_eval", None)
    with pytest.raises(LibraryMissing, match="bench-events"):
        psds(TRUTH, scores(0.9), EDGES_S, ["siren", "scream"])


@pytest.mark.skipif(find_spec("sed_scores_eval") is None, reason="needs the extra bench-events")
@pytest.mark.parametrize(("value", "expected"), [(0.9, 1.0), (0.1, 0.0)])
def test_an_event_above_every_false_score_is_worth_one_and_one_below_nothing(value: float, expected: float) -> None:
    result = psds(TRUTH, scores(value), EDGES_S, ["siren", "scream"])
    assert result["psds_alarm"] == {"all": expected, "classes": {"scream": expected}}
