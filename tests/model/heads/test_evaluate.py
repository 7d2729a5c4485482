# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from model.heads.clips import ALARMS, POSITIVE, UNKNOWN
from model.heads.evaluate import average_precision, compare, held_out, recall, resamples, scenes
from model.heads.lessons import opinion
from model.heads.windows import Windows
from model.labels import CLASS_COUNT

KINDS = len(ALARMS)


def made(rows: int) -> Windows:
    random = np.random.default_rng(0)
    status = np.zeros((rows, KINDS), np.int8)
    status[: rows // 4, 0] = POSITIVE
    parts = np.full((rows, 8), -1, np.int32)
    parts[:, 0] = np.arange(rows)
    scores = random.random((rows, CLASS_COUNT)).astype(np.float32)
    return Windows(scores, random.random((rows, 4)).astype(np.float32), status, parts, np.ones(rows, np.float32))


def test_average_precision_is_that_of_scikit_learn_with_any_weights() -> None:
    random = np.random.default_rng(1)
    positive, score = random.random(300) < 0.1, random.random(300).astype(np.float32)
    weights = random.integers(0, 3, (4, 300)).astype(float)
    expected = [average_precision_score(positive, score, sample_weight=row) for row in weights]
    np.testing.assert_allclose(average_precision(positive, score, weights), expected)
    np.testing.assert_allclose(average_precision(positive, score), average_precision_score(positive, score))


def test_recall_counts_what_lies_above_the_allowed_false_positives() -> None:
    score = np.arange(110, dtype=np.float32)
    positive = np.zeros(110, np.bool_)
    positive[[20, 107, 109]] = True  # the highest others are 108, 106, 105
    assert recall(positive, score, 0.01) == pytest.approx(2 / 3)
    assert recall(positive, score, 0.001) == pytest.approx(1 / 3)


def test_pieces_of_one_recording_are_drawn_together() -> None:
    drawn = resamples(["a", "a", "b", "c"], count=50)
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert drawn[:, 1:].sum(axis=1).tolist() == [3] * 50


def test_every_clip_is_scored_without_its_part() -> None:
    heard, asked = made(12), []
    parts, teaches = np.arange(12) % 3, np.arange(12) < 10

    def fitter(held: np.ndarray[Any, np.dtype[np.bool_]]) -> Any:
        asked.append(held)
        return opinion(4)

    scored = held_out(heard, teaches, parts, fitter, np.ones(12, np.bool_))
    assert len(asked) == 3
    for part, held in enumerate(asked):
        assert held[parts == part].all()
        assert held[~teaches].all()
        assert not held[teaches & (parts != part)].any()
    np.testing.assert_allclose(scored, opinion(4).logits(heard.scores, heard.embeddings))


def test_a_better_scorer_is_seen_to_be_better() -> None:
    heard = made(200)
    positive = heard.status == POSITIVE
    noise = np.random.default_rng(2).normal(0, 1, positive.shape).astype(np.float32)
    named = {"ours": noise + 2 * positive, "plain": noise}
    found = compare(positive, named, [str(row) for row in range(200)], paired=("ours", "plain"))
    assert list(found) == ["glass_break", "mean"]
    row = found["glass_break"]
    assert row["difference"] == pytest.approx(row["ours"]["ap"] - row["plain"]["ap"], abs=0.002)
    assert row["difference_interval"][0] > 0
    assert row["ours"]["ap_interval"][0] < row["ours"]["ap"] < row["ours"]["ap_interval"][1]
    assert found["mean"]["alarms"] == ["glass_break"]


def test_what_is_doubtful_in_a_scene_is_left_out() -> None:
    heard = made(40)
    heard.status[20:, 0] = UNKNOWN
    row = scenes(heard, {"raw": np.zeros((40, KINDS), np.float32)})["glass_break"]
    assert (row["windows"], row["others"]) == (10, 10)
