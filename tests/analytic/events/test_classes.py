# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import re
from importlib import resources

import pytest

from analytic.events.classes import ALERT_CLASSES, AlertClass
from model.labels import find, index_of

every = pytest.mark.parametrize("alert", ALERT_CLASSES, ids=lambda alert: alert.name)


@every
def test_every_member_is_one_of_the_527_classes(alert: AlertClass) -> None:
    assert alert.mids
    for mid in alert.mids:
        label = find(mid)
        assert label is not None
        assert label.mid == mid, "an id, in its own spelling"
        assert label.index == index_of(mid)


@every
def test_no_member_counts_twice(alert: AlertClass) -> None:
    assert len(set(alert.mids)) == len(alert.mids)


@every
def test_every_threshold_lies_above_0_and_at_most_at_1(alert: AlertClass) -> None:
    assert 0 < alert.threshold <= 1


@every
def test_every_name_fits_the_published_schema(alert: AlertClass) -> None:
    schema = json.loads(resources.files("analytic.events").joinpath("event.schema.json").read_text("utf-8"))
    assert re.search(schema["properties"]["event_class"]["pattern"], alert.name)


def test_names_are_unique() -> None:
    names = [alert.name for alert in ALERT_CLASSES]
    assert len(set(names)) == len(names)


def test_the_classes_of_the_contract_are_there() -> None:
    contract = {
        *("glass_break", "crash", "distress", "scream", "gunshot", "explosion", "fire", "smoke_alarm"),
        *("siren", "baby_cry", "doorbell", "knock", "dog_bark", "car_alarm"),
    }
    assert {alert.name for alert in ALERT_CLASSES} >= contract


@pytest.mark.parametrize("name", ["siren", "baby_cry", "doorbell", "knock", "dog_bark", "car_alarm"])
def test_everyday_sounds_are_off_until_the_settings_say_otherwise(name: str) -> None:
    assert [alert.enabled for alert in ALERT_CLASSES if alert.name == name] == [False]


@pytest.mark.parametrize("name", ["glass_break", "scream", "gunshot", "explosion", "fire", "smoke_alarm"])
def test_alarms_are_on(name: str) -> None:
    assert [alert.enabled for alert in ALERT_CLASSES if alert.name == name] == [True]


def test_glasses_that_clink_at_dinner_break_nothing() -> None:
    (glass,) = (alert for alert in ALERT_CLASSES if alert.name == "glass_break")
    assert not {"/m/039jq", "/m/07pjjrj", "/m/07q7njn", "/m/0242l", "/m/04brg2"} & set(glass.mids)
