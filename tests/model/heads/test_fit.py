# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.heads.clips import NEGATIVE, POSITIVE, UNKNOWN
from model.heads.fit import Examples, Logistic, discriminants, regression, weights

SHARES = {"clips": 1.0, "scenes": 0.5}
RECIPE = Logistic(SHARES, ridge=0.01, iterations=50, positives=0.2)


@pytest.fixture
def examples() -> Examples:
    """Two alarms: the first lies along the first feature, the second has no positive. Scenes are shifted by five."""
    random = np.random.default_rng(0)
    features = random.normal(0, 1, (600, 6)).astype(np.float32)
    status = np.zeros((600, 2), np.int8)
    status[::10, 0] = POSITIVE
    status[5::10, 0] = UNKNOWN
    features[::10, 0] += 3.0
    kind = np.array(["clips"] * 400 + ["scenes"] * 200)
    features[400:, 1] += 5.0
    return Examples(features, status, kind)


def test_the_discriminant_points_where_the_alarm_lies(examples: Examples) -> None:
    found = discriminants(examples, SHARES, 0.05)[0]
    assert found[0] == np.abs(found).max()
    assert np.abs(found[1:]).max() < 0.3 * found[0]


def test_an_alarm_without_positives_has_no_direction(examples: Examples) -> None:
    assert not discriminants(examples, SHARES, 0.05)[1].any()


def test_nothing_is_learnt_of_what_tells_clips_from_scenes(examples: Examples) -> None:
    status = examples.status.copy()
    status[400:, 0] = np.where(np.arange(200) % 3 == 0, POSITIVE, NEGATIVE)  # alarms are more frequent in scenes
    found = discriminants(replace(examples, status=status), SHARES, 0.05)[0]
    assert abs(found[1]) < 0.2 * abs(found[0])


def test_regression_finds_the_alarm_from_nothing_and_from_the_discriminant(examples: Examples) -> None:
    nothing = np.zeros((2, 6), np.float32)
    for start in (nothing, discriminants(examples, SHARES, 0.05)):
        found = regression(examples, RECIPE, start)[0]
        assert found[0] > 3 * np.abs(found[1:]).max()


def test_a_strong_ridge_keeps_the_direction_of_the_start(examples: Examples) -> None:
    start = discriminants(examples, SHARES, 0.05)
    found = regression(examples, replace(RECIPE, ridge=1e4), start)
    cosine = found[0] @ start[0] / np.linalg.norm(found[0]) / np.linalg.norm(start[0])
    assert cosine > 0.999


def test_weights_follow_the_shares(examples: Examples) -> None:
    weight = weights(examples, RECIPE)[:, 0]
    positive, scenes = examples.status[:, 0] == POSITIVE, examples.kind == "scenes"
    assert weight.sum() == pytest.approx(1.0, rel=1e-4)
    assert weight[positive].sum() == pytest.approx(0.2, rel=1e-4)
    assert weight[scenes].sum() == pytest.approx(1 / 3, rel=1e-4)
    assert not weight[examples.status[:, 0] == UNKNOWN].any()


def test_without_care_the_doubtful_counts_as_none(examples: Examples) -> None:
    weight = weights(examples, Logistic({"clips": 1.0}, 0.01, 10, careful=False))[:, 0]
    np.testing.assert_allclose(weight[examples.kind == "clips"], 1 / 400, rtol=1e-4)
