# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The outbox against a model of lists, while the disk fails and the process ends and starts again."""

from __future__ import annotations

import sqlite3

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from analytic.delivery.database import Database
from analytic.delivery.history import History
from analytic.delivery.outbox import Outbox
from analytic.events.types import Message, is_event
from tests.analytic.delivery.told import SIGNER, a_deletion, alarm, event_id, numbers, refuse_writes, spans

SINKS = ("a", "b")
ALL = 10_000


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.database = Database(None)
        self.outbox = Outbox(self.database, SINKS, SIGNER.sign)
        self.last = 0
        self.is_broken = False
        self.told: dict[int, Message] = {}  # as it ought to be read back
        self.on_disk: set[int] = set()
        self.waits: dict[str, set[int]] = {sink: set() for sink in SINKS}  # and has not been acknowledged
        self.noted: dict[str, set[int]] = {sink: set() for sink in SINKS}  # the same as the disk knows it

    @initialize()
    def begin(self) -> None:
        self.tell(2)

    @rule(count=st.integers(1, 4))
    def tell(self, count: int) -> None:
        seqs = range(self.last + 1, self.last + count + 1)
        messages = [alarm(seq, durable=not self.is_broken) for seq in seqs]
        self.last += count
        self.told |= {message["seq"]: message for message in messages}
        for sink in SINKS:
            self.waits[sink] |= set(seqs)
        try:
            self.outbox.commit(messages)
            assert not self.is_broken
            self.all_is_written()
        except sqlite3.Error:
            assert self.is_broken
            self.outbox.hold(messages)

    @rule(sink=st.sampled_from(SINKS), data=st.data())
    def acknowledge(self, sink: str, data: st.DataObject) -> None:
        found = self.outbox.pending(sink, data.draw(st.integers(1, 6)))
        had = data.draw(st.lists(st.sampled_from(numbers(found)), unique=True)) if found else []
        self.outbox.acknowledge(sink, had)
        self.waits[sink] -= set(had)
        if not self.is_broken:
            for one in SINKS:
                self.noted[one] = self.waits[one] & self.on_disk

    @rule()
    def settle(self) -> None:
        self.outbox.settle()
        if not self.is_broken:
            self.all_is_written()

    @rule(is_broken=st.booleans())
    def the_disk_breaks_or_is_repaired(self, is_broken: bool) -> None:
        refuse_writes(self.database, is_broken)
        self.is_broken = is_broken

    @rule()
    def the_process_ends_and_starts_again(self) -> None:
        self.outbox = Outbox(self.database, SINKS, SIGNER.sign)
        self.told = {seq: message for seq, message in self.told.items() if seq in self.on_disk}
        for sink in SINKS:
            self.waits[sink] = set(self.noted[sink])

    @rule(sink=st.sampled_from(SINKS), back=st.integers(0, 5))
    def redeliver(self, sink: str, back: int) -> None:
        after = max(0, self.last - back)
        again = {seq for seq in self.on_disk if seq > after} - self.waits[sink]
        count = self.outbox.redeliver(sink, after, 0.0)
        assert count == (0 if self.is_broken else len(again))
        if not self.is_broken:
            self.waits[sink] |= again
            self.noted[sink] = self.waits[sink] & self.on_disk

    @rule(data=st.data())
    def retract(self, data: st.DataObject) -> None:
        kept = sorted(seq for seq in self.on_disk if is_event(self.told[seq]))
        if not kept:
            return
        seq = data.draw(st.sampled_from(kept))
        deletion = a_deletion(self.last + 1, seq)
        history = History(self.database, SIGNER.sign)
        try:
            self.outbox.retract(deletion, event_id(seq))
            assert not self.is_broken
        except sqlite3.Error:
            assert self.is_broken
            assert history.event(event_id(seq)) is not None
            return
        (gap,) = history.after(seq - 1, 1)
        assert (gap["phase"], gap["first_seq"], gap["message_id"]) == ("gap", seq, self.told[seq]["message_id"])
        assert history.event(event_id(seq)) is None
        self.last += 1
        self.told |= {seq: gap, self.last: deletion}
        for sink in SINKS:
            self.waits[sink].add(self.last)
        self.all_is_written()

    @invariant()
    def what_waits_is_what_ought_to(self) -> None:
        for sink in SINKS:
            found = self.outbox.pending(sink, ALL)
            assert found == [self.told[seq] for seq in sorted(self.waits[sink])]
            assert self.outbox.pending(sink, 3) == found[:3]

    @invariant()
    def where_the_disk_works_the_depth_is_what_waits(self) -> None:
        if not self.is_broken:
            self.outbox.settle()
            self.all_is_written()
            assert [self.outbox.depth(sink) for sink in SINKS] == [len(self.waits[sink]) for sink in SINKS]

    @invariant()
    def the_history_has_every_number_that_was_kept_and_gaps_for_the_others(self) -> None:
        found = History(self.database, SIGNER.sign).after(0, ALL)
        told = [one for first, last in spans(found) for one in range(first, last + 1)]
        assert told == list(range(1, max(self.on_disk, default=0) + 1))
        assert {one["seq"] for one in found} >= self.on_disk

    def all_is_written(self) -> None:
        self.on_disk |= set(self.told)
        for sink in SINKS:
            self.noted[sink] = set(self.waits[sink])

    def teardown(self) -> None:
        self.database.close()


TestOutboxAgainstItsModel = Machine.TestCase
TestOutboxAgainstItsModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
