# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytic.audio.preprocessing.adaptive import Adaptive

Waveform = NDArray[np.float32]
Level = Callable[[Waveform], float]
RATE_HZ = 16_000


@pytest.mark.parametrize("length_s", [1, 2, 5])
def test_steady_hum_of_50_and_100_hz_loses_15_db_over_the_whole_clip(
    hum: Waveform, level_db: Level, length_s: int
) -> None:
    clip = hum[: length_s * RATE_HZ]
    assert level_db(Adaptive()(clip)) < level_db(clip) - 15


def test_hum_in_noise_goes_and_the_noise_stays(hum: Waveform, white: Waveform, level_db: Level) -> None:
    found = Adaptive()(hum + white)
    assert level_db(found - white) < level_db(hum) - 15
    assert abs(level_db(found) - level_db(white)) < 0.5


def test_a_click_in_hum_is_left(hum: Waveform, knock: Waveform, level_db: Level) -> None:
    near = slice(2 * RATE_HZ - 200, 2 * RATE_HZ + 1000)
    found = Adaptive()(hum + knock)
    assert level_db((found - knock)[near]) < level_db(knock[near]) - 15


def test_beeps_above_1_khz_are_left_however_steady(level_db: Level) -> None:
    beep = (0.3 * np.sin(2 * np.pi * 3100 * np.arange(5 * RATE_HZ) / RATE_HZ)).astype(np.float32)
    assert level_db(Adaptive()(beep) - beep) < level_db(beep) - 40


def test_a_bang_gets_no_echo(level_db: Level) -> None:
    bang = np.zeros(2 * RATE_HZ, np.float32)
    time_s = np.arange(8000) / RATE_HZ
    bang[8000:16_000] = np.exp(-time_s / 0.2) * np.sin(2 * np.pi * 80 * time_s)
    found = Adaptive()(bang)
    assert level_db(found) <= level_db(bang) + 0.01
    assert level_db(found[20_000:]) < level_db(bang) - 40


@settings(deadline=None, max_examples=30)
@given(samples=st.integers(1, 40_000), seed=st.integers(0, 99))
def test_no_clip_comes_out_louder(samples: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    waveform = np.cumsum(random.normal(0, 1, samples) * np.exp(3 * random.normal(size=samples)))
    waveform = (waveform / max(np.abs(waveform).max(), 1e-9)).astype(np.float32)
    assert np.vdot(Adaptive()(waveform), Adaptive()(waveform)) <= np.vdot(waveform, waveform) * 1.0001


@pytest.mark.parametrize("samples", [1, 1000, 4000])
def test_a_clip_no_longer_than_the_delay_comes_back_as_a_copy(hum: Waveform, samples: int) -> None:
    found = Adaptive(delay_s=0.25)(hum[:samples])
    assert np.array_equal(found, hum[:samples])
    assert not np.shares_memory(found, hum)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"delay_s": 0.0}, "delay of adaptive: 0.01 to 1 s, found 0"),
        ({"step": 2.0}, "step of adaptive: 0.01 to 1, found 2"),
        ({"highest_hz": float("nan")}, "highest frequency of adaptive: 50 to 8000 Hz, found nan"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Adaptive(**parameters)
