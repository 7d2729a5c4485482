# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What holds of both methods that turn steady noise down, window by window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.preprocessing.spectral_gate import SpectralGate
from analytic.audio.preprocessing.wiener import Wiener

Waveform = NDArray[np.float32]
Denoiser = type[SpectralGate] | type[Wiener]
SnrDb = Callable[[Waveform, Waveform], float]
LevelDb = Callable[[Waveform], float]
SOUNDING = slice(2 * 16_000, 3 * 16_000)


@pytest.fixture(params=[SpectralGate, Wiener])
def denoiser(request: pytest.FixtureRequest) -> Denoiser:
    found: Denoiser = request.param
    return found


def test_a_tone_burst_in_white_noise_stands_out_by_10_db_more(
    denoiser: Denoiser, burst: Waveform, white: Waveform, snr_db: SnrDb
) -> None:
    noisy = burst + white
    assert snr_db(denoiser()(noisy), burst) > snr_db(noisy, burst) + 10


def test_the_burst_keeps_its_level_within_1_db(
    denoiser: Denoiser, burst: Waveform, white: Waveform, level_db: LevelDb
) -> None:
    found = denoiser()(burst + white)
    assert abs(level_db(found[SOUNDING]) - level_db(burst[SOUNDING])) < 1


def test_a_knock_stands_out_by_10_db_more(denoiser: Denoiser, knock: Waveform, white: Waveform, snr_db: SnrDb) -> None:
    assert snr_db(denoiser()(knock + white), knock) > snr_db(knock + white, knock) + 10


@pytest.mark.parametrize("reduction_db", [6.0, 12.0, 15.0, 18.0])
def test_white_noise_is_turned_down_nearly_as_far_as_asked_and_no_further(
    denoiser: Denoiser, white: Waveform, level_db: LevelDb, reduction_db: float
) -> None:
    lost_db = level_db(white) - level_db(denoiser(reduction_db=reduction_db)(white))
    assert 0.8 * reduction_db < lost_db <= reduction_db + 0.1


def test_a_burst_without_noise_is_left_as_it_was(denoiser: Denoiser, burst: Waveform, snr_db: SnrDb) -> None:
    assert snr_db(denoiser()(burst), burst) > 30
