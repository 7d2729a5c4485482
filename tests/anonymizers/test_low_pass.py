# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import freqz

from anonymizers.base import Anonymizer, Nothing
from anonymizers.low_pass import STOP_BAND_DB, TRANSITION, LowPass, design

RATE_HZ = 16_000


def tone(frequency_hz: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(rate_hz) / rate_hz)).astype(np.float32)


@settings(deadline=None)
@given(samples=st.integers(1, 5000), seed=st.integers(0, 99))
def test_float32_goes_in_and_as_much_comes_out_within_the_range(samples: int, seed: int) -> None:
    waveform = np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)
    before = waveform.copy()
    found = LowPass().anonymize(waveform, RATE_HZ).waveform
    assert (found.shape, found.dtype) == (waveform.shape, np.dtype(np.float32))
    assert np.abs(found).max() <= 1
    assert np.array_equal(waveform, before)


@pytest.mark.parametrize("cutoff_hz", [50.0, 500.0, 1000.0, 4000.0])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_the_stop_band_is_as_deep_as_it_says_and_the_pass_band_as_flat(cutoff_hz: float, rate_hz: int) -> None:
    frequency_hz = np.concatenate(
        (np.linspace(0, min(3 * cutoff_hz, rate_hz / 2), 4000), np.linspace(0, rate_hz / 2, 4000))
    )
    gain_db = 20 * np.log10(np.abs(freqz(design(cutoff_hz, rate_hz), worN=frequency_hz, fs=rate_hz)[1]) + 1e-12)
    assert gain_db[frequency_hz >= (1 + TRANSITION) * cutoff_hz].max() <= -STOP_BAND_DB
    assert np.abs(gain_db[frequency_hz <= (1 - TRANSITION) * cutoff_hz]).max() < 0.1


def test_the_filter_has_a_linear_phase_and_half_the_amplitude_at_its_cutoff() -> None:
    taps = design(500, RATE_HZ)
    assert taps.size % 2 == 1
    assert np.allclose(taps, taps[::-1], rtol=0, atol=1e-15)
    assert abs(freqz(taps, worN=[500.0], fs=RATE_HZ)[1][0]) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("frequency_hz", [550.0, 560.0, 1000.0, 3100.0, 7900.0])
def test_a_tone_of_the_stop_band_is_gone(frequency_hz: float) -> None:
    found = LowPass().anonymize(tone(frequency_hz), RATE_HZ).waveform[2000:-2000]
    assert np.abs(found).max() < 0.5 * 10 ** (-STOP_BAND_DB / 20)


@pytest.mark.parametrize("frequency_hz", [60.0, 220.0, 450.0])
def test_a_tone_of_the_pass_band_is_left_and_not_delayed(frequency_hz: float) -> None:
    found = LowPass().anonymize(tone(frequency_hz), RATE_HZ).waveform
    assert np.abs(found - tone(frequency_hz))[2000:-2000].max() < 0.005


def test_the_same_clip_gets_the_same_answer() -> None:
    waveform = np.random.default_rng(1).uniform(-1, 1, RATE_HZ).astype(np.float32)
    assert np.array_equal(
        LowPass().anonymize(waveform, RATE_HZ).waveform, LowPass().anonymize(waveform, RATE_HZ).waveform
    )


def test_sound_that_has_nothing_to_take_out_is_given_back_with_a_warning() -> None:
    found = LowPass(cutoff_hz=4000).anonymize(tone(100, 8000), 8000)
    assert np.array_equal(found.waveform, tone(100, 8000))
    assert found.warnings == ("low_pass changed nothing: 8000 Hz holds no sound above 4000 Hz",)


@pytest.mark.parametrize("cutoff_hz", [0.0, 49.0, 30_000.0, float("nan")])
def test_a_cutoff_out_of_range_is_refused(cutoff_hz: float) -> None:
    with pytest.raises(ValueError, match="cutoff: 50 to 20000 Hz, found"):
        LowPass(cutoff_hz=cutoff_hz)


def test_it_claims_nothing() -> None:
    anonymizer: Anonymizer = LowPass()
    assert (anonymizer.name, anonymizer.guarantee, anonymizer.keeps_time) == ("low_pass", Nothing(), True)
    assert "500 Hz" in anonymizer.hides
    assert "read words" in anonymizer.leaks
