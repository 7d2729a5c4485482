# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.events.timeline import EARLIEST_S, LAG_S, OFF, ON, TRACE, Span, Timeline, in_order, timeline
from tests.analytic.events.looking import float32, just_below

DOG, BELL = 74, 200


def heard(*rows: dict[int, float], **options: float) -> list[Span]:
    """The timeline of windows of 2 s, one every 0.5 s, each given as label index -> score."""
    scores = np.zeros((len(rows), 527), np.float32)
    for place, row in enumerate(rows):
        for index, score in row.items():
            scores[place, index] = score
    starts = [0.5 * place for place in range(len(rows))]
    return timeline(scores, starts, [start + 2 for start in starts], **options)


def barks(*scores: float, **options: float) -> list[tuple[float, float]]:
    return [(span.onset_s, span.offset_s) for span in heard(*({DOG: score} for score in scores), **options)]


def test_silence_and_no_windows_at_all_are_an_empty_timeline() -> None:
    assert heard({}, {}) == []
    assert timeline(np.empty((0, 527), np.float32), [], []) == []


def test_what_is_heard_in_every_window_lasts_from_end_to_end() -> None:
    assert heard({DOG: 0.9}, {DOG: 0.8}) == [Span(DOG, 0.0, 2.5, float32(0.9))]


def test_what_begins_inside_began_a_lag_before_the_end_of_its_first_window() -> None:
    assert barks(0, 0, 0.9, 0.9, 0.9) == [(3.0 - LAG_S, 4.0)]


def test_what_ends_inside_ended_a_lag_after_the_start_of_its_last_window() -> None:
    assert barks(0.9, 0.9, 0.9, 0, 0) == [(0.0, 1.0 + LAG_S)]


def test_a_short_sound_in_the_middle_of_a_long_one_is_found_where_it_was() -> None:
    """A bark at 5.0 .. 5.5 s is in all windows from the one that ends at 5.5 s to the one that starts at 5.0 s."""
    scores = [0.9 if 3.5 <= 0.5 * place <= 5.0 else 0.0 for place in range(17)]
    assert barks(*scores) == [(5.0, 5.5)]


def test_a_class_goes_on_until_it_falls_below_off() -> None:
    assert barks(0.9, OFF, OFF, 0.9, 0) == [(0.0, 2.0)]
    assert len(barks(0.9, just_below(OFF), just_below(OFF), just_below(OFF), just_below(OFF), 0.9)) == 2


def test_between_the_thresholds_nothing_is_heard() -> None:
    assert barks(*[just_below(ON)] * 9) == []


class TestSoftBegin:
    def test_a_sound_began_with_its_first_trace(self) -> None:
        assert barks(0, 0, TRACE, 0.05, 0.9, 0) == [(2.5, 3.0)]
        assert barks(0, 0, just_below(TRACE), 0.05, 0.9, 0) == [(3.0, 3.5)]

    def test_a_trace_before_a_pause_is_none_of_it(self) -> None:
        assert barks(0, 0.1, 0.1, 0, 0.9, 0) == [(3.5, 4.0)]

    def test_a_trace_that_was_always_there_says_nothing_beyond_ten_seconds(self) -> None:
        assert barks(*[0.05] * 100, 0.9)[0][0] == 51.5 - EARLIEST_S

    def test_after_a_span_the_next_begins_where_its_trace_was_lowest(self) -> None:
        assert barks(0.9, 0.05, 0.05, 0.04, 0.03, 0.03, 0.05, 0.9, 0, 0) == [(0.0, 0.5), (4.0, 4.5)]

    def test_one_class_has_nothing_to_do_with_the_other(self) -> None:
        found = heard({}, {DOG: 0.05}, {DOG: 0.05, BELL: 0.9}, {DOG: 0.9, BELL: 0.9})
        assert [(span.label_index, span.onset_s) for span in found] == [(DOG, 2.0), (BELL, 2.5)]


@pytest.mark.parametrize("on", [ON, 0.1, 0.3, 0.7, 0.9, 1.0])
def test_a_threshold_is_reached_by_itself_in_float32(on: float) -> None:
    assert barks(0, on, on, on=on, off=on) == [(2.0, 3.0)]
    assert barks(0, just_below(on), on=on, off=on) == []


def test_several_classes_are_heard_at_once_by_onset_and_the_highest_first() -> None:
    found = heard({DOG: 0.5, BELL: 0.9}, {DOG: 0.5, BELL: 0.9, 5: 0.3}, {5: 0.3})
    assert [span.label_index for span in found] == [BELL, DOG, 5]


def test_the_score_is_the_highest_of_the_windows_of_the_span() -> None:
    first, second = heard({DOG: 0.3}, {DOG: 0.6}, {}, {}, {}, {}, {DOG: 0.4}, {DOG: 0.15})
    assert (first.score, second.score) == (float32(0.6), float32(0.4))


def test_a_sound_shorter_than_a_window_is_one_span() -> None:
    (span,) = timeline(np.full((1, 527), 0.9, np.float32), [0.0], [0.25])[:1]
    assert (span.onset_s, span.offset_s) == (0.0, 0.25)


