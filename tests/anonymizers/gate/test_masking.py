# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest

from anonymizers.gate.masking import by_frame, runs, smoothed, spoken, widened


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def bools(text: str) -> np.ndarray:
    return np.array([letter == "x" for letter in text])


def test_windows_tile_the_sound() -> None:
    # 1024 samples are 4 frames and 2 windows: the first two frames have their middles in the first one.
    assert by_frame(floats(0.25, 0.75), 1024).tolist() == [0.25, 0.25, 0.75, 0.75]


def test_one_window_is_the_whole_sound() -> None:
    assert by_frame(floats(0.5), 1000).tolist() == [0.5] * 4


def test_a_frame_that_the_sound_ends_in_belongs_to_the_last_window() -> None:
    assert by_frame(floats(0.0, 1.0), 257).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("scores", [floats(), np.zeros((2, 2), np.float32), floats(1.5), floats(-0.1), floats(np.nan)])
def test_scores_of_another_form_are_refused(scores: np.ndarray) -> None:
    with pytest.raises(ValueError, match="scores of windows"):
        by_frame(scores, 1000)


def test_smoothing_fills_gaps_and_takes_nothing_away() -> None:
    found = smoothed(floats(0, 1, 0, 1, 0, 0), 3)
    assert found == pytest.approx(floats(1 / 3, 1, 2 / 3, 1, 1 / 3, 0))


@pytest.mark.parametrize("frames", [0, 1])
def test_nothing_is_smoothed_over_a_single_frame(frames: int) -> None:
    assert smoothed(floats(0, 1, 0), frames).tolist() == [0, 1, 0]


def test_a_stretch_reaches_as_far_as_the_low_threshold_where_it_reaches_the_high_one() -> None:
    probability = floats(0.3, 0.1, 0.3, 0.6, 0.3, 0.1, 0.4)
    assert spoken(probability, 0.5, 0.2).tolist() == bools("..xxx..").tolist()


def test_a_mask_is_widened_to_both_sides() -> None:
    assert widened(bools("....x......x"), 1, 2).tolist() == bools("...xxxx...xx").tolist()
    assert widened(bools("x.."), 5, 5).tolist() == [True] * 3
    assert widened(bools("..."), 5, 5).tolist() == [False] * 3
    assert widened(bools(""), 5, 5).tolist() == []


def test_runs_are_told_by_first_and_stop() -> None:
    assert runs(bools("xx..x.xx")) == [(0, 2), (4, 5), (6, 8)]
    assert runs(bools("...")) == []
