# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.scenes.pool import Pool, read_pool
from tests.benchmarks.scenes.conftest import CLIPS


def names(clips: object) -> set[str]:
    return {clip.path.removesuffix(".wav") for clip in clips}  # type: ignore[attr-defined]


def test_a_split_and_folds_are_kept_apart(pack: Path) -> None:
    assert names(read_pool(pack, split="train", folds=None).clips) == {"glass_b"}
    assert names(read_pool(pack, split=None, folds={2, 3}).clips) == {"glass_b", "blast"}
    assert len(read_pool(pack, split=None, folds=None).clips) == len(CLIPS)


def test_doubtful_clips_are_neither_events_nor_non_alarms(pool: Pool) -> None:
    non_alarms = names(pool.non_alarms(["smoke_alarm", "scream", "gunshot"]))
    assert non_alarms.isdisjoint({"smoke", "alarm", "yell", "shot"})
    assert {"firework", "blast", "dog", "voice_a"} <= non_alarms
    assert names(pool.events("smoke_alarm")) == {"smoke"}


def test_backgrounds_come_by_kind(pool: Pool) -> None:
    found = pool.backgrounds(["scream"])
    assert {kind: names(clips) for kind, clips in found.items()} == {
        "music": {"song"},
        "rain": {"rain"},
        "room_tone": {"room"},
    }


def test_the_audible_part_leaves_out_the_silence_around(pool: Pool) -> None:
    clip = pool.events("smoke_alarm")[0]
    assert pool.waveform(clip).size == 43_200
    assert abs(pool.audible(clip).size - 24_000) <= 320
    assert pool.audible(clip).dtype == np.float32
