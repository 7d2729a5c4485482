# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.preprocessing.wavelet import Wavelet, soft, threshold

Waveform = NDArray[np.float32]
SOUNDING = slice(2 * 16_000, 3 * 16_000)


def test_a_tone_burst_in_white_noise_stands_out_by_5_db_more(
    burst: Waveform, white: Waveform, snr_db: Callable[[Waveform, Waveform], float]
) -> None:
    noisy = burst + white
    assert snr_db(Wavelet()(noisy), burst) > snr_db(noisy, burst) + 5


def test_the_burst_keeps_its_level_within_1_db(
    burst: Waveform, white: Waveform, level_db: Callable[[Waveform], float]
) -> None:
    found = Wavelet()(burst + white)
    assert abs(level_db(found[SOUNDING]) - level_db(burst[SOUNDING])) < 1


@pytest.mark.parametrize("rule", ["bayes", "universal"])
def test_a_knock_stands_out_by_10_db_more(
    knock: Waveform, white: Waveform, snr_db: Callable[[Waveform, Waveform], float], rule: str
) -> None:
    assert snr_db(Wavelet(rule=rule)(knock + white), knock) > snr_db(knock + white, knock) + 10


def test_the_universal_threshold_of_normal_noise_is_its_deviation_times_the_root_of_twice_the_logarithm() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    assert threshold(noise, "universal") == pytest.approx(0.1 * np.sqrt(2 * np.log(20_000)), rel=0.03)


def test_the_bayes_threshold_is_the_noise_power_over_the_deviation_of_the_sound() -> None:
    random = np.random.default_rng(0)
    level = random.normal(0, 0.1, 20_000)
    level[:200] += random.normal(0, 5, 200)
    sound = np.sqrt(np.mean(np.square(level)) - 0.01)
    assert threshold(level.astype(np.float32), "bayes") == pytest.approx(0.01 / sound, rel=0.05)


def test_a_level_of_nothing_but_noise_goes_altogether() -> None:
    even = np.array([0.1, -0.1, 0.1, -0.1], np.float32)
    assert not soft(even, threshold(even, "bayes")).any()


def test_soft_shrinkage_brings_all_nearer_to_0_by_the_threshold() -> None:
    assert soft(np.array([-3, -1, 0, 0.5, 2], np.float32), 1.0).tolist() == [-2, 0, 0, 0, 1]


@pytest.mark.parametrize("samples", [1, 15, 29])
def test_a_clip_too_short_for_one_level_comes_back_as_a_copy(white: Waveform, samples: int) -> None:
    found = Wavelet()(white[:samples])
    assert np.array_equal(found, white[:samples])
    assert not np.shares_memory(found, white)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"levels": 0}, "levels of wavelet: 1 to 10, found 0"),
        ({"levels": 11}, "levels of wavelet: 1 to 10, found 11"),
        ({"rule": "hard"}, "rule of wavelet: bayes or universal, found 'hard'"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Wavelet(**parameters)


def test_pywt_is_loaded_when_the_method_runs_not_before() -> None:
    script = """
import sys
import numpy as np
from analytic.audio.preprocessing.registry import PREPROCESSORS, Preprocessing
Preprocessing.of("wiener,loudness")(np.zeros(16_000, np.float32))
assert "pywt" not in sys.modules
PREPROCESSORS["wavelet"](np.zeros(16_000, np.float32))
assert "pywt" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
