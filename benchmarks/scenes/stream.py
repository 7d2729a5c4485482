# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Mix planned sounds into a stream of 60 s blocks; a sound may run over the edges of blocks."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.scenes import levels
from benchmarks.scenes.pool import Clip, Pool
from benchmarks.scenes.soundscape import put_sound
from benchmarks.scenes.truth import Played
from model.tagger import Waveform

BLOCK_S = 60.0
_LONGEST_S = 30.0  # of one sound; the pack's clips have 10 s at most
LOUDEST_GAIN_DB = 30.0  # a clip is never amplified by more: its own noise would be what is heard


@dataclass(frozen=True, slots=True)
class Planned:
    """A clip to be played: seconds from the begin of the stream, level over its active part."""

    onset_s: float
    clip: Clip
    level_dbfs: float


@dataclass(eq=False)
class Plan:
    """What is still to come, in order of time."""

    _heap: list[tuple[float, int, Planned]] = field(default_factory=list)
    _ties: Iterator[int] = field(default_factory=itertools.count)

    def add(self, planned: Planned) -> None:
        """Put a sound in."""
        heapq.heappush(self._heap, (planned.onset_s, next(self._ties), planned))

    def until(self, end_s: float) -> Iterator[Planned]:
        """Take out what begins before `end_s`."""
        while self._heap and self._heap[0][0] < end_s:
            yield heapq.heappop(self._heap)[2]


class Mixer:
    """Holds the sound of the block in the making and what already reaches into the next."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._samples = levels.count(BLOCK_S)
        self._sound = np.zeros(self._samples + levels.count(_LONGEST_S), np.float32)
        self._start_s = 0.0

    @property
    def here(self) -> Waveform:
        """The block in the making, to be added to in place."""
        return self._sound[: self._samples]

    def play(self, planned: Planned) -> Played | None:
        """Add a sound that begins in this block."""
        sound = self._pool.audible(planned.clip)[: levels.count(_LONGEST_S)]
        level_dbfs = min(planned.level_dbfs, levels.active_level_dbfs(sound) + LOUDEST_GAIN_DB)
        onset_s = planned.onset_s - self._start_s
        played = put_sound(self._sound, sound, onset_s, level_dbfs, planned.clip)
        return played and moved(played, self._start_s)

    def take(self, samples: int) -> Waveform:
        """Return the finished block, limited to -1..1 as a microphone would, and go on to the next."""
        block: Waveform = np.clip(self.here[:samples], -1.0, 1.0)
        rest = self._sound[self._samples :].copy()
        self._sound[:] = 0
        self._sound[: rest.size] = rest
        self._start_s += BLOCK_S
        return block


def moved(played: Played, by_s: float) -> Played:
    """Return the same sound so much later."""
    return Played(
        played.kind,
        played.onset_s + by_s,
        played.offset_s + by_s,
        played.level_dbfs,
        played.group,
        played.path,
        played.may_hold,
    )
