# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Home Assistant's discovery: which entities there are, as retained messages that it makes them from. No I/O here.

Home Assistant's MQTT integration, https://www.home-assistant.io/integrations/mqtt/: a message on
``<discovery prefix>/<component>/<object_id>/config`` makes an entity, an empty one removes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analytic.delivery.mqtt.topics import Topics

OFF_DELAY_S = 120
"""How long after the last ON a sensor turns OFF by itself, should the OFF never come."""

_SAFETY = frozenset({"glass_break", "gunshot", "explosion", "fire", "smoke_alarm", "car_alarm", "siren", "crash"})
_STRAY = re.compile(r"[^a-zA-Z0-9_]")
_NO_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Hub:
    """What is known of this device.

    Attributes
    ----------
    topics
        Where its messages go.
    name
        Its name, for people.
    version
        The software's version.
    classes
        Its alert classes.
    """

    topics: Topics
    name: str
    version: str
    classes: tuple[str, ...]


def discovery(hub: Hub, sources: Iterable[str], prefix: str = "homeassistant") -> dict[str, dict[str, Any]]:
    """Return the discovery messages: topic -> payload.

    Parameters
    ----------
    hub
        This device.
    sources
        Names of the live sources.
    prefix
        Home Assistant's discovery prefix.
    """
    found = dict(_of_hub(hub))
    for source in sorted(sources):
        found.update(_of_source(hub, source))
    common = {
        "origin": {"name": "Hearken", "sw_version": hub.version},
        "availability": [{"topic": hub.topics.availability}],
        "qos": 1,
    }
    return {
        f"{prefix}/{component}/{object_id}/config": {
            **payload,
            **common,
            "unique_id": object_id,
            "default_entity_id": f"{component}.{_NO_SLUG.sub('_', object_id.lower()).strip('_')}",
        }
        for (component, object_id), payload in found.items()
    }


Entities = Iterable[tuple[tuple[str, str], dict[str, Any]]]


def _of_hub(hub: Hub) -> Entities:
    node, topics = hub.topics.node, hub.topics
    device = {
        "identifiers": [f"hearken_{node}"],
        "name": hub.name,
        "manufacturer": "Hearken",
        "model": "Sound analytics",
        "sw_version": hub.version,
    }
    for name in hub.classes:
        yield (
            ("binary_sensor", f"hearken_{node}_{name}"),
            {
                "name": _words(name),
                "device": device,
                "state_topic": topics.state(name),
                "payload_on": "ON",
                "payload_off": "OFF",
                "device_class": "safety" if name in _SAFETY else "sound",
                "off_delay": OFF_DELAY_S,
                "json_attributes_topic": topics.attributes(name),
            },
        )
    if hub.classes:
        yield (
            ("event", f"hearken_{node}_alert"),
            {
                "name": "Alert",
                "device": device,
                "state_topic": topics.alert,
                "event_types": list(hub.classes),
                "icon": "mdi:ear-hearing",
            },
        )
    for key, name, more in (
        ("model", "Tagger", {"icon": "mdi:brain"}),
        ("waiting", "Messages waiting", {"state_class": "measurement", "icon": "mdi:tray-full"}),
        ("sources", "Live sources", {"state_class": "measurement", "icon": "mdi:microphone"}),
    ):
        yield (
            ("sensor", f"hearken_{node}_{key}"),
            {
                "name": name,
                "device": device,
                "state_topic": topics.status,
                "value_template": f"{{{{ value_json.{key} }}}}",
                "entity_category": "diagnostic",
                **more,
            },
        )


def _of_source(hub: Hub, source: str) -> Entities:
    node, topic = hub.topics.node, hub.topics.source(source)
    device = {
        "identifiers": [f"hearken_{node}_{source}"],
        "name": f"{hub.name} {source}",
        "manufacturer": "Hearken",
        "model": "Live source",
        "sw_version": hub.version,
        "via_device": f"hearken_{node}",
    }
    diagnostic = {"entity_category": "diagnostic"}
    for component, key, name, more in (
        (
            "sensor",
            "level_dbfs",
            "Level (dB below full scale)",
            {"device_class": "sound_pressure", "unit_of_measurement": "dB", "state_class": "measurement"},
        ),
        (
            "binary_sensor",
            "problem",
            "Health",
            {"device_class": "problem", "payload_on": "ON", "payload_off": "OFF", **diagnostic},
        ),
        ("sensor", "status", "Status", {"icon": "mdi:microphone-question", **diagnostic}),
        (
            "sensor",
            "last_audio_age_s",
            "Last sound",
            {"device_class": "duration", "unit_of_measurement": "s", "state_class": "measurement", **diagnostic},
        ),
    ):
        yield (
            (component, f"hearken_{node}-{_escaped(source)}_{key}"),  # no class of the hub is called so
            {
                "name": name,
                "device": device,
                "state_topic": topic,
                "value_template": f"{{{{ value_json.{key} }}}}",
                **more,
            },
        )


def source_status(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a live source's entities show, from its report."""
    return {
        "level_dbfs": report["level_dbfs"],
        "status": report["status"],
        "problem": "OFF" if report["status"] == "ok" else "ON",
        "last_audio_age_s": report["last_audio_age_s"],
    }


def _escaped(name: str) -> str:
    """Return a name in the characters that discovery allows: a dot is ``-2e-``, and a hyphen ``-2d-``; none collide."""
    return _STRAY.sub(lambda found: f"-{ord(found[0]):x}-", name)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
