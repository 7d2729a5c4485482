# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Test tones after EBU Tech 3341 (2016), table 1, at 16 000 Hz and mono: 3 LU less than the stereo ones there."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.preprocessing.loudness import Loudness, loudness_lufs

RATE_HZ = 16_000
STEREO_LU = 3.01
Waveform = NDArray[np.float32]


def tone(level_dbfs: float, length_s: float, frequency_hz: float = 1000.0) -> Waveform:
    """A sine whose peak has this level."""
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    return (10 ** (level_dbfs / 20) * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def test_a_sine_of_997_hz_at_full_scale_is_minus_3_01_lufs() -> None:
    assert loudness_lufs(tone(0, 20, 997)) == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize("level_dbfs", [-20.0, -23.0, -33.0, -60.0])
def test_a_sine_is_as_loud_as_its_level(level_dbfs: float) -> None:
    assert loudness_lufs(tone(level_dbfs, 20)) == pytest.approx(level_dbfs - STEREO_LU, abs=0.1)


@pytest.mark.parametrize(
    "steps",
    [
        ((-36, 10), (-23, 60), (-36, 10)),
        ((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)),
        ((-26, 20), (-20, 20.1), (-26, 20)),
    ],
)
def test_the_gates_leave_quiet_parts_out_as_the_standard_test_signals_expect(
    steps: tuple[tuple[float, float], ...],
) -> None:
    signal = np.concatenate([tone(level, length) for level, length in steps])
    assert loudness_lufs(signal) == pytest.approx(-23 - STEREO_LU, abs=0.1)


def test_low_frequencies_count_less_and_high_ones_more() -> None:
    quiet, plain, loud = (loudness_lufs(tone(-20, 5, frequency)) for frequency in (50, 997, 4000))
    assert quiet - plain == pytest.approx(-3.93 - 0.69, abs=0.15)
    assert loud - plain == pytest.approx(3.97 - 0.69, abs=0.15)


def test_silence_and_what_lies_below_the_gate_have_no_loudness_and_stay() -> None:
    for quiet in (np.zeros(RATE_HZ, np.float32), tone(-75, 2)):
        assert loudness_lufs(quiet) == -math.inf
        assert np.array_equal(Loudness()(quiet), quiet)


@pytest.mark.parametrize("level_dbfs", [0.0, -10.0, -30.0, -45.0])
def test_a_clip_reaches_minus_23_lufs(level_dbfs: float) -> None:
    assert loudness_lufs(Loudness()(tone(level_dbfs, 5))) == pytest.approx(-23, abs=0.01)


def test_the_gain_is_bounded() -> None:
    quiet = tone(-60, 5)
    assert loudness_lufs(Loudness()(quiet)) == pytest.approx(loudness_lufs(quiet) + 30, abs=0.01)
    assert loudness_lufs(Loudness(most_gain_db=6.0)(quiet)) == pytest.approx(loudness_lufs(quiet) + 6, abs=0.01)


def test_the_gain_stops_at_full_scale_and_nothing_is_clipped() -> None:
    spiky = tone(-50, 5)
    spiky[RATE_HZ] = 0.5
    found = Loudness()(spiky)
    assert np.abs(found).max() == 1
    assert np.allclose(found, 2 * spiky, rtol=1e-6)


def test_a_clip_shorter_than_a_block_is_one_block() -> None:
    assert loudness_lufs(tone(-20, 0.1)) == pytest.approx(-20 - STEREO_LU, abs=0.5)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"target_lufs": 1.0}, "target of loudness: -60 to 0 LUFS, found 1"),
        ({"most_gain_db": float("nan")}, "gain of loudness: 0 to 60 dB, found nan"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Loudness(**parameters)
