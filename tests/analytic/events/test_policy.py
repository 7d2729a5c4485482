# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import copy
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytic.events.classes import ALERT_CLASSES, AlertClass
from analytic.events.policy import Decision, ThresholdPolicy

FIRE, SCREAM = AlertClass("fire", ("/m/02_41", "/m/07pzfmf"), 0.3), AlertClass("scream", ("/m/03qc9zr",), 0.5)
CLASSES, INDICES = (FIRE, SCREAM), ((3, 7), (5,))
JUST_BELOW = float(np.nextafter(np.float32(0.3), np.float32(0)))


def decide(
    *windows: dict[int, float],
    classes: tuple[AlertClass, ...] = CLASSES,
    indices: tuple[tuple[int, ...], ...] = INDICES,
) -> list[Decision]:
    """Decide on windows of 10 s every 5 s, each given as score index -> score."""
    scores = np.zeros((len(windows), 527), np.float32)
    for row, heard in zip(scores, windows, strict=True):
        for index, score in heard.items():
            row[index] = score
    onsets = [5.0 * window for window in range(len(windows))]
    return ThresholdPolicy(classes, indices).decide(scores, onsets, [onset + 10 for onset in onsets])


def test_a_score_at_the_threshold_is_an_alarm() -> None:
    (decision,) = decide({3: 0.3})
    assert decision == Decision("fire", 3, float(np.float32(0.3)), 0.0, 10.0, 0, 0)


def test_a_score_just_below_the_threshold_is_none() -> None:
    assert decide({3: JUST_BELOW}) == []


@pytest.mark.parametrize("alert", ALERT_CLASSES, ids=lambda alert: alert.name)
def test_every_threshold_of_the_table_is_reached_by_itself_in_float32(alert: AlertClass) -> None:
    assert len(decide({1: alert.threshold}, classes=(alert,), indices=((1,),))) == 1
    below = float(np.nextafter(np.float32(alert.threshold), np.float32(0)))
    assert decide({1: below}, classes=(alert,), indices=((1,),)) == []


def test_the_score_of_a_class_that_is_no_member_is_nothing_to_it() -> None:
    assert decide({4: 1.0, 6: 1.0}) == []


def test_silence_and_no_windows_at_all_are_no_alarm() -> None:
    assert decide({}) == []
    assert decide() == []


def test_neighbouring_windows_are_one_event() -> None:
    (decision,) = decide({}, {3: 0.4}, {3: 0.3}, {3: 0.5}, {})
    assert (decision.onset_s, decision.offset_s) == (5.0, 25.0)
    assert (decision.first_window, decision.last_window) == (1, 3)
    assert decision.score == pytest.approx(0.5)


def test_neighbouring_windows_are_one_event_also_where_another_member_speaks() -> None:
    (decision,) = decide({3: 0.4}, {7: 0.6})
    assert decision.label_index == 7
    assert decision.score == pytest.approx(0.6)


def test_two_runs_apart_are_two_events() -> None:
    first, second = decide({3: 0.4}, {3: JUST_BELOW}, {3: 0.9})
    assert (first.first_window, first.last_window, first.offset_s) == (0, 0, 10.0)
    assert (second.first_window, second.last_window, second.onset_s) == (2, 2, 10.0)


def test_the_best_member_gives_the_label_whichever_window_it_is_in() -> None:
    (decision,) = decide({3: 0.4, 7: 0.35}, {3: 0.5, 7: 0.7}, {3: 0.6})
    assert decision.label_index == 7
    assert decision.score == pytest.approx(0.7)


def test_of_equal_members_the_first_of_the_table_gives_the_label() -> None:
    assert [decision.label_index for decision in decide({3: 0.5, 7: 0.5})] == [3]


def test_decisions_come_by_onset_then_in_the_order_of_the_classes() -> None:
    found = decide({5: 0.9}, {3: 0.9, 5: 0.9}, {}, {5: 0.9, 3: 0.9})
    assert [(decision.event_class, decision.first_window) for decision in found] == [
        ("scream", 0),
        ("fire", 1),
        ("fire", 3),
        ("scream", 3),
    ]


def test_deciding_changes_nothing_and_gives_the_same_again() -> None:
    policy = ThresholdPolicy(CLASSES, INDICES)
    scores = np.full((2, 527), 0.4, np.float32)
    before = copy.deepcopy(scores)
    first, second = (policy.decide(scores, [0.0, 5.0], [10.0, 15.0]) for _ in range(2))
    assert first == second != []
    np.testing.assert_array_equal(scores, before)


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.0001, math.nan, math.inf])
def test_a_threshold_outside_0_to_1_is_refused_by_name(threshold: float) -> None:
    with pytest.raises(ValueError, match="fire"):
        ThresholdPolicy([AlertClass("fire", ("/m/02_41",), threshold)], [[3]])


def test_a_threshold_of_1_is_accepted() -> None:
    assert ThresholdPolicy([AlertClass("fire", ("/m/02_41",), 1.0)], [[3]]).classes[0].threshold == 1.0


def test_a_class_without_members_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="fire"):
        ThresholdPolicy([AlertClass("fire", (), 0.5)], [[]])


def test_classes_and_members_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        ThresholdPolicy(CLASSES, [[3]])


Table = NDArray[np.float32]


def slowly(scores: Table) -> list[tuple[str, int, int, float]]:
    """What should be found: window by window, in plain loops; class, first window, last window, score."""
    found = []
    for alert, members in zip(CLASSES, INDICES, strict=True):
        first = None
        best = 0.0
        for window in range(len(scores) + 1):
            highest = max(float(scores[window, member]) for member in members) if window < len(scores) else -1.0
            if highest >= float(np.float32(alert.threshold)):
                first = window if first is None else first
                best = max(best, highest)
            elif first is not None:
                found.append((alert.name, first, window - 1, best))
                first, best = None, 0.0
    return sorted(found, key=lambda event: event[1])


@given(
    st.lists(
        st.fixed_dictionaries({index: st.sampled_from([0.0, JUST_BELOW, 0.3, 0.5, 0.75, 1.0]) for index in (3, 5, 7)}),
        max_size=12,
    )
)
def test_what_is_found_is_what_a_slow_reader_finds(windows: list[dict[int, float]]) -> None:
    decisions = decide(*windows)
    scores = np.zeros((len(windows), 527), np.float32)
    for row, heard in zip(scores, windows, strict=True):
        for index, score in heard.items():
            row[index] = score
    assert [(one.event_class, one.first_window, one.last_window, one.score) for one in decisions] == slowly(scores)
    for one in decisions:
        piece = scores[one.first_window : one.last_window + 1]
        assert one.score == piece[:, one.label_index].max(), "the label is a member that has the score"
        assert one.label_index in dict(zip((alert.name for alert in CLASSES), INDICES, strict=True))[one.event_class]
        assert (one.onset_s, one.offset_s) == (5.0 * one.first_window, 5.0 * one.last_window + 10)
