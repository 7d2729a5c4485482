# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Short-time spectra: sound in frames of 32 ms that overlap by half, and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from analytic.audio.clip import to_samples, to_seconds

FRAME = to_samples(0.032)
HOP = FRAME // 2
HOP_S = to_seconds(HOP)
BIN_HZ = 1 / to_seconds(FRAME)

Spectra = NDArray[np.complex64]
Powers = NDArray[np.float32]

# The square root of a raised cosine, used before and after: the squares of two that overlap by half add up to 1.
_WINDOW = np.sin(np.pi * (np.arange(FRAME) + 0.5) / FRAME).astype(np.float32)


def analyse(waveform: NDArray[np.float32]) -> Spectra:
    """Return the spectra of a waveform, shape (n,), n >= 1: complex64, shape (ceil(n / HOP) + 1, FRAME // 2 + 1).

    Before its begin and after its end the sound is mirrored: the first and the last frame are as loud as others.
    """
    blocks = np.pad(waveform, (HOP, HOP + -waveform.size % HOP), mode="symmetric").reshape(-1, HOP)
    spectra: Spectra = rfft(np.concatenate((blocks[:-1], blocks[1:]), axis=1) * _WINDOW)
    return spectra


def synthesise(spectra: Spectra, samples: int) -> NDArray[np.float32]:
    """Add up the frames that `analyse` cut: float32, shape (samples,); what was not changed comes back as it was."""
    frames = irfft(spectra, FRAME) * _WINDOW
    blocks = np.zeros((len(frames) + 1, HOP), np.float32)
    blocks[:-1] += frames[:, :HOP]
    blocks[1:] += frames[:, HOP:]
    return blocks.reshape(-1)[HOP : HOP + samples]


def powers(spectra: Spectra) -> Powers:
    """Return the squared magnitudes: float32, the shape of the spectra."""
    found: Powers = np.square(spectra.real) + np.square(spectra.imag)
    return found
