# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Sound made on the spot: noise, a burst in it, hum, and how far a result is from what was wanted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

RATE_HZ = 16_000
SAMPLES = 5 * RATE_HZ
Waveform = NDArray[np.float32]


@pytest.fixture(scope="session")
def white() -> Waveform:
    """5 s of white noise, standard deviation 0.03."""
    return np.random.default_rng(3).normal(0, 0.03, SAMPLES).astype(np.float32)


@pytest.fixture(scope="session")
def burst() -> Waveform:
    """5 s of silence with a tone of 1200 Hz from 2 s to 3 s, amplitude 0.3."""
    time_s = np.arange(RATE_HZ) / RATE_HZ
    sound = np.zeros(SAMPLES, np.float32)
    sound[2 * RATE_HZ : 3 * RATE_HZ] = 0.3 * np.sin(2 * np.pi * 1200 * time_s) * np.hanning(RATE_HZ) ** 0.2
    return sound


@pytest.fixture(scope="session")
def knock() -> Waveform:
    """5 s of silence with a knock at 2 s: noise that decays within 50 ms."""
    random = np.random.default_rng(4)
    sound = np.zeros(SAMPLES, np.float32)
    decay = np.exp(-np.arange(800) / 160)
    sound[2 * RATE_HZ : 2 * RATE_HZ + 800] = np.clip(0.6 * decay * random.normal(size=800), -0.9, 0.9)
    return sound


@pytest.fixture(scope="session")
def hum() -> Waveform:
    """5 s of mains hum: 50 Hz at amplitude 0.2, 100 Hz at 0.1."""
    time_s = np.arange(SAMPLES) / RATE_HZ
    sound = 0.2 * np.sin(2 * np.pi * 50 * time_s) + 0.1 * np.sin(2 * np.pi * 100 * time_s + 1)
    return sound.astype(np.float32)


@pytest.fixture(scope="session")
def level_db() -> Callable[[Waveform], float]:
    """The mean power of a waveform in dB."""

    def level(waveform: Waveform) -> float:
        return float(10 * np.log10(np.mean(np.square(waveform, dtype=np.float64)) + 1e-20))

    return level


@pytest.fixture(scope="session")
def snr_db(level_db: Callable[[Waveform], float]) -> Callable[[Waveform, Waveform], float]:
    """The power of what was wanted over that of the difference to it, in dB."""

    def ratio(found: Waveform, wanted: Waveform) -> float:
        return level_db(wanted) - level_db(found - wanted)

    return ratio
