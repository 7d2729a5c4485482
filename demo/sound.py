# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The demo's sound: a smoke alarm in a room, while people talk in the background.

The alarm beeps the three-pulse evacuation signal (ISO 8201: 0.5 s on, 0.5 s off, three times, then 1.5 s of silence)
at 3100 Hz, as piezo sounders do. The talk is babble: pulse trains through changing vowel resonances, no words.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import fftconvolve, lfilter

RATE_HZ = 16_000
DURATION_S = 10.0
ALARM_HZ = 3100.0
ALARM_PEAK = 0.3
OCTAVE = 0.2
BABBLE_RMS = 0.01
ROOM_REVERBERATION_S = 0.35
# The first three resonances in Hz of five vowels (G. Peterson, H. Barney, JASA 24, 1952, men's means).
VOWELS = ((270, 2290, 3010), (530, 1840, 2480), (730, 1090, 2440), (570, 840, 2410), (300, 870, 2240))
SPEAKERS = 4

Sound = NDArray[np.float64]


def smoke_alarm_in_a_room(seed: int = 0) -> Sound:
    """Make the sound: float64, shape (160000,), 16 000 Hz, within -1..1; the same for the same seed."""
    rng = np.random.default_rng(seed)
    voices = np.sum([babble(rng) for _ in range(SPEAKERS)], axis=0)
    voices *= BABBLE_RMS / np.sqrt(np.mean(voices**2))
    heard: Sound = in_room(temporal_three() + voices, rng) + rng.normal(0, 0.001, voices.size)
    return heard / max(1.0, float(np.abs(heard).max()))


def temporal_three() -> Sound:
    """Make the alarm without a room: the piezo's tone and its weaker octave; what lies above 8 kHz is not there."""
    time_s = np.arange(round(DURATION_S * RATE_HZ)) / RATE_HZ
    within_s = time_s % 4.5
    on = (within_s < 3.0) & (within_s % 1.0 < 0.5)
    phase = 2 * np.pi * ALARM_HZ * time_s
    return ALARM_PEAK * on * (np.sin(phase) + OCTAVE * np.sin(2 * phase))


def babble(rng: np.random.Generator) -> Sound:
    """Make one voice that says nothing: syllables of 0.12 to 0.3 s, some pauses, a pitch that wanders."""
    syllables: list[Sound] = []
    pitch_hz = rng.uniform(90, 230)
    while sum(map(len, syllables)) < DURATION_S * RATE_HZ:
        samples = round(rng.uniform(0.12, 0.3) * RATE_HZ)
        if rng.random() < 0.2:
            syllables.append(np.zeros(samples))
            continue
        glide_hz = pitch_hz * np.linspace(rng.uniform(0.9, 1.1), rng.uniform(0.9, 1.1), samples)
        pulses = np.diff(np.floor(np.cumsum(glide_hz) / RATE_HZ), prepend=0.0)
        voiced = pulses + rng.normal(0, 0.02, samples)
        for resonance_hz in VOWELS[rng.integers(len(VOWELS))]:
            radius = np.exp(-np.pi * 80 / RATE_HZ)
            turn = 2 * np.pi * resonance_hz / RATE_HZ
            voiced = lfilter([1 - radius], [1, -2 * radius * np.cos(turn), radius**2], voiced)
        syllables.append(voiced * np.hanning(samples))
    return np.concatenate(syllables)[: round(DURATION_S * RATE_HZ)]


def in_room(dry: Sound, rng: np.random.Generator) -> Sound:
    """Let the sound reverberate: a direct path and noise that decays by 60 dB in `ROOM_REVERBERATION_S`."""
    time_s = np.arange(round(ROOM_REVERBERATION_S * RATE_HZ)) / RATE_HZ
    tail = rng.normal(0, 1, time_s.size) * 10 ** (-3 * time_s / ROOM_REVERBERATION_S)
    tail *= 0.4 / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    heard: Sound = fftconvolve(dry, tail)
    return heard[: dry.size]


def as_wav(sound: Sound) -> bytes:
    """Write the sound as a 16-bit WAV file in memory."""
    file = io.BytesIO()
    soundfile.write(file, sound, RATE_HZ, format="WAV", subtype="PCM_16")
    return file.getvalue()
