# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest

from model.heads.alarm import AlarmHeads
from model.heads.calibrate import calibrated, platt
from model.heads.clips import UNKNOWN
from model.labels import CLASS_COUNT


def test_probabilities_are_those_of_the_prior() -> None:
    """With unit-variance normals two apart, the log odds are 2 x - 2, and the prior's log odds beside."""
    random = np.random.default_rng(0)
    positive = np.arange(40_000) % 2 == 0
    logits = random.normal(np.where(positive, 2.0, 0.0), 1.0)
    slope, shift = platt(logits, positive, 0.05)
    assert slope == pytest.approx(2.0, abs=0.1)
    assert shift == pytest.approx(-2.0 + np.log(0.05 / 0.95), abs=0.15)


def test_the_order_is_kept_even_where_positives_score_low() -> None:
    positive = np.arange(100) < 4
    slope, _ = platt(np.where(positive, -3.0, 0.0), positive)
    assert slope > 0


def test_an_alarm_without_positives_gets_the_map_of_the_others(heads: AlarmHeads) -> None:
    random = np.random.default_rng(0)
    status = np.zeros((500, 2), np.int8)
    status[:50, 0] = 1
    status[:50, 1] = UNKNOWN
    logits = random.normal(0, 1, (500, 2)).astype(np.float32)
    logits[:50, 0] += 3
    found = calibrated(heads, logits, status)
    slope = found.weights[0, 0] / heads.weights[0, 0]
    assert slope > 0
    np.testing.assert_allclose(found.raw / heads.raw, slope, rtol=1e-5)
    scores = random.random((20, CLASS_COUNT)).astype(np.float32)
    pooled = random.normal(1, 2, (20, 4)).astype(np.float32)
    before, after = heads(scores, pooled), found(scores, pooled)
    np.testing.assert_array_equal(np.argsort(before[:, 0]), np.argsort(after[:, 0]))
