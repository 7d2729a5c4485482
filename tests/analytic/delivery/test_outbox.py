# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import logging
import math
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import pytest

from analytic.delivery import outbox as module
from analytic.delivery.database import Database
from analytic.delivery.outbox import Outbox, text_of
from analytic.events.types import Message
from tests.analytic.delivery.told import (
    SIGNER,
    Clock,
    a_deletion,
    a_gap,
    alarm,
    numbers,
    refuse_writes,
)

MakeOutbox = Callable[..., Outbox]


def hold(outbox: Outbox, *seqs: int) -> None:
    """Do as the dispatcher does where a commit fails."""
    with pytest.raises(sqlite3.Error):
        outbox.commit([alarm(seq) for seq in seqs])
    outbox.hold([alarm(seq, durable=False) for seq in seqs])


def waiting(outbox: Outbox, sink: str = "a") -> list[int]:
    return numbers(outbox.pending(sink, 1000))


class TestWaiting:
    def test_what_is_committed_waits_for_every_sink_in_order_and_word_for_word(self, make_outbox: MakeOutbox) -> None:
        outbox, messages = make_outbox(), [alarm(1), a_deletion(2, 1), a_gap(5, 3)]
        outbox.commit(messages[:2])
        outbox.commit(messages[2:])
        assert outbox.pending("a", 10) == outbox.pending("b", 10) == messages
        assert outbox.pending("a", 2) == messages[:2]
        assert (outbox.depth("a"), outbox.last_seq) == (3, 5)

    def test_an_empty_one_has_no_last_number(self, make_outbox: MakeOutbox) -> None:
        outbox = make_outbox()
        assert (outbox.last_seq, waiting(outbox), outbox.depth("a"), outbox.age_s("a")) == (None, [], 0, 0.0)

    def test_what_a_sink_has_acknowledged_waits_for_the_others_alone(self, make_outbox: MakeOutbox) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(seq) for seq in range(1, 5)])
        outbox.acknowledge("a", [1, 3])
        assert (waiting(outbox, "a"), waiting(outbox, "b")) == ([2, 4], [1, 2, 3, 4])
        assert (outbox.depth("a"), outbox.depth("b")) == (2, 4)

    def test_acknowledging_twice_or_what_was_never_there_does_no_harm(self, make_outbox: MakeOutbox) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(1), alarm(2)])
        outbox.acknowledge("a", [1, 1, 77])
        outbox.acknowledge("a", [1])
        outbox.acknowledge("a", [])
        assert (waiting(outbox), outbox.depth("a")) == ([2], 1)

    def test_the_age_is_that_of_the_oldest_that_waits(self, make_outbox: MakeOutbox, clock: Clock) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(1)])
        clock.now += 10
        outbox.commit([alarm(2)])
        clock.now += 5
        assert outbox.age_s("a") == 15
        outbox.acknowledge("a", [1])
        assert outbox.age_s("a") == 5
        clock.now -= 100
        assert outbox.age_s("a") == 0, "the clock was set back"

    def test_where_the_disk_cannot_be_read_nobody_can_tell_the_age(
        self, make_outbox: MakeOutbox, database: Database
    ) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(1)])
        database.close()
        assert math.isnan(outbox.age_s("a"))

    def test_a_restart_changes_nothing(self, make_outbox: MakeOutbox) -> None:
        first = make_outbox()
        first.commit([alarm(1), alarm(2), alarm(3)])
        first.acknowledge("a", [1])
        second = make_outbox()
        assert (waiting(second, "a"), waiting(second, "b"), second.last_seq) == ([2, 3], [1, 2, 3], 3)
        assert (second.depth("a"), second.depth("b")) == (2, 3)

    def test_of_messages_that_are_written_together_all_or_none_are(self, make_outbox: MakeOutbox) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(1)])
        with pytest.raises(sqlite3.IntegrityError):
            outbox.commit([alarm(2), alarm(1)])
        assert (waiting(outbox), outbox.depth("a")) == ([1], 1)

    def test_a_message_is_one_line_that_reads_the_same(self) -> None:
        text = text_of(alarm(1, label="Knäckebröd\n\u2028"))
        assert "\n" not in text
        assert "ä" in text


class TestSinks:
    def test_what_waits_for_a_sink_that_is_gone_is_given_up_and_told(
        self, make_outbox: MakeOutbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        make_outbox("a", "b").commit([alarm(1), alarm(2)])
        with caplog.at_level(logging.WARNING):
            make_outbox("a")
        assert [(record.message, record.__dict__["messages"]) for record in caplog.records] == [
            ("a sink is gone, and what waited for it", 2)
        ]
        back = make_outbox("a", "b")
        assert (waiting(back, "a"), waiting(back, "b")) == ([1, 2], [])

    def test_that_a_sink_is_gone_does_not_keep_a_full_disk_from_starting(
        self, make_outbox: MakeOutbox, database: Database
    ) -> None:
        make_outbox("a", "b").commit([alarm(1)])
        refuse_writes(database)
        assert waiting(make_outbox("a"), "a") == [1]

    def test_a_new_sink_gets_what_comes_from_then_on(self, make_outbox: MakeOutbox) -> None:
        make_outbox("a").commit([alarm(1)])
        outbox = make_outbox("a", "new")
        outbox.commit([alarm(2)])
        assert (waiting(outbox, "a"), waiting(outbox, "new")) == ([1, 2], [2])

    def test_without_sinks_messages_are_kept_all_the_same(self, database: Database) -> None:
        outbox = Outbox(database, (), SIGNER.sign)
        outbox.commit([alarm(1)])
        assert outbox.last_seq == 1


class TestRedelivery:
    def test_what_came_after_a_number_and_is_young_enough_goes_again_in_order(
        self, make_outbox: MakeOutbox, clock: Clock
    ) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(1), alarm(2)])
        clock.now += 100
        outbox.commit([alarm(3), alarm(4), alarm(5)])
        outbox.acknowledge("a", [1, 2, 3, 4])
        assert outbox.redeliver("a", 3, 0.0) == 1
        assert (waiting(outbox), outbox.depth("a")) == ([4, 5], 2)
        assert outbox.redeliver("a", 0, clock.now - 50) == 1
        assert (waiting(outbox), outbox.depth("a")) == ([3, 4, 5], 3)
        assert waiting(outbox, "b") == [1, 2, 3, 4, 5]

    def test_it_also_brings_back_what_was_acknowledged_while_nothing_could_be_noted(
        self, make_outbox: MakeOutbox, database: Database
    ) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(1), alarm(2)])
        refuse_writes(database)
        outbox.acknowledge("a", [1, 2])
        assert outbox.redeliver("a", 0, 0.0) == 0, "nor can it be asked for"
        refuse_writes(database, False)
        assert outbox.redeliver("a", 0, 0.0) == 2
        outbox.settle()
        assert (waiting(outbox), outbox.depth("a")) == ([1, 2], 2)


