# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest

from anonymizers.gate.features import BANDS, HOP_SAMPLES, features, frame_count, power_spectra, windows

RATE_HZ = 16_000


def tone(hz: float, samples: int = RATE_HZ) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(samples) / RATE_HZ).astype(np.float32)


@pytest.mark.parametrize("samples", [1, 255, 256, 257, 511, 5000])
def test_frames_tile_the_sound(samples: int) -> None:
    found = features(tone(440, samples))
    assert found.shape == (frame_count(samples), BANDS)
    assert found.dtype == np.float32
    assert (frame_count(samples) - 1) * HOP_SAMPLES < samples <= frame_count(samples) * HOP_SAMPLES
    assert np.isfinite(found).all()


def test_each_window_lies_around_its_frame() -> None:
    numbers = np.arange(1000, dtype=np.float32)
    assert windows(numbers)[1].tolist() == list(range(128, 640))


def test_a_sine_of_full_scale_has_power_1_at_its_bin() -> None:
    power = power_spectra(windows(tone(1000)))[10]
    assert power.argmax() == 32
    assert power.max() == pytest.approx(1.0, abs=1e-3)


def test_loudness_does_not_change_what_is_seen() -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 3 * RATE_HZ).astype(np.float32)
    assert features(sound) == pytest.approx(features(sound * 10 ** (-30 / 20)), abs=0.05)


def test_silence_looks_like_nothing() -> None:
    assert features(np.zeros(RATE_HZ, np.float32)) == pytest.approx(np.zeros((63, BANDS)), abs=1e-6)


def test_a_change_of_level_a_second_away_is_not_seen() -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 4 * RATE_HZ).astype(np.float32)
    changed = sound.copy()
    changed[3 * RATE_HZ :] *= 10
    until = (2 * RATE_HZ - HOP_SAMPLES) // HOP_SAMPLES - 2
    assert np.array_equal(features(sound)[:until], features(changed)[:until])
