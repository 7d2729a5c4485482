# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How loud a sound is, and where it is audible. Levels are root mean squares in dB re full scale (all ones are 0).

Frames are 10 ms without overlap; a frame is *active* when it lies within `ACTIVE_DB` of the loudest one. So an onset
is the begin of the first frame within 20 dB of the clip's maximum, known to 10 ms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.tagger import SAMPLE_RATE_HZ, Waveform

FRAME_SAMPLES = SAMPLE_RATE_HZ // 100
ACTIVE_DB = 20.0
_SILENCE = 1e-12  # mean square, -120 dBFS


def count(seconds: float) -> int:
    """Return how many samples last so long."""
    return round(seconds * SAMPLE_RATE_HZ)


def seconds(samples: int) -> float:
    """Return how long so many samples last."""
    return samples / SAMPLE_RATE_HZ


def gain(decibels: float) -> np.float32:
    """Return the factor of the amplitude."""
    return np.float32(10 ** (decibels / 20))


def level_dbfs(waveform: Waveform) -> float:
    """Return the level of a whole waveform, -120 where it is silent."""
    return _decibels(float(np.vdot(waveform, waveform)) / max(waveform.size, 1))


def active_frames(waveform: Waveform) -> NDArray[np.bool_]:
    """Say for each frame, shape (ceil(n / 160),), whether it is active; in silence none is."""
    powers = _frame_powers(waveform)
    loudest = float(powers.max(initial=0.0))
    active: NDArray[np.bool_] = (powers >= loudest * 10 ** (-ACTIVE_DB / 10)) & (powers > _SILENCE)
    return active


def audible_span(waveform: Waveform) -> tuple[int, int]:
    """Return the samples from the first active frame up to the end of the last; (0, 0) in silence."""
    active = np.flatnonzero(active_frames(waveform))
    if active.size == 0:
        return 0, 0
    return int(active[0]) * FRAME_SAMPLES, min((int(active[-1]) + 1) * FRAME_SAMPLES, waveform.size)


def active_level_dbfs(waveform: Waveform) -> float:
    """Return the level over the active frames alone, -120 where there is none."""
    active = active_frames(waveform)
    return _decibels(float(_frame_powers(waveform)[active].mean())) if active.any() else _decibels(0.0)


def snr_db(event: Waveform, rest: Waveform) -> float:
    """Return an event's signal-to-noise ratio.

    The mean power of the event over its active frames, over the mean power in the same frames of all else that sounds
    there: background and distractors alike.

    Parameters
    ----------
    event, rest
        float32, shape (n,) each, 16 000 Hz: the event alone, and the mixture without it.
    """
    active = active_frames(event)
    if not active.any():
        return -np.inf
    powers = (float(_frame_powers(one)[active].mean()) for one in (event, rest))
    over, under = (max(power, _SILENCE) for power in powers)
    return float(10 * np.log10(over / under))


def _frame_powers(waveform: Waveform) -> NDArray[np.float32]:
    """Return the mean square of each frame; the last one may be shorter and is taken as if silence followed."""
    whole = waveform.size // FRAME_SAMPLES
    frames = waveform[: whole * FRAME_SAMPLES].reshape(whole, FRAME_SAMPLES)
    powers: NDArray[np.float32] = np.einsum("fs,fs->f", frames, frames) / np.float32(FRAME_SAMPLES)
    rest = waveform[whole * FRAME_SAMPLES :]
    return np.append(powers, np.vdot(rest, rest) / FRAME_SAMPLES).astype(np.float32) if rest.size else powers


def _decibels(power: float) -> float:
    return float(10 * np.log10(max(power, _SILENCE)))
