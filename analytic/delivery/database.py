# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The SQLite file of what has been told: opened so that a commit is on disk when it returns.

WAL with ``synchronous=FULL`` syncs the log at every commit (https://www.sqlite.org/pragma.html#pragma_synchronous).
``secure_delete`` overwrites what is deleted. One connection, one lock: messages are few, and short.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from analytic.folders import take

_LOG = logging.getLogger(__name__)
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    event_id TEXT,               -- null once it is deleted
    rank INTEGER NOT NULL,       -- what goes first where too many wait: the lowest
    stored REAL NOT NULL,        -- Unix time
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_event ON messages (event_id);
CREATE TABLE IF NOT EXISTS pending (
    sink TEXT NOT NULL,
    seq INTEGER NOT NULL,
    first_seq INTEGER,           -- set where the sink gets a gap from there on instead
    PRIMARY KEY (sink, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,        -- of its first message
    event_class TEXT NOT NULL,
    source TEXT NOT NULL,
    severity TEXT NOT NULL,
    began REAL NOT NULL,         -- when its first message was stored
    stored REAL NOT NULL,        -- and its last
    is_open INTEGER NOT NULL,
    acknowledged TEXT,
    body TEXT NOT NULL           -- its last message
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS events_by_seq ON events (seq);
CREATE TABLE IF NOT EXISTS traces (
    sink TEXT NOT NULL,
    key TEXT NOT NULL,           -- what the sink left somewhere, in its own words
    event_id TEXT,
    stored REAL NOT NULL,
    PRIMARY KEY (sink, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS traces_by_event ON traces (event_id);
"""


class Database:
    """The file, with its tables.

    Parameters
    ----------
    folder
        Where it lies, made with mode 0700; None for one in memory.

    Attributes
    ----------
    is_new
        Whether there was none that could be read.

    Raises
    ------
    FolderTaken
        Another process has it open.
    OSError, sqlite3.Error
        The folder cannot be written to.
    """

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.RLock()
        self._taken: int | None = None
        if folder is None:
            self.is_new, self._connection = True, self._open(":memory:")
            return
        self._taken = take(folder, "delivery.dir")
        path = folder / "outbox.sqlite3"
        try:
            self.is_new = not path.exists()
            try:
                self._connection = self._open(path)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):  # not the file's fault: no room, no permission
                    raise
                self.is_new = True
                self._set_aside(path, error)
                self._connection = self._open(path)
        except BaseException:
            os.close(self._taken)
            raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing; what is written is on disk once the block has been left.

        Raises
        ------
        sqlite3.Error
            It could not be written; the file is as it was.
        """
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def scrub(self) -> None:
        """Take what was overwritten out of the log as well; where that fails, the next scrub does."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
            if self._taken is not None:
                os.close(self._taken)
                self._taken = None

    @staticmethod
    def _open(path: Path | str) -> sqlite3.Connection:
        mask = os.umask(0o077)
        try:
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        finally:
            os.umask(mask)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "trusted_schema=OFF"):
                connection.execute(f"PRAGMA {pragma}")
            ((version, tables),) = connection.execute(
                "SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_user_version"
            ).fetchall()
            if tables and version != _VERSION:
                raise sqlite3.DatabaseError(f"made by another version of Hearken: {version}, this one reads {_VERSION}")
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version={_VERSION}")
            ((found,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
            if found != "ok":  # else it would show when the first alarm is written
                raise sqlite3.DatabaseError(found)
        except BaseException:
            connection.close()
            raise
        return connection

    @staticmethod
    def _set_aside(path: Path, error: sqlite3.Error) -> None:
        """Alarms must leave also where the file cannot be used: it is kept beside, and a new one begun."""
        kept = path.with_name(f"outbox.damaged-{int(time.time())}")
        path.replace(kept)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        _LOG.error("the outbox cannot be used and begins anew", extra={"kept": str(kept), "error": str(error)})
