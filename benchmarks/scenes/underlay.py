# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What always sounds under a household's day: the microphone's noise, the room, and at times rain, traffic or a fan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.scenes import levels
from benchmarks.scenes.activities import (
    ROOM_TONE_DBFS,
    STEADY_CHANCE,
    STEADY_DBFS,
    STEADY_WEIGHTS,
    part_of_day,
)
from benchmarks.scenes.backgrounds import MICROPHONE_NOISE_DBFS, draw_background, microphone_noise, weighted
from benchmarks.scenes.kinds import ROOM_TONE
from benchmarks.scenes.pool import Clip, Pool
from model.tagger import Waveform

_LOOP_S = 150.0  # not a multiple of a block, so that blocks differ
_CHANGE_S = 10.0  # to come in or go


@dataclass(eq=False)
class _Layer:
    """A loop and its level now; `None` as level is silence."""

    loop: Waveform
    level_dbfs: float | None = None
    place: int = 0

    def add_to(self, block: Waveform, wanted_dbfs: float | None) -> None:
        """Add the next stretch; where the level changes, over the first 10 s."""
        if wanted_dbfs is None and self.level_dbfs is None:
            return
        before, after = (
            0.0 if level is None else float(levels.gain(level)) for level in (self.level_dbfs, wanted_dbfs)
        )
        change = min(levels.count(_CHANGE_S), block.size) if before != after else 0
        stretch = self._stretch(block.size)
        block[:change] += stretch[:change] * np.linspace(before, after, change, dtype=np.float32)
        block[change:] += stretch[change:] * np.float32(after)
        self.level_dbfs = wanted_dbfs

    def _stretch(self, samples: int) -> Waveform:
        """Return so many samples from the present place on, and move on."""
        pieces = []
        while samples:
            piece = self.loop[self.place : self.place + samples]
            pieces.append(piece)
            samples -= piece.size
            self.place = (self.place + piece.size) % self.loop.size
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


@dataclass(eq=False)
class Underlay:
    """Adds to block after block what always sounds there."""

    pool: Pool
    classes: Collection[str]
    random: np.random.Generator
    groups: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._found: Mapping[str, Sequence[Clip]] = self.pool.backgrounds(self.classes)
        samples = levels.count(_LOOP_S)
        self._microphone = _Layer(microphone_noise(self.random, samples), MICROPHONE_NOISE_DBFS)
        self._room = _Layer(
            self._loop(ROOM_TONE) if ROOM_TONE in self._found else microphone_noise(self.random, samples)
        )
        self._steady: _Layer | None = None
        self._leaving: _Layer | None = None
        self._wanted_dbfs: tuple[float, float | None] = (ROOM_TONE_DBFS[0], None)

    def new_hour(self, hour: int) -> None:
        """Draw the levels of the hour, and whether there is a second background."""
        part = part_of_day(hour)
        room_dbfs = ROOM_TONE_DBFS[part] + 3 * float(np.clip(self.random.standard_normal(), -2, 2))
        self._leaving, self._steady = self._steady, None
        steady_dbfs = None
        kind = weighted(self.random, STEADY_WEIGHTS, self._found)
        if kind is not None and self.random.random() < STEADY_CHANCE[part]:
            mean_db, spread_db = STEADY_DBFS
            steady_dbfs = mean_db + spread_db * float(np.clip(self.random.standard_normal(), -2, 2))
            self._steady = _Layer(self._loop(kind))
        self._wanted_dbfs = room_dbfs, steady_dbfs

    def add_to(self, block: Waveform) -> None:
        """Add the next block's share in place."""
        self._microphone.add_to(block, MICROPHONE_NOISE_DBFS)
        self._room.add_to(block, self._wanted_dbfs[0])
        if self._steady is not None:
            self._steady.add_to(block, self._wanted_dbfs[1])
        if self._leaving is not None:
            self._leaving.add_to(block, None)
            self._leaving = None

    def _loop(self, kind: str) -> Waveform:
        drawn = draw_background(self.random, self.pool, self._found, kind, levels.count(_LOOP_S))
        self.groups.update(drawn.groups)
        return drawn.waveform
