# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from analytic.delivery.database import Database
from analytic.delivery.dht.frames import LATEST, REQUESTS, RESULTS
from analytic.delivery.dht.sink import DhtSink, Result
from analytic.delivery.pump import Pump, Unreachable
from analytic.delivery.traces import Traces
from analytic.events.types import Message
from tests.analytic.delivery.told import Clock, a_deletion, a_gap, alarm, event_id, id_at, is_sound
from tests.analytic.delivery.waiting import Waiting
from tests.dht_node import Node

DAY_S = 86_400.0
WAIT_S = 10
ANALYZER = "hearken at home"
Make = Callable[..., DhtSink]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def traces(clock: Clock) -> Iterator[Traces]:
    database = Database(None)
    yield Traces(database, "dht", clock)
    database.close()


@pytest.fixture
def make(node: Node, traces: Traces) -> Iterator[Make]:
    made = []

    def make(**options: Any) -> DhtSink:
        made.append(DhtSink(node.url, ANALYZER, traces, kept_s=DAY_S, **options))
        return made[-1]

    yield make
    node.resume()
    for sink in made:
        sink.close()


@pytest.fixture
def sink(make: Make) -> DhtSink:
    return make()


def send(sink: DhtSink, *messages: Message) -> list[int]:
    return list(sink.deliver(messages))


def results(node: Node) -> dict[str, Any]:
    """What is kept under keys of their own."""
    return {uuid: value for uuid, value in node.values(RESULTS).items() if uuid != LATEST}


def latest(node: Node) -> Any:
    return node.values(RESULTS).get(LATEST)


class TestMessages:
    def test_each_is_kept_under_its_own_key_and_the_newest_under_the_constant_one(
        self, node: Node, sink: DhtSink
    ) -> None:
        messages = [alarm(1, "start"), alarm(2, event=1), alarm(3, "start")]
        assert send(sink, *messages) == [1, 2, 3]
        assert {key: value["event"] for key, value in results(node).items()} == {
            id_at(one["seq"]): one for one in messages
        }
        assert latest(node) == results(node)[id_at(3)]
        send(sink, alarm(4, event=3))
        assert latest(node) == results(node)[id_at(4)]

    def test_they_have_the_form_of_the_contract_and_the_signed_event(self, node: Node, sink: DhtSink) -> None:
        message = alarm(1)
        send(sink, message)
        assert latest(node) == {
            "description": "Audio anomaly detected",
            "requestor_id": message["requestor_id"],
            "requestor_type": message["requestor_type"],
            "request_id": message["request_id"],
            "analyzer_id": ANALYZER,
            "analysis_id": event_id(1),
            "audio_file": None,
            "method": "none",
            "predictions": [{"label_id": "/m/02_41", "label": "Fire", "probability": 0.45}],
            "event": message,
        }
        assert is_sound(latest(node)["event"])

    def test_what_tells_of_no_event_is_kept_under_its_own_key_alone(self, node: Node, sink: DhtSink) -> None:
        send(sink, alarm(1), a_gap(3, 2), a_deletion(4, event=9))
        assert latest(node) == results(node)[id_at(1)]
        assert results(node)[id_at(3)] == {
            "description": "Audio anomaly gap",
            "analyzer_id": ANALYZER,
            "event": a_gap(3, 2),
        }
        assert results(node)[id_at(4)]["event"]["phase"] == "deleted"

    def test_each_is_acknowledged_after_the_node_has_shown_it_and_the_newest_after_the_constant_key(
        self, node: Node, sink: DhtSink
    ) -> None:
        for number in sink.deliver([alarm(1), alarm(2), a_gap(3, 3)]):
            assert id_at(number) in results(node)
            assert number == 1 or latest(node)["event"]["seq"] == 2

    def test_the_newest_is_not_acknowledged_where_the_constant_key_is_not_kept(self, node: Node, sink: DhtSink) -> None:
        node.answer_with = lambda found: {} if found.get("topic_uuid") == LATEST else found
        assert until_it_fails(sink, [alarm(1), alarm(2)]) == [1]

    @pytest.mark.parametrize("answer", [None, {}, [], "ok", {"value": None}, {"value": {"event": {}}}], ids=repr)
    def test_a_node_that_forgets_or_answers_nonsense_has_confirmed_nothing(
        self, node: Node, sink: DhtSink, answer: Any
    ) -> None:
        node.answer_with = lambda _found: answer
        assert until_it_fails(sink, [alarm(1)]) == []
        node.answer_with = lambda found: found
        assert send(sink, alarm(1)) == [1]
        assert node.connects == 2  # what it still had to say on the first connection is not taken for an answer

    def test_a_node_that_keeps_nothing_has_confirmed_nothing(self, node: Node, sink: DhtSink) -> None:
        def forgetting(found: Any) -> Any:
            node.forget()
            return node.one(RESULTS, found.get("topic_uuid", ""))

        node.answer_with = forgetting
        assert until_it_fails(sink, [alarm(1), alarm(2)]) == []

    def test_a_node_that_hangs_up_in_between_has_what_was_confirmed_and_gets_the_rest_later(
        self, node: Node, sink: DhtSink
    ) -> None:
        messages = [alarm(number) for number in range(1, 41)]
        node.drop_after(50)
        done = until_it_fails(sink, messages)
        assert done == list(range(1, len(done) + 1))
        assert 0 < len(done) <= 25
        assert send(sink, *messages[len(done) :]) == list(range(len(done) + 1, 41))
        assert [value["event"]["seq"] for value in results(node).values()] == list(range(1, 41))
        assert node.malformed == []

    def test_a_node_that_says_nothing_has_confirmed_nothing(self, node: Node, sink: DhtSink, impatient: None) -> None:
        send(sink, alarm(1))
        node.pause()
        assert until_it_fails(sink, [alarm(2)]) == []
        node.resume()
        assert send(sink, alarm(2)) == [2]

    def test_a_node_that_is_away_is_unreachable(self, node: Node, sink: DhtSink) -> None:
        node.stop()
        assert until_it_fails(sink, [alarm(1)]) == []
        with pytest.raises(Unreachable):
            sink.tick()

    def test_a_node_that_starts_anew_is_connected_to_again(self, node: Node, sink: DhtSink) -> None:
        send(sink, alarm(1))
        node.stop()
        node.start()
        with pytest.raises(Unreachable):
            tick_until_it_fails(sink)
        sink.tick()
        assert send(sink, alarm(2)) == [2]


