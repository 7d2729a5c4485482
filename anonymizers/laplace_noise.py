# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Additive Laplace noise: the predecessor's ``dp_noise``, kept under its published name.

Every sample gets noise of scale 0.05 / 0.8 = 0.0625, and what leaves -1..1 is clipped. The predecessor called this
"epsilon 0.8", which would hold only for recordings that differ in a single sample by at most 0.05: no word, person or
event is that small. One sample can change by 2, so the bound that does hold is epsilon 2 / 0.0625 = 32 for one sample;
it adds up to 512,000 for one second at 16,000 Hz. We claim the first and say the second. A denoiser takes much of the
noise away, and floating-point noise has gaps of its own (S. Haney et al., "Precision-based attacks and interval
refining", arXiv 2207.13793).

Fresh noise averages out over repeats of one recording. With a secret, the noise hangs on it and on the clip, so the
same samples get the same noise; a copy that differs by a bit gets other noise, and many such copies average it out as
before. Who does not know the secret cannot tell such noise from chance; the bound holds against them.

The noise is drawn as diffprivlib's Laplace mechanism draws it, from four uniforms of the operating system's source a
sample, so that the floating-point grid of a single logarithm does not show (N. Holohan, S. Braghin, "Secure random
sampling in differential privacy", ESORICS 2021), but for all samples at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from anonymizers.base import Anonymized, Formal, Guarantee, RandomBytes, Waveform, os_random
from anonymizers.repeatable import chance

SENSITIVITY = 0.05
EPSILON = 0.8
_BLOCK = 1 << 14  # samples drawn at once: the uniforms and their logarithms stay in the cache


class LaplaceNoise:
    """Add Laplace noise to every sample and clip to -1..1.

    Parameters
    ----------
    scale
        Scale b of the noise in units of full scale, > 0; its standard deviation is sqrt(2) b.
    random_bytes
        Where the noise comes from.
    secret
        Where it is given, the noise comes from it and the clip, and is the same for the same clip.
    """

    keeps_time = True

    def __init__(
        self,
        name: str = "dp_noise",
        scale: float = SENSITIVITY / EPSILON,
        random_bytes: RandomBytes = os_random,
        secret: bytes | None = None,
    ) -> None:
        if not scale > 0:
            raise ValueError(f"the noise has a scale above 0, found {scale}")
        self.name = name
        deviation = f"{2**0.5 * scale:.1g} of full scale"
        self.hides = f"Quiet sound, by noise of the same level throughout (standard deviation {deviation})."
        self._scale = scale
        self._random_bytes, self._secret = random_bytes, secret
        self._purpose = f"laplace noise {scale!r}"
        self.guarantee: Guarantee = Formal(
            mechanism=f"Laplace noise of scale {scale:g} a sample, in floating point",
            unit="one sample at the rate given, changed by up to 2 (full scale)",
            epsilon=2.0 / scale,
            delta=0.0,
        )
        repeats = "repeated requests with one recording" if secret is None else "slightly changed copies of a recording"
        self.leaks = (
            f"No word, person or event is protected: epsilon is {2 / scale:g} for a single sample and "
            f"{2 / scale * 16_000:,.0f} for one second; louder speech stays intelligible, the speaker can be "
            f"recognised after denoising, and {repeats} average the noise out."
        )

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Add the noise."""
        del sample_rate_hz
        draw = chance(self._random_bytes, self._secret, waveform, self._purpose)
        noisy = np.empty_like(waveform)
        for first in range(0, waveform.size, _BLOCK):
            piece = waveform[first : first + _BLOCK]
            noise = self._scale * standard_laplace(piece.size, draw)
            np.clip(piece + noise, -1.0, 1.0, out=noisy[first : first + _BLOCK], casting="same_kind")
        return Anonymized(noisy)


def standard_laplace(count: int, random_bytes: RandomBytes) -> NDArray[np.float64]:
    """Draw `count` values of the Laplace distribution with scale 1: float64, shape (count,).

    Each is -(ln(1 - u1) cos(pi u2) + ln(1 - u3) cos(pi u4)) with four uniforms of 53 bits, as in diffprivlib 0.6.6.
    """
    u1, u2, u3, u4 = uniforms(4 * count, random_bytes).reshape(4, count)
    drawn: NDArray[np.float64] = np.log1p(-u1) * np.cos(np.pi * u2) + np.log1p(-u3) * np.cos(np.pi * u4)
    return np.negative(drawn, out=drawn)


def uniforms(count: int, random_bytes: RandomBytes) -> NDArray[np.float64]:
    """Draw `count` uniforms on the multiples of 2^-53 in [0, 1): float64, shape (count,)."""
    words = np.frombuffer(random_bytes(8 * count), np.uint64) >> np.uint64(11)
    return words.astype(np.float64) * 2.0**-53
