# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One subscriber of the bus: its connection, what it wants, and the messages that wait for it.

It reads the past in pieces, as fast as it takes them; what is told meanwhile is in the past too by then. Once it has
caught up, new messages wait in a bounded queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from analytic.delivery.outbox import text_of
from analytic.delivery.subscription import Subscription
from analytic.events.types import Message

CLOSE_SLOW = 1013
_PIECE = 200
_LOG = logging.getLogger(__name__)

Past = Callable[[int, int], list[Message]]


class Subscriber:
    """One connection with its queue.

    Parameters
    ----------
    connection
        Where messages go.
    past
        Returns the messages after a number, so many at most.
    queue_messages
        How many new messages may wait; one more closes the connection.
    """

    def __init__(self, connection: ServerConnection, past: Past, queue_messages: int) -> None:
        self.connection = connection
        self.subscription = Subscription()
        self._past = past
        self._queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()  # number (0 for none to remember) and text
        self._most = queue_messages
        self._position = 0  # the last number that it has had
        self._newest = 0  # the last number that was told while it catches up
        self._is_catching_up = False
        self._closing: asyncio.Future[None] | None = None

    @property
    def is_catching_up(self) -> bool:
        """Whether messages of the past still wait."""
        return self._is_catching_up

    def replay_from(self, seq: int) -> None:
        """Begin with what came after this number."""
        self._position = seq
        self._is_catching_up = True
        self._queue.put_nowait((0, ""))  # wakes `send`

    def offer(self, message: Message, text: str) -> None:
        """Queue a message if it is asked for; close the connection if too many wait already."""
        if self._closing is not None:
            return
        if self.is_catching_up and message["durable"]:
            self._newest = message["seq"]
            return
        if not self.subscription.wants(message):
            return
        if self._queue.qsize() < self._most:
            self._queue.put_nowait((message["seq"] if message["durable"] else 0, text))
            return
        _LOG.warning("subscriber closed: too slow", extra={"waiting": self._queue.qsize()})
        reason = "too slow; come back with since=<last message_id>"
        self._closing = asyncio.ensure_future(self.connection.close(CLOSE_SLOW, reason))

    async def send(self) -> None:
        """Send what is queued, until the connection closes."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                if self.is_catching_up:
                    await self._catch_up()
                seq, text = await self._next()
                if text and not 0 < seq <= self._position:  # else it has had this one with the past
                    await self.connection.send(text)
                    self._position = max(self._position, seq)

    async def _next(self) -> tuple[int, str]:
        """Return the next message; an empty one where there is nothing new for as long as a heartbeat may be away."""
        heartbeat_s = self.subscription.heartbeat_s
        if heartbeat_s is None:
            return await self._queue.get()
        try:
            async with asyncio.timeout(heartbeat_s):
                return await self._queue.get()
        except TimeoutError:
            return 0, '{"heartbeat":true}'

    async def _catch_up(self) -> None:
        while True:
            newest = self._newest
            found = await asyncio.to_thread(self._past, self._position, _PIECE)
            for message in found:
                if self.subscription.wants(message):
                    await self.connection.send(text_of(message))
                self._position = message["seq"]
            if not found and newest == self._newest:  # nothing was told while we looked
                self._is_catching_up = False
                return
