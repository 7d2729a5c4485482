# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from model.evaluation import metrics


def scores(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, np.float32)


def test_a_perfect_order_has_an_average_precision_of_one() -> None:
    present = np.array([True, False, True, False])
    assert metrics.average_precision(present, np.array([0.9, 0.2, 0.8, 0.1], np.float32)) == 1.0


def test_average_precision_of_a_known_order() -> None:
    present = np.array([False, True, False, True])
    found = metrics.average_precision(present, np.array([0.9, 0.8, 0.7, 0.6], np.float32))
    assert found == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_the_top_five_come_highest_first_and_ties_by_index() -> None:
    row = [0.1, 0.5, 0.5, 0.9, 0.2, 0.3, 0.0]
    assert metrics.top_five(scores(row)).tolist() == [[3, 1, 2, 5, 4]]


def test_a_label_hits_from_the_fifth_place_and_not_from_the_sixth() -> None:
    row = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    known = np.zeros((2, 6), bool)
    known[0, 4] = known[1, 5] = True
    assert metrics.label_hits(scores(row, row), known).tolist() == [True, False]


def test_a_tagger_agrees_with_itself() -> None:
    random = np.random.default_rng(1).random((20, 527)).astype(np.float32)
    found = metrics.agreement(random, random)
    assert found["top_1_same"] == found["top_1_in_reference_top_5"] == found["top_5_shared"] == 1.0
    assert found["mean_score_difference"] == 0.0


def test_agreement_counts_the_top_class_among_the_references_five() -> None:
    ours = scores([0.9, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0.9])
    theirs = scores(*[[0.5, 0.4, 0.3, 0.25, 0.6, 0.1, 0.0]] * 2)
    found = metrics.agreement(ours, theirs)
    assert found["top_1_in_reference_top_5"] == 0.5
    assert found["top_1_same"] == 0.0


def test_scores_that_are_right_as_often_as_they_say_have_no_calibration_error() -> None:
    given = np.full((10, 10), 0.25, np.float32)
    known = np.zeros((10, 10), bool)
    known.flat[:25] = True
    entries = metrics.reliability(given, known)
    assert entries == [{"from": 0.2, "pairs": 100, "mean_score": 0.25, "labelled": 0.25}]
    assert metrics.calibration_error(entries) == pytest.approx(0.0)
    assert metrics.calibration_error(metrics.reliability(given, ~known)) == pytest.approx(0.5)
