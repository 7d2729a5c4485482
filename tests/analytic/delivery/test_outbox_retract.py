# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Deleting an event: that it is deleted is written, and it is gone, both at once or neither."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from analytic.delivery.database import Database
from analytic.delivery.history import History, Wanted
from analytic.delivery.outbox import Outbox
from analytic.delivery.signing import Signer
from analytic.delivery.verifying import Verifier
from tests.analytic.delivery.told import (
    SIGNER,
    Clock,
    a_deletion,
    alarm,
    event_id,
    is_sound,
    numbers,
    refuse_writes,
    spans,
)

ALL = 10_000
MakeOutbox = Callable[..., Outbox]


@pytest.fixture
def outbox(make_outbox: MakeOutbox) -> Outbox:
    return make_outbox()


@pytest.fixture
def history(database: Database, clock: Clock) -> History:
    return History(database, SIGNER.sign, clock)


def test_each_message_becomes_a_gap_in_its_place_under_its_own_id_and_number(outbox: Outbox, history: History) -> None:
    told = [alarm(1, "start", event=1), alarm(2), alarm(3, event=1), a_deletion(4, 1)]
    outbox.commit(told[:3])
    outbox.retract(told[3], event_id(1))
    found = history.after(0, ALL)
    assert spans(found) == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert [one["phase"] for one in found] == ["gap", "end", "gap", "deleted"]
    assert [one["message_id"] for one in found] == [one["message_id"] for one in told]
    assert (found[1], found[3]) == (told[1], told[3])
    assert all(is_sound(one) for one in found)
    assert history.position(told[2]["message_id"]) == 3, "a cursor that somebody holds stays good"


def test_a_sink_that_has_not_had_it_gets_the_gap_and_no_word_of_the_event(outbox: Outbox, history: History) -> None:
    outbox.commit([alarm(1), alarm(2)])
    outbox.acknowledge("a", [1])
    outbox.retract(a_deletion(3, 1), event_id(1))
    assert spans(outbox.pending("b", ALL)) == [(1, 1), (2, 2), (3, 3)]
    assert outbox.pending("b", ALL)[0] == history.after(0, 1)[0]
    assert numbers(outbox.pending("a", ALL)) == [2, 3]
    assert (outbox.depth("a"), outbox.depth("b")) == (2, 3)


def test_where_a_sink_gets_a_wider_gap_it_stays_one(make_outbox: MakeOutbox) -> None:
    outbox = make_outbox("a", max_pending=2)
    outbox.commit([alarm(seq) for seq in range(1, 6)])
    outbox.retract(a_deletion(6, 3), event_id(3))
    found = outbox.pending("a", ALL)
    assert spans(found) == [(1, 4), (5, 5), (6, 6)]
    assert all(is_sound(one) for one in found)


def test_it_is_gone_from_the_events_and_no_other_is(outbox: Outbox, history: History) -> None:
    outbox.commit([alarm(1), alarm(2)])
    outbox.retract(a_deletion(3, 1), event_id(1))
    assert history.event(event_id(1)) is None
    assert [kept.first_seq for kept in history.events(Wanted(), ALL)] == [2]


def test_of_one_that_is_not_kept_the_deletion_alone_is_written(outbox: Outbox, history: History) -> None:
    outbox.commit([alarm(1)])
    outbox.retract(a_deletion(2, 77), event_id(77))
    assert [one["phase"] for one in history.after(0, ALL)] == ["end", "deleted"]


class TestFailure:
    def test_where_it_cannot_be_written_all_is_as_it_was(
        self, outbox: Outbox, history: History, database: Database
    ) -> None:
        told = [alarm(1, "start", event=1), alarm(2, event=1)]
        outbox.commit(told)
        refuse_writes(database)
        with pytest.raises(sqlite3.Error):
            outbox.retract(a_deletion(3, 1), event_id(1))
        assert history.after(0, ALL) == outbox.pending("a", ALL) == told
        assert history.event(event_id(1)) is not None
        assert (outbox.last_seq, outbox.depth("a")) == (2, 2)
        refuse_writes(database, False)
        outbox.settle()
        assert history.after(0, ALL) == told, "nor is it done later"
        outbox.retract(a_deletion(3, 1), event_id(1))
        assert [one["phase"] for one in history.after(0, ALL)] == ["gap", "gap", "deleted"]

    @pytest.mark.parametrize("refused", ["UPDATE ON messages", "DELETE ON events", "INSERT ON messages"])
    def test_wherever_it_fails_nothing_is_done_by_half(
        self, outbox: Outbox, history: History, database: Database, refused: str
    ) -> None:
        told = [alarm(1, "start", event=1), alarm(2, event=1)]
        outbox.commit(told)
        database.read(f"CREATE TRIGGER refuse BEFORE {refused} BEGIN SELECT RAISE(ABORT, 'no'); END")
        with pytest.raises(sqlite3.Error):
            outbox.retract(a_deletion(3, 1), event_id(1))
        assert history.after(0, ALL) == outbox.pending("a", ALL) == told
        assert history.event(event_id(1)) is not None
        assert outbox.depth("a") == 2

    def test_a_full_disk_leaves_the_event(self, tmp_path: Path) -> None:
        database = Database(tmp_path)
        outbox, history = Outbox(database, ["a"], SIGNER.sign), History(database, SIGNER.sign)
        told = [alarm(1, label="x" * 100)]
        outbox.commit(told)
        ((pages,),) = database.read("PRAGMA page_count")
        database.read(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            outbox.retract({**a_deletion(2, 1), "more": "x" * 100_000}, event_id(1))
        assert history.after(0, ALL) == told
        assert history.event(event_id(1)) is not None
        database.close()

    def test_what_was_held_is_written_first_and_deleted_with_the_rest(
        self, outbox: Outbox, history: History, database: Database
    ) -> None:
        outbox.commit([alarm(1, "start", event=1)])
        refuse_writes(database)
        outbox.hold([alarm(2, "end", event=1, durable=False)])
        with pytest.raises(sqlite3.Error):
            outbox.retract(a_deletion(3, 1), event_id(1))
        assert numbers(outbox.pending("a", ALL)) == [1, 2]
        refuse_writes(database, False)
        outbox.retract(a_deletion(3, 1), event_id(1))
        found = outbox.pending("a", ALL)
        assert [(one["seq"], one["phase"]) for one in found] == [(1, "gap"), (2, "gap"), (3, "deleted")]
        assert history.after(0, ALL) == found
        assert outbox.depth("a") == 3


def test_gaps_in_the_place_of_another_devices_messages_are_signed_and_named_as_this_ones(database: Database) -> None:
    """The key was replaced, the outbox was kept."""
    first, second = Signer.ephemeral(), Signer.ephemeral()
    old = [first.sign({**alarm(seq), "device": first.device}) for seq in (1, 2, 5)]
    Outbox(database, ["a"], first.sign_anew).commit(old)
    outbox = Outbox(database, ["a"], second.sign_anew)
    outbox.retract(second.sign({**a_deletion(6, 1), "device": second.device}), event_id(1))
    found = History(database, second.sign_anew).after(0, ALL)
    assert spans(found) == [(1, 1), (2, 2), (3, 4), (5, 5), (6, 6)]
    for message in found:
        signer = second if message["phase"] in ("gap", "deleted") else first
        Verifier(signer.public_key).check(message)
