# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from benchmarks.scenes.intervals import at_most_per_day, per_day, wilson


def test_wilson_agrees_with_the_book() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # R. G. Newcombe, 1998, table I
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) is None


def test_no_false_alarm_in_a_day_may_still_mean_three() -> None:
    assert at_most_per_day(0, 24) == pytest.approx(2.996, abs=1e-3)
    assert at_most_per_day(0, 72) == pytest.approx(0.999, abs=1e-3)
    assert at_most_per_day(5, 24) == pytest.approx(10.513, abs=1e-3)
    assert at_most_per_day(0, 0) is None


def test_a_rate_is_by_the_day() -> None:
    assert per_day(3, 36) == 2.0
    assert per_day(0, 0) is None
