# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The alert policy of each mode, from the class table, the operating points of the tagger's heads, and the settings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from pydantic import BaseModel

from analytic.errors import BadSettings
from analytic.events.classes import AlertClass, alert_classes, below
from analytic.events.habituation import NONE
from analytic.events.modes import DAYS, Period, Policies, minutes, mode_at
from analytic.events.policy import Policy
from analytic.events.rules import Rule
from analytic.pipeline.hearing import UNUSUAL
from analytic.pipeline.live import SURGE
from analytic.settings.alerts import AlertSettings, ModeSettings, Sensitivity
from model.heads.points import OperatingPoint
from model.labels import find, index_of

Points = Mapping[str, Mapping[str, OperatingPoint]]
LocalTime = Callable[[], time.struct_time]

_HOME = "home"  # always there, and the mode where the settings name none
_STEPS: Mapping[Sensitivity, int] = {"very_low": 2, "low": 1, "medium": 0, "high": -1, "very_high": -2}


def make_policies(
    settings: AlertSettings,
    tagger: str,
    points: Points | None = None,
    local_time: LocalTime = time.localtime,
    *,
    sensitivity: Sensitivity | None = None,
) -> Policies:
    """Make the policy of each mode.

    Parameters
    ----------
    settings
        Those of the section ``alerts``.
    tagger
        Name of the tagger: thresholds belong to it.
    points
        Operating points of its heads, by class and sensitivity; None where it has no heads.
    local_time
        Says which mode of the schedule holds.
    sensitivity
        In place of that of the settings, but not of those that they give to single classes.

    Raises
    ------
    BadSettings
        The settings name an alert class, AudioSet class or mode that does not exist, or their values make no rule.
    """
    table = (*alert_classes(tagger), _UNUSUAL)
    known = {alert.name: alert for alert in (*table, *_own(settings, {SURGE, *(alert.name for alert in table)}))}
    for name, rule in settings.rules.items():
        if name in known:
            known[name] = _changed(known[name], rule)
    modes = {_HOME, *settings.modes}
    for name in (settings.mode, *(period.mode for period in settings.schedule)):
        if name not in modes:
            raise BadSettings(f"alerts: there is no mode {name!r}; known: {', '.join(sorted(modes))}")
    by_mode = {mode: _policy(settings, settings.modes.get(mode), known, points or {}, sensitivity) for mode in modes}
    periods = [
        Period(one.mode, frozenset(DAYS.index(day) for day in one.days), minutes(one.begins), minutes(one.ends))
        for one in settings.schedule
    ]

    def mode() -> str:
        now = local_time()
        return mode_at(periods, now.tm_wday, now.tm_hour * 60 + now.tm_min, settings.mode)

    return Policies(by_mode, mode)


def surge_rule(settings: AlertSettings) -> Rule | None:
    """Return the rule of loud-but-unknown events, or None where they are off."""
    if SURGE not in (settings.enabled or ()):
        return None
    return Rule(
        SURGE, (0,), severity=settings.rules[SURGE].severity or "notice" if SURGE in settings.rules else "notice"
    )


_UNUSUAL = AlertClass(
    UNUSUAL,
    ("/m/09x0r",),
    0.5,
    enabled=False,
    severity="notice",
    cool_down_s=600.0,
    release_s=10.0,
    habituation=NONE,  # what is usual is learnt already
)


def _own(settings: AlertSettings, taken: Collection[str]) -> list[AlertClass]:
    """Return the alert classes that the settings define."""
    own = []
    for name, one in settings.classes.items():
        if name in taken:
            raise BadSettings(f"alerts.classes.{name}: there is a class of that name already; choose another")
        mids = []
        for member in one.members:
            label = find(member)
            if label is None:
                raise BadSettings(f"alerts.classes.{name}: there is no AudioSet class {member!r}")
            mids.append(label.mid)
        own.append(AlertClass(name, tuple(mids), one.threshold, weights=tuple(one.members.values())))
    return own


def _changed(alert: AlertClass, rule: BaseModel) -> AlertClass:
    changes = rule.model_dump(exclude_none=True)
    if "habituation" in changes:
        changes["habituation"] = replace(alert.habituation, **changes["habituation"])
    return replace(alert, **changes)


def _policy(
    settings: AlertSettings,
    mode: ModeSettings | None,
    known: Mapping[str, AlertClass],
    points: Points,
    sensitivity: Sensitivity | None,
) -> Policy:
    mode = mode or ModeSettings()
    enabled = settings.enabled if mode.enabled is None else mode.enabled
    thresholds = {**settings.thresholds, **mode.thresholds}
    sensitivities = {**settings.sensitivities, **mode.sensitivities}
    word: Sensitivity = sensitivity or mode.sensitivity or settings.sensitivity or "medium"
    named = {*(enabled or ()), *thresholds, *sensitivities, *settings.rules}
    unknown = named - set(known) - {SURGE}
    if unknown:
        raise BadSettings(f"alerts: there is no alert class {min(unknown)!r}; known: {', '.join([*known, SURGE])}")
    if SURGE in (mode.enabled or ()) and SURGE not in (settings.enabled or ()):
        raise BadSettings("alerts.modes: surge is on in every mode or in none, by alerts.enabled")
    chosen = [alert for name, alert in known.items() if (alert.enabled if enabled is None else name in enabled)]
    if not settings.habituation:
        chosen = [replace(alert, habituation=NONE) for alert in chosen]
    try:
        return Policy(
            [_rule(alert, sensitivities.get(alert.name, word), thresholds.get(alert.name), points) for alert in chosen]
        )
    except ValueError as error:
        raise BadSettings(f"alerts: {error}") from error


def _rule(alert: AlertClass, word: Sensitivity, threshold: float | None, points: Points) -> Rule:
    point = points.get(alert.name, {}).get(word)
    if threshold is not None:
        rule = alert.rule(index_of, threshold)
    elif point is not None:
        rule = alert.rule(index_of, point.on, point.off)
    else:
        on = shifted(alert.threshold, _STEPS[word])
        rule = alert.rule(index_of, on, below(on))
    if alert.name != UNUSUAL:
        return rule
    return replace(rule, window_s=10.0, hop_s=2.5)


def shifted(threshold: float, steps: int) -> float:
    """Return a threshold moved by so many units of log odds; as it is for none."""
    if not steps:
        return threshold
    return 1 / (1 + math.exp(-(math.log(threshold / (1 - min(threshold, 0.999999))) + steps)))
