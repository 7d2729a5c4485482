# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import math

import numpy as np
import pytest

from analytic.audio.clip import SAMPLE_RATE_HZ, Clip, peak_dbfs, to_samples, to_seconds
from analytic.errors import InvalidStartTime

ONE_SECOND = np.linspace(-0.5, 0.5, SAMPLE_RATE_HZ, dtype=np.float32)


def test_a_clip_knows_its_length_in_seconds() -> None:
    assert Clip(ONE_SECOND).duration_s == 1.0
    assert Clip(np.zeros(1, np.float32)).duration_s == 1 / 16_000


def test_seconds_become_the_nearest_sample() -> None:
    assert to_samples(0.5) == 8_000
    assert to_samples(1 / 16_000 * 0.4) == 0
    assert to_samples(1 / 16_000 * 0.6) == 1


@pytest.mark.parametrize("samples", [0, 1, 7, 15_999, 160_000, 9_600_000])
def test_samples_to_seconds_and_back_is_the_same_number(samples: int) -> None:
    assert to_samples(to_seconds(samples)) == samples


def test_the_peak_of_full_scale_is_0_dbfs_and_of_half_is_6_below() -> None:
    assert peak_dbfs(np.array([0.25, -1.0], np.float32)) == 0.0
    assert Clip(np.array([0.5, -0.1], np.float32)).peak_dbfs == pytest.approx(-6.02, abs=0.01)


def test_a_negative_peak_counts_like_a_positive_one() -> None:
    assert peak_dbfs(np.array([0.1, -0.5], np.float32)) == peak_dbfs(np.array([-0.1, 0.5], np.float32))


def test_digital_silence_has_a_peak_of_minus_infinity() -> None:
    assert Clip(np.zeros(10, np.float32)).peak_dbfs == -math.inf


def test_starting_at_leaves_out_what_comes_before() -> None:
    rest = Clip(ONE_SECOND).starting_at(0.25)
    assert rest.start_s == 0.25
    np.testing.assert_array_equal(rest.waveform, ONE_SECOND[4_000:])


def test_starting_at_0_is_the_clip_itself() -> None:
    clip = Clip(ONE_SECOND)
    assert clip.starting_at(0.0) is clip
    assert clip.starting_at(-0.0) is clip


def test_starting_twice_adds_up() -> None:
    twice = Clip(ONE_SECOND).starting_at(0.25).starting_at(0.25)
    assert twice.start_s == 0.5
    np.testing.assert_array_equal(twice.waveform, ONE_SECOND[8_000:])


def test_starting_just_before_the_end_leaves_one_sample() -> None:
    assert Clip(ONE_SECOND).starting_at(math.nextafter(1.0, 0.0)).waveform.size == 1


@pytest.mark.parametrize("start_s", [1.0, 1.5, -1e-9, -1.0, 1e300, math.nan, math.inf, -math.inf])
def test_a_start_outside_the_clip_is_refused_in_the_contract_s_words(start_s: float) -> None:
    with pytest.raises(InvalidStartTime, match=r"^Invalid start time: value outside audio clip$") as refusal:
        Clip(ONE_SECOND).starting_at(start_s)
    assert refusal.value.duration_s == 1.0
