# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from benchmarks.scenes.event_based import event_f1
from benchmarks.scenes.truth import Detection, TrueEvent


def event(onset_s: float, offset_s: float, name: str = "scream") -> TrueEvent:
    return TrueEvent(name, onset_s, offset_s, 6.0, "g", "p")


def said(onset_s: float, offset_s: float, name: str = "scream") -> Detection:
    return Detection(name, onset_s, offset_s, 0.5, offset_s)


def test_nothing_at_all_has_no_figure() -> None:
    assert event_f1([], [])["micro"]["f1"] is None
    assert event_f1([[]], [[]])["macro_f1"] is None


@pytest.mark.parametrize(
    ("detection", "offsets", "f1"),
    [
        (said(10.2, 15.0), True, 1.0),
        (said(10.21, 15.0), True, 0.0),
        (said(10.0, 16.0), True, 1.0),  # a fifth of 5 s
        (said(10.0, 16.1), True, 0.0),
        (said(10.0, 16.1), False, 1.0),
        (said(10.0, 15.0, "siren"), True, 0.0),
    ],
)
def test_onset_and_offset_have_their_collars(detection: Detection, offsets: bool, f1: float) -> None:
    assert event_f1([[event(10, 15)]], [[detection]], offsets=offsets)["micro"]["f1"] == f1


def test_pairs_are_made_so_that_most_are_right() -> None:
    truth = [event(10.0, 11.0), event(10.3, 11.3)]
    found = [said(10.15, 11.15), said(9.9, 10.9)]
    assert event_f1([truth], [found])["micro"]["f1"] == 1.0


def test_the_mean_over_classes_leaves_out_those_that_never_sound() -> None:
    result = event_f1([[event(10, 15)]], [[said(10, 15), said(30, 35, "siren")]])
    assert result["macro_f1"] == 1.0
    assert result["classes"]["siren"] == {"events": 0, "detections": 1, "precision": 0.0, "recall": None, "f1": 0.0}
    assert result["micro"]["precision"] == 0.5
