# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest

from analytic.events.classes import ALERT_CLASSES
from benchmarks.scenes.kinds import BACKGROUNDS, KINDS, background_of, kind_of
from benchmarks.scenes.labels import CERTAINLY_NOT, DOUBTS, NOT_AN_EVENT, events_in, may_hold
from model.labels import find


def test_every_label_in_the_tables_is_one_of_the_527() -> None:
    named = {
        label for table in (KINDS, BACKGROUNDS, NOT_AN_EVENT, CERTAINLY_NOT) for row in table.values() for label in row
    }
    named |= {label for doubts in DOUBTS.values() for doubt in doubts for label in (doubt.label, *doubt.explained_by)}
    assert [label for label in sorted(named) if find(label) is None] == []


def test_every_alert_class_has_its_rules() -> None:
    assert set(DOUBTS) == {alert.name for alert in ALERT_CLASSES}
    assert set(NOT_AN_EVENT) <= set(DOUBTS)


@pytest.mark.parametrize(
    ("names", "events", "doubtful"),
    [
        (["Gunshot, gunfire", "Explosion"], {"gunshot"}, {"explosion", "crash"}),
        (["Fireworks", "Explosion"], set(), {"crash"}),
        (["Explosion"], {"explosion"}, {"crash"}),
        (["Breaking", "Wood"], set(), {"glass_break", "crash"}),
        (["Shatter", "Glass"], {"glass_break"}, {"crash"}),
        (["Chink, clink", "Glass"], set(), set()),
        (["Glass"], set(), {"glass_break"}),
        (["Yell", "Shout"], {"distress"}, {"scream"}),
        (["Alarm"], set(), {"smoke_alarm", "siren", "doorbell", "car_alarm"}),
        (["Telephone", "Alarm"], set(), set()),
        (["Baby cry, infant cry", "Crying, sobbing"], {"baby_cry"}, {"scream", "distress"}),
        (["Slam", "Door"], set(), {"crash"}),
        (["Speech"], set(), set()),
        ([], set(), set()),
    ],
)
def test_a_clip_is_an_event_or_doubtful_or_no_alarm(names: list[str], events: set[str], doubtful: set[str]) -> None:
    assert events_in(names) == events
    assert may_hold(names) == events | doubtful


def test_the_narrow_kind_goes_before_the_wide_one() -> None:
    assert kind_of(["Electric shaver, electric razor", "Domestic sounds, home sounds"]) == "bathroom"
    assert kind_of(["Bell", "Musical instrument", "Music"]) == "music"
    assert kind_of([]) == "room_tone"
    assert kind_of(["Cowbell"]) == "other"


def test_what_goes_on_for_long_can_be_a_background_and_thunder_cannot() -> None:
    assert background_of(["Rain", "Water"]) == "rain"
    assert background_of(["Rain", "Thunder", "Thunderstorm"]) is None
    assert background_of(["Door"]) is None
    assert background_of([]) == "room_tone"
