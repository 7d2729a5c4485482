# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analytic.delivery.database import Database
from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.memory import Memory
from analytic.delivery.outbox import Outbox
from analytic.delivery.sequence import Sequence as Numbers
from analytic.events.types import Event, Message
from analytic.ids import Uuid7
from tests.analytic.delivery.told import NOON, SIGNER, event_id, is_sound, numbers, refuse_writes

Fire = Callable[..., Event]
MakeDispatcher = Callable[..., Dispatcher]


class Broken:
    name = "broken"

    def accept(self, message: Message) -> None:
        raise OSError("the broker is gone")


@pytest.fixture
def make_dispatcher(new_id: Uuid7) -> MakeDispatcher:
    def make(journal: Any, *sinks: Any, numbers: Numbers | None = None, **options: Any) -> Dispatcher:
        return Dispatcher(journal, new_id, SIGNER, numbers, sinks, now=lambda: NOON + 0.9, **options)

    return make


def test_each_message_gets_an_id_and_the_next_number(fire: Fire, make_dispatcher: MakeDispatcher) -> None:
    memory = Memory()
    dispatcher = make_dispatcher(memory)
    stamps = [*dispatcher.publish([fire(), fire()]), *dispatcher.publish([fire()])]
    assert [stamp.seq for stamp in stamps] == [1, 2, 3]
    kept = memory.messages()
    assert [tuple(message[field] for field in type(stamps[0])._fields) for message in kept] == stamps
    assert len({stamp.message_id for stamp in stamps}) == 3


def test_nothing_published_takes_no_number(fire: Fire, make_dispatcher: MakeDispatcher) -> None:
    dispatcher = make_dispatcher(Memory())
    assert dispatcher.publish([]) == []
    assert [stamp.seq for stamp in dispatcher.publish([fire()])] == [1]


def test_messages_are_coarse(fire: Fire, make_dispatcher: MakeDispatcher) -> None:
    memory = Memory()
    make_dispatcher(memory).publish([fire()])
    (message,) = memory.messages()
    assert (message["score"], message["onset_s"], message["offset_s"], message["peak_dbfs"]) == (0.45, 1.0, 10.0, -12.0)
    assert "predictions" not in message


def test_messages_of_one_event_share_its_id_and_not_their_own(fire: Fire, make_dispatcher: MakeDispatcher) -> None:
    memory = Memory()
    make_dispatcher(memory).publish([replace(fire(), phase="start", offset_s=None), fire()])
    start, end = memory.messages()
    assert (start["phase"], end["phase"]) == ("start", "end")
    assert start["id"] == end["id"]
    assert start["message_id"] < end["message_id"]


def test_every_sink_gets_every_message_in_the_same_order(fire: Fire, make_dispatcher: MakeDispatcher) -> None:
    sinks = [Memory(), Memory()]
    make_dispatcher(Memory(), *sinks).publish([fire(), fire(source="hall")])
    assert sinks[0].messages() == sinks[1].messages() != []


def test_a_sink_that_fails_stops_no_other_and_is_named(
    fire: Fire, make_dispatcher: MakeDispatcher, caplog: pytest.LogCaptureFixture
) -> None:
    before, after, failed = Memory(), Memory(), list[str]()
    dispatcher = make_dispatcher(Memory(), before, Broken(), after, failed=failed.append)
    with caplog.at_level(logging.ERROR):
        assert len(dispatcher.publish([fire(), fire()])) == 2
    assert len(before.messages()) == len(after.messages()) == 2
    assert failed == ["broken", "broken"]
    assert [record.message for record in caplog.records] == ["sink failed", "sink failed"]


def test_numbers_are_gapless_and_in_order_for_every_sink_whatever_the_threads(
    fire: Fire, make_dispatcher: MakeDispatcher
) -> None:
    memory = Memory(capacity=10_000)
    dispatcher = make_dispatcher(memory)
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


def test_events_that_cannot_be_made_leave_the_dispatcher_whole(fire: Fire, make_dispatcher: MakeDispatcher) -> None:
    dispatcher = make_dispatcher(Memory())

    def events() -> Iterator[Event]:
        yield fire()
        raise KeyError("no such thing")

    with pytest.raises(KeyError):
        dispatcher.publish(events())
    assert [stamp.seq for stamp in dispatcher.publish([fire()])] == [1]


def test_a_message_says_which_device_speaks_and_when_it_was_made_and_is_signed(
    fire: Fire, make_dispatcher: MakeDispatcher
) -> None:
    memory = Memory()
    dispatcher = make_dispatcher(memory)
    dispatcher.publish([replace(fire(), phase="start", offset_s=None), replace(fire(), phase="update"), fire()])
    dispatcher.retract(event_id(1))
    dispatcher.skip(2)
    assert [message["phase"] for message in memory.messages()] == ["start", "update", "end", "deleted", "gap"]
    for message in memory.messages():
        assert is_sound(message)
        assert (message["device"], message["time"]) == (SIGNER.device, "2026-01-01T12:00:00Z")
        assert message["durable"] is True


def test_a_deletion_says_nothing_of_the_event_but_its_id(make_dispatcher: MakeDispatcher) -> None:
    memory = Memory()
    stamp = make_dispatcher(memory).retract(event_id(1))
    (message,) = memory.messages()
    assert set(message) == {"message_id", "seq", "device", "time", "durable", "phase", "id", "signature"}
    assert (message["id"], message["message_id"]) == (event_id(1), stamp.message_id)


