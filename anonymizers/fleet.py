# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Sums over a fleet, day after day: what they cost one home adds up, and a ledger holds it below its caps.

An alarm lies in one day, so about the alarm days do not add up; a home lives in all of them, so about the home they do.
Zero-concentrated differential privacy adds up exactly: a release of rho and one of sigma are rho + sigma together (M.
Bun, T. Steinke, "Concentrated differential privacy", TCC 2016, lemma 1.7), also where the next one is chosen after the
last was seen, as long as the caps are asked beforehand (V. Feldman, T. Zrnic, "Individual privacy accounting via a
Renyi filter", NeurIPS 2021). Two caps hold it: one on every 30 days in a row, whichever they are, and one on all days
there ever are, so that nothing is renewed in silence (J. Tang et al., "Privacy loss in Apple's implementation of
differential privacy on macOS 10.12", 2017).

As in `anonymizers.accountant`, what is spent is on disk before anything is sampled, is never given back, and an answer
that was released is given again.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from anonymizers.counts import MOST_DELTA, Cost, Counts, Release, clipped_sums, fleet_rho, with_noise
from anonymizers.ledger_file import LedgerFile, check_cap

WINDOW_DAYS = 30
_STEPS = 10**12  # of a rho in 1, rounded up: sums of such are exact
_SCHEMA = """
CREATE TABLE IF NOT EXISTS fleet_releases (
    day INTEGER NOT NULL,        -- days since 0001-01-01
    query TEXT NOT NULL,
    rho INTEGER NOT NULL,        -- in steps
    answer TEXT,                 -- null between spending and sampling
    PRIMARY KEY (day, query)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class FleetCaps:
    """How much may be learnt of one home.

    Attributes
    ----------
    window_rho
        By the releases about any 30 days in a row; 0.05 is epsilon 1.71 at delta 1e-6.
    lifetime_rho
        By all releases there ever are; 0.5 is epsilon 5.76.
    """

    window_rho: float = 0.05
    lifetime_rho: float = 0.5

    def __post_init__(self) -> None:
        check_cap("window_rho", self.window_rho)
        check_cap("lifetime_rho", self.lifetime_rho)


@dataclass(frozen=True, slots=True)
class FleetReleased:
    """A sum, and what is left.

    Attributes
    ----------
    release
        The released sums and what they cost.
    spent_30d, remaining_30d
        Rho of the 30 days up to this one, and what may still be spent on this day.
    epsilon_30d
        What those 30 days cost at the delta of the release.
    is_repeated
        Whether the answer had been released before.
    """

    release: Release
    spent_30d: float
    remaining_30d: float
    epsilon_30d: float
    is_repeated: bool


class FleetBudgetSpent(Exception):
    """The caps do not allow the release.

    Attributes
    ----------
    wanted, remaining
        Rho that it would have cost, and that may still be spent on that day.
    """

    def __init__(self, wanted: float, remaining: float) -> None:
        super().__init__(f"rho {wanted:g} was asked for, {remaining:g} remains")
        self.wanted, self.remaining = wanted, remaining


class FleetLedger:
    """Releases sums over a fleet as long as its caps allow; safe to use from several threads and processes.

    Parameters
    ----------
    path
        The SQLite file; None for one in memory. One that is damaged is refused.
    caps
        How much may be learnt of one home.
    timeout_s
        How long to wait for another process that writes.

    Raises
    ------
    OSError, sqlite3.Error
        It cannot be opened.
    """

    def __init__(self, path: Path | None, caps: FleetCaps | None = None, timeout_s: float = 10.0) -> None:
        caps = caps or FleetCaps()
        self._window, self._lifetime = (math.floor(one * _STEPS) for one in (caps.window_rho, caps.lifetime_rho))
        self._file = LedgerFile(path, _SCHEMA, timeout_s)

    def release(
        self,
        day: dt.date,
        homes: Iterable[Counts],
        classes: Collection[str],
        cap: int,
        epsilon: float,
        delta: float = MOST_DELTA,
    ) -> FleetReleased:
        """Release the sum over homes of a day's counts, or the answer that was released before.

        Parameters
        ----------
        day
            The day that the counts are of.
        homes, classes, cap, epsilon, delta
            As in `anonymizers.counts.fleet_sum`.

        Raises
        ------
        FleetBudgetSpent
            The caps do not allow it.
        ValueError
            Not such numbers; nothing is spent.
        sqlite3.Error
            It cannot be written: nothing is sampled that could not be spent, nothing is told that could not be kept.
        """
        sums = clipped_sums(homes, sorted(classes), cap)
        query = json.dumps([*sums, cap, float(epsilon), float(delta)])
        steps = math.ceil(fleet_rho(epsilon, delta) * _STEPS)
        with self._file.lock:
            self._spend(day, query, steps)
            kept = self._answer(day, query)
            answer = kept or self._keep(day, query, with_noise(sums, cap, epsilon, delta))
            spent = self._spent(day.toordinal() - WINDOW_DAYS + 1, day.toordinal())
            remaining = self._remaining(day)
        rho = spent / _STEPS
        return FleetReleased(
            answer, rho, remaining / _STEPS, rho + 2 * math.sqrt(rho * -math.log(delta)), kept is not None
        )

    def remaining(self, day: dt.date) -> float:
        """Return the rho that may still be spent on a day."""
        with self._file.lock:
            return self._remaining(day) / _STEPS

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _spend(self, day: dt.date, query: str, steps: int) -> None:
        """Note what a release costs, unless it was released before; on disk when this returns."""
        with self._file.transaction():
            known = "SELECT 1 FROM fleet_releases WHERE day = ? AND query = ?"
            if self._file.connection.execute(known, (day.toordinal(), query)).fetchall():
                return
            if steps > (left := self._remaining(day)):
                raise FleetBudgetSpent(steps / _STEPS, left / _STEPS)
            self._file.connection.execute(
                "INSERT INTO fleet_releases VALUES (?, ?, ?, NULL)", (day.toordinal(), query, steps)
            )

    def _remaining(self, day: dt.date) -> int:
        """Return what every 30 days with this one in them allow, and the lifetime; in steps."""
        last = day.toordinal()
        fullest = max(self._spent(first, first + WINDOW_DAYS - 1) for first in range(last - WINDOW_DAYS + 1, last + 1))
        return max(0, min(self._window - fullest, self._lifetime - self._spent(0, dt.date.max.toordinal())))

    def _spent(self, first: int, last: int) -> int:
        rows = self._file.connection.execute(
            "SELECT sum(rho) FROM fleet_releases WHERE day BETWEEN ? AND ?", (first, last)
        ).fetchall()
        return int(rows[0][0] or 0)

    def _answer(self, day: dt.date, query: str) -> Release | None:
        ((answer,),) = self._file.connection.execute(
            "SELECT answer FROM fleet_releases WHERE day = ? AND query = ?", (day.toordinal(), query)
        ).fetchall()
        if answer is None:
            return None
        found = json.loads(answer)
        return Release(found["counts"], Cost(**found["cost"]))

    def _keep(self, day: dt.date, query: str, made: Release) -> Release:
        """Keep an answer, unless another process was faster; return the one that is kept."""
        with self._file.transaction():
            self._file.connection.execute(
                "UPDATE fleet_releases SET answer = ? WHERE day = ? AND query = ? AND answer IS NULL",
                (json.dumps({"counts": dict(made.counts), "cost": asdict(made.cost)}), day.toordinal(), query),
            )
        kept = self._answer(day, query)
        assert kept is not None
        return kept
