# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A picture of a recording of any length: levels where they belong, in bounded memory, however the sound comes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.spectrum import BANDS, FLOOR_DB, HIGHEST_HZ, LOWEST_HZ, MelColumns, centres_hz

RATE_HZ = 16_000


def tone(hz: float, seconds: float, level: float = 1.0) -> NDArray[np.float32]:
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def picture(*pieces: NDArray[np.float32]) -> MelColumns:
    columns = MelColumns()
    for piece in pieces:
        columns.push(piece)
    return columns


def test_the_bands_rise_from_the_lowest_to_the_highest_frequency() -> None:
    centres = centres_hz()
    assert centres.shape == (BANDS,)
    assert (np.diff(centres) > 0).all()
    assert LOWEST_HZ < centres[0] < centres[-1] < HIGHEST_HZ


@pytest.mark.parametrize("hz", [200.0, 440.0, 1_000.0, 3_000.0, 6_000.0])
def test_a_tone_stands_in_its_own_band_near_its_level(hz: float) -> None:
    power = picture(tone(hz, 2)).power_db()
    loudest = int(power.mean(axis=1).argmax())
    assert abs(loudest - int(np.abs(centres_hz() - hz).argmin())) <= 1
    assert -12 < power[loudest].mean() < 4


@pytest.mark.parametrize("down_db", [20.0, 40.0])
def test_a_quieter_tone_is_as_much_lower(down_db: float) -> None:
    loud, quiet = (picture(tone(1_000, 2, level)).power_db().max() for level in (1.0, 10 ** (-down_db / 20)))
    assert loud - quiet == pytest.approx(down_db, abs=0.1)


def test_silence_is_the_floor() -> None:
    power = picture(np.zeros(RATE_HZ, np.float32)).power_db()
    assert (power == FLOOR_DB).all()
    assert power.dtype == np.float32


def test_nothing_makes_no_column_and_less_than_a_column_waits() -> None:
    assert MelColumns().power_db().shape == (BANDS, 0)
    assert picture(np.ones(2_047, np.float32)).power_db().shape == (BANDS, 0)
    assert picture(np.ones(2_047, np.float32), np.ones(1, np.float32)).power_db().shape == (BANDS, 1)


@pytest.mark.parametrize("size", [1, 100, 2_047, 2_048, 5_000, 100_000])
def test_the_pieces_in_which_it_comes_do_not_matter(size: int) -> None:
    sound = np.random.default_rng(3).normal(0, 0.1, 20_000 if size == 1 else 400_000).astype(np.float32)
    pieces = picture(*(sound[at : at + size] for at in range(0, sound.size, size)))
    np.testing.assert_allclose(pieces.power_db(), picture(sound).power_db(), atol=1e-3)


def test_columns_of_a_long_recording_are_put_together() -> None:
    columns, second = MelColumns(), np.random.default_rng(3).normal(0, 0.1, RATE_HZ).astype(np.float32)
    steps = set()
    for _ in range(1_000):
        columns.push(second)
        steps.add(columns.step_s)
        assert columns.power_db().shape[1] <= 1_600
    assert steps == {0.128, 0.256, 0.512, 1.024}
    assert columns.power_db().shape[1] * columns.step_s == pytest.approx(1_000, abs=1.1)


def test_what_is_loud_for_a_while_stays_where_it_was() -> None:
    quiet, loud = np.zeros(RATE_HZ, np.float32), tone(1_000, 1)
    columns = picture(*(loud if second == 300 else quiet for second in range(600)))
    levels = columns.power_db().max(axis=0)
    assert int(levels.argmax()) * columns.step_s == pytest.approx(300, abs=1)
    assert (levels > -60).sum() * columns.step_s < 2


def test_eight_hours_take_no_more_memory_than_a_minute() -> None:
    columns, minute = MelColumns(), np.random.default_rng(3).normal(0, 0.1, 60 * RATE_HZ).astype(np.float32)
    columns.push(minute)
    tracemalloc.start()
    try:
        for _ in range(60):
            columns.push(minute)
        assert tracemalloc.get_traced_memory()[0] < 1 << 20
    finally:
        tracemalloc.stop()
