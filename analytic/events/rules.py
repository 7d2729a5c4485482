# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""When scores become an alarm: the rule of one alert class, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analytic.events.habituation import NONE, Habituation

Severity = Literal["critical", "warning", "notice"]


@dataclass(frozen=True, slots=True)
class Guard:
    """What is easily taken for the class: it vetoes an alarm while it scores much higher than the class's members.

    Attributes
    ----------
    name
        For explanations, such as ``fireworks``.
    indices
        Score indices of the confusers.
    ratio
        The veto holds where the highest confuser scores at least this many times the highest member.
    floor
        ... and at least this score itself.
    """

    name: str
    indices: tuple[int, ...]
    ratio: float
    floor: float = 0.1


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of one alert class.

    Attributes
    ----------
    name
        The class, such as ``glass_break``.
    members
        Score indices of its AudioSet classes; the label of an alarm is the one that scores highest.
    weights
        What each member's score is multiplied by where the tagger has no head for the class; empty for 1 each.
    window_s, hop_s
        Length of the windows that it looks at, and how far apart they begin.
    on, off
        A window counts from `on` up; an open event stays open from `off` up; 0 < off <= on <= 1.
    confirm, among
        How many windows of the last how many must count before it is an alarm.
    sure
        Score from which one window is enough, whatever `confirm` says; None for never. At least `on`.
    min_s, max_s
        An alarm needs windows that count over at least `min_s`; an event is closed after `max_s`.
    release_s
        How long the score may stay below `off` before the event is closed.
    cool_down_s
        How long after an announced event the next one stays silent.
    escalation
        How much higher than the last announced one a score must be to be announced all the same.
    habituation
        How much higher a score must be after many alarms.
    lag_s
        How much of a sound a window must hold before it counts: onsets are dated back, offsets forward by it.
    guards
        What vetoes it.
    children
        Classes that are this one, said more precisely: while one of them is open, this one stays silent.
    severity
        How bad it is.
    """

    name: str
    members: tuple[int, ...]
    weights: tuple[float, ...] = ()
    window_s: float = 2.0
    hop_s: float = 0.5
    on: float = 0.5
    off: float = 0.3
    confirm: int = 1
    among: int = 1
    sure: float | None = None
    min_s: float = 0.0
    max_s: float = 600.0
    release_s: float = 1.0
    cool_down_s: float = 30.0
    escalation: float = 0.3
    habituation: Habituation = NONE
    lag_s: float = 0.5
    guards: tuple[Guard, ...] = ()
    children: tuple[str, ...] = ()
    severity: Severity = "warning"

    def __post_init__(self) -> None:
        problems = {
            "there are no members": not self.members,
            "as many weights as members, within 0..1": bool(self.weights)
            and (len(self.weights) != len(self.members) or not all(0 < weight <= 1 for weight in self.weights)),
            f"0 < off <= on <= 1, found off {self.off:g} and on {self.on:g}": not 0 < self.off <= self.on <= 1,
            f"1 <= confirm <= among, found {self.confirm} of {self.among}": not 1 <= self.confirm <= self.among,
            f"on <= sure, found on {self.on:g} and sure {self.sure}": self.sure is not None
            and not self.on <= self.sure,
            f"0 <= min_s < max_s, found {self.min_s:g} and {self.max_s:g}": not 0 <= self.min_s < self.max_s,
            "window_s and hop_s above 0; release_s, cool_down_s, lag_s and escalation 0 or above": min(
                self.window_s, self.hop_s
            )
            <= 0
            or min(self.release_s, self.cool_down_s, self.lag_s, self.escalation) < 0,
        }
        for problem, found in problems.items():
            if found:
                raise ValueError(f"{self.name}: {problem}")
