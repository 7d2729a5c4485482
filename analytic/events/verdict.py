# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Why there is an alarm, or none: the scores, the threshold and the rule, for every class and window."""

from __future__ import annotations

from typing import Literal, NamedTuple

Reason = Literal[
    "quiet",
    "below_on",
    "guarded",
    "rolled_up",
    "confirming",
    "too_short",
    "cooling_down",
    "habituated",
    "alert",
    "escalated",
    "continuing",
    "fading",
    "ended",
    "max_duration",
]


class Verdict(NamedTuple):
    """What a policy thought of one class in one window.

    Attributes
    ----------
    event_class, stop_s
        Which class, and where the window ends.
    reason
        The rule that decided.
    score, on, off
        The class's score and its thresholds.
    found, needed
        With ``confirming``, windows; with ``too_short``, seconds; with ``cooling_down``, the score and the one that
        would be announced all the same; with ``habituated``, how many alarms there were of late and the score that the
        event needs after them; with ``alert``, the event's highest score; with ``escalated``, that and the one
        from which it is told again.
    other
        With ``guarded`` the guard, with ``rolled_up`` the class that says it more precisely.
    until_s
        With ``cooling_down``, its end.
    """

    event_class: str
    stop_s: float
    reason: Reason
    score: float
    on: float
    off: float
    found: float = 0.0
    needed: float = 0.0
    other: str = ""
    until_s: float = 0.0

    def sentence(self) -> str:
        """Say it in words."""
        score = f"score {self.score:.4g}"
        return (
            f"{self.event_class}: "
            + {
                "quiet": f"no alert: {score} is below {self.off:.4g}",
                "below_on": f"no alert: {score} is below the threshold {self.on:.4g}",
                "guarded": f"no alert: {score} reaches {self.on:.4g}, but it is more likely {self.other} "
                f"({self.found:.4g}, at least {self.needed:.4g} is needed for that)",
                "rolled_up": f"no alert of its own: {score} reaches {self._reached():.4g}, but it is told as "
                f"{self.other}",
                "confirming": f"not yet: {score} reaches {self.on:.4g}, in {self.found:.0f} of the "
                f"{self.needed:.0f} windows needed",
                "too_short": f"not yet: {score} reaches {self.on:.4g}, for {self.found:.1f} s of the "
                f"{self.needed:.1f} s needed",
                "cooling_down": f"silent for another {self.until_s - self.stop_s:.0f} s after the last alert: "
                f"{score} is below the {self.needed:.4g} that would be told all the same",
                "habituated": f"no alert: {score} reaches {self._reached():.4g}, but after {self.found:.1f} alerts of "
                f"late (older ones count less) {self.needed:.4g} is needed",
                "alert": f"alert: {score} reaches {self._reached():.4g}"
                + ("" if self.score >= self.on else f", and the highest so far, {self.found:.4g}, {self.on:.4g}"),
                "escalated": f"told again: with {score} the highest so far is {self.found:.4g}, and "
                f"{self.needed:.4g} was needed for that",
                "continuing": f"goes on: {score} reaches {self.off:.4g}",
                "fading": f"still open: {score} is below {self.off:.4g}, but not for long enough",
                "ended": f"over: {score} has been below {self.off:.4g} for long enough",
                "max_duration": f"over: {score} reaches {self.off:.4g}, but it has lasted as long as an event may",
            }[self.reason]
        )

    def _reached(self) -> float:
        return self.on if self.score >= self.on else self.off
