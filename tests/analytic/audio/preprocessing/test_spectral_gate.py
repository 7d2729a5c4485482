# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.preprocessing.spectral_gate import SpectralGate

Waveform = NDArray[np.float32]


def test_a_knock_keeps_its_level_within_1_db(knock: Waveform, white: Waveform) -> None:
    found = SpectralGate()(knock + white)
    assert abs(20 * np.log10(np.vdot(found, knock) / np.vdot(knock, knock))) < 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"percentile": 0.0}, "percentile of spectral_gate: 1 to 50 %, found 0"),
        ({"threshold_db": -1.0}, "threshold of spectral_gate: 0 to 30 dB, found -1"),
        ({"reduction_db": 61.0}, "reduction of spectral_gate: 0 to 60 dB, found 61"),
        ({"smoothing_hz": float("nan")}, "smoothing of spectral_gate in frequency: 0 to 1000 Hz, found nan"),
        ({"smoothing_s": 2.0}, "smoothing of spectral_gate in time: 0 to 1 s, found 2"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpectralGate(**parameters)
