# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.heads.alarm import AlarmHeads
from model.heads.clips import Clip, status
from model.heads.library import Library
from model.labels import CLASS_COUNT

RATE_HZ = 16_000


@pytest.fixture
def heads() -> AlarmHeads:
    """Two kinds of alarm over an embedding of four; the second is the tagger's own opinion alone."""
    members = np.zeros((2, CLASS_COUNT), np.bool_)
    members[0, [3, 5]] = True
    members[1, 500] = True
    return AlarmHeads(
        ("first", "second"),
        members,
        np.full(4, 1.0, np.float32),
        np.full(4, 2.0, np.float32),
        np.array([[1, -1, 0.5, 0], [0, 0, 0, 0]], np.float32),
        np.array([0.5, 1.0], np.float32),
        np.array([-1.0, 0.25], np.float32),
    )


def clip(name: str, *labels: str, fold: int = 1, split: str = "train", source: str = "somewhere") -> Clip:
    return Clip(Path(name), frozenset(labels), split, name, source, fold, "1")


@pytest.fixture
def library() -> Library:
    """A dozen quiet noises of 5 s as backgrounds, and short bursts: shots, screams, doors."""
    random = np.random.default_rng(3)
    clips = [clip(f"noise-{number}", fold=number % 5 + 1) for number in range(12)]
    sounds = [random.normal(0, 0.02, 5 * RATE_HZ) for _ in clips]
    for number, label in enumerate(("Gunshot, gunfire", "Screaming", "Door") * 5):
        clips.append(clip(f"{label}-{number}", label, fold=number // 3 + 1))
        sounds.append(random.normal(0, 0.3, RATE_HZ // 2) * np.exp(-np.arange(RATE_HZ // 2) / 2000))
    samples = tuple(np.round(32_767 * np.clip(sound, -1, 1)).astype(np.int16) for sound in sounds)
    return Library(tuple(clips), np.stack([status(one.labels) for one in clips]), samples)
