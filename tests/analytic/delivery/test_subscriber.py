# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import asyncio
from typing import Any

import pytest

from analytic.access import AccessRules
from analytic.delivery.subscriber import CLOSE_SLOW, Subscriber
from analytic.delivery.subscription import InvalidSubscription, from_message
from analytic.delivery.websocket import WebsocketBus


class Connection:
    """Notes what is sent through it, and how it is closed."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closed: list[tuple[int, str]] = []

    async def send(self, text: str) -> None:
        self.sent.append(text)

    async def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))


def subscriber(queue_messages: int) -> tuple[Subscriber, Connection]:
    connection = Connection()
    made: Any = Subscriber(connection, queue_messages)  # type: ignore[arg-type]
    return made, connection


async def _let_run(act: Any) -> None:
    running = asyncio.ensure_future(act)
    for _ in range(20):
        await asyncio.sleep(0)
    running.cancel()


def test_messages_of_the_past_do_not_count_against_the_queue() -> None:
    async def play() -> None:
        one, connection = subscriber(2)
        for number in range(10):
            one.replay(f"past {number}")
        catching_up = [one.is_catching_up]
        one.offer("new 1")
        one.offer("new 2")
        await _let_run(one.send())
        assert connection.sent == [*(f"past {number}" for number in range(10)), "new 1", "new 2"]
        assert [*catching_up, one.is_catching_up] == [True, False]
        assert connection.closed == []

    asyncio.run(play())


def test_one_message_too_many_closes_the_connection_once() -> None:
    async def play() -> None:
        one, connection = subscriber(2)
        for number in range(5):
            one.offer(f"new {number}")
        await asyncio.sleep(0)
        assert [code for code, _reason in connection.closed] == [CLOSE_SLOW]
        assert "since" in connection.closed[0][1]

    asyncio.run(play())


def test_a_second_replay_while_the_first_still_waits_is_refused() -> None:
    message = {"phase": "end", "event_class": "fire", "source": {"id": "x"}, "seq": 1, "message_id": "m"}
    bus = WebsocketBus("127.0.0.1", 0, AccessRules(), lambda _cursor: [message])
    try:
        one, _connection = subscriber(2)
        wanted = from_message('{"since": "start"}')
        bus._subscribe(one, wanted)
        with pytest.raises(InvalidSubscription, match="still on their way"):
            bus._subscribe(one, wanted)
        bus._subscribe(one, from_message('{"classes": ["fire"]}'))
    finally:
        bus.stop()
