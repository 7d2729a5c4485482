# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.reports.difficulties import difficulties
from analytic.reports.report import LevelTrack
from tests.analytic.reports import making


def levels(*rms_dbfs: float, step_s: float = 1.0) -> LevelTrack:
    return LevelTrack(step_s, rms_dbfs, rms_dbfs)


LIVELY = levels(*[-60.0] * 10, *[-20.0] * 10)


def test_a_lively_recording_has_none() -> None:
    assert difficulties(LIVELY, 0.0, 1, None) == ()


def test_an_empty_one_has_none() -> None:
    assert difficulties(levels(), 0.0, 0, None) == ()


def test_a_low_level_is_told_with_its_level() -> None:
    (told,) = difficulties(levels(*[-70.0] * 10, *[-55.0] * 10), 0.0, 1, None)
    assert told.startswith("The level is low: 95 % of the recording are below -55 dBFS")


def test_single_bangs_do_not_make_a_quiet_recording_loud() -> None:
    (told,) = difficulties(levels(*[-70.0] * 99, -5.0), 0.0, 1, None)
    assert told.startswith("The level is low")


def test_digital_silence_is_told_as_such_and_not_as_noise() -> None:
    assert difficulties(levels(*[-120.0] * 10), 0.0, 0, None) == (
        "There is no sound in it: the level never rises above -120 dBFS.",
    )


def test_steady_noise_is_told_with_both_levels() -> None:
    (told,) = difficulties(levels(*[-30.0] * 10, *[-24.0] * 10), 0.0, 1, None)
    assert told.startswith("Little stands out: the loud part, at -24 dBFS, is 6 dB above the quiet part, at -30 dBFS;")


def test_a_short_recording_may_be_all_of_one_sound() -> None:
    assert difficulties(levels(-20.0, -20.0), 0.0, 1, None) == ()


def test_a_known_noise_floor_counts_for_the_quiet_part() -> None:
    (told,) = difficulties(LIVELY, 0.0, 1, -25.0)
    assert "is 5 dB above the quiet part, at -25 dBFS" in told


@pytest.mark.parametrize(("share", "is_told"), [(0.0, False), (0.001, False), (0.0011, True), (1.0, True)])
def test_more_than_a_thousandth_of_the_samples_is_clipping(share: float, is_told: bool) -> None:
    assert bool(difficulties(LIVELY, share, 1, None)) is is_told


def test_clipping_is_told_in_percent() -> None:
    (told,) = difficulties(LIVELY, 0.0234, 1, None)
    assert told.startswith("It is clipped: 2.3 % of the samples")


@pytest.mark.parametrize(("classes", "is_told"), [(0, False), (3, False), (4, True), (12, True)])
def test_four_classes_at_once_are_much(classes: int, is_told: bool) -> None:
    assert bool(difficulties(LIVELY, 0.0, classes, None)) is is_told


@given(st.lists(making.DBFS, max_size=20), making.SCORES, st.integers(0, 527), st.none() | making.DBFS)
def test_each_is_one_sentence_with_a_figure(
    rms_dbfs: list[float], share: float, classes: int, floor_dbfs: float | None
) -> None:
    told = difficulties(levels(*rms_dbfs), share, classes, floor_dbfs)
    assert len(told) <= 3
    for sentence in told:
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert any(letter.isdigit() for letter in sentence)