class TestDeletion:
    def test_what_was_told_of_the_event_is_deleted_and_the_rest_stays(self, node: Node, sink: DhtSink) -> None:
        send(sink, alarm(1, "start"), alarm(2, "start"), alarm(3, event=1), alarm(4, event=2))
        send(sink, a_deletion(5, event=1))
        assert set(results(node)) == {id_at(2), id_at(4), id_at(5)}
        assert latest(node)["event"]["seq"] == 4

    def test_the_constant_key_is_deleted_where_it_tells_of_the_event(self, node: Node, sink: DhtSink) -> None:
        send(sink, alarm(1, "start"), alarm(2, event=1))
        assert send(sink, a_deletion(3, event=1)) == [3]
        assert set(node.values(RESULTS)) == {id_at(3)}

    def test_another_analysers_result_under_the_constant_key_stays(self, node: Node, sink: DhtSink) -> None:
        send(sink, alarm(1))
        for other in ({"analyzer_id": "another", "predictions": []}, {"event": "told otherwise"}, ["a list"], 7):
            node.publish(RESULTS, LATEST, other)
            send(sink, a_deletion(2, event=1))
            assert latest(node) == other

    def test_an_event_that_is_told_and_deleted_at_once_leaves_nothing(self, node: Node, sink: DhtSink) -> None:
        assert send(sink, alarm(1, "start"), alarm(2, event=1), a_deletion(3, event=1)) == [1, 2, 3]
        assert set(node.values(RESULTS)) == {id_at(3)}

    @pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
    def test_of_several_at_once_the_constant_key_tells_of_the_newest_that_is_left(
        self, node: Node, sink: DhtSink, first: bool
    ) -> None:
        send(sink, alarm(1))
        if first:
            send(sink, alarm(2), a_deletion(3, event=1))
        else:
            send(sink, a_deletion(2, event=1), alarm(3), alarm(4), a_deletion(5, event=4))
        assert latest(node)["event"]["seq"] == (2 if first else 3)

    def test_it_is_acknowledged_after_everything_is_gone(self, node: Node, sink: DhtSink) -> None:
        send(sink, alarm(1))
        node.answer_with = lambda found: found or {"value": "still there"}
        assert until_it_fails(sink, [a_deletion(2, event=1)]) == []
        node.answer_with = lambda found: found
        assert send(sink, a_deletion(2, event=1)) == [2]
        assert set(node.values(RESULTS)) == {id_at(2)}

    def test_a_deletion_that_goes_again_changes_nothing(self, node: Node, sink: DhtSink) -> None:
        send(sink, alarm(1), a_deletion(2, event=1))
        before = node.values(RESULTS)
        send(sink, a_deletion(2, event=1))
        assert node.values(RESULTS) == before


