# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What the outbox gives up where too many messages wait, and what it deletes once all have it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.delivery import outbox as module
from analytic.delivery.database import Database
from analytic.delivery.outbox import Outbox
from tests.analytic.delivery.told import (
    SIGNER,
    Clock,
    a_deletion,
    a_gap,
    alarm,
    is_sound,
    numbers,
    refuse_writes,
    spans,
)

MakeOutbox = Callable[..., Outbox]


def waiting(outbox: Outbox, sink: str = "a") -> list[int]:
    return numbers(outbox.pending(sink, 1000))


class TestTooMany:
    LADDER = (("update", "critical"), ("end", "notice"), ("end", "warning"), ("end", "critical"))

    def test_updates_and_notices_go_first_then_warnings_then_critical_ones_the_oldest_first(
        self, make_outbox: MakeOutbox
    ) -> None:
        outbox = make_outbox("a", max_pending=12)
        outbox.commit([alarm(seq, *self.LADDER[seq % 4]) for seq in range(1, 13)])  # 1: notice ... 4: update
        order: list[int] = []
        for seq in range(13, 25):
            outbox.commit([alarm(seq, "start", "critical")])
            given_up = {one for first, last in spans(outbox.pending("a", 100)) for one in range(first, last + 1)} - set(
                numbers([one for one in outbox.pending("a", 100) if one["phase"] != "gap"])
            )
            order += sorted(given_up - set(order))
        assert order == [1, 4, 5, 8, 9, 12, 2, 6, 10, 3, 7, 11]

    def test_gaps_and_deletions_outlast_what_is_less_than_critical(self, make_outbox: MakeOutbox) -> None:
        outbox = make_outbox("a", max_pending=2)
        outbox.commit([a_deletion(1, 9), a_gap(2, 2), alarm(3, severity="warning"), alarm(4, severity="notice")])
        assert [(one["seq"], one["phase"], one.get("first_seq")) for one in outbox.pending("a", 9)] == [
            (1, "deleted", None),
            (2, "gap", 2),
            (4, "gap", 3),
        ]

    def test_a_gap_is_signed_has_the_id_and_number_of_its_last_message_and_fits_the_schema(
        self, make_outbox: MakeOutbox
    ) -> None:
        outbox = make_outbox("a", max_pending=1)
        messages = [alarm(seq) for seq in range(1, 5)]
        outbox.commit(messages)
        gap, last = outbox.pending("a", 9)
        assert last == messages[3]
        assert {**gap, "signature": None} == {
            **{key: messages[2][key] for key in ("message_id", "seq", "device", "time", "durable")},
            "phase": "gap",
            "first_seq": 1,
            "signature": None,
        }
        assert is_sound(gap)

    def test_nothing_is_given_up_silently_and_other_sinks_get_it_all(
        self, make_outbox: MakeOutbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        told: list[tuple[str, int]] = []
        outbox = make_outbox(max_pending=5, given_up=lambda sink, count: told.append((sink, count)))
        outbox.commit([alarm(seq) for seq in range(1, 6)])
        outbox.acknowledge("b", [1, 2, 3, 4, 5])
        with caplog.at_level(logging.ERROR):
            outbox.commit([alarm(seq) for seq in range(6, 9)])
        assert told == [("a", 3)]
        assert [record.message for record in caplog.records] == ["too many messages wait: some are given up"]
        assert (waiting(outbox, "a"), waiting(outbox, "b")) == ([3, 4, 5, 6, 7, 8], [6, 7, 8])
        assert (outbox.depth("a"), outbox.depth("b")) == (5, 3)

    def test_a_gap_is_acknowledged_like_a_message_and_what_was_given_up_does_not_come_back(
        self, make_outbox: MakeOutbox
    ) -> None:
        outbox = make_outbox("a", max_pending=2)
        outbox.commit([alarm(seq) for seq in range(1, 6)])
        assert spans(outbox.pending("a", 9)) == [(1, 3), (4, 4), (5, 5)]
        outbox.acknowledge("a", [3])
        assert spans(make_outbox("a", max_pending=2).pending("a", 9)) == [(4, 4), (5, 5)]

    @settings(max_examples=60, deadline=None)
    @given(data=st.data(), bound=st.integers(1, 60))
    def test_every_number_is_told_or_stands_in_a_gap_and_nothing_goes_before_what_weighs_less(
        self, data: st.DataObject, bound: int
    ) -> None:
        database, told = Database(None), list[int]()
        outbox = Outbox(
            database, ["a"], SIGNER.sign, max_pending=bound, given_up=lambda _sink, count: told.append(count)
        )
        weights: dict[int, int] = {}
        gone: set[int] = set()
        try:
            for _ in range(data.draw(st.integers(1, 6))):
                batch = []
                for kind in data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=30)):
                    seq = len(weights) + 1
                    weights[seq] = max(0, kind - 1)
                    batch.append(alarm(seq, *self.LADDER[kind]))
                outbox.commit(batch)
                found = outbox.pending("a", 10_000)
                covered = [one for first, last in spans(found) for one in range(first, last + 1)]
                assert covered == list(range(1, len(weights) + 1)), "each number once, in order"
                left = {one["seq"] for one in found if one["phase"] != "gap"}
                assert len(left) <= bound
                assert outbox.depth("a") == len(left)
                now_gone = set(weights) - left - gone
                gone |= now_gone
                assert (
                    not now_gone
                    or not left
                    or max(weights[one] for one in now_gone) <= min(weights[one] for one in left)
                )
                phases = [one["phase"] for one in found]
                assert ("gap", "gap") not in list(itertools.pairwise(phases)), "gaps that meet are one"
            assert sum(told) == len(gone)
            assert len(gone) <= max(0, len(weights) - bound) + bound // 20 * len(told)
        finally:
            database.close()


