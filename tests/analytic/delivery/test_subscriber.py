# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analytic.delivery import subscriber as module
from analytic.delivery.outbox import text_of
from analytic.delivery.subscriber import CLOSE_SLOW, Subscriber
from analytic.delivery.subscription import InvalidSubscription, Subscription
from analytic.events.types import Message
from tests.analytic.delivery.told import alarm, id_at

FROM_START = Subscription(since="start")
MANY = 10_000


class Connection:
    """Notes what is sent through it, and how it is closed."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closed: list[tuple[int, str]] = []
        self.free = asyncio.Event()
        self.free.set()

    async def send(self, text: str) -> None:
        await self.free.wait()
        self.sent.append(text)

    async def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))

    def numbers(self) -> list[int]:
        return [json.loads(text).get("seq", 0) for text in self.sent]


class Past:
    """What is kept, and who is waiting for it; what is not durable comes in with the next that is."""

    def __init__(self) -> None:
        self.kept: list[Message] = []
        self.held: list[Message] = []

    def tell(self, seq: int, *, durable: bool = True) -> Message:
        message = alarm(seq, durable=durable)
        self.held.append(message)
        if durable:
            self.settle()
        return message

    def settle(self) -> None:
        self.kept += self.held
        self.held.clear()

    def position(self, cursor: str) -> int:
        return 0 if cursor == "start" else max((m["seq"] for m in self.kept if m["message_id"] <= cursor), default=0)

    def after(self, seq: int, limit: int) -> list[Message]:
        return [message for message in self.kept if message["seq"] > seq][:limit]


class World:
    """A subscriber that is sending, and its past."""

    def __init__(self, queue_messages: int = MANY) -> None:
        self.past, self.connection = Past(), Connection()
        self.one = Subscriber(self.connection, self.past, queue_messages)  # type: ignore[arg-type]

    def offer(self, message: Message) -> None:
        self.one.offer(message, text_of(message))

    def tell(self, *seqs: int, durable: bool = True) -> None:
        for seq in seqs:
            self.offer(self.past.tell(seq, durable=durable))


def play(act: Callable[[World], Coroutine[Any, Any, None]], queue_messages: int = MANY) -> World:
    """Let a subscriber send while something happens."""

    async def together() -> World:
        world = World(queue_messages)
        sending = asyncio.ensure_future(world.one.send())
        try:
            await act(world)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return world

    return asyncio.run(together())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the past takes some turns of the loop, but no thread."""

    async def read(act: Callable[..., Any], *args: Any) -> Any:
        for _ in range(2):
            await asyncio.sleep(0)
        found = act(*args)
        for _ in range(2):
            await asyncio.sleep(0)
        return found

    monkeypatch.setattr(asyncio, "to_thread", read)


class TestPast:
    def test_messages_of_the_past_do_not_count_against_the_queue(self) -> None:
        async def act(world: World) -> None:
            for seq in range(1, 1001):
                world.past.tell(seq)
            world.one.subscribe(FROM_START)
            world.tell(1001, 1002, 1003)
            assert world.one.is_catching_up
            await until(lambda: len(world.connection.sent) == 1003)
            await until(lambda: not world.one.is_catching_up)
            world.tell(1004)
            await until(lambda: len(world.connection.sent) == 1004)

        world = play(act, queue_messages=2)
        assert world.connection.numbers() == list(range(1, 1005))
        assert world.connection.closed == []

    def test_a_message_told_while_its_cursor_is_looked_up_comes_once_and_in_its_place(self) -> None:
        async def act(world: World) -> None:
            world.past.tell(1)
            looked_up, go_on = threading.Event(), threading.Event()
            position = world.past.position

            def slowly(cursor: str) -> int:
                looked_up.set()
                assert go_on.wait(10)
                return position(cursor)

            world.past.position = slowly  # type: ignore[method-assign]
            world.one.subscribe(FROM_START)
            await until(looked_up.is_set)
            world.tell(2)
            for _ in range(20):
                await asyncio.sleep(0)
            go_on.set()
            await until(lambda: not world.one.is_catching_up)
            world.tell(3)
            await until(lambda: 3 in world.connection.numbers())

        assert play(act).connection.numbers() == [1, 2, 3]

    def test_who_asks_for_the_past_while_a_message_is_being_sent_gets_all_of_it(self) -> None:
        async def act(world: World) -> None:
            world.tell(1, 2)
            await until(lambda: len(world.connection.sent) == 2)
            world.connection.free.clear()
            world.tell(3)
            await asyncio.sleep(0)
            world.one.subscribe(FROM_START)
            world.connection.free.set()
            await until(lambda: not world.one.is_catching_up)

        assert play(act).connection.numbers()[-3:] == [1, 2, 3]

    def test_the_past_is_sent_to_who_asks_for_it_and_wants_it(self) -> None:
        async def act(world: World) -> None:
            world.past.kept += [alarm(1, source="hall"), alarm(2), alarm(3, source="hall")]
            world.one.subscribe(Subscription(since=id_at(1), sources=frozenset({"hall"})))
            await until(lambda: not world.one.is_catching_up)

        assert play(act).connection.numbers() == [3]

    def test_a_second_replay_while_the_first_is_on_its_way_is_refused_and_a_filter_is_not(self) -> None:
        async def act(world: World) -> None:
            world.past.tell(1)
            world.one.subscribe(FROM_START)
            with pytest.raises(InvalidSubscription, match="still on their way"):
                world.one.subscribe(FROM_START)
            world.one.subscribe(Subscription(classes=frozenset({"fire"})))
            assert world.one.subscription.classes == {"fire"}
            await until(lambda: not world.one.is_catching_up)
            world.one.subscribe(FROM_START)
            await until(lambda: not world.one.is_catching_up)

        assert play(act).connection.numbers() == [1, 1]

    @pytest.mark.parametrize("place", ["position", "after"])
    def test_where_the_past_cannot_be_read_the_connection_is_closed_and_does_not_stay_silent(
        self, place: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken(*_args: Any) -> Any:
            raise sqlite3.OperationalError("disk I/O error")

        async def act(world: World) -> None:
            setattr(world.past, place, broken)
            world.one.subscribe(FROM_START)
            await until(lambda: world.connection.closed != [])

        with caplog.at_level(logging.ERROR):
            assert play(act).connection.closed == [(1011, "the past cannot be read")]
        assert [record.message for record in caplog.records] == ["subscriber closed: the past cannot be read"]


# How many turns of the loop go by, and what happens then.
ACTS = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["durable", "not durable", "settle", "hear"])), max_size=12
)


