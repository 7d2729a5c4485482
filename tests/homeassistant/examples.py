# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Discovery messages written by hand, for the tests of this folder: one of each kind of entity.

All of them belong to one device and hang on one availability topic. `base` keeps the tests of one broker apart.
"""

from __future__ import annotations

from typing import Any

Message = tuple[str, dict[str, Any]]


def _common(base: str, component: str, what: str) -> Message:
    payload = {
        "unique_id": f"{base}_{what}",
        "default_entity_id": f"{component}.{base}_{what}",
        "availability": [{"topic": f"{base}/available"}],
        "device": {
            "identifiers": [base],
            "name": base.title(),
            "manufacturer": "The Hearken authors",
            "model": "By hand",
            "sw_version": "0.1.0",
        },
        "origin": {"name": "hearken", "sw_version": "0.1.0", "support_url": "https://example.org/hearken"},
        "qos": 1,
    }
    return f"homeassistant/{component}/{base}_{what}/config", payload


def glass(base: str, **more: Any) -> Message:
    """Return the binary sensor of an alert class: `BASE/glass` says ON or OFF, `BASE/glass/attributes` the rest."""
    topic, payload = _common(base, "binary_sensor", "glass")
    own = {
        "name": "Glass",
        "device_class": "sound",
        "state_topic": f"{base}/glass",
        "payload_on": "ON",
        "payload_off": "OFF",
        "json_attributes_topic": f"{base}/glass/attributes",
    }
    return topic, payload | own | more


def alert(base: str, **more: Any) -> Message:
    """Return the event entity: `BASE/event` fires it."""
    topic, payload = _common(base, "event", "alert")
    own = {"name": "Alert", "state_topic": f"{base}/event", "event_types": ["glass_break", "smoke_alarm"]}
    return topic, payload | own | more


def level(base: str, **more: Any) -> Message:
    """Return the sound level: `BASE/level` is a number of decibels."""
    topic, payload = _common(base, "sensor", "level")
    own = {
        "name": "Level",
        "device_class": "sound_pressure",
        "state_class": "measurement",
        "unit_of_measurement": "dB",
        "state_topic": f"{base}/level",
    }
    return topic, payload | own | more


def audio_age(base: str, **more: Any) -> Message:
    """Return a diagnostic: `BASE/age` is a number of seconds."""
    topic, payload = _common(base, "sensor", "age")
    own = {
        "name": "Last audio",
        "device_class": "duration",
        "unit_of_measurement": "s",
        "entity_category": "diagnostic",
        "state_topic": f"{base}/age",
    }
    return topic, payload | own | more


ALL = (glass, alert, level, audio_age)
