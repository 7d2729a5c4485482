# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.delivery.database import Database
from analytic.delivery.history import History, Kept, Wanted
from analytic.delivery.outbox import Outbox
from analytic.events.types import Message
from tests.analytic.delivery.told import (
    SIGNER,
    Clock,
    a_deletion,
    a_gap,
    alarm,
    event_id,
    id_at,
    is_sound,
    numbers,
    refuse_writes,
    spans,
)

ALL = 10_000
Tell = Callable[..., list[Message]]


@pytest.fixture
def outbox(make_outbox: Callable[..., Outbox]) -> Outbox:
    return make_outbox()


@pytest.fixture
def history(database: Database, clock: Clock) -> History:
    return History(database, SIGNER.sign, clock)


@pytest.fixture
def tell(outbox: Outbox) -> Tell:
    """Have these numbers told, each of an event of its own, or these messages."""

    def write(*messages: int | Message) -> list[Message]:
        made = [alarm(one) if isinstance(one, int) else one for one in messages]
        outbox.commit(made)
        return made

    return write


class TestPosition:
    def test_start_is_before_everything(self, history: History, tell: Tell) -> None:
        tell(3, 4)
        assert history.position("start") == 0

    def test_a_message_that_is_kept_is_at_its_number(self, history: History, tell: Tell) -> None:
        tell(3, a_deletion(4, 3), 5)
        assert [history.position(id_at(seq)) for seq in (3, 4, 5)] == [3, 4, 5]

    def test_of_one_that_is_not_kept_the_time_counts(self, history: History, tell: Tell) -> None:
        tell(3, 4, 8)
        assert [history.position(id_at(seq)) for seq in (1, 5, 9)] == [2, 7, 8]

    def test_where_nothing_is_kept_every_cursor_is_the_beginning(self, history: History) -> None:
        assert (history.position("start"), history.position(id_at(5))) == (0, 0)

    @settings(max_examples=60, deadline=None)
    @given(kept=st.sets(st.integers(1, 30)), at=st.integers(0, 31))
    def test_no_message_after_a_cursor_is_left_out_and_none_before_it_comes_again(
        self, kept: set[int], at: int
    ) -> None:
        database = Database(None)
        try:
            Outbox(database, (), SIGNER.sign).commit([alarm(seq) for seq in sorted(kept)])
            history = History(database, SIGNER.sign)
            found = history.after(history.position(id_at(at)), ALL)
            assert [one["seq"] for one in found if one["phase"] != "gap"] == sorted(seq for seq in kept if seq > at)
        finally:
            database.close()


class TestAfter:
    def test_messages_come_in_order_and_word_for_word(self, history: History, tell: Tell) -> None:
        told = [*tell(1, 2), *tell(a_deletion(3, 1)), *tell(4)]
        assert history.after(0, ALL) == told
        assert history.after(2, 1) == told[2:3]
        assert history.after(4, ALL) == []

    def test_a_gap_stands_where_numbers_are_missing(self, history: History, tell: Tell) -> None:
        tell(3, 4, 8)
        found = history.after(0, ALL)
        assert spans(found) == [(1, 2), (3, 3), (4, 4), (5, 7), (8, 8)]
        assert [one["phase"] for one in found] == ["gap", "end", "end", "gap", "end"]
        assert all(is_sound(one) for one in found)

    def test_a_gap_that_was_told_covers_its_numbers_and_no_other_stands_for_them(
        self, history: History, tell: Tell
    ) -> None:
        tell(1, a_gap(9, 2), 10)
        assert spans(history.after(0, ALL)) == [(1, 1), (2, 9), (10, 10)]
        assert spans(history.after(1, ALL)) == [(2, 9), (10, 10)]

    def test_the_id_of_a_gap_leads_to_what_comes_after_it(self, history: History, tell: Tell) -> None:
        tell(3, 8)
        for gap in history.after(0, ALL)[::2]:
            again = history.after(history.position(gap["message_id"]), ALL)
            assert again[0]["seq"] == gap["seq"] + 1

    @settings(max_examples=60, deadline=None)
    @given(kept=st.sets(st.integers(1, 40), min_size=1), piece=st.integers(1, 7))
    def test_read_in_pieces_of_any_size_every_number_is_covered_once(self, kept: set[int], piece: int) -> None:
        database = Database(None)
        try:
            Outbox(database, (), SIGNER.sign).commit([alarm(seq) for seq in sorted(kept)])
            history, position, covered = History(database, SIGNER.sign), 0, list[int]()
            while found := history.after(position, piece):
                covered += [one for first, last in spans(found) for one in range(first, last + 1)]
                position = found[-1]["seq"]
            assert covered == list(range(1, max(kept) + 1))
        finally:
            database.close()


def shown(kept: list[Kept]) -> list[int]:
    return [one.first_seq for one in kept]


