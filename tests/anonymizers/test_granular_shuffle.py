# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers.base import Anonymizer, Nothing
from anonymizers.granular_shuffle import GranularShuffle, shuffled_nearby

RATE_HZ = 16_000
SECRET = bytes(range(32))


def noise(samples: int, seed: int = 1) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).normal(size=samples)).clip(-1, 1).astype(np.float32)


def tone(frequency_hz: float, seconds: float = 4.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def bursts(at_s: float, seconds: float = 6.0) -> np.ndarray:
    """Silence with 20 ms of noise in it."""
    sound = np.zeros(int(seconds * RATE_HZ), np.float32)
    start = int(at_s * RATE_HZ)
    sound[start : start + 320] = noise(320)
    return sound


def answer(waveform: np.ndarray, secret: bytes = SECRET, **parameters: float) -> np.ndarray:
    return GranularShuffle(secret=secret, **parameters).anonymize(waveform, RATE_HZ).waveform  # type: ignore[arg-type]


@settings(deadline=None)
@given(samples=st.integers(1, 3000), rate_hz=st.sampled_from([100, 8000, 16_000]), seed=st.integers(0, 99))
def test_float32_goes_in_and_as_much_comes_out_no_louder(samples: int, rate_hz: int, seed: int) -> None:
    waveform = np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)
    before = waveform.copy()
    found = GranularShuffle(random_bytes=np.random.default_rng(seed).bytes).anonymize(waveform, rate_hz).waveform
    assert (found.shape, found.dtype) == (waveform.shape, np.dtype(np.float32))
    assert np.abs(found).max() <= np.abs(waveform).max() * (1 + 1e-6)
    assert np.array_equal(waveform, before)


def test_noise_keeps_its_energy_but_for_what_overlaps_unlike() -> None:
    waveform = noise(10 * RATE_HZ)
    ratio = np.mean(answer(waveform) ** 2) / np.mean(waveform**2)
    # The squares of two raised cosines that overlap by half are 3/4 on average.
    assert 0.7 < ratio < 0.85


@pytest.mark.parametrize("frequency_hz", [440.0, 3100.0])
def test_a_tone_keeps_its_pitch(frequency_hz: float) -> None:
    spectrum = np.abs(np.fft.rfft(answer(tone(frequency_hz)) * np.hanning(4 * RATE_HZ)))
    assert abs(np.argmax(spectrum) / 4 - frequency_hz) < 32


@pytest.mark.parametrize("radius_s", [0.25, 0.5])
def test_no_sound_moves_farther_than_the_radius_and_a_window(radius_s: float) -> None:
    moved = []
    for seed in range(60):
        found = np.flatnonzero(answer(bursts(3.0), bytes([seed]) * 16, radius_s=radius_s)) / RATE_HZ
        moved += [found.min() - 3.02, found.max() - 3.0]
    assert np.abs(moved).max() < radius_s + 0.04
    assert np.std(moved) > radius_s / 6


@given(count=st.integers(0, 400), radius=st.floats(0, 60), seed=st.integers(0, 1000))
def test_an_order_holds_each_thing_once_and_near_its_place(count: int, radius: float, seed: int) -> None:
    order = shuffled_nearby(count, radius, np.random.default_rng(seed).bytes)
    assert np.array_equal(np.sort(order), np.arange(count))
    assert np.abs(order - np.arange(count)).max(initial=0) <= radius


def test_displacements_are_as_likely_to_either_side_and_few_stay() -> None:
    source = np.random.default_rng(2).bytes
    moved = np.concatenate([(shuffled_nearby(600, 31.25, source) - np.arange(600))[60:-60] for _ in range(50)])
    assert abs(moved.mean()) < 0.2
    assert 31.25 / np.sqrt(12) * 0.9 < moved.std() < 31.25 / np.sqrt(12) * 1.1
    assert np.mean(moved == 0) < 0.08


def test_neighbours_seldom_stay_neighbours() -> None:
    source = np.random.default_rng(3).bytes
    kept = np.mean([np.mean(np.diff(shuffled_nearby(600, 31.25, source)) == 1) for _ in range(50)])
    assert kept < 0.08


def test_the_same_clip_gets_the_same_answer_and_other_secrets_others() -> None:
    waveform = noise(3 * RATE_HZ)
    assert np.array_equal(answer(waveform), answer(waveform.copy()))
    assert not np.array_equal(answer(waveform), answer(waveform, bytes(32)))


def test_a_clip_that_differs_by_a_bit_gets_an_order_of_its_own() -> None:
    waveform = noise(3 * RATE_HZ)
    other = waveform.copy()
    other[0] = np.nextafter(other[0], np.float32(2))
    assert np.mean(np.abs(answer(waveform) - answer(other)) > 1e-3) > 0.5


def test_without_a_secret_each_call_draws_an_order_of_its_own() -> None:
    waveform, shuffle = noise(3 * RATE_HZ), GranularShuffle()
    assert inspect.signature(GranularShuffle).parameters["random_bytes"].default is os.urandom
    assert not np.array_equal(
        shuffle.anonymize(waveform, RATE_HZ).waveform, shuffle.anonymize(waveform, RATE_HZ).waveform
    )


@pytest.mark.parametrize(("samples", "single"), [(1, True), (512, True), (513, False)])
def test_a_single_window_is_given_back_with_a_warning(samples: int, single: bool) -> None:
    waveform = noise(samples)
    found = GranularShuffle(secret=SECRET).anonymize(waveform, RATE_HZ)
    assert np.array_equal(found.waveform, waveform) == single
    length = f"{samples / 16:.1f}"
    expected = (f"granular_shuffle changed nothing: {length} ms of sound is a single window",)
    assert found.warnings == (expected if single else ())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"window_s": 0.01}, "length of a window: 0.025 to 0.05 s, found 0.01"),
        ({"window_s": float("nan")}, "length of a window"),
        ({"radius_s": 1.0}, "radius of the shuffle: 0.25 to 0.5 s, found 1"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        answer(noise(100), SECRET, **parameters)


def test_it_claims_no_more_than_is_measured() -> None:
    anonymizer: Anonymizer = GranularShuffle()
    assert anonymizer.name == "granular_shuffle"
    assert anonymizer.guarantee == Nothing()
    assert "32 ms" in anonymizer.hides
    assert "voice" in anonymizer.leaks
