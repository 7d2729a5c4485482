# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from anonymizers.base import Anonymizer, Nothing
from anonymizers.mcadams import McAdams, from_roots, levinson, move_formants, roots, turned

RATE_HZ = 16_000
SECRET = bytes(range(32))


def resonance(frequency_hz: float, excitation: np.ndarray) -> np.ndarray:
    """Sound with one formant, peak 0.5."""
    pole = 0.98 * np.exp(2j * np.pi * frequency_hz / RATE_HZ)
    sound = lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], excitation)
    scaled: np.ndarray = (0.5 * sound / np.abs(sound).max()).astype(np.float32)
    return scaled


def pulses(pitch_hz: float, seconds: float = 3.0) -> np.ndarray:
    train = np.zeros(int(seconds * RATE_HZ))
    train[:: round(RATE_HZ / pitch_hz)] = 1
    return train


def spectrum_peak_hz(sound: np.ndarray, least_hz: float = 100, most_hz: float = 7900) -> float:
    """Return the frequency with the most power, smoothed over 100 Hz."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    width_hz = RATE_HZ / sound.size
    smooth = np.convolve(power, np.ones(int(100 / width_hz)), "same")
    first = int(least_hz / width_hz)
    return float((first + np.argmax(smooth[first : int(most_hz / width_hz)])) * width_hz)


HARD = {
    "silence": np.zeros(8000),
    "DC": np.ones(8000),
    "clipped": np.sign(np.sin(np.arange(8000))),
    "a pure tone": np.sin(0.3 * np.arange(8000)),
    "the highest tone": (-1.0) ** np.arange(8000),
    "one sample": np.ones(1),
    "two samples": np.array([1.0, -1.0]),
    "a click": np.eye(1, 8000, 4000)[0],
    "nearly silence": 1e-7 * np.sin(np.arange(8000)),
    "silence, then noise": np.concatenate((np.zeros(4000), np.random.default_rng(1).uniform(-1, 1, 4000))),
}


@pytest.mark.parametrize("alpha", [0.5, 0.9, 1.2])
@pytest.mark.parametrize("kind", HARD)
def test_hard_sound_comes_out_finite_and_about_as_loud(kind: str, alpha: float) -> None:
    waveform = HARD[kind].astype(np.float32)
    found = McAdams(alpha=(alpha, alpha), secret=SECRET).anonymize(waveform, RATE_HZ).waveform
    assert (found.shape, found.dtype) == (waveform.shape, np.dtype(np.float32))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1
    assert np.sum(found**2) <= 2 * np.sum(waveform**2) + 1e-12


@settings(deadline=None, max_examples=50)
@given(
    samples=st.integers(1, 3000),
    rate_hz=st.sampled_from([100, 8000, 16_000, 44_100]),
    order=st.integers(2, 40),
    level=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_float32_goes_in_and_as_much_comes_out(samples: int, rate_hz: int, order: int, level: float, seed: int) -> None:
    waveform = (level * np.random.default_rng(seed).uniform(-1, 1, samples)).astype(np.float32)
    before = waveform.copy()
    found = McAdams(order=order, secret=SECRET).anonymize(waveform, rate_hz).waveform
    assert (found.shape, found.dtype) == (waveform.shape, np.dtype(np.float32))
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1
    assert np.array_equal(waveform, before)


def test_noise_keeps_its_energy() -> None:
    waveform = resonance(1000, np.random.default_rng(1).normal(size=5 * RATE_HZ))
    found = McAdams(secret=SECRET).anonymize(waveform, RATE_HZ).waveform
    assert np.mean(found**2) == pytest.approx(np.mean(waveform**2), rel=0.2)


@pytest.mark.parametrize("frequency_hz", [700.0, 1500.0, 4000.0])
@pytest.mark.parametrize("alpha", [0.6, 0.8])
def test_a_formant_moves_to_the_power_of_its_angle(frequency_hz: float, alpha: float) -> None:
    waveform = resonance(frequency_hz, np.random.default_rng(2).normal(size=5 * RATE_HZ))
    expected_hz = (2 * np.pi * frequency_hz / RATE_HZ) ** alpha * RATE_HZ / (2 * np.pi)
    assert spectrum_peak_hz(waveform) == pytest.approx(frequency_hz, abs=80)
    assert spectrum_peak_hz(move_formants(waveform, alpha, 320, 16)) == pytest.approx(expected_hz, abs=250)


def test_the_pitch_stays() -> None:
    waveform = resonance(900, pulses(125))
    found = McAdams(secret=SECRET).anonymize(waveform, RATE_HZ).waveform

    def strongest_lag(sound: np.ndarray) -> int:
        correlation = np.correlate(sound[16_000:20_000], sound[16_000:20_000], "full")[3999:]
        return int(80 + np.argmax(correlation[80:160]))

    assert strongest_lag(waveform) == 128
    assert abs(strongest_lag(found) - 128) <= 1


def test_an_alpha_of_1_leaves_the_sound() -> None:
    waveform = (0.1 * np.random.default_rng(3).normal(size=RATE_HZ)).astype(np.float32)
    found = McAdams(alpha=(1, 1), secret=SECRET).anonymize(waveform, RATE_HZ).waveform
    assert np.abs(found - waveform).max() < 1e-3


def test_the_predictor_is_the_one_that_the_normal_equations_give() -> None:
    sound = np.random.default_rng(4).normal(size=(5, 2000)).cumsum(axis=1)
    correlation = np.stack([np.correlate(one, one, "full")[1999 : 1999 + 17] for one in sound])
    for row, found in zip(correlation, levinson(correlation), strict=True):
        column = row[:16].copy()
        column[0] *= 1 + 1e-5
        assert np.allclose(found, np.concatenate(([1], -solve_toeplitz(column, row[1:]))), rtol=1e-6, atol=1e-9)


def test_the_predictor_of_silence_predicts_nothing() -> None:
    assert levinson(np.zeros((1, 17))).tolist() == [[1.0] + 16 * [0.0]]


def test_all_poles_of_a_predictor_lie_within_the_unit_circle() -> None:
    rows = [np.correlate(one, one, "full")[one.size - 1 :][:17] for one in HARD.values() if one.size > 16]
    poles = roots(levinson(np.stack(rows)))
    assert np.abs(poles).max() < 1


def test_roots_and_their_product_are_each_others_inverse() -> None:
    polynomials = np.concatenate((np.ones((20, 1)), 0.2 * np.random.default_rng(5).normal(size=(20, 16))), axis=1)
    assert np.allclose(from_roots(roots(polynomials)), polynomials, rtol=0, atol=1e-9)


def test_turning_keeps_pairs_conjugate_and_real_poles_real() -> None:
    poles = np.array([[0.9 * np.exp(0.5j), 0.9 * np.exp(-0.5j), -0.8 + 0j, 0.7 + 0j, 0.999j, -0.999j]])
    moved = turned(poles, 0.5)
    expected = [[0.9 * np.exp(0.5**0.5 * 1j), 0.9 * np.exp(-(0.5**0.5) * 1j), -0.8, 0.7]]
    assert np.allclose(moved[:, :4], expected)
    assert np.allclose(np.abs(moved[:, 4:]), 0.99)
    assert np.allclose(from_roots(moved)[0], np.poly(moved[0]).real)


def test_the_same_clip_gets_the_same_voice_and_other_secrets_and_clips_others() -> None:
    waveform = resonance(1000, np.random.default_rng(7).normal(size=RATE_HZ))
    other = waveform.copy()
    other[0] = np.nextafter(other[0], np.float32(2))

    def answer(sound: np.ndarray, secret: bytes = SECRET) -> np.ndarray:
        return McAdams(secret=secret).anonymize(sound, RATE_HZ).waveform

    assert np.array_equal(answer(waveform), answer(waveform.copy()))
    for found in (answer(waveform, bytes(32)), answer(other)):
        assert np.abs(found - answer(waveform)).max() > 0.01


def test_alpha_is_drawn_from_its_range() -> None:
    waveform = resonance(700, np.random.default_rng(8).normal(size=RATE_HZ))
    found = [
        spectrum_peak_hz(McAdams(secret=bytes([seed]) * 16).anonymize(waveform, RATE_HZ).waveform) for seed in range(20)
    ]
    angle = 2 * np.pi * 700 / RATE_HZ
    low_hz, high_hz = (angle**alpha * RATE_HZ / (2 * np.pi) for alpha in (0.9, 0.5))
    assert low_hz - 150 < min(found) < max(found) < high_hz + 150
    assert max(found) - min(found) > 200


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (lambda: McAdams(alpha=(0.1, 0.9)), "lowest alpha: 0.3 to 1.2, found 0.1"),
        (lambda: McAdams(alpha=(0.9, 0.5)), "highest alpha: 0.9 to 1.2, found 0.5"),
        (lambda: McAdams(alpha=(float("nan"), 0.5)), "lowest alpha"),
        (lambda: McAdams(window_s=1.0), "length of a frame: 0.01 to 0.05 s, found 1"),
        (lambda: McAdams(order=1), "order of the prediction: 2 to 40, found 1"),
    ],
)
def test_parameters_out_of_range_are_refused(method: type[McAdams], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        method()


def test_it_claims_nothing() -> None:
    anonymizer: Anonymizer = McAdams()
    assert (anonymizer.name, anonymizer.guarantee, anonymizer.keeps_time) == ("mcadams", Nothing(), True)
    assert "not anonymity" in " ".join(anonymizer.leaks.split())
