# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a mechanism really costs, at least: found out by running it on neighbours, without a look inside.

A mechanism that is (epsilon, delta)-differentially private gives every event E nearly the same chance on neighbours:
``P(E) <= exp(epsilon) P'(E) + delta``. So whoever finds an event whose two chances lie further apart has shown that
epsilon is larger. Half of the runs choose the event, the other half show it (Z. Ding et al., "Detecting violations of
differential privacy", CCS 2018), with exact intervals for both chances (M. Jagielski, J. Ullman, A. Oprea, "Auditing
differentially private machine learning", NeurIPS 2020).

A bound below the claim proves nothing; one above it proves the claim wrong.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def epsilon_lower_bound(
    samples: ArrayLike, neighbour_samples: ArrayLike, delta: float = 0.0, confidence: float = 0.95
) -> float:
    """Return what epsilon is at least, shown by what a mechanism released; 0 where nothing is shown.

    The events are those of a threshold: at least t, at most t.

    Parameters
    ----------
    samples, neighbour_samples
        What was released on the one input and on its neighbour: numbers, shape (n,) and (m,), n and m at least 2, runs
        independent of each other.
    delta
        That of the claim, 0 to below 1.
    confidence
        How often at least the true epsilon is not below the answer, above 0 and below 1.

    Raises
    ------
    ValueError
        Not such numbers.
    """
    one, other = (np.asarray(given, np.float64) for given in (samples, neighbour_samples))
    if one.ndim != 1 or other.ndim != 1 or min(one.size, other.size) < 2:
        raise ValueError(f"samples have shape (n,), n at least 2, found {one.shape} and {other.shape}")
    if not (0 <= delta < 1 and 0 < confidence < 1):
        raise ValueError(f"delta lies in 0..1, confidence within 0..1, found {delta} and {confidence}")
    thresholds = np.unique(np.concatenate([one[::2], other[::2]]))
    error = (1 - confidence) / 2  # for each of the two chances
    best, shown = 0.0, 0.0
    for first, second in ((one, other), (other, one)):
        for sign in (1, -1):
            chosen = _bounds(sign * first[::2], sign * second[::2], sign * thresholds, delta, error)
            at = int(np.argmax(chosen))
            if chosen[at] > best:
                best = float(chosen[at])
                shown = float(
                    _bounds(sign * first[1::2], sign * second[1::2], sign * thresholds[[at]], delta, error)[0]
                )
    return max(0.0, shown)


def _bounds(first: Floats, second: Floats, thresholds: Floats, delta: float, error: float) -> Floats:
    """Return for each threshold what epsilon is at least, from the chances of reaching it."""
    lowest = _lowest(_reaching(first, thresholds), first.size, error)
    highest = 1 - _lowest(second.size - _reaching(second, thresholds), second.size, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(lowest > delta, np.log((lowest - delta) / highest), 0.0)
    return found


def _reaching(values: Floats, thresholds: Floats) -> Counts:
    """Count the values that are at least so large."""
    return values.size - np.searchsorted(np.sort(values), thresholds, side="left")


def _lowest(happened: Counts, runs: int, error: float) -> Floats:
    """Return the lower end of the interval of C. Clopper and E. Pearson (Biometrika 26, 1934) for a chance."""
    found: Floats = np.where(happened > 0, beta.ppf(error, np.maximum(happened, 1), runs - happened + 1), 0.0)
    return found
