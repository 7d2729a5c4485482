# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from analytic.reports.loudness import bottom_dbfs, readable
from analytic.reports.report import LevelTrack


@pytest.mark.parametrize(
    ("rms_dbfs", "bottom"),
    [([], -120), ([-120.0] * 5, -120), ([-42.0] * 5, -50), ([-10.0] * 5, -40), ([-30.0] * 99 + [-120.0], -40)],
)
def test_the_axis_ends_below_all_but_the_quietest(rms_dbfs: list[float], bottom: float) -> None:
    assert bottom_dbfs(LevelTrack(1.0, tuple(rms_dbfs), tuple(rms_dbfs))) == bottom


def test_dots_apart_bear_their_numbers() -> None:
    assert readable([(0, 0), (100, 0), (100, 100)]) == [0, 1, 2]


def test_a_dot_just_below_another_bears_none() -> None:
    assert readable([(0, 20), (5, 0)]) == [0]


def test_of_two_side_by_side_at_most_the_first_bears_one() -> None:
    assert readable([(0, 0), (22, 0)]) == [0]
