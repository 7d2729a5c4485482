# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The tagger that comes with the package: whole, small, and as good as was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model.store import TaggerStore


@pytest.fixture
def facts(nothing_bundled: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((nothing_bundled / "hearken_small.json").read_text(encoding="utf-8"))
    return found


def test_it_is_whole_and_small(nothing_bundled: Path, tmp_path: Path) -> None:
    store = TaggerStore(tmp_path, nothing_bundled)
    assert list(store.verify()) == [("hearken_small", None)]
    assert store.preferred() == "hearken_small"
    assert store.find("hearken_small").path.stat().st_size <= 3_000_000


def test_it_reaches_its_goals_beside_its_teacher(facts: dict[str, Any]) -> None:
    evaluation = facts["evaluation"]
    overall = evaluation["overall"]
    assert evaluation["agreement"]["top_1_in_reference_top_5"] >= 0.83
    assert overall["hearken_small"]["label_in_top_5"] >= 0.94 * overall["mn04_as"]["label_in_top_5"]
    assert evaluation["alarms"]["mean"]["ratio"] >= 0.85


def test_the_classes_too_thin_to_score_are_named(facts: dict[str, Any]) -> None:
    alarms = facts["evaluation"]["alarms"]
    assert set(alarms["thin"]).isdisjoint(alarms["mean"]["alarms"])
    assert "siren" in alarms["thin"]
