# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest

from benchmarks.privacy.metrics import (
    equal_error_rate,
    guessing,
    interval,
    speaker_interval,
    split,
    true_positives_at,
    word_error_rate,
    word_errors,
    words_found,
)


def test_scores_that_do_not_overlap_have_no_errors() -> None:
    assert equal_error_rate(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 0


def test_scores_the_wrong_way_round_are_all_errors() -> None:
    assert equal_error_rate(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 1


def test_one_genuine_trial_of_four_below_one_impostor_of_four_is_a_quarter() -> None:
    assert equal_error_rate(np.array([0.4, 0.7, 0.8, 0.9]), np.array([0.1, 0.2, 0.3, 0.6])) == pytest.approx(0.25)


def test_the_same_scores_on_both_sides_are_half_errors() -> None:
    scores = np.random.default_rng(0).normal(size=2000)
    assert equal_error_rate(scores[:1000], scores[1000:]) == pytest.approx(0.5, abs=0.03)
    assert equal_error_rate(np.ones(5), np.ones(5)) == pytest.approx(0.5)


def test_two_normal_distributions_two_deviations_apart_have_the_errors_of_one_deviation() -> None:
    rng = np.random.default_rng(1)
    errors = equal_error_rate(rng.normal(2, 1, 50_000), rng.normal(0, 1, 50_000))
    assert errors == pytest.approx(0.1587, abs=0.004)


def test_true_positives_count_above_what_one_percent_of_the_impostors_exceed() -> None:
    impostors = np.arange(100.0)
    assert true_positives_at(np.array([97.5, 98.5, 200.0, 0.0]), impostors) == 0.5


@pytest.mark.parametrize(
    ("reference", "found", "errors"),
    [
        ("the key is here", "the key is here", 0),
        ("the key is here", "the key here", 1),
        ("the key is here", "a key is right here", 2),
        ("the key", "", 2),
        ("", "the key", 2),
    ],
)
def test_word_errors_are_the_fewest_edits(reference: str, found: str, errors: int) -> None:
    assert word_errors(reference.split(), found.split()) == errors


def test_the_word_error_rate_weighs_sentences_by_their_words() -> None:
    assert word_error_rate([["a"], ["b", "c", "d"]], [["x"], ["b", "c", "d"]]) == 0.25


def test_a_word_is_found_as_often_as_it_was_said() -> None:
    assert words_found(["seven", "seven", "door"], ["door", "seven", "key"]) == 2


def test_an_interval_holds_the_mean_and_narrows_with_more_units() -> None:
    values = np.tile([0.0, 1.0], 200)
    few, many = (interval(values[:count], list(range(count))) for count in (20, 400))
    assert few[0] < 0.5 < few[1]
    assert many[1] - many[0] < few[1] - few[0]


def test_values_of_one_unit_are_drawn_together() -> None:
    values = np.repeat([0.0, 1.0], 100)
    assert interval(values, [0] * 100 + [1] * 100) == [0.0, 1.0]


def test_speakers_that_are_told_apart_stay_so_whoever_is_drawn() -> None:
    scores = np.repeat(np.eye(6)[:, :, None], 2, axis=2)
    assert speaker_interval(scores, equal_error_rate) == [0.0, 0.0]
    genuine, impostor = split(scores)
    assert (genuine.size, impostor.size) == (12, 60)


def test_the_luckiest_of_many_who_guess_is_luckier_than_one() -> None:
    rng = np.random.default_rng(2)
    truth = np.repeat(np.arange(20), 4)
    drawn = rng.integers(0, 20, (30, 80))
    assert guessing(drawn[:1], truth)["mean"] == pytest.approx(0.05, abs=0.01)
    assert guessing(drawn, truth)["mean"] > 0.08
