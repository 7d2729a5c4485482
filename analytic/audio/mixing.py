# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Whatever comes in -> what is listened to: float32, shape (n,), mono, 16 000 Hz, finite, within -1..1."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from analytic.audio.clip import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]


class Mixer:
    """Mixes to mono and resamples, block after block.

    Parameters
    ----------
    rate_hz
        The sample rate of what comes in.
    """

    def __init__(self, rate_hz: float) -> None:
        same = rate_hz == SAMPLE_RATE_HZ
        self._resampler = None if same else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")

    def push(self, block: NDArray[np.floating], last: bool = False) -> Samples:
        """Take a block, shape (n, channels); return what it completes, which may be nothing."""
        samples = mono(block)
        return samples if self._resampler is None else bounded(self._resampler.resample_chunk(samples, last=last))


def mono(block: NDArray[np.floating]) -> Samples:
    """Return the mean over the channels of a block, shape (n, channels)."""
    # In double precision: finite samples near the largest float32 must not overflow on the way.
    one = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float64)
    return bounded(one)


def bounded(samples: NDArray[np.floating]) -> Samples:
    """Return a copy within -1..1; what is no number becomes silence."""
    found: Samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0).clip(-1.0, 1.0).astype(np.float32)
    return found
