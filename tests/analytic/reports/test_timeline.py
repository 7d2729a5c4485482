# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from analytic.reports.timeline import entries
from tests.analytic.reports import making


def test_what_begins_together_is_told_alarms_first() -> None:
    report = making.report(heard=(making.sounding(onset_s=1.0),))
    assert [one.kind for one in entries(report)] == ["alarm", "surge", "heard"]


def test_several_things_may_go_on_at_once() -> None:
    twice = (making.sounding(0.0, 5.0), making.sounding(1.0, 2.0, "Music"))
    assert [one.label for one in entries(making.empty(heard=twice))] == ["Speech", "Music"]


def test_a_surge_tells_how_far_it_stands_above_the_background() -> None:
    (one,) = entries(making.empty(surges=(making.surge(peak_dbfs=-12.0),)))
    assert (one.above_db, one.level_dbfs) == (23.0, -12.0)


def test_only_an_alarm_has_a_class_a_severity_and_an_id() -> None:
    alarm, *others = entries(making.report(heard=(making.sounding(onset_s=1.0),)))
    assert (alarm.event_class, alarm.severity, alarm.event_id) == ("glass_break", "critical", "0197-event")
    assert {(one.event_class, one.severity, one.event_id) for one in others} == {("", "", "")}
