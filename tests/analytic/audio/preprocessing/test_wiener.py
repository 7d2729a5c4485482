# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.preprocessing.short_time import analyse, powers
from analytic.audio.preprocessing.wiener import Wiener, tracked_noise

Waveform = NDArray[np.float32]


def test_the_noise_of_white_noise_is_found_to_half_a_db(white: Waveform) -> None:
    power = powers(analyse(white))
    assert abs(10 * np.log10(tracked_noise(power, 1.5).mean() / power.mean())) < 0.5


def test_the_noise_follows_when_it_grows(white: Waveform) -> None:
    grown = np.concatenate((white, 10 * white)).clip(-1, 1)
    noise = 10 * np.log10(tracked_noise(powers(analyse(grown)), 1.5).mean(axis=1))
    assert abs(noise[-30:].mean() - noise[:30].mean() - 20) < 1


def test_a_burst_shorter_than_the_memory_is_no_noise(burst: Waveform, white: Waveform) -> None:
    alone, together = (tracked_noise(powers(analyse(one)), 1.5) for one in (white, white + burst))
    assert 10 * np.log10(together.max() / alone.max()) < 3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"memory_s": 0.1}, "memory of wiener: 0.2 to 10 s, found 0.1"),
        ({"persistence": 1.0}, "persistence of wiener: 0 to 0.999, found 1"),
        ({"reduction_db": float("nan")}, "reduction of wiener: 0 to 60 dB, found nan"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Wiener(**parameters)
