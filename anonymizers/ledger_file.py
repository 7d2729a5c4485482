# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The SQLite file under a ledger: what is committed is on disk, and one writes at a time, whichever process it is."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path


def check_cap(name: str, value: float | Decimal) -> None:
    """Refuse a cap that caps nothing, or everything.

    Raises
    ------
    ValueError
        It is not finite, or not above 0.
    """
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name}: a cap is a finite number above 0, found {value}")


class LedgerFile:
    """A file that is opened for a ledger; safe to use from several threads and processes.

    A file that is damaged is refused, and stays refused: a ledger that begins anew has forgotten what was spent.

    Parameters
    ----------
    path
        Made for its owner alone; None for one in memory.
    schema
        SQL that makes the tables where there are none.
    timeout_s
        How long to wait for another process that writes.

    Attributes
    ----------
    connection
        The open file.
    lock
        To be held by whoever uses it.

    Raises
    ------
    OSError, sqlite3.Error
        It cannot be opened.
    """

    def __init__(self, path: Path | None, schema: str, timeout_s: float) -> None:
        self.lock = threading.RLock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Only a new file: to close one that is there would give up this process's locks on it (fcntl(2)).
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        self.connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=timeout_s
        )
        try:
            self._begin_log(timeout_s)
            for pragma in ("synchronous=FULL", "trusted_schema=OFF"):
                self.connection.execute(f"PRAGMA {pragma}")
            self.connection.executescript(schema)
        except BaseException:
            self.connection.close()
            raise

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing; what is written is on disk once the block has been left."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.connection.close()

    def _begin_log(self, timeout_s: float) -> None:
        """Have a write-ahead log; where several processes begin it at once, SQLite does not wait for them by itself."""
        until = time.monotonic() + timeout_s
        while True:
            try:
                self.connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.005)
            else:
                return
