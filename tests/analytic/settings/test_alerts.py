# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from analytic.errors import BadSettings
from analytic.settings import load

PERIOD = {"mode": "night", "begins": "22:00", "ends": "06:00"}
OWN = {"members": {"Purr": 1.0}, "threshold": 0.5}


def schedule(**changes: Any) -> dict[str, Any]:
    return {"schedule": [{**PERIOD, **changes}]}


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        ({"sensitivity": "loud"}, "alerts.sensitivity: .*'very_low'"),
        ({"sensitivities": {"fire": "loud"}}, "alerts.sensitivities.fire"),
        ({"modes": {"night": {"thresholds": {"fire": 2}}}}, "alerts.modes.night.thresholds: fire"),
        ({"modes": {"night": {"sensitive": "high"}}}, "alerts.modes.night.sensitive"),
        ({"modes": {"at night": {}}}, "alerts.modes: 'at night': a name has"),
        ({"mode": ""}, "alerts.mode"),
        ({"mode": "Night"}, "alerts.mode"),
        (schedule(begins="24:30"), r"alerts.schedule.0.begins"),
        (schedule(ends="6:00"), r"alerts.schedule.0.ends"),
        (schedule(days=["monday"]), r"alerts.schedule.0.days.0"),
        (schedule(day="mon"), r"alerts.schedule.0.day"),
        ({"rules": {"fire": {"confirm": 0}}}, "alerts.rules.fire.confirm"),
        ({"rules": {"fire": {"cool_down_s": -1}}}, "alerts.rules.fire.cool_down_s"),
        ({"rules": {"fire": {"escalation": 1.5}}}, "alerts.rules.fire.escalation"),
        ({"rules": {"fire": {"sure_above": -1}}}, "alerts.rules.fire.sure_above"),
        ({"rules": {"fire": {"habituation": {"fades_s": 0}}}}, "alerts.rules.fire.habituation.fades_s"),
        ({"rules": {"fire": {"habituation": {"often": 2}}}}, "alerts.rules.fire.habituation.often"),
        ({"rules": {"fire": {"severity": "dreadful"}}}, "alerts.rules.fire.severity"),
        ({"rules": {"fire": {"on": 0.5}}}, "alerts.rules.fire.on"),
        ({"classes": {"purr": {"members": {}, "threshold": 0.5}}}, "alerts.classes.purr.members"),
        ({"classes": {"purr": {"members": {"Purr": 0}, "threshold": 0.5}}}, "alerts.classes.purr.members: Purr"),
        ({"classes": {"purr": {"members": {"Purr": 1.5}, "threshold": 0.5}}}, "alerts.classes.purr.members: Purr"),
        ({"classes": {"purr": {"members": {"Purr": 1}, "threshold": 0}}}, "alerts.classes.purr.threshold"),
        ({"classes": {"purr": {"members": {"Purr": 1}}}}, "alerts.classes.purr.threshold"),
        ({"classes": {"Purr!": OWN}}, "alerts.classes: 'Purr!': a name has"),
        ({"classes": {"x" * 65: OWN}}, "alerts.classes: 'x+': a name has"),
        ({"surge_db": 1}, "alerts.surge_db"),
        ({"unusual_per_day": 0}, "alerts.unusual_per_day"),
    ],
)
def test_what_is_wrong_is_refused_by_name(alerts: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        load(alerts=alerts)


def test_a_period_is_of_every_day_unless_it_says_which() -> None:
    assert load(alerts=schedule()).alerts.schedule[0].days == ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def test_midnight_may_be_written_as_the_end_of_the_day() -> None:
    assert load(alerts=schedule(ends="24:00")).alerts.schedule[0].ends == "24:00"


def test_tables_are_frozen_however_deep() -> None:
    alerts = load(alerts={"classes": {"purr": OWN}, "modes": {"night": {"thresholds": {"fire": 0.5}}}}).alerts
    for table in (alerts.classes, alerts.classes["purr"].members, alerts.modes, alerts.modes["night"].thresholds):
        assert isinstance(table, Mapping)
        with pytest.raises(TypeError, match="does not support item assignment"):
            table["new"] = 1  # type: ignore[index]


def test_what_was_set_is_shown_as_json() -> None:
    given = {"classes": {"purr": OWN}, "modes": {"night": {"thresholds": {"fire": 0.5}}}, **schedule()}
    shown = load(alerts=given).alerts.model_dump(mode="json", exclude_unset=True)
    assert shown == given
