# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Long sound in pieces of a minute: memory stays bounded, and noise is judged by its own minute."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import to_samples

PIECE_S = 60.0
FADE_S = 0.5
_PIECE, _FADE = to_samples(PIECE_S), to_samples(FADE_S)


def in_pieces(
    method: Callable[[NDArray[np.float32]], NDArray[np.float32]], waveform: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Run a method over equal pieces of at most a minute, which fade into each other; what is shorter is one piece.

    Parameters
    ----------
    method
        float32, shape (m,), m >= 1, in and out; it must not write into what it gets.
    waveform
        float32, shape (n,), n >= 1.

    Returns
    -------
    numpy.ndarray
        float32, shape (n,).
    """
    if waveform.size <= _PIECE:
        return method(waveform)
    count = -(-(waveform.size - _FADE) // (_PIECE - _FADE))
    step = -(-(waveform.size - _FADE) // count)
    rise = np.linspace(0, 1, _FADE, dtype=np.float32)
    whole = np.zeros_like(waveform)
    for start in range(0, waveform.size - _FADE, step):
        piece = method(waveform[start : start + step + _FADE])
        if start:
            piece[:_FADE] *= rise
        if start + piece.size < waveform.size:
            piece[-_FADE:] *= rise[::-1]
        whole[start : start + piece.size] += piece
    return whole
