# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Whatever the bytes: a refusal of one of our kinds, or a clip that keeps its promise."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytic.audio.decode import AudioLimits, Decoded, decode
from analytic.errors import BadAudio

LIMITS = AudioLimits(max_duration_s=2.0)
QUICK = settings(max_examples=800, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def _file(form: str, subtype: str, rate_hz: int = 16_000, channels: int = 1) -> bytes:
    file = io.BytesIO()
    signal = np.random.default_rng(5).normal(0, 0.2, (1_500, channels))
    soundfile.write(file, signal, rate_hz, format=form, subtype=subtype)
    return file.getvalue()


VALID = [
    _file("WAV", "PCM_16"),
    _file("WAV", "FLOAT", 44_100, 2),
    _file("WAV", "ULAW", 8_000),
    _file("WAVEX", "PCM_24", 48_000, 3),
    _file("FLAC", "PCM_16"),
    _file("FLAC", "PCM_24", 44_100, 2),
    _file("OGG", "VORBIS"),
    _file("OGG", "OPUS", 48_000, 2),
]
MAGIC = [b"", b"RIFF\x24\0\0\0WAVE", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0", b"fLaC\0\0\0\x22", b"OggS\0\x02"]


def holds(content: bytes) -> bool:
    """Decode; tell whether it was accepted; fail on anything that is neither a refusal of ours nor a right clip."""
    try:
        decoded = decode(content, LIMITS)
    except BadAudio as refusal:
        message = str(refusal)
    else:
        is_right(decoded)
        return True
    assert message.isprintable()
    return False


def is_right(decoded: Decoded) -> None:
    waveform = decoded.clip.waveform
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert waveform.size >= 1
    assert waveform.size <= LIMITS.max_duration_s * 16_000 + 1
    assert np.isfinite(waveform).all()
    assert np.abs(waveform).max() <= 1.0
    assert all(warning.isprintable() for warning in decoded.warnings)


@pytest.mark.parametrize("content", VALID)
def test_the_files_that_are_mutated_below_are_accepted(content: bytes) -> None:
    assert holds(content)


@QUICK
@given(st.sampled_from(MAGIC), st.binary(max_size=300))
def test_random_bytes_are_refused_or_a_clip(magic: bytes, rest: bytes) -> None:
    holds(magic + rest)


@QUICK
@given(
    st.sampled_from(range(len(VALID))),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=12),
    st.booleans(),
)
def test_a_valid_file_with_changed_bytes_is_refused_or_a_clip(
    valid: int, changes: list[tuple[int, int]], in_the_header: bool
) -> None:
    changed = bytearray(VALID[valid])
    reach = min(len(changed), 120) if in_the_header else len(changed)
    for place, byte in changes:
        changed[place % reach] = byte
    holds(bytes(changed))


@QUICK
@given(
    st.sampled_from(range(len(VALID))),
    st.sampled_from(range(len(VALID))),
    st.integers(0, 1 << 16),
    st.integers(0, 1 << 16),
    st.binary(max_size=64),
)
def test_a_valid_file_cut_and_joined_is_refused_or_a_clip(
    first: int, second: int, cut: int, resumed: int, between: bytes
) -> None:
    head, tail = VALID[first], VALID[second]
    holds(head[: cut % (len(head) + 1)] + between + tail[resumed % (len(tail) + 1) :])
