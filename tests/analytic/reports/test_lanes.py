# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analytic.reports.lanes import Bar, Lanes, laid

END_S = 100.0
LETTER_S = 1.0


def lay(*bars: Bar, most: int = 3) -> Lanes:
    """Lay bars where a letter is a second wide."""
    return laid(bars, END_S, most, 1.0, lambda text: LETTER_S * len(text))


def names(lanes: Lanes) -> list[list[str]]:
    return [[group.text for group in lane] for lane in lanes.lanes]


def test_what_does_not_overlap_shares_a_lane() -> None:
    assert names(lay(Bar(0, 20, "Dog", 0.9), Bar(40, 50, "Cat", 0.8))) == [["Dog 0.90", "Cat 0.80"]]


def test_what_overlaps_is_in_lanes_of_its_own_with_the_weightier_on_top() -> None:
    assert names(lay(Bar(0, 20, "Dog", 0.9), Bar(10, 60, "Cat", 0.8))) == [["Cat 0.80"], ["Dog 0.90"]]


def test_an_alarm_comes_first_however_short() -> None:
    assert names(lay(Bar(0, 90, "Dog", 0.9), Bar(10, 11, "scream", 0.5, True)))[0] == ["scream 0.50"]


def test_a_name_wider_than_its_bar_keeps_the_next_away() -> None:
    assert len(lay(Bar(0, 1, "Speech", 0.9), Bar(5, 6, "Music", 0.9)).lanes) == 2


def test_bars_of_one_class_close_to_each_other_share_a_name_with_the_highest_score() -> None:
    (lane,) = lay(Bar(0, 1, "Dog", 0.5), Bar(5, 6, "Dog", 0.9), Bar(50, 51, "Dog", 0.4)).lanes
    assert [(group.text, len(group.bars)) for group in lane] == [("Dog 0.90", 2), ("Dog 0.40", 1)]


def test_a_name_at_the_end_begins_before_its_bar() -> None:
    ((group,),) = lay(Bar(99, 100, "Dog", 0.5)).lanes
    assert (group.label_s, group.label_offset_s) == (92.0, 100.0)


def test_what_finds_no_lane_is_counted() -> None:
    crowd = [Bar(0, 100, f"{index}", 0.5) for index in range(5)]
    assert lay(*crowd).left_out == 2


def test_nothing_needs_no_lane() -> None:
    assert lay() == Lanes((), 0)


def test_what_lies_beyond_the_end_is_cut() -> None:
    ((group,),) = lay(Bar(90, 120, "Dog", 0.5), Bar(130, 140, "Dog", 0.5)).lanes
    assert [(bar.onset_s, bar.offset_s) for bar in group.bars] == [(90, 100)]


@given(
    st.lists(
        st.builds(
            Bar,
            st.floats(0, END_S),
            st.floats(0, END_S),
            st.sampled_from(["a", "bb", "cccc"]),
            st.just(0.5),
            st.booleans(),
        )
    )
)
def test_nothing_lies_on_anything_else_and_nothing_is_lost(bars: list[Bar]) -> None:
    lanes = lay(*bars)
    for lane in lanes.lanes:
        assert all(left.end_s < right.begin_s for left, right in pairwise(lane))
        assert all(group.begin_s >= 0 for group in lane)
    assert sum(len(group.bars) for lane in lanes.lanes for group in lane) + lanes.left_out == len(bars)
