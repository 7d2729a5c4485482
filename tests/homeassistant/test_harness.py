# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A real Home Assistant shows what is published by hand: the rules that a publisher of ours must obey."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from paho.mqtt.client import Client

from tests.homeassistant.by_hand import connected, introduce, lose, say
from tests.homeassistant.conftest import StartHomeAssistant, StartMosquitto
from tests.homeassistant.discovery import mistakes
from tests.homeassistant.examples import ALL, alert, audio_age, glass, level
from tests.homeassistant.home_assistant import HomeAssistant
from tests.homeassistant.mosquitto import Mosquitto

PATIENCE_S = 10.0


@pytest.fixture
def client(mosquitto: Mosquitto) -> Iterator[Client]:
    with connected(mosquitto) as one:
        yield one


def test_home_assistant_starts_without_the_internet(home_assistant: HomeAssistant) -> None:
    assert home_assistant.version == "2024.3.3"
    assert not [complaint for complaint in home_assistant.complaints if complaint.startswith("ERROR hub: refused")]


def test_discovered_entities_appear_with_their_device(client: Client, home_assistant: HomeAssistant) -> None:
    introduce(client, "larder", glass("larder"), alert("larder"), level("larder"), audio_age("larder"))
    ids = ("larder_glass", "larder_alert", "larder_level", "larder_age")
    home_assistant.wait_for(lambda home: all(home.state(each) == "unknown" for each in ids))

    shown = home_assistant.find("larder_glass")
    assert shown is not None
    assert shown.device == {
        "name": "Larder",
        "identifiers": ["larder"],
        "manufacturer": "The Hearken authors",
        "model": "By hand",
        "sw_version": "0.1.0",
    }
    assert shown.attributes == {"device_class": "sound", "friendly_name": "Larder Glass"}
    age = home_assistant.find("larder_age")
    assert age is not None
    assert age.category == "diagnostic"


def test_an_entity_id_is_made_from_the_names_where_default_entity_id_is_unknown(
    client: Client, home_assistant: HomeAssistant
) -> None:
    introduce(client, "attic", glass("attic", name="Broken glass", default_entity_id="binary_sensor.other"))
    home_assistant.wait_for(lambda home: "binary_sensor.attic_broken_glass" in home.entities)
    assert not [complaint for complaint in home_assistant.complaints if "attic" in complaint]


def test_a_binary_sensor_goes_on_and_off(client: Client, home_assistant: HomeAssistant) -> None:
    introduce(client, "hall", glass("hall"))
    say(client, "hall/glass/attributes", {"score": 0.85, "event_class": "glass_break"}, retain=True)
    say(client, "hall/glass", "ON", retain=True)
    home_assistant.wait_for(lambda home: home.state("hall_glass") == "on")
    home_assistant.wait_for(lambda home: _attributes(home, "hall_glass").get("score") == 0.85)
    say(client, "hall/glass", "OFF", retain=True)
    home_assistant.wait_for(lambda home: home.state("hall_glass") == "off")


def test_a_binary_sensor_with_an_off_delay_goes_off_by_itself(client: Client, home_assistant: HomeAssistant) -> None:
    introduce(client, "porch", glass("porch", off_delay=1))
    home_assistant.wait_for(lambda home: home.state("porch_glass") == "unknown")
    say(client, "porch/glass", "ON")
    home_assistant.wait_for(lambda home: home.state("porch_glass") == "on")
    home_assistant.wait_for(lambda home: home.state("porch_glass") == "off")


def test_a_sensor_shows_its_number_with_its_unit(client: Client, home_assistant: HomeAssistant) -> None:
    introduce(client, "cellar", level("cellar"))
    say(client, "cellar/level", "41.5", retain=True)
    home_assistant.wait_for(lambda home: home.state("cellar_level") == "41.5")
    assert _attributes(home_assistant, "cellar_level")["unit_of_measurement"] == "dB"


def test_a_sensor_that_is_silent_too_long_is_unavailable(client: Client, home_assistant: HomeAssistant) -> None:
    introduce(client, "garage", audio_age("garage", expire_after=1))
    say(client, "garage/age", "3", retain=True)
    home_assistant.wait_for(lambda home: home.state("garage_age") == "3")
    home_assistant.wait_for(lambda home: home.state("garage_age") == "unavailable")


def test_an_event_fires_with_its_attributes(client: Client, home_assistant: HomeAssistant) -> None:
    introduce(client, "kitchen", alert("kitchen"))
    home_assistant.wait_for(lambda home: home.state("kitchen_alert") == "unknown")
    say(client, "kitchen/event", {"event_type": "glass_break", "score": 0.9})
    home_assistant.wait_for(lambda home: home.firings)
    (firing,) = _firings(home_assistant, "event.kitchen_alert")
    assert firing["event_type"] == "glass_break"
    assert firing["score"] == 0.9


def test_an_event_of_a_type_that_was_not_announced_does_not_fire(client: Client, home_assistant: HomeAssistant) -> None:
    introduce(client, "bath", alert("bath"))
    home_assistant.wait_for(lambda home: home.state("bath_alert") == "unknown")
    say(client, "bath/event", {"event_type": "scream"})
    say(client, "bath/event", "glass_break")
    say(client, "bath/event", {"event_type": "smoke_alarm"})
    home_assistant.wait_for(lambda home: _firings(home, "event.bath_alert"))
    assert [firing["event_type"] for firing in _firings(home_assistant, "event.bath_alert")] == ["smoke_alarm"]
    assert any("Invalid event type scream" in complaint for complaint in home_assistant.complaints)
    assert any("No valid JSON event payload" in complaint for complaint in home_assistant.complaints)


