# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The clip: the one form of sound inside the service, and the one place where seconds meet a sample rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytic.errors import InvalidStartTime

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A piece of sound.

    Attributes
    ----------
    waveform
        float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1.
    start_s
        Where in its recording it begins, in seconds.
    """

    waveform: NDArray[np.float32]
    start_s: float = 0.0

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return to_seconds(self.waveform.size)

    @property
    def peak_dbfs(self) -> float:
        """Highest absolute sample in dB relative to full scale; -inf for digital silence."""
        return peak_dbfs(self.waveform)

    def starting_at(self, start_s: float) -> Clip:
        """Return what comes from `start_s` on.

        Raises
        ------
        InvalidStartTime
            `start_s` is below 0, not finite, or not before the end.
        """
        if not (math.isfinite(start_s) and 0 <= start_s < self.duration_s):
            raise InvalidStartTime(f"{start_s:g}", self.duration_s)
        start = min(to_samples(start_s), self.waveform.size - 1)
        return Clip(self.waveform[start:], self.start_s + to_seconds(start)) if start else self


def to_samples(seconds: float) -> int:
    """Turn seconds into the nearest whole number of samples at 16 000 Hz."""
    return round(seconds * SAMPLE_RATE_HZ)


def to_seconds(samples: int) -> float:
    """Turn a number of samples at 16 000 Hz into seconds."""
    return samples / SAMPLE_RATE_HZ


def peak_dbfs(waveform: NDArray[np.float32]) -> float:
    """Return the highest absolute sample in dB relative to full scale; -inf for digital silence."""
    peak = max(float(waveform.max()), -float(waveform.min()))
    return 20 * math.log10(peak) if peak > 0 else -math.inf
