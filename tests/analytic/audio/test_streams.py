# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A recording of any length comes piece by piece: what is accepted, what is not, within which limits."""

from __future__ import annotations

import builtins
import io
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.bytes_at import Held
from analytic.audio.decode import decode
from analytic.audio.streams import FORMATS, SoundStream, StreamLimits, open_stream
from analytic.errors import (
    AudioTooLong,
    BadAudio,
    EmptyAudio,
    ExtraMissing,
    NotAudio,
    SampleRateOutOfRange,
    TooManyChannels,
    UnsupportedEncoding,
)

Encode = Callable[..., bytes]
RATE_HZ = 16_000
TONE = (0.4 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE_HZ) / RATE_HZ)).astype(np.float32)
needs_av = pytest.mark.skipif("not __import__('importlib.util').util.find_spec('av')", reason="needs the extra video")


class Forwards(Held):
    """Bytes that are read from front to back; nobody knows how many."""

    seekable = False

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.size = None
        self._at = 0

    def read_at(self, offset: int, count: int) -> bytes:
        assert offset in (0, self._at), "read out of order"
        found = super().read_at(offset, count)
        self._at = offset + len(found)
        return found


def sound(stream: SoundStream) -> NDArray[np.float32]:
    """All of a recording, whose blocks keep what they promise."""
    blocks = list(stream.blocks)
    for block in blocks:
        assert block.dtype == np.float32
        assert block.ndim == 1
        assert block.size
        assert np.abs(block).max() <= 1
    return np.concatenate(blocks)


def opened(content: bytes, **limits: Any) -> SoundStream:
    return open_stream(Held(content), StreamLimits(**limits))


