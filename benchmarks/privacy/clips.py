# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Speech as it reaches the service: at a level, in a room, somewhere in a clip of fixed length, with a noise floor.

All clips of a kind are equally long, so that a clip's length tells nothing: what is measured is the method's leak.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.signal import fftconvolve

from benchmarks.scenes.levels import active_frames, active_level_dbfs, gain
from model.tagger import SAMPLE_RATE_HZ, Waveform

SENTENCE_S = 6.0
FLOOR_DBFS = -70.0
REVERBERATION_S = 0.4


class Condition(NamedTuple):
    """How speech reaches the microphone."""

    level_dbfs: float
    room: bool = False

    @property
    def name(self) -> str:
        """What the result calls it."""
        return f"{self.level_dbfs:g} dBFS{', room' if self.room else ''}"


MAIN = Condition(-20.0)
OTHERS = (Condition(-32.0), Condition(-26.0), Condition(-14.0), Condition(-20.0, room=True))


def at_level(speech: Waveform, condition: Condition) -> Waveform:
    """Return speech at a level over its active frames, within a room where there is one, clipped to -1..1."""
    sound = speech
    if condition.room:
        sound = fftconvolve(speech, _room())[: speech.size].astype(np.float32)
    heard: Waveform = np.clip(sound * gain(condition.level_dbfs - active_level_dbfs(sound)), -1, 1).astype(np.float32)
    return heard


def in_clip(speech: Waveform, length_s: float, seed: int) -> Waveform:
    """Put speech somewhere into a clip of this length, over a floor of noise; what does not fit is cut off."""
    rng = np.random.default_rng(seed)
    samples = round(length_s * SAMPLE_RATE_HZ)
    clip = rng.normal(0, 10 ** (FLOOR_DBFS / 20), samples).astype(np.float32)
    speech = speech[:samples]
    start = int(rng.integers(0, samples - speech.size + 1))
    clip[start : start + speech.size] += speech
    limited: Waveform = np.clip(clip, -1, 1).astype(np.float32)
    return limited


def trimmed(sound: Waveform) -> Waveform:
    """Cut silence off both ends."""
    active = np.flatnonzero(active_frames(sound))
    step = SAMPLE_RATE_HZ // 100
    return sound[active[0] * step : (active[-1] + 1) * step] if active.size else sound


def _room() -> Waveform:
    """Return an impulse response: the direct sound, then noise that falls by 60 dB in REVERBERATION_S."""
    times_s = np.arange(round(REVERBERATION_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = np.random.default_rng(8).normal(size=times_s.size) * 10 ** (-3 * times_s / REVERBERATION_S)
    tail *= 0.7 / np.sqrt(np.sum(tail**2))
    tail[:32] = 0
    tail[0] = 1
    return tail.astype(np.float32)
