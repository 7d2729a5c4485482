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
from analytic.events.types import Message, gap_in_place_of

START = "start"
GOES_ON_S = 3600.0
"""An event of which nothing has been told for so long counts as ended, whether its end was seen or not."""

_COLUMNS = "body, acknowledged, seq, is_open, stored"
_FIRST_ID = "00000000-0000-7000-8000-000000000000"


class Kept(NamedTuple):
    """An event as it is kept.

    Attributes
    ----------
    message
        Its last message.
    acknowledged
        When somebody acknowledged it (RFC 3339), or None.
    first_seq
        The number of its first message.
    goes_on
        Whether it has not ended; one of which nothing was told for an hour counts as ended.
    """

    message: Message
    acknowledged: str | None
    first_seq: int
    goes_on: bool


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
        A number: only events whose first message has a lower one.
    """

    event_class: str | None = None
    source: str | None = None
    severity: str | None = None
    acknowledged: bool | None = None
    before: int | None = None


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
        rows = self._database.read(f"SELECT {_COLUMNS} FROM events WHERE id = ?", (event_id,))  # noqa: S608 - columns are ours
        return self._kept(rows[0]) if rows else None

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
            clauses.append("seq < ?")
            values.append(wanted.before)
        rows = self._database.read(
            f"SELECT {_COLUMNS} FROM events WHERE {' AND '.join(clauses)} ORDER BY seq DESC LIMIT ?",  # noqa: S608 - columns are ours
            (*values, limit),
        )
        return [self._kept(row) for row in rows]

    def counts(self, begins: float, ends: float) -> dict[str, int]:
        """Return how many events began within a span of Unix time, by class."""
        rows = self._database.read(
            "SELECT event_class, count(*) FROM events WHERE began >= ? AND began < ? GROUP BY event_class",
            (begins, ends),
        )
        return {name: int(count) for name, count in rows}

    def open_events(self) -> list[Message]:
        """Return the last messages of events that go on."""
        rows = self._database.read(
            "SELECT body FROM events WHERE is_open AND stored > ? ORDER BY seq", (self._now() - GOES_ON_S,)
        )
        return [json.loads(body) for (body,) in rows]

    def acknowledge(self, event_id: str, instant: str) -> Kept | None:
        """Note that somebody has seen an event; the first time counts. None where there is no such event."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE events SET acknowledged = coalesce(acknowledged, ?) WHERE id = ?", (instant, event_id)
            )
        return self.event(event_id)

    def _kept(self, row: tuple[Any, ...]) -> Kept:
        body, acknowledged, first_seq, is_open, stored = row
        goes_on = bool(is_open) and self._now() - stored < GOES_ON_S
        return Kept(json.loads(body), acknowledged, first_seq, goes_on)

    def _missing(self, first: int, last: int, then: Message) -> Message:
        """Return a gap for numbers of which nothing is kept; its id comes before every other."""
        return self._sign({**gap_in_place_of(then, first), "seq": last, "message_id": _before(then["message_id"])})


def _before(message_id: str) -> str:
    """Return an id that belongs to what came before the message of this id: the same time, and zeros."""
    return message_id[:14] + _FIRST_ID[14:]
