# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The sink behind its outbox and pump, with a real broker: what is told, what is retained, and that nothing is lost."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analytic.delivery import pump
from analytic.delivery.mqtt import connection, sink
from analytic.events.types import Message
from tests.analytic.delivery.mqtt.certificates import password_file
from tests.analytic.delivery.mqtt.conftest import MakeDevice
from tests.analytic.delivery.mqtt.device import CLASSES, Device
from tests.analytic.delivery.mqtt.ear import Ear
from tests.homeassistant.conftest import StartMosquitto
from tests.homeassistant.discovery import mistakes
from tests.homeassistant.mosquitto import Mosquitto

MakeEar = Callable[..., Ear]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Home Assistant is here that needs time, and the broker is near."""
    monkeypatch.setattr(sink, "_SETTLING_S", 0.02)
    monkeypatch.setattr(connection, "_RETAINED_WAIT_S", 0.1)
    monkeypatch.setattr(pump, "_TICK_S", 0.1)


@pytest.fixture
def listening(mosquitto: Mosquitto, ear: MakeEar) -> Ear:
    return ear(mosquitto)


def states(device: Device, ear: Ear, name: str = "fire") -> list[str]:
    return ear.on(device.topics.state(name))


def events(device: Device, ear: Ear) -> list[Message]:
    return [json.loads(payload) for payload in ear.on(device.topics.events)]


def configured(device: Device, ear: Ear) -> dict[str, str]:
    """What is announced: topic -> the last payload."""
    node = device.topics.node
    return {one.topic: one.payload for one in ear.heard if one.topic.endswith("/config") and node in one.topic}


def test_an_alarm_is_told_as_messages_as_a_state_and_once_as_an_event(
    mosquitto: Mosquitto, device: MakeDevice, listening: Ear
) -> None:
    one = device(mosquitto).start().wait_until_reachable()
    event_id = one.publish(phase="start")
    one.publish(phase="update", event_id=event_id)
    one.publish(phase="end", event_id=event_id)
    listening.wait_for(lambda: listening.on(one.topics.acknowledged)[-1:] == ['{"seq":3}'])
    assert [message["phase"] for message in events(one, listening)] == ["start", "update", "end"]
    assert events(one, listening) == one.history.after(0, 10)
    assert states(one, listening) == ["OFF", "ON", "ON", "OFF"]
    (alert,) = map(json.loads, listening.on(one.topics.alert))
    assert (alert["event_type"], alert["event_id"], alert["source"]) == ("fire", event_id, "kitchen")
    assert json.loads(listening.on(one.topics.attributes("fire"))[0])["score"] == 0.45


def test_the_state_says_on_only_after_the_facts_beside_it(
    mosquitto: Mosquitto, device: MakeDevice, listening: Ear
) -> None:
    one = device(mosquitto).start().wait_until_reachable()
    one.publish(phase="start")
    listening.wait_for(lambda: "ON" in states(one, listening))
    order = [said.topic for said in listening.heard]
    on = next(i for i, said in enumerate(listening.heard) if said[:2] == (one.topics.state("fire"), "ON"))
    assert order.index(one.topics.attributes("fire")) < on


def test_only_states_status_discovery_availability_and_the_marker_are_retained(
    mosquitto: Mosquitto, device: MakeDevice, ear: MakeEar
) -> None:
    one = device(mosquitto, sources=["hall"], frigate_prefix="frigate-retained").start().wait_until_reachable()
    event_id = one.publish(phase="start")
    one.publish(phase="end", event_id=event_id)
    one.delete(event_id)
    one.wait_until_delivered()
    one.stop()
    topics = one.topics
    expected = {topics.availability, topics.acknowledged, topics.status, topics.source("hall")}
    expected |= {topics.state(name) for name in CLASSES}
    found = {
        topic
        for topic in ear(mosquitto).retained
        if (topics.node in topic or "frigate" in topic) and not topic.endswith("/config")
    }
    assert found == expected


def test_every_discovery_message_on_the_wire_is_one_that_home_assistant_takes(
    mosquitto: Mosquitto, device: MakeDevice, listening: Ear, ear: MakeEar
) -> None:
    one = device(mosquitto, sources=["hall.1"]).start().wait_until_reachable()
    retained = {topic: text for topic, text in ear(mosquitto).retained.items() if topic in configured(one, listening)}
    assert len(retained) == len(CLASSES) + 1 + 3 + 4
    assert [mistake for topic, text in retained.items() for mistake in mistakes(topic, json.loads(text))] == []


def test_available_while_it_runs_and_not_once_it_has_ended(
    mosquitto: Mosquitto, device: MakeDevice, listening: Ear
) -> None:
    one = device(mosquitto).start().wait_until_reachable()
    one.stop()
    listening.wait_for(lambda: listening.on(one.topics.availability) == ["online", "offline"])


def test_without_home_assistant_there_are_messages_and_no_entities(
    mosquitto: Mosquitto, device: MakeDevice, listening: Ear
) -> None:
    one = device(mosquitto, discovery_prefix=None).start().wait_until_reachable()
    one.publish(phase="start")
    one.wait_until_delivered()
    listening.wait_for(lambda: listening.on(one.topics.acknowledged))
    assert len(events(one, listening)) == 1
    assert configured(one, listening) == {}
    assert not [said for said in listening.heard if said.topic.startswith(one.topics.alert)]


def test_frigates_topics_tell_alarms_and_levels(mosquitto: Mosquitto, device: MakeDevice, listening: Ear) -> None:
    one = (
        device(mosquitto, discovery_prefix=None, frigate_prefix="frigate-a", sources=["kitchen"])
        .start()
        .wait_until_reachable()
    )
    event_id = one.publish(phase="start", event_class="glass_break", mid="/m/07rn7sz")
    one.publish(phase="end", event_id=event_id, event_class="glass_break", mid="/m/07rn7sz")
    listening.wait_for(lambda: len(listening.on("frigate-a/kitchen/audio/shatter")) == 2)
    assert listening.on("frigate-a/kitchen/audio/shatter") == ["ON", "OFF"]
    assert listening.on("frigate-a/kitchen/audio/dBFS") == ["-40.0"]
    assert listening.on("frigate-a/kitchen/audio/rms") == ["327.7"]


class TestOff:
    def test_comes_with_a_deletion(self, mosquitto: Mosquitto, device: MakeDevice, listening: Ear) -> None:
        one = device(mosquitto).start().wait_until_reachable()
        event_id = one.publish(phase="start")
        listening.wait_for(lambda: states(one, listening)[-1:] == ["ON"])
        one.delete(event_id)
        listening.wait_for(lambda: states(one, listening)[-1:] == ["OFF"])
        assert listening.on(one.topics.attributes("fire"))[-1] == "{}"
        assert events(one, listening)[-1]["phase"] == "deleted"

    def test_comes_after_a_restart_that_finds_nothing_open(
        self, mosquitto: Mosquitto, device: MakeDevice, ear: MakeEar
    ) -> None:
        first = device(mosquitto).start().wait_until_reachable()
        event_id = first.publish(phase="start")
        first.wait_until_delivered()
        first.stop()
        assert ear(mosquitto).retained[first.topics.state("fire")] == "ON"
        again = device(mosquitto)
        again.delete(event_id)
        again.start().wait_until_reachable()
        assert ear(mosquitto).retained[first.topics.state("fire")] == "OFF"

    def test_does_not_come_after_a_restart_while_the_alarm_goes_on(
        self, mosquitto: Mosquitto, device: MakeDevice, ear: MakeEar
    ) -> None:
        first = device(mosquitto).start().wait_until_reachable()
        event_id = first.publish(phase="start")
        first.wait_until_delivered()
        first.stop()
        listening = ear(mosquitto)
        again = device(mosquitto).start().wait_until_reachable()
        assert set(states(again, listening)) == {"ON"}
        again.publish(phase="end", event_id=event_id)
        listening.wait_for(lambda: states(again, listening)[-1:] == ["OFF"])

    def test_would_come_by_itself(self, mosquitto: Mosquitto, device: MakeDevice, listening: Ear) -> None:
        one = device(mosquitto).start().wait_until_reachable()
        sensors = [json.loads(text) for topic, text in configured(one, listening).items() if "binary_sensor" in topic]
        assert {each["off_delay"] for each in sensors} == {120}

    def test_stays_away_from_a_long_alarm_because_on_is_told_again_before(
        self, mosquitto: Mosquitto, device: MakeDevice, listening: Ear
    ) -> None:
        one = device(mosquitto).start().wait_until_reachable()
        one.publish(phase="start")
        listening.wait_for(lambda: "ON" in states(one, listening))
        told = len(states(one, listening))
        one.ahead_s += sink._STATUS_S + 1
        listening.wait_for(lambda: states(one, listening)[told:] == ["ON"])

    def test_comes_on_frigates_topics_for_what_was_deleted_while_the_broker_was_away(
        self, start_mosquitto: StartMosquitto, device: MakeDevice, ear: MakeEar
    ) -> None:
        broker = start_mosquitto()
        one = device(broker, frigate_prefix="f").start().wait_until_reachable()
        event_id = one.publish(phase="start")
        one.wait_until_delivered()
        broker.kill()
        one.delete(event_id)
        one.wait_until_reachable(False)
        broker.start()
        listening = ear(broker)
        listening.wait_for(lambda: "OFF" in listening.on("f/kitchen/audio/fire"))


class TestOldAlarms:
    def test_turn_nothing_on_fire_nothing_and_are_not_lost(
        self, mosquitto: Mosquitto, device: MakeDevice, listening: Ear
    ) -> None:
        one = device(mosquitto, frigate_prefix="frigate-old")
        for name, ago_s in (("glass_break", 3600), ("smoke_alarm", 301)):
            event_id = one.publish(phase="start", event_class=name, ago_s=ago_s)
            one.publish(phase="end", event_id=event_id, event_class=name, ago_s=ago_s - 1)
        one.start().wait_until_delivered()
        one.publish(phase="start")
        listening.wait_for(lambda: "ON" in states(one, listening))
        assert [message["seq"] for message in events(one, listening)] == [1, 2, 3, 4, 5]
        assert set(states(one, listening, "glass_break")) == {"OFF"}
        assert set(states(one, listening, "smoke_alarm")) == {"OFF"}
        assert set(listening.on("frigate-old/kitchen/audio/glass")) == {"OFF"}
        assert [json.loads(each)["event_type"] for each in listening.on(one.topics.alert)] == ["fire"]

    def test_that_still_go_on_are_on(self, mosquitto: Mosquitto, device: MakeDevice, listening: Ear) -> None:
        one = device(mosquitto)
        one.publish(phase="start", ago_s=400)
        one.start().wait_until_delivered()
        listening.wait_for(lambda: listening.on(one.topics.acknowledged))
        assert set(states(one, listening)) == {"ON"}
        assert listening.on(one.topics.alert) == []


class TestEntities:
    def test_are_announced_again_when_home_assistant_is_back(
        self, mosquitto: Mosquitto, device: MakeDevice, listening: Ear
    ) -> None:
        one = device(mosquitto, sources=["hall"]).start().wait_until_reachable()
        announced = configured(one, listening)
        before = len(listening.heard)
        listening.say("homeassistant/status", "offline")
        listening.say("homeassistant/status", "online")
        wanted = {*announced, one.topics.status, one.topics.source("hall"), one.topics.state("fire")}
        listening.wait_for(lambda: wanted <= {said.topic for said in listening.heard[before:]})

    def test_come_with_a_source_and_go_with_it(self, mosquitto: Mosquitto, device: MakeDevice, ear: MakeEar) -> None:
        listening = ear(mosquitto)
        one = device(mosquitto).start().wait_until_reachable()
        assert not [topic for topic in configured(one, listening) if "-hall_" in topic]
        one.sources.append("hall")
        listening.wait_for(lambda: listening.on(one.topics.source("hall")))
        hall = [topic for topic in configured(one, listening) if "-hall_" in topic]
        assert len(hall) == 4
        one.sources.clear()
        listening.wait_for(lambda: listening.on(one.topics.source("hall"))[-1:] == [""])
        assert {configured(one, listening)[topic] for topic in hall} == {""}
        assert not [topic for topic in ear(mosquitto).retained if "hall" in topic and one.topics.node in topic]

    def test_of_sources_and_classes_that_are_gone_go_after_a_restart(
        self, mosquitto: Mosquitto, device: MakeDevice, ear: MakeEar
    ) -> None:
        first = device(mosquitto, sources=["hall", "attic"]).start().wait_until_reachable()
        first.stop()
        device(mosquitto, sources=["attic"], classes=["fire"]).start().wait_until_reachable()
        left = {topic for topic, text in ear(mosquitto).retained.items() if text and first.topics.node in topic}
        assert not [topic for topic in left if "hall" in topic or "glass" in topic or "smoke" in topic]
        assert len([topic for topic in left if topic.endswith("/config")]) == 1 + 1 + 3 + 4

    def test_go_where_home_assistant_is_switched_off(
        self, mosquitto: Mosquitto, device: MakeDevice, ear: MakeEar
    ) -> None:
        first = device(mosquitto, sources=["hall"]).start().wait_until_reachable()
        first.stop()
        device(mosquitto, sources=["hall"], discovery_prefix=None).start().wait_until_reachable()
        topics = first.topics
        left = {topic for topic in ear(mosquitto).retained if topics.node in topic}
        assert left == {topics.availability, topics.status, topics.source("hall")}

    def test_of_another_discovery_prefix_take_the_place_of_the_first_ones(
        self, mosquitto: Mosquitto, device: MakeDevice, ear: MakeEar
    ) -> None:
        first = device(mosquitto, discovery_prefix="ha-one").start().wait_until_reachable()
        first.stop()
        device(mosquitto, discovery_prefix="ha-two").start().wait_until_reachable()
        assert {topic.split("/")[0] for topic in ear(mosquitto).retained if topic.endswith("/config")} >= {"ha-two"}
        assert not [topic for topic in ear(mosquitto).retained if topic.startswith("ha-one/")]


@pytest.fixture
def again(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[int, int]]]:
    """What went again, as the log says: how many messages, after which number."""
    caplog.set_level(logging.DEBUG)

    def found() -> list[tuple[int, int]]:
        said: list[Any] = [record for record in caplog.records if "forgotten" in record.getMessage()]
        return [(record.messages, record.after) for record in said]

    return found


class TestForgetfulBrokers:
    def test_a_broker_that_died_before_it_wrote_down_what_it_acknowledged_gets_it_again(
        self,
        start_mosquitto: StartMosquitto,
        device: MakeDevice,
        ear: MakeEar,
        again: Callable[[], list[tuple[int, int]]],
    ) -> None:
        broker = start_mosquitto(
            persistence=True, settings=["autosave_on_changes false", "autosave_interval 1800", "max_queued_messages 0"]
        )
        one = device(broker)
        ear(broker, one.topics.events, name="keeps").leave()
        one.start()
        for _ in range(5):
            one.publish(phase="end")
        one.wait_until_delivered()
        marker = ear(broker, one.topics.acknowledged)
        marker.wait_for(lambda: marker.on(one.topics.acknowledged)[-1:] == ['{"seq":5}'])
        marker.leave()
        broker.write_down()
        broker.wait_until_kept('{"seq":5}')
        for _ in range(7):
            one.publish(phase="end")
        one.wait_until_delivered()
        broker.kill()
        one.wait_until_reachable(False)
        broker.start()
        one.wait_until_reachable()
        one.publish(phase="end")
        one.wait_until_delivered()
        keeps = ear(broker, one.topics.events, name="keeps")
        keeps.wait_for(lambda: set(keeps.numbers(one.topics.events)) == set(range(1, 14)))
        assert keeps.numbers(one.topics.events) == list(range(1, 14))
        assert again() == [(7, 5)]

    def test_a_broker_that_writes_after_each_change_and_is_killed_at_once_loses_nothing(
        self, start_mosquitto: StartMosquitto, device: MakeDevice, ear: MakeEar
    ) -> None:
        broker = start_mosquitto(persistence=True, settings=["max_queued_messages 0"])
        one = device(broker)
        ear(broker, one.topics.events, name="keeps").leave()
        one.start()
        for life in range(2):
            for _ in range(40):
                one.publish(phase="end")
            one.wait_until_delivered()
            broker.kill()
            one.wait_until_reachable(False)
            broker.start()
            one.wait_until_reachable()
            assert one.is_reachable, life
        one.wait_until_delivered()
        keeps = ear(broker, one.topics.events, name="keeps")
        keeps.wait_for(lambda: set(keeps.numbers(one.topics.events)) == set(range(1, 81)))

    def test_a_broker_without_persistence_gets_again_what_is_not_older_than_ten_minutes(
        self,
        start_mosquitto: StartMosquitto,
        device: MakeDevice,
        ear: MakeEar,
        again: Callable[[], list[tuple[int, int]]],
    ) -> None:
        broker = start_mosquitto()
        one = device(broker)
        one.publish(phase="end", ago_s=700)
        one.start().wait_until_delivered()
        event_id = one.publish(phase="start")
        one.wait_until_delivered()
        broker.kill()
        one.publish(phase="end", event_id=event_id)
        one.wait_until_reachable(False)
        broker.start()
        listening = ear(broker)
        listening.wait_for(lambda: listening.on(one.topics.acknowledged)[-1:] == ['{"seq":3}'])
        assert listening.numbers(one.topics.events) == [2, 3]
        assert again() == [(1, 0)]
        assert states(one, listening)[-2:] == ["ON", "OFF"]
        assert listening.on(one.topics.alert) == []

    def test_an_alarm_whose_beginning_was_forgotten_and_whose_end_waits_ends(
        self, start_mosquitto: StartMosquitto, device: MakeDevice, ear: MakeEar
    ) -> None:
        broker = start_mosquitto()
        one = device(broker, frigate_prefix="f").start().wait_until_reachable()
        event_id = one.publish(phase="start")
        one.wait_until_delivered()
        broker.kill()
        one.wait_until_reachable(False)
        one.publish(phase="end", event_id=event_id)
        broker.start()
        one.wait_until_delivered()
        retained = ear(broker).retained
        assert retained[one.topics.state("fire")] == "OFF"
        one.ahead_s += sink._STATUS_S + 1
        listening = ear(broker)
        listening.wait_for(lambda: len(listening.on(one.topics.status)) > 1)
        assert "ON" not in states(one, listening)

    def test_a_broker_that_remembers_gets_nothing_twice(
        self, mosquitto: Mosquitto, device: MakeDevice, listening: Ear, again: Callable[[], list[tuple[int, int]]]
    ) -> None:
        lives = []
        for _ in range(3):
            lives.append(device(mosquitto).start().wait_until_reachable())
            lives[-1].publish(phase="end")
            lives[-1].wait_until_delivered()
            lives[-1].stop()
        topics = lives[0].topics
        listening.wait_for(lambda: listening.on(topics.acknowledged)[-1:] == ['{"seq":3}'])
        assert listening.numbers(topics.events) == [1, 2, 3]
        assert again() == []

    @pytest.mark.parametrize(
        "marker",
        [
            "x",
            "{}",
            "[1]",
            "null",
            '{"seq":"1"}',
            '{"seq":1e400}',
            '{"seq":-1}',
            '{"seq":1' + "0" * 30 + "}",
            "[" * 5000,
        ],
        ids=["text", "no number", "list", "null", "string", "infinite", "negative", "too high", "deep"],
    )
    def test_a_marker_that_somebody_else_wrote_costs_nothing_but_messages_that_come_twice(
        self, mosquitto: Mosquitto, device: MakeDevice, listening: Ear, marker: str
    ) -> None:
        first = device(mosquitto).start().wait_until_reachable()
        first.publish(phase="end")
        first.wait_until_delivered()
        first.stop()
        listening.say(first.topics.acknowledged, marker, retain=True)
        one = device(mosquitto).start().wait_until_reachable()
        one.publish(phase="end")
        one.wait_until_delivered()
        listening.wait_for(lambda: listening.on(one.topics.acknowledged)[-1:] == ['{"seq":2}'])
        assert listening.numbers(one.topics.events) == [1, 1, 2]


class TestOutages:
    def test_what_happens_while_the_broker_is_away_arrives_when_it_is_back(
        self, start_mosquitto: StartMosquitto, device: MakeDevice, ear: MakeEar
    ) -> None:
        broker = start_mosquitto()
        broker.stop()
        one = device(broker).start()
        one.wait_until_reachable(False)
        for _ in range(250):
            one.publish(phase="end")
        broker.start()
        listening = ear(broker)
        listening.wait_for(lambda: listening.on(one.topics.acknowledged)[-1:] == ['{"seq":250}'])
        assert listening.numbers(one.topics.events) == list(range(1, 251))

    def test_what_waits_when_it_connects_goes_at_once_and_nobody_is_told_that_it_cannot_be_reached(
        self, mosquitto: Mosquitto, device: MakeDevice, caplog: pytest.LogCaptureFixture
    ) -> None:
        one = device(mosquitto)
        for _ in range(3):
            one.publish(phase="end")
        with caplog.at_level(logging.WARNING):
            one.start().wait_until_delivered()
            one.wait_until_reachable()
        assert [record.getMessage() for record in caplog.records] == []

    def test_a_broker_that_hangs_is_unreachable_after_its_ten_seconds_and_reached_again_when_it_goes_on(
        self, start_mosquitto: StartMosquitto, device: MakeDevice, ear: MakeEar, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert connection._PATIENCE_S == 10
        monkeypatch.setattr(connection, "_PATIENCE_S", 1.0)
        broker = start_mosquitto()
        one = device(broker).start().wait_until_reachable()
        listening = ear(broker, one.topics.events, one.topics.availability)
        broker.pause()
        began = time.monotonic()
        one.publish(phase="start")
        one.wait_until_reachable(False)
        assert time.monotonic() - began < 7
        broker.resume()
        one.wait_until_reachable()
        one.wait_until_delivered()
        listening.wait_for(lambda: set(listening.numbers(one.topics.events)) == {1})
        listening.wait_for(lambda: listening.on(one.topics.availability)[-1:] == ["online"])

    def test_a_wrong_password_is_told_once_and_stands_in_no_line_of_the_log(
        self, start_mosquitto: StartMosquitto, device: MakeDevice, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        passwords = password_file(tmp_path, "hearken", "right")
        broker = start_mosquitto(settings=["allow_anonymous false", f"password_file {passwords}"])
        one = device(broker, username="hearken", password="s3cret")
        one.publish(phase="end")
        one.start().wait_until_reachable(False)
        one.stop()
        said: list[Any] = [record for record in caplog.records if record.getMessage() == "a sink cannot be reached"]
        assert [record.error for record in said] == [f"127.0.0.1:{broker.port} refuses: Not authorized"]
        assert "s3cret" not in "".join(str(vars(record)) for record in caplog.records)
        good = device(broker, username="hearken", password="right").start().wait_until_reachable()
        good.wait_until_delivered()
