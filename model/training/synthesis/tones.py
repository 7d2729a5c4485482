# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Oscillators, sweeps and envelopes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.tagger import SAMPLE_RATE_HZ, Waveform


def oscillator(frequency_hz: NDArray[np.float64], shape: str, amplitude: float) -> Waveform:
    """Make a periodic wave, its harmonics ending below 8 000 Hz.

    Parameters
    ----------
    frequency_hz
        float64, shape (n,): the frequency at each sample.
    shape
        ``sine``, ``square``, ``sawtooth`` or ``triangle``.
    amplitude
        Of the fundamental, 0..1; the sum is clipped to -1..1.
    """
    phase = 2 * np.pi * np.cumsum(frequency_hz) / SAMPLE_RATE_HZ
    highest = min(15, int(0.5 * SAMPLE_RATE_HZ / max(float(frequency_hz.max()), 1.0)))
    out = np.sin(phase)
    if shape != "sine":
        for harmonic in range(2, highest + 1):
            if shape == "sawtooth":
                out += np.sin(harmonic * phase) / harmonic
            elif harmonic % 2:
                out += np.sin(harmonic * phase) / (harmonic if shape == "square" else harmonic**2)
    clipped: Waveform = np.clip(amplitude * out, -1.0, 1.0).astype(np.float32)
    return clipped


def chirp(first_hz: float, last_hz: float, seconds: float) -> Waveform:
    """Sweep from one frequency to another, evenly in octaves, at full amplitude."""
    samples = max(2, round(seconds * SAMPLE_RATE_HZ))
    return oscillator(np.geomspace(first_hz, last_hz, samples), "sine", 1.0)


def fade(waveform: Waveform, seconds: float) -> Waveform:
    """Fade in and out over `seconds` each."""
    samples = min(waveform.size // 2, round(seconds * SAMPLE_RATE_HZ))
    out = waveform.copy()
    if samples:
        ramp = np.linspace(0.0, 1.0, samples, dtype=np.float32)
        out[:samples] *= ramp
        out[-samples:] *= ramp[::-1]
    return out


def place(out: Waveform, sound: Waveform, start_s: float) -> None:
    """Add `sound` to `out` from `start_s` on; what does not fit is dropped."""
    first = round(start_s * SAMPLE_RATE_HZ)
    piece = sound[: max(0, out.size - first)]
    out[first : first + piece.size] += piece
