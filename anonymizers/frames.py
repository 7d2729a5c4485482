# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Frames that overlap by half, and how they are put together again.

Frame k has its middle at sample k * hop, so the first and the last sample lie in two frames like all others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def raised_cosine(size: int) -> NDArray[np.float64]:
    """Return a window, float64, shape (size,), `size` even: two that overlap by half add up to 1.

    Its square root is the sine window, whose squares add up to 1.
    """
    window: NDArray[np.float64] = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size)
    return window


def cut(waveform: NDArray[np.floating], hop: int, *, mirrored: bool = False) -> NDArray[np.float64]:
    """Cut `waveform`, shape (n,), n >= 1, into frames of 2 * hop samples, one every `hop`.

    Parameters
    ----------
    waveform
        The sound.
    hop
        Samples from frame to frame, >= 1.
    mirrored
        What lies before the first and after the last sample: the sound mirrored, or silence.

    Returns
    -------
    NDArray
        float64, shape (ceil(n / hop) + 1, 2 * hop).
    """
    around = (hop, hop + -waveform.size % hop)
    sound = waveform.astype(np.float64)
    blocks = (np.pad(sound, around, mode="symmetric") if mirrored else np.pad(sound, around)).reshape(-1, hop)
    return np.concatenate((blocks[:-1], blocks[1:]), axis=1)


def join(frames: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """Add up frames as `cut` makes them to float64, shape (samples,)."""
    hop = frames.shape[1] // 2
    blocks = np.zeros((len(frames) + 1, hop))
    blocks[:-1] += frames[:, :hop]
    blocks[1:] += frames[:, hop:]
    return blocks.reshape(-1)[hop : hop + samples]
