# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What the small attackers look at: cepstra for words, statistics of the spectrum for voices.

MFCC after S. Davis and P. Mermelstein, IEEE ASSP 28 (4), 1980.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from model.tagger import SAMPLE_RATE_HZ, Waveform

WINDOW = 512
WORD_HOP = 400
VOICE_HOP = 160
CEPSTRA = 13
_FLOOR = 1e-6  # of the loudest frame's power: 60 dB below it nothing is looked at

Floats = NDArray[np.float64]
Frames = NDArray[np.float32]


def cepstra(sound: Waveform) -> Frames:
    """Return what a word looks like: float32, shape (frames, 26), a frame every 25 ms.

    Twelve cepstra and the loudness, standardised over the sound, with their slopes.
    """
    return cepstra_together([sound])[0]


def cepstra_together(sounds: Sequence[Waveform]) -> list[Frames]:
    """Return the same for several sounds of one voice, standardised over all of them."""
    found = [dct(log_mel_of(sound, 26, WORD_HOP), norm="ortho", axis=1)[:, :CEPSTRA] for sound in sounds]
    every = np.concatenate(found)
    centre, spread = every.mean(axis=0), every.std(axis=0) + 1e-3
    return [_with_slopes((one - centre) / spread) for one in found]


def _with_slopes(frames: Floats) -> Frames:
    slopes = np.gradient(frames, axis=0) if len(frames) > 1 else np.zeros_like(frames)
    both: Frames = np.concatenate([frames, 1.5 * slopes], axis=1).astype(np.float32)
    return both


def voice_statistics(sound: Waveform) -> Floats:
    """Return what a voice looks like: float64, shape (99,).

    Mean and deviation of 20 cepstra over the frames that are not silent, the deviation of their slopes, and the mean
    spectrum in 40 bands.
    """
    log_mel = log_mel_of(sound, 40, VOICE_HOP)
    loudness = log_mel.mean(axis=1)
    kept = log_mel[loudness >= np.quantile(loudness, 0.4)]
    found = dct(kept, norm="ortho", axis=1)[:, 1:21]
    slopes = np.gradient(found, axis=0)[:, :19] if len(found) > 1 else np.zeros((1, 19))
    spectrum = kept.mean(axis=0)
    return np.concatenate([found.mean(axis=0), found.std(axis=0), slopes.std(axis=0), spectrum - spectrum.mean()])


def log_mel_of(sound: Waveform, bands: int, hop: int) -> Floats:
    """Return log-mel energies, shape (frames, bands)."""
    powers = spectra(sound, WINDOW, hop)
    mel = powers @ mel_filters(bands, WINDOW).T
    return np.log(mel + max(float(mel.max(initial=0.0)) * _FLOOR, 1e-12))


def spectra(sound: Waveform, window: int, hop: int) -> Floats:
    """Return power spectra, shape (frames, window // 2 + 1); a sound shorter than a window is filled with zeros."""
    padded = np.pad(sound.astype(np.float32), (0, max(0, window - sound.size)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    powers: Floats = np.abs(np.fft.rfft(frames * np.hanning(window).astype(np.float32), axis=1)) ** 2
    return powers


@cache
def mel_filters(bands: int, window: int) -> Floats:
    """Return triangles on the mel scale from 60 Hz to 7 600 Hz, shape (bands, window // 2 + 1)."""
    edges = 700 * np.expm1(np.linspace(np.log1p(60 / 700), np.log1p(7600 / 700), bands + 2))
    hertz = np.fft.rfftfreq(window, 1 / SAMPLE_RATE_HZ)
    rising = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    filters: Floats = np.maximum(0, np.minimum(rising, falling))
    return filters
