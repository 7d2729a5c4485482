# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from anonymizers.audit import epsilon_lower_bound


def answers(yes: float, runs: int, seed: int) -> NDArray[np.int64]:
    return (np.random.default_rng(seed).random(runs) < yes).astype(np.int64)


def test_of_the_same_distribution_nothing_is_shown() -> None:
    assert epsilon_lower_bound(answers(0.3, 5000, 1), answers(0.3, 5000, 2)) < 0.1
    assert epsilon_lower_bound([1] * 100, [1] * 100) == 0


def test_randomised_response_costs_what_its_formula_says() -> None:
    truth = math.e / (1 + math.e)  # epsilon 1
    found = epsilon_lower_bound(answers(truth, 50_000, 3), answers(1 - truth, 50_000, 4), confidence=0.999)
    assert 0.9 < found <= 1


def test_the_order_of_the_neighbours_does_not_matter_much() -> None:
    one, other = answers(0.9, 20_000, 5), answers(0.6, 20_000, 6)
    assert epsilon_lower_bound(one, other) == pytest.approx(epsilon_lower_bound(other, one), abs=0.05)


def test_a_mechanism_that_adds_nothing_is_shown_as_far_as_so_many_runs_can() -> None:
    found = epsilon_lower_bound([3] * 20_000, [4] * 20_000, confidence=0.95)
    assert found == pytest.approx(math.log(10_000 / math.log(40)), abs=0.01)


def test_what_delta_allows_is_not_held_against_it() -> None:
    one, other = answers(0.01, 50_000, 7), answers(0.0, 50_000, 8)
    assert epsilon_lower_bound(one, other) > 3
    assert epsilon_lower_bound(one, other, delta=0.02) == 0


def test_it_is_above_the_truth_no_more_often_than_its_confidence_allows() -> None:
    truth = math.e / (1 + math.e)
    above = [
        epsilon_lower_bound(answers(truth, 400, 2 * seed), answers(1 - truth, 400, 2 * seed + 1), confidence=0.9) > 1
        for seed in range(300)
    ]
    assert np.mean(above) < 0.1


@pytest.mark.parametrize(
    ("samples", "delta", "confidence", "said"),
    [
        ([1], 0, 0.95, "shape"),
        ([[1, 2], [3, 4]], 0, 0.95, "shape"),
        ([1, 2], -0.1, 0.95, "delta"),
        ([1, 2], 1, 0.95, "delta"),
        ([1, 2], 0, 0, "confidence"),
        ([1, 2], 0, 1, "confidence"),
    ],
)
def test_what_cannot_be_audited_is_refused(samples: list[int], delta: float, confidence: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        epsilon_lower_bound(samples, [1, 2, 3], delta, confidence)
