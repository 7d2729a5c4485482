# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What lies between a mouth and a microphone, made up: noise, rooms, and narrow or tilted lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from anonymizers.base import Waveform
from anonymizers.gate.features import SAMPLE_RATE_HZ

_LONGEST_ROOM_S = 1.0

Floats = NDArray[np.float32]


def gain_of(level_db: float) -> float:
    """Return the factor of an amplitude."""
    return float(10 ** (level_db / 20))


def noise(samples: int, random: np.random.Generator) -> Waveform:
    """Make noise of a random colour, with hum now and then: mean square 1."""
    spectrum = rfft(random.standard_normal(samples).astype(np.float32))
    hz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    made = irfft(spectrum * (np.maximum(hz, 30.0) / 1000.0) ** random.uniform(-1.2, 0.2), samples)
    if random.random() < 0.2:
        time_s = np.arange(samples) / SAMPLE_RATE_HZ
        hum = sum(np.sin(2 * np.pi * 50 * order * time_s) / order for order in range(1, 8))
        made += hum * made.std() * random.uniform(0, 3)
    scaled: Waveform = (made / made.std()).astype(np.float32)
    return scaled


def through(waveform: Waveform, room_s: float, is_filtered: bool, random: np.random.Generator) -> Waveform:
    """Send a waveform through a room of this reverberation time (0: none) and perhaps a narrow or tilted line."""
    points = next_fast_len(waveform.size + round(_LONGEST_ROOM_S * SAMPLE_RATE_HZ), real=True)
    spectrum = rfft(waveform, points)
    if room_s:
        spectrum *= rfft(_room(room_s, random), points)
    if is_filtered:
        spectrum *= _line(points, random)
    heard = irfft(spectrum, points)[: waveform.size]
    before, after = np.square(waveform).mean(), np.square(heard).mean()
    kept: Waveform = (heard * np.sqrt(before / (after + 1e-20))).astype(np.float32)
    return kept


def _room(room_s: float, random: np.random.Generator) -> Waveform:
    """Make an impulse response: the direct sound, then noise that dies away, darker than it began."""
    time_s = np.arange(round(min(room_s, _LONGEST_ROOM_S) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = random.standard_normal(time_s.size) * 10 ** (-3 * time_s / room_s)
    tail = np.convolve(tail, [1, random.uniform(0, 0.9)])[: time_s.size]
    tail[: int(random.integers(16, 160))] = 0.0
    tail *= np.sqrt(gain_of(2 * random.uniform(-20, 6)) / (np.square(tail).sum() + 1e-12))
    tail[0] = 1.0
    room: Waveform = tail.astype(np.float32)
    return room


def _line(points: int, random: np.random.Generator) -> Floats:
    """Make a gain by frequency: telephone, small loudspeaker, muffled by a door, tilted, or shouted."""
    hz = np.fft.rfftfreq(points, 1 / SAMPLE_RATE_HZ)
    low, high, tilt_db = 20.0, 8000.0, float(random.uniform(-4, 4))
    kind = random.integers(5)
    if kind == 0:
        low, high = 300.0, 3400.0
    elif kind == 1:
        low = float(random.uniform(100, 500))
    elif kind == 2:
        high = float(random.uniform(1200, 6000))
    elif kind == 3:
        tilt_db = float(random.uniform(2, 7))
    octaves = np.log2(np.maximum(hz, 50.0) / 1000.0)
    gain = 10 ** (tilt_db * octaves / 20)
    gain /= np.sqrt(1 + (low / np.maximum(hz, 1.0)) ** 8) * np.sqrt(1 + (hz / high) ** (16 if high < 8000 else 0))
    line: Floats = gain.astype(np.float32)
    return line
