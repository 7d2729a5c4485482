# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.preprocessing.spectral_gate import SpectralGate

Waveform = NDArray[np.float32]
SOUNDING = slice(2 * 16_000, 3 * 16_000)


def test_a_tone_burst_in_white_noise_stands_out_by_10_db_more(
    burst: Waveform, white: Waveform, snr_db: Callable[[Waveform, Waveform], float]
) -> None:
    noisy = burst + white
    assert snr_db(SpectralGate()(noisy), burst) > snr_db(noisy, burst) + 10


def test_the_burst_keeps_its_level_within_1_db(
    burst: Waveform, white: Waveform, level_db: Callable[[Waveform], float]
) -> None:
    found = SpectralGate()(burst + white)
    assert abs(level_db(found[SOUNDING]) - level_db(burst[SOUNDING])) < 1


def test_a_knock_stands_out_by_10_db_more_and_keeps_its_level(
    knock: Waveform, white: Waveform, snr_db: Callable[[Waveform, Waveform], float]
) -> None:
    found = SpectralGate()(knock + white)
    assert snr_db(found, knock) > snr_db(knock + white, knock) + 10
    assert abs(20 * np.log10(np.vdot(found, knock) / np.vdot(knock, knock))) < 1


@pytest.mark.parametrize("reduction_db", [6.0, 12.0, 18.0])
def test_white_noise_is_turned_down_nearly_as_far_as_asked_and_no_further(
    white: Waveform, level_db: Callable[[Waveform], float], reduction_db: float
) -> None:
    lost_db = level_db(white) - level_db(SpectralGate(reduction_db=reduction_db)(white))
    assert 0.8 * reduction_db < lost_db <= reduction_db + 0.1


def test_a_burst_without_noise_is_left_as_it_was(
    burst: Waveform, snr_db: Callable[[Waveform, Waveform], float]
) -> None:
    assert snr_db(SpectralGate()(burst), burst) > 30


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
