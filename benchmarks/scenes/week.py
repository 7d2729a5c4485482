# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A household with habits: the same recordings at the same hours every day, new ones rarely, and planted rarities.

For measuring a detector of the unusual: what it announces where nothing was planted is a false alarm, and each planted
event is of a kind that this household never made before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analytic.events.classes import ALERT_CLASSES
from benchmarks.scenes import levels
from benchmarks.scenes.activities import ACTIVITIES, Activity, part_of_day
from benchmarks.scenes.alarms import Alarm, draw_clip
from benchmarks.scenes.courses import Deck, Recording, course, decks, first_of, recordings_of
from benchmarks.scenes.day import HOUR_S, Plant, blocks
from benchmarks.scenes.pool import Clip, Pool
from benchmarks.scenes.seams import faded
from benchmarks.scenes.stream import BLOCK_S, Planned
from benchmarks.scenes.truth import UNUSUAL, Block
from benchmarks.scenes.underlay import Underlay

EVERY_CLASS = tuple(alert.name for alert in ALERT_CLASSES)
OWNED = 6  # recordings of a kind that a household has at most: one clock, a few doors, a family's voices
# A course takes a recording never heard before this often: guests and broadcasts, else a new thing or a rare one.
NEW_SHARE: Mapping[str, float] = {"television": 1.0, "music": 0.2, "conversation": 0.05}
NEW_ELSE = 0.02
KEPT = 0.85  # of the habits take place on a given day
SHIFT_S = 600.0  # standard deviation of their time
LEARNING_DAYS = 1  # nothing is planted before
PLANTED_PER_DAY = 3.0
PLANTED_SNR_DB = (6.0, 12.0, 20.0)
# Kinds that a household can do without: some are kept from it, so that they can be planted.
SPARE_KINDS = ("tools", "pets", "bells", "farm", "bathroom", "weather", "crowd")
WITHHELD = 3
_LONGEST_PLANTED_S = 10.0
_DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class Habit:
    """An activity at a time of the day, seconds from midnight, with the recordings that it always has."""

    activity: Activity
    at_s: float
    recordings: tuple[Recording, ...]


def household_week(pool: Pool, seed: int, days: int = 7, *, classes: Collection[str] = EVERY_CLASS) -> Iterator[Block]:
    """Yield the blocks of a household's days from midnight on, with planted events in `Block.truth`.

    Parameters
    ----------
    pool
        Where clips come from. What may hold one of `classes` is never heard but as a planted event.
    seed
        Another seed is another household: other recordings, other habits, other kinds kept from it.
    days
        Length; from the second day on some 3 events a day are planted, each of a kind (an alert class, or one of those
        kept from the household) that was not heard before, until there is none left.
    """
    week = Week.of(pool, seed, days, classes)
    underlay = Underlay(week.own, classes, np.random.default_rng([seed, 4]))
    for block in blocks(week.own, underlay, week.plan_hour, hours=24.0 * days, plant=week.plant):
        yield replace(block, truth=tuple(replace(event, event_class=UNUSUAL) for event in block.truth))


@dataclass(eq=False)
class Week:
    """A household's habits, and what is planted when.

    Attributes
    ----------
    random
        Draws what differs from day to day.
    own
        The clips that the household may hear by itself.
    habits
        Its timetable.
    dealt
        All its recordings by kind, from which new ones enter.
    plant
        As `benchmarks.scenes.day` wants it.
    """

    random: np.random.Generator
    own: Pool
    habits: Sequence[Habit]
    dealt: Mapping[str, Deck]
    plant: Plant

    @staticmethod
    def of(pool: Pool, seed: int, days: int, classes: Collection[str]) -> Week:
        """Draw a household."""
        random = np.random.default_rng([seed, 3])
        withheld = _withheld(random, pool, classes)
        own = replace(pool, clips=tuple(clip for clip in pool.clips if clip.kind not in withheld))
        recordings = recordings_of(own.non_alarms(classes))
        plant = _planting(np.random.default_rng([seed, 5]), pool, (*classes, *withheld), days)
        return Week(random, own, _habits(random, recordings), decks(random, recordings), plant)

    def plan_hour(self, number: int) -> list[Planned]:
        """Plan the whole day at midnight, and nothing later."""
        day, hour = divmod(number, 24)
        return _day(self.random, self.habits, self.dealt, day * _DAY_S) if hour == 0 else []


