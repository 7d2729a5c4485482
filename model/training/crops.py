# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Batches of training crops: log-mels, teacher's logits, known labels; the same number makes the same batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.frontend import HOP_SAMPLES, MEL_BANDS, LogMel
from model.labels import CLASS_COUNT
from model.tagger import Waveform
from model.training import augment
from model.training.config import Config, CropPlan
from model.training.shards import Shard

_BACKGROUND_DB = 3.0  # a second sound at least this far below the first does not take part in the labels
_TEACHER_FRAMES = 1000  # more at once leave the cache and are slower


class Teacher(Protocol):
    """What labels a crop: float32 (b, frames, 128) -> logits (b, 527) and embeddings (b, e)."""

    def logits(self, log_mel: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run the network alone."""
        ...


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch.

    Attributes
    ----------
    log_mel
        float32, shape (b, frames, 128), what the student sees.
    teacher
        float32, shape (b, 527), the teacher's logits on the same crops, unmasked.
    known
        float32, shape (b, 527), 1 where a label is known to hold.
    """

    log_mel: NDArray[np.float32]
    teacher: NDArray[np.float32]
    known: NDArray[np.float32]


class CropMaker:
    """Makes batches; one object serves one thread at a time."""

    def __init__(self, config: Config, shards: Mapping[str, Shard], teacher: Teacher) -> None:
        self._config = config
        self._plan: CropPlan = config.crops
        self._shards = [shards[name] for name in self._plan.shares]
        shares = np.array(list(self._plan.shares.values()), np.float64)
        self._shares = shares / shares.sum()
        self._weights = [_rare_first(shard) for shard in self._shards]
        self._teacher = teacher
        self._front_end = LogMel()

    def batch(self, number: int, progress: float) -> Batch:
        """Make batch `number`; `progress` within 0..1 says whether crops are early or late ones."""
        random = np.random.default_rng([self._config.seed, number])
        late = progress >= self._plan.late_from
        choices, strength = (self._plan.late_lengths, self._plan.late_strength) if late else (self._plan.lengths, 1.0)
        shares = np.array([share / frames for frames, share in choices])
        frames = choices[int(random.choice(len(choices), p=shares / shares.sum()))][0]
        count = max(4, self._config.batch_frames // frames)
        log_mel = np.empty((count, frames, MEL_BANDS), np.float32)
        known = np.zeros((count, CLASS_COUNT), np.float32)
        for row, labels in zip(log_mel, known, strict=True):
            waveform, classes = self.crop(random, frames * HOP_SAMPLES, strength)
            self._front_end(waveform, row)
            labels[list(classes)] = 1.0
        step = max(1, _TEACHER_FRAMES // frames)
        pieces = [self._teacher.logits(log_mel[first : first + step])[0] for first in range(0, count, step)]
        for row in log_mel:
            if random.random() < strength * self._plan.mask:
                augment.masked(random, row)
        return Batch(log_mel, np.concatenate(pieces), known)

    def crop(self, random: np.random.Generator, samples: int, strength: float = 1.0) -> tuple[Waveform, set[int]]:
        """Make one crop, float32, shape (samples,), within -1..1, and the classes known to be in it.

        `strength`, 0..1, scales the probability of every change.
        """
        plan = self._plan
        waveform, known = self._sound(random, samples, strength)
        classes = set(known)
        others = sum(random.random() < strength * share for share in (plan.mix, plan.third))
        for _ in range(others):
            other, known = self._sound(random, samples, strength)
            ratio_db = random.uniform(-6.0, 20.0)
            waveform = augment.mixed(waveform, other, ratio_db)
            if ratio_db < _BACKGROUND_DB:
                classes = classes | set(known) if ratio_db > -_BACKGROUND_DB else set(known)
        equalise, room = (random.random() < strength * share for share in (plan.equalise, plan.room))
        waveform = augment.through_space(random, waveform, equalise=equalise, room=room)
        return augment.at_level(random, waveform, plan.gain_db), classes

    def _sound(self, random: np.random.Generator, samples: int, strength: float) -> tuple[Waveform, tuple[int, ...]]:
        which = int(random.choice(len(self._shards), p=self._shares))
        shard = self._shards[which]
        sound = int(np.searchsorted(self._weights[which], random.random()))
        speed = float(np.exp2(random.normal(0.0, 0.35))) if random.random() < strength * self._plan.speed else 1.0
        speed = min(max(speed, 0.5), 2.0)
        wanted = int(samples * speed) + 2
        spare = int(shard.lengths[sound]) - wanted
        start = int(random.integers(0, spare + 1)) if spare > 0 else 0
        piece = shard.piece(sound, start, wanted)
        if speed != 1.0:
            piece = augment.at_speed(piece, speed, samples)
        return augment.fill(random, piece, samples), shard.classes[sound]


def _rare_first(shard: Shard) -> NDArray[np.float64]:
    """Cumulated shares of the sounds: one whose rarest class is rare comes up more often, up to four times."""
    counts = np.bincount([index for row in shard.classes for index in row], minlength=CLASS_COUNT)
    rarest = np.array([min((int(counts[index]) for index in row), default=10**6) for row in shard.classes])
    weight = np.clip(np.sqrt(100.0 / np.maximum(rarest, 1)), 1.0, 4.0)
    cumulated: NDArray[np.float64] = np.cumsum(weight / weight.sum())
    cumulated[-1] = 1.0
    return cumulated
