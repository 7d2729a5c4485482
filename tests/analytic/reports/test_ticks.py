# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.reports.ticks import of_mel_bands, of_time


@pytest.mark.parametrize(
    ("duration_s", "name", "first", "last"),
    [
        (3.0, "time (s)", ["0", "0.5", "1"], "3"),
        (10.0, "time (s)", ["0", "1", "2"], "10"),
        (600.0, "time (m:ss)", ["0:00", "1:00", "2:00"], "10:00"),
        (7200.0, "time (h:mm:ss)", ["0:00:00", "0:15:00", "0:30:00"], "2:00:00"),
    ],
)
def test_the_longer_the_recording_the_coarser_the_time(
    duration_s: float, name: str, first: list[str], last: str
) -> None:
    ticks = of_time(duration_s)
    assert (ticks.name, ticks.texts[:3], ticks.texts[-1]) == (name, first, last)


@given(st.floats(0.01, 1e7))
def test_there_are_few_ticks_and_no_two_read_alike(duration_s: float) -> None:
    ticks = of_time(duration_s)
    assert 1 <= len(ticks.places) <= 11
    assert len(set(ticks.texts)) == len(ticks.texts) == len(ticks.places)
    assert ticks.places[-1] <= duration_s * (1 + 1e-6)


def test_frequencies_stand_where_their_bands_are() -> None:
    ticks = of_mel_bands(np.array([100.0, 1000.0, 3000.0, 8000.0]))
    assert dict(zip(ticks.texts, ticks.places, strict=True))["1000"] == 1.0
    assert ticks.texts[-1] == "8000"
    assert ticks.places == sorted(ticks.places)


@pytest.mark.parametrize("bands", [1, 2, 16, 40, 64, 128])
def test_frequencies_do_not_crowd(bands: int) -> None:
    ticks = of_mel_bands(700 * (np.exp(np.linspace(50, 2840, bands) / 1127) - 1))
    assert ticks.texts
    assert all(after - before >= 0.045 * bands for before, after in pairwise(ticks.places))


def test_one_band_is_named_by_its_centre() -> None:
    assert of_mel_bands(np.array([440.4])).texts == ["440"]


def test_no_bands_have_no_ticks() -> None:
    assert of_mel_bands(np.array([])).places == []
