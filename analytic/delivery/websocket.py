# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The websocket bus: every message to every subscriber that wants it, on ``ws://HOST:PORT/events``.

Other paths of the same server belong to doors that are handed in; the bus knows nothing of what comes through them.

One event loop in one thread. Each subscriber has a bounded queue; one that cannot follow is closed with a reason, and
nobody waits for it: it comes back with ``since=<last message_id>``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus
from typing import Protocol

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from analytic.access import AccessRules, bearer
from analytic.delivery.outbox import text_of
from analytic.delivery.subscriber import CLOSE_SLOW, Past, Subscriber
from analytic.delivery.subscription import InvalidSubscription, Subscription, from_message, from_target
from analytic.events.types import Message

_LOG = logging.getLogger(__name__)
_MAX_MESSAGE_BYTES = 16_384
_TOKEN_WAIT_S = 10.0
_CLOSE_POLICY = 1008
_CLOSE_INVALID = 1007


class Door(Protocol):
    """Another path of the websocket server; Host and Origin are checked before it is asked."""

    @property
    def path(self) -> str:
        """What the paths begin with, such as ``/listen/``."""
        ...

    @property
    def max_message_bytes(self) -> int:
        """The largest message that may come in."""
        ...

    def refuse(self, request: Request) -> tuple[HTTPStatus, str] | None:
        """Tell why a request may not come in, if so."""
        ...

    async def handle(self, connection: ServerConnection) -> None:
        """Attend a connection until it ends."""
        ...


class WebsocketBus:
    """A sink that is a websocket server.

    Parameters
    ----------
    host, port
        Where to listen; port 0 takes a free one.
    access
        Who may subscribe.
    past
        What has been told.
    queue_messages
        How many messages may wait for one subscriber.
    max_subscribers
        How many subscribers there may be.
    subscribers_changed
        Told the number of subscribers whenever it changes.
    """

    name = "websocket"

    def __init__(
        self,
        host: str,
        port: int,
        access: AccessRules,
        past: Past,
        *,
        queue_messages: int = 256,
        max_subscribers: int = 64,
        subscribers_changed: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self._host, self._port = host, port
        self._access = access
        self._past = past
        self._queue_messages = queue_messages
        self._max_subscribers = max_subscribers
        self._subscribers_changed = subscribers_changed
        self._doors: list[Door] = []
        self._subscribers: set[Subscriber] = set()
        self._waiting = 0  # connections that have still to show their token
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="websocket-bus", daemon=True)
        self._started: Future[int] = Future()
        self._stopping = asyncio.Event()

    def add_door(self, door: Door) -> None:
        """Give another path to a door; before `start`."""
        self._doors.append(door)

    def start(self) -> int:
        """Listen; return the port.

        Raises
        ------
        OSError
            The address cannot be listened on.
        """
        self._thread.start()
        try:
            return self._started.result()
        except Exception:
            self._thread.join()
            raise

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._thread.is_alive() and self._started.done()

    def stop(self) -> None:
        """Close every subscriber (1001, going away) and the port; wait until that is done."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop is already closed
                self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        elif not self._loop.is_closed():
            self._loop.close()

    def accept(self, message: Message) -> None:
        """Queue a message for every subscriber that wants it."""
        text = text_of(message)
        with contextlib.suppress(RuntimeError):  # stopped: nobody is there any more
            self._loop.call_soon_threadsafe(self._offer, message, text)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except Exception as error:  # noqa: BLE001 - whatever it is, `start` must not wait for ever
                if self._started.done():
                    _LOG.exception("the bus stopped")
                else:
                    self._started.set_exception(error)

    async def _serve(self) -> None:
        server: Server
        async with serve(
            self._handle,
            self._host,
            self._port,
            process_request=self._admit,
            max_size=_MAX_MESSAGE_BYTES,
            compression=None,
            open_timeout=10,
            ping_interval=20,
            ping_timeout=20,
            close_timeout=2,
            server_header=None,
            logger=logging.getLogger("websockets.server"),  # held to warnings: its lower levels tell bytes and tokens
        ) as server:
            self._started.set_result(server.sockets[0].getsockname()[1])
            await self._stopping.wait()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        hosts, origins = request.headers.get_all("Host"), request.headers.get_all("Origin")
        host = hosts[0] if len(hosts) == 1 else None
        if not self._access.allows_host(host):
            return connection.respond(HTTPStatus.MISDIRECTED_REQUEST, "Host not allowed\n")
        if len(origins) > 1 or not self._access.allows_origin(origins[0] if origins else None, host):
            return connection.respond(HTTPStatus.FORBIDDEN, "Origin not allowed\n")
        door = self._door(request)
        if door is not None:
            refused = door.refuse(request)
            connection.protocol.max_message_size = door.max_message_bytes
            return None if refused is None else connection.respond(refused[0], f"{refused[1]}\n")
        try:
            subscription = from_target(request.path)
        except InvalidSubscription as error:
            return connection.respond(HTTPStatus.BAD_REQUEST, f"{error}\n")
        if subscription is None:
            return connection.respond(HTTPStatus.NOT_FOUND, "the bus is at /events\n")
        shown = subscription.token or bearer(request.headers.get("Authorization"))
        taken = len(self._subscribers) if self._access.allows_token(shown) else self._waiting
        if taken >= self._max_subscribers:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many subscribers\n")
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        request = connection.request
        if request is None:  # never, once the handshake is done
            return
        door = self._door(request)
        if door is not None:
            await door.handle(connection)
            return
        try:
            subscription = from_target(request.path) or Subscription()
            shown = subscription.token or bearer(request.headers.get("Authorization"))
            if shown is None and not self._access.allows_token(None):
                subscription = await self._first_message(connection)
                shown = subscription.token
            if not self._access.allows_token(shown):
                await connection.close(_CLOSE_POLICY, "token required")
            elif len(self._subscribers) >= self._max_subscribers:
                await connection.close(CLOSE_SLOW, "too many subscribers")
            else:
                await self._attend(Subscriber(connection, self._past, self._queue_messages), subscription)
        except InvalidSubscription as error:
            await connection.close(_CLOSE_INVALID, str(error)[:120])
        except ConnectionClosed:
            pass

    def _door(self, request: Request) -> Door | None:
        return next((door for door in self._doors if request.path.startswith(door.path)), None)

    async def _first_message(self, connection: ServerConnection) -> Subscription:
        self._waiting += 1
        try:
            async with asyncio.timeout(_TOKEN_WAIT_S):
                return from_message(await connection.recv())
        except TimeoutError:
            return Subscription()
        finally:
            self._waiting -= 1

    async def _attend(self, subscriber: Subscriber, subscription: Subscription) -> None:
        self._subscribers.add(subscriber)  # first of all, so that nothing is told between the past and the present
        self._subscribers_changed(len(self._subscribers))
        subscriber.subscribe(subscription)
        sending = asyncio.ensure_future(subscriber.send())
        try:
            async for text in subscriber.connection:
                subscriber.subscribe(from_message(text))
        finally:
            self._subscribers.discard(subscriber)
            self._subscribers_changed(len(self._subscribers))
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await sending

    def _offer(self, message: Message, text: str) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber.offer(message, text)
