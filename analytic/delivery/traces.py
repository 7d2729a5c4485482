# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What sinks have left with others under their own names, so that it can be taken back: a row for each."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence

from analytic.delivery.database import Database

_LOG = logging.getLogger(__name__)


class Traces:
    """What one sink has left. Where the disk is full, alarms leave all the same: what is noted then is lost.

    Parameters
    ----------
    database
        Where the rows lie.
    sink
        Whose they are.
    now
        Unix time in seconds.
    """

    def __init__(self, database: Database, sink: str, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._sink = sink
        self._now = now

    def add(self, keys: Sequence[tuple[str, str | None]]) -> None:
        """Note what is left: a key, and the event that it tells of, if one."""
        self._write(
            "INSERT OR REPLACE INTO traces VALUES (?, ?, ?, ?)",
            [(self._sink, key, event_id, self._now()) for key, event_id in keys],
        )

    def of_event(self, event_id: str) -> list[str]:
        """Return the keys that tell of an event."""
        rows = self._database.read(
            "SELECT key FROM traces WHERE sink = ? AND event_id = ? ORDER BY key", (self._sink, event_id)
        )
        return [key for (key,) in rows]

    def all(self) -> set[str]:
        """Return every key."""
        return {key for (key,) in self._database.read("SELECT key FROM traces WHERE sink = ?", (self._sink,))}

    def older_than(self, age_s: float, limit: int) -> list[str]:
        """Return the oldest keys that have been there for longer than this."""
        rows = self._database.read(
            "SELECT key FROM traces WHERE sink = ? AND stored < ? ORDER BY stored LIMIT ?",
            (self._sink, self._now() - age_s, limit),
        )
        return [key for (key,) in rows]

    def has(self, key: str) -> bool:
        """Tell whether something is left under this key."""
        return bool(self._database.read("SELECT 1 FROM traces WHERE sink = ? AND key = ?", (self._sink, key)))

    def remove(self, keys: Sequence[str]) -> None:
        """Forget keys: nothing is there under them any more."""
        self._write("DELETE FROM traces WHERE sink = ? AND key = ?", [(self._sink, key) for key in keys])

    def _write(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            with self._database.transaction() as connection:
                connection.executemany(sql, rows)
        except sqlite3.Error as error:
            _LOG.warning("what a sink leaves cannot be noted", extra={"sink": self._sink, "error": str(error)})
