# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""PSDS: how well scores detect sounds over all thresholds, by the library of its authors.

C. Bilen et al., "A Framework for the Robust Evaluation of Sound Event Detection", ICASSP 2020; J. Ebbers et al.,
"Threshold Independent Evaluation of Sound Event Detection Scores", ICASSP 2022 (sed_scores_eval).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.truth import TrueEvent

MISSING = "sed_scores_eval is missing, or cannot be imported: pip install 'hearken[bench-events]'"


class LibraryMissing(ImportError):
    """A library that PSDS needs is not installed."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """The parameters of PSDS: tolerances of overlap, the worth of stability and of few mix-ups, the axis's end.

    Attributes
    ----------
    detection_overlap, truth_overlap
        Share of a detection that events must cover, and of an event that detections must cover.
    mix_up_overlap
        Share of a detection that another class's event must cover to be a mix-up; None leaves mix-ups out.
    instability_cost, mix_up_cost
        alpha_st and alpha_ct of the paper.
    most_false_per_hour
        The curve is taken up to this many false detections an hour.
    """

    detection_overlap: float
    truth_overlap: float
    mix_up_overlap: float | None
    instability_cost: float
    mix_up_cost: float
    most_false_per_hour: float


SCENARIOS: Mapping[str, Scenario] = {
    # The two of the DCASE challenge's task 4: react fast; do not confuse.
    "psds_1": Scenario(0.7, 0.7, None, 1.0, 0.0, 100.0),
    "psds_2": Scenario(0.1, 0.1, 0.3, 1.0, 0.5, 100.0),
    # An alarm: be near, and at most one false alarm an hour.
    "psds_alarm": Scenario(0.1, 0.1, None, 0.0, 0.0, 1.0),
}


def psds(
    truths: Sequence[Sequence[TrueEvent]],
    scores: Sequence[NDArray[np.float64]],
    edges_s: Sequence[NDArray[np.float64]],
    classes: Sequence[str],
) -> dict[str, Any]:
    """Return PSDS in each scenario, over all classes and by class.

    Parameters
    ----------
    truths
        One sequence a soundscape; events of classes that are not in `classes` are left out.
    scores
        Per soundscape, shape (steps, classes), from 0 to 1, columns in the order of `classes`.
    edges_s
        Per soundscape, shape (steps + 1,), rising: where each step begins, and where the last one ends. Steps must not
        overlap: of overlapping windows take the hop.
    classes
        Names. One without any event is left out: it has no recall.

    Raises
    ------
    LibraryMissing
        sed_scores_eval is not installed.
    """
    try:
        library: Any = import_module("sed_scores_eval")
        scores_of: Any = import_module("sed_scores_eval.base_modules.scores")
    except ImportError as error:
        raise LibraryMissing(MISSING) from error
    heard = {event.event_class for truth in truths for event in truth}
    columns = [place for place, name in enumerate(classes) if name in heard]
    names = [classes[place] for place in columns]
    frames: dict[str, Any] = {}
    events: dict[str, list[tuple[float, float, str]]] = {}
    lengths_s: dict[str, float] = {}
    for number, (truth, values, edges) in enumerate(zip(truths, scores, edges_s, strict=True)):
        key = f"{number:05}"
        frames[key] = scores_of.create_score_dataframe(np.array(values)[:, columns], np.array(edges), names)
        events[key] = _joined([event for event in truth if event.event_class in names])
        lengths_s[key] = float(edges[-1])
    return {
        name: _of_scenario(library.intersection_based, scenario, frames, events, lengths_s)
        for name, scenario in SCENARIOS.items()
    }


def _of_scenario(library: Any, scenario: Scenario, frames: Any, events: Any, lengths_s: Any) -> dict[str, Any]:
    several = len({name for row in events.values() for *_, name in row}) > 1
    together, by_class, *_ = library.psds(
        frames,
        events,
        lengths_s,
        dtc_threshold=scenario.detection_overlap,
        gtc_threshold=scenario.truth_overlap,
        # One class alone cannot be mixed up, and the library fails on it.
        cttc_threshold=scenario.mix_up_overlap if several else None,
        alpha_ct=scenario.mix_up_cost if several else 0.0,
        alpha_st=scenario.instability_cost,
        unit_of_time="hour",
        max_efpr=scenario.most_false_per_hour,
    )
    return {
        "all": round(float(together), 4),
        "classes": {name: round(float(value), 4) for name, value in sorted(by_class.items())},
    }


def _joined(truth: Sequence[TrueEvent]) -> list[tuple[float, float, str]]:
    return sorted((event.onset_s, event.offset_s, event.event_class) for event in truth)
