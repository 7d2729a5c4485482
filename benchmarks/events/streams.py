# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which streams are heard, and by which heads: nothing is heard by a head, or a tagger, that was fitted on it.

`mn04_as` never met the recordings: its streams are made from each of the five folds, and heard by the heads that were
fitted without that fold. `hearken_small` was trained on the training split: its streams are made from the validation
split, and `mn04_as` hears those as well, with the heads that it ships with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.scenes.household import household, plain
from benchmarks.scenes.pool import Pool, read_pool
from benchmarks.scenes.soundscape import soundscape
from benchmarks.scenes.truth import Block

CLASSES = ("glass_break", "scream", "gunshot", "explosion", "fire", "smoke_alarm", "baby_cry", "dog_bark", "siren")
FOLDS = (1, 2, 3, 4, 5)
SEED = 7

Kind = Literal["scenes", "plain", "household"]
KINDS: tuple[Kind, ...] = ("scenes", "plain", "household")


@dataclass(frozen=True, slots=True)
class Material:
    """Where a stream's recordings come from: a fold, or the validation split (fold None)."""

    fold: int | None

    @property
    def name(self) -> str:
        """A name for files."""
        return "val" if self.fold is None else f"fold{self.fold}"

    def pool(self, pack: Path) -> Pool:
        """Return the recordings."""
        if self.fold is None:
            return read_pool(pack, split="val", folds=None)
        return read_pool(pack, split=None, folds={self.fold})


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream: a soundscape, some hours of a household, or all that is no alarm one after another."""

    kind: Kind
    material: Material
    number: int
    hours: float

    @property
    def name(self) -> str:
        """A name for files."""
        return f"{self.kind}-{self.material.name}-{self.number:03}"

    def blocks(self, pool: Pool) -> Iterator[Block]:
        """Yield its blocks."""
        if self.kind == "scenes":
            scene = soundscape(pool, SEED, self.number, minutes=self.hours * 60, classes=CLASSES)
            yield Block(scene.waveform, 0.0, 0, scene.distractors, scene.truth)
        elif self.kind == "household":
            yield from household(
                pool, SEED + self.number, self.hours, classes=CLASSES, start_hour=(self.number * 6) % 24
            )
        else:
            yield from plain(pool, classes=CLASSES)


def streams(materials: Sequence[Material], scenes: int, household_hours: float) -> list[Stream]:
    """List the streams of these materials, evenly shared among them.

    Parameters
    ----------
    scenes
        How many ten-minute soundscapes in all.
    household_hours
        How many hours of household days in all, in pieces of six.
    """
    pieces = round(household_hours / 6)
    found = [Stream("scenes", materials[number % len(materials)], number, 1 / 6) for number in range(scenes)]
    found += [Stream("household", materials[number % len(materials)], number, 6.0) for number in range(pieces)]
    found += [Stream("plain", material, 0, 0.0) for material in materials]
    return found
