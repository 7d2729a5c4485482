# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Low pass: what lies above a frequency is taken out. A comparator, no protection.

A linear-phase FIR filter by the window method (J. Kaiser, "Nonrecursive digital filter design using the I0-sinh window
function", ISCAS 1974), applied without delay. Microphones that keep the lowest band only were proposed as private by
design (V. Mollyn et al., "SAMoSA", IMWUT 2022); recognisers trained on such sound read the words all the same (arXiv
2508.02483).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, kaiserord, oaconvolve

from anonymizers.base import Anonymized, Guarantee, Nothing, Waveform
from anonymizers.ranges import in_range

STOP_BAND_DB = 60.0
TRANSITION = 0.1  # of the cutoff: the stop band begins that much above it, the pass band ends that much below
_DESIGN_DB = 65.0  # the window method's estimate is a dB or so off


class LowPass:
    """Take out what lies above a frequency.

    Parameters
    ----------
    cutoff_hz
        Half the amplitude is left here, 50 to 20 000 Hz: all of it (to 0.1 dB) up to 10 % below, less than a thousandth
        (60 dB) from 10 % above.
    """

    keeps_time = True
    guarantee: Guarantee = Nothing()
    leaks = (
        "The voice's pitch and melody, the lowest formant and the rhythm of speech are left; recognisers trained on "
        "such sound read words and tell speakers apart. It is here to compare with."
    )

    def __init__(self, name: str = "low_pass", cutoff_hz: float = 500.0) -> None:
        self._cutoff_hz = in_range("cutoff", cutoff_hz, 50, 20_000, "Hz")
        self.name = name
        self.hides = f"What sounds above {cutoff_hz:g} Hz, and so most consonants."

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        """Filter; sound that holds nothing above the cutoff is given back as it was, with a warning."""
        if self._cutoff_hz * (1 + TRANSITION) >= sample_rate_hz / 2:
            warning = f"{self.name} changed nothing: {sample_rate_hz} Hz holds no sound above {self._cutoff_hz:g} Hz"
            return Anonymized(waveform, (warning,))
        taps = design(self._cutoff_hz, sample_rate_hz)
        filtered = oaconvolve(waveform.astype(np.float64), taps, mode="full")
        delay = taps.size // 2
        kept = filtered[delay : delay + waveform.size]
        return Anonymized(np.clip(kept, -1, 1).astype(np.float32))


@lru_cache(maxsize=16)
def design(cutoff_hz: float, sample_rate_hz: int) -> NDArray[np.float64]:
    """Return the filter: float64, shape (taps,), symmetric, `taps` odd; not to be written to."""
    width_hz = 2 * TRANSITION * cutoff_hz
    count, beta = kaiserord(_DESIGN_DB, width_hz / (sample_rate_hz / 2))
    taps: NDArray[np.float64] = firwin(int(count) | 1, cutoff_hz, window=("kaiser", beta), fs=sample_rate_hz)
    taps.setflags(write=False)
    return taps