def level(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(samples[RATE_HZ // 4 : -RATE_HZ // 4] ** 2)))


@pytest.mark.parametrize(
    ("form", "subtype"),
    [("WAV", "PCM_16"), ("WAV", "PCM_U8"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"),
     ("WAV", "ULAW"), ("WAV", "ALAW"), ("WAVEX", "PCM_16"), ("FLAC", "PCM_16"), ("FLAC", "PCM_24"),
     ("OGG", "VORBIS"), ("OGG", "OPUS")],
)  # fmt: skip
@pytest.mark.parametrize(("rate_hz", "channels"), [(8_000, 1), (16_000, 2), (48_000, 1)])
def test_what_is_decoded_as_a_clip_is_the_same_as_a_stream(
    encode: Encode, form: str, subtype: str, rate_hz: int, channels: int
) -> None:
    content = encode(np.repeat(TONE[:, None], channels, axis=1), rate_hz, form, subtype)
    clip = decode(content)
    stream = opened(content)
    samples = sound(stream)
    assert samples.size == clip.clip.waveform.size
    np.testing.assert_allclose(samples, clip.clip.waveform, atol=1e-6)
    about = stream.about
    assert (about.encoding, about.sample_rate_hz, about.channels) == (subtype, rate_hz, channels)
    assert about.declared_s is None or about.declared_s == pytest.approx(TONE.size / rate_hz, abs=0.1)
    assert stream.warnings == []


BY_PYAV = [
    ("mp4", "aac", 48_000, "MP4", "aac"),
    ("mov", "pcm_s16le", 16_000, "MP4", "pcm_s16le"),
    ("webm", "libopus", 48_000, "Matroska", "opus"),
    ("matroska", "pcm_f32le", 16_000, "Matroska", "pcm_f32le"),
    ("mp3", "mp3", 44_100, "mp3", "mp3float"),
    ("adts", "aac", 44_100, "aac", "aac"),
    ("mpegts", "aac", 44_100, "mpegts", "aac"),
    ("avi", "pcm_s16le", 16_000, "avi", "pcm_s16le"),
    ("flv", "mp3", 44_100, "flv", "mp3float"),
]


@needs_av
@pytest.mark.parametrize(("form", "codec", "rate_hz", "container", "encoding"), BY_PYAV)
@pytest.mark.parametrize("kind", [Held, Forwards])
def test_sound_in_other_containers_is_heard(
    kind: type[Held], form: str, codec: str, rate_hz: int, container: str, encoding: str
) -> None:
    from tests.analytic.listen.media import encoded

    times = np.arange(2 * rate_hz) / rate_hz
    content = encoded((0.4 * np.sin(2 * np.pi * 440 * times)).astype(np.float32), form, codec, rate_hz)
    stream = open_stream(kind(content), StreamLimits())
    samples = sound(stream)
    assert samples.size == pytest.approx(2 * RATE_HZ, abs=0.15 * RATE_HZ)
    assert level(samples) == pytest.approx(0.4 / np.sqrt(2), rel=0.08)
    assert (stream.about.container, stream.about.sample_rate_hz) == (container, rate_hz)
    assert stream.about.encoding in (encoding, "mp3", "libopus")


@needs_av
def test_a_recording_whose_index_is_at_its_end_must_be_sought() -> None:
    from tests.analytic.listen.media import encoded

    content = encoded(np.tile(TONE, 30), "mov", "pcm_s16le", 16_000)
    assert sound(opened(content)).size == 30 * TONE.size
    with pytest.raises(NotAudio):
        sound(open_stream(Forwards(content), StreamLimits()))


@needs_av
@pytest.mark.parametrize("name", ["aiff", "au", "caf", "w64", "rf64", "ima.wav", "asf", "3gp", "amr", "alac.mov", "mkv",
                                  "ac3", "eac3", "tta", "wv", "ts", "mpg", "opus.mp4", "fragmented.mp4"])  # fmt: skip
def test_the_kin_are_heard_too(name: str) -> None:
    from benchmarks.fuzz.seeds import seeds

    samples = sound(opened(seeds()[name]))
    assert 0.15 * RATE_HZ < samples.size < 0.4 * RATE_HZ
    assert np.abs(samples).max() > 0.1


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG"])
def test_bytes_that_cannot_be_sought_are_heard_from_front_to_back(encode: Encode, form: str) -> None:
    pytest.importorskip("av", reason="what cannot be sought needs the extra video")
    content = encode(TONE, form=form)
    samples = sound(open_stream(Forwards(content), StreamLimits()))
    assert samples.size == pytest.approx(TONE.size, abs=300)
    assert level(samples) == pytest.approx(level(TONE), rel=0.05)


@needs_av
def test_a_fragmented_mp4_is_heard_from_front_to_back() -> None:
    from benchmarks.fuzz.seeds import seeds

    content = seeds()["fragmented.mp4"]
    np.testing.assert_array_equal(sound(open_stream(Forwards(content), StreamLimits())), sound(opened(content)))


@needs_av
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1", "7.1"])
def test_all_channels_are_mixed(layout: str) -> None:
    samples = sound(opened(surround(layout)))
    assert samples.size == pytest.approx(RATE_HZ, abs=0.15 * RATE_HZ)
    assert level(samples) == pytest.approx(0.4 / np.sqrt(2), rel=0.2)  # a channel for the lowest alone


def surround(layout: str) -> bytes:
    """A second of a tone in all channels, as AAC: one plane for each channel."""
    import av

    file = io.BytesIO()
    times = np.arange(48_000) / 48_000
    tone = (0.4 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream("aac", rate=48_000, layout=layout)
        stream.codec_context.bit_rate = 512_000
        channels = av.AudioLayout(layout).nb_channels
        frame = av.AudioFrame.from_ndarray(np.repeat(tone, channels)[None], format="flt", layout=layout)
        frame.sample_rate = 48_000
        resampler = av.AudioResampler("fltp", layout, 48_000, frame_size=1_024)
        for one in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    return file.getvalue()


NOT_ACCEPTED = {
    "nothing": (b"", EmptyAudio),
    "text": (b"hello" * 100, NotAudio),
    "HTML": (b"<!doctype html><audio src=http://127.0.0.1:1/a.wav>", NotAudio),
    "PDF": (b"%PDF-1.7\n" + bytes(999), NotAudio),
    "zip": (b"PK\x03\x04" + bytes(999), NotAudio),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(999), NotAudio),
    "GIF": (b"GIF89a" + bytes(999), NotAudio),
    "ELF": (b"\x7fELF\2\1\1" + bytes(999), NotAudio),
    "HLS": (b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", NotAudio),
    "concat": (b"ffconcat version 1.0\nfile /etc/passwd\n", NotAudio),
    "SDP": (b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n", NotAudio),
    "MPD": (b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>', NotAudio),
    "zeros": (bytes(100_000), NotAudio),
    "ones": (b"\xff" * 100_000, NotAudio),
    "a header of WAV": (b"RIFF\x24\0\0\0WAVE", NotAudio),
    "a header of FLAC": (b"fLaC\0\0\0\x22" + bytes(34), BadAudio),
    "a header of Ogg": (b"OggS" + bytes(60), NotAudio),
    "a header of MP4": (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", NotAudio),
    "a header of Matroska": (b"\x1aE\xdf\xa3\x93B\x82\x88matroska", NotAudio),
}


@needs_av
@pytest.mark.parametrize("what", NOT_ACCEPTED)
def test_what_is_no_recording_is_refused(what: str) -> None:
    content, kind = NOT_ACCEPTED[what]
    with pytest.raises(kind) as refusal:
        sound(opened(content))
    assert str(refusal.value).isprintable()
    assert "root:" not in str(refusal.value)


@needs_av
def test_video_without_sound_is_refused() -> None:
    from tests.analytic.listen.media import picture

    with pytest.raises(NotAudio, match="without a track of sound"):
        opened(picture())


@needs_av
@pytest.mark.parametrize("form", ["RAW", "SVX", "VOC", "MAT5", "NIST", "IRCAM", "PAF", "HTK", "AVR"])
def test_containers_that_nobody_needs_are_refused_though_libraries_read_them(encode: Encode, form: str) -> None:
    try:
        content = encode(TONE, form=form, subtype="PCM_16")
    except Exception as error:  # noqa: BLE001 - whatever the library says
        pytest.skip(f"the library does not write {form} in memory: {error}")
    with pytest.raises(NotAudio):
        sound(opened(content))


@needs_av
def test_a_codec_that_nobody_needs_is_refused() -> None:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        stream: Any = container.add_stream("g722", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray((TONE * 32_767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        for one in stream.encode(frame) + stream.encode(None):
            container.mux(one)
    with pytest.raises((NotAudio, UnsupportedEncoding)):
        sound(opened(file.getvalue()))


def test_no_container_that_names_other_files_is_on_the_list() -> None:
    pointing = {
        "hls",
        "applehttp",
        "concat",
        "dash",
        "sdp",
        "rtsp",
        "rtp",
        "image2",
        "lavfi",
        "mpl2",
        "webm_dash_manifest",
    }
    assert not pointing & set(FORMATS)


@pytest.mark.parametrize("size", [0, 100, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF])
def test_a_wav_that_lies_about_its_length_is_heard_as_far_as_it_goes(encode: Encode, size: int) -> None:
    content = bytearray(encode(TONE))
    struct.pack_into("<I", content, 40, size)
    samples = sound(opened(bytes(content)))
    assert samples.size == (50 if size == 100 else TONE.size)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_piped_wav_with_chunks_before_its_sound_is_heard(encode: Encode, size: int) -> None:
    content = encode(TONE)
    listed = b"LIST" + struct.pack("<I", 7) + b"INFOabc\0"
    whole = content[:36] + listed + b"data" + struct.pack("<I", size) + content[44:]
    assert sound(opened(whole)).size == TONE.size


@pytest.mark.parametrize("total", [1, 1_000, 1 << 32, (1 << 36) - 1])
def test_a_flac_that_lies_about_its_length_is_heard_as_far_as_it_goes(encode: Encode, total: int) -> None:
    content = bytearray(encode(TONE, form="FLAC"))
    content[21] = content[21] & 0xF0 | total >> 32
    content[22:26] = (total & 0xFFFFFFFF).to_bytes(4, "big")
    np.testing.assert_allclose(sound(opened(bytes(content))), TONE, atol=1e-4)


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_file_that_breaks_off_is_heard_as_far_as_it_goes(encode: Encode, form: str, part: float) -> None:
    content = encode(np.random.default_rng(4).normal(0, 0.1, 10 * RATE_HZ), form=form)
    samples = sound(opened(content[: int(len(content) * part)]))
    assert (part - 0.25) * 10 * RATE_HZ < samples.size < 10 * RATE_HZ


@needs_av
@pytest.mark.parametrize(("form", "codec"), [("mp3", "mp3"), ("adts", "aac"), ("webm", "libopus"), ("mpegts", "aac")])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_another_container_that_breaks_off_is_heard_as_far_as_it_goes(form: str, codec: str, part: float) -> None:
    from tests.analytic.listen.media import encoded

    content = encoded(np.random.default_rng(4).normal(0, 0.1, 480_000).astype(np.float32), form, codec, 48_000)
    samples = sound(opened(content[: int(len(content) * part)]))
    assert (part - 0.2) * 10 * RATE_HZ < samples.size < 10.2 * RATE_HZ


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG"])
def test_limits_hold_as_they_do_for_clips(encode: Encode, form: str) -> None:
    with pytest.raises(TooManyChannels, match="at most 2 are mixed, found 3"):
        opened(encode(np.zeros((100, 3)), 48_000, form), max_channels=2)
    with pytest.raises(SampleRateOutOfRange):
        opened(encode(np.zeros(100), 48_000, form), max_sample_rate_hz=44_100)
    with pytest.raises(AudioTooLong, match="at most 1 s"):
        sound(opened(encode(TONE, form=form), max_duration_s=1.0))
    assert sound(opened(encode(TONE, form=form), max_duration_s=2.1)).size


@needs_av
def test_limits_hold_in_other_containers(encode: Encode) -> None:
    with pytest.raises(TooManyChannels, match="at most 2 are mixed, found 6"):
        opened(surround("5.1"), max_channels=2)
    with pytest.raises(SampleRateOutOfRange):
        opened(surround("mono"), max_sample_rate_hz=44_100)
    with pytest.raises(AudioTooLong):
        sound(opened(surround("mono"), max_duration_s=0.5))


def test_what_came_before_the_limit_was_passed_is_given(encode: Encode) -> None:
    stream = opened(encode(np.tile(TONE, 10)), max_duration_s=15.0)
    got: list[int] = []
    with pytest.raises(AudioTooLong):
        got.extend(block.size for block in stream.blocks)
    assert 10 * RATE_HZ < sum(got) <= 15 * RATE_HZ


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38, -7.0])
def test_samples_that_are_none_become_silence_or_full_scale(encode: Encode, value: float) -> None:
    samples = sound(opened(encode(np.full(1_000, value), subtype="FLOAT")))
    assert np.isfinite(samples).all()


def test_without_the_extra_other_containers_are_told_so(monkeypatch: pytest.MonkeyPatch, encode: Encode) -> None:
    real = builtins.__import__

    def without_av(name: str, *more: Any, **named: Any) -> Any:
        if name == "av" or name.startswith("av."):
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without_av)
    with pytest.raises(ExtraMissing, match="video"):
        opened(b"ID3\x04" + bytes(999))
    assert sound(opened(encode(TONE))).size == TONE.size


FORMAT = struct.pack("<IHHIIHH", 16, 1, 2, RATE_HZ, 4 * RATE_HZ, 4, 16)
HEADER = b"RIFF\xff\xff\xff\xffWAVEfmt " + FORMAT + b"data\xff\xff\xff\xff"
SECOND_BYTES = 4 * RATE_HZ


class Endless:
    """An hour or more of stereo as WAV, made as it is read."""

    seekable = True

    def __init__(self, seconds: int) -> None:
        self.size: int | None = len(HEADER) + seconds * SECOND_BYTES
        self.read = 0
        self._pattern = np.random.default_rng(6).integers(-9_000, 9_000, 20 * SECOND_BYTES, np.int16).tobytes()

    def read_at(self, offset: int, count: int) -> bytes:
        count = max(0, min(count, (self.size or 0) - offset, 1 << 20))
        self.read += count
        if offset < len(HEADER):
            return HEADER[offset : offset + count]
        at = (offset - len(HEADER)) % len(self._pattern)
        return self._pattern[at : at + count] or self._pattern[:count]


@pytest.mark.slow
def test_an_hour_takes_no_more_memory_than_a_minute() -> None:
    peaks = []
    for seconds in (60, 3_600):
        content = Endless(seconds)
        stream = open_stream(content, StreamLimits())
        tracemalloc.start()
        try:
            total = sum(block.size for block in stream.blocks)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert total == pytest.approx(seconds * RATE_HZ, abs=10)
        assert content.read < seconds * SECOND_BYTES + (4 << 20)
    assert peaks[1] < peaks[0] + (1 << 20)
    assert peaks[1] < 16 << 20


@pytest.mark.slow
def test_an_hour_in_the_sandbox_takes_little_memory_here_and_there(monkeypatch: pytest.MonkeyPatch) -> None:
    psutil = pytest.importorskip("psutil")
    from analytic.audio.sandbox.sandbox import Sandbox
    from tests.analytic.audio.sandbox.recorded import process_of, taken

    here = psutil.Process()
    with Sandbox() as sandbox, taken(monkeypatch) as handles, sandbox.open(Endless(3_600), StreamLimits()) as stream:
        blocks = iter(stream.blocks)
        next(blocks)
        there = psutil.Process(process_of(handles[0]))
        before = here.memory_info().rss, there.memory_info().rss
        total = most_there = 0
        for number, block in enumerate(blocks):
            total += block.size
            if number % 100 == 0:
                most_there = max(most_there, there.memory_info().rss)
        grown = here.memory_info().rss - before[0], most_there - before[1]
    assert total > 3_590 * RATE_HZ
    assert grown[0] < 32 << 20
    assert grown[1] < 64 << 20


def test_a_recording_without_end_is_cut_off_at_the_limit() -> None:
    content = Endless(10**6)
    with pytest.raises(AudioTooLong):
        sound(open_stream(content, StreamLimits(max_duration_s=30.0)))
    assert content.read < 31 * SECOND_BYTES + (4 << 20)