@pytest.mark.parametrize(("on", "off"), [(0.2, 0.3), (1.1, 0.1), (0.2, 0.0), (float("nan"), 0.1)])
def test_thresholds_of_another_order_are_refused(on: float, off: float) -> None:
    with pytest.raises(ValueError, match="0 < trace <= off <= on <= 1, found trace"):
        heard({}, on=on, off=off)


@pytest.mark.parametrize(("starts", "stops"), [([0.0], [2.0, 2.5]), ([0.0, 0.5], [2.0]), ([], [])])
def test_not_as_many_borders_as_windows_are_refused(starts: list[float], stops: list[float]) -> None:
    with pytest.raises(ValueError, match="a start and a stop for each of 2 windows, found"):
        timeline(np.zeros((2, 527), np.float32), starts, stops)


scores = st.sampled_from(
    [0.0, just_below(TRACE), TRACE, 0.05, just_below(OFF), OFF, 0.15, just_below(ON), ON, 0.6, 1.0]
)
windows = st.lists(st.tuples(scores, scores), min_size=1, max_size=20)
lags = st.sampled_from([0.1, 0.5, 1.0, 2.0, 3.0])


@given(windows, lags, st.floats(0.05, 0.5))
def test_spans_of_a_class_never_overlap_and_lie_within_the_sound(
    rows: list[tuple[float, float]], lag_s: float, rest_s: float
) -> None:
    table = np.zeros((len(rows), 527), np.float32)
    table[:, [DOG, BELL]] = rows
    starts = [0.5 * place for place in range(len(rows))]
    if len(rows) > 1:
        starts[-1] = starts[-2] + rest_s  # the last window ends where the sound ends
    found = timeline(table, starts, [start + 2 for start in starts], lag_s=lag_s)
    assert [span.onset_s for span in found] == sorted(span.onset_s for span in found)
    for index in (DOG, BELL):
        spans = [span for span in found if span.label_index == index]
        assert all(0 <= span.onset_s < span.offset_s <= starts[-1] + 2 for span in spans)
        assert all(before.offset_s <= after.onset_s for before, after in pairwise(spans))
        assert max((span.score for span in spans), default=0.0) == (
            table[:, index].max() if (table[:, index] >= np.float32(ON)).any() else 0.0
        )


@given(windows)
def test_there_are_as_many_spans_as_a_slow_reader_counts(rows: list[tuple[float, float]]) -> None:
    count, inside = 0, False
    for score, _ in rows:
        if score >= ON and not inside:
            count, inside = count + 1, True
        inside = inside and score >= OFF
    assert len(barks(*(score for score, _ in rows))) == count


def streamed(rows: list[tuple[float, float]], lag_s: float = LAG_S) -> tuple[list[list[Span]], list[Span], list[int]]:
    """What each window ends, what the end does, and how many classes are heard after each window."""
    found, ended, at_once = Timeline(lag_s=lag_s), [], []
    for place, row in enumerate(rows):
        scores = np.zeros(527, np.float32)
        scores[[DOG, BELL]] = row
        ended.append(found.push(scores, 0.5 * place, 0.5 * place + 2))
        at_once.append(found.open)
    return ended, found.finish(), at_once


class TestWindowByWindow:
    @given(windows, lags)
    def test_it_finds_what_is_found_in_all_windows_at_once(self, rows: list[tuple[float, float]], lag_s: float) -> None:
        table = np.zeros((len(rows), 527), np.float32)
        table[:, [DOG, BELL]] = rows
        starts = [0.5 * place for place in range(len(rows))]
        whole = timeline(table, starts, [start + 2 for start in starts], lag_s=lag_s)
        ended, left, _ = streamed(rows, lag_s)
        assert sorted([span for some in ended for span in some] + left, key=in_order) == whole

    @given(windows)
    def test_a_span_is_told_by_the_window_that_ends_it(self, rows: list[tuple[float, float]]) -> None:
        ended, _, _ = streamed(rows)
        for row, spans in zip(rows, ended, strict=True):
            assert all(dict(zip((DOG, BELL), row, strict=True))[span.label_index] < OFF for span in spans)

    @given(windows)
    def test_it_knows_how_many_are_heard_now(self, rows: list[tuple[float, float]]) -> None:
        _, left, at_once = streamed(rows)
        assert at_once[-1] == len(left)
        assert all(0 <= count <= 2 for count in at_once)

    def test_its_end_ends_it_once(self) -> None:
        found = Timeline()
        found.push(np.full(527, 0.9, np.float32), 0.0, 2.0)
        assert found.open == len(found.finish()) == 527
        assert found.finish() == []
        assert found.open == 0

    def test_without_windows_there_is_nothing(self) -> None:
        assert Timeline().finish() == []

    def test_what_is_pushed_may_be_changed_afterwards(self) -> None:
        scores, found = np.full(527, 0.9, np.float32), Timeline()
        found.push(scores, 0.0, 2.0)
        scores[:] = 0.3
        assert {span.score for span in found.finish()} == {float32(0.9)}

    def test_a_score_that_is_no_number_begins_nothing_and_ends_what_is_heard(self) -> None:
        found = Timeline()
        found.push(np.full(527, 0.9, np.float32), 0.0, 2.0)
        assert len(found.push(np.full(527, np.nan, np.float32), 0.5, 2.5)) == 527
        assert found.open == 0
