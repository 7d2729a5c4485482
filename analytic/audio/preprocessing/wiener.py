# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Wiener filter: each band is weighted by how much of it is sound rather than noise, judged anew in every frame.

The a-priori signal-to-noise ratio follows the decision-directed rule of Y. Ephraim and D. Malah ("Speech enhancement
using a minimum mean-square error short-time spectral amplitude estimator", IEEE Trans. ASSP 32, 1984), with the gain
of P. Scalart and J. Vieira Filho ("Speech enhancement based on a priori signal to noise estimation", ICASSP 1996). The
noise is tracked by minimum statistics (R. Martin, IEEE Trans. Speech Audio Process. 9, 2001), simplified: the smoothing
is the same everywhere, the window looks as far ahead as back, and the bias of the minimum is one number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from analytic.audio.preprocessing.limits import check_range, within_full_scale
from analytic.audio.preprocessing.pieces import in_pieces
from analytic.audio.preprocessing.short_time import (
    HOP_S,
    Powers,
    analyse,
    powers,
    synthesise,
)

_SMOOTHED_FRAMES = 9  # 0.14 s: a band's power is averaged over these before its minimum is taken
_BIAS = 2.45  # the mean of white noise over the mean of its smoothed minimum over 1.5 s; a test holds it
_MOST_OVER_NOISE = 1e6  # 60 dB: beyond, the gain is 1 anyway
_NOTHING = 1e-20  # keeps quotients finite


@dataclass(frozen=True, slots=True)
class Wiener:
    """Weight each band of each frame by its share of sound.

    A sound that goes on as it is for longer than `memory_s` counts as noise: a fan, but also rain, and a steady siren.
    Beside digital silence there is no noise.

    Attributes
    ----------
    memory_s
        The noise of a band is the least that was found within this time around, 0.2 to 10 s.
    persistence
        Weight of the frame before in the decision-directed rule, 0 to 0.999, without unit: the higher, the less
        flickers and the more of an onset is lost.
    reduction_db
        Noise is turned down by this at most, 0 to 60 dB.

    Raises
    ------
    ValueError
        A parameter is out of range; it is named.
    """

    name: ClassVar[str] = "wiener"
    description: ClassVar[str] = "Weights frequency bands by their share of sound over noise that it tracks."

    memory_s: float = 1.5
    persistence: float = 0.96
    reduction_db: float = 15.0

    def __post_init__(self) -> None:
        check_range("memory of wiener", self.memory_s, 0.2, 10, "s")
        check_range("persistence of wiener", self.persistence, 0, 0.999)
        check_range("reduction of wiener", self.reduction_db, 0, 60, "dB")

    def __call__(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Filter: float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1, and the same comes out."""
        return within_full_scale(in_pieces(self._filtered, waveform))

    def _filtered(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        spectra = analyse(waveform)
        power = powers(spectra)
        over_noise = np.minimum(power / (tracked_noise(power, self.memory_s) + _NOTHING), _MOST_OVER_NOISE)
        return synthesise(spectra * self._gains(over_noise), waveform.size)

    def _gains(self, over_noise: Powers) -> Powers:
        """Return the gain of each band in each frame, float32, within least..1, from the power over the noise's."""
        least = np.float32(10 ** (-self.reduction_db / 20))
        kept, new = np.float32(self.persistence), np.float32(1 - self.persistence)
        excess = np.maximum(over_noise - 1, 0) * new
        gains = np.empty_like(over_noise)
        before = np.maximum(over_noise[0] - 1, 0)
        for frame in range(len(over_noise)):
            ratio = kept * before + excess[frame]
            gain = np.maximum(ratio / (1 + ratio), least)
            gains[frame] = gain
            before = gain * gain * over_noise[frame]
        return gains


def tracked_noise(power: Powers, memory_s: float) -> Powers:
    """Return the noise's power in each band and frame, float32, the shape of `power`.

    Parameters
    ----------
    power
        Squared magnitudes, float32, shape (frames, bins).
    memory_s
        How long the window is in which the minimum is looked for, in seconds, > 0.
    """
    smooth = uniform_filter1d(power, _SMOOTHED_FRAMES, axis=0, mode="nearest")
    noise: Powers = minimum_filter1d(smooth, max(1, round(memory_s / HOP_S)), axis=0, mode="nearest")
    return np.maximum(noise, 0) * np.float32(_BIAS)  # the average is a running sum, which rounds to below 0
