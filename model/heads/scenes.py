# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Continuous scenes: real backgrounds that never stop, and over them alarms and what may be taken for one.

All sounds of a scene come from one fold, so that a head fitted without a fold has heard nothing of its scenes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.heads.clips import ALARMS, POSITIVE
from model.heads.library import SYNTHETIC, Library
from model.tagger import SAMPLE_RATE_HZ, Waveform
from model.training import augment

FRAME = 800  # samples of the 50 ms in which activity is counted
_BACKGROUND_SAMPLES = 4 * SAMPLE_RATE_HZ
_EXCERPT_SAMPLES = 4 * SAMPLE_RATE_HZ
_TAIL_SAMPLES = SAMPLE_RATE_HZ // 2
_FADE_SAMPLES = SAMPLE_RATE_HZ // 4
_SILENCE = 1e-5
_ACTIVE_DB = 20.0

# Sounds that are easily taken for an alarm come up as often as the alarms.
CONFUSERS = (
    *("Chink, clink", "Coin (dropping)", "Dishes, pots, and pans", "Keys jangling", "Clang", "Clatter", "Glass"),
    *("Thunder", "Slam", "Fireworks", "Burst, pop", "Clapping", "Whack, thwack", "Hammer", "Door", "Snare drum"),
    *(
        "Laughter",
        "Singing",
        "Cheering",
        "Baby cry, infant cry",
        "Squeal",
        "Squawk",
        "Meow",
        "Crowing, cock-a-doodle-doo",
    ),
    *("Rain", "Sizzle", "Crumpling, crinkling", "Walk, footsteps", "Tearing", "Crunch", "Typing", "Static"),
    *("Bell", "Telephone", "Beep, bleep", "Alarm clock", "Ringtone", "Whistle", "Sine wave", "Theremin", "Synthesizer"),
    *("Sneeze", "Cough", "Bark", "Speech"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How scenes are made; decibels of a sound are those of its loudest 50 ms over the background's mean."""

    seconds: float
    foregrounds: int
    lowest_db: float
    highest_db: float
    speed: float
    equalise: float
    room: float


TRAINING = Plan(12.0, 3, -3.0, 25.0, speed=0.3, equalise=0.4, room=0.5)
EVALUATION = Plan(20.0, 4, 0.0, 20.0, speed=0.0, equalise=0.2, room=0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One sound of a scene: its clip, the frame of 50 ms that it starts in, and the energy of each of its frames."""

    clip: int
    start: int
    energy: NDArray[np.float32]

    def share(self, first: float, last: float) -> float:
        """Say how far it is inside the frames from `first` to `last`, 0..1.

        That is the share of its energy that lies there, or the share of the frames in which it is active, whichever
        is more.
        """
        times = self.start + np.arange(self.energy.size)
        inside = (times >= first) & (times < last)
        active = self.energy > self.energy.max() * 10 ** (-_ACTIVE_DB / 10)
        there = float(self.energy[inside].sum() / self.energy.sum())
        return max(there, float((inside & active).sum() / (last - first)))


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A continuous waveform, float32, shape (n,), within -1..1, its background clips, and the sounds over them."""

    waveform: Waveform
    backgrounds: tuple[int, ...]
    placed: tuple[Placed, ...]


class Composer:
    """Composes scenes from some of a library's sounds; the same number makes the same scene."""

    def __init__(self, library: Library, chosen: Sequence[int], plan: Plan, seed: int) -> None:
        self._library, self._plan, self._seed = library, plan, seed
        clips = library.clips
        self._quiet = [
            index
            for index in chosen
            if not (library.status[index] == POSITIVE).any()
            and library.samples[index].size >= _BACKGROUND_SAMPLES
            and clips[index].source != SYNTHETIC
        ]
        alarms = [
            _by_group(library, [i for i in chosen if library.status[i, k] == POSITIVE]) for k in range(len(ALARMS))
        ]
        self._alarms = [groups for groups in alarms if groups]
        confusers = [_by_group(library, [i for i in chosen if name in clips[i].labels]) for name in CONFUSERS]
        self._confusers = [groups for groups in confusers if groups]

    def scene(self, number: int) -> Scene:
        """Compose scene `number`."""
        random = np.random.default_rng([self._seed, number])
        samples = round(self._plan.seconds * SAMPLE_RATE_HZ)
        waveform, backgrounds = self._background(random, samples)
        waveform *= np.float32(10 ** (float(np.clip(random.normal(-42.0, 9.0), -70.0, -20.0)) / 20) / _rms(waveform))
        level = _rms(waveform)
        slot = samples // self._plan.foregrounds
        placed = []
        for place in range(self._plan.foregrounds):
            kinds = self._alarms if random.random() < 0.6 else self._confusers
            clip = _drawn(random, kinds)
            sound = self._sound(random, clip)
            decibels = random.uniform(self._plan.lowest_db, self._plan.highest_db)
            sound *= np.float32(level * 10 ** (decibels / 20) / _loudest(sound))
            start = (place * slot + int(random.integers(0, slot))) // FRAME
            sound = sound[: samples - start * FRAME]
            waveform[start * FRAME : start * FRAME + sound.size] += sound
            placed.append(Placed(clip, start, _energies(sound)))
        waveform /= max(1.0, float(np.abs(waveform).max()))
        return Scene(waveform, tuple(backgrounds), tuple(one for one in placed if one.energy.sum() > 0))

    def _background(self, random: np.random.Generator, samples: int) -> tuple[Waveform, list[int]]:
        """Join recordings with cross-fades until it lasts; half of the time one recording again and again."""
        used = [int(random.choice(self._quiet))]
        waveform = self._library.waveform(used[0])
        again = random.random() < 0.5
        while waveform.size < samples:
            following = used[0] if again else int(random.choice(self._quiet))
            piece = self._library.waveform(following)
            piece *= np.float32(_rms(waveform) / _rms(piece))
            waveform = _joined(waveform, piece)
            used.append(following)
        return waveform[:samples], sorted(set(used))

    def _sound(self, random: np.random.Generator, clip: int) -> Waveform:
        """Take an excerpt around a loud moment, from another distance, through another room."""
        waveform = _excerpt(random, self._library.waveform(clip))
        if random.random() < self._plan.speed:
            waveform = augment.at_speed(waveform, float(np.exp2(random.uniform(-0.25, 0.25))), waveform.size)
        waveform = np.pad(waveform, (0, _TAIL_SAMPLES))
        equalise, room = random.random() < self._plan.equalise, random.random() < self._plan.room
        return np.array(augment.through_space(random, waveform, equalise=equalise, room=room), np.float32)


def _by_group(library: Library, indices: Sequence[int]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for index in indices:
        groups.setdefault(library.clips[index].group, []).append(index)
    return list(groups.values())


def _drawn(random: np.random.Generator, kinds: Sequence[Sequence[Sequence[int]]]) -> int:
    """Draw a kind, then a recording, then a clip of it, each with equal chances."""
    groups = kinds[int(random.integers(len(kinds)))]
    clips = groups[int(random.integers(len(groups)))]
    return clips[int(random.integers(len(clips)))]


def _excerpt(random: np.random.Generator, waveform: Waveform) -> Waveform:
    if waveform.size > _EXCERPT_SAMPLES:
        energies = _energies(waveform)
        loud = np.flatnonzero(energies >= np.quantile(energies, 0.85))
        middle = int(random.choice(loud)) * FRAME
        start = int(np.clip(middle - random.integers(0, _EXCERPT_SAMPLES), 0, waveform.size - _EXCERPT_SAMPLES))
        waveform = waveform[start : start + _EXCERPT_SAMPLES].copy()
        ramp = np.linspace(0.0, 1.0, FRAME, dtype=np.float32)
        waveform[:FRAME] *= ramp
        waveform[-FRAME:] *= ramp[::-1]
    return waveform


def _energies(waveform: Waveform) -> NDArray[np.float32]:
    """Sum the squares of each 50 ms, the last one padded: float32, shape (frames,)."""
    padded = np.pad(waveform, (0, -waveform.size % FRAME))
    energies: NDArray[np.float32] = np.square(padded.reshape(-1, FRAME)).sum(axis=1)
    return energies


def _loudest(waveform: Waveform) -> float:
    return float(np.sqrt(_energies(waveform).max() / FRAME)) + _SILENCE


def _rms(waveform: Waveform) -> float:
    return float(np.sqrt(np.square(waveform).mean())) + _SILENCE


def _joined(first: Waveform, second: Waveform) -> Waveform:
    ramp = np.sqrt(np.linspace(0.0, 1.0, _FADE_SAMPLES, dtype=np.float32))
    crossing = first[-_FADE_SAMPLES:] * ramp[::-1] + second[:_FADE_SAMPLES] * ramp
    joined: Waveform = np.concatenate([first[:-_FADE_SAMPLES], crossing, second[_FADE_SAMPLES:]])
    return joined


def every(composers: Sequence[Composer], count: int) -> Iterator[tuple[int, Scene]]:
    """Compose `count` scenes of each composer: yield the composer's place and the scene."""
    for place, composer in enumerate(composers):
        for number in range(count):
            yield place, composer.scene(number)
