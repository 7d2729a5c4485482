# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Settings of the alerts: classes, thresholds and sensitivity, rules, modes and their schedule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, field_serializer, field_validator

from analytic.settings.section import Section

Sensitivity = Literal["very_low", "low", "medium", "high", "very_high"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_EVERY_DAY: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_NAME = r"^[a-z][a-z0-9_]{0,63}$"


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


class _Tables(Section):
    """A section whose tables are frozen too."""

    @field_validator("*", mode="after")
    @classmethod
    def _frozen(cls, value: Any) -> Any:
        return MappingProxyType(dict(value)) if isinstance(value, Mapping) else value

    @field_serializer("*", mode="wrap", when_used="always")
    def _plain(self, value: Any, handler: Any) -> Any:
        return handler(dict(value)) if isinstance(value, Mapping) else handler(value)


class _Choice(_Tables):
    """Which classes are on, and how easily."""

    enabled: tuple[str, ...] | None = Field(
        None, description="Alert classes that are on; by default those of the table."
    )
    sensitivity: Sensitivity | None = Field(
        None, description="How easily an alarm is raised: very_low, low, medium, high, very_high."
    )
    sensitivities: Mapping[str, Sensitivity] = Field(
        default_factory=_nothing, description="Sensitivity by alert class, in place of `sensitivity`."
    )
    thresholds: Mapping[str, float] = Field(
        default_factory=_nothing, description="Score, above 0 to 1, by alert class, in place of a sensitivity."
    )

    @field_validator("thresholds")
    @classmethod
    def _within(cls, thresholds: Mapping[str, float]) -> Mapping[str, float]:
        for name, value in thresholds.items():
            if not 0 < value <= 1:
                raise ValueError(f"{name}: a threshold is above 0 and at most 1, found {value}")
        return thresholds


class ModeSettings(_Choice):
    """What is different in a mode; what it does not say is as without it."""


class PeriodSettings(Section):
    """When a mode holds."""

    mode: str = Field(pattern=_NAME)
    begins: str = Field(pattern=_TIME)
    ends: str = Field(pattern=_TIME)
    days: tuple[Day, ...] = _EVERY_DAY


class HabituationSettings(Section):
    """What is different in how a class wears off after many alarms."""

    free: float | None = Field(None, ge=0, le=1000)
    step: float | None = Field(None, ge=0, le=20)
    most: float | None = Field(None, ge=0, le=20)
    fades_s: float | None = Field(None, gt=0, le=604_800)


class RuleSettings(Section):
    """What is different in the rule of one class; see docs/alerts.md."""

    confirm: int | None = Field(None, ge=1, le=100)
    among: int | None = Field(None, ge=1, le=100)
    min_s: float | None = Field(None, ge=0, le=600)
    max_s: float | None = Field(None, gt=0, le=86_400)
    release_s: float | None = Field(None, ge=0, le=600)
    cool_down_s: float | None = Field(None, ge=0, le=86_400)
    escalation: float | None = Field(None, ge=0, le=1)
    sure_above: float | None = Field(None, ge=0, le=20)
    habituation: HabituationSettings | None = None
    severity: Literal["critical", "warning", "notice"] | None = None


class ClassSettings(Section):
    """An alert class of one's own: AudioSet classes by name or id, each with its weight."""

    members: Mapping[str, float] = Field(min_length=1, max_length=527)
    threshold: float = Field(gt=0, le=1)

    @field_validator("members")
    @classmethod
    def _weighted(cls, members: Mapping[str, float]) -> Mapping[str, float]:
        for name, weight in members.items():
            if not 0 < weight <= 1:
                raise ValueError(f"{name}: a weight is above 0 and at most 1, found {weight}")
        return MappingProxyType(dict(members))

    @field_serializer("members")
    def _plain(self, members: Mapping[str, float]) -> dict[str, float]:
        return dict(members)


class AlertSettings(_Choice):
    """Which alert classes are on, from which score, by which rules, and when."""

    rules: Mapping[str, RuleSettings] = Field(
        default_factory=_nothing,
        description="By alert class, what is different in its rule: confirm, among, min_s, max_s, release_s, "
        "cool_down_s, escalation, sure_above, habituation, severity.",
    )
    classes: Mapping[str, ClassSettings] = Field(
        default_factory=_nothing,
        description="Alert classes of your own: members (AudioSet name or id, and weight) and threshold. They are on "
        "where `enabled` does not say.",
    )
    habituation: bool = Field(
        True,
        description="Whether a class that raised alarms again and again within the last hours must score higher to "
        "raise another.",
    )
    upload_sensitivity: Sensitivity = Field(
        "very_high",
        description="`sensitivity` for uploads that name no live source, where the tagger has alarm heads: a recording "
        "that somebody sent is more likely to hold something than any moment of a day.",
    )
    mode: str = Field("home", pattern=_NAME, description="Mode where no period of the schedule holds.")
    modes: Mapping[str, ModeSettings] = Field(
        default_factory=_nothing,
        description="By mode, what is different in it: enabled, sensitivity, sensitivities, thresholds.",
    )
    schedule: tuple[PeriodSettings, ...] = Field(
        (), description="When a mode holds, local time: mode, begins, ends (HH:MM) and days; the first that holds."
    )
    surge_db: float = Field(
        12.0, ge=3, le=60, description="How far above the background a sound is a surge (class `surge`), in dB."
    )
    unusual_per_day: float = Field(
        1.0, gt=0, le=100, description="How many alarms a day and source class `unusual` aims at where all is usual."
    )

    @field_validator("classes", "modes")
    @classmethod
    def _named(cls, table: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in table:
            if not re.fullmatch(_NAME, name):
                raise ValueError(f"{name!r}: a name has 1 to 64 characters of a-z 0-9 _ and begins with a letter")
        return table
