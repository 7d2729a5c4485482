# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""From the probability of speech by frame to the frames that are taken out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, uniform_filter1d

from anonymizers.gate.features import HOP_SAMPLES, frame_count

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def by_frame(scores: Floats, samples: int) -> Floats:
    """Spread scores of equal windows over the frames of the sound that they tile.

    Parameters
    ----------
    scores
        float32, shape (w,), w >= 1, within 0..1: window i is the samples i n / w up to (i + 1) n / w.
    samples
        n, the length of the sound.

    Returns
    -------
    numpy.ndarray
        float32, shape (frame_count(n),): for each frame the score of the window in which its middle lies.

    Raises
    ------
    ValueError
        The scores have another form, or one is outside 0..1.
    """
    if scores.ndim != 1 or not scores.size:
        raise ValueError(f"scores of windows have shape (w,), w >= 1, found {scores.shape}")
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("scores of windows lie within 0..1, found one that does not")
    middle = np.minimum(np.arange(frame_count(samples)) * HOP_SAMPLES + HOP_SAMPLES // 2, samples - 1)
    spread: Floats = scores[middle * scores.size // samples].astype(np.float32)
    return spread


def smoothed(probability: Floats, frames: int) -> Floats:
    """Average over `frames` neighbouring frames, but never below what a frame has itself.

    A gap within a word is filled, and a frame that is surely speech stays so.
    """
    if frames <= 1:
        return probability
    mean = uniform_filter1d(probability, frames, mode="nearest")
    kept: Floats = np.maximum(probability, mean)
    return kept


def spoken(probability: Floats, threshold: float, low: float) -> Mask:
    """Return the stretches at or above `low` that reach `threshold` somewhere: shape (frames,)."""
    numbered, count = label(probability >= low)
    reached = np.zeros(count + 1, bool)
    reached[numbered[probability >= threshold]] = True
    reached[0] = False
    found: Mask = reached[numbered]
    return found


def widened(mask: Mask, before: int, after: int) -> Mask:
    """Add `before` frames before each marked stretch, and `after` frames after it."""
    total = np.concatenate([[0], np.cumsum(mask)])
    frame = np.arange(mask.size)
    first = np.maximum(frame - after, 0)
    stop = np.minimum(frame + before + 1, mask.size)
    found: Mask = total[stop] > total[first]
    return found


def runs(mask: Mask) -> list[tuple[int, int]]:
    """Return first and stop of each marked stretch, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return [(int(first), int(stop)) for first, stop in edges.reshape(-1, 2)]
