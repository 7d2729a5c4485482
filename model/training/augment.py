# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Change a sound so that it stays a sound: speed, place, filter, room, gain. Labels come from the teacher afterwards.

Every function takes and returns float32, shape (n,), mono, 16 000 Hz, and draws from the generator that it is given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from model.tagger import SAMPLE_RATE_HZ, Waveform
from model.training.rooms import response


def at_speed(waveform: Waveform, speed: float, samples: int) -> Waveform:
    """Play `speed` times as fast (pitch and time together), by linear interpolation; at most `samples` come out."""
    count = min(samples, int((waveform.size - 1) / speed) + 1)
    position = np.arange(count, dtype=np.float32) * np.float32(speed)
    whole = np.minimum(position.astype(np.int32), waveform.size - 1)
    following = np.minimum(whole + 1, waveform.size - 1)
    fraction = (position - whole).astype(np.float32)
    out: Waveform = waveform[whole] * (1 - fraction) + waveform[following] * fraction
    return out


def fill(random: np.random.Generator, waveform: Waveform, samples: int) -> Waveform:
    """Make a short sound `samples` long: silence around it, or again and again with or without a pause."""
    missing = samples - waveform.size
    if missing <= 0:
        return waveform[:samples]
    kind = random.random()
    if kind < 0.4:
        before = int(random.integers(0, missing + 1))
        return np.pad(waveform, (before, missing - before))
    pause = 0 if kind < 0.7 else int(random.integers(0, SAMPLE_RATE_HZ // 2))
    once = np.pad(waveform, (0, pause))
    out: Waveform = np.tile(once, -(-samples // once.size))[:samples]
    return out


def equaliser(random: np.random.Generator, bins: int) -> NDArray[np.float32]:
    """Draw a gain per frequency, shape (bins,), 0 to 8 000 Hz: a smooth curve within 9 dB, or a narrow band."""
    place = np.linspace(0.0, 1.0, bins)
    if random.random() < 0.7:
        knots = random.uniform(-9.0, 9.0, 7)
        decibels = np.interp(np.sqrt(place), np.linspace(0, 1, 7), knots)
    else:
        low = random.choice([0.0, 100.0, 300.0]) / 8000.0
        high = random.uniform(2500.0, 8000.0) / 8000.0
        decibels = -48.0 * (np.maximum(low - place, 0) / max(low, 1e-3) + np.maximum(place - high, 0) / high)
    gain: NDArray[np.float32] = (10 ** (decibels / 20)).astype(np.float32)
    return gain


def through_space(random: np.random.Generator, waveform: Waveform, *, equalise: bool, room: bool) -> Waveform:
    """Filter by a random equaliser, put into a random room, or both, in one pass through the spectrum."""
    if not (equalise or room):
        return waveform
    tail = np.ones(1, np.float32)
    if room:
        tail = response(random, float(np.exp(random.uniform(np.log(0.12), np.log(0.9)))), random.uniform(-3.0, 12.0))
    points = next_fast_len(waveform.size + min(tail.size, waveform.size), real=True)
    spectrum = rfft(waveform, points)
    if room:
        spectrum *= rfft(tail, points)
    if equalise:
        spectrum *= equaliser(random, spectrum.size)
    out: Waveform = irfft(spectrum, points)[: waveform.size].astype(np.float32)
    return out


def at_level(random: np.random.Generator, waveform: Waveform, spread_db: float) -> Waveform:
    """Change the gain by a normal number of decibels; no sample beyond -1..1 (louder would clip in any recorder)."""
    peak = float(np.abs(waveform).max()) + 1e-9
    gain = min(10 ** (random.normal(0.0, spread_db) / 20), 1.0 / peak)
    return waveform * np.float32(gain)


def mixed(first: Waveform, second: Waveform, ratio_db: float) -> Waveform:
    """Add `second` so that its energy lies `ratio_db` below the first's; silence stays what it is."""
    energies = float(np.square(first).sum()), float(np.square(second).sum())
    if min(energies) < 1e-6:
        return first + second
    gain = np.sqrt(energies[0] / energies[1]) * 10 ** (-ratio_db / 20)
    return first + second * np.float32(gain)


def masked(random: np.random.Generator, log_mel: NDArray[np.float32]) -> None:
    """Blank one band of frequencies and one stretch of time of a log-mel, (frames, 128), in place, with its mean.

    D. S. Park et al., "SpecAugment", Interspeech 2019; kept small, since a masked alarm is no alarm.
    """
    mean = log_mel.mean()
    for axis, widest in ((1, 16), (0, log_mel.shape[0] // 8)):
        width = int(random.integers(0, widest + 1))
        start = int(random.integers(0, log_mel.shape[axis] - width + 1))
        if axis:
            log_mel[:, start : start + width] = mean
        else:
            log_mel[start : start + width] = mean
