# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest

from anonymizers.gate.acoustics import gain_of, noise, through

RATE_HZ = 16_000


def click() -> np.ndarray:
    sound = np.zeros(2 * RATE_HZ, np.float32)
    sound[100] = 1.0
    return sound


@pytest.mark.parametrize(("level_db", "factor"), [(0.0, 1.0), (20.0, 10.0), (-6.0206, 0.5)])
def test_a_gain_is_of_the_amplitude(level_db: float, factor: float) -> None:
    assert gain_of(level_db) == pytest.approx(factor, rel=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_noise_of_any_colour_has_mean_square_1(seed: int) -> None:
    found = noise(RATE_HZ, np.random.default_rng(seed))
    assert found.shape == (RATE_HZ,)
    assert np.square(found).mean() == pytest.approx(1.0, rel=0.05)


def test_a_room_answers_after_the_sound_and_dies_away() -> None:
    heard = through(click(), 0.4, False, np.random.default_rng(1))
    assert not heard[:99].any() or np.abs(heard[:99]).max() < 1e-5
    assert np.square(heard[4000:6000]).sum() < np.square(heard[101:2101]).sum()
    assert np.square(heard).sum() == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("seed", range(8))
def test_a_line_keeps_length_and_energy(seed: int) -> None:
    heard = through(click(), 0.0, True, np.random.default_rng(seed))
    assert heard.shape == click().shape
    assert np.square(heard).sum() == pytest.approx(1.0, rel=1e-3)
