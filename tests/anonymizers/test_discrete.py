# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import heapq
import inspect
import math
import random
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest
from diffprivlib.mechanisms import GaussianDiscrete, Geometric
from scipy.stats import chisquare

from anonymizers.discrete import discrete_gaussian, discrete_laplace

Draw = Callable[[], int]


def repeatable(seed: int) -> Callable[[int], int]:
    """Uniform whole numbers that are the same in every run, so that no test fails by chance."""
    return random.Random(seed).randrange


def laplace(scale: Fraction) -> Callable[[int], float]:
    return lambda n: math.exp(-abs(n) / scale)


def gaussian(variance: Fraction) -> Callable[[int], float]:
    return lambda n: math.exp(-(n**2) / (2 * variance))


def likeness(draw: Draw, weight: Callable[[int], float], runs: int = 20_000) -> float:
    """How well draws fit a distribution: the p-value of a chi-square test."""
    total = sum(weight(n) for n in range(-2000, 2001))
    counts = Counter(draw() for _ in range(runs))
    seen, expected, rest = list[int](), list[float](), 0.0
    for n in range(-2000, 2001):
        chance = runs * weight(n) / total
        if chance < 10:
            rest += chance
        else:
            seen.append(counts.pop(n, 0))
            expected.append(chance)
    assert rest > 0
    return float(chisquare([*seen, sum(counts.values())], [*expected, rest]).pvalue)


@pytest.mark.parametrize("scale", [Fraction(1), Fraction(2), Fraction(3, 7), Fraction(1, 10), Fraction(1 / 0.3)])
def test_laplace_noise_has_its_distribution(scale: Fraction) -> None:
    below = repeatable(1)
    assert likeness(lambda: discrete_laplace(scale, below), laplace(scale)) > 0.001


@pytest.mark.parametrize("variance", [Fraction(1), Fraction(1, 4), Fraction(5, 2), Fraction(97), Fraction(2.3)])
def test_gaussian_noise_has_its_distribution(variance: Fraction) -> None:
    below = repeatable(2)
    assert likeness(lambda: discrete_gaussian(variance, below), gaussian(variance)) > 0.001


def test_this_comparison_would_see_noise_that_is_a_twentieth_too_small() -> None:
    below = repeatable(3)
    assert likeness(lambda: discrete_laplace(Fraction(19, 20), below), laplace(Fraction(1))) < 0.001
    assert likeness(lambda: discrete_gaussian(Fraction(9), below), gaussian(Fraction(10))) < 0.001


@pytest.mark.parametrize(
    ("scale", "deviation", "exact"),
    [(Fraction(1), 1.36, 0.462), (Fraction(2), 2.80, 0.245), (Fraction(12), 16.97, 0.042)],
)
def test_laplace_noise_is_as_large_as_its_formula_says(scale: Fraction, deviation: float, exact: float) -> None:
    below = repeatable(4)
    drawn = np.array([discrete_laplace(scale, below) for _ in range(50_000)])
    ratio = math.exp(-1 / scale)
    assert math.sqrt(2 * ratio) / (1 - ratio) == pytest.approx(deviation, abs=0.005)
    assert drawn.std() == pytest.approx(deviation, rel=0.02)
    assert (drawn == 0).mean() == pytest.approx(exact, abs=0.01)
    assert abs(drawn.mean()) < 4 * deviation / math.sqrt(drawn.size)


def test_gaussian_noise_is_as_large_as_it_is_asked_to_be() -> None:
    below = repeatable(5)
    drawn = np.array([discrete_gaussian(Fraction(50), below) for _ in range(20_000)])
    assert drawn.var() == pytest.approx(50, rel=0.04)


def test_diffprivlib_draws_from_the_same_distributions() -> None:
    geometric = Geometric(epsilon=0.7)
    assert likeness(lambda: geometric.randomise(0), laplace(1 / Fraction(7, 10))) > 1e-6
    discrete = GaussianDiscrete(epsilon=1.0, delta=0.01)
    assert likeness(lambda: discrete.randomise(0), gaussian(Fraction(discrete._scale**2)), 5_000) > 1e-6


def test_the_chances_are_exact() -> None:
    """All the likeliest runs are gone through, each with its chance as a fraction: nothing is drawn or rounded."""
    scale, found = Fraction(1), defaultdict[int, Fraction](Fraction)
    for number, chance in likeliest_runs(lambda below: discrete_laplace(scale, below), rest=Fraction(1, 10)):
        found[number] += chance
    missed = 1 - sum(found.values())
    total = sum(laplace(scale)(n) for n in range(-60, 61))
    for n in range(-3, 4):
        exact = laplace(scale)(n) / total
        assert found[n] <= exact <= found[n] + missed


def likeliest_runs(draw: Callable[[Callable[[int], int]], int], rest: Fraction) -> Iterator[tuple[int, Fraction]]:
    """What a sampler gives for each series of uniforms, and the chance of that, until so little is left."""
    left = Fraction(1)
    waiting: list[tuple[Fraction, tuple[int, ...]]] = [(-left, ())]
    while left > rest:
        chance, given = heapq.heappop(waiting)
        numbers, limits = iter(given), list[int]()

        def below(limit: int, numbers: Iterator[int] = numbers, limits: list[int] = limits) -> int:
            limits.append(limit)
            return next(numbers)

        try:
            yield draw(below), -chance
            left += chance
        except StopIteration:
            for number in range(limits[-1]):
                heapq.heappush(waiting, (chance / limits[-1], (*given, number)))


def test_the_operating_system_is_the_source_unless_a_test_says_otherwise() -> None:
    for draw in (discrete_laplace, discrete_gaussian):
        assert inspect.signature(draw).parameters["below"].default is secrets.randbelow


@pytest.mark.parametrize("size", [0, -1])
def test_noise_without_a_size_is_refused(size: int) -> None:
    for draw in (discrete_laplace, discrete_gaussian):
        with pytest.raises(ValueError, match="above 0"):
            draw(Fraction(size))