class TestTrimming:
    @pytest.fixture
    def uptime(self, monkeypatch: pytest.MonkeyPatch) -> Clock:
        """What the outbox counts hours by, whatever time of day it is."""
        uptime = Clock(0.0)
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=uptime))
        return uptime

    @staticmethod
    def kept(database: Database) -> list[int]:
        return [seq for (seq,) in database.read("SELECT seq FROM messages ORDER BY seq")]

    def test_beyond_so_many_the_oldest_go_once_all_have_them(self, make_outbox: MakeOutbox, database: Database) -> None:
        outbox = make_outbox("a", kept_messages=50)
        outbox.commit([alarm(seq) for seq in range(1, 100)])
        outbox.acknowledge("a", [seq for seq in range(1, 100) if seq not in (7, 30)])
        outbox.commit([alarm(seq) for seq in range(100, 200)])
        assert self.kept(database) == [7, 30, *range(100, 200)]
        outbox.acknowledge("a", [7, *range(100, 190)])
        outbox.commit([alarm(seq) for seq in range(200, 300)])
        assert self.kept(database) == [30, *range(190, 300)]
        assert waiting(outbox) == [30, *range(190, 300)]

    def test_what_is_too_old_goes_but_for_the_very_last_one(
        self, make_outbox: MakeOutbox, database: Database, clock: Clock, uptime: Clock
    ) -> None:
        outbox = make_outbox("a", kept_s=86_400.0)
        outbox.commit([alarm(seq) for seq in range(1, 6)])
        outbox.acknowledge("a", [1, 2, 3, 5])
        clock.now, uptime.now = clock.now + 86_401, uptime.now + 86_401
        outbox.settle()
        assert self.kept(database) == [4, 5], "one waits, and the next number comes after the last"
        assert make_outbox("a").last_seq == 5
        outbox.acknowledge("a", [4])
        outbox.commit([alarm(6)])
        uptime.now += 3600
        outbox.settle()
        assert self.kept(database) == [6]

    def test_in_a_quiet_home_it_is_looked_at_every_hour_by_a_clock_that_nobody_sets(
        self, make_outbox: MakeOutbox, database: Database, clock: Clock, uptime: Clock
    ) -> None:
        outbox = make_outbox("a", kept_s=60.0)
        outbox.commit([alarm(1), alarm(2)])
        outbox.acknowledge("a", [1, 2])
        clock.now += 10 * 86_400
        uptime.now += 3599
        outbox.settle()
        assert self.kept(database) == [1, 2], "not before"
        uptime.now += 1
        outbox.settle()
        assert self.kept(database) == [2]

    def test_a_message_an_hour_after_the_last_look_has_it_looked_at_too(
        self, make_outbox: MakeOutbox, database: Database, clock: Clock, uptime: Clock
    ) -> None:
        outbox = make_outbox("a", kept_s=60.0)
        outbox.commit([alarm(1)])
        outbox.acknowledge("a", [1])
        clock.now += 61
        outbox.commit([alarm(2)])
        assert self.kept(database) == [1, 2], "not for every message"
        uptime.now += 3600
        outbox.commit([alarm(3)])
        assert self.kept(database) == [2, 3]

    def test_with_every_hundredth_message_it_is_looked_at(
        self, make_outbox: MakeOutbox, database: Database, clock: Clock, uptime: Clock
    ) -> None:
        outbox = make_outbox("a", kept_s=60.0)
        outbox.commit([alarm(1)])
        outbox.acknowledge("a", [1])
        clock.now += 61
        for seq in range(2, 101):
            outbox.commit([alarm(seq)])
        assert self.kept(database)[0] == 1
        outbox.commit([alarm(101)])
        assert self.kept(database)[0] == 2
        assert uptime.now == 0

    def test_at_the_first_settling_after_a_start_it_is_looked_at(
        self, make_outbox: MakeOutbox, database: Database, clock: Clock, uptime: Clock
    ) -> None:
        make_outbox("a").commit([alarm(1), alarm(2)])
        make_outbox("a").acknowledge("a", [1, 2])
        clock.now += 61
        make_outbox("a", kept_s=60.0).settle()
        assert self.kept(database) == [2]

    def test_where_it_cannot_be_written_nothing_goes_and_nothing_is_raised(
        self, make_outbox: MakeOutbox, database: Database, clock: Clock
    ) -> None:
        outbox = make_outbox("a", kept_s=60.0)
        outbox.commit([alarm(1), alarm(2)])
        outbox.acknowledge("a", [1, 2])
        clock.now += 61
        refuse_writes(database)
        again = make_outbox("a", kept_s=60.0)
        again.settle()
        assert self.kept(database) == [1, 2]

    def test_an_event_goes_with_its_last_message(
        self, make_outbox: MakeOutbox, database: Database, uptime: Clock
    ) -> None:
        outbox = make_outbox("a", kept_messages=20)
        outbox.commit([alarm(1, "start", event=1), *(alarm(seq) for seq in range(2, 90)), alarm(90, event=1)])
        outbox.acknowledge("a", list(range(1, 91)))
        outbox.commit([alarm(seq) for seq in range(91, 101)])
        uptime.now += 3600
        outbox.settle()
        ((count,),) = database.read("SELECT count(*) FROM events")
        assert self.kept(database) == list(range(81, 101))
        assert count == 20
        assert database.read("SELECT seq FROM events WHERE id = ?", (alarm(1)["id"],)) == [(1,)]
