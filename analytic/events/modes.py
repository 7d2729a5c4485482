# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Modes of a home (home, away, night, or any other word) and the weekly schedule that sets them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from analytic.events.policy import Policy

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 1440
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of the day on some days of the week.

    Attributes
    ----------
    mode
        What the home is in then.
    days
        Weekdays on which it begins, 0 for Monday.
    begins, ends
        Minutes since midnight, local time; one that ends before it begins goes on into the next day.
    """

    mode: str
    days: frozenset[int]
    begins: int
    ends: int

    def holds(self, weekday: int, minute: int) -> bool:
        """Tell whether it holds at this minute of this weekday."""
        if self.begins < self.ends:
            return weekday in self.days and self.begins <= minute < self.ends
        if minute >= self.begins:
            return weekday in self.days
        return minute < self.ends and (weekday - 1) % 7 in self.days


def mode_at(periods: Sequence[Period], weekday: int, minute: int, otherwise: str) -> str:
    """Return the mode of the first period that holds, else `otherwise`."""
    return next((period.mode for period in periods if period.holds(weekday, minute)), otherwise)


def minutes(text: str) -> int:
    """Read a time such as ``22:30`` as minutes since midnight.

    Raises
    ------
    ValueError
        It is none, from 00:00 to 24:00.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"a time is HH:MM, from 00:00 to 24:00, found {text!r}")
    return MINUTES_A_DAY if found[1] is None else int(found[1]) * 60 + int(found[2])


class Policies:
    """The policy of each mode, and which mode it is now.

    Parameters
    ----------
    by_mode
        At least one.
    mode
        Returns the mode where nobody chose one; asked whenever a window is judged.

    Attributes
    ----------
    chosen
        The mode that somebody set; None where it is left to the schedule.
    windows
        Length and distance of the windows that the policies look at, seconds.
    """

    def __init__(self, by_mode: Mapping[str, Policy], mode: Callable[[], str]) -> None:
        self.by_mode = dict(by_mode)
        self._mode = mode
        self.chosen: str | None = None
        self.windows = frozenset(
            (rule.window_s, rule.hop_s) for policy in self.by_mode.values() for rule in policy.rules
        )

    @classmethod
    def always(cls, policy: Policy) -> Policies:
        """Return one policy, whatever the mode."""
        return cls({"home": policy}, lambda: "home")

    @property
    def mode(self) -> str:
        """The mode that it is now."""
        return self.chosen if self.chosen is not None else self._mode()

    def choose(self, mode: str | None) -> None:
        """Set the mode, or leave it to the schedule again.

        Raises
        ------
        KeyError
            There is no such mode.
        """
        if mode is not None and mode not in self.by_mode:
            raise KeyError(mode)
        self.chosen = mode

    def now(self) -> Policy:
        """Return the policy of the mode that it is now."""
        return self.by_mode[self.mode]
