# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Where there is sound, and where there is none: a recording split at its silences.

What is silent hangs on the recording: louder than the quietest tenth of it by some decibels is sound, unless a level is
named.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analytic.events.level import BLOCK_S, FLOOR_DBFS, Track

ABOVE_BACKGROUND_DB = 6.0
BACKGROUND_PERCENTILE = 10.0
LEAST_SILENCE_S = 0.5


class Stretch(NamedTuple):
    """Sound from `onset_s` to `offset_s`, to the block of 50 ms; its mean power and its loudest block, dBFS."""

    onset_s: float
    offset_s: float
    rms_dbfs: float
    peak_dbfs: float


def silence_level_dbfs(levels: Track) -> float:
    """Return the level below which a recording is silent, given its levels, shape (b,), dBFS."""
    if not levels.size:
        return FLOOR_DBFS
    return min(float(np.percentile(levels, BACKGROUND_PERCENTILE)) + ABOVE_BACKGROUND_DB, 0.0)


def stretches(
    levels: Track,
    silence_dbfs: float | None = None,
    least_silence_s: float = LEAST_SILENCE_S,
    start_s: float = 0.0,
) -> list[Stretch]:
    """Split a recording at its silences.

    Parameters
    ----------
    levels
        Shape (b,), dBFS: RMS levels of neighbouring blocks of 50 ms.
    silence_dbfs
        What is below this is silent; None takes the recording's own, and where that makes all of it silent, all of it
        is sound: nothing stands out.
    least_silence_s
        What is shorter belongs to the sound around it, > 0.
    start_s
        The time of the first block.

    Returns
    -------
    list of Stretch
        In order of time; none where all is digital silence.
    """
    if not levels.size or levels.max() <= FLOOR_DBFS:
        return []
    least = silence_level_dbfs(levels) if silence_dbfs is None else silence_dbfs
    sounds = levels > max(least, FLOOR_DBFS)
    if silence_dbfs is None and not sounds.any():
        sounds[:] = True
    edges = np.flatnonzero(np.diff(sounds, prepend=False, append=False)).reshape(-1, 2)
    if not len(edges):
        return []
    apart = (edges[1:, 0] - edges[:-1, 1]) * BLOCK_S >= least_silence_s
    begins, ends = edges[np.append(True, apart), 0], edges[np.append(apart, True), 1]
    return [_stretch(levels, int(first), int(stop), start_s) for first, stop in zip(begins, ends, strict=True)]


def _stretch(levels: Track, first: int, stop: int, start_s: float) -> Stretch:
    inside = levels[first:stop]
    rms_dbfs = 10 * np.log10(np.mean(10 ** (inside / 10)))
    return Stretch(start_s + first * BLOCK_S, start_s + stop * BLOCK_S, float(rms_dbfs), float(inside.max()))
