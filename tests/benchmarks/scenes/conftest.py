# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A tiny pack of made-up clips: what a soundscape and a household need, in a second of writing."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.scenes.pool import Pool, read_pool
from model.labels import find
from model.tagger import Waveform

RATE_HZ = 16_000
LEAD_S = 0.7  # silence before each event


def tone(frequency_hz: float, length_s: float) -> Waveform:
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    out: Waveform = (0.3 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)
    return out


def hiss(seed: int, length_s: float) -> Waveform:
    random = np.random.default_rng(seed)
    out: Waveform = (0.05 * random.standard_normal(round(length_s * RATE_HZ))).astype(np.float32)
    return out


def late(sound: Waveform) -> Waveform:
    """The sound with silence around it."""
    return np.pad(sound, (round(LEAD_S * RATE_HZ), RATE_HZ // 2))


CLIPS: Sequence[tuple[str, Waveform, str, str, int]] = (
    ("glass_a", late(tone(3000, 0.4)), "Shatter;Glass", "val", 1),
    ("glass_b", late(tone(3500, 0.8)), "Shatter;Glass", "train", 2),
    ("shot", late(tone(200, 0.2)), "Gunshot, gunfire;Explosion", "val", 1),
    ("smoke", late(tone(3100, 1.5)), "Smoke detector, smoke alarm;Alarm", "val", 1),
    ("blast", late(tone(90, 1.0)), "Explosion", "val", 3),
    ("firework", late(tone(150, 0.5)), "Fireworks;Explosion", "val", 1),
    ("yell", late(tone(900, 1.0)), "Yell;Shout", "val", 1),
    ("alarm", late(tone(2000, 1.0)), "Alarm", "val", 1),
    ("voice_a", late(tone(300, 2.0)), "Speech", "val", 1),
    ("voice_b", late(tone(350, 1.0)), "Speech", "val", 1),
    ("song", tone(440, 3.0), "Music", "val", 1),
    ("door", late(tone(120, 0.3)), "Door", "val", 1),
    ("step", late(tone(100, 0.2)), "Walk, footsteps", "val", 1),
    ("pan", late(tone(1500, 0.2)), "Dishes, pots, and pans", "val", 1),
    ("drill", late(tone(700, 2.0)), "Drill;Power tool;Tools", "val", 1),
    ("dog", late(tone(600, 0.4)), "Bark;Dog", "val", 1),
    ("rain", hiss(1, 4.0), "Rain", "val", 1),
    ("room", hiss(2, 5.0), "", "val", 1),
)


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pack."""
    folder = tmp_path_factory.mktemp("pack")
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "seconds", "audioset_mids", "group", "fold", "split"])
        for name, sound, labels, split, fold in CLIPS:
            soundfile.write(folder / f"{name}.wav", sound, RATE_HZ, subtype="PCM_16")
            rows.writerow([f"{name}.wav", sound.size / RATE_HZ, ";".join(_mids(labels)), f"of {name}", fold, split])
    return folder


@pytest.fixture(scope="session")
def pool(pack: Path) -> Pool:
    """All of it."""
    return read_pool(pack, split=None, folds=None)


def _mids(labels: str) -> list[str]:
    found = [find(name) for name in labels.split(";") if name]
    return [label.mid for label in found if label]
