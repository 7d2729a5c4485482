# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import math

import numpy as np
import pytest

from analytic.audio.preprocessing.limits import check_range, within_full_scale


@pytest.mark.parametrize("found", [0.0, 0.5, 1.0])
def test_what_lies_in_the_range_passes(found: float) -> None:
    check_range("share", found, 0, 1)


@pytest.mark.parametrize("found", [-0.1, 1.1, math.nan, math.inf])
def test_what_lies_outside_or_is_no_number_is_refused_with_the_range(found: float) -> None:
    with pytest.raises(ValueError, match=rf"length: 0 to 1 s, found {found:g}"):
        check_range("length", found, 0, 1, "s")


def test_sound_within_full_scale_stays_as_it_is() -> None:
    waveform = np.array([-1, 0.25, 1], np.float32)
    assert np.array_equal(within_full_scale(waveform), waveform)


def test_sound_beyond_full_scale_is_scaled_down_as_a_whole_not_clipped() -> None:
    found = within_full_scale(np.array([-4.0, 1.0, 2.0]))
    assert found.dtype == np.float32
    assert found.tolist() == [-1.0, 0.25, 0.5]
