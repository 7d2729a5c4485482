# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Take noise out, and give a sound the phase that its spectrum asks for."""

from __future__ import annotations

import numpy as np
from scipy.signal import istft, lfilter, stft

from model.tagger import SAMPLE_RATE_HZ, Waveform

ITERATIONS = 30


def denoised(sound: Waveform) -> Waveform:
    """Filter with a Wiener gain, the noise in each band taken to be what it is in the quietest tenth of the frames."""
    _, _, spectrum = stft(sound, SAMPLE_RATE_HZ, nperseg=512, noverlap=384)
    smoothed = lfilter([0.3], [1, -0.7], np.abs(spectrum) ** 2, axis=1)
    quiet = np.quantile(smoothed[:, 8:] if smoothed.shape[1] > 16 else smoothed, 0.1, axis=1, keepdims=True)
    gain = np.maximum(1 - 1.8 * quiet / np.maximum(smoothed, 1e-15), 0.05)
    _, clean = istft(spectrum * gain, SAMPLE_RATE_HZ, nperseg=512, noverlap=384)
    return _like(clean, sound)


def rephased(sound: Waveform) -> Waveform:
    """Smooth the magnitudes over 50 ms and find a phase for them (D. Griffin, J. Lim, IEEE ASSP 32 (2), 1984)."""
    _, _, spectrum = stft(sound, SAMPLE_RATE_HZ, nperseg=512, noverlap=384)
    magnitude = lfilter([0.4], [1, -0.6], np.abs(spectrum)[:, ::-1], axis=1)[:, ::-1]
    phase = np.exp(1j * np.angle(spectrum))
    made = np.zeros(sound.size)
    for _ in range(ITERATIONS):
        _, made = istft(magnitude * phase, SAMPLE_RATE_HZ, nperseg=512, noverlap=384)
        _, _, again = stft(made, SAMPLE_RATE_HZ, nperseg=512, noverlap=384)
        frames = min(again.shape[1], phase.shape[1])
        phase[:, :frames] = np.exp(1j * np.angle(again[:, :frames]))
    return _like(made, sound)


def _like(made: np.ndarray[tuple[int], np.dtype[np.float64]], sound: Waveform) -> Waveform:
    fitted = np.zeros(sound.size)
    fitted[: min(made.size, sound.size)] = made[: sound.size]
    return np.clip(fitted, -1, 1).astype(np.float32)
