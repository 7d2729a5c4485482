# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.memory import Memory
from analytic.events.types import Event, Message
from analytic.ids import Uuid7

Fire = Callable[..., Event]


class Broken:
    name = "broken"

    def accept(self, message: Message) -> None:
        raise OSError("the broker is gone")


def test_each_message_gets_an_id_and_the_next_number(fire: Fire, new_id: Uuid7) -> None:
    memory = Memory()
    dispatcher = Dispatcher([memory], new_id)
    stamps = [*dispatcher.publish([fire(), fire()]), *dispatcher.publish([fire()])]
    assert [stamp.seq for stamp in stamps] == [1, 2, 3]
    kept = memory.messages()
    assert [(message["message_id"], message["seq"]) for message in kept] == stamps
    assert len({stamp.message_id for stamp in stamps}) == 3


def test_nothing_published_takes_no_number(fire: Fire, new_id: Uuid7) -> None:
    dispatcher = Dispatcher([], new_id)
    assert dispatcher.publish([]) == []
    assert [stamp.seq for stamp in dispatcher.publish([fire()])] == [1]


def test_messages_are_coarse(fire: Fire, new_id: Uuid7) -> None:
    memory = Memory()
    Dispatcher([memory], new_id).publish([fire()])
    (message,) = memory.messages()
    assert (message["score"], message["onset_s"], message["offset_s"], message["peak_dbfs"]) == (0.45, 1.0, 10.0, -12.0)
    assert "predictions" not in message


def test_messages_of_one_event_share_its_id_and_not_their_own(fire: Fire, new_id: Uuid7) -> None:
    memory = Memory()
    Dispatcher([memory], new_id).publish([replace(fire(), phase="start", offset_s=None), fire()])
    start, end = memory.messages()
    assert (start["phase"], end["phase"]) == ("start", "end")
    assert start["id"] == end["id"]
    assert start["message_id"] < end["message_id"]


def test_every_sink_gets_every_message_in_the_same_order(fire: Fire, new_id: Uuid7) -> None:
    sinks = [Memory(), Memory()]
    Dispatcher(sinks, new_id).publish([fire(), fire(source="hall")])
    assert sinks[0].messages() == sinks[1].messages() != []


def test_a_sink_that_fails_stops_no_other_and_is_named(
    fire: Fire, new_id: Uuid7, caplog: pytest.LogCaptureFixture
) -> None:
    before, after, failed = Memory(), Memory(), list[str]()
    dispatcher = Dispatcher([before, Broken(), after], new_id, failed.append)
    with caplog.at_level(logging.ERROR):
        assert len(dispatcher.publish([fire(), fire()])) == 2
    assert len(before.messages()) == len(after.messages()) == 2
    assert failed == ["broken", "broken"]
    assert [record.message for record in caplog.records] == ["sink failed", "sink failed"]


def test_numbers_are_gapless_and_in_order_for_every_sink_whatever_the_threads(fire: Fire, new_id: Uuid7) -> None:
    memory = Memory(capacity=10_000)
    dispatcher = Dispatcher([memory], new_id)
    begin = threading.Barrier(8)
    stamps: list[list[int]] = [[] for _ in range(8)]

    def work(mine: list[int]) -> None:
        begin.wait(timeout=5)
        for _ in range(50):
            start, end = dispatcher.publish([replace(fire(), phase="start", offset_s=None), fire()])
            assert end.seq == start.seq + 1
            mine += [start.seq, end.seq]

    threads = [threading.Thread(target=work, args=(mine,)) for mine in stamps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    kept = memory.messages()
    assert [message["seq"] for message in kept] == list(range(1, 801))
    assert sorted(seq for mine in stamps for seq in mine) == list(range(1, 801))
    ids = [message["message_id"] for message in kept]
    assert ids == sorted(set(ids)), "ids grow with the numbers: a cursor by id misses nothing"


def test_events_that_cannot_be_made_leave_the_dispatcher_whole(fire: Fire, new_id: Uuid7) -> None:
    dispatcher = Dispatcher([], new_id)

    def events() -> Iterator[Event]:
        yield fire()
        raise KeyError("no such thing")

    with pytest.raises(KeyError):
        dispatcher.publish(events())
    assert [stamp.seq for stamp in dispatcher.publish([fire()])] == [2]
