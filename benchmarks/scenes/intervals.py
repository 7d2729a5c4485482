# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How well a share or a rate is known: 95 % intervals."""

from __future__ import annotations

from scipy.stats import binomtest, chi2

DAY_HOURS = 24.0


def wilson(found: int, of: int) -> tuple[float, float] | None:
    """Return the two-sided 95 % interval of a share; None where nothing was tried.

    E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22(158), 1927.
    """
    if of == 0:
        return None
    interval = binomtest(found, of).proportion_ci(0.95, method="wilson")
    return round(float(interval.low), 4), round(float(interval.high), 4)


def at_most_per_day(counted: int, hours: float) -> float | None:
    """Return the one-sided 95 % upper bound of a Poisson rate, in events a day; None where nothing was heard.

    chi2.ppf(0.95, 2 (counted + 1)) / 2 events in these hours: with none counted, 3.0. F. Garwood, "Fiducial Limits for
    the Poisson Distribution", Biometrika 28(3/4), 1936. It takes events as independent; a recording that comes again
    and again makes the true bound higher.
    """
    if hours <= 0:
        return None
    return round(float(chi2.ppf(0.95, 2 * (counted + 1))) / 2 * DAY_HOURS / hours, 3)


def per_day(counted: int, hours: float) -> float | None:
    """Return a rate in events a day; None where nothing was heard."""
    return round(counted * DAY_HOURS / hours, 3) if hours > 0 else None
