# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Statistics: the counts of the history, a mechanism, and the ledger that says how often."""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from analytic.api.stats import DailyCounts
from analytic.delivery.history import History
from analytic.errors import BadSettings, BudgetExceeded, NotReady
from analytic.settings import Settings
from analytic.settings.stats import StatsSettings
from anonymizers.accountant import BudgetSpent, Caps, Counts, Ledger
from anonymizers.counts import daily_cost, daily_counts

_LOG = logging.getLogger(__name__)
_DAY = dt.timedelta(days=1)


class Statistics:
    """Releases the counts of this home's days.

    The ledger is opened at the first request: a disk that is full or broken must not keep alarms from being heard.

    Parameters
    ----------
    settings
        Where the ledger lies, what may be spent, how long events are kept.
    history
        What is counted.
    classes
        Every alert class that is released, also where it had no alarm.
    now
        Unix time in seconds.
    """

    def __init__(
        self, settings: Settings, history: History, classes: Sequence[str], now: Callable[[], float] = time.time
    ) -> None:
        self._path = settings.stats.dir / "ledger.sqlite3"
        self._caps = Caps(settings.stats.requestor_cap, settings.stats.home_cap)
        self._kept = settings.delivery.kept_days * _DAY
        self._history = history
        self._classes = tuple(classes)
        self._query = f"alarms by class: {', '.join(classes)}"
        self._now = now
        self._lock = threading.Lock()
        self._ledger: Ledger | None = None

    def days(self) -> tuple[dt.date, dt.date]:
        """Return the first day of which every event is still kept, and the last day that is over, in local time."""
        now = dt.datetime.fromtimestamp(self._now(), dt.UTC)
        return (now - self._kept).astimezone().date() + _DAY, now.astimezone().date() - _DAY

    def release(self, requestor: str, day: dt.date, epsilon: Decimal) -> DailyCounts:
        """Release a day's counts, the same ones to everybody who asks the same.

        Raises
        ------
        BudgetExceeded
            The ledger does not allow it.
        NotReady
            The ledger or the history cannot be used; nothing is told.
        """
        try:
            found = self._opened().release(
                requestor, day.isoformat(), self._query, epsilon, lambda: self._sample(day, epsilon)
            )
        except BudgetSpent as error:
            raise BudgetExceeded(_plain(epsilon), _plain(error.remaining)) from error
        except (OSError, sqlite3.Error) as error:
            _LOG.error("the privacy ledger cannot be used", extra={"path": str(self._path), "error": str(error)})
            raise NotReady("the privacy ledger cannot be used, so nothing is told") from error
        cost = daily_cost(epsilon)
        return DailyCounts(
            found.counts,
            cost.unit,
            cost.mechanism,
            epsilon,
            cost.delta,
            cost.scale,
            found.spent,
            found.remaining,
            found.is_repeated,
        )

    def close(self) -> None:
        """Close the ledger."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.close()

    def _opened(self) -> Ledger:
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger(self._path, self._caps)
            return self._ledger

    def _sample(self, day: dt.date, epsilon: Decimal) -> Counts:
        # A day begins where the one before ends, however long it is: no event lies in two.
        begins, ends = (dt.datetime.combine(one, dt.time()).timestamp() for one in (day, day + _DAY))
        found = self._history.counts(begins, ends)
        return daily_counts({name: found.get(name, 0) for name in self._classes}, epsilon).counts


def make_analysts(settings: StatsSettings, token: str | None) -> dict[str, str]:
    """Return the tokens of those who may ask for statistics and for nothing else, by name.

    Raises
    ------
    BadSettings
        They would open more than that: `token`, which opens everything, is the same as one of them, or there is none.
    """
    analysts = {name: one.get_secret_value() for name, one in settings.tokens.items()}
    if analysts and token is None:
        raise BadSettings("stats.tokens: without http.token everybody may ask for everything; set http.token too")
    for name, one in analysts.items():
        if one == token:
            raise BadSettings(f"stats.tokens.{name} is http.token, which opens everything; give each its own")
    return analysts


def _plain(number: Decimal) -> Decimal:
    """Return a number that is written without zeros at its end, and without an exponent."""
    return Decimal(f"{number.normalize():f}")
