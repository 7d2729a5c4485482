# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How loud sound is, block by block, and the signs that it is no true sound: clipping and samples that do not move.

Decibels are relative to full scale, and full scale is 1.0: a square wave of amplitude 1 is 0 dBFS, a sine -3.01 dBFS.
The level is the RMS about the block's mean, because a microphone's constant offset is no sound. Nothing is below
-120 dBFS; that is also the level of digital silence.

Each block is measured by itself, so what a stream carries from push to push is the samples of its unfinished block.
Above the blocks stand two readings of a track of levels: how loud it usually is (`Background`), and where it rises most
steeply (`attack_near`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BLOCK_SAMPLES = 800
BLOCK_S = 0.05
BLOCKS_A_SECOND = 20
FLOOR_DBFS = -120.0

FULL_SCALE = 0.999
PLATEAU_MINIMUM = 0.25
"""A flat top below this is quiet sound in few bits, not a converter at its limit."""

LEAST_RISE_DB = 6.0
QUIET_DBFS = -75.0
"""What happens below this is the noise of a microphone, or its being switched on; no attack."""

Track = NDArray[np.floating[Any]]
Samples = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """What was measured in b neighbouring blocks of 50 ms.

    Attributes
    ----------
    rms_dbfs
        float64, shape (b,), -120..0: RMS about the block's mean.
    peak_dbfs
        float64, shape (b,), -120..0: highest absolute sample.
    clipped
        int64, shape (b,), 0..800: samples in runs of three or more at 0.999 of full scale or more, or at a plateau:
        all equal to the block's highest or lowest sample, and that at 0.25 or more.
    constant
        int64, shape (b,), 0..800: samples in runs of three or more equal ones. A block that does not move
        has 800, and a level of -120 dBFS; a square wave has 800 too.
    """

    rms_dbfs: NDArray[np.float64]
    peak_dbfs: NDArray[np.float64]
    clipped: NDArray[np.int64]
    constant: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of blocks."""
        return self.rms_dbfs.size


def nothing() -> Samples:
    """Return what a stream carries before its first sample."""
    return np.empty(0, np.float32)


def push(remainder: Samples, waveform: Samples) -> tuple[Samples, Levels]:
    """Measure the blocks that a piece of a stream completes.

    However a stream is cut into pieces, the blocks are the same.

    Parameters
    ----------
    remainder
        What the last call returned; `nothing()` at the start.
    waveform
        float32, shape (n,), mono, 16 000 Hz, finite, within -1..1.

    Returns
    -------
    remainder
        float32, shape (r,), r < 800: the samples of the unfinished block. A copy, read-only.
    levels
        Those of the finished blocks.

    Raises
    ------
    ValueError
        The waveform is not one-dimensional, or not finite.
    """
    if waveform.ndim != 1:
        raise ValueError(f"a waveform has shape (n,); found {waveform.shape}")
    samples = np.concatenate((remainder, waveform)) if remainder.size else waveform
    left = samples[samples.size - samples.size % BLOCK_SAMPLES :].astype(np.float32)
    if not np.isfinite(left).all():
        raise ValueError("a waveform is finite")
    left.setflags(write=False)
    return left, measure(samples)


def measure(waveform: Samples) -> Levels:
    """Measure the whole blocks of a waveform; up to 799 samples at its end are left out.

    Parameters
    ----------
    waveform
        float32, shape (n,), mono, 16 000 Hz, finite, within -1..1.

    Raises
    ------
    ValueError
        The waveform is not finite.
    """
    count = waveform.size // BLOCK_SAMPLES
    blocks = np.ascontiguousarray(waveform[: count * BLOCK_SAMPLES], np.float32).reshape(count, BLOCK_SAMPLES)
    # A minute at a time: what is computed on the way takes several times the memory of the sound.
    minutes = [_measured(blocks[at : at + 1200]) for at in range(0, max(1, count), 1200)]
    tracks = ([getattr(minute, track.name) for minute in minutes] for track in fields(Levels))
    return Levels(*map(np.concatenate, tracks)) if len(minutes) > 1 else minutes[0]


def _measured(blocks: Samples) -> Levels:
    highest, lowest = blocks.max(axis=1), blocks.min(axis=1)
    peak = np.maximum(highest, -lowest)
    if not np.isfinite(peak).all():
        raise ValueError("a waveform is finite")
    exact = blocks.astype(np.float64)
    about_mean = exact - exact.mean(axis=1, keepdims=True)
    clipped = np.zeros(len(blocks), np.int64)
    loud = np.flatnonzero(peak >= PLATEAU_MINIMUM)
    clipped[loud] = _clipped(blocks[loud], highest[loud], lowest[loud])
    same = blocks[:, 1:] == blocks[:, :-1]
    return Levels(
        rms_dbfs=to_dbfs(np.sqrt(np.square(about_mean).mean(axis=1))),
        peak_dbfs=to_dbfs(peak),
        clipped=clipped,
        constant=_in_runs(same[:, :-1] & same[:, 1:]),
    )


def to_dbfs(amplitude: ArrayLike) -> NDArray[np.float64]:
    """Turn amplitudes, 0..1, into dB relative to full scale, float64, never below -120."""
    lowest = 10 ** (FLOOR_DBFS / 20)
    return 20 * np.log10(np.maximum(np.asarray(amplitude, np.float64), lowest))


@dataclass(frozen=True, slots=True)
class Background:
    """How loud it usually is: a running low percentile of the levels, with what it takes to go on.

    Every whole second gives one value, the lower median of its 20 blocks, so that a short sound leaves no trace; the
    background is a percentile of the last such values. With the 30th of 40 s it follows a lasting rise (a fan switched
    on) once 29 s are loud, and a fall once 12 s are quiet.

    Attributes
    ----------
    second, history
        Levels of the unfinished second, and a value for each whole second looked back on, dBFS.
    dbfs
        The background, None until there is enough history.
    """

    second: tuple[float, ...] = ()
    history: tuple[float, ...] = ()
    dbfs: float | None = None

    def heard(self, level_dbfs: float, window_s: int, percentile: float, warmup_s: int) -> Background:
        """Return the background after one more block, looking back on `window_s`, once there are `warmup_s`."""
        second = (*self.second, level_dbfs)
        if len(second) < BLOCKS_A_SECOND:
            return Background(second, self.history, self.dbfs)
        history = (*self.history, sorted(second)[(BLOCKS_A_SECOND - 1) // 2])[-window_s:]
        rank = int(percentile / 100 * (len(history) - 1))
        return Background((), history, sorted(history)[rank] if len(history) >= warmup_s else None)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Background:
        """Return the background that was stored as a dictionary of JSON values."""
        return cls(tuple(stored["second"]), tuple(stored["history"]), stored["dbfs"])


def attack_near(levels: Track, start_s: float, stop_s: float, track_start_s: float = 0.0) -> float | None:
    """Find where the level rises most steeply within a span.

    The rise is measured over two blocks, because sound seldom begins at a block's border; the power of the block
    between tells where in it the sound began.

    Parameters
    ----------
    levels
        Shape (b,), dBFS: RMS levels of neighbouring blocks of 50 ms.
    start_s, stop_s
        The span; only blocks that touch it count.
    track_start_s
        The time of the first block.

    Returns
    -------
    float or None
        Seconds, within the span; None where nothing rises by at least 6 dB within 0.1 s.
    """
    first = max(0, math.floor((start_s - track_start_s) / BLOCK_S + 1e-6))
    stop = max(first, math.ceil((stop_s - track_start_s) / BLOCK_S - 1e-6))
    piece = np.maximum(levels[first:stop].astype(np.float64), QUIET_DBFS)
    if piece.size < 2:
        return None
    before, after = np.concatenate((piece[:1], piece[:-1])), np.concatenate((piece[1:], piece[-1:]))
    steepest = int(np.argmax(after - before))
    if after[steepest] - before[steepest] < LEAST_RISE_DB:
        return None
    low, between, high = (10 ** (track[steepest] / 10) for track in (before, piece, after))
    filled = float(np.clip((between - low) / (high - low), 0, 1))
    return min(stop_s, max(start_s, track_start_s + (first + steepest + 1 - filled) * BLOCK_S))


def _clipped(blocks: Samples, highest: Samples, lowest: Samples) -> NDArray[np.int64]:
    """Count the clipped samples of each block, given its highest and lowest sample."""
    begins = np.zeros_like(blocks[:, 2:], np.bool_)
    for side, extreme in ((blocks, highest), (-blocks, -lowest)):
        is_plateau = (highest > lowest) & (extreme >= PLATEAU_MINIMUM)
        limit = np.where(is_plateau, np.minimum(extreme, FULL_SCALE), FULL_SCALE).astype(np.float32)
        at_limit = side >= limit[:, np.newaxis]
        begins |= at_limit[:, :-2] & at_limit[:, 1:-1] & at_limit[:, 2:]
    return _in_runs(begins)


def _in_runs(begins: Mask) -> NDArray[np.int64]:
    """Count the samples of each row that belong to a run of three, given where such runs begin."""
    count, width = begins.shape
    covered = np.zeros((count, width + 2), np.bool_)
    for shift in range(3):
        covered[:, shift : shift + width] |= begins
    counts: NDArray[np.int64] = covered.sum(axis=1, dtype=np.int64)
    return counts
