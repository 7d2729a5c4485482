# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One subscriber of the bus: its connection, what it wants, and the messages that wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from analytic.delivery.subscription import Subscription

CLOSE_SLOW = 1013
_LOG = logging.getLogger(__name__)


class Subscriber:
    """One connection with its queue.

    Parameters
    ----------
    connection
        Where messages go.
    queue_messages
        How many new messages may wait; one more closes the connection.
    """

    def __init__(self, connection: ServerConnection, queue_messages: int) -> None:
        self.connection = connection
        self.subscription = Subscription()
        self.replayed_to = 0
        self._queue: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self._past = 0  # replayed messages that still wait: they do not count against the queue's bound
        self._most = queue_messages
        self._closing: asyncio.Future[None] | None = None

    @property
    def is_catching_up(self) -> bool:
        """Whether messages of the past still wait."""
        return self._past > 0

    def replay(self, text: str) -> None:
        """Queue a message of the past; there are at most as many as are kept, since only one replay runs at a time."""
        self._queue.put_nowait((text, True))
        self._past += 1

    def offer(self, text: str) -> None:
        """Queue a message; close the connection if too many wait already."""
        if self._closing is not None:
            return
        if self._queue.qsize() - self._past < self._most:
            self._queue.put_nowait((text, False))
            return
        _LOG.warning("subscriber closed: too slow", extra={"waiting": self._queue.qsize()})
        reason = "too slow; come back with since=<last message_id>"
        self._closing = asyncio.ensure_future(self.connection.close(CLOSE_SLOW, reason))

    async def send(self) -> None:
        """Send what is queued, until the connection closes."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                text, is_past = await self._queue.get()
                self._past -= is_past
                await self.connection.send(text)
