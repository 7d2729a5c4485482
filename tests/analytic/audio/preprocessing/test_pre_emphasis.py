# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.preprocessing.pre_emphasis import PreEmphasis


def test_each_sample_loses_97_percent_of_the_one_before() -> None:
    found = PreEmphasis()(np.array([0.5, 0.5, -0.2, 0.0], np.float32))
    assert found == pytest.approx([0.5, 0.5 - 0.97 * 0.5, -0.2 - 0.97 * 0.5, 0.97 * 0.2], abs=1e-7)


def test_a_coefficient_of_0_changes_nothing(white: NDArray[np.float32]) -> None:
    assert np.array_equal(PreEmphasis(0.0)(white), white)


def test_what_leaves_full_scale_is_scaled_down_in_the_same_shape() -> None:
    found = PreEmphasis(1.0)(np.array([1, -1, 1, -1], np.float32))
    assert found == pytest.approx([0.5, -1, 1, -1])


@pytest.mark.parametrize("coefficient", [-0.1, 1.01, math.nan])
def test_a_coefficient_out_of_range_is_refused(coefficient: float) -> None:
    with pytest.raises(ValueError, match="coefficient of pre_emphasis: 0 to 1, found"):
        PreEmphasis(coefficient)
