# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Spectral gate: what is no louder than a band's own background is turned down.

The idea of spectral subtraction (S. Boll, "Suppression of acoustic noise in speech using spectral subtraction", IEEE
Trans. ASSP 27, 1979) in the form of a gate with a smoothed mask, as T. Sainburg's noisereduce has it (T. Sainburg et
al., "Finding, visualizing, and quantifying latent structure across diverse animal vocal repertoires", PLoS Comput.
Biol. 16, 2020). There a band's threshold comes from the mean and the spread of its decibels; here from a low
percentile of its power, which a sound that fills part of the clip does not raise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.special import expit

from analytic.audio.preprocessing.limits import check_range, within_full_scale
from analytic.audio.preprocessing.pieces import in_pieces
from analytic.audio.preprocessing.short_time import (
    BIN_HZ,
    HOP_S,
    Powers,
    analyse,
    powers,
    synthesise,
)

_SLOPE_DB = 1.0  # how far beside the threshold the mask is at a quarter and at three quarters, about
_NOTHING = 1e-20  # keeps logarithms finite


@dataclass(frozen=True, slots=True)
class SpectralGate:
    """Turn down what does not stand out of the noise of its band.

    A sound that goes on as it is through most of the clip counts as noise: a fan, but also rain, and a steady siren.
    Where a clip holds digital silence for long enough, there is no noise, and all stays as it is.

    Attributes
    ----------
    percentile
        Which percentile over time of a band's power tells its noise, 1 to 50 %.
    threshold_db
        What stands less than this above the noise is turned down, 0 to 30 dB.
    reduction_db
        By how much at most, 0 to 60 dB.
    smoothing_hz, smoothing_s
        Over how wide a patch power and mask are averaged, 0 to 1000 Hz and 0 to 1 s; less than a step is none.

    Raises
    ------
    ValueError
        A parameter is out of range; it is named.
    """

    name: ClassVar[str] = "spectral_gate"
    description: ClassVar[str] = "Turns down what does not stand out of the steady noise of its frequency band."

    percentile: float = 20.0
    threshold_db: float = 5.0
    reduction_db: float = 18.0
    smoothing_hz: float = 100.0
    smoothing_s: float = 0.05

    def __post_init__(self) -> None:
        check_range("percentile of spectral_gate", self.percentile, 1, 50, "%")
        check_range("threshold of spectral_gate", self.threshold_db, 0, 30, "dB")
        check_range("reduction of spectral_gate", self.reduction_db, 0, 60, "dB")
        check_range("smoothing of spectral_gate in frequency", self.smoothing_hz, 0, 1000, "Hz")
        check_range("smoothing of spectral_gate in time", self.smoothing_s, 0, 1, "s")

    def __call__(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Gate: float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1, and the same comes out."""
        return within_full_scale(in_pieces(self._gated, waveform))

    def _gated(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        spectra = analyse(waveform)
        power = powers(spectra)
        patch = (_odd(self.smoothing_s / HOP_S), _odd(self.smoothing_hz / BIN_HZ))
        smooth = np.maximum(uniform_filter(power, patch, mode="nearest"), 0)  # its running sum rounds to below 0
        above_db = 10 * np.log10((smooth + _NOTHING) / (self._noise(power) + _NOTHING))
        mask = uniform_filter(expit((above_db - self.threshold_db) / _SLOPE_DB), patch, mode="nearest")
        least = 10 ** (-self.reduction_db / 20)
        return synthesise(spectra * (least + (1 - least) * mask), waveform.size)

    def _noise(self, power: Powers) -> Powers:
        """Return the noise's mean power in each band, float32, shape (bins,).

        The power of noise in one band is distributed exponentially, so its mean follows from any of its percentiles.
        """
        low = np.percentile(power, self.percentile, axis=0)
        found: Powers = (low / -math.log1p(-self.percentile / 100)).astype(np.float32)
        return found


def _odd(steps: float) -> int:
    """Return the greatest odd number that is not above `steps`, at least 1."""
    return max(1, (int(steps) - 1) // 2 * 2 + 1)
