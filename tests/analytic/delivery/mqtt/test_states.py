# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.delivery.mqtt.states import States
from analytic.delivery.mqtt.topics import Letter, Topics
from analytic.events.types import Message, Source, Stamp, deletion, gap
from tests.analytic.delivery.told import FIRE

BASE = "hearken/0123456789ab"
NUMBERS = itertools.count(1)
YELL, CRYING = "/m/07sr1lc", "/m/0463cq4"


def stamp() -> Stamp:
    return Stamp("m", next(NUMBERS), "0123456789ab", "2026-01-01T12:00:00Z")


def event(phase: str, event_id: str = "a", source: str = "kitchen", **more: Any) -> Message:
    return replace(FIRE, id=event_id, phase=phase, source=Source(source), **more).to_message(stamp())  # type: ignore[arg-type]


def states(*, entities: bool = True, frigate: str | None = None) -> States:
    return States(Topics(BASE), entities, frigate)


def told(letters: list[Letter], below: str = "alert") -> dict[str, str]:
    """State topics and their payloads."""
    return {
        one.topic.removeprefix(f"{BASE}/"): one.content
        for one in letters
        if one.content in ("ON", "OFF") and f"{below}/" in one.topic
    }


def fresh(one: States, message: Message) -> list[Letter]:
    return one.take(message, is_fresh=True, is_again=False)


def test_an_alarm_is_on_from_its_start_to_its_end() -> None:
    one = states()
    assert told(fresh(one, event("start"))) == {"alert/fire/state": "ON"}
    assert told(fresh(one, event("update"))) == {"alert/fire/state": "ON"}
    assert told(fresh(one, event("end"))) == {"alert/fire/state": "OFF"}


def test_a_class_is_on_as_long_as_one_of_its_alarms_goes_on() -> None:
    one = states()
    fresh(one, event("start", "a"))
    fresh(one, event("start", "b", "hall"))
    assert told(fresh(one, event("end", "a"))) == {"alert/fire/state": "ON"}
    assert told(fresh(one, event("end", "b", "hall"))) == {"alert/fire/state": "OFF"}


def test_an_alarm_fires_the_event_entity_once_at_its_start() -> None:
    one = states()
    fired = [
        [letter.payload for letter in fresh(one, event(phase)) if letter.topic == f"{BASE}/alert"]
        for phase in ("start", "update", "end")
    ]
    assert [len(each) for each in fired] == [1, 0, 0]
    (alert,) = fired[0]
    assert isinstance(alert, dict)
    assert alert["event_type"] == "fire"
    assert alert["source"] == "kitchen"


def test_an_alarm_that_goes_again_does_not_fire_again() -> None:
    letters = states().take(event("start"), is_fresh=True, is_again=True)
    assert f"{BASE}/alert" not in {letter.topic for letter in letters}
    assert told(letters) == {"alert/fire/state": "ON"}


@pytest.mark.parametrize("phase", ["start", "update"])
def test_what_waited_out_an_outage_turns_nothing_on_and_fires_nothing(phase: str) -> None:
    letters = states(frigate="frigate").take(event(phase), is_fresh=False, is_again=False)
    assert told(letters, "") == {"alert/fire/state": "OFF", "frigate/kitchen/audio/fire": "OFF"}
    assert f"{BASE}/alert" not in {letter.topic for letter in letters}


def test_an_alarm_that_is_on_stays_on_when_an_old_update_comes() -> None:
    one = states()
    one.begin([event("update")])
    assert told(one.take(event("update"), is_fresh=False, is_again=False)) == {"alert/fire/state": "ON"}


def test_a_deleted_alarm_goes_off_and_what_was_told_of_it_is_taken_back() -> None:
    one = states(frigate="frigate")
    fresh(one, event("start"))
    letters = fresh(one, deletion(stamp(), "a"))
    assert Letter(f"{BASE}/alert/fire/attributes", {}) in letters
    assert told(letters, "") == {"alert/fire/state": "OFF", "frigate/kitchen/audio/fire": "OFF"}


def test_a_deleted_alarm_that_is_over_is_not_shown_any_more_but_a_later_one_is() -> None:
    one = states()
    for phase in ("start", "end"):
        fresh(one, event(phase, "a"))
    assert fresh(one, deletion(stamp(), "a")) == [Letter(f"{BASE}/alert/fire/attributes", {})]
    fresh(one, event("start", "b"))
    assert fresh(one, deletion(stamp(), "a")) == []


def test_a_gap_changes_nothing() -> None:
    one = states(frigate="frigate")
    fresh(one, event("start"))
    assert fresh(one, gap(stamp(), 1)) == []
    assert one.going_on == {"fire"}


def test_only_states_are_retained_nothing_that_was_heard() -> None:
    one = states(frigate="frigate")
    for message in (event("start"), event("update"), event("end"), deletion(stamp(), "a")):
        for letter in fresh(one, message):
            assert letter.retain == letter.topic.endswith("/state")


def test_without_entities_only_frigates_topics_are_told() -> None:
    one = states(entities=False, frigate="frigate")
    assert fresh(one, event("start")) == [Letter("frigate/kitchen/audio/fire", "ON")]
    assert states(entities=False).take(event("start"), is_fresh=True, is_again=False) == []


def test_each_source_has_its_own_state_with_frigate() -> None:
    one = states(entities=False, frigate="frigate")
    fresh(one, event("start", "a", "kitchen"))
    fresh(one, event("start", "b", "hall"))
    assert fresh(one, event("end", "a", "kitchen")) == [Letter("frigate/kitchen/audio/fire", "OFF")]


def test_a_word_of_frigates_that_fits_no_more_goes_off() -> None:
    one = states(entities=False, frigate="f")
    fresh(one, event("start", event_class="distress", mid=YELL))
    assert told(fresh(one, event("update", event_class="distress", mid=CRYING)), "") == {
        "f/kitchen/audio/yell": "OFF",
        "f/kitchen/audio/crying": "ON",
    }
    assert told(fresh(one, event("end", event_class="distress", mid=YELL)), "") == {
        "f/kitchen/audio/crying": "OFF",
        "f/kitchen/audio/yell": "OFF",
    }


def test_what_ended_while_the_connection_was_gone_goes_off_on_frigates_topics() -> None:
    one = states(frigate="f")
    fresh(one, event("start", "a"))
    fresh(one, event("start", "b", "hall"))
    fresh(one, deletion(stamp(), "a"))  # may not have reached the broker
    now = [Letter("f/kitchen/audio/fire", "OFF"), Letter("f/hall/audio/fire", "ON")]
    assert one.begin([event("update", "b", "hall")]) == now
    assert one.begin([event("update", "b", "hall")]) == now


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["start", "update", "end", "deleted"]),
            st.sampled_from("abc"),
            st.sampled_from(["/m/07sr1lc", "/m/0463cq4", "/m/07p6fty"]),
            st.booleans(),
        ),
        max_size=30,
    )
)
def test_whatever_comes_all_is_off_once_every_alarm_is_over(steps: list[tuple[str, str, str, bool]]) -> None:
    one = states(frigate="f")
    last: dict[str, str] = {}
    ends = [("end", each, "/m/07sr1lc", False) for each in "abc"]
    for phase, event_id, mid, is_fresh in [*steps, *ends]:
        message = (
            deletion(stamp(), event_id)
            if phase == "deleted"
            else event(phase, event_id, event_class="distress", mid=mid)
        )
        last |= told(one.take(message, is_fresh=is_fresh, is_again=False), "")
    assert set(last.values()) <= {"OFF"}
