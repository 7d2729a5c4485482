# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import math
import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.events.classes import ALERT_CLASSES, THRESHOLDS, AlertClass, alert_classes, below
from analytic.events.odds import moved
from analytic.events.policy import Policy
from model.labels import find, index_of
from tests.analytic.events.looking import float32, just_below, look, rule, tell

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
    assert re.search(schema["$defs"]["event"]["properties"]["event_class"]["pattern"], alert.name)


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


@every
def test_every_class_makes_a_rule(alert: AlertClass) -> None:
    made = alert.rule(index_of)
    assert (made.name, made.on, made.severity) == (alert.name, alert.threshold, alert.severity)
    assert made.members == tuple(index_of(mid) for mid in alert.mids)
    assert (made.confirm, made.among, made.release_s) == (alert.confirm, alert.among, alert.release_s)
    assert (made.cool_down_s, made.children) == (alert.cool_down_s, alert.children)
    assert 0 < made.off < made.on


@every
def test_every_threshold_reaches_itself_and_nothing_below_it_does(alert: AlertClass) -> None:
    for on in {alert.threshold, *(own[alert.name] for own in THRESHOLDS.values() if alert.name in own)}:
        policy = Policy([rule(alert.name, on=on, off=below(on))])
        assert tell(policy, [look(policy, on)]).phases == ["start"]
        assert tell(policy, [look(policy, just_below(on))]).phases == []


@every
def test_every_confuser_is_one_of_the_527_classes_and_no_member(alert: AlertClass) -> None:
    for confusers in alert.confusers:
        assert confusers.mids
        for mid in confusers.mids:
            label = find(mid)
            assert label is not None
            assert label.mid == mid
        assert not set(confusers.mids) & set(alert.mids)
    guards = alert.rule(index_of).guards
    assert [(guard.name, guard.ratio) for guard in guards] == [(one.name, one.ratio) for one in alert.confusers]


def test_a_child_stands_before_its_parent_and_all_of_them_make_a_policy() -> None:
    names = [alert.name for alert in ALERT_CLASSES]
    for place, alert in enumerate(ALERT_CLASSES):
        assert set(alert.children) <= set(names[:place])
    assert len(Policy([alert.rule(index_of) for alert in ALERT_CLASSES]).rules) == len(names)


@every
def test_what_is_sure_moves_with_the_threshold(alert: AlertClass) -> None:
    if alert.sure_above is None:
        assert alert.rule(index_of).sure is None
        return
    assert alert.confirm > 1, "elsewhere one window is enough anyway"
    for on in (0.01, 0.5, 0.99):
        assert alert.rule(index_of, on).sure == pytest.approx(moved(on, alert.sure_above))
    assert alert.rule(index_of, 1.0, 0.5).sure == 1.0


def test_thresholds_may_be_given() -> None:
    assert ALERT_CLASSES[0].rule(index_of, 0.7).on == 0.7
    assert ALERT_CLASSES[0].rule(index_of, 0.7).off == pytest.approx(below(0.7))
    assert ALERT_CLASSES[0].rule(index_of, 0.7, 0.6).off == 0.6
    with pytest.raises(ValueError, match="glass_break: 0 < off <= on <= 1"):
        ALERT_CLASSES[0].rule(index_of, 0.7, 0.8)


@given(st.floats(1e-6, 1))
def test_an_event_goes_on_down_to_one_unit_of_log_odds_below_its_threshold(on: float) -> None:
    off = below(on)
    assert 0 < off < on
    assert float32(off) <= float32(on)
    if on < 0.999:
        assert math.log(on / (1 - on)) - math.log(off / (1 - off)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("tagger", THRESHOLDS)
def test_another_tagger_has_a_threshold_of_its_own_for_every_class(tagger: str) -> None:
    own = THRESHOLDS[tagger]
    assert set(own) == {alert.name for alert in ALERT_CLASSES}
    assert {alert.name: alert.threshold for alert in alert_classes(tagger)} == own


def test_a_tagger_that_is_not_named_gets_the_tables_thresholds() -> None:
    assert alert_classes("mn04_as") == ALERT_CLASSES
