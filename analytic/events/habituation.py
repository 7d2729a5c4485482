# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Habituation: what has raised alarms again and again within the last hours must score higher to raise another.

A dog that barks all day, or a record that is played over and over, is told a few times and then only when it is
clearly stronger. Each alarm counts 1, and the count fades with a time constant; what exceeds the free ones raises the
threshold, unit by unit of log odds, to an end: a far stronger score is an alarm however many there were. The count
changes only when an alarm is told, so that it does not matter how sound is cut, nor what was missed in between.

The form is that of the decrement of a response to a repeated stimulus, which comes back with time and for a stronger
one: C. H. Rankin et al., "Habituation revisited", Neurobiology of Learning and Memory 92, 2009.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from analytic.events.odds import moved


class Told(NamedTuple):
    """How many alarms there were of late: the count, faded, when the last one was told, and when that was."""

    alarms: float = 0.0
    at_s: float = 0.0


NEVER = Told()


@dataclass(frozen=True, slots=True)
class Habituation:
    """How fast a class wears off.

    Attributes
    ----------
    free
        How many recent alarms change nothing: with 2, the first three are told as ever, and the fourth needs more.
    step
        By how many units of log odds each further one raises the threshold; 0 for no habituation.
    most
        The highest rise, units of log odds.
    fades_s
        Time constant with which alarms are forgotten, seconds: after as long a third of the count is left.
    """

    free: float = 2.0
    step: float = 1.0
    most: float = 3.0
    fades_s: float = 10_800.0

    def recent(self, told: Told, now_s: float) -> float:
        """Return how many alarms count at `now_s`; where the clock was set back, as many as when the last was told."""
        return told.alarms * math.exp(-max(0.0, now_s - told.at_s) / self.fades_s)

    def after(self, told: Told, now_s: float) -> Told:
        """Return the count after one more alarm."""
        return Told(self.recent(told, now_s) + 1.0, now_s)

    def raised(self, on: float, told: Told, now_s: float) -> float:
        """Return the score from which an event that began at `now_s` is an alarm, at least `on`, 0 < on <= 1."""
        rise = min(self.most, self.step * max(0.0, self.recent(told, now_s) - self.free))
        return max(on, moved(on, rise)) if rise > 0 else on


DEFAULT = Habituation()
NONE = Habituation(step=0.0)