def test_a_gap_stands_for_the_numbers_up_to_its_own(fire: Fire, make_dispatcher: MakeDispatcher) -> None:
    memory = Memory()
    dispatcher = make_dispatcher(memory, numbers=Numbers(None, 40))
    dispatcher.skip(11)
    dispatcher.publish([fire()])
    gap, after = memory.messages()
    assert (gap["first_seq"], gap["seq"], after["seq"]) == (11, 41, 42)


class Witness:
    """A sink that notes what the journal had kept when the message came."""

    name = "witness"

    def __init__(self, journal: Outbox) -> None:
        self._journal = journal
        self.saw: list[list[int]] = []

    def accept(self, message: Message) -> None:
        self.saw.append(numbers(self._journal.pending("s", 1000)))


class TestKeeping:
    @pytest.fixture
    def outbox(self, database: Database) -> Outbox:
        return Outbox(database, ["s"], SIGNER.sign)

    def test_all_of_one_clip_is_kept_together_before_any_sink_gets_any(
        self, fire: Fire, make_dispatcher: MakeDispatcher, outbox: Outbox
    ) -> None:
        witness = Witness(outbox)
        dispatcher = make_dispatcher(outbox, witness)
        dispatcher.publish([fire(), fire()])
        dispatcher.publish([fire()])
        assert witness.saw == [[1, 2], [1, 2], [1, 2, 3]]

    def test_what_cannot_be_kept_leaves_all_the_same_and_says_so(
        self,
        fire: Fire,
        make_dispatcher: MakeDispatcher,
        outbox: Outbox,
        database: Database,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        sink, lost = Memory(), list[int]()
        dispatcher = make_dispatcher(outbox, sink, not_durable=lost.append)
        dispatcher.publish([fire()])
        refuse_writes(database)
        with caplog.at_level(logging.ERROR):
            stamps = dispatcher.publish([fire(), fire()])
        assert [stamp.durable for stamp in stamps] == [False, False]
        assert [message["durable"] for message in sink.messages()] == [True, False, False]
        assert all(is_sound(message) for message in sink.messages())
        assert outbox.pending("s", 10) == sink.messages()
        assert lost == [2]
        assert [record.message for record in caplog.records] == ["messages leave without being kept"]
        refuse_writes(database, False)
        assert dispatcher.publish([fire()])[0].durable
        assert database.read("SELECT seq FROM messages ORDER BY seq") == [(1,), (2,), (3,), (4,)]
        assert outbox.pending("s", 10) == sink.messages()

    def test_the_numbers_of_what_could_not_be_kept_are_not_given_again(
        self, fire: Fire, make_dispatcher: MakeDispatcher, outbox: Outbox, database: Database, tmp_path: Path
    ) -> None:
        given = Numbers(tmp_path / "last-number", None)
        dispatcher = make_dispatcher(outbox, numbers=given)
        dispatcher.publish([fire()])
        refuse_writes(database)
        dispatcher.publish([fire(), fire()])
        given.close()
        refuse_writes(database, False)
        again = Numbers(tmp_path / "last-number", Outbox(database, ["s"], SIGNER.sign).last_seq)
        assert make_dispatcher(outbox, numbers=again).publish([fire()])[0].seq == 4
        again.close()

    def test_an_event_is_deleted_before_anybody_is_told(
        self, fire: Fire, make_dispatcher: MakeDispatcher, outbox: Outbox
    ) -> None:
        witness, sink = Witness(outbox), Memory()
        dispatcher = make_dispatcher(outbox, witness, sink)
        dispatcher.publish([fire()])
        dispatcher.retract(fire().id)
        assert witness.saw == [[1], [1, 2]]
        assert [message["phase"] for message in outbox.pending("s", 10)] == ["gap", "deleted"]
        assert sink.messages()[-1] == outbox.pending("s", 10)[-1]

    def test_a_deletion_that_cannot_be_kept_is_raised_told_to_nobody_and_its_number_is_given_again(
        self, fire: Fire, make_dispatcher: MakeDispatcher, outbox: Outbox, database: Database, tmp_path: Path
    ) -> None:
        sink, lost, given = Memory(), list[int](), Numbers(tmp_path / "last-number", None)
        dispatcher = make_dispatcher(outbox, sink, numbers=given, not_durable=lost.append)
        dispatcher.publish([fire()])
        told = sink.messages()
        refuse_writes(database)
        for _ in range(3):
            with pytest.raises(sqlite3.Error):
                dispatcher.retract(fire().id)
        assert outbox.pending("s", 10) == sink.messages() == told
        assert lost == []
        refuse_writes(database, False)
        assert dispatcher.publish([fire()])[0].seq == 2
        assert dispatcher.retract(fire().id).seq == 3
        assert numbers(sink.messages()) == numbers(outbox.pending("s", 10)) == [1, 2, 3]
        given.close()

    def test_what_is_no_fault_of_the_disk_is_not_hidden(self, fire: Fire, make_dispatcher: MakeDispatcher) -> None:
        class Wrong(Memory):
            def commit(self, messages: Sequence[Message]) -> None:
                raise TypeError("a fault of ours")

        sink = Memory()
        with pytest.raises(TypeError):
            make_dispatcher(Wrong(), sink).publish([fire()])
        assert sink.messages() == []

    @pytest.mark.parametrize("error", [sqlite3.OperationalError, sqlite3.DatabaseError, sqlite3.IntegrityError])
    def test_whatever_the_database_says_alarms_leave(
        self, fire: Fire, make_dispatcher: MakeDispatcher, error: type[sqlite3.Error]
    ) -> None:
        class Sick(Memory):
            def commit(self, messages: Sequence[Message]) -> None:
                raise error("no")

        sick, sink = Sick(), Memory()
        assert [stamp.durable for stamp in make_dispatcher(sick, sink).publish([fire()])] == [False]
        assert sick.messages() == sink.messages() != []
