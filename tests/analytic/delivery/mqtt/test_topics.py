# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analytic.delivery.mqtt.topics import Letter, Topics, attributes
from analytic.events.types import Stamp
from analytic.ids import is_identifier
from tests.analytic.delivery.told import FIRE

DEVICE = "0123456789abcdef0123456789abcdef"
SOURCES = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)


def test_all_topics_of_a_device_lie_below_its_own_part() -> None:
    topics = Topics.of("hearken", DEVICE)
    assert topics.base == "hearken/0123456789ab"
    assert topics.node == "0123456789ab"
    assert {
        topics.availability,
        topics.events,
        topics.acknowledged,
        topics.status,
        topics.alert,
        topics.state("fire"),
        topics.attributes("fire"),
        topics.source("kitchen"),
    } == {
        "hearken/0123456789ab/availability",
        "hearken/0123456789ab/events",
        "hearken/0123456789ab/acknowledged",
        "hearken/0123456789ab/status",
        "hearken/0123456789ab/alert",
        "hearken/0123456789ab/alert/fire/state",
        "hearken/0123456789ab/alert/fire/attributes",
        "hearken/0123456789ab/source/kitchen",
    }


def test_a_prefix_of_several_levels_stands_before_the_device() -> None:
    topics = Topics.of("home/attic", DEVICE)
    assert topics.base == "home/attic/0123456789ab"
    assert topics.node == "0123456789ab"


@given(name=SOURCES)
def test_no_name_that_a_source_may_have_leaves_its_level_or_is_a_wildcard(name: str) -> None:
    assert is_identifier(name)
    *above, last = Topics.of("hearken", DEVICE).source(name).split("/")
    assert above == ["hearken", "0123456789ab", "source"]
    assert last == name
    assert not set("+#$\0") & set(last)


@given(name=st.text(max_size=70))
def test_a_name_with_anything_else_is_no_name_of_a_source(name: str) -> None:
    if set(name) & set("+#/$ \0\n"):
        assert not is_identifier(name)


def test_what_is_shown_beside_a_state_are_facts_of_the_message() -> None:
    message = FIRE.to_message(Stamp("m", 1, DEVICE, "2026-01-01T12:00:00Z"))
    shown = attributes(message)
    assert (shown["event_id"], shown["source"]) == (message["id"], "kitchen")
    others = shown.keys() - {"event_id", "source"}
    assert others == {"label", "score", "severity", "onset", "offset", "time"}
    assert {key: shown[key] for key in others} == {key: message[key] for key in others}


def test_a_letter_is_written_as_text_or_as_json_in_one_line() -> None:
    assert Letter("t", "ON").content == "ON"
    assert Letter("t", {"label": "Crying", "seq": 1}).content == '{"label":"Crying","seq":1}'
    assert not Letter("t", "ON").retain
