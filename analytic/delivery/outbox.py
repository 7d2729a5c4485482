# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The outbox: every message on disk before anything else happens, and a row for each sink that has still to get it.

Bounded: where more than so many wait for one sink, the oldest of the least weight are given up, updates and notices
first, then warnings, then critical ones, and the sink gets a gap in their place. What cannot be written, because the
disk is full or broken, is held in memory, leaves at once all the same, and is written when that works again.
"""

from __future__ import annotations

import json
import logging
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from analytic.delivery.bounds import bound, trim
from analytic.delivery.database import Database
from analytic.events.types import Message, gap_in_place_of, is_event

_LOG = logging.getLogger(__name__)
_WEIGHTS = {"notice": 0, "warning": 1, "critical": 2}
_MOST_HELD = 10_000
_TRIM_EVERY, _TRIM_EVERY_S = 100, 3600.0


class Outbox:
    """Messages, and for each sink those that it has still to get.

    Parameters
    ----------
    database
        Where they lie.
    sinks
        Names of the sinks; what waits for any other is given up.
    sign
        Signs the gaps that take the place of messages.
    max_pending
        How many may wait for one sink.
    kept_messages, kept_s
        How many messages are kept once all sinks have them, and for how many seconds.
    given_up
        Told a sink's name and how many messages it will not get.
    now
        Unix time in seconds.
    """

    def __init__(
        self,
        database: Database,
        sinks: Iterable[str],
        sign: Callable[[Message], Message],
        *,
        max_pending: int = 20_000,
        kept_messages: int = 100_000,
        kept_s: float = 30 * 86_400.0,
        given_up: Callable[[str, int], None] = lambda _sink, _count: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._sinks = tuple(sinks)
        self._sign = sign
        self._max_pending = max_pending
        self._kept_messages, self._kept_s = kept_messages, kept_s
        self._given_up = given_up
        self._now = now
        self._lock = threading.Lock()
        self._held: dict[int, tuple[Message, set[str]]] = {}  # could not be written; and who has still to get them
        self._unrecorded: dict[str, set[int]] = {sink: set() for sink in self._sinks}  # acknowledged, not yet noted
        self._forget_sinks()
        counts = dict(database.read("SELECT sink, count(*) FROM pending WHERE first_seq IS NULL GROUP BY sink"))
        self._depths = {sink: int(counts.get(sink, 0)) for sink in self._sinks}
        self._clock = time.monotonic
        self._since_trimmed, self._trimmed_at = 0, -math.inf

    @property
    def last_seq(self) -> int | None:
        """The last number on disk; None where there is none."""
        found = self._database.read("SELECT max(seq) FROM messages")[0][0]
        return None if found is None else int(found)

    def commit(self, messages: Sequence[Message]) -> None:
        """Write messages; they are on disk when this returns.

        Raises
        ------
        sqlite3.Error
            They are not; see `hold`.
        """
        with self._lock:
            self._write(messages)

    def hold(self, messages: Sequence[Message]) -> None:
        """Keep in memory what could not be written."""
        with self._lock:
            for message in messages:
                self._held[message["seq"]] = message, set(self._sinks)
            while len(self._held) > _MOST_HELD:
                lost, sinks = self._held.pop(min(self._held))
                _LOG.error("a message is lost: not on disk, and too many held", extra={"seq": lost["seq"]})
                for sink in sinks:
                    self._given_up(sink, 1)

    def settle(self) -> None:
        """Write what could not be written before, if that works now, and delete what is too old."""
        with self._lock:
            is_due = self._clock() - self._trimmed_at >= _TRIM_EVERY_S
            if not self._held and not any(self._unrecorded.values()) and not is_due:
                return
            try:
                self._write(())
            except sqlite3.Error as error:
                _LOG.debug("still not written", extra={"error": str(error)})

    def pending(self, sink: str, limit: int) -> list[Message]:
        """Return the next messages for a sink, in order."""
        with self._lock:  # all the time: what is held may go to disk, and then it would be found twice
            held = [message for message, sinks in self._held.values() if sink in sinks]
            done = self._unrecorded[sink]
            try:
                rows = self._database.read(
                    "SELECT seq, first_seq, body FROM pending JOIN messages USING (seq) "
                    "WHERE sink = ? ORDER BY seq LIMIT ?",
                    (sink, limit + len(done)),
                )
            except sqlite3.Error:
                if not held:
                    raise
                rows = []
            found = [self._as_sent(first, body) for seq, first, body in rows if seq not in done]
        return sorted([*found, *held], key=lambda message: int(message["seq"]))[:limit]

    def acknowledge(self, sink: str, numbers: Sequence[int]) -> None:
        """Note that a sink has messages for good."""
        with self._lock:
            self._unrecorded[sink].update(numbers)
            for number in numbers:
                if number in self._held:
                    self._held[number][1].discard(sink)
            try:
                with self._database.transaction() as connection:
                    self._record(connection)
                    depths = self._counted(connection)
            except sqlite3.Error as error:
                _LOG.warning("an acknowledgement cannot be noted yet", extra={"sink": sink, "error": str(error)})
                return
            self._recorded(depths)

    def retract(self, message: Message, event_id: str) -> None:
        """Write that an event is deleted, and delete it: at once, or not at all.

        Each of its messages becomes a gap in its place, also for sinks that have not had it yet. What was deleted is
        overwritten in the file.

        Raises
        ------
        sqlite3.Error
            Nothing is written.
        """
        with self._lock:
            self._write([message], event_id)
        self._database.scrub()

    def redeliver(self, sink: str, after: int, since: float) -> int:
        """Have a sink get again what it has had: numbers above `after`, not older than `since`; return how many."""
        with self._lock:
            try:
                with self._database.transaction() as connection:
                    self._record(connection)  # else these would be taken for had, and not go again
                    found = connection.execute(
                        "INSERT OR IGNORE INTO pending (sink, seq) "
                        "SELECT ?, seq FROM messages WHERE seq > ? AND stored >= ?",
                        (sink, after, since),
                    ).rowcount
                    depths = self._counted(connection)
            except sqlite3.Error as error:
                _LOG.warning("what went before cannot go again", extra={"sink": sink, "error": str(error)})
                return 0
            self._depths[sink] += found
            self._recorded(depths)
        return found

    def depth(self, sink: str) -> int:
        """Return how many messages wait for a sink."""
        with self._lock:
            return self._depths[sink] + sum(sink in sinks for _, sinks in self._held.values())

    def age_s(self, sink: str) -> float:
        """Return how long the oldest message on disk has been waiting, seconds; NaN where nobody can tell."""
        try:
            rows = self._database.read(
                "SELECT stored FROM pending JOIN messages USING (seq) WHERE sink = ? ORDER BY seq LIMIT 1", (sink,)
            )
        except sqlite3.Error:  # it is asked for beside much else that must be told
            return math.nan
        return max(0.0, self._now() - rows[0][0]) if rows else 0.0

    def _write(self, messages: Sequence[Message], forgotten: str | None = None) -> None:
        held = [self._held[seq] for seq in sorted(self._held)]
        counts = dict.fromkeys(self._sinks, 0)
        with self._database.transaction() as connection:
            for message, sinks in [*held, *((message, set(self._sinks)) for message in messages)]:
                self._insert(connection, message, sinks)
                for sink in sinks:
                    counts[sink] += 1
            if forgotten is not None:
                self._forget(connection, forgotten)
            self._record(connection)
            dropped = {
                sink: bound(connection, sink, self._max_pending)
                for sink, count in counts.items()
                if self._depths[sink] + count > self._max_pending
            }
            self._trim(connection, len(messages))
            depths = self._counted(connection)
        self._held.clear()
        for sink, count in counts.items():
            self._depths[sink] += count - dropped.get(sink, 0)
        self._recorded(depths)
        for sink, count in dropped.items():
            _LOG.error("too many messages wait: some are given up", extra={"sink": sink, "messages": count})
            self._given_up(sink, count)

    def _insert(self, connection: sqlite3.Connection, message: Message, sinks: Iterable[str]) -> None:
        seq, now, body = message["seq"], self._now(), text_of(message)
        weight = 2 if not is_event(message) else 0 if message["phase"] == "update" else _WEIGHTS[message["severity"]]
        connection.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)",
            (seq, message["message_id"], message.get("id") if is_event(message) else None, weight, now, body),
        )
        connection.executemany("INSERT INTO pending (sink, seq) VALUES (?, ?)", [(sink, seq) for sink in sinks])
        if is_event(message):
            connection.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?) ON CONFLICT (id) DO UPDATE SET "
                "severity = excluded.severity, stored = excluded.stored, is_open = excluded.is_open, "
                "body = excluded.body",
                (
                    message["id"],
                    seq,
                    message["event_class"],
                    message["source"]["id"],
                    message["severity"],
                    now,
                    now,
                    message["phase"] != "end",
                    body,
                ),
            )

    def _forget(self, connection: sqlite3.Connection, event_id: str) -> None:
        rows = connection.execute("SELECT seq, body FROM messages WHERE event_id = ?", (event_id,)).fetchall()
        for seq, body in rows:
            gap = self._sign(gap_in_place_of(json.loads(body)))
            connection.execute("UPDATE messages SET event_id = NULL, body = ? WHERE seq = ?", (text_of(gap), seq))
        connection.execute("DELETE FROM events WHERE id = ?", (event_id,))

    def _record(self, connection: sqlite3.Connection) -> None:
        connection.executemany(
            "DELETE FROM pending WHERE sink = ? AND seq = ?",
            [(sink, seq) for sink, numbers in self._unrecorded.items() for seq in numbers],
        )

    def _counted(self, connection: sqlite3.Connection) -> dict[str, int]:
        """Count anew what waits for the sinks whose acknowledgements are being noted."""
        counts = dict[str, int]()
        for sink in (sink for sink, numbers in self._unrecorded.items() if numbers):
            ((counts[sink],),) = connection.execute(
                "SELECT count(*) FROM pending WHERE sink = ? AND first_seq IS NULL", (sink,)
            ).fetchall()
        return counts

    def _recorded(self, depths: Mapping[str, int]) -> None:
        """Forget what has been noted; reads nothing, because what fails here would seem not to be written."""
        self._depths.update(depths)
        for sink in depths:
            self._unrecorded[sink].clear()

    def _trim(self, connection: sqlite3.Connection, count: int) -> None:
        """Now and then, delete what all have and nobody will ask for any more."""
        self._since_trimmed += count
        if self._since_trimmed < _TRIM_EVERY and self._clock() - self._trimmed_at < _TRIM_EVERY_S:
            return
        self._since_trimmed, self._trimmed_at = 0, self._clock()
        trim(connection, self._kept_messages, self._now() - self._kept_s)

    def _as_sent(self, first_seq: int | None, body: str) -> Message:
        message: Message = json.loads(body)
        return message if first_seq is None else self._sign(gap_in_place_of(message, first_seq))

    def _forget_sinks(self) -> None:
        """Give up what waits for sinks that there are no more."""
        waiting = self._database.read("SELECT sink, count(*) FROM pending GROUP BY sink")
        gone: list[tuple[Any, ...]] = [row for row in waiting if row[0] not in self._sinks]
        for sink, count in gone:
            _LOG.warning("a sink is gone, and what waited for it", extra={"sink": sink, "messages": count})
            try:
                with self._database.transaction() as connection:
                    connection.execute("DELETE FROM pending WHERE sink = ?", (sink,))
            except sqlite3.Error as error:  # the disk is full: the next start does it
                _LOG.warning("what waited for it stays for now", extra={"sink": sink, "error": str(error)})


def text_of(message: Message) -> str:
    """Write a message as JSON, in one line."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
