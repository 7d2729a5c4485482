# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which entities there are; entities.json beside this file lists them. `python -m` this file writes it anew."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.delivery.mqtt.homeassistant import Hub, discovery, source_status
from analytic.delivery.mqtt.topics import Topics
from analytic.events.classes import ALERT_CLASSES
from tests.homeassistant.discovery import mistakes

GOLDEN = Path(__file__).with_name("entities.json")
DOCS = Path(__file__).parents[4] / "docs" / "mqtt.md"
CLASSES = tuple(sorted({one.name for one in ALERT_CLASSES} | {"surge", "unusual"}))
HUB = Hub(Topics("hearken/0123456789ab"), "Home", "0.1.0", CLASSES)
SHOWN = ("device_class", "unit_of_measurement", "entity_category", "state_topic", "value_template", "default_entity_id")
NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)


def entities() -> list[dict[str, Any]]:
    """What a hub with all classes and two sources announces, without what all entities have alike."""
    return [
        {
            "topic": topic,
            "device": payload["device"]["name"],
            "name": payload["name"],
            **{key: payload[key] for key in SHOWN if key in payload},
        }
        for topic, payload in discovery(HUB, ["kitchen", "hall.1"]).items()
    ]


def test_the_entities_are_those_of_the_list() -> None:
    assert entities() == json.loads(GOLDEN.read_text("utf-8"))


@pytest.mark.parametrize("prefix", ["homeassistant", "ha"])
def test_home_assistant_takes_every_message(prefix: str) -> None:
    found = discovery(HUB, ["kitchen", "hall.1", "a-b_c"], prefix)
    assert found
    assert {topic: mistakes(topic, payload) for topic, payload in found.items() if mistakes(topic, payload)} == {}
    assert all(topic.startswith(f"{prefix}/") for topic in found)


@given(names=st.sets(NAMES, max_size=6))
def test_whatever_sources_are_called_home_assistant_takes_their_entities_and_none_collide(names: set[str]) -> None:
    none = discovery(HUB, [])
    found = discovery(HUB, names)
    assert len(found) == len(none) + 4 * len(names)
    assert [mistake for message in found.items() for mistake in mistakes(*message)] == []
    ids = [(topic.split("/")[1], payload["unique_id"]) for topic, payload in found.items()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "names",
    [("a.b", "a_b", "a-b", "ab"), ("a.b", "a-2e-b"), ("a", "A"), (".", "-", "_"), ("a", "a_status", "a-status")],
)
def test_names_that_look_alike_make_entities_of_their_own(names: tuple[str, ...]) -> None:
    assert len(discovery(HUB, names)) == len(discovery(HUB, [])) + 4 * len(names)


@given(name=NAMES, more=st.sampled_from(["", "_problem", "_status"]))
def test_a_source_and_a_class_of_the_same_name_do_not_collide(name: str, more: str) -> None:
    own = re.sub(r"[^a-z0-9_]", "", f"c{name.lower()}")[:50]
    hub = Hub(HUB.topics, "Home", "0.1.0", (own, own + more) if more else (own,))
    assert len(discovery(hub, [own])) == len(discovery(hub, [])) + 4


def test_entities_of_one_source_belong_to_a_device_behind_the_hub() -> None:
    found = discovery(HUB, ["kitchen"])
    (kitchen,) = {json.dumps(one["device"]) for topic, one in found.items() if "-kitchen_" in topic}
    assert json.loads(kitchen)["via_device"] == "hearken_0123456789ab"
    assert json.loads(kitchen)["name"] == "Home kitchen"


def test_no_name_of_an_entity_repeats_that_of_its_device() -> None:
    for payload in discovery(HUB, ["kitchen"]).values():
        assert not payload["name"].lower().startswith(payload["device"]["name"].lower())


def test_a_heard_alarm_is_never_shown_as_a_smoke_detector() -> None:
    shown = {payload.get("device_class") for payload in discovery(HUB, []).values()}
    assert "smoke" not in shown
    assert {"safety", "sound"} <= shown


def test_without_classes_there_is_no_event_entity_for_it_could_not_fire() -> None:
    found = discovery(Hub(HUB.topics, "Home", "0.1.0", ()), [])
    assert [topic for topic in found if "/event/" in topic or "/binary_sensor/" in topic] == []


def test_every_alert_class_is_an_event_type() -> None:
    (alert,) = (payload for topic, payload in discovery(HUB, []).items() if "/event/" in topic)
    assert alert["event_types"] == list(CLASSES)


@pytest.mark.parametrize(("status", "problem"), [("ok", "OFF"), ("lost", "ON"), ("deaf", "ON"), ("clipping", "ON")])
def test_a_source_that_does_not_fare_well_is_a_problem(status: str, problem: str) -> None:
    report = {"status": status, "level_dbfs": None, "last_audio_age_s": 1.5, "id": "kitchen", "gaps": 3}
    assert source_status(report) == {
        "level_dbfs": None,
        "status": status,
        "problem": problem,
        "last_audio_age_s": 1.5,
    }


def test_the_documentation_names_every_entity() -> None:
    text = DOCS.read_text("utf-8")
    for one in entities():
        component = one["topic"].split("/")[1]
        if one["device"] == "Home" and component == "binary_sensor":
            continue
        unit = f" ({one['unit_of_measurement']})" if "unit_of_measurement" in one else ""
        kind = f"{component}, diagnostic" if "entity_category" in one else component
        row = f"| {one['name']}{unit} | {kind} |"
        assert row in text, row


def test_the_documentation_says_which_classes_are_shown_as_safety() -> None:
    found = re.search(r"`safety` for ([^;.]+)", DOCS.read_text("utf-8"))
    assert found is not None
    told = {payload["state_topic"].split("/")[3] for payload in discovery(HUB, []).values() if _is_safety(payload)}
    assert set(re.findall(r"\w+", found[1])) - {"and"} == told


def _is_safety(payload: dict[str, Any]) -> bool:
    return payload.get("device_class") == "safety"


if __name__ == "__main__":
    GOLDEN.write_text("[\n" + ",\n".join(json.dumps(one) for one in entities()) + "\n]\n", "utf-8")
