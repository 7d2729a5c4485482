# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Days without an alarm: ordinary sounds at ordinary levels, with silences, by the hour of the day.

`household` shuffles the recordings of each kind and deals them out, so that all are heard before one comes again: the
most trying days that the pool can give. `plain` plays all of them once, as they are. `household_week` has habits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np

from analytic.events.classes import ALERT_CLASSES
from benchmarks.scenes import levels
from benchmarks.scenes.activities import ACTIVITIES, part_of_day
from benchmarks.scenes.courses import course, decks, first_of, recordings_of
from benchmarks.scenes.day import HOUR_S, blocks
from benchmarks.scenes.pool import Clip, Pool
from benchmarks.scenes.seams import joined
from benchmarks.scenes.stream import BLOCK_S, Planned
from benchmarks.scenes.truth import Block, Played
from benchmarks.scenes.underlay import Underlay
from benchmarks.scenes.week import household_week

ENABLED = tuple(alert.name for alert in ALERT_CLASSES if alert.enabled)
_PLAIN_FADE_S = 0.05

__all__ = ["ENABLED", "heard_hours", "household", "household_week", "material_hours", "plain"]


def household(
    pool: Pool, seed: int, hours: float, *, classes: Collection[str] = ENABLED, start_hour: int = 0
) -> Iterator[Block]:
    """Yield the blocks of a household's days, in which no alarm of `classes` sounds.

    Parameters
    ----------
    pool
        Where clips come from: those that neither are nor may be of `classes`.
    seed
        The same seed makes the same days from the same pool.
    hours
        Length.
    classes
        Alert classes that are looked for. A clip that may hold another one is played and says so (`Played.may_hold`).
    start_hour
        Hour of the day at the begin.
    """
    random = np.random.default_rng([seed, 1])
    recordings = recordings_of(pool.non_alarms(classes))
    dealt = decks(random, recordings)
    busy_until_s: dict[str, float] = {}

    def plan_hour(number: int) -> Iterator[Planned]:
        part = part_of_day((start_hour + number) % 24)
        for activity in first_of(ACTIVITIES, recordings):
            for start_s in np.sort(random.uniform(0, HOUR_S, random.poisson(activity.per_hour[part]))):
                begin_s = number * HOUR_S + float(start_s)
                if begin_s < busy_until_s.get(activity.name, 0.0):
                    continue
                chosen = dealt[activity.kind].deal(activity.recordings)
                planned = course(random, activity, chosen, begin_s)
                busy_until_s[activity.name] = planned[-1].onset_s + planned[-1].clip.length_s
                yield from planned

    underlay = Underlay(pool, classes, np.random.default_rng([seed, 2]))
    yield from blocks(pool, underlay, plan_hour, hours=hours, start_hour=start_hour)


def material_hours(pool: Pool, *, classes: Collection[str] = ENABLED) -> float:
    """Return how many hours of distinct sound there are behind the days, by the lengths in the manifest.

    A longer stream hears the same again: false alarms a day cannot be known better than these hours allow.
    """
    return sum(clip.length_s for clip in pool.non_alarms(classes)) / HOUR_S


def heard_hours(played: Iterable[Played]) -> float:
    """Return how many hours of distinct sound were truly heard: each clip counts once, where it was heard longest."""
    longest_s: dict[str, float] = {}
    for one in played:
        longest_s[one.path] = max(longest_s.get(one.path, 0.0), one.offset_s - one.onset_s)
    return sum(longest_s.values()) / HOUR_S


def plain(pool: Pool, *, classes: Collection[str] = ENABLED) -> Iterator[Block]:
    """Yield all clips that are no alarm one after another, as they are, with cross-fades of 50 ms."""
    samples, fade = levels.count(BLOCK_S), levels.count(_PLAIN_FADE_S)
    sound, start_s = np.zeros(0, np.float32), 0.0
    played: list[Played] = []
    for clip in pool.non_alarms(classes):
        waveform = pool.waveform(clip)
        sound = joined([sound, waveform], _PLAIN_FADE_S) if sound.size else waveform
        begin_s = start_s + levels.seconds(sound.size - waveform.size)
        played.append(_as_is(clip, begin_s, waveform.size, levels.active_level_dbfs(waveform)))
        while sound.size >= samples + fade:
            yield Block(sound[:samples], start_s, 0, _beginning(played, start_s, start_s + BLOCK_S))
            played = [one for one in played if one.onset_s >= start_s + BLOCK_S]
            sound, start_s = sound[samples:], start_s + BLOCK_S
    if sound.size:
        yield Block(sound, start_s, 0, _beginning(played, start_s, np.inf))


def _as_is(clip: Clip, onset_s: float, samples: int, level_dbfs: float) -> Played:
    end_s = onset_s + levels.seconds(samples)
    return Played(clip.kind, onset_s, end_s, level_dbfs, clip.group, clip.path, clip.may_hold)


def _beginning(played: list[Played], start_s: float, end_s: float) -> tuple[Played, ...]:
    return tuple(one for one in played if start_s <= one.onset_s < end_s)
