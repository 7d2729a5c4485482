# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from tenacity import wait_fixed

from analytic.delivery import pump as module
from analytic.delivery.pump import LONGEST_PAUSE_S, Pump, Unreachable
from analytic.events.types import Message
from tests.analytic.delivery.told import alarm, numbers

WAIT_S = 10.0
FOR_EVER_S = 3600.0


class Outbox:
    """Lists in place of the database; what is asked of it may fail."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Message] = []
        self.acknowledged: queue.Queue[list[int]] = queue.Queue()
        self.settled: queue.Queue[None] = queue.Queue()
        self.failures: list[Exception] = []

    def put(self, *seqs: int) -> None:
        with self._lock:
            self._waiting += [alarm(seq) for seq in seqs]

    def left(self) -> list[int]:
        with self._lock:
            return numbers(self._waiting)

    def pending(self, _sink: str, limit: int) -> list[Message]:
        if self.failures:
            raise self.failures.pop(0)
        with self._lock:
            return self._waiting[:limit]

    def acknowledge(self, _sink: str, seqs: Sequence[int]) -> None:
        with self._lock:
            self._waiting = [one for one in self._waiting if one["seq"] not in seqs]
        self.acknowledged.put(list(seqs))

    def settle(self) -> None:
        self.settled.put(None)


class Sink:
    """Takes each message as `answers` say: None takes it, an exception is raised before it."""

    name = "sink"

    def __init__(self, answers: Callable[[Message], BaseException | None] = lambda _message: None) -> None:
        self._answers = answers
        self.had: queue.Queue[int] = queue.Queue()
        self.ticks: queue.Queue[None] = queue.Queue()
        self.closed = threading.Event()
        self.threads: set[str] = set()

    def deliver(self, messages: Sequence[Message]) -> Iterator[int]:
        self.threads.add(threading.current_thread().name)
        for message in messages:
            error = self._answers(message)
            if error is not None:
                raise error
            self.had.put(message["seq"])
            yield message["seq"]

    def tick(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.ticks.put(None)

    def close(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.closed.set()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


Start = Callable[..., Pump]


@pytest.fixture
def start(outbox: Outbox) -> Iterator[Start]:
    started: list[Pump] = []

    def begin(sink: Any, **options: Any) -> Pump:
        started.append(Pump(sink, outbox, **options))
        started[-1].start()
        return started[-1]

    yield begin
    for pump in started:
        pump.stop()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, which take no time."""
    noted: list[float] = []
    monkeypatch.setattr(module, "sleep_using_event", lambda _event: noted.append)
    return noted


def failing(*errors: BaseException) -> Callable[[Message], BaseException | None]:
    """Raise each of these once, then take everything."""
    left = list(errors)
    return lambda _message: left.pop(0) if left else None


def taken(sink: Sink, count: int) -> list[int]:
    return [sink.had.get(timeout=WAIT_S) for _ in range(count)]


class TestOrder:
    def test_what_waits_goes_in_order_in_one_thread_and_is_acknowledged(self, outbox: Outbox, start: Start) -> None:
        outbox.put(*range(1, 251))
        sink, counted = Sink(), list[tuple[str, int]]()
        pump = start(sink, delivered=lambda name, count: counted.append((name, count)))
        assert taken(sink, 250) == list(range(1, 251))
        acknowledged = list(itertools.chain(*(outbox.acknowledged.get(timeout=WAIT_S) for _ in range(3))))
        assert acknowledged == list(range(1, 251))
        pump.stop()
        assert sum(count for name, count in counted if name == "sink") == 250
        assert sink.threads == {"pump-sink"}
        assert pump.name == "sink"

    @pytest.mark.parametrize(
        "error",
        [Unreachable("away"), OSError("broken pipe"), sqlite3.OperationalError("x"), ValueError("x"), KeyError("x")],
        ids=lambda error: type(error).__name__,
    )
    @pytest.mark.usefixtures("pauses")
    def test_what_was_acknowledged_before_a_failure_counts_and_the_rest_goes_again(
        self, outbox: Outbox, start: Start, error: Exception
    ) -> None:
        outbox.put(1, 2, 3, 4)
        third = failing(error)
        sink = Sink(lambda message: third(message) if message["seq"] == 3 else None)
        start(sink)
        assert taken(sink, 4) == [1, 2, 3, 4]
        had = [outbox.acknowledged.get(timeout=WAIT_S)]
        while sum(map(len, had)) < 4:
            had.append(outbox.acknowledged.get(timeout=WAIT_S))
        assert had[0] == [1, 2]
        assert list(itertools.chain(*had)) == [1, 2, 3, 4]

    def test_between_messages_it_ticks_and_has_what_was_held_written(self, outbox: Outbox, start: Start) -> None:
        sink = Sink()
        start(sink)
        sink.ticks.get(timeout=WAIT_S)
        outbox.settled.get(timeout=WAIT_S)


