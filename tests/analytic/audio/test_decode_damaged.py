# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Headers that lie, files that break off, and what all of that may cost."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import textwrap
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from analytic.audio.decode import AudioLimits, decode
from analytic.errors import AudioTooLong, BadAudio, EmptyAudio, NotAudio

Encode = Callable[..., bytes]

ROOT = Path(__file__).parents[3]
FORMAT = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16)
SAMPLES = np.random.default_rng(3).integers(-20_000, 20_000, 16_001, np.int16)
SOUND = SAMPLES.tobytes()
EXPECTED = SAMPLES.astype(np.float32) / 32_768


def riff(*chunks: bytes, declared: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if declared is None else declared) + body


def chunk(name: bytes, body: bytes, declared: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if declared is None else declared) + body + b"\0" * (len(body) % 2)


def with_total_samples(content: bytes, total: int) -> bytes:
    changed = bytearray(content)
    changed[21] = changed[21] & 0xF0 | total >> 32
    changed[22:26] = (total & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(changed)


@pytest.fixture(scope="module")
def flac(encode: Encode) -> bytes:
    return encode(SAMPLES, form="FLAC")


@pytest.mark.parametrize("riff_size", [0, 36, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("declared", [0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF])
def test_a_piped_wav_is_analysed_to_its_end_and_told(declared: int, riff_size: int) -> None:
    decoded = decode(riff(FORMAT, chunk(b"data", SOUND, declared), declared=riff_size))
    np.testing.assert_array_equal(decoded.clip.waveform, EXPECTED)
    (warning,) = decoded.warnings
    assert warning == (
        f"the WAV header declares {declared} bytes of sound, the file holds {len(SOUND)}: analysed as far as it goes"
    )


@pytest.mark.parametrize("declared", [2, 100, 101, 16_000, 32_000])
def test_a_wav_that_declares_too_little_with_nothing_sensible_behind_is_analysed_whole(declared: int) -> None:
    decoded = decode(riff(FORMAT, chunk(b"data", SOUND, declared)))
    np.testing.assert_array_equal(decoded.clip.waveform, EXPECTED)
    assert len(decoded.warnings) == 1


def test_chunks_behind_the_sound_are_not_heard() -> None:
    decoded = decode(
        riff(FORMAT, chunk(b"data", SOUND), chunk(b"LIST", b"INFOISFT" + bytes(500)), chunk(b"id3 ", SOUND))
    )
    np.testing.assert_array_equal(decoded.clip.waveform, EXPECTED)
    assert decoded.warnings == ()


@pytest.mark.parametrize("text", [b"INFO", b"INFOodd", b"INFO" + b"x" * 1_001])
def test_chunks_before_the_sound_are_skipped_with_their_padding(text: bytes) -> None:
    decoded = decode(riff(FORMAT, chunk(b"LIST", text), chunk(b"JUNK", bytes(27)), chunk(b"data", SOUND)))
    np.testing.assert_array_equal(decoded.clip.waveform, EXPECTED)
    assert decoded.warnings == ()


def test_a_piped_wav_with_a_list_before_its_sound_is_analysed_whole() -> None:
    decoded = decode(riff(FORMAT, chunk(b"LIST", b"INFOodd"), chunk(b"data", SOUND, 0), declared=0xFFFFFFFF))
    np.testing.assert_array_equal(decoded.clip.waveform, EXPECTED)


def test_a_last_byte_that_is_no_whole_sample_is_left_out() -> None:
    decoded = decode(riff(FORMAT, chunk(b"data", SOUND[:-1])))
    np.testing.assert_array_equal(decoded.clip.waveform, EXPECTED[:-1])


@pytest.mark.parametrize("kept", [46, 47, 1_000, 32_045])
def test_a_wav_that_breaks_off_is_analysed_as_far_as_it_goes(kept: int) -> None:
    content = riff(FORMAT, chunk(b"data", SOUND))[:kept]
    decoded = decode(content)
    np.testing.assert_array_equal(decoded.clip.waveform, EXPECTED[: (kept - 44) // 2])
    assert len(decoded.warnings) == 1


@pytest.mark.parametrize("kept", [12, 36, 43, 44, 45])
def test_a_wav_that_breaks_off_before_its_first_frame_is_empty(kept: int) -> None:
    with pytest.raises(EmptyAudio):
        decode(riff(FORMAT, chunk(b"data", SOUND))[:kept])


def test_a_wav_without_a_format_is_damaged() -> None:
    with pytest.raises(NotAudio, match="a damaged WAV file"):
        decode(riff(chunk(b"data", SOUND)))


def test_a_wav_with_no_channel_is_refused() -> None:
    with pytest.raises(BadAudio):
        decode(riff(FORMAT.replace(struct.pack("<HH", 1, 1), struct.pack("<HH", 1, 0)), chunk(b"data", SOUND)))


def test_a_flac_of_unknown_length_is_analysed_whole_and_nothing_is_wrong_with_it(flac: bytes) -> None:
    decoded = decode(with_total_samples(flac, 0))
    np.testing.assert_array_equal(decoded.clip.waveform, EXPECTED)
    assert decoded.warnings == ()


@pytest.mark.parametrize("total", [1, 16_000, 16_002, 160_000, 1 << 33, (1 << 36) - 1])
def test_a_flac_that_declares_another_length_is_analysed_whole_and_told(flac: bytes, total: int) -> None:
    decoded = decode(with_total_samples(flac, total))
    np.testing.assert_array_equal(decoded.clip.waveform, EXPECTED)
    assert decoded.warnings == (
        f"the FLAC header declares {total} frames, the file holds 16001: analysed as far as it goes",
    )


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("part", [0.4, 0.6, 0.9, 0.999])
def test_a_flac_that_breaks_off_is_analysed_as_far_as_it_goes(flac: bytes, part: float, declared: bool) -> None:
    content = flac if declared else with_total_samples(flac, 0)
    decoded = decode(content[: int(len(content) * part)])
    size = decoded.clip.waveform.size
    assert SAMPLES.size * part - 4_200 < size < SAMPLES.size
    np.testing.assert_array_equal(decoded.clip.waveform, EXPECTED[:size])
    (warning,) = decoded.warnings
    assert "analysed as far as it goes" in warning
    assert str(size) in warning


@pytest.mark.parametrize("kept", [42, 86, 90, 120])
def test_a_flac_that_breaks_off_before_its_first_frame_is_refused(flac: bytes, kept: int) -> None:
    with pytest.raises((EmptyAudio, NotAudio)):
        decode(flac[:kept])


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("part", [0.5, 0.7, 0.9])
def test_an_ogg_that_breaks_off_is_analysed_as_far_as_it_goes_and_told(
    encode: Encode, noise: NDArray[np.float32], subtype: str, part: float
) -> None:
    content = encode(noise, form="OGG", subtype=subtype)
    decoded = decode(content[: int(len(content) * part)])
    assert 0.2 * noise.size < decoded.clip.waveform.size < noise.size
    assert decoded.warnings
    assert "analysed as far as it goes" in decoded.warnings[0]


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("kept", [27, 58, 300])
def test_an_ogg_that_breaks_off_within_its_headers_is_refused(
    encode: Encode, noise: NDArray[np.float32], subtype: str, kept: int
) -> None:
    with pytest.raises((EmptyAudio, NotAudio)):
        decode(encode(noise, form="OGG", subtype=subtype)[:kept])


@pytest.mark.parametrize("declared", [0, 8_000 * 60])
def test_a_long_flac_is_not_decoded_past_the_limit_whatever_its_header_says(
    monkeypatch: pytest.MonkeyPatch, encode: Encode, declared: int
) -> None:
    content = with_total_samples(encode(np.zeros(8_000 * 60, np.int16), 8_000, "FLAC"), declared)
    _is_not_decoded_past(monkeypatch, content, 8_000)


@pytest.mark.parametrize("declared", [0, 2 * 8_000 * 60, 0xFFFFFFFF])
def test_a_long_wav_is_not_decoded_past_the_limit_whatever_its_header_says(
    monkeypatch: pytest.MonkeyPatch, declared: int
) -> None:
    format_8k = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 16_000, 2, 16)
    content = riff(format_8k, chunk(b"data", bytes(2 * 8_000 * 60), declared))
    _is_not_decoded_past(monkeypatch, content, 8_000)


def _is_not_decoded_past(monkeypatch: pytest.MonkeyPatch, content: bytes, limit_frames: int) -> None:
    asked: list[int] = []
    read = soundfile.SoundFile.read

    def counted(self: object, frames: int = -1, **options: object) -> object:
        block = read(self, frames, **options)
        asked.append(len(block))
        return block

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    with pytest.raises(AudioTooLong):
        decode(content, AudioLimits(max_duration_s=limit_frames / 8_000))
    assert sum(asked) <= limit_frames + (1 << 18)


def test_a_flac_that_claims_2_36_frames_costs_next_to_nothing(flac: bytes) -> None:
    tracemalloc.start()
    try:
        decode(with_total_samples(flac, (1 << 36) - 1))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4 << 20


GROWTH = """
    import io, resource, sys
    from analytic.audio.decode import decode
    from analytic.errors import BadAudio
    content = sys.stdin.buffer.read()
    try:
        decode(content[:0] or content[:100])
    except BadAudio:
        pass
    def peak_kib():
        return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
    before = peak_kib()
    samples = decode(content).clip.waveform.size
    print(peak_kib() - before, samples)
"""


def test_ten_minutes_of_8_channels_grow_the_memory_by_less_than_256_mib(long_flac: Callable[..., bytes]) -> None:
    content = long_flac(600, rate_hz=48_000, channels=8)
    assert len(content) < 100_000
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(GROWTH)], input=content, capture_output=True, cwd=ROOT, check=True
    )
    grown_kib, samples = map(int, done.stdout.split())
    assert samples == 600 * 16_000
    assert 38_000 < grown_kib < 256 * 1024, "at least the clip itself, or nothing was measured"


def test_the_silence_made_for_these_tests_is_what_the_library_reads(long_flac: Callable[..., bytes]) -> None:
    info = soundfile.info(io.BytesIO(long_flac(601, rate_hz=192_000, channels=8)))
    assert (info.frames, info.samplerate, info.channels, info.format) == (601 * 192_000, 192_000, 8, "FLAC")


@pytest.mark.parametrize("seconds", [601, 1_200])
def test_a_small_file_with_hours_of_work_in_it_is_refused_within_2_seconds(
    long_flac: Callable[..., bytes], seconds: int
) -> None:
    content = long_flac(seconds, rate_hz=192_000, channels=8)
    assert len(content) < 200_000
    began = time.thread_time()
    with pytest.raises(AudioTooLong):
        decode(content)
    assert time.thread_time() - began < 2.0
