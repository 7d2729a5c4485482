# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The sound track of a container: damaged packets left out, gaps in its times filled, one plane for all channels."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.tracks import NoSound, sound

av = pytest.importorskip("av", reason="sound in video containers needs the extra video")

from tests.analytic.listen.media import encoded, picture  # noqa: E402 - it needs av

RATE_HZ = 16_000
TONE = (0.4 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)


def heard(content: bytes, **more: Any) -> NDArray[np.float32]:
    with av.open(io.BytesIO(content)) as container:
        pieces = list(sound(container, **more))
    for piece in pieces:
        assert piece.dtype == np.float32
        assert piece.ndim == 1
        assert piece.size
        assert np.abs(piece).max() <= 1
    return np.concatenate(pieces) if pieces else np.empty(0, np.float32)


def timed(*begins_s: float, length_s: float = 0.1, form: str = "matroska") -> bytes:
    """Pieces of a tone that begin at these times."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream: Any = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        piece = (TONE[: int(length_s * RATE_HZ)] * 32_767).astype(np.int16)[None]
        for begin_s in begins_s:
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, round(begin_s * RATE_HZ)
            for packet in stream.encode(frame):
                container.mux(packet)
        container.mux(stream.encode(None))
    return file.getvalue()


def test_sound_without_gaps_comes_as_it_is() -> None:
    content = timed(*np.arange(10) / 10)
    assert heard(content, keep_time=True).size == heard(content).size == RATE_HZ


@pytest.mark.parametrize("gap_s", [0.25, 1.0, 9.9, 10.0, 10.1, 59.0, 599.0])
def test_a_gap_is_filled_with_silence_of_its_length(gap_s: float) -> None:
    content = timed(0, 0.1, 0.2 + gap_s, 0.3 + gap_s)
    samples = heard(content, keep_time=True)
    assert samples.size == pytest.approx((0.4 + gap_s) * RATE_HZ, abs=0.002 * RATE_HZ)
    first, last = (round(one * RATE_HZ) for one in (0.21, 0.19 + gap_s))
    assert not samples[first:last].any()
    assert samples[: int(0.19 * RATE_HZ)].any()
    assert samples[-int(0.19 * RATE_HZ) :].any()
    assert heard(content).size == pytest.approx(0.4 * RATE_HZ, abs=20)


@pytest.mark.parametrize("gap_s", [0.02, 0.15, 601.0, 100_000.0])
def test_a_gap_that_is_tiny_or_mad_is_left_out(gap_s: float) -> None:
    samples = heard(timed(0, 0.1, 0.2 + gap_s), keep_time=True)
    assert samples.size == pytest.approx(0.3 * RATE_HZ, abs=20)


def test_several_gaps_are_filled_each() -> None:
    samples = heard(timed(0, 1, 2, 3, 4), keep_time=True)
    assert samples.size == pytest.approx(4.1 * RATE_HZ, abs=0.01 * RATE_HZ)
    for second in range(5):
        assert samples[second * RATE_HZ :][:1_500].any()
        assert not samples[second * RATE_HZ :][1_700:15_800].any()


def test_times_that_overlap_or_go_back_add_nothing() -> None:
    samples = heard(timed(0, 0.1, 0.15, 0.16, 0.2), keep_time=True)
    assert samples.size == pytest.approx(0.5 * RATE_HZ, abs=20)


def test_sound_that_begins_after_the_picture_is_where_the_picture_has_it() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        video: Any = container.add_stream("mpeg4", rate=5)
        video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        track: Any = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        for _ in range(10):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray((TONE * 32_767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, RATE_HZ
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    samples = heard(file.getvalue(), keep_time=True)
    assert samples.size == pytest.approx(2 * RATE_HZ, abs=0.01 * RATE_HZ)
    assert not samples[: int(0.99 * RATE_HZ)].any()
    assert samples[int(1.01 * RATE_HZ) :].any()


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1", "7.1"])
@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_every_number_of_channels_up_to_eight_is_mixed(layout: str, codec: str) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream: Any = container.add_stream(codec, rate=RATE_HZ, layout=layout)
        channels = av.AudioLayout(layout).nb_channels
        frame = av.AudioFrame.from_ndarray(np.repeat(TONE, channels)[None], format="flt", layout=layout)
        frame.sample_rate = RATE_HZ
        resampler = av.AudioResampler(stream.codec_context.format, layout, RATE_HZ, frame_size=1_024)
        for one in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    samples = heard(file.getvalue())
    assert samples.size == pytest.approx(RATE_HZ, abs=3_000)
    assert np.sqrt(np.mean(samples[4_000:12_000] ** 2)) == pytest.approx(0.4 / np.sqrt(2), rel=0.2)


def test_video_alone_has_no_sound() -> None:
    with pytest.raises(NoSound):
        heard(picture())


def test_a_codec_beside_those_that_are_asked_for_is_not_decoded() -> None:
    content = encoded(TONE, "matroska", "pcm_s16le", RATE_HZ)
    assert heard(content, codecs={"pcm_s16le"}).size == RATE_HZ
    with pytest.raises(NoSound):
        heard(content, codecs={"aac"})


def test_it_stops_when_it_is_to() -> None:
    answers = iter([False] * 3)
    content = timed(*np.arange(10) / 10)
    assert heard(content, stopping=lambda: next(answers, True)).size == pytest.approx(0.3 * RATE_HZ, abs=20)


def test_damaged_packets_are_left_out() -> None:
    content = bytearray(encoded(np.tile(TONE, 10), "adts", "aac", RATE_HZ))
    chance = np.random.default_rng(8)
    for place in chance.integers(1_000, len(content), 40):
        content[place] ^= 0xFF
    samples = heard(bytes(content))
    assert samples.size > 5 * RATE_HZ


class Demuxer:
    """Packets, and now and then one of a track that PyAV does not know."""

    def __init__(self, container: Any, at: set[int]) -> None:
        self._container, self._at = container, at
        self._packets: Iterator[Any] | None = None
        self._count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def demux(self, *tracks: Any) -> Iterator[Any]:
        if self._packets is None:
            self._packets = self._container.demux(*tracks)
        while True:
            self._count += 1
            if self._count in self._at:
                raise IndexError("list index out of range")
            try:
                yield next(self._packets)
            except StopIteration:
                return


@pytest.mark.parametrize("at", [{1}, {3}, {2, 3, 4}, {100_000}])
def test_a_track_that_appears_on_the_way_costs_nothing(at: set[int]) -> None:
    content = timed(*np.arange(10) / 10)
    with av.open(io.BytesIO(content)) as container:
        demuxer: Any = Demuxer(container, at)
        found = sum(int(piece.size) for piece in sound(demuxer))
    assert found == RATE_HZ


def test_a_track_that_appears_in_a_flash_video_costs_nothing() -> None:
    content = (Path(__file__).parent / "corpus" / "once-a-late-track.flv").read_bytes()
    with av.open(io.BytesIO(content)) as container, pytest.raises(IndexError):
        list(container.demux(container.streams.audio[0]))
    assert heard(content).size > 0.1 * RATE_HZ
