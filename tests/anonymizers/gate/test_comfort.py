# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter, welch

from anonymizers.gate.comfort import replaced
from anonymizers.gate.features import frame_count

RATE_HZ = 16_000
FIRST, STOP = 200, 300
GONE = slice(FIRST * 256, STOP * 256)


def noise(level: float = 0.05, seconds: int = 10) -> np.ndarray:
    return np.random.default_rng(3).normal(0, level, seconds * RATE_HZ).astype(np.float32)


def without_middle(sound: np.ndarray, seed: int = 1, fade: int = 160) -> np.ndarray:
    mask = np.zeros(frame_count(sound.size), bool)
    mask[FIRST:STOP] = True
    kept = sound.copy()
    kept[GONE] = 0.0
    return replaced(kept, mask, 125, fade, 1e-4, np.random.default_rng(seed).bytes)


def level_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.square(sound).mean()))


def test_noise_is_as_loud_as_a_steady_background_and_no_louder() -> None:
    sound = noise()
    assert level_db(sound) - 3 < level_db(without_middle(sound)[GONE]) <= level_db(sound)


def test_noise_has_the_colour_of_the_background() -> None:
    sound = lfilter([1], [1, -0.9], noise(0.01)).astype(np.float32)
    hz, before = welch(sound, RATE_HZ, nperseg=512)
    _, found = welch(without_middle(sound)[GONE], RATE_HZ, nperseg=512)
    heard = (hz > 100) & (hz < 7500)
    difference = 10 * np.log10(found[heard] / before[heard])
    assert -4 < difference.mean() < 0.5
    assert np.abs(difference - difference.mean()).mean() < 1.5


def test_a_short_loud_sound_beside_does_not_become_noise() -> None:
    sound = noise(0.001)
    quiet = level_db(without_middle(sound)[GONE])
    sound[STOP * 256 + 800 : STOP * 256 + 4800] += noise(0.3)[:4000]
    assert level_db(without_middle(sound)[GONE]) < quiet + 1


def test_silence_beside_gives_silence() -> None:
    assert np.abs(without_middle(np.zeros(10 * RATE_HZ, np.float32))).max() < 1e-6


def test_where_nothing_is_left_the_noise_has_the_level_given() -> None:
    mask = np.ones(100, bool)
    found = replaced(np.zeros(25_600, np.float32), mask, 125, 160, 1e-3, np.random.default_rng(1).bytes)
    assert np.sqrt(np.square(found).mean()) == pytest.approx(1e-3, rel=0.1)


def test_what_is_further_than_the_fade_stays_bit_for_bit() -> None:
    sound = noise()
    found = without_middle(sound)
    for kept in (slice(0, FIRST * 256 - 160), slice(STOP * 256 + 160, None)):
        assert np.array_equal(found[kept], sound[kept])


def test_the_fade_keeps_the_level_where_sound_and_noise_meet() -> None:
    sound = noise()
    edges = [without_middle(sound, seed)[FIRST * 256 - 160 : FIRST * 256] for seed in range(40)]
    assert level_db(np.array(edges)) == pytest.approx(level_db(sound[FIRST * 256 - 160 : FIRST * 256]), abs=2)


def test_without_a_fade_sound_ends_where_noise_begins() -> None:
    sound = noise()
    found = without_middle(sound, fade=0)
    assert np.array_equal(found[: FIRST * 256], sound[: FIRST * 256])


def test_loud_sound_stays_within_full_scale() -> None:
    sound = np.sign(noise())
    assert np.abs(without_middle(sound)).max() <= 1.0


@pytest.mark.parametrize("samples", [1, 100, 256, 300, 700])
@pytest.mark.parametrize("marked", [[0], [-1]])
def test_the_shortest_sounds_are_replaced_too(samples: int, marked: list[int]) -> None:
    mask = np.zeros(frame_count(samples), bool)
    mask[marked] = True
    found = replaced(np.zeros(samples, np.float32), mask, 125, 160, 1e-3, np.random.default_rng(1).bytes)
    assert (found.shape, found.dtype) == ((samples,), np.dtype(np.float32))
    assert np.isfinite(found).all()
