# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Joining sounds without audible seams: fades, and backgrounds looped to any length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.levels import count, level_dbfs
from model.tagger import SAMPLE_RATE_HZ, Waveform

CROSS_FADE_S = 0.5
_STEADY_DB = 15.0  # between the 10th and the 95th percentile of a background's level
_STEP_SAMPLES = SAMPLE_RATE_HZ // 4


def faded(waveform: Waveform, in_s: float = 0.005, out_s: float = 0.02) -> Waveform:
    """Return a copy whose begin and end are ramped, so that a cut does not click."""
    out = waveform.copy()
    rise, fall = (min(count(length), waveform.size // 2) for length in (in_s, out_s))
    if rise:
        out[:rise] *= np.linspace(0, 1, rise, endpoint=False, dtype=np.float32)
    if fall:
        out[-fall:] *= np.linspace(1, 0, fall, dtype=np.float32)
    return out


def is_steady(waveform: Waveform) -> bool:
    """Say whether a sound keeps its level from quarter second to quarter second, well enough to be a background."""
    whole = waveform.size // _STEP_SAMPLES
    if whole < 4:
        return False
    levels = [level_dbfs(step) for step in waveform[: whole * _STEP_SAMPLES].reshape(whole, _STEP_SAMPLES)]
    low, high = np.percentile(levels, [10, 95])
    return bool(high - low < _STEADY_DB)


def looped(random: np.random.Generator, pieces: Sequence[Waveform], samples: int) -> Waveform:
    """Make a background of one kind of sound, float32, shape (samples,), of level 0 dBFS; its end runs into its begin.

    Pieces are drawn again and again, each brought to the same level and begun at a random place in its first half,
    and joined with cross-fades of equal power of 0.5 s (shorter for pieces under 2 s).

    Parameters
    ----------
    random
        Draws pieces and offsets.
    pieces
        At least one, none of them silent.
    samples
        Length.
    """
    level = [piece / np.float32(max(np.sqrt(np.mean(np.square(piece))), 1e-6)) for piece in pieces]
    fade = _equal_power(min(count(CROSS_FADE_S), min(piece.size for piece in pieces) // 4, samples // 2))
    out = np.zeros(samples + fade.size, np.float32)
    start = 0
    while start < samples:
        piece = level[random.integers(len(level))]
        piece = piece[random.integers(piece.size // 2 + 1) :].copy()
        piece[: fade.size] *= fade
        piece[piece.size - fade.size :] *= fade[::-1]
        taken = min(piece.size, out.size - start)
        out[start : start + taken] += piece[:taken]
        start += piece.size - fade.size
    if start > samples:  # the last piece was cut: fade it where the begin comes in again
        out[samples:] *= fade[::-1]
    out[: fade.size] += out[samples:]
    return out[:samples] / np.float32(max(np.sqrt(np.mean(np.square(out[:samples]))), 1e-6))


def joined(pieces: Sequence[Waveform], fade_s: float) -> Waveform:
    """Join pieces one after another with linear cross-fades of at most `fade_s`."""
    out = pieces[0]
    for piece in pieces[1:]:
        fade = min(count(fade_s), out.size // 2, piece.size // 2)
        ramp = np.linspace(0, 1, fade, dtype=np.float32)
        crossing = out[out.size - fade :] * (1 - ramp) + piece[:fade] * ramp
        out = np.concatenate([out[: out.size - fade], crossing, piece[fade:]])
    return out


def _equal_power(samples: int) -> NDArray[np.float32]:
    """Return a rise whose square and the square of its mirror image add up to one."""
    places = (np.arange(samples) + 0.5) / max(samples, 1)
    rise: NDArray[np.float32] = np.sin(0.5 * np.pi * places).astype(np.float32)
    return rise