def _withheld(random: np.random.Generator, pool: Pool, classes: Collection[str]) -> tuple[str, ...]:
    there = {clip.kind for clip in pool.non_alarms(classes)}
    spare = [kind for kind in SPARE_KINDS if kind in there]
    return tuple(spare[place] for place in sorted(random.permutation(len(spare))[:WITHHELD]))


def _habits(random: np.random.Generator, recordings: Mapping[str, Sequence[Recording]]) -> list[Habit]:
    """Draw a household's timetable: Poisson numbers by the hour, like any day's, but the same every day."""
    owned = {kind: Deck(random, Deck(random, found).deal(OWNED)) for kind, found in recordings.items()}
    habits = []
    for activity in first_of(ACTIVITIES, recordings):
        for hour in range(24):
            for into_s in random.uniform(0, HOUR_S, random.poisson(activity.per_hour[part_of_day(hour)])):
                chosen = owned[activity.kind].deal(activity.recordings)
                habits.append(Habit(activity, hour * HOUR_S + float(into_s), tuple(chosen)))
    return sorted(habits, key=lambda habit: habit.at_s)


def _day(
    random: np.random.Generator, habits: Sequence[Habit], dealt: Mapping[str, Deck], midnight_s: float
) -> list[Planned]:
    planned: list[Planned] = []
    busy_until_s: dict[str, float] = {}
    for habit in habits:
        name = habit.activity.name
        at_s = midnight_s + float(np.clip(habit.at_s + SHIFT_S * random.standard_normal(), 0.0, _DAY_S - 1))
        is_new = random.random() < NEW_SHARE.get(name, NEW_ELSE)
        if random.random() >= KEPT or at_s < busy_until_s.get(name, 0.0):
            continue
        chosen = dealt[habit.activity.kind].deal(habit.activity.recordings) if is_new else habit.recordings
        sounds = course(random, habit.activity, chosen, at_s)
        busy_until_s[name] = sounds[-1].onset_s + sounds[-1].clip.length_s
        planned += sounds
    return planned


def _planting(random: np.random.Generator, pool: Pool, kinds: Sequence[str], days: int) -> Plant:
    """Draw when each kind is planted: at any hour, once, in a block of its own."""
    there = {kind: clips for kind in kinds if (clips := _of_kind(pool, kind))}
    order = [list(there)[place] for place in random.permutation(len(there))]
    first, last = (round(day * _DAY_S / BLOCK_S) for day in (LEARNING_DAYS, days))
    number = min(len(order), int(random.poisson(PLANTED_PER_DAY * max(days - LEARNING_DAYS, 0))))
    places = sorted(random.choice(last - first, number, replace=False)) if number else []
    when = {(first + int(place)) * BLOCK_S: kind for place, kind in zip(places, order, strict=False)}

    def plant(start_s: float) -> tuple[float, Alarm] | None:
        if start_s not in when:
            return None
        kind = when[start_s]
        snr_db = PLANTED_SNR_DB[random.integers(len(PLANTED_SNR_DB))]
        return float(random.uniform(2, 45)), _alarm(pool, kind, draw_clip(random, there[kind]), snr_db)

    return plant


def _of_kind(pool: Pool, kind: str) -> tuple[Clip, ...]:
    """Return the events of an alert class, or the clips of a kind."""
    if kind in EVERY_CLASS:
        return pool.events(kind)
    return tuple(clip for clip in pool.non_alarms(EVERY_CLASS) if clip.kind == kind)


def _alarm(pool: Pool, kind: str, clip: Clip, snr_db: float) -> Alarm:
    sound = pool.audible(clip)[: levels.count(_LONGEST_PLANTED_S)]
    return Alarm(kind, faded(sound), levels.audible_span(sound)[1], snr_db, clip)
