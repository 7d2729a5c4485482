# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Wavelet shrinkage: small wavelet coefficients are noise and go; large ones are sound and stay, a little smaller.

Soft thresholds after D. Donoho and I. Johnstone ("Ideal spatial adaptation by wavelet shrinkage", Biometrika 81, 1994;
their `universal` threshold) or S. Chang, B. Yu and M. Vetterli ("Adaptive wavelet thresholding for image denoising and
compression", IEEE Trans. Image Process. 9, 2000: `bayes`). The noise of each level is the median of its magnitudes over
0.6745, the median magnitude of a normal distribution, so coloured noise is fitted too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analytic.audio.preprocessing.limits import check_range, within_full_scale
from analytic.audio.preprocessing.pieces import in_pieces

RULES = ("bayes", "universal")
_WAVELET = "db8"
_MEDIAN_OF_NORMAL = 0.6745

Coefficients = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Wavelet:
    """Shrink the wavelet coefficients (Daubechies, 8 vanishing moments) of each level towards 0.

    Made for clicks, knocks and speech in steady noise. A steady tone fills its level like noise does, and goes with it.

    Attributes
    ----------
    levels
        How many octaves are shrunk, from 8 kHz down, 1 to 10: 5 reach down to 250 Hz. What lies below stays.
    rule
        ``bayes``: the threshold that suits the level's share of noise; ``universal``: the noise's largest likely
        coefficient, which removes more of both.

    Raises
    ------
    ValueError
        A parameter is out of range; it is named.
    """

    name: ClassVar[str] = "wavelet"
    description: ClassVar[str] = "Shrinks small wavelet coefficients, which are mostly noise, to nothing."

    levels: int = 5
    rule: str = "bayes"

    def __post_init__(self) -> None:
        check_range("levels of wavelet", self.levels, 1, 10)
        if self.rule not in RULES:
            raise ValueError(f"rule of wavelet: {' or '.join(RULES)}, found {self.rule!r}")

    def __call__(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Shrink: float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1, and the same comes out.

        A clip too short for one level (fewer than 30 samples) comes back as it was.
        """
        return within_full_scale(in_pieces(self._shrunk, waveform))

    def _shrunk(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        import pywt  # type: ignore[import-untyped]

        levels = min(self.levels, pywt.dwt_max_level(waveform.size, _WAVELET))
        if levels == 0:
            return waveform.copy()
        lowest, *details = pywt.wavedec(waveform.copy(), _WAVELET, mode="symmetric", level=levels)
        shrunk = [soft(one, threshold(one, self.rule)) for one in details]
        whole: NDArray[np.float32] = pywt.waverec([lowest, *shrunk], _WAVELET, mode="symmetric")
        return whole[: waveform.size]


def threshold(coefficients: Coefficients, rule: str) -> float:
    """Return below which magnitude the coefficients of one level, shape (c,), c >= 1, are noise."""
    noise = float(np.median(np.abs(coefficients))) / _MEDIAN_OF_NORMAL
    if rule == "universal":
        return noise * float(np.sqrt(2 * np.log(coefficients.size)))
    sound = float(np.mean(np.square(coefficients))) - noise**2
    return noise**2 / float(np.sqrt(sound)) if sound > 0 else float(np.abs(coefficients).max())


def soft(coefficients: Coefficients, by: float) -> Coefficients:
    """Bring coefficients nearer to 0 by `by`, those within -by..by to 0."""
    return np.sign(coefficients) * np.maximum(np.abs(coefficients) - np.float32(by), 0)
