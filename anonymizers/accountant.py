# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The privacy ledger: what has been spent on whom, and what may still be.

A privacy filter: a release is admitted only while the sum stays within its caps, one for each requestor and one for the
home over all of them, since requestors may tell each other what they got. What is spent is on disk before anything is
sampled, and is never given back. An answer that was released is kept, and given to whoever asks the same again: a
second sample of the same count would be a second release.

Basic composition: the epsilons of releases about one unit add up (C. Dwork, A. Roth, "The Algorithmic Foundations of
Differential Privacy", 2014, theorem 3.16). Here a unit lives in one `period`, such as a day, and periods do not add up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from anonymizers.ledger_file import LedgerFile, check_cap

_SCHEMA = """
CREATE TABLE IF NOT EXISTS releases (
    period TEXT NOT NULL,
    query TEXT NOT NULL,
    epsilon TEXT NOT NULL,
    answer TEXT,                 -- null between spending and sampling
    PRIMARY KEY (period, query, epsilon)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS given (
    period TEXT NOT NULL,
    query TEXT NOT NULL,
    epsilon TEXT NOT NULL,
    requestor TEXT NOT NULL,
    PRIMARY KEY (period, query, epsilon, requestor)
) WITHOUT ROWID;
"""

_STEPS = 1_000_000  # of an epsilon in 1: sums of such decimals are exact

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Caps:
    """How much may be spent on one period.

    Attributes
    ----------
    requestor, home
        Epsilon for one requestor, and for all of them together; finite, above 0.
    """

    requestor: Decimal = Decimal(1)
    home: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        check_cap("requestor", self.requestor)
        check_cap("home", self.home)


@dataclass(frozen=True, slots=True)
class Released:
    """An answer, and what is left.

    Attributes
    ----------
    counts
        The released counts.
    spent, remaining
        Epsilon that this requestor has spent on the period, and what it may still spend on what is new.
    is_repeated
        Whether the answer had been released before.
    """

    counts: Counts
    spent: Decimal
    remaining: Decimal
    is_repeated: bool


class BudgetSpent(Exception):
    """The caps do not allow the release.

    Attributes
    ----------
    wanted
        Epsilon that it would have cost.
    remaining
        Epsilon that this requestor may still spend on the period.
    """

    def __init__(self, wanted: Decimal, remaining: Decimal) -> None:
        super().__init__(f"epsilon {wanted} was asked for, {remaining} remains")
        self.wanted, self.remaining = wanted, remaining


class Ledger:
    """A ledger on disk; safe to use from several threads and processes.

    A file that is damaged is refused, and stays refused: a ledger that begins anew has forgotten what was spent.

    Parameters
    ----------
    path
        The SQLite file, made for its owner alone; None for one in memory.
    caps
        How much may be spent on one period.
    timeout_s
        How long to wait for another process that writes.

    Raises
    ------
    OSError, sqlite3.Error
        It cannot be opened.
    """

    def __init__(self, path: Path | None, caps: Caps, timeout_s: float = 10.0) -> None:
        self._caps = caps
        self._file = LedgerFile(path, _SCHEMA, timeout_s)
        self._lock, self._connection = self._file.lock, self._file.connection

    def release(
        self, requestor: str, period: str, query: str, epsilon: Decimal, sample: Callable[[], Counts]
    ) -> Released:
        """Give an answer: the one that was released before, or a new one if the caps allow it.

        Parameters
        ----------
        requestor
            Who asks.
        period
            What the unit lives in, such as ``2026-01-02``.
        query
            What is asked, in words that are the same for the same question.
        epsilon
            What a new answer costs, above 0, with at most six decimals.
        sample
            Makes the answer; called after what it costs is on disk, and only for a new one.

        Raises
        ------
        BudgetSpent
            The caps do not allow it.
        ValueError
            `epsilon` is no such number.
        sqlite3.Error
            It cannot be written: nothing is sampled that could not be spent, nothing is told that could not be kept.
        """
        if not (epsilon.is_finite() and epsilon > 0 and (Fraction(epsilon) * _STEPS).denominator == 1):
            raise ValueError(f"epsilon is a number above 0 with at most six decimals, found {epsilon}")
        key = (period, query, str(epsilon.normalize()))
        with self._lock:
            self._spend(requestor, key, epsilon)
            answer = self._answer(key)
            is_repeated = answer is not None
            if answer is None:
                answer = self._keep(key, sample())
            spent, remaining = self._left(requestor, period)
        return Released(answer, spent, remaining, is_repeated)

    def remaining(self, requestor: str, period: str) -> Decimal:
        """Return the epsilon that a requestor may still spend on a period."""
        with self._lock:
            return self._left(requestor, period)[1]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _spend(self, requestor: str, key: tuple[str, str, str], epsilon: Decimal) -> None:
        """Note what an answer costs, unless this requestor has had it; on disk when this returns."""
        with self._file.transaction():
            period = key[0]
            if self._has(requestor, key):
                return
            spent = self._sum("given", period, requestor)
            home = self._sum("releases", period)
            is_new = not self._connection.execute(
                "SELECT 1 FROM releases WHERE period = ? AND query = ? AND epsilon = ?", key
            ).fetchall()
            if spent + epsilon > self._caps.requestor or (is_new and home + epsilon > self._caps.home):
                raise BudgetSpent(epsilon, max(Decimal(0), min(self._caps.requestor - spent, self._caps.home - home)))
            self._connection.execute("INSERT OR IGNORE INTO releases VALUES (?, ?, ?, NULL)", key)
            self._connection.execute("INSERT INTO given VALUES (?, ?, ?, ?)", (*key, requestor))

    def _keep(self, key: tuple[str, str, str], counts: Counts) -> Counts:
        """Keep an answer, unless another process was faster; return the one that is kept."""
        with self._file.transaction():
            self._connection.execute(
                "UPDATE releases SET answer = ? WHERE period = ? AND query = ? AND epsilon = ? AND answer IS NULL",
                (json.dumps(dict(counts)), *key),
            )
        kept = self._answer(key)
        assert kept is not None
        return kept

    def _answer(self, key: tuple[str, str, str]) -> Counts | None:
        ((answer,),) = self._connection.execute(
            "SELECT answer FROM releases WHERE period = ? AND query = ? AND epsilon = ?", key
        ).fetchall()
        return None if answer is None else json.loads(answer)

    def _has(self, requestor: str, key: tuple[str, str, str]) -> bool:
        return bool(
            self._connection.execute(
                "SELECT 1 FROM given WHERE period = ? AND query = ? AND epsilon = ? AND requestor = ?",
                (*key, requestor),
            ).fetchall()
        )

    def _left(self, requestor: str, period: str) -> tuple[Decimal, Decimal]:
        spent = self._sum("given", period, requestor)
        home = self._sum("releases", period)
        return spent, max(Decimal(0), min(self._caps.requestor - spent, self._caps.home - home))

    def _sum(self, table: str, period: str, requestor: str | None = None) -> Decimal:
        """Add up what was spent; as decimal numbers, so that ten tenths are one."""
        clause, values = (" AND requestor = ?", (period, requestor)) if requestor is not None else ("", (period,))
        rows = self._connection.execute(f"SELECT epsilon FROM {table} WHERE period = ?{clause}", values)  # noqa: S608 - tables are ours
        return sum((Decimal(found) for (found,) in rows), Decimal(0))
