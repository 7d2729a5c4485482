# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which of twenty sentences was spoken: compare with recordings of all of them by other voices.

Subsequence dynamic time warping (M. Müller, "Fundamentals of Music Processing", 2015, section 7.2) of the whole sound,
of pieces of it in any order, of pieces played backwards, and of frames in any order: the last three for methods that
cut and mix. Each frame of the sound goes on in the recording by 0, 1 or 2 frames. Every way of comparing is an attacker
of its own, and one more adds up all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]
Costs = NDArray[np.float32]
FAR = np.float32(1e3)


class Way(NamedTuple):
    """A way to compare: pieces of so many frames (None: the whole), forwards or backwards."""

    frames: int | None
    backwards: bool = False


WAYS = {
    "whole": Way(None),
    "pieces of 0.5 s": Way(20),
    "pieces of 0.2 s": Way(8),
    "backwards, 0.2 s": Way(8, backwards=True),
}
BAG = "frames in any order"
ALL = "all together"
NAMES = (*WAYS, BAG, ALL)


class Templates(NamedTuple):
    """Recordings of what may have been said.

    Attributes
    ----------
    frames
        float32, shape (recordings, frames of the longest, d), zeros beyond the end.
    lengths
        int64, shape (recordings,).
    says
        int64, shape (recordings,), the sentence of each.
    """

    frames: Frames
    lengths: NDArray[np.int64]
    says: NDArray[np.int64]


def templates(recordings: Sequence[Frames], says: Sequence[int]) -> Templates:
    """Put recordings, shape (frames, d) each, side by side."""
    lengths = np.array([len(one) for one in recordings])
    frames = np.zeros((len(recordings), int(lengths.max()), recordings[0].shape[1]), np.float32)
    for row, one in zip(frames, recordings, strict=True):
        row[: len(one)] = one
    return Templates(frames, lengths, np.asarray(says))


def costs(heard: Frames, known: Templates) -> dict[str, Costs]:
    """Return for each way how badly each sentence fits, float32, shape (sentences,): its best recording's cost."""
    far = distances(heard, known)
    found = {name: best_by_sentence(warped(far, way), known.says) for name, way in WAYS.items()}
    found[BAG] = best_by_sentence(in_any_order(far, known.lengths), known.says)
    return found


def identify(found: Mapping[str, Costs]) -> dict[str, int]:
    """Return the sentence that each way takes it for, and all of them together."""
    total = np.sum([(one - one.mean()) / (one.std() + 1e-6) for one in found.values()], axis=0)
    return {name: int(np.argmin(one)) for name, one in {**found, ALL: total}.items()}


def distances(heard: Frames, known: Templates) -> Costs:
    """Return the distance of each frame heard to each known one: float32, shape (frames, recordings, their frames)."""
    flat = known.frames.reshape(-1, known.frames.shape[2])
    squares = (heard**2).sum(axis=1)[:, None] + (flat**2).sum(axis=1)[None, :] - 2 * heard @ flat.T
    far: Costs = np.sqrt(np.maximum(squares, 0)).reshape(len(heard), *known.frames.shape[:2]).astype(np.float32)
    far[:, np.arange(known.frames.shape[1])[None, :] >= known.lengths[:, None]] = FAR
    return far


def warped(far: Costs, way: Way) -> Costs:
    """Return the mean cost of the best paths of all pieces: float32, shape (recordings,)."""
    length = min(way.frames or len(far), len(far))
    pieces = len(far) // length
    steps = far[: pieces * length].reshape(pieces, length, *far.shape[1:])
    if way.backwards:
        steps = steps[:, ::-1]
    before = np.full((pieces, far.shape[1], far.shape[2] + 2), FAR * length, np.float32)
    best = before[:, :, 2:]
    best[:] = steps[:, 0]
    for step in range(1, length):
        least = np.minimum(np.minimum(best, before[:, :, 1:-1]), before[:, :, :-2])
        np.add(least, steps[:, step], out=best)
    mean: Costs = best.min(axis=2).mean(axis=0) / length
    return mean


def in_any_order(far: Costs, lengths: NDArray[np.int64]) -> Costs:
    """Return how far each frame is from its nearest on the other side, on average and both ways."""
    there = far.min(axis=2).mean(axis=0)
    nearest = far.min(axis=0)
    inside = np.arange(nearest.shape[1])[None, :] < lengths[:, None]
    back = np.where(inside, nearest, 0).sum(axis=1) / lengths
    both: Costs = (there + back).astype(np.float32)
    return both


def best_by_sentence(cost: Costs, says: NDArray[np.int64]) -> Costs:
    """Return the lowest cost among each sentence's recordings: float32, shape (sentences,)."""
    best = np.full(int(says.max()) + 1, np.inf, np.float32)
    np.minimum.at(best, says, cost)
    return best
