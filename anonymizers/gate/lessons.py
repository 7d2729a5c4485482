# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Lessons for the speech detector: 4 s of made-up home, and for each frame whether somebody speaks in it.

Speech (other speeds, rooms, telephone lines, shouted, whispered low) over other sound at -10..25 dB, or alone; or the
other sound alone, alarms twice as often as their number. A frame counts as speech by the energy of the clean speech
before anything is added; what is doubtful - tails of words and of rooms, speech far below what covers it - does not
count at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from scipy.signal import resample_poly

from anonymizers.base import Waveform
from anonymizers.gate.acoustics import gain_of, noise, through
from anonymizers.gate.features import HOP_SAMPLES, SAMPLE_RATE_HZ, features, frame_count
from anonymizers.gate.pack import ALARMS, Sound

SECONDS = 4
SAMPLES = SECONDS * SAMPLE_RATE_HZ // HOP_SAMPLES * HOP_SAMPLES
FRAMES = SAMPLES // HOP_SAMPLES

SILENT, SPOKEN, DOUBTFUL = 0, 1, 2
ALARM_WEIGHT = 3.0

_RANGE_DB = 30.0  # a frame this far below the loud ones of its recording is no speech
_SPEEDS = ((1, 1), (1, 1), (1, 1), (9, 10), (10, 9), (7, 8), (8, 7), (5, 6), (6, 5), (4, 5))

Floats = NDArray[np.float32]
Marks = NDArray[np.uint8]


def frame_power(waveform: Waveform) -> Floats:
    """Return the mean square of each frame: float32, shape (frame_count(n),)."""
    whole = np.zeros(frame_count(waveform.size) * HOP_SAMPLES, np.float32)
    whole[: waveform.size] = waveform
    power: Floats = np.square(whole).reshape(-1, HOP_SAMPLES).mean(axis=1)
    return power


def marks(clean: Waveform) -> Marks:
    """Say which frames of clean speech hold some: uint8, shape (frame_count(n),), SILENT, SPOKEN or DOUBTFUL.

    Spoken is what lies within 30 dB of the loud frames (their 95th percentile) and 8 dB over the quiet ones (their
    10th), but always what lies within 10 dB of the loud; doubtful what lies within 12 dB below that, and 80 ms around
    what is spoken.
    """
    level = 10 * np.log10(frame_power(clean) + 1e-12)
    loud, quiet = np.percentile(level, (95, 10))
    threshold = max(loud - _RANGE_DB, min(quiet + 8, loud - 10))
    found = np.full(level.size, SILENT, np.uint8)
    spoken = level > max(threshold, -85.0)
    found[binary_dilation(spoken, iterations=5) | (level > max(threshold - 12, -85.0))] = DOUBTFUL
    found[spoken] = SPOKEN
    return found


