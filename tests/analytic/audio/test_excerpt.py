# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A piece of a clip lies where the recording's times say, within what the clip holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.audio.clip import Clip
from analytic.audio.decode import decode
from analytic.audio.excerpt import excerpt, to_wav

SECOND = np.linspace(-1, 1, 16_000).astype(np.float32)


def test_a_piece_between_two_times_is_that_piece() -> None:
    piece = excerpt(Clip(SECOND), 0.25, 0.75)
    np.testing.assert_array_equal(piece.waveform, SECOND[4_000:12_000])
    assert piece.start_s == 0.25


def test_times_are_those_of_the_recording() -> None:
    piece = excerpt(Clip(SECOND, start_s=10.0), 10.5, 10.75)
    np.testing.assert_array_equal(piece.waveform, SECOND[8_000:12_000])
    assert piece.start_s == 10.5


@pytest.mark.parametrize(
    ("start_s", "stop_s", "first", "stop"),
    [(-5, 0.5, 0, 8_000), (0.5, 99, 8_000, 16_000), (-5, 99, 0, 16_000), (0.5, 0.5, 8_000, 8_001),
     (0.5, 0.1, 8_000, 8_001), (7, 9, 15_999, 16_000), (-9, -7, 0, 1), (1, 1, 15_999, 16_000)],
)  # fmt: skip
def test_a_piece_is_cut_to_the_clip_and_never_empty(start_s: float, stop_s: float, first: int, stop: int) -> None:
    np.testing.assert_array_equal(excerpt(Clip(SECOND), start_s, stop_s).waveform, SECOND[first:stop])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(1, 100), st.floats(0, 1e4), st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_any_times_give_a_piece_of_the_clip(size: int, begins_s: float, start_s: float, stop_s: float) -> None:
    clip = Clip(SECOND[:size], begins_s)
    piece = excerpt(clip, start_s, stop_s)
    assert 1 <= piece.waveform.size <= size
    assert begins_s <= piece.start_s <= begins_s + clip.duration_s


@pytest.mark.parametrize("size", [1, 2, 16_000])
def test_a_wav_of_a_clip_is_read_as_that_clip(size: int) -> None:
    content = to_wav(Clip(SECOND[:size]))
    back = decode(content)
    assert content[:4] == b"RIFF"
    assert (back.container, back.encoding, back.sample_rate_hz, back.channels) == ("WAV", "PCM_16", 16_000, 1)
    np.testing.assert_allclose(back.clip.waveform, SECOND[:size], atol=1 / 32_000)