class TestEvents:
    @pytest.fixture
    def some(self, tell: Tell) -> None:
        tell(
            alarm(1, "start", event=1, source="hall"),
            alarm(2, severity="warning", event_class="siren"),
            alarm(3, "update", event=1, source="hall"),
            a_deletion(4, 77),
            alarm(5, severity="notice"),
            alarm(6, "start", source="hall"),
            alarm(7, "end", event=1, source="hall"),
        )

    def test_one_is_its_last_message_and_first_number(self, history: History, some: None) -> None:
        kept = history.event(event_id(1))
        assert kept == Kept(alarm(7, "end", event=1, source="hall"), None, 1)
        assert history.event(event_id(4)) is None

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (Wanted(), [6, 5, 2, 1]),
            (Wanted(event_class="siren"), [2]),
            (Wanted(event_class="si%"), []),
            (Wanted(source="hall"), [6, 1]),
            (Wanted(severity="critical"), [6, 1]),
            (Wanted(source="hall", severity="notice"), []),
            (Wanted(before=5), [2, 1]),
            (Wanted(before=1), []),
            (Wanted(before=10**15), [6, 5, 2, 1]),
            (Wanted(source="kitchen", before=5), [2]),
        ],
        ids=str,
    )
    def test_those_asked_for_come_the_latest_first(
        self, history: History, some: None, wanted: Wanted, found: list[int]
    ) -> None:
        assert shown(history.events(wanted, ALL)) == found

    def test_page_by_page_each_comes_once_also_while_the_one_before_is_deleted(
        self, history: History, tell: Tell
    ) -> None:
        tell(*range(1, 11))
        seen: list[int] = []
        before: int | None = None
        while page := history.events(Wanted(before=before), 3):
            seen += shown(page)
            before = page[-1].first_seq
            for kept in page:
                history.forget(kept.message["id"])
        assert seen == list(range(10, 0, -1))

    def test_the_first_acknowledgement_counts(self, history: History, some: None) -> None:
        first = history.acknowledge(event_id(2), "2026-01-01T12:00:00.000Z")
        again = history.acknowledge(event_id(2), "2026-01-01T13:00:00.000Z")
        assert first == again
        assert first is not None
        assert first.acknowledged == "2026-01-01T12:00:00.000Z"
        assert shown(history.events(Wanted(acknowledged=True), ALL)) == [2]
        assert shown(history.events(Wanted(acknowledged=False), ALL)) == [6, 5, 1]
        assert history.acknowledge(event_id(99), "2026-01-01T12:00:00.000Z") is None

    def test_what_is_told_later_of_an_acknowledged_event_leaves_it_acknowledged(
        self, history: History, some: None, tell: Tell
    ) -> None:
        history.acknowledge(event_id(6), "2026-01-01T12:00:00.000Z")
        tell(alarm(8, "end", event=6, source="hall"))
        kept = history.event(event_id(6))
        assert kept is not None
        assert (kept.message["phase"], kept.acknowledged) == ("end", "2026-01-01T12:00:00.000Z")

    def test_open_events_are_those_that_have_not_ended_and_were_told_of_lately(
        self, history: History, tell: Tell, clock: Clock
    ) -> None:
        tell(alarm(1, "start"))
        clock.now += 100
        tell(alarm(2, "start"), alarm(3, "start"), alarm(4, "update", event=2), alarm(5, event=3))
        assert numbers(history.open_events()) == [4]
        assert numbers(history.open_events()) == [1, 4]


class TestForgetting:
    def test_each_message_becomes_a_gap_in_its_place_under_its_own_id_and_number(
        self, history: History, tell: Tell
    ) -> None:
        told = tell(alarm(1, "start", event=1), 2, alarm(3, event=1))
        assert history.forget(event_id(1))
        found = history.after(0, ALL)
        assert spans(found) == [(1, 1), (2, 2), (3, 3)]
        assert [one["phase"] for one in found] == ["gap", "end", "gap"]
        assert [one["message_id"] for one in found] == [one["message_id"] for one in told]
        assert found[1] == told[1]
        assert all(is_sound(one) for one in found)
        assert history.position(told[2]["message_id"]) == 3, "a cursor that somebody holds stays good"

    def test_a_sink_that_has_not_had_it_gets_the_gap_and_no_word_of_the_event(
        self, history: History, outbox: Outbox, tell: Tell
    ) -> None:
        tell(1, 2)
        outbox.acknowledge("a", [1])
        history.forget(event_id(1))
        assert spans(outbox.pending("b", ALL)) == [(1, 1), (2, 2)]
        assert outbox.pending("b", ALL)[0] == history.after(0, 1)[0]
        assert numbers(outbox.pending("a", ALL)) == [2]
        assert outbox.depth("b") == 2

    def test_where_a_sink_gets_a_wider_gap_it_stays_one(
        self, history: History, make_outbox: Callable[..., Outbox]
    ) -> None:
        outbox = make_outbox("a", max_pending=1)
        outbox.commit([alarm(seq) for seq in range(1, 5)])
        history.forget(event_id(3))
        (gap, _) = found = outbox.pending("a", ALL)
        assert spans(found) == [(1, 3), (4, 4)]
        assert is_sound(gap)

    def test_it_is_gone_from_the_events_and_forgetting_again_finds_none(self, history: History, tell: Tell) -> None:
        tell(1, 2)
        assert history.forget(event_id(1))
        assert history.event(event_id(1)) is None
        assert shown(history.events(Wanted(), ALL)) == [2]
        assert not history.forget(event_id(1))
        assert not history.forget(event_id(77))

    def test_where_it_cannot_be_written_nothing_is_forgotten_by_half(
        self, history: History, tell: Tell, database: Database
    ) -> None:
        told = tell(alarm(1, "start", event=1), alarm(2, event=1))
        refuse_writes(database)
        with pytest.raises(sqlite3.Error):
            history.forget(event_id(1))
        with pytest.raises(sqlite3.Error):
            history.acknowledge(event_id(1), "2026-01-01T12:00:00.000Z")
        assert history.after(0, ALL) == told
        assert history.event(event_id(1)) is not None