class Lessons:
    """Makes lessons.

    Parameters
    ----------
    sounds
        Recordings of the pack.
    made
        Speech that was made.
    random
        Where chance comes from.
    """

    def __init__(self, sounds: Sequence[Sound], made: Sequence[Waveform], random: np.random.Generator) -> None:
        self._random = random
        self._natural = _by(sounds, lambda sound: sound.source, lambda sound: sound.kind == "speech")
        self._made = made
        self._alarms = _by(sounds, lambda sound: sound.kind, lambda sound: sound.kind in ALARMS)
        self._other = _by(sounds, lambda sound: sound.source, lambda sound: sound.kind == "other")
        weights = np.array([len(found) for found in self._natural.values()]) ** 0.7
        self._natural_weights = weights / weights.sum()

    def lesson(self) -> tuple[Floats, Marks, Floats]:
        """Make one: features (250, 48), marks (250,), weights (250,)."""
        random = self._random
        background, is_alarm = self._background()
        said = np.zeros(SAMPLES, np.float32)
        what = np.zeros(FRAMES, np.uint8)
        if random.random() < 0.6:
            said, what = self._speech()
            is_alarm = np.zeros(FRAMES, bool)
            background = self._under(said, what, background)
            what[_is_drowned(said, background) & (what == SPOKEN)] = DOUBTFUL
        mixed = self._levelled(said + background)
        weights = np.where(is_alarm, ALARM_WEIGHT, 1.0).astype(np.float32)
        weights[what == DOUBTFUL] = 0.0
        return features(mixed), what, weights

    def _speech(self) -> tuple[Waveform, Marks]:
        """Lay one to three pieces of speech into 4 s, and send them through a room or a line."""
        random = self._random
        said, what = np.zeros(SAMPLES, np.float32), np.zeros(FRAMES, np.uint8)
        for _ in range(int(random.choice([1, 1, 1, 2, 2, 3]))):
            piece = self._piece()
            found = marks(piece)
            if not (found == SPOKEN).any():
                continue
            piece = piece / np.sqrt(frame_power(piece)[found == SPOKEN].mean()) * gain_of(random.uniform(-6, 0))
            longest = int(random.integers(FRAMES // 4, FRAMES + 1))
            first = int(random.integers(max(1, found.size - longest + 1)))
            found = found[first : first + longest]
            start = int(random.integers(FRAMES - found.size + 1))
            samples = piece[first * HOP_SAMPLES : (first + found.size) * HOP_SAMPLES]
            said[start * HOP_SAMPLES : start * HOP_SAMPLES + samples.size] += samples
            there = what[start : start + found.size]
            there[:] = np.where((found == SPOKEN) | (there == SPOKEN), SPOKEN, np.maximum(found, there))
        if random.random() < 0.75:
            room_s = float(random.uniform(0.1, 1.0)) if random.random() < 0.7 else 0.0
            said = through(said, room_s, random.random() < 0.6, random)
            tail = 3 + round(0.6 * room_s * SAMPLE_RATE_HZ / HOP_SAMPLES)
            late = np.convolve(what == SPOKEN, np.ones(tail + 1))[:FRAMES] > 0
            what[late & (what == SILENT)] = DOUBTFUL
        return said, what

    def _piece(self) -> Waveform:
        random = self._random
        if random.random() < 0.35 and self._made:
            piece = self._made[int(random.integers(len(self._made)))]
        else:
            sources = list(self._natural.values())
            chosen = sources[int(random.choice(len(sources), p=self._natural_weights))]
            piece = chosen[int(random.integers(len(chosen)))].waveform
        return self._speed(piece)

    def _speed(self, waveform: Waveform) -> Waveform:
        up, down = _SPEEDS[int(self._random.integers(len(_SPEEDS)))]
        if up == down:
            return waveform
        changed: Waveform = resample_poly(waveform[: 8 * SAMPLE_RATE_HZ], up, down).astype(np.float32)
        return changed

    def _background(self) -> tuple[Waveform, NDArray[np.bool_]]:
        """Make 4 s without speech, and say in which frames an alarm sounds."""
        random = self._random
        is_alarm = np.zeros(FRAMES, bool)
        ground = np.zeros(SAMPLES, np.float32)
        if random.random() < 0.5:
            ground = self._filled(self._pick(self._other)) * gain_of(random.uniform(-30, 0))
        if random.random() < 0.35:
            ground += noise(SAMPLES, self._random) * gain_of(random.uniform(-45, -5))
        if random.random() < 0.7:
            alarm = random.random() < 0.6
            event = self._speed(self._pick(self._alarms if alarm else self._other))
            event = self._filled(event) * gain_of(random.uniform(-10, 0))
            ground += event
            if alarm:
                level = frame_power(event)
                is_alarm = level > np.percentile(level, 95) * 1e-3
        if random.random() < 0.3:
            ground = through(ground, float(random.uniform(0.1, 0.8)), random.random() < 0.5, random)
        return ground, is_alarm

    def _pick(self, sounds: dict[str, list[Sound]]) -> Waveform:
        kinds = list(sounds.values())
        weights = np.array([len(kind) for kind in kinds]) ** 0.5
        chosen = kinds[int(self._random.choice(len(kinds), p=weights / weights.sum()))]
        return chosen[int(self._random.integers(len(chosen)))].waveform

    def _filled(self, sound: Waveform) -> Waveform:
        """Fill 4 s with a sound of mean square 1 where it sounds: cut, placed, or repeated."""
        random = self._random
        level = frame_power(sound)
        loud = level[level > level.max() * 1e-3]
        sound = sound / np.sqrt(loud.mean() + 1e-12)
        if sound.size >= SAMPLES:
            first = int(random.integers(sound.size - SAMPLES + 1))
            return sound[first : first + SAMPLES]
        filled = np.zeros(SAMPLES, np.float32)
        start = int(random.integers(SAMPLES - sound.size + 1))
        filled[start : start + sound.size] = sound
        if random.random() < 0.4:
            every = sound.size + int(random.integers(SAMPLE_RATE_HZ))
            for again in range(start + every, SAMPLES, every):
                filled[again : again + sound.size] += sound[: SAMPLES - again]
        return filled

    def _under(self, said: Waveform, what: Marks, background: Waveform) -> Waveform:
        """Bring the background to its distance below (or above) the speech."""
        random = self._random
        spoken = frame_power(said)[what == SPOKEN]
        if not spoken.size or random.random() < 0.2:
            quiet = noise(SAMPLES, self._random) * gain_of(random.uniform(-60, -25)) if random.random() < 0.8 else 0.0
            ground: Waveform = np.zeros(SAMPLES, np.float32) + quiet * np.sqrt(spoken.mean() if spoken.size else 1.0)
            return ground
        level = frame_power(background)
        if not level.any():
            background, level = noise(SAMPLES, self._random), np.ones(FRAMES, np.float32)
        loud = level[level > level.max() * 1e-3].mean()
        lowered: Waveform = background * np.sqrt(spoken.mean() / loud) * gain_of(-random.uniform(-10, 25))
        return lowered

    def _levelled(self, mixed: Waveform) -> Waveform:
        """Bring the whole to -60..-8 dBFS, clip what stands out, and round to 16 bits."""
        random = self._random
        level = frame_power(mixed)
        loud = np.sqrt(level[level >= level.max() * 1e-3].mean() + 1e-20)
        mixed = mixed / loud * gain_of(random.uniform(-60, -8))
        peak = np.abs(mixed).max()
        if peak > 1 and random.random() < 0.8:
            mixed = mixed / peak
        rounded: Waveform = (np.rint(np.clip(mixed, -1, 1) * 32767) / 32768).astype(np.float32)
        return rounded


def _is_drowned(said: Waveform, background: Waveform) -> NDArray[np.bool_]:
    """Return the frames whose speech lies more than 13 dB below what covers it."""
    drowned: NDArray[np.bool_] = frame_power(said) < 0.05 * frame_power(background)
    return drowned


def _by(sounds: Sequence[Sound], key: Callable[[Sound], str], holds: Callable[[Sound], bool]) -> dict[str, list[Sound]]:
    grouped: dict[str, list[Sound]] = defaultdict(list)
    for sound in sounds:
        if holds(sound) and not sound.is_overheard:
            grouped[key(sound)].append(sound)
    return dict(grouped)
