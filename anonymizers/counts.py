# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Counts that tell of days without telling of any one event: discrete mechanisms, the unit stated with every release.

Integers in, integers out, and exact arithmetic between: noise that is computed in floating point leaks (I. Mironov, "On
significance of the least significant bits for differential privacy", CCS 2012).

Alarms are never part of this: they must be right, and those who get them are meant to.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from anonymizers.discrete import discrete_gaussian, discrete_laplace

Counts = Mapping[str, int]

EVENT = "one event, of one class, on one day"
HOME = "all events of one home on one day"
MOST_DELTA = 1e-6


@dataclass(frozen=True, slots=True)
class Cost:
    """What a release costs.

    Attributes
    ----------
    unit
        What the guarantee hides: neighbours differ by one of these, more or less.
    mechanism
        Its name.
    epsilon, delta
        What it costs about one unit.
    scale
        Of the noise: that of the discrete Laplace distribution, or the standard deviation of the discrete Gaussian.
    """

    unit: str
    mechanism: str
    epsilon: float
    delta: float
    scale: float


@dataclass(frozen=True, slots=True)
class Release:
    """Released counts by class, never negative, and what they cost."""

    counts: Counts
    cost: Cost


def daily_counts(counts: Counts, epsilon: Decimal | float) -> Release:
    """Release one home's counts of one day, by class.

    Each event is counted in one class, so that one more or less changes one count by one: the two-sided geometric
    mechanism on every count is epsilon-differentially private for all of them together (A. Ghosh, T. Roughgarden,
    M. Sundararajan, "Universally utility-maximizing privacy mechanisms", SIAM J. Computing 41, 2012).

    Parameters
    ----------
    counts
        By class; every class there is, also those with none, since which classes are named must not tell anything.
    epsilon
        Finite, above 0.

    Raises
    ------
    ValueError
        Not such numbers.
    """
    cost = daily_cost(epsilon)
    for name, count in counts.items():
        if _whole(name, count) < 0:
            raise ValueError(f"{name}: a count is not negative, found {count}")
    scale = 1 / Fraction(epsilon)
    return Release({name: max(0, count + discrete_laplace(scale)) for name, count in counts.items()}, cost)


def daily_cost(epsilon: Decimal | float) -> Cost:
    """Return what `daily_counts` costs.

    Raises
    ------
    ValueError
        `epsilon` is no finite number above 0.
    """
    _check(epsilon)
    return Cost(EVENT, "two-sided geometric", float(epsilon), 0.0, float(1 / Fraction(epsilon)))


def fleet_sum(homes: Iterable[Counts], classes: Iterable[str], cap: int, epsilon: float, delta: float) -> Release:
    """Release the sum over homes of one day's counts, by class, hiding any one home.

    Each home's count of a class is clipped to `cap` first: a home changes every class by at most that, so the sum by
    ``cap * sqrt(number of classes)`` in the Euclidean norm. The noise is discrete Gaussian (C. Canonne, G. Kamath,
    T. Steinke, "The discrete Gaussian for differential privacy", NeurIPS 2020, theorem 14), the same for every class.

    Parameters
    ----------
    homes
        Counts by class of each home, each home once; a class that is left out counts 0, and so does a negative count.
    classes
        Every class that is released.
    cap
        Highest count of a class and home, at least 1: chosen beforehand, never from the data.
    epsilon, delta
        What it costs; 0 < delta <= 1e-6.

    Raises
    ------
    ValueError
        Not such numbers, or no class.
    """
    return with_noise(clipped_sums(homes, classes, cap), cap, epsilon, delta)


def clipped_sums(homes: Iterable[Counts], classes: Iterable[str], cap: int) -> dict[str, int]:
    """Return the exact sums of `fleet_sum`, which are not for release.

    Raises
    ------
    ValueError
        Not such numbers, or no class.
    """
    if cap < 1:
        raise ValueError(f"cap is at least 1, found {cap}")
    sums = dict.fromkeys(classes, 0)  # a class that is named twice is still one: a home must not count twice in it
    if not sums:
        raise ValueError("no class is named")
    for home in homes:
        for name in sums:
            sums[name] += min(max(0, _whole(name, home.get(name, 0))), cap)
    return sums


def with_noise(sums: Counts, cap: int, epsilon: float, delta: float) -> Release:
    """Release what `clipped_sums` returned, as `fleet_sum` does.

    Raises
    ------
    ValueError
        `epsilon` or `delta` is none.
    """
    variance = Fraction(cap**2 * len(sums)) / (2 * Fraction(fleet_rho(epsilon, delta)))
    return Release(
        {name: max(0, count + discrete_gaussian(variance)) for name, count in sums.items()},
        Cost(HOME, "discrete Gaussian", epsilon, delta, math.sqrt(variance)),
    )


def fleet_rho(epsilon: float, delta: float) -> float:
    """Return what a release over a fleet costs a home, in terms of zero-concentrated privacy.

    Raises
    ------
    ValueError
        `epsilon` is no finite number above 0, or `delta` not within 0..1e-6.
    """
    _check(epsilon)
    if not (0 < delta <= MOST_DELTA):
        raise ValueError(f"delta lies above 0 and is at most {MOST_DELTA:g}, found {delta:g}")
    return zcdp(epsilon, delta)


def zcdp(epsilon: float, delta: float) -> float:
    """Return the largest rho whose zero-concentrated guarantee implies (epsilon, delta).

    ``epsilon = rho + 2 sqrt(rho ln(1/delta))`` (M. Bun, T. Steinke, "Concentrated differential privacy", TCC 2016,
    proposition 1.3), solved for rho.
    """
    log = math.log(1 / delta)
    return (epsilon / (math.sqrt(log + epsilon) + math.sqrt(log))) ** 2


def _whole(name: str, count: int) -> int:
    if not isinstance(count, int):
        raise ValueError(f"{name}: a count is a whole number, found {count!r}")
    return count


def _check(epsilon: Decimal | float) -> None:
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise ValueError(f"epsilon is a finite number above 0, found {epsilon}")