class TestNothingLostOrDoubled:
    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(before=st.integers(0, 5), since=st.booleans(), piece=st.integers(1, 3), acts=ACTS)
    @example(2, True, 1, [(1, "durable"), (0, "hear"), (1, "not durable"), (0, "hear"), (0, "settle")])
    @pytest.mark.usefixtures("turns")
    def test_whenever_messages_are_told_each_comes_once_and_in_order(
        self, before: int, since: bool, piece: int, acts: list[tuple[int, str]]
    ) -> None:
        """Telling is keeping, then being heard of by the subscriber, which may be later."""

        async def act(world: World) -> None:
            on_their_way: list[Message] = []
            seq = before
            for number in range(1, before + 1):
                world.past.tell(number)
            world.one.subscribe(FROM_START if since else Subscription())
            for turns, one in acts:
                for _ in range(turns):
                    await asyncio.sleep(0)
                if one == "settle":
                    world.past.settle()
                elif one == "hear":
                    for message in on_their_way:
                        world.offer(message)
                    on_their_way.clear()
                else:
                    seq += 1
                    on_their_way.append(world.past.tell(seq, durable=one == "durable"))
            for message in on_their_way:
                world.offer(message)
            expected = list(range(1 if since else before + 1, seq + 1))
            for _ in range(300):  # more than it can need: nothing here waits for anything else
                await asyncio.sleep(0)
            assert world.connection.numbers() == expected

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_PIECE", piece)
            play(act)

    def test_what_is_not_durable_does_not_wait_for_a_past_that_never_has_it(self) -> None:
        async def act(world: World) -> None:
            world.past.tell(1)
            world.one.subscribe(FROM_START)
            world.tell(2, 3, durable=False)
            await until(lambda: len(world.connection.sent) == 3)
            world.tell(4)
            await until(lambda: len(world.connection.sent) == 4)

        assert play(act).connection.numbers() == [1, 2, 3, 4]


class TestQueue:
    @pytest.mark.parametrize("durable", [True, False])
    def test_one_message_too_many_closes_the_connection_once(self, durable: bool) -> None:
        async def act(world: World) -> None:
            world.connection.free.clear()
            world.tell(*range(1, 9), durable=durable)
            await until(lambda: world.connection.closed != [])
            world.tell(9, durable=durable)

        world = play(act, queue_messages=2)
        assert [code for code, _reason in world.connection.closed] == [CLOSE_SLOW]
        assert "since" in world.connection.closed[0][1]

    def test_what_is_not_durable_cannot_fill_the_memory_while_somebody_catches_up(self) -> None:
        async def act(world: World) -> None:
            world.past.tell(1)
            world.connection.free.clear()
            world.one.subscribe(FROM_START)
            world.tell(*range(2, 10), durable=False)
            await until(lambda: world.connection.closed != [])

        assert play(act, queue_messages=4).connection.closed[0][0] == CLOSE_SLOW

    def test_a_flood_of_subscriptions_does_not_fill_it(self) -> None:
        async def act(world: World) -> None:
            for _ in range(1000):
                world.one.subscribe(Subscription())
            world.tell(1)
            await until(lambda: len(world.connection.sent) == 1)

        assert play(act, queue_messages=2).connection.closed == []


class TestHeartbeat:
    def test_it_is_sent_where_nothing_else_is(self) -> None:
        async def act(world: World) -> None:
            world.one.subscribe(Subscription(heartbeat_s=0.001))
            await until(lambda: len(world.connection.sent) >= 3)

        assert set(play(act).connection.sent) == {'{"heartbeat":true}'}

    def test_who_asks_for_it_later_gets_it_without_waiting_for_a_message(self) -> None:
        async def act(world: World) -> None:
            world.one.subscribe(Subscription())
            for _ in range(10):
                await asyncio.sleep(0)
            world.one.subscribe(Subscription(heartbeat_s=0.001))
            await until(lambda: world.connection.sent != [])

        assert play(act).connection.sent[0] == '{"heartbeat":true}'

    def test_it_takes_no_message_away(self) -> None:
        async def act(world: World) -> None:
            world.one.subscribe(Subscription(heartbeat_s=0.0005))
            for seq in range(1, 200):
                world.tell(seq)
                await asyncio.sleep(0.0005 if seq % 10 == 0 else 0)
            await until(lambda: 199 in world.connection.numbers())

        assert [seq for seq in play(act).connection.numbers() if seq] == list(range(1, 200))
