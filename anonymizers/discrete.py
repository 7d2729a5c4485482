# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Noise on the integers, drawn exactly: no logarithm, no rounding, no tail that ends where floating point does.

The samplers of C. Canonne, G. Kamath, T. Steinke, "The discrete Gaussian for differential privacy" (NeurIPS 2020),
algorithms 1 to 3. They need nothing but uniform whole numbers, and those come from the operating system. How long a
draw takes hangs on what is drawn: nothing is claimed against who can time it.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from fractions import Fraction

Below = Callable[[int], int]
"""Returns a uniform whole number from 0 to below its argument; `secrets.randbelow` unless a test hands in its own."""


def discrete_laplace(scale: Fraction, below: Below = secrets.randbelow) -> int:
    """Draw n with a probability proportional to ``exp(-|n| / scale)``.

    Parameters
    ----------
    scale
        Above 0. Noise of the scale 1 / epsilon hides a change by one with epsilon; two-sided geometric is its other
        name.

    Raises
    ------
    ValueError
        `scale` is not above 0.
    """
    _check(scale)
    times, steps = scale.numerator, scale.denominator
    while True:
        fine = below(times)
        if not _happens(fine, times, below):
            continue
        coarse = 0
        while _happens(1, 1, below):
            coarse += 1
        size = (fine + times * coarse) // steps
        is_negative = below(2) == 1
        if size or not is_negative:  # else 0 would be drawn twice as often as it should
            return -size if is_negative else size


def discrete_gaussian(variance: Fraction, below: Below = secrets.randbelow) -> int:
    """Draw n with a probability proportional to ``exp(-n ** 2 / (2 variance))``.

    Raises
    ------
    ValueError
        `variance` is not above 0.
    """
    _check(variance)
    over, under = variance.numerator, variance.denominator
    scale = math.isqrt(over // under) + 1
    while True:
        found = discrete_laplace(Fraction(scale), below)
        if _happens((abs(found) * scale * under - over) ** 2, 2 * over * under * scale**2, below):
            return found


def _happens(over: int, under: int, below: Below) -> bool:
    """Tell yes with probability ``exp(-over / under)``, of whole numbers, the first at least 0, the second above 0."""
    while over > under:
        if not _happens(1, 1, below):
            return False
        over -= under
    trials = 1
    while below(under * trials) < over:
        trials += 1
    return trials % 2 == 1


def _check(number: Fraction) -> None:
    if number <= 0:
        raise ValueError(f"noise has a size above 0, found {number}")
