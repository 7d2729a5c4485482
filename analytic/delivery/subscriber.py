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
import sqlite3
from typing import Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from analytic.delivery.outbox import text_of
from analytic.delivery.subscription import InvalidSubscription, Subscription
from analytic.events.types import Message

CLOSE_SLOW = 1013
_CLOSE_FAILED = 1011
_PIECE = 200
_WAKE = (0, "")
_HEARTBEAT = (-1, '{"heartbeat":true}')
_LOG = logging.getLogger(__name__)


class Past(Protocol):
    """What has been told."""

    def position(self, cursor: str, /) -> int:
        """Return the number of the message with that id; 0 for ``start``."""
        ...

    def after(self, seq: int, limit: int, /) -> list[Message]:
        """Return the next messages after a number, in order."""
        ...


class Subscriber:
    """One connection with its queue.

    Parameters
    ----------
    connection
        Where messages go.
    past
        What has been told.
    queue_messages
        How many new messages may wait; one more closes the connection.
    """

    def __init__(self, connection: ServerConnection, past: Past, queue_messages: int) -> None:
        self.connection = connection
        self.subscription = Subscription()
        self._past = past
        self._queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()  # number and text
        self._most = queue_messages
        self._cursor: str | None = None  # where the past begins that it has still to get
        self._position = 0  # the last number that it has had
        self._newest = 0  # the last number that was told while it catches up
        self._is_catching_up = False
        self._closing: asyncio.Future[None] | None = None

    @property
    def is_catching_up(self) -> bool:
        """Whether messages of the past still wait."""
        return self._is_catching_up

    def subscribe(self, subscription: Subscription) -> None:
        """Take what it wants from now on; `send` begins with what it wants of the past.

        Raises
        ------
        InvalidSubscription
            It asks for the past while messages of the past still wait.
        """
        if subscription.since is not None:
            if self._is_catching_up:
                raise InvalidSubscription("since: messages of the past are still on their way")
            self._cursor = subscription.since
            self._is_catching_up = True  # at once: what is told from here on comes with the past
        self.subscription = subscription
        if self._queue.empty():
            self._queue.put_nowait(_WAKE)

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
            self._queue.put_nowait((message["seq"], text))
            return
        _LOG.warning("subscriber closed: too slow", extra={"waiting": self._queue.qsize()})
        reason = "too slow; come back with since=<last message_id>"
        self._closing = asyncio.ensure_future(self.connection.close(CLOSE_SLOW, reason))

    async def send(self) -> None:
        """Send what is queued, until the connection closes."""
        with contextlib.suppress(ConnectionClosed):
            try:
                while True:
                    if self.is_catching_up:
                        await self._catch_up()
                    seq, text = await self._next()
                    if self._is_new(seq):
                        await self.connection.send(text)
            except sqlite3.Error as error:
                _LOG.error("subscriber closed: the past cannot be read", extra={"error": str(error)})
                await self.connection.close(_CLOSE_FAILED, "the past cannot be read")

    def _is_new(self, seq: int) -> bool:
        """Tell whether it has not had this number yet, and note that it has; heartbeats are always new."""
        if 0 <= seq <= self._position:
            return False
        self._position = max(self._position, seq)
        return True

    async def _next(self) -> tuple[int, str]:
        """Return the next message; a heartbeat where there is nothing new for as long as was asked."""
        heartbeat_s = self.subscription.heartbeat_s
        if heartbeat_s is None:
            return await self._queue.get()
        try:
            async with asyncio.timeout(heartbeat_s):
                return await self._queue.get()
        except TimeoutError:
            return _HEARTBEAT

    async def _catch_up(self) -> None:
        if self._cursor is not None:
            self._position = await asyncio.to_thread(self._past.position, self._cursor)
            self._cursor = None
        while True:
            newest = self._newest
            found = await asyncio.to_thread(self._past.after, self._position, _PIECE)
            for message in found:
                if self.subscription.wants(message):
                    await self.connection.send(text_of(message))
                self._position = message["seq"]
            if not found and newest == self._newest:  # nothing was told while we looked
                self._is_catching_up = False
                return
