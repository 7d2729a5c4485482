# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.events.odds import moved


@given(st.floats(1e-4, 1 - 1e-4), st.floats(-5, 5))
def test_a_score_moves_by_so_many_units_of_log_odds_and_back(score: float, by: float) -> None:
    there = moved(score, by)
    assert math.log(there / (1 - there)) == pytest.approx(math.log(score / (1 - score)) + by, abs=1e-5)
    assert moved(there, -by) == pytest.approx(score, abs=1e-5)


def test_a_score_of_one_can_be_lowered_too() -> None:
    assert 0.99 < moved(1.0, -1.0) < 1.0