class TestRetention:
    def test_what_is_older_than_it_need_be_is_deleted(self, node: Node, sink: DhtSink, clock: Clock) -> None:
        send(sink, alarm(1))
        clock.now += DAY_S / 2
        send(sink, alarm(2))
        sink.tick()
        assert set(results(node)) == {id_at(1), id_at(2)}
        clock.now += DAY_S / 2 + 1
        sink.tick()
        assert set(results(node)) == {id_at(2)}
        assert latest(node)["event"]["seq"] == 2

    def test_the_constant_key_goes_with_what_it_tells_of(self, node: Node, sink: DhtSink, clock: Clock) -> None:
        send(sink, alarm(1))
        clock.now += DAY_S + 1
        sink.tick()
        assert node.values(RESULTS) == {}

    def test_what_is_not_ours_stays(self, node: Node, sink: DhtSink, clock: Clock) -> None:
        node.publish(RESULTS, "another's", {"analyzer_id": "another"})
        node.publish("Light", id_at(1), {"on": True})
        send(sink, alarm(1))
        node.publish(RESULTS, LATEST, {"analyzer_id": "another"})
        clock.now += DAY_S + 1
        sink.tick()
        assert set(node.values(RESULTS)) == {"another's", LATEST}
        assert set(node.values("Light")) == {id_at(1)}

    def test_what_the_node_does_not_delete_is_tried_again(self, node: Node, sink: DhtSink, clock: Clock) -> None:
        send(sink, alarm(1))
        clock.now += DAY_S + 1
        node.answer_with = lambda found: found or {"value": "still there"}
        with pytest.raises(Unreachable):
            sink.tick()
        node.forget()
        node.publish(RESULTS, id_at(1), "came back from another node")
        node.answer_with = lambda found: found
        sink.tick()
        assert node.values(RESULTS) == {}

    def test_very_many_go_bit_by_bit(self, node: Node, sink: DhtSink, clock: Clock) -> None:
        send(sink, *(alarm(number) for number in range(1, 151)))
        clock.now += DAY_S + 1
        sink.tick()
        assert len(results(node)) == 50
        sink.tick()
        assert node.values(RESULTS) == {}
        assert node.malformed == []

    def test_answers_go_as_well_and_with_them_the_constant_key(self, node: Node, sink: DhtSink, clock: Clock) -> None:
        sink.answer(Result("answer", {"request_id": "r"}, lambda: None))
        sink.tick()
        assert set(node.values(RESULTS)) == {"answer", LATEST}
        clock.now += DAY_S + 1
        sink.tick()
        assert node.values(RESULTS) == {}


class Asked:
    """Notes requests."""

    def __init__(self) -> None:
        self.requests: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def __call__(self, topic_uuid: str, value: Any) -> None:
        self.requests.put((topic_uuid, value))

    def all(self) -> list[tuple[str, Any]]:
        return [self.requests.get_nowait() for _ in range(self.requests.qsize())]


class TestRequests:
    def test_those_that_are_there_at_connect_are_taken_and_those_that_come_later(self, node: Node, make: Make) -> None:
        asked = Asked()
        node.publish(REQUESTS, "a", {"audio_file": "a.wav"})
        sink = make(on_request=asked)
        sink.tick()
        assert asked.all() == [("a", {"audio_file": "a.wav"})]
        node.publish(REQUESTS, "b", {"audio_file": "b.wav"})
        send(sink, alarm(1))  # by then it has been pushed
        sink.tick()
        assert asked.all() == [("b", {"audio_file": "b.wav"})]

    def test_those_that_came_while_the_connection_was_down_are_taken(self, node: Node, make: Make) -> None:
        asked = Asked()
        sink = make(on_request=asked)
        sink.tick()
        node.stop()
        node.start()
        node.publish(REQUESTS, "a", 1)
        with pytest.raises(Unreachable):
            tick_until_it_fails(sink)
        assert asked.all() == []
        send(sink, alarm(1))
        assert asked.all() == [("a", 1)]

    def test_another_topic_and_a_deletion_are_no_requests(self, node: Node, make: Make) -> None:
        asked = Asked()
        sink = make(on_request=asked)
        sink.tick()
        node.publish("Light", "a", 1)
        node.delete(REQUESTS, "b")
        node.tell({"Volatile": {"value": {"audio_file": "c.wav"}}})
        node.tell({"Persistent": {"topic_name": REQUESTS}})
        send(sink, alarm(1))
        sink.tick()
        assert asked.all() == []

    @pytest.mark.parametrize("value", [None, 7, "a.wav", [], {}, {"audio_file": 7}, {"a": {"b": [None]}}], ids=repr)
    def test_whatever_is_asked_is_handed_on_as_it_is(self, node: Node, make: Make, value: Any) -> None:
        asked = Asked()
        node.publish(REQUESTS, "a", value)
        make(on_request=asked).tick()
        assert asked.all() == [("a", value)]

    def test_they_are_not_taken_where_nobody_answers_them(self, node: Node, sink: DhtSink) -> None:
        node.publish(REQUESTS, "a", 1)
        sink.tick()
        assert not any("GetTopicName" in frame for frame in node.received)

    def test_one_that_cannot_be_taken_now_is_read_again_at_the_next_connection(self, node: Node, make: Make) -> None:
        asked, faults = Asked(), [sqlite3.OperationalError("disk I/O error")]

        def failing_once(topic_uuid: str, value: Any) -> None:
            if faults:
                raise faults.pop()
            asked(topic_uuid, value)

        node.publish(REQUESTS, "a", 1)
        sink = make(on_request=failing_once)
        with pytest.raises(sqlite3.Error):
            sink.tick()
        sink.tick()
        assert asked.all() == [("a", 1)]

    def test_a_node_that_lists_nonsense_is_lived_with(self, node: Node, make: Make, monkeypatch: Any) -> None:
        asked = Asked()
        monkeypatch.setattr(node, "listed", lambda *_topics: ["nonsense", {"topic_name": 1}, None])
        make(on_request=asked).tick()
        monkeypatch.setattr(node, "listed", lambda *_topics: {"not": "a list"})
        make(on_request=asked).tick()
        assert asked.all() == []


