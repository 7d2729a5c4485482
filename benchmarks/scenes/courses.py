# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Turn an activity into sounds on a timetable, from recordings that are dealt out like cards."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from benchmarks.scenes.activities import Activity
from benchmarks.scenes.pool import Clip
from benchmarks.scenes.stream import Planned

_WITHIN_DB = 3.0  # standard deviation of levels within one course

Recording = tuple[Clip, ...]


def recordings_of(clips: Iterable[Clip]) -> dict[str, list[Recording]]:
    """Sort clips into the recordings that they were cut from, by kind."""
    found: dict[str, dict[str, list[Clip]]] = {}
    for clip in clips:
        found.setdefault(clip.kind, {}).setdefault(clip.group, []).append(clip)
    return {kind: [tuple(pieces) for _, pieces in sorted(groups.items())] for kind, groups in sorted(found.items())}


class Deck:
    """Recordings of one kind: each is dealt once before any is dealt again."""

    def __init__(self, random: np.random.Generator, recordings: Sequence[Recording]) -> None:
        self._random = random
        self._recordings = recordings
        self._left: list[int] = []

    def deal(self, number: int) -> list[Recording]:
        """Deal so many, or all of them where there are fewer."""
        return [self._next() for _ in range(min(number, len(self._recordings)))]

    def _next(self) -> Recording:
        if not self._left:
            self._left = [int(place) for place in self._random.permutation(len(self._recordings))]
        return self._recordings[self._left.pop()]


def decks(random: np.random.Generator, recordings: Mapping[str, Sequence[Recording]]) -> dict[str, Deck]:
    """Make a deck of each kind."""
    return {kind: Deck(random, of_kind) for kind, of_kind in recordings.items()}


def course(
    random: np.random.Generator, activity: Activity, recordings: Sequence[Recording], start_s: float
) -> list[Planned]:
    """Plan one course of an activity, with these recordings, in order of time."""
    number = round(float(np.exp(random.uniform(*np.log(activity.sounds)))))
    level_dbfs = activity.level_dbfs + activity.spread_db * float(np.clip(random.standard_normal(), -2, 2))
    planned = []
    for _ in range(number):
        pieces = recordings[int(random.integers(len(recordings)))]
        clip = pieces[int(random.integers(len(pieces)))]
        planned.append(Planned(start_s, clip, level_dbfs + _WITHIN_DB * float(random.standard_normal())))
        start_s += clip.length_s + random.uniform(*activity.pause_s)
    return planned


def first_of(activities: Sequence[Activity], kinds: Collection[str]) -> list[Activity]:
    """Return the activities whose kind of sound there is, in their order."""
    return [activity for activity in activities if activity.kind in kinds]