def test_an_event_that_was_retained_before_the_discovery_does_not_fire(
    client: Client, home_assistant: HomeAssistant
) -> None:
    say(client, "study/event", {"event_type": "glass_break"}, retain=True)
    introduce(client, "study", alert("study"))
    home_assistant.wait_for(lambda home: home.state("study_alert") == "unknown")
    say(client, "study/event", {"event_type": "smoke_alarm"})
    home_assistant.wait_for(lambda home: _firings(home, "event.study_alert"))
    assert [firing["event_type"] for firing in _firings(home_assistant, "event.study_alert")] == ["smoke_alarm"]


def test_the_last_will_makes_entities_unavailable(mosquitto: Mosquitto, home_assistant: HomeAssistant) -> None:
    with connected(mosquitto, will="office/available") as client:
        introduce(client, "office", glass("office"), alert("office"))
        say(client, "office/glass", "OFF", retain=True)
        home_assistant.wait_for(lambda home: home.state("office_glass") == "off")
        lose(client)
        home_assistant.wait_for(lambda home: home.state("office_glass") == "unavailable")
        home_assistant.wait_for(lambda home: home.state("office_alert") == "unavailable")
    with connected(mosquitto) as client:
        say(client, "office/available", "online", retain=True)
        home_assistant.wait_for(lambda home: home.state("office_glass") == "off")


def test_an_empty_retained_message_removes_an_entity(client: Client, home_assistant: HomeAssistant) -> None:
    topic, payload = glass("cloakroom")
    introduce(client, "cloakroom", (topic, payload))
    home_assistant.wait_for(lambda home: home.find("cloakroom_glass"))
    say(client, topic, retain=True)
    home_assistant.wait_for(lambda home: home.find("cloakroom_glass") is None)


@pytest.mark.parametrize(
    ("base", "changed"),
    [
        ("cot", {"device": {"identifiers": ["cot"], "name": "Cot", "model_id": "1"}}),
        ("den", {"origin": {"name": "hearken", "version": "1"}}),
        ("gym", {"device_class": "scream"}),
        ("inn", {"state_topic": "inn/#/glass"}),
        ("loo", {"availability_topic": "loo/available"}),
        ("spa", {"device": {"name": "Spa"}}),
    ],
)
def test_a_message_with_a_mistake_is_refused_and_one_with_an_unknown_key_is_not(
    base: str, changed: dict[str, Any], client: Client, home_assistant: HomeAssistant
) -> None:
    bad = glass(base, **changed)
    assert mistakes(*bad)
    good = level(base, unheard_of=True)
    introduce(client, base, bad, good)
    home_assistant.wait_for(lambda home: home.find(f"{base}_level"))
    home_assistant.wait_for(lambda home: any(base in complaint for complaint in home.complaints))
    assert home_assistant.find(f"{base}_glass") is None


def test_what_the_schema_calls_good_home_assistant_takes(client: Client, home_assistant: HomeAssistant) -> None:
    messages = [example("veranda") for example in ALL]
    assert not [mistake for message in messages for mistake in mistakes(*message)]
    introduce(client, "veranda", *messages)
    home_assistant.wait_for(lambda home: all(home.find(payload["unique_id"]) for _, payload in messages))
    assert not [complaint for complaint in home_assistant.complaints if "veranda" in complaint]


def test_home_assistant_says_when_it_is_back_and_finds_what_was_retained(
    start_mosquitto: StartMosquitto, start_home_assistant: StartHomeAssistant
) -> None:
    at = start_mosquitto()
    home = start_home_assistant(at)
    with connected(at) as client:
        births: list[tuple[bytes, bool]] = []
        heard = threading.Event()

        def on_birth(_client: Client, _data: object, message: Any) -> None:
            births.append((message.payload, message.retain))
            if message.payload == b"online":
                heard.set()

        client.on_message = on_birth
        client.subscribe("homeassistant/status", qos=1)
        introduce(client, "kitchen", glass("kitchen"), alert("kitchen"))
        say(client, "kitchen/glass", "ON", retain=True)
        home.wait_for(lambda home: home.state("kitchen_alert") == "unknown")
        say(client, "kitchen/event", {"event_type": "glass_break"})
        home.wait_for(lambda home: home.firings)

        home.stop()
        home.start()
        home.wait_for(lambda home: home.state("kitchen_glass") == "on")
        home.wait_for(lambda home: home.state("kitchen_alert") not in (None, "unknown"))
        assert home.firings == []  # the last event is remembered, not fired again
        assert heard.wait(PATIENCE_S)
        assert births == [(b"offline", False), (b"online", False)]


def test_a_broker_that_keeps_what_it_holds_survives_a_power_cut(start_mosquitto: StartMosquitto) -> None:
    at = start_mosquitto(persistence=True)
    with connected(at) as client:
        say(client, "kitchen/available", "online", retain=True)
    at.wait_until_kept("kitchen/available")
    at.kill()
    at.start()
    with connected(at) as client:
        got: list[bytes] = []
        heard = threading.Event()

        def on_message(_client: Client, _data: object, message: Any) -> None:
            got.append(message.payload)
            heard.set()

        client.on_message = on_message
        client.subscribe("kitchen/available", qos=1)
        assert heard.wait(PATIENCE_S)
    assert got == [b"online"]


def _attributes(home: HomeAssistant, unique_id: str) -> dict[str, Any]:
    entity = home.find(unique_id)
    return entity.attributes if entity else {}


def _firings(home: HomeAssistant, entity_id: str) -> list[dict[str, Any]]:
    fired = [firing for firing in home.firings if firing.entity_id == entity_id]
    return [{"event_type": firing.event_type, **firing.attributes} for firing in fired]
