# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A control, not a method: a recording's background alone, found by its level. What links it is no voice.

Frames of 16 ms above the quietest ones by some decibels, and those beside them, are replaced by the gate's comfort
noise. An ear that links speakers by what is left links rooms and microphones.
"""

from __future__ import annotations

import numpy as np

from anonymizers.base import Anonymized, Guarantee, Nothing, RandomBytes, Waveform, os_random
from anonymizers.gate.comfort import replaced
from anonymizers.gate.features import HOP_SAMPLES
from anonymizers.gate.masking import widened

_QUIET_PERCENTILE, _ABOVE_DB = 15.0, 6.0
_BESIDE_FRAMES, _BACKGROUND_FRAMES, _FADE = 8, 125, 160


class Pauses:
    """Leave the background of a recording of speech alone."""

    name = "pauses"
    hides = "All but the quietest moments."
    leaks = "The room and the microphone."
    keeps_time = True
    guarantee: Guarantee = Nothing()

    def __init__(self, random_bytes: RandomBytes = os_random) -> None:
        self._random_bytes = random_bytes

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Replace what is louder than the background."""
        del sample_rate_hz
        count = -(-waveform.size // HOP_SAMPLES)
        padded = np.pad(waveform, (0, count * HOP_SAMPLES - waveform.size)).reshape(count, HOP_SAMPLES)
        level_db = 10 * np.log10(np.square(padded).mean(axis=1) + 1e-12)
        loud = level_db > np.percentile(level_db, _QUIET_PERCENTILE) + _ABOVE_DB
        mask = widened(loud, _BESIDE_FRAMES, _BESIDE_FRAMES)
        kept = np.where(np.repeat(mask, HOP_SAMPLES)[: waveform.size], np.float32(0), waveform)
        return Anonymized(replaced(kept, mask, _BACKGROUND_FRAMES, _FADE, 1e-4, self._random_bytes))
