# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Waveform -> log-mel, freed of its level: what the speech detector sees.

One frame every 16 ms, a Hann window of 32 ms around it, power in 48 mel bands from 60 to 7800 Hz (triangles in
mel = 1127 ln(1 + f / 700)), its logarithm above a floor of -100 dBFS, less the mean of all bands over the second before
and the second after, halved. So the same words at -45 and at -15 dBFS look the same, apart from the floor.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from anonymizers.base import Waveform

SAMPLE_RATE_HZ = 16_000
HOP_SAMPLES = 256
WINDOW_SAMPLES = 512
BANDS = 48

_LOWEST_HZ, _HIGHEST_HZ = 60.0, 7800.0
_FLOOR = 1e-10  # power of -100 dB below a sine of full scale
_LEVEL_FRAMES = 63  # the second before and after
_SCALE = 0.5
_FRAMES_AT_ONCE = 128  # their spectra stay in a core's second cache

Floats = NDArray[np.float32]


def frame_count(samples: int) -> int:
    """Return how many frames tile `samples` samples."""
    return -(-samples // HOP_SAMPLES)


def windows(waveform: Waveform) -> Floats:
    """Return the 512 samples around each frame, silence beyond both ends: float32, shape (frames, 512), a view."""
    frames = frame_count(waveform.size)
    beside = (WINDOW_SAMPLES - HOP_SAMPLES) // 2
    padded = np.zeros(frames * HOP_SAMPLES + 2 * beside, np.float32)
    padded[beside : beside + waveform.size] = waveform
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]


def power_spectra(framed: Floats) -> Floats:
    """Return the power of frames at each bin: float32, shape (frames, 257); of a sine of full scale it is 1."""
    spectrum = rfft(framed * _hann(), axis=1)
    power: Floats = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


def features(waveform: Waveform) -> Floats:
    """Compute what the detector sees.

    Parameters
    ----------
    waveform
        float32, shape (n,), n >= 1, mono, 16 000 Hz, within -1..1.

    Returns
    -------
    numpy.ndarray
        float32, shape (frame_count(n), 48), about -5..5.
    """
    framed = windows(waveform)
    mel = np.empty((len(framed), BANDS), np.float32)
    for first in range(0, len(framed), _FRAMES_AT_ONCE):
        part = slice(first, first + _FRAMES_AT_ONCE)
        np.matmul(power_spectra(framed[part]), _mel_matrix(), out=mel[part])
    np.log(mel + np.float32(_FLOOR), out=mel)
    mel -= _level(mel)[:, None]
    mel *= _SCALE
    return mel


def _level(mel: Floats) -> Floats:
    """Return the mean of all bands over the second around each frame, over what there is of it: shape (frames,)."""
    total = np.concatenate([[0.0], np.cumsum(mel.mean(axis=1, dtype=np.float64))])
    frame = np.arange(len(mel))
    first = np.maximum(frame - _LEVEL_FRAMES, 0)
    stop = np.minimum(frame + _LEVEL_FRAMES + 1, len(mel))
    level: Floats = ((total[stop] - total[first]) / (stop - first)).astype(np.float32)
    return level


@cache
def _hann() -> Floats:
    window = np.hanning(WINDOW_SAMPLES + 1)[:-1]
    scaled: Floats = (2 * window / window.sum()).astype(np.float32)
    return scaled


@cache
def _mel_matrix() -> Floats:
    def mel(hz: NDArray[np.floating] | float) -> NDArray[np.float64]:
        found: NDArray[np.float64] = 1127.0 * np.log1p(np.asarray(hz) / 700.0)
        return found

    edges = np.linspace(mel(_LOWEST_HZ), mel(_HIGHEST_HZ), BANDS + 2)
    bins = mel(np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE_HZ))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles: Floats = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    return triangles
