# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What has been told: messages after a cursor, events by page, one event; acknowledging and deleting them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from analytic.delivery.database import Database
from analytic.delivery.outbox import text_of
from analytic.events.types import Message, gap_in_place_of

START = "start"
_FIRST_ID = "00000000-0000-7000-8000-000000000000"


class Kept(NamedTuple):
    """An event as it is kept: its last message, and when somebody acknowledged it (RFC 3339), or None."""

    message: Message
    acknowledged: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for; None for all.

    Attributes
    ----------
    event_class, source, severity
        Only these.
    acknowledged
        Only those that somebody has acknowledged, or only those that nobody has.
    before
        The id of an event: only those that began before it.
    """

    event_class: str | None = None
    source: str | None = None
    severity: str | None = None
    acknowledged: bool | None = None
    before: str | None = None


class History:
    """Reads what the outbox keeps.

    Parameters
    ----------
    database
        Where it lies.
    sign
        Signs the gaps that stand for what is not there any more.
    now
        Unix time in seconds.
    """

    def __init__(
        self, database: Database, sign: Callable[[Message], Message], now: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._sign = sign
        self._now = now

    def position(self, cursor: str) -> int:
        """Return the number of the message with that id; 0 for ``start``.

        Of an id that is not kept, its time counts: no message with a later one is left out.
        """
        if cursor == START:
            return 0
        found = self._database.read("SELECT seq FROM messages WHERE message_id = ?", (cursor,))
        if found:
            return int(found[0][0])
        ((later, last),) = self._database.read(
            "SELECT (SELECT min(seq) FROM messages WHERE message_id > ?), (SELECT max(seq) FROM messages)", (cursor,)
        )
        return int(last or 0) if later is None else int(later) - 1

    def after(self, seq: int, limit: int) -> list[Message]:
        """Return the next messages after a number, in order; a gap stands for numbers that are not there."""
        rows = self._database.read("SELECT body FROM messages WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
        found: list[Message] = []
        for (body,) in rows:
            message = json.loads(body)
            first = message.get("first_seq", message["seq"])
            if first > seq + 1:
                found.append(self._missing(seq + 1, first - 1, message))
            found.append(message)
            seq = message["seq"]
        return found

    def event(self, event_id: str) -> Kept | None:
        """Return an event, if it is kept."""
        rows = self._database.read("SELECT body, acknowledged FROM events WHERE id = ?", (event_id,))
        return Kept(json.loads(rows[0][0]), rows[0][1]) if rows else None

    def events(self, wanted: Wanted, limit: int) -> list[Kept]:
        """Return events, the latest first."""
        clauses, values = ["1"], list[Any]()
        for column in ("event_class", "source", "severity"):
            value = getattr(wanted, column)
            if value is not None:
                clauses.append(f"{column} = ?")
                values.append(value)
        if wanted.acknowledged is not None:
            clauses.append(f"acknowledged IS {'NOT ' if wanted.acknowledged else ''}NULL")
        if wanted.before is not None:
            clauses.append("seq < (SELECT seq FROM events WHERE id = ?)")
            values.append(wanted.before)
        rows = self._database.read(
            f"SELECT body, acknowledged FROM events WHERE {' AND '.join(clauses)} ORDER BY seq DESC LIMIT ?",  # noqa: S608 - columns are ours
            (*values, limit),
        )
        return [Kept(json.loads(body), acknowledged) for body, acknowledged in rows]

    def open_events(self, within_s: float) -> list[Message]:
        """Return the last messages of events that have not ended, told within so many seconds."""
        rows = self._database.read(
            "SELECT body FROM events WHERE is_open AND stored >= ? ORDER BY seq", (self._now() - within_s,)
        )
        return [json.loads(body) for (body,) in rows]

    def acknowledge(self, event_id: str, instant: str) -> Kept | None:
        """Note that somebody has seen an event; the first time counts. None where there is no such event."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE events SET acknowledged = coalesce(acknowledged, ?) WHERE id = ?", (instant, event_id)
            )
        return self.event(event_id)

    def forget(self, event_id: str) -> bool:
        """Delete an event: each of its messages becomes a gap in its place, also for sinks that have not had it yet.

        Returns whether there was such an event. What was deleted is overwritten in the file.
        """
        with self._database.transaction() as connection:
            rows = connection.execute("SELECT seq, body FROM messages WHERE event_id = ?", (event_id,)).fetchall()
            for seq, body in rows:
                gap = self._sign(gap_in_place_of(json.loads(body)))
                connection.execute("UPDATE messages SET event_id = NULL, body = ? WHERE seq = ?", (text_of(gap), seq))
            found = connection.execute("DELETE FROM events WHERE id = ?", (event_id,)).rowcount
        self._database.scrub()
        return found > 0

    def _missing(self, first: int, last: int, then: Message) -> Message:
        """Return a gap for numbers of which nothing is kept; its id comes before every other."""
        return self._sign({**gap_in_place_of(then, first), "seq": last, "message_id": _before(then["message_id"])})


def _before(message_id: str) -> str:
    """Return an id that belongs to what came before the message of this id: the same time, and zeros."""
    return message_id[:14] + _FIRST_ID[14:]
