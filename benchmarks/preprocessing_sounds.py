# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The sounds that preprocessing is tried on: validation clips as they are, in background noise, in hum, and very quiet.

The noise is that of the pack's validation split: rain, wind, running water, traffic, a fan, the tone of rooms; a clip
never gets noise of its own recording. It sounds from up to a second before the clip until up to a second after it, so
that a method can hear it alone, as it does at home. Mains hum is computed. Clips that the noise would drive beyond full
scale are scaled down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from analytic.events.classes import alert_classes
from benchmarks.pack import Recording, recordings, waveform
from benchmarks.scenes.backgrounds import Background, draw_background
from benchmarks.scenes.kinds import BACKGROUNDS
from benchmarks.scenes.levels import active_level_dbfs, count, gain
from benchmarks.scenes.pool import Clip, Pool, read_pool
from model.labels import find, index_of
from model.tagger import SAMPLE_RATE_HZ, WINDOW_SAMPLES, Waveform

CLEAN, HUM, QUIET = "clean", "hum 0 dB", "quiet"
NOISY = {"noise 10 dB": 10.0, "noise 0 dB": 0.0}
CONDITIONS = (CLEAN, *NOISY, HUM, QUIET)
HUM_LABELS = ("Hum", "Mains hum")
NOISES = ("appliance", "rain", "room_tone", "traffic", "water", "wind")
MARGIN_S = 1.0
QUIET_DBFS = -55.0
STEPS = 32_768  # of 16 bits, to full scale


@dataclass(frozen=True)
class Material:
    """Clips and the noise for them.

    Attributes
    ----------
    clips
        The clips.
    groups
        Which recording each was cut from.
    labels
        The labels of each recording of the pool.
    pool
        Where noise comes from.
    """

    clips: tuple[Recording, ...]
    groups: tuple[str, ...]
    labels: Mapping[str, frozenset[int]]
    pool: Pool

    @classmethod
    def of(cls, pack: Path, most: int) -> Material:
        """Choose clips of the validation split."""
        pool = read_pool(pack, split="val", folds=None)
        every = [one for one in recordings(pack) if one.split == "val"]
        group_of = {pack / clip.path: clip.group for clip in pool.clips}
        labels: dict[str, frozenset[int]] = {}
        for one in every:
            group = group_of[one.path]
            labels[group] = labels.get(group, frozenset()) | one.labels
        clips = spread_out([one for one in every if one.labels], most)
        return cls(tuple(clips), tuple(group_of[one.path] for one in clips), labels, pool)

    def sound(self, index: int, condition: str) -> Waveform:
        """Return a clip as a condition has it."""
        clean = waveform(self.clips[index])
        if condition in NOISY:
            return over(clean, self.noise(index, noisy_samples(clean)).waveform, NOISY[condition])
        if condition == HUM:
            return over(clean, hum(noisy_samples(clean)), 0.0)
        return quiet(clean) if condition == QUIET else clean

    def noise(self, index: int, samples: int) -> Background:
        """Return the noise that a clip is mixed with, the same at each level."""
        random = np.random.default_rng(index)
        kinds = {
            kind: others
            for kind, clips in self._backgrounds.items()
            if (others := [clip for clip in clips if clip.group != self.groups[index]])
        }
        return draw_background(random, self.pool, kinds, str(random.choice(list(kinds))), samples)

    def noise_labels(self, index: int, condition: str) -> frozenset[int]:
        """Return what the noise of a clip makes true, beside the clip's own labels."""
        if condition == HUM:
            return frozenset(index_of(label.mid) for label in map(find, HUM_LABELS) if label) - self.clips[index].labels
        if condition not in NOISY:
            return frozenset()
        background = self.noise(index, noisy_samples(waveform(self.clips[index])))
        named = (find(name) for name in BACKGROUNDS.get(background.kind, ()))
        found = frozenset(index_of(label.mid) for label in named if label)
        return found.union(*(self.labels[group] for group in background.groups)) - self.clips[index].labels

    @cached_property
    def _backgrounds(self) -> Mapping[str, Sequence[Clip]]:
        found = self.pool.backgrounds([alert.name for alert in alert_classes("mn04_as")])
        return {kind: clips for kind, clips in found.items() if kind in NOISES}


def spread_out(clips: Sequence[Recording], most: int) -> list[Recording]:
    """Choose at most so many clips: as many of each source and folder as fit, the rest of the large ones left out."""
    strata: dict[tuple[str, str], list[Recording]] = {}
    for one in clips:
        strata.setdefault((one.collection, one.folder), []).append(one)
    sizes = [len(stratum) for stratum in strata.values()]
    each = max(
        (n for n in range(1, max(sizes, default=0) + 1) if sum(min(size, n) for size in sizes) <= most), default=0
    )
    return [one for stratum in strata.values() for one in _evenly(stratum, each)]


def _evenly(clips: Sequence[Recording], most: int) -> list[Recording]:
    taken = min(len(clips), most)
    return [clips[index * len(clips) // taken] for index in range(taken)]


def noisy_samples(clean: Waveform) -> int:
    """Return how long a clip is with noise around it: a second more on both sides, but no more than 10 s."""
    return max(clean.size, min(WINDOW_SAMPLES, clean.size + 2 * count(MARGIN_S)))


def hum(samples: int) -> Waveform:
    """Return mains hum of level 0 dBFS: 50 Hz and seven harmonics, the n-th tone of 1 / n of the first's amplitude."""
    times_s = np.arange(samples) / SAMPLE_RATE_HZ
    tones = [np.sin(2 * np.pi * 50 * number * times_s + number**2) / number for number in range(1, 9)]
    sound = np.sum(tones, axis=0)
    level: Waveform = (sound / np.sqrt(np.mean(np.square(sound)))).astype(np.float32)
    return level


def over(clean: Waveform, noise: Waveform, snr_db: float) -> Waveform:
    """Put a clip into the middle of noise of level 0 dBFS, its active level so far above the noise's."""
    mixed = noise * gain(active_level_dbfs(clean) - snr_db)
    start = (noise.size - clean.size) // 2
    mixed[start : start + clean.size] += clean
    loudest = np.float32(max(1.0, float(np.abs(mixed).max())))
    within: Waveform = np.clip(mixed / loudest, -1, 1)
    return within


def quiet(clean: Waveform) -> Waveform:
    """Bring a clip's active level to -55 dBFS, and its samples to 16 bits."""
    scaled = clean * gain(QUIET_DBFS - active_level_dbfs(clean)) if clean.any() else clean
    rounded: Waveform = (np.round(np.clip(scaled, -1, 1) * STEPS) / STEPS).astype(np.float32)
    return np.clip(rounded, -1, 1)
