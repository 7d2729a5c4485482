# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Stamp events with message ids and numbers, sign them, have them kept, and only then let them out."""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from analytic.delivery.sequence import Sequence as Numbers
from analytic.delivery.signing import Signer
from analytic.events.types import Event, Message, Stamp, deletion, gap

_LOG = logging.getLogger(__name__)


class Sink(Protocol):
    """Where messages go at once. `accept` returns at once and is called from several threads, in the order of `seq`."""

    @property
    def name(self) -> str:
        """For logs and metrics."""
        ...

    def accept(self, message: Message) -> None:
        """Take one message."""
        ...


class Journal(Protocol):
    """Where messages are kept before they leave."""

    def commit(self, messages: Sequence[Message], /) -> None:
        """Keep messages for good.

        Raises
        ------
        sqlite3.Error
            They are not kept.
        """
        ...

    def retract(self, message: Message, event_id: str, /) -> None:
        """Keep the message that an event is deleted, and delete it.

        Raises
        ------
        sqlite3.Error
            Neither was done.
        """
        ...

    def hold(self, messages: Sequence[Message], /) -> None:
        """Keep what could not be kept for good as long as this process lives."""
        ...


class Dispatcher:
    """Gives each message its id, its number and its signature, has it kept, and passes it on.

    Parameters
    ----------
    journal
        Where messages are kept.
    new_id
        Makes UUIDv7s.
    signer
        Signs as this device.
    numbers
        Gives the numbers.
    sinks
        Who gets every message as soon as it is kept.
    failed
        Told the name of a sink that raised; the other sinks still get the message.
    durable
        Whether the journal outlives this process.
    not_durable
        Told how many messages left without being kept.
    now
        Unix time in seconds.
    """

    def __init__(
        self,
        journal: Journal,
        new_id: Callable[[], str],
        signer: Signer,
        numbers: Numbers | None = None,
        sinks: Sequence[Sink] = (),
        *,
        durable: bool = True,
        failed: Callable[[str], None] = lambda _sink: None,
        not_durable: Callable[[int], None] = lambda _count: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._journal = journal
        self._new_id = new_id
        self._signer = signer
        self._numbers = numbers or Numbers(None, 0)
        self._sinks = tuple(sinks)
        self._durable = durable
        self._failed = failed
        self._not_durable = not_durable
        self._now = now
        self._lock = threading.Lock()

    def publish(self, events: Iterable[Event]) -> list[Stamp]:
        """Send events, each made coarse first, as consecutive messages; return their stamps.

        They are kept when this returns, or their stamps say that they could not be.
        """
        with self._lock:
            coarse = [event.coarse() for event in events]  # what fails here takes no number
            return self._send([event.to_message(self._stamp()) for event in coarse])

    def retract(self, event_id: str) -> Stamp:
        """Delete an event, and tell everybody to forget it.

        Raises
        ------
        sqlite3.Error
            It could not be deleted; nobody was told.
        """
        with self._lock:
            stamp = self._stamp()
            message = self._signer.sign(deletion(stamp, event_id))
            try:
                self._journal.retract(message, event_id)
            except sqlite3.Error:
                self._numbers.take_back()
                raise
            if not self._durable:
                self._numbers.not_stored()
            self._pass_on([message])
            return stamp

    def skip(self, first_seq: int) -> None:
        """Tell everybody that the numbers from this one on, up to that of the gap itself, are not to be had."""
        with self._lock:
            self._send([gap(self._stamp(), first_seq)])

    def _stamp(self) -> Stamp:
        instant = dt.datetime.fromtimestamp(int(self._now()), dt.UTC).isoformat().replace("+00:00", "Z")
        return Stamp(self._new_id(), self._numbers.next(), self._signer.device, instant, self._durable)

    def _send(self, messages: Sequence[Message]) -> list[Stamp]:
        if not messages:
            return []
        signed = [self._signer.sign(message) for message in messages]
        try:
            self._journal.commit(signed)
        except sqlite3.Error as error:
            _LOG.error("messages leave without being kept", extra={"messages": len(signed), "error": str(error)})
            signed = [self._signer.sign({**message, "durable": False}) for message in messages]
            self._journal.hold(signed)
        if not signed[-1]["durable"]:
            self._numbers.not_stored()
            self._not_durable(len(signed))
        self._pass_on(signed)
        return [Stamp(*(message[field] for field in Stamp._fields)) for message in signed]

    def _pass_on(self, messages: Sequence[Message]) -> None:
        for message in messages:
            for sink in self._sinks:
                self._hand_over(sink, message)

    def _hand_over(self, sink: Sink, message: Message) -> None:
        try:
            sink.accept(message)
        except Exception:  # noqa: BLE001 - one sink's failure must not silence the others
            _LOG.exception("sink failed", extra={"sink": sink.name, "message_id": message["message_id"]})
            self._failed(sink.name)
