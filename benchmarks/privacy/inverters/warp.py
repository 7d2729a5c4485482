# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Undo the McAdams shift: raise the angles of a sound's resonances to one over the power that moved them.

Frames of 20 ms, linear prediction of order 20, as in the VoicePrivacy baseline B2 (J. Patino et al., "Speaker
anonymisation using the McAdams coefficient", Interspeech 2021). The attacker tries powers and keeps what fits best.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.tagger import Waveform

POWERS = (0.5, 0.6, 0.7, 0.8, 0.9)
ORDER = 20
FRAME = 320
HOP = 160

Floats = NDArray[np.float64]


def warped(sound: Waveform, power: float) -> Waveform:
    """Return the sound with every resonance's angle phi moved to phi ** power, float32, as long as it was."""
    padded = np.pad(sound.astype(np.float64), (FRAME, 2 * FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP] * np.hanning(FRAME + 1)[:-1]
    predictor = predictors(frames)
    moved = np.stack([polynomial(one) for one in _move(roots(predictor), power)])
    made = np.zeros(padded.size)
    for index, (frame, before, after) in enumerate(zip(frames, predictor, moved, strict=True)):
        made[index * HOP : index * HOP + FRAME] += _refilter(frame, before, after)
    return np.clip(made[FRAME : FRAME + sound.size], -1, 1).astype(np.float32)


def predictors(frames: Floats) -> Floats:
    """Return whitening filters, shape (frames, ORDER + 1), by the autocorrelation method."""
    spectrum = np.fft.rfft(frames, 2 * FRAME, axis=1)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, : ORDER + 1]
    correlation[:, 0] = correlation[:, 0] * 1.0001 + 1e-9
    lags = np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))
    solved = np.linalg.solve(correlation[:, lags], correlation[:, 1:, None])[:, :, 0]
    return np.concatenate([np.ones((len(frames), 1)), -solved], axis=1)


def roots(polynomials: Floats) -> NDArray[np.complex128]:
    """Return the roots of monic polynomials, shape (p, ORDER), as eigenvalues of their companions."""
    companions = np.zeros((len(polynomials), ORDER, ORDER))
    companions[:, np.arange(1, ORDER), np.arange(ORDER - 1)] = 1
    companions[:, 0, :] = -polynomials[:, 1:]
    found: NDArray[np.complex128] = np.linalg.eigvals(companions).astype(np.complex128)
    return found


def _move(found: NDArray[np.complex128], power: float) -> NDArray[np.complex128]:
    angle, radius = np.angle(found), np.minimum(np.abs(found), 0.99)
    complex_ones = np.abs(found.imag) > 1e-9
    to = np.where(complex_ones, np.sign(angle) * np.minimum(np.abs(angle) ** power, np.pi), angle)
    moved: NDArray[np.complex128] = radius * np.exp(1j * to)
    return moved


def polynomial(found: NDArray[np.complex128]) -> Floats:
    """Return the monic polynomial with these roots, shape (ORDER + 1,)."""
    return np.real(np.poly(found))


def _refilter(frame: Floats, before: Floats, after: Floats) -> Floats:
    from scipy.signal import lfilter

    made: Floats = lfilter([1.0], after, lfilter(before, [1.0], frame))
    return made
