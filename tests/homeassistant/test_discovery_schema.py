# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""discovery.schema.json tells good discovery messages from bad ones; test_harness.py asks Home Assistant itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.homeassistant.discovery import mistakes
from tests.homeassistant.examples import ALL, Message, alert, audio_age, glass, level


@pytest.mark.parametrize("example", ALL)
def test_the_examples_are_good(example: Callable[[str], Message]) -> None:
    assert mistakes(*example("kitchen")) == []


@pytest.mark.parametrize(
    ("example", "change"),
    [
        (glass, {"off_delay": 30, "expire_after": 600, "force_update": True}),
        (glass, {"device_class": "safety", "icon": "mdi:glass-fragile", "enabled_by_default": False}),
        (glass, {"device_class": None, "name": None}),
        (
            glass,
            {"availability": [{"topic": "a"}, {"topic": "b", "payload_available": "1"}], "availability_mode": "all"},
        ),
        (alert, {"device_class": "doorbell", "value_template": "{{ value }}"}),
        (level, {"unit_of_measurement": "dBA", "suggested_display_precision": 1}),
        (level, {"device_class": None, "unit_of_measurement": "dBFS"}),
        (audio_age, {"state_class": "measurement"}),
    ],
)
def test_what_home_assistant_also_takes_is_good(example: Callable[..., Message], change: dict[str, Any]) -> None:
    assert mistakes(*example("kitchen", **change)) == []


@pytest.mark.parametrize(
    ("example", "change"),
    [
        (glass, {"object_id": "glass"}),  # ended with 2026.4
        (glass, {"platform": "binary_sensor"}),  # only for a whole device in one message
        (glass, {"event_types": ["glass_break"]}),
        (glass, {"state_topic": "kitchen/+/glass"}),
        (glass, {"state_topic": "kitchen/#"}),
        (glass, {"state_topic": ""}),
        (glass, {"json_attributes_topic": "kitchen/\n"}),
        (glass, {"device_class": "scream"}),
        (glass, {"device_class": "sound_pressure"}),
        (glass, {"default_entity_id": "kitchen_glass"}),
        (glass, {"default_entity_id": "sensor.kitchen_glass"}),
        (glass, {"default_entity_id": "binary_sensor.Kitchen-Glass"}),
        (glass, {"entity_category": "config"}),
        (glass, {"off_delay": 0}),
        (glass, {"off_delay": 1.5}),
        (glass, {"off_delay": "30"}),
        (glass, {"payload_on": True}),
        (glass, {"qos": 3}),
        (glass, {"availability": []}),
        (glass, {"availability": [{"topic": "kitchen/+"}]}),
        (glass, {"availability": [{"payload_available": "online"}]}),
        (glass, {"availability": [{"topic": "a", "template": "b"}]}),
        (glass, {"availability_topic": "kitchen/available"}),  # beside the list
        (glass, {"payload_available": "1"}),  # without effect on the list
        (glass, {"availability_mode": "newest"}),
        (glass, {"device": {"name": "Kitchen"}}),
        (glass, {"device": {"identifiers": []}}),
        (glass, {"origin": {"sw_version": "0.1.0"}}),
        (alert, {"event_types": []}),
        (alert, {"event_types": ["glass_break", "glass_break"]}),
        (alert, {"event_types": "glass_break"}),
        (alert, {"device_class": "sound"}),
        (alert, {"device_class": None}),
        (alert, {"off_delay": 30}),
        (level, {"unit_of_measurement": "dBFS"}),
        (level, {"unit_of_measurement": None}),
        (level, {"state_class": "total"}),
        (level, {"state_class": "measurement_angle"}),  # not known to 2024.3
        (level, {"device_class": "sound"}),
        (level, {"options": ["loud", "quiet"]}),
        (audio_age, {"unit_of_measurement": "seconds"}),
        (audio_age, {"device_class": "timestamp"}),  # still has a unit
    ],
)
def test_a_wrong_value_is_a_mistake(example: Callable[..., Message], change: dict[str, Any]) -> None:
    assert mistakes(*example("kitchen", **change)) != []


@pytest.mark.parametrize(
    ("example", "missing"),
    [(glass, "state_topic"), (alert, "event_types"), (level, "state_topic"), (level, "unit_of_measurement")]
    + [(each, missing) for each in ALL for missing in ("unique_id", "default_entity_id", "device", "origin")],
)
def test_a_missing_key_is_a_mistake(example: Callable[[str], Message], missing: str) -> None:
    topic, payload = example("kitchen")
    del payload[missing]
    assert mistakes(topic, payload) != []


@pytest.mark.parametrize("part", ["device", "origin"])
def test_a_key_that_is_unknown_to_the_device_or_the_origin_is_a_mistake(part: str) -> None:
    topic, payload = glass("kitchen")
    payload[part]["model_id"] = "1"
    assert mistakes(topic, payload) != []


@pytest.mark.parametrize(
    "topic",
    [
        "homeassistant/switch/glass/config",
        "homeassistant/binary_sensor/config",
        "homeassistant/binary_sensor/a/b/c/config",
        "homeassistant/binary_sensor/glass break/config",
        "homeassistant/binary_sensor/glass.break/config",
        "homeassistant/binary_sensor/+/config",
        "homeassistant/binary_sensor/glass",
        "homeassistant/sensor/glass/config",  # another component than its payload
    ],
)
def test_a_wrong_topic_is_a_mistake(topic: str) -> None:
    assert mistakes(topic, glass("kitchen")[1]) != []


def test_a_mistake_names_its_place() -> None:
    assert mistakes(*glass("kitchen", qos=3)) == ["$.payload.qos: 3 is not one of [0, 1, 2]"]
