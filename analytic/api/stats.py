# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``/stats/daily``: how many alarms of each class there were on a day, with noise that hides any one of them.

No framework here, and no mechanism: what releases counts is handed in.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from analytic.errors import InvalidParameter

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPSILON = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?")
_KNOWN = frozenset({"date", "epsilon"})


@dataclass(frozen=True, slots=True)
class DailyCounts:
    """Released counts of one day.

    Attributes
    ----------
    counts
        By alert class; whole numbers, never negative.
    unit, mechanism, epsilon, delta, scale
        What the guarantee hides, and what it costs.
    spent, remaining
        Epsilon of this day that the requestor has spent, and may still spend.
    is_repeated
        Whether the very same counts were released before.
    """

    counts: Mapping[str, int]
    unit: str
    mechanism: str
    epsilon: Decimal
    delta: float
    scale: float
    spent: Decimal
    remaining: Decimal
    is_repeated: bool


Release = Callable[[str, dt.date, Decimal], DailyCounts]
Days = Callable[[], tuple[dt.date, dt.date]]


class Stats:
    """What the address does.

    Parameters
    ----------
    release
        Releases the counts of a day to a requestor, for an epsilon; raises `BudgetExceeded` and `NotReady`.
    days
        Returns the first day that may be asked for, and the last; none where the last comes before the first.
    epsilon
        What a release costs where the request does not say.
    """

    def __init__(self, release: Release, days: Days, epsilon: Decimal) -> None:
        self._release = release
        self._days = days
        self._epsilon = epsilon

    def daily(self, requestor: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the counts of a day that is over.

        Raises
        ------
        InvalidParameter
            The day is not over, or too long ago, or a parameter is not of its form.
        BudgetExceeded, NotReady
            It would tell too much, or cannot be noted.
        """
        unknown = set(query) - _KNOWN
        if unknown:
            raise InvalidParameter("query", f"only {', '.join(sorted(_KNOWN))}", min(unknown))
        day = self._day(query.get("date"))
        released = self._release(requestor, day, self._asked(query.get("epsilon")))
        return {
            "date": day.isoformat(),
            "counts": dict(released.counts),
            "unit": released.unit,
            "mechanism": released.mechanism,
            "epsilon": float(released.epsilon),
            "delta": released.delta,
            "scale": released.scale,
            "requestor": requestor,
            "spent": float(released.spent),
            "remaining": float(released.remaining),
            "repeated": released.is_repeated,
        }

    def _day(self, found: str | None) -> dt.date:
        first, last = self._days()
        try:
            day = last if found is None else dt.date.fromisoformat(found) if _DATE.fullmatch(found) else None
        except ValueError:
            day = None
        if day is None or not first <= day <= last:
            expected = f"a day that is over and whole in the history: from {first} to {last}"
            if last < first:
                expected = "a day that is over and whole in the history, and there is none: delivery.kept_days"
            raise InvalidParameter("date", expected, found or "none")
        return day

    def _asked(self, found: str | None) -> Decimal:
        if found is None:
            return self._epsilon
        if not _EPSILON.fullmatch(found) or not Decimal(found):
            raise InvalidParameter("epsilon", "a number above 0 with at most three decimals, such as 0.5", found)
        return Decimal(found)