class TestAnswers:
    def test_one_is_kept_under_its_own_key_and_the_constant_one_and_only_then_told(
        self, node: Node, sink: DhtSink
    ) -> None:
        told: list[set[str]] = []
        value = {"request_id": "r", "predictions": [{"label": "Bark", "probability": 0.123457}]}
        sink.answer(Result("own", value, lambda: told.append(set(node.values(RESULTS)))))
        assert node.values(RESULTS) == {}
        sink.tick()
        assert told == [{"own", LATEST}]
        assert node.values(RESULTS) == {"own": value, LATEST: value}
        sink.tick()
        assert len(told) == 1

    def test_one_that_the_node_does_not_show_is_not_told_and_goes_again(self, node: Node, sink: DhtSink) -> None:
        told: list[str] = []
        sink.answer(Result("a", {"n": 1}, lambda: told.append("a")))
        sink.answer(Result("b", {"n": 2}, lambda: told.append("b")))
        node.answer_with = lambda found: {} if found.get("topic_uuid") == LATEST else found
        with pytest.raises(Unreachable):
            sink.tick()
        assert told == []
        node.answer_with = lambda found: found
        sink.tick()
        assert told == ["a", "b"]
        assert node.values(RESULTS) == {"a": {"n": 1}, "b": {"n": 2}, LATEST: {"n": 2}}

    def test_one_with_half_a_character_holds_up_no_other(self, node: Node, sink: DhtSink) -> None:
        told: list[str] = []
        sink.answer(Result("a", {"request_id": "\ud800"}, lambda: told.append("a")))
        sink.answer(Result("b", {}, lambda: told.append("b")))
        sink.tick()
        assert told == ["a", "b"]
        assert node.malformed == []

    def test_one_that_cannot_be_sent_is_refused_at_once(self, sink: DhtSink) -> None:
        with pytest.raises(ValueError, match="JSON"):
            sink.answer(Result("a", {"probability": float("nan")}, lambda: None))
        sink.tick()


class TestPumped:
    def test_all_arrive_through_a_node_that_pauses_hangs_up_and_goes_away(self, node: Node, make: Make) -> None:
        waiting = Waiting([alarm(number) for number in range(1, 301)])
        pump = Pump(make(), waiting, longest_pause_s=0.05)
        node.drop_after(150)
        pump.start()
        try:
            node.wait_until(lambda: node.connects == 2)
            node.drop_after(100)
            node.wait_until(lambda: node.connects == 3)
            node.stop()
            node.start()
            waiting.wait_until_empty()
        finally:
            pump.stop()
        assert waiting.acknowledged == list(range(1, 301))
        assert [value["event"]["seq"] for value in results(node).values()] == list(range(1, 301))
        assert latest(node)["event"]["seq"] == 300
        assert node.malformed == []


def tick_until_it_fails(sink: DhtSink) -> None:
    """Tick: the connection's end comes through in its own time."""
    pause, gives_up = threading.Event(), time.monotonic() + 10
    while time.monotonic() < gives_up:
        sink.tick()
        pause.wait(0.01)


def until_it_fails(sink: DhtSink, messages: Sequence[Message]) -> list[int]:
    done = []
    with pytest.raises(Unreachable):  # noqa: PT012 - what comes before the failure counts
        for number in sink.deliver(messages):
            done.append(number)  # noqa: PERF402
    return done
