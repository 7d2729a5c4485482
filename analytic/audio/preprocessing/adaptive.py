# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Adaptive line enhancer, used to cancel hum: what can be foretold from a quarter of a second before is taken away.

A filter learns to predict the sound from its own past (B. Widrow et al., "Adaptive noise cancelling: principles and
applications", Proc. IEEE 63, 1975, section "Cancelling periodic interference without an external reference source").
Only what goes on unchanged can be predicted over the delay: hum, not speech or a knock. The filter adapts block by
block in the frequency domain (J. Shynk, "Frequency-domain and multirate adaptive filtering", IEEE Signal Process. Mag.
9, 1992: overlap-save, constrained gradient, a step of its own for each bin).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from analytic.audio.clip import to_samples, to_seconds
from analytic.audio.preprocessing.limits import check_range, within_full_scale
from analytic.audio.preprocessing.pieces import in_pieces

LEARNING_S = 3.0  # how much of the begin is heard twice
_BLOCK = to_samples(0.064)
_BIN_HZ = 1 / to_seconds(2 * _BLOCK)
_FORGETTING = 0.9  # of a bin's power from block to block
_LEAST_POWER = 1e-9 * _BLOCK  # of a bin: a reference at -90 dBFS and below is not worth adapting to


@dataclass(frozen=True, slots=True)
class Adaptive:
    """Cancel hum and other steady tones below a frequency.

    What changes within the delay stays. A clip shorter than half a second is too short to learn its hum.

    Attributes
    ----------
    delay_s
        How far back the past lies that the sound is predicted from, 0.01 to 1 s: what changes faster stays.
    step
        How much of the error each block corrects, 0.01 to 1, without unit.
    highest_hz
        Only what lies below is predicted, 50 to 8000 Hz, so that an alarm's steady beeps stay.

    Raises
    ------
    ValueError
        A parameter is out of range; it is named.
    """

    name: ClassVar[str] = "adaptive"
    description: ClassVar[str] = "Cancels hum and other steady tones below 1 kHz by predicting them from the past."

    delay_s: float = 0.25
    step: float = 0.5
    highest_hz: float = 1000.0

    def __post_init__(self) -> None:
        check_range("delay of adaptive", self.delay_s, 0.01, 1, "s")
        check_range("step of adaptive", self.step, 0.01, 1)
        check_range("highest frequency of adaptive", self.highest_hz, 50, 8000, "Hz")

    def __call__(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cancel: float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1, and the same comes out.

        A clip that is no longer than the delay comes back as it was.
        """
        return within_full_scale(in_pieces(self._cancelled, waveform))

    def _cancelled(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        delay = to_samples(self.delay_s)
        if waveform.size <= delay:
            return waveform.copy()
        # Played backwards, hum is hum of the same pitches: so the filter first learns on the begin of the clip from
        # right to left, which also foretells the first samples, and knows the hum when it then sets out.
        reversed_begin = waveform[: to_samples(LEARNING_S)][::-1]
        foretold, weights = self._foretold(reversed_begin, delay, np.zeros(_BLOCK + 1, np.complex64))
        begin = (reversed_begin - foretold)[::-1][: delay + _BLOCK]
        left = waveform - self._foretold(waveform, delay, weights)[0]
        left[: begin.size] = begin
        return left

    def _foretold(
        self, sound: NDArray[np.float32], delay: int, weights: NDArray[np.complex64]
    ) -> tuple[NDArray[np.float32], NDArray[np.complex64]]:
        """Return what the past tells of a sound, float32, shape (n,), 0 over the first `delay`; and what was learnt."""
        samples = max(0, sound.size - delay)
        rest = -samples % _BLOCK
        past = np.pad(sound[:samples], (_BLOCK, rest)).reshape(-1, _BLOCK)
        wanted = np.pad(sound[delay:], (0, rest)).reshape(-1, _BLOCK)
        references = rfft(np.concatenate((past[:-1], past[1:]), axis=1))
        references[:, round(self.highest_hz / _BIN_HZ) + 1 :] = 0
        foretold = np.zeros_like(wanted)
        power = np.square(np.abs(references)).mean(axis=0)
        for block in range(1, len(wanted)):  # the first block lacks half of its past
            reference, target = references[block], wanted[block]
            told = irfft(reference * weights)[_BLOCK:]
            error = rfft(np.concatenate((np.zeros(_BLOCK, np.float32), target - told)))
            power = np.maximum(_FORGETTING * power, np.square(np.abs(reference)))  # an onset is no large step
            gradient = irfft(np.conj(reference) * error / (power + _LEAST_POWER))
            gradient[_BLOCK:] = 0  # the filter is a block long
            weights = weights + np.float32(self.step) * rfft(gradient)
            foretold[block] = told
        foretold.reshape(-1)[samples:] = 0
        foretold *= _trust(foretold, wanted)
        return np.pad(foretold.reshape(-1), (delay, 0))[: sound.size], weights


def _trust(foretold: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much of what was foretold to take away in each block, within 0..1, shape (blocks, 1).

    It is the share that leaves the least energy, so no block gets louder: after a bang, its echo is not believed.
    """
    agreeing = np.einsum("bs,bs->b", foretold, wanted)
    energy = np.einsum("bs,bs->b", foretold, foretold)
    share: NDArray[np.float32] = np.clip(agreeing / np.maximum(energy, np.float32(1e-20)), 0, 1)
    return share[:, np.newaxis]
