# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Loudness: the clip is brought to a loudness, as broadcasters measure it.

Integrated loudness after ITU-R BS.1770-4 (2015), mono: K-weighting, blocks of 400 ms every 100 ms, an absolute gate at
-70 LUFS and a relative one 10 LU below. The target of -23 LUFS is that of EBU R 128.

Differences: the recommendation gives its filters for 48 000 Hz; here they are made for 16 000 Hz from the analogue
filters that those stand for (B. De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 145,
2018), with a gain that differs by less than 0.07 dB up to 7 kHz. A clip shorter than a block is one block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

from analytic.audio.clip import to_samples, to_seconds
from analytic.audio.preprocessing.limits import check_range

BLOCK_S, STEP_S = 0.4, 0.1
GATE_LUFS, GATE_LU = -70.0, -10.0
_OFFSET = -0.691  # makes a sine of 997 Hz at full scale -3.01 LUFS


@dataclass(frozen=True, slots=True)
class Loudness:
    """Bring a clip to a loudness by one gain for all of it.

    The gain stops where the highest sample reaches full scale, so nothing is clipped. What is silent, or below the gate
    of -70 LUFS throughout, has no loudness and stays as it is.

    Attributes
    ----------
    target_lufs
        The loudness to reach, -60 to 0 LUFS.
    most_gain_db
        Raised or lowered by this at most, 0 to 60 dB.

    Raises
    ------
    ValueError
        A parameter is out of range; it is named.
    """

    name: ClassVar[str] = "loudness"
    description: ClassVar[str] = "Brings the clip to -23 LUFS (ITU-R BS.1770), as far as full scale allows."

    target_lufs: float = -23.0
    most_gain_db: float = 30.0

    def __post_init__(self) -> None:
        check_range("target of loudness", self.target_lufs, -60, 0, "LUFS")
        check_range("gain of loudness", self.most_gain_db, 0, 60, "dB")

    def __call__(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale: float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1, and the same comes out."""
        found_lufs = loudness_lufs(waveform)
        if math.isinf(found_lufs):
            return waveform.copy()
        gain_db = min(max(self.target_lufs - found_lufs, -self.most_gain_db), self.most_gain_db)
        gain = min(10 ** (gain_db / 20), 1 / max(float(waveform.max()), -float(waveform.min())))
        scaled: NDArray[np.float32] = np.clip(waveform * np.float32(gain), -1, 1)  # it may round to a hair above 1
        return scaled


def loudness_lufs(waveform: NDArray[np.float32]) -> float:
    """Return the integrated loudness of a waveform, shape (n,), n >= 1, in LUFS; -inf where no block passes."""
    squares = np.concatenate(([0.0], np.cumsum(np.square(sosfilt(_K_WEIGHTING, waveform.astype(np.float64))))))
    block = min(to_samples(BLOCK_S), waveform.size)
    starts = np.arange(0, waveform.size - block + 1, to_samples(STEP_S))
    power = np.maximum(squares[starts + block] - squares[starts], 0) / block
    power = power[power > _power(GATE_LUFS)]
    if not power.size:
        return -math.inf
    power = power[power > float(power.mean()) * 10 ** (GATE_LU / 10)]
    return _OFFSET + 10 * math.log10(float(power.mean()))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET) / 10))


def _k_weighting(sample_s: float) -> NDArray[np.float64]:
    """Return the two filters for samples so many seconds apart, shape (2, 6): a high shelf, then a high pass."""
    k, q = math.tan(math.pi * 1681.974450955533 * sample_s), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    norm = 1 + k / q + k * k
    shelf = [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]
    shelf_poles = [norm, 2 * (k * k - 1), 1 - k / q + k * k]
    k, q = math.tan(math.pi * 38.13547087602444 * sample_s), 0.5003270373238773
    low_poles = [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k]
    # At 48 000 Hz the recommendation's high pass has the numerator 1, -2, 1: 0.04 dB above 0 dB.
    low = [1.0049948987146884 * one for one in (1.0, -2.0, 1.0)]
    sections = np.array([[*shelf, *shelf_poles], [*low, *low_poles]])
    sections /= sections[:, 3:4]
    return sections


_K_WEIGHTING = _k_weighting(to_seconds(1))
