# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Stamp events with message ids and numbers, and hand them to every sink."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from analytic.events.types import Event, Message, Stamp

_LOG = logging.getLogger(__name__)


class Sink(Protocol):
    """Where messages go. `accept` returns at once and is called from several threads, in the order of `seq`."""

    @property
    def name(self) -> str:
        """For logs and metrics."""
        ...

    def accept(self, message: Message) -> None:
        """Take one message."""
        ...


class Dispatcher:
    """Gives each message its id and its number, and passes it on.

    Parameters
    ----------
    sinks
        Who gets every message.
    new_id
        Makes UUIDv7s.
    failed
        Told the name of a sink that raised; the other sinks still get the message.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        new_id: Callable[[], str],
        failed: Callable[[str], None] = lambda _sink: None,
    ) -> None:
        self._sinks = tuple(sinks)
        self._new_id = new_id
        self._failed = failed
        self._lock = threading.Lock()
        self._seq = 0

    def publish(self, events: Iterable[Event]) -> list[Stamp]:
        """Send events, each made coarse first, as consecutive messages; return their stamps."""
        stamps = []
        with self._lock:
            for event in events:
                self._seq += 1
                stamps.append(Stamp(self._new_id(), self._seq))
                message = event.coarse().to_message(stamps[-1])
                for sink in self._sinks:
                    self._hand_over(sink, message)
        return stamps

    def _hand_over(self, sink: Sink, message: Message) -> None:
        try:
            sink.accept(message)
        except Exception:  # noqa: BLE001 - one sink's failure must not silence the others
            _LOG.exception("sink failed", extra={"sink": sink.name, "message_id": message["message_id"]})
            self._failed(sink.name)