class TestBrokenDisk:
    def test_what_cannot_be_written_is_held_in_order_and_acknowledged_as_any_other(
        self, make_outbox: MakeOutbox, database: Database
    ) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(1), alarm(2)])
        refuse_writes(database)
        hold(outbox, 3, 4)
        assert waiting(outbox) == [1, 2, 3, 4]
        assert numbers(outbox.pending("a", 3)) == [1, 2, 3]
        assert [one["durable"] for one in outbox.pending("a", 9)] == [True, True, False, False]
        outbox.acknowledge("a", [1, 3])
        assert (waiting(outbox, "a"), waiting(outbox, "b")) == ([2, 4], [1, 2, 3, 4])
        assert outbox.depth("b") == 4

    @pytest.mark.parametrize("by", ["settling", "the next message"])
    def test_when_it_works_again_what_was_held_is_written_and_what_was_acknowledged_stays_so(
        self, make_outbox: MakeOutbox, database: Database, by: str
    ) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(1), alarm(2)])
        refuse_writes(database)
        hold(outbox, 3, 4)
        outbox.acknowledge("a", [1, 3])
        outbox.settle()
        assert outbox.last_seq == 2, "not yet"
        refuse_writes(database, False)
        if by == "settling":
            outbox.settle()
        else:
            outbox.commit([alarm(5)])
        rest = [5] if by != "settling" else []
        for one in (outbox, make_outbox()):
            assert (waiting(one, "a"), waiting(one, "b")) == ([2, 4, *rest], [1, 2, 3, 4, *rest])
            assert (one.depth("a"), one.depth("b")) == (2 + len(rest), 4 + len(rest))
        assert [one["durable"] for one in outbox.pending("b", 4)] == [True, True, False, False]

    def test_an_acknowledgement_that_was_not_noted_before_the_end_means_that_it_goes_again(
        self, make_outbox: MakeOutbox, database: Database
    ) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(1), alarm(2)])
        refuse_writes(database)
        outbox.acknowledge("a", [1])
        assert waiting(outbox) == numbers(outbox.pending("a", 1)) == [2]
        refuse_writes(database, False)
        assert waiting(make_outbox()) == [1, 2]

    def test_where_nothing_can_even_be_read_what_is_held_still_leaves(
        self, make_outbox: MakeOutbox, database: Database
    ) -> None:
        outbox = make_outbox()
        outbox.commit([alarm(1)])
        database.close()
        with pytest.raises(sqlite3.Error):
            outbox.pending("a", 9)
        hold(outbox, 2)
        assert waiting(outbox) == [2]
        outbox.acknowledge("a", [2])
        outbox.settle()
        assert outbox.redeliver("a", 0, 0.0) == 0

    def test_of_too_many_held_the_oldest_is_lost_and_told(
        self,
        make_outbox: MakeOutbox,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(module, "_MOST_HELD", 3)
        told: list[tuple[str, int]] = []
        outbox = make_outbox(given_up=lambda sink, count: told.append((sink, count)))
        refuse_writes(database)
        hold(outbox, 1, 2, 3)
        outbox.acknowledge("a", [1])
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            hold(outbox, 4)
        assert (waiting(outbox), told) == ([2, 3, 4], [("b", 1)])
        assert [record.message for record in caplog.records] == ["a message is lost: not on disk, and too many held"]

    def test_a_message_goes_to_disk_while_it_is_asked_for_and_is_found_once(
        self, make_outbox: MakeOutbox, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outbox = make_outbox()
        refuse_writes(database)
        hold(outbox, 1)
        refuse_writes(database, False)
        settled: list[threading.Thread] = []
        read = database.read

        def read_late(sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
            if not settled and "FROM pending JOIN" in sql:
                settled.append(threading.Thread(target=outbox.settle))
                settled[0].start()
                settled[0].join(timeout=0.05)  # it waits for us, or it has written
            return read(sql, values)

        monkeypatch.setattr(database, "read", read_late)
        assert waiting(outbox) == [1]
        settled[0].join()
        assert waiting(outbox) == [1]


def test_a_message_for_a_schema_of_another_kind_is_not_taken(make_outbox: MakeOutbox) -> None:
    broken: Message = {"phase": "end", "seq": 1}
    outbox = make_outbox()
    with pytest.raises(KeyError):
        outbox.commit([broken])
    outbox.commit([alarm(1)])
    assert waiting(outbox) == [1]
