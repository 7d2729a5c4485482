# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What people do at home, hour by hour: how often, how long and how loud. Estimates of our own, kept in one table.

Levels are those of a small microphone with gain at 1 to 4 m: speech at about 60 dB SPL reaches -35 dBFS. Rates are
starts an hour for a household of three or four that is up from 6 to 23; an activity in its course does not start again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """Sounds of one kind in a row.

    Attributes
    ----------
    name
        What goes on.
    kind
        Of the sounds (`benchmarks.scenes.kinds`).
    level_dbfs, spread_db
        Mean level of a course of it, and the standard deviation between courses; within one it varies by 3 dB.
    per_hour
        Starts an hour in the night (23 to 6), morning (6 to 9), day (9 to 17) and evening (17 to 23).
    sounds
        Fewest and most sounds in a course; the logarithm is uniform.
    pause_s
        Shortest and longest pause between them.
    recordings
        How many recordings take part in a course at most.
    """

    name: str
    kind: str
    level_dbfs: float
    spread_db: float
    per_hour: tuple[float, float, float, float]
    sounds: tuple[int, int] = (1, 1)
    pause_s: tuple[float, float] = (0.5, 4.0)
    recordings: int = 1


ACTIVITIES = (
    Activity("conversation", "speech", -36, 5, (0.1, 5, 3, 6), (3, 30), (0.3, 4), 3),
    Activity("television", "speech", -42, 5, (0.02, 0.3, 0.2, 0.7), (60, 600), (0, 0.6), 12),
    Activity("music", "music", -42, 5, (0.02, 0.3, 0.3, 0.5), (20, 200), (0, 1), 12),
    Activity("body", "people", -42, 7, (0.7, 2, 1.5, 3), (1, 3), (0.5, 5), 1),
    Activity("cooking", "kitchen", -38, 7, (0.1, 4, 2, 4), (2, 15), (1, 20), 5),
    Activity("bathroom", "bathroom", -44, 6, (0.2, 2, 0.4, 0.8), (1, 2), (1, 10), 2),
    Activity("door", "doors", -34, 7, (0.2, 4, 2, 4), (1, 3), (0.5, 6), 2),
    Activity("walking", "steps", -46, 6, (0.4, 8, 5, 8), (1, 4), (0.1, 2), 1),
    Activity("clock", "clock", -56, 4, (0.3, 0.3, 0.3, 0.3), (10, 60), (0, 0.1), 1),
    Activity("pet", "pets", -38, 7, (0.1, 1, 0.7, 1), (1, 4), (0.5, 8), 1),
    Activity("handling", "household", -42, 7, (0.2, 5, 4, 6), (1, 6), (0.5, 10), 3),
    Activity("bell", "bells", -38, 6, (0.01, 0.4, 0.4, 0.4), (1, 3), (1, 4), 1),
    Activity("appliance", "appliances", -38, 6, (0.05, 0.5, 0.5, 0.4), (3, 40), (0, 0.5), 1),
    Activity("tool", "tools", -38, 7, (0, 0.05, 0.2, 0.05), (3, 20), (0.3, 6), 1),
    Activity("mishap", "clatter", -36, 8, (0.05, 1, 1, 1.5), (1, 2), (0.2, 2), 2),
    Activity("traffic outside", "traffic", -54, 5, (1, 5, 5, 4), (1, 4), (0, 20), 2),
    Activity("weather outside", "weather", -54, 6, (0.1, 0.1, 0.1, 0.1), (10, 120), (0, 3), 3),
    Activity("nature outside", "nature", -56, 6, (0.2, 3, 2, 1), (1, 8), (0.5, 15), 2),
    Activity("farm outside", "farm", -56, 5, (0.02, 0.3, 0.2, 0.1), (1, 4), (1, 10), 1),
    Activity("people outside", "crowd", -54, 5, (0.02, 0.1, 0.3, 0.3), (2, 20), (0, 3), 2),
    Activity("hissing", "noise", -52, 5, (0.01, 0.05, 0.05, 0.05), (2, 10), (0, 0.5), 1),
    Activity("else", "other", -44, 7, (0.02, 0.3, 0.3, 0.3), (1, 3), (1, 10), 2),
)

ROOM_TONE_DBFS = (-63.0, -57.0, -56.0, -56.0)  # by part of the day; the standard deviation between stretches is 3 dB
STEADY_CHANCE = (0.15, 0.3, 0.35, 0.35)  # of a second background: rain, traffic, a fan
STEADY_DBFS = (-54.0, 5.0)
STEADY_WEIGHTS = {"traffic": 0.3, "appliance": 0.3, "rain": 0.2, "wind": 0.15, "water": 0.05}


def part_of_day(hour: int) -> int:
    """Return 0 for night, 1 for morning, 2 for day, 3 for evening."""
    if hour < 6 or hour >= 23:
        return 0
    if hour < 9:
        return 1
    return 2 if hour < 17 else 3
