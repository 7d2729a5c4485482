# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Noise for the place of what was taken out: as loud as the quiet moments beside it, and of their colour.

It is made after unmasked sound only, which the listener gets anyway: nothing of it depends on what was taken out. In
each of 24 bands it has the power that a quarter of the frames beside stay below, so a bark next to a word does not
become a hiss in its place, and noise is never louder than what it stands for.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from anonymizers.base import RandomBytes, Waveform
from anonymizers.gate.features import HOP_SAMPLES, WINDOW_SAMPLES, power_spectra, windows
from anonymizers.gate.masking import Mask, runs

QUANTILE = 0.25
_ENOUGH_FRAMES = 8
_BANDS = 24
_BINS = WINDOW_SAMPLES // 2 + 1
_WHITE = 4 * 0.375 / WINDOW_SAMPLES / 0.25  # power at a bin of white noise with mean square 1

Floats = NDArray[np.float32]


def replaced(
    kept: Waveform, mask: Mask, beside_frames: int, fade: int, silence: float, random_bytes: RandomBytes
) -> Waveform:
    """Put noise in the place of the marked frames.

    Parameters
    ----------
    kept
        float32, shape (n,), n >= 1, mono, 16 000 Hz, within -1..1; 0 in the marked frames.
    mask
        bool, shape (frame_count(n),).
    beside_frames
        How far from a marked stretch the sound is looked at that the noise is made after.
    fade
        Samples over which sound and noise change over, all outside the marked frames.
    silence
        Root mean square of the noise where no sound is left to make it after.
    random_bytes
        What the noise's generator is seeded with. The noise keeps no secret: what it replaces is gone.

    Returns
    -------
    numpy.ndarray
        A new waveform, float32, shape (n,), within -1..1. What lies further than `fade` from the marked frames is as
        it was.
    """
    random = np.random.Generator(np.random.PCG64(int.from_bytes(random_bytes(16), "little")))
    usable, power = _beside(kept, mask)
    out = kept.copy()
    for first, stop in runs(mask):
        near = (usable >= first - beside_frames) & (usable < stop + beside_frames)
        chosen = power[near] if near.sum() >= _ENOUGH_FRAMES else power
        envelope = _envelope(chosen) if len(chosen) else np.full(_BINS, silence**2, np.float32)
        _replace(out, first * HOP_SAMPLES, min(stop * HOP_SAMPLES, out.size), envelope, fade, random)
    np.clip(out, -1.0, 1.0, out=out)
    return out


def _beside(kept: Waveform, mask: Mask) -> tuple[NDArray[np.int64], Floats]:
    """Return the frames that no marked sample has a part in, and their power in 24 bands."""
    is_whole = np.arange(mask.size) < kept.size // HOP_SAMPLES
    around = np.convolve(mask, np.ones(3), "same")[: mask.size] > 0.5
    usable = np.flatnonzero(is_whole & ~around)
    return usable, power_spectra(windows(kept)[usable]) @ _bands()


def _envelope(power: Floats) -> Floats:
    """Return the mean square a bin of the noise, from frames' power in bands: float32, shape (257,)."""
    quiet = np.quantile(power, QUANTILE, axis=0) / _WHITE
    level = np.interp(np.arange(_BINS), _centres(), np.log(quiet + 1e-20))
    envelope: Floats = np.exp(level).astype(np.float32)
    return envelope


def _replace(out: Waveform, first: int, stop: int, envelope: Floats, fade: int, random: np.random.Generator) -> None:
    """Write noise to out[first:stop], and let it fade into the `fade` samples before and after."""
    left, right = min(fade, first), min(fade, out.size - stop)
    noise = _coloured(stop - first + left + right, envelope, random)
    rising = np.sin(0.5 * np.pi * (np.arange(fade, dtype=np.float32) + 0.5) / fade) if fade else np.zeros(0, np.float32)
    gain = np.ones(noise.size, np.float32)
    gain[:left] = rising[fade - left :]
    gain[noise.size - right :] = rising[::-1][:right]
    kept = np.sqrt(np.maximum(0, 1 - np.square(gain)))
    kept[left : noise.size - right] = 0.0
    there = out[first - left : stop + right]
    there *= kept
    there += gain * noise


def _coloured(samples: int, envelope: Floats, random: np.random.Generator) -> Waveform:
    """Draw Gaussian noise of this envelope: float32, shape (samples,)."""
    points = next_fast_len(samples, real=True)
    spectrum = rfft(random.standard_normal(points, np.float32))
    spectrum *= np.sqrt(np.interp(np.linspace(0, _BINS - 1, spectrum.size), np.arange(_BINS), envelope)).astype(
        np.float32
    )
    noise: Waveform = irfft(spectrum, points)[:samples]
    return noise


@cache
def _edges() -> NDArray[np.int64]:
    """Return the bands' first bins, the last one's stop at the end: equal steps in mel, but a bin at least."""
    mel = np.linspace(0, np.log1p(8000 / 700), _BANDS + 1)
    edges = np.rint(700 * np.expm1(mel) / 8000 * _BINS).astype(np.int64)
    for index in range(1, _BANDS + 1):
        edges[index] = max(edges[index], edges[index - 1] + 1)
    return edges


@cache
def _centres() -> NDArray[np.float64]:
    edges = _edges()
    centres: NDArray[np.float64] = (edges[:-1] + edges[1:] - 1) / 2
    return centres


@cache
def _bands() -> Floats:
    """Return what takes bins to the mean of each band: float32, shape (257, 24)."""
    matrix = np.zeros((_BINS, _BANDS), np.float32)
    for band, (first, stop) in enumerate(zip(_edges()[:-1], _edges()[1:], strict=True)):
        matrix[first:stop, band] = 1 / (stop - first)
    return matrix