class TestWaking:
    def test_a_new_message_goes_at_once(self, outbox: Outbox, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_TICK_S", FOR_EVER_S)
        sink = Sink()
        pump = start(sink)
        for seq in range(1, 20):
            sink.ticks.get(timeout=WAIT_S)
            outbox.put(seq)
            pump.accept(alarm(seq))
            assert taken(sink, 1) == [seq]

    def test_one_that_comes_while_the_outbox_is_looked_at_is_not_overlooked(
        self, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_TICK_S", FOR_EVER_S)
        look = outbox.pending

        def look_too_early(sink: str, limit: int) -> list[Message]:
            found = look(sink, limit)
            if outbox.settled.empty() and not found:
                outbox.put(1)
                pump.accept(alarm(1))
            return found

        monkeypatch.setattr(outbox, "pending", look_too_early)
        sink = Sink()
        pump = Pump(sink, outbox)
        pump.start()
        assert taken(sink, 1) == [1]
        pump.stop()

    def test_one_that_comes_while_another_is_sent_is_not_overlooked(
        self, outbox: Outbox, start: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_TICK_S", FOR_EVER_S)
        outbox.put(1)

        def another(message: Message) -> None:
            if message["seq"] == 1:
                outbox.put(2)
                pump.accept(alarm(2))

        sink = Sink(another)
        pump = Pump(sink, outbox)
        pump.start()
        assert taken(sink, 2) == [1, 2]
        pump.stop()


class TestFailure:
    def test_it_comes_back_later_and_later_with_jitter_and_never_later_than_the_longest_pause(
        self, outbox: Outbox, start: Start, pauses: list[float]
    ) -> None:
        outbox.put(1)
        sink = Sink(failing(*(Unreachable("away") for _ in range(300))))
        start(sink)
        assert taken(sink, 1) == [1]
        assert len(pauses) == 300
        for count, pause in enumerate(pauses):
            assert 0 <= pause <= min(LONGEST_PAUSE_S, 0.25 * 2**count)
        assert max(pauses) > LONGEST_PAUSE_S / 2
        assert len(set(pauses)) > 250, "not all devices come back at the same moment"

    def test_after_a_success_the_pauses_are_short_again(
        self, outbox: Outbox, start: Start, pauses: list[float]
    ) -> None:
        outbox.put(1, 2)
        left = {1: 40, 2: 1}

        def answer(message: Message) -> BaseException | None:
            left[message["seq"]] -= 1
            return Unreachable("away") if left[message["seq"]] >= 0 else None

        sink = Sink(answer)
        start(sink)
        assert taken(sink, 2) == [1, 2]
        assert len(pauses) >= 41

    def test_it_is_told_once_when_a_sink_goes_away_and_once_when_it_is_back(
        self, outbox: Outbox, start: Start, pauses: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        changes: queue.Queue[tuple[str, bool]] = queue.Queue()
        sink = Sink(failing(*(Unreachable("away") for _ in range(5))))
        with caplog.at_level(logging.INFO):
            pump = start(sink, reachable=lambda name, is_it: changes.put((name, is_it)))
            assert changes.get(timeout=WAIT_S) == ("sink", True)
            outbox.put(1)
            pump.accept(alarm(1))
            assert [changes.get(timeout=WAIT_S) for _ in range(2)] == [("sink", False), ("sink", True)]
            pump.stop()
        assert changes.empty()
        assert [record.message for record in caplog.records] == ["a sink cannot be reached", "a sink is reached again"]

    @pytest.mark.usefixtures("pauses")
    def test_a_sink_that_raises_whatever_it_likes_in_whatever_place_does_not_end_deliveries(
        self, outbox: Outbox, start: Start, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Clumsy(Sink):
            def tick(self) -> None:
                super().tick()
                if self.ticks.qsize() < 3:
                    raise ZeroDivisionError

        sink = Clumsy(failing(TypeError("a"), RuntimeError("b"), AssertionError("c"), StopIteration()))
        with caplog.at_level(logging.ERROR):
            pump = start(sink)
            while sink.ticks.qsize() < 3:
                outbox.settled.get(timeout=WAIT_S)
            outbox.put(1)
            pump.accept(alarm(1))
            assert taken(sink, 1) == [1]
            pump.stop()
        assert [record.message for record in caplog.records] == ["a sink failed"] * 6

    def test_a_sink_that_acknowledges_nothing_cannot_be_reached_and_is_not_asked_without_a_pause(
        self, outbox: Outbox, start: Start, pauses: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        class Silent(Sink):
            calls = 0

            def deliver(self, messages: Sequence[Message]) -> Iterator[int]:
                self.calls += 1
                if self.calls > 20:
                    yield from super().deliver(messages)

        changes: queue.Queue[bool] = queue.Queue()
        outbox.put(1)
        sink = Silent()
        with caplog.at_level(logging.WARNING):
            start(sink, reachable=lambda _name, is_it: changes.put(is_it))
            assert taken(sink, 1) == [1]
        assert len(pauses) == 20
        assert [changes.get(timeout=WAIT_S) for _ in range(2)] == [False, True]
        assert [(record.message, record.__dict__["error"]) for record in caplog.records] == [
            ("a sink cannot be reached", "nothing was acknowledged")
        ]

    @pytest.mark.usefixtures("pauses")
    def test_an_outbox_that_cannot_be_read_is_tried_again(self, outbox: Outbox, start: Start) -> None:
        outbox.failures += [sqlite3.OperationalError("disk I/O error"), sqlite3.DatabaseError("malformed")]
        outbox.put(1)
        sink = Sink()
        start(sink)
        assert taken(sink, 1) == [1]


class TestGivingUp:
    """Of a message on which a sink fails by a fault of ours."""

    @pytest.fixture
    def told(self) -> queue.Queue[tuple[str, int]]:
        return queue.Queue()

    @staticmethod
    def failing_on(bad: set[int], tries: list[int], error: type[Exception] = KeyError) -> Sink:
        """A sink that fails on some messages, and notes each try of one of them."""

        def answer(message: Message) -> BaseException | None:
            if message["seq"] not in bad:
                return None
            tries.append(message["seq"])
            return error("x")

        return Sink(answer)

    @pytest.mark.usefixtures("pauses")
    def test_after_ten_tries_in_a_row_it_is_given_up_and_told_and_the_next_go(
        self, outbox: Outbox, start: Start, told: queue.Queue[tuple[str, int]], caplog: pytest.LogCaptureFixture
    ) -> None:
        outbox.put(1, 2, 3, 4)
        tries, delivered = list[int](), list[int]()
        sink = self.failing_on({2, 3}, tries)
        with caplog.at_level(logging.ERROR):
            pump = start(
                sink,
                given_up=lambda name, count: told.put((name, count)),
                delivered=lambda _name, count: delivered.append(count),
            )
            assert taken(sink, 2) == [1, 4]
            pump.stop()
        assert tries == [2] * 10 + [3] * 10
        assert list(told.queue) == [("sink", 1)] * 2
        assert sum(delivered) == 2
        assert outbox.left() == []
        given_up = [record for record in caplog.records if record.message.startswith("a message is given up")]
        assert [record.__dict__["seq"] for record in given_up] == [2, 3]

    @pytest.mark.usefixtures("pauses")
    def test_a_sink_that_looks_at_a_whole_batch_first_loses_no_message_but_the_one_it_fails_on(
        self, outbox: Outbox, start: Start, told: queue.Queue[tuple[str, int]]
    ) -> None:
        class Composing(Sink):
            def deliver(self, messages: Sequence[Message]) -> Iterator[int]:
                if any(message["seq"] == 30 for message in messages):
                    raise ValueError("30")
                yield from super().deliver(messages)

        outbox.put(*range(1, 301))
        sink = Composing()
        start(sink, given_up=lambda name, count: told.put((name, count)))
        assert taken(sink, 299) == [*range(1, 30), *range(31, 301)]
        assert list(told.queue) == [("sink", 1)]

    @pytest.mark.usefixtures("pauses")
    def test_one_that_goes_at_the_tenth_try_is_not(
        self, outbox: Outbox, start: Start, told: queue.Queue[tuple[str, int]]
    ) -> None:
        outbox.put(1, 2)
        sink = Sink(failing(*(KeyError("x") for _ in range(9))))
        start(sink, given_up=lambda name, count: told.put((name, count)))
        assert taken(sink, 2) == [1, 2]
        assert told.empty()

    @pytest.mark.parametrize("error", [Unreachable, OSError, sqlite3.OperationalError])
    @pytest.mark.usefixtures("pauses")
    def test_what_is_no_fault_of_ours_gives_nothing_up(
        self, outbox: Outbox, start: Start, told: queue.Queue[tuple[str, int]], error: type[Exception]
    ) -> None:
        outbox.put(1)
        sink = Sink(failing(*(error("away") for _ in range(50))))
        start(sink, given_up=lambda name, count: told.put((name, count)))
        assert taken(sink, 1) == [1]
        assert told.empty()

    @pytest.mark.usefixtures("pauses")
    def test_faults_beside_messages_give_nothing_up(
        self, outbox: Outbox, start: Start, told: queue.Queue[tuple[str, int]]
    ) -> None:
        class Clumsy(Sink):
            def tick(self) -> None:
                super().tick()
                if self.ticks.qsize() <= 20:
                    raise ZeroDivisionError

        sink = Clumsy()
        pump = start(sink, given_up=lambda name, count: told.put((name, count)))
        while sink.ticks.qsize() < 20:
            outbox.settled.get(timeout=WAIT_S)
        outbox.put(1)
        pump.accept(alarm(1))
        assert taken(sink, 1) == [1]
        assert told.empty()


class TestEnd:
    def test_it_ends_at_once_while_there_is_nothing_to_do(self, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_TICK_S", FOR_EVER_S)
        sink = Sink()
        pump = start(sink)
        sink.ticks.get(timeout=WAIT_S)
        pump.stop()
        assert sink.closed.is_set()
        assert sink.threads == {"pump-sink"}

    def test_it_ends_at_once_in_a_pause_and_what_waits_stays(
        self, outbox: Outbox, start: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "wait_random_exponential", lambda **_options: wait_fixed(FOR_EVER_S))
        away = threading.Event()
        outbox.put(1)
        sink = Sink(lambda _message: Unreachable("away"))
        pump = start(sink, reachable=lambda _name, _is: away.set())
        assert away.wait(WAIT_S)
        pump.stop()
        assert sink.closed.is_set()
        assert outbox.left() == [1]

    def test_one_that_never_started_and_one_that_has_ended_can_be_stopped(self, outbox: Outbox, start: Start) -> None:
        sink = Sink()
        Pump(sink, outbox).stop()
        assert not sink.closed.is_set()
        pump = start(sink)
        pump.stop()
        pump.stop()

    def test_the_message_under_way_ends_first_and_the_rest_of_its_batch_stays_for_the_next_start(
        self, outbox: Outbox, start: Start
    ) -> None:
        outbox.put(1, 2, 3)
        begun, go_on = threading.Event(), threading.Event()

        def answer(_message: Message) -> None:
            begun.set()
            assert go_on.wait(WAIT_S)

        sink = Sink(answer)
        pump = start(sink)
        assert begun.wait(WAIT_S)
        pump.stop_soon()
        go_on.set()
        pump.stop()
        assert taken(sink, 1) == [1]
        assert sink.had.empty()
        assert sink.closed.is_set()
        assert outbox.acknowledged.get(timeout=WAIT_S) == [1]
        assert outbox.left() == [2, 3]
        again = Sink()
        start(again)
        assert taken(again, 2) == [2, 3]
