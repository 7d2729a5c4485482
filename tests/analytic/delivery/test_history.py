# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.delivery.database import Database
from analytic.delivery.history import GOES_ON_S, History, Kept, Wanted
from analytic.delivery.outbox import Outbox
from analytic.events.types import Message
from tests.analytic.delivery.told import (
    NOON,
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
        assert kept == Kept(alarm(7, "end", event=1, source="hall"), None, 1, goes_on=False)
        assert history.event(event_id(4)) is None

    def test_one_goes_on_until_it_has_ended_or_nothing_was_told_of_it_for_an_hour(
        self, history: History, tell: Tell, clock: Clock
    ) -> None:
        def going_on() -> list[bool]:
            return [kept.goes_on for kept in history.events(Wanted(), ALL)][::-1]

        tell(alarm(1, "start"), alarm(2, "start"), alarm(3, "start"))
        assert going_on() == [True, True, True]
        clock.now += GOES_ON_S - 1
        tell(alarm(4, "end", event=2), alarm(5, "update", event=3))
        assert going_on() == [True, False, True]
        clock.now += 1
        assert going_on() == [False, False, True]
        clock.now += GOES_ON_S
        assert going_on() == [False, False, False]
        clock.now = NOON - 86_400
        assert going_on() == [True, False, True], "the clock was set back: better that it goes on"

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
        self, history: History, outbox: Outbox, tell: Tell
    ) -> None:
        tell(*range(1, 11))
        seen: list[int] = []
        before: int | None = None
        while page := history.events(Wanted(before=before), 3):
            seen += shown(page)
            before = page[-1].first_seq
            for kept in page:
                outbox.retract(a_deletion((outbox.last_seq or 0) + 1, 77), kept.message["id"])
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
        assert numbers(history.open_events()) == [1, 4]
        clock.now += GOES_ON_S - 50
        assert numbers(history.open_events()) == [4]

    def test_where_an_acknowledgement_cannot_be_written_there_is_none(
        self, history: History, tell: Tell, database: Database
    ) -> None:
        tell(1)
        refuse_writes(database)
        with pytest.raises(sqlite3.Error):
            history.acknowledge(event_id(1), "2026-01-01T12:00:00.000Z")
        kept = history.event(event_id(1))
        assert kept is not None
        assert kept.acknowledged is None
