# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which PIN was spoken: four digits in a row, each like a recording of that digit by another voice.

One-pass dynamic time warping with a level for each digit (C. Myers, L. Rabiner, "A level building dynamic time warping
algorithm for connected word recognition", IEEE ASSP 29 (2), 1981). Silence fits before, between and after digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.privacy.attackers.words import FAR, Costs, Frames, Templates, distances

DIGITS_A_PIN = 4


def pin(heard: Frames, known: Templates) -> str:
    """Return the digits of the cheapest path through the sound."""
    far = distances(heard, known)
    ends = known.lengths - 1
    silence = np.quantile(far.min(axis=(1, 2)), 0.5).astype(np.float32)  # costs what an average frame costs
    count, longest = far.shape[1:]
    paths = np.full((DIGITS_A_PIN, count, longest + 2), FAR * len(far), np.float32)
    came = np.zeros((DIGITS_A_PIN, count, longest + 2), np.int64)
    between = np.full(DIGITS_A_PIN + 1, FAR * len(far), np.float32)
    between[0] = 0.0
    said = np.zeros(DIGITS_A_PIN + 1, np.int64)
    for frame in far:
        began, prefix = between.copy(), said.copy()
        _step(paths, came, frame)
        first = began[:-1, None] + frame[None, :, 0]
        better = first < paths[:, :, 2]
        paths[:, :, 2] = np.where(better, first, paths[:, :, 2])
        came[:, :, 2] = np.where(better, prefix[:-1, None], came[:, :, 2])
        between += silence
        finished = paths[:, np.arange(count), ends + 2]
        best = finished.argmin(axis=1)
        for level, which in enumerate(best):
            if finished[level, which] < between[level + 1]:
                between[level + 1] = finished[level, which]
                said[level + 1] = came[level, which, ends[which] + 2] * 10 + known.says[which]
    return f"{said[DIGITS_A_PIN]:04d}"


def _step(paths: Costs, came: NDArray[np.int64], frame: Costs) -> None:
    """Move every path on by 0, 1 or 2 frames of its recording."""
    steps = np.stack([paths[:, :, 2:], paths[:, :, 1:-1], paths[:, :, :-2]])
    taken = steps.argmin(axis=0)
    origins = np.stack([came[:, :, 2:], came[:, :, 1:-1], came[:, :, :-2]])
    came[:, :, 2:] = np.take_along_axis(origins, taken[None], 0)[0]
    paths[:, :, 2:] = np.take_along_axis(steps, taken[None], 0)[0] + frame
