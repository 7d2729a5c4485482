# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.audio.decode import AudioLimits, decode
from analytic.audio.flac import frames_by_last_header
from analytic.errors import AudioTooLong

Encode = Callable[..., bytes]


@pytest.mark.parametrize("frames", [1, 15, 4_095, 4_096, 4_097, 100_000, 700_001])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_the_last_frame_tells_the_length(encode: Encode, frames: int, channels: int) -> None:
    sound = np.random.default_rng(frames).normal(0, 0.1, (frames, channels))
    assert frames_by_last_header(encode(sound, 16_000, "FLAC")) == frames


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100, 48_000, 50_000, 96_000, 192_000])
def test_it_does_so_at_any_sample_rate_and_depth(encode: Encode, rate_hz: int) -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, 10_000)
    assert frames_by_last_header(encode(sound, rate_hz, "FLAC", "PCM_24")) == 10_000


def test_a_header_that_lies_does_not_change_it(encode: Encode) -> None:
    content = bytearray(encode(np.zeros(50_000), 16_000, "FLAC"))
    content[21:26] = b"\xff" * 5
    assert frames_by_last_header(bytes(content)) == 50_000


def test_a_cut_file_ends_with_its_last_frame_header(encode: Encode) -> None:
    content = encode(np.random.default_rng(2).normal(0, 0.1, 100_000), 16_000, "FLAC")
    found = frames_by_last_header(content[: len(content) // 2])
    assert found is not None
    assert 45_000 < found < 60_000


def test_a_file_without_a_frame_has_no_length(encode: Encode) -> None:
    assert frames_by_last_header(encode(np.zeros(100), 16_000, "FLAC")[:42]) is None


@settings(max_examples=300)
@given(st.binary(min_size=42, max_size=4_000))
def test_any_bytes_give_a_length_or_none(content: bytes) -> None:
    found = frames_by_last_header(b"fLaC" + content)
    assert found is None or found > 0


def test_too_long_a_file_is_refused_without_decoding_it(encode: Encode, monkeypatch: pytest.MonkeyPatch) -> None:
    content = encode(np.zeros(16_000 * 11), 16_000, "FLAC")
    monkeypatch.setattr("soundfile.SoundFile.read", lambda *_args, **_kwargs: pytest.fail("it was decoded"))
    with pytest.raises(AudioTooLong, match="found 11 s"):
        decode(content, AudioLimits(max_duration_s=10))
