# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.events.level import BLOCK_S, FLOOR_DBFS
from analytic.events.silence import ABOVE_BACKGROUND_DB, Stretch, silence_level_dbfs, stretches

QUIET, LOUD = -60.0, -20.0


def track(*pieces: tuple[float, float]) -> np.ndarray:
    """Levels: each piece so many seconds at so many dBFS."""
    return np.concatenate([np.full(round(seconds / BLOCK_S), dbfs) for seconds, dbfs in pieces])


def borders(found: list[Stretch]) -> list[tuple[float, float]]:
    return [(round(one.onset_s, 3), round(one.offset_s, 3)) for one in found]


class TestTheRecordingsOwnSilence:
    def test_it_lies_some_decibels_above_the_quietest_tenth(self) -> None:
        assert silence_level_dbfs(track((5, QUIET), (5, LOUD))) == QUIET + ABOVE_BACKGROUND_DB

    def test_a_tenth_that_is_quieter_by_chance_does_not_make_it(self) -> None:
        assert silence_level_dbfs(track((0.5, -100), (9.5, QUIET))) == QUIET + ABOVE_BACKGROUND_DB

    def test_it_is_never_above_full_scale(self) -> None:
        assert silence_level_dbfs(track((5, -1.0))) == 0.0

    def test_of_nothing_it_is_the_lowest_level(self) -> None:
        assert silence_level_dbfs(np.empty(0)) == FLOOR_DBFS


class TestStretches:
    def test_a_recording_is_split_where_it_is_silent(self) -> None:
        levels = track((3, QUIET), (2, LOUD), (3, QUIET), (1, LOUD), (1, QUIET))
        assert borders(stretches(levels)) == [(3.0, 5.0), (8.0, 9.0)]

    def test_times_count_from_that_of_the_first_block(self) -> None:
        assert borders(stretches(track((3, QUIET), (2, LOUD), (3, QUIET)), start_s=100.0)) == [(103.0, 105.0)]

    def test_sound_at_both_ends_goes_from_end_to_end(self) -> None:
        assert borders(stretches(track((2, LOUD), (3, QUIET), (2, LOUD)))) == [(0.0, 2.0), (5.0, 7.0)]

    @pytest.mark.parametrize(
        ("silent_s", "least_s", "parts"),
        [(0.45, 0.5, 1), (0.5, 0.5, 2), (1.95, 2.0, 1), (2.0, 2.0, 2), (0.05, 0.05, 2)],
    )
    def test_a_shorter_silence_belongs_to_the_sound_around_it(
        self, silent_s: float, least_s: float, parts: int
    ) -> None:
        levels = track((3, QUIET), (2, LOUD), (silent_s, QUIET), (2, LOUD), (3, QUIET))
        assert len(stretches(levels, least_silence_s=least_s)) == parts

    def test_a_level_that_is_named_decides(self) -> None:
        levels = track((3, -50), (3, -30), (3, -10))
        assert borders(stretches(levels, -40.0)) == [(3.0, 9.0)]
        assert borders(stretches(levels, -20.0)) == [(6.0, 9.0)]
        assert stretches(levels, -5.0) == []

    def test_where_nothing_stands_out_all_of_it_is_sound(self) -> None:
        assert borders(stretches(track((7, QUIET)))) == [(0.0, 7.0)]
        assert borders(stretches(track((7, -1.0)))) == [(0.0, 7.0)]

    def test_digital_silence_has_none(self) -> None:
        assert stretches(np.full(100, FLOOR_DBFS)) == []
        assert stretches(np.full(100, FLOOR_DBFS), -120.0) == []

    def test_nothing_has_none(self) -> None:
        assert stretches(np.empty(0)) == []

    def test_sound_in_digital_silence_is_found(self) -> None:
        assert borders(stretches(track((3, FLOOR_DBFS), (1, -90), (3, FLOOR_DBFS)))) == [(3.0, 4.0)]

    def test_its_level_is_the_mean_of_the_powers_and_its_peak_the_loudest_block(self) -> None:
        (found,) = stretches(track((3, QUIET), (1, -10), (1, -20), (3, QUIET)))
        assert found.rms_dbfs == pytest.approx(10 * np.log10((0.1 + 0.01) / 2))
        assert found.peak_dbfs == -10.0

    def test_silence_within_it_counts(self) -> None:
        (found,) = stretches(track((3, QUIET), (1, -10), (0.4, QUIET), (1, -10), (3, QUIET)))
        assert borders([found]) == [(3.0, 5.4)]
        assert found.rms_dbfs < -10.5


levels = st.lists(st.sampled_from([-120.0, -90.0, -60.0, -45.0, -20.0, -3.0, 0.0]), min_size=1, max_size=120)


@given(levels, st.none() | st.sampled_from([-120.0, -50.0, -20.0, 0.0]), st.sampled_from([0.05, 0.5, 2.0]))
def test_stretches_are_apart_in_order_and_within_the_recording(
    found: list[float], silence_dbfs: float | None, least_s: float
) -> None:
    parts = stretches(np.array(found), silence_dbfs, least_s)
    assert all(0 <= part.onset_s < part.offset_s <= len(found) * BLOCK_S + 1e-9 for part in parts)
    assert all(after.onset_s - before.offset_s >= least_s - 1e-9 for before, after in pairwise(parts))
    assert all(part.rms_dbfs <= part.peak_dbfs + 1e-9 for part in parts)


@given(levels, st.none() | st.sampled_from([-50.0, -20.0]))
def test_what_is_louder_than_silence_is_in_one_of_them(found: list[float], silence_dbfs: float | None) -> None:
    track_ = np.array(found)
    least = silence_level_dbfs(track_) if silence_dbfs is None else silence_dbfs
    parts = stretches(track_, silence_dbfs)
    for block, level in enumerate(found):
        if level > max(least, FLOOR_DBFS):
            assert any(part.onset_s <= (block + 0.5) * BLOCK_S <= part.offset_s for part in parts)
