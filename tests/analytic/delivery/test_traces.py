# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import logging

import pytest

from analytic.delivery.database import Database
from analytic.delivery.traces import Traces
from tests.analytic.delivery.told import Clock, refuse_writes


@pytest.fixture
def traces(database: Database, clock: Clock) -> Traces:
    return Traces(database, "dht", clock)


def test_the_keys_of_an_event_are_found_by_it_in_order(traces: Traces) -> None:
    traces.add([("k2", "event 1"), ("k3", "event 2"), ("k1", "event 1"), ("k4", None)])
    assert traces.of_event("event 1") == ["k1", "k2"]
    assert traces.of_event("event 3") == []
    assert traces.all() == {"k1", "k2", "k3", "k4"}
    assert (traces.has("k4"), traces.has("k5")) == (True, False)


def test_what_is_removed_is_there_no_more(traces: Traces) -> None:
    traces.add([("k1", "event 1"), ("k2", "event 1")])
    traces.remove(["k1", "never there"])
    assert traces.of_event("event 1") == ["k2"]
    assert not traces.has("k1")
    traces.remove([])
    assert traces.all() == {"k2"}


def test_each_sink_has_keys_of_its_own(traces: Traces, database: Database) -> None:
    other = Traces(database, "mqtt")
    traces.add([("k", "event")])
    assert not other.has("k")
    other.add([("k", "event")])
    other.remove(["k"])
    assert traces.all() == {"k"}


def test_the_oldest_come_first_and_so_many_at_most(traces: Traces, clock: Clock) -> None:
    for key in ("k1", "k2", "k3"):
        traces.add([(key, None)])
        clock.now += 10
    assert traces.older_than(10, 9) == ["k1", "k2"]
    assert traces.older_than(9.9, 9) == ["k1", "k2", "k3"]
    assert traces.older_than(0, 2) == ["k1", "k2"]
    assert traces.older_than(30, 9) == []


def test_what_is_added_again_is_as_young_as_its_last_time(traces: Traces, clock: Clock) -> None:
    traces.add([("k", "event 1")])
    clock.now += 100
    traces.add([("k", "event 2")])
    assert traces.older_than(50, 9) == []
    assert (traces.of_event("event 1"), traces.of_event("event 2")) == ([], ["k"])


def test_where_it_cannot_be_written_alarms_go_on_and_it_is_told(
    traces: Traces, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    traces.add([("k1", None)])
    refuse_writes(database)
    with caplog.at_level(logging.WARNING):
        traces.add([("k2", None)])
        traces.remove(["k1"])
    assert traces.all() == {"k1"}
    assert {record.message for record in caplog.records} == {"what a sink leaves cannot be noted"}
