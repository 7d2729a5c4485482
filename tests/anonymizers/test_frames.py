# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers.frames import cut, join, raised_cosine


@pytest.mark.parametrize("size", [2, 4, 512, 4000])
def test_windows_that_overlap_by_half_add_up_to_1(size: int) -> None:
    window = raised_cosine(size)
    assert np.allclose(window[: size // 2] + window[size // 2 :], 1, rtol=0, atol=1e-14)
    assert np.allclose(window, window[::-1])
    assert (window > 0).all()


@given(samples=st.integers(1, 300), hop=st.integers(1, 100), mirrored=st.booleans())
def test_what_was_cut_and_weighted_is_joined_to_what_it_was(samples: int, hop: int, mirrored: bool) -> None:
    sound = np.random.default_rng(samples).uniform(-1, 1, samples)
    frames = cut(sound, hop, mirrored=mirrored)
    assert frames.shape == (-(-samples // hop) + 1, 2 * hop)
    assert np.allclose(join(frames * raised_cosine(2 * hop), samples), sound, rtol=0, atol=1e-12)


def test_a_frame_has_its_middle_at_a_multiple_of_the_hop() -> None:
    frames = cut(np.arange(10.0), 4)
    assert frames.tolist() == [
        [0, 0, 0, 0, 0, 1, 2, 3],
        [0, 1, 2, 3, 4, 5, 6, 7],
        [4, 5, 6, 7, 8, 9, 0, 0],
        [8, 9, 0, 0, 0, 0, 0, 0],
    ]


def test_beyond_its_ends_a_sound_can_be_mirrored() -> None:
    assert cut(np.arange(4.0), 2, mirrored=True).tolist() == [[1, 0, 0, 1], [0, 1, 2, 3], [2, 3, 3, 2]]
