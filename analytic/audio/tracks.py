# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The sound track of an open container, through PyAV (the extra `video`)."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import SAMPLE_RATE_HZ, to_samples
from analytic.audio.mixing import mono
from analytic.errors import ExtraMissing

if TYPE_CHECKING:
    from av.container import InputContainer

_MOST_BROKEN = 50  # packets in a row that cannot be decoded
_LEAST_GAP_S, _MOST_GAP_S = 0.2, 600.0
_PIECE = to_samples(10.0)


class NoSound(Exception):
    """A container without a track of sound that can be decoded."""


def library() -> Any:
    """Return PyAV.

    Raises
    ------
    ExtraMissing
        It is not there.
    """
    try:
        import av
    except ImportError as error:
        raise ExtraMissing("sound in video containers and network streams", "video") from error
    return av


def sound(
    container: InputContainer,
    stopping: Callable[[], bool] = lambda: False,
    codecs: Container[str] | None = None,
    *,
    keep_time: bool = False,
) -> Iterator[NDArray[np.float32]]:
    """Yield the sound of a container's first track, until it ends or is to stop.

    Parameters
    ----------
    container
        An open one.
    stopping
        Asked before each packet.
    codecs
        Names of the codecs that are decoded; None for all.
    keep_time
        Where the track's own times leave a gap, before its beginning or within it, yield silence as long as it is:
        so that what is heard has the times of the picture. Gaps below 0.2 s are left out, and those above 600 s.

    Yields
    ------
    samples
        float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1.

    Raises
    ------
    av.FFmpegError, NoSound
        It breaks off; it has none.
    """
    av = library()
    track = next(iter(container.streams.audio), None)
    if track is None or track.codec_context is None or (codecs and track.codec_context.name not in codecs):
        raise NoSound
    for other in container.streams:
        if other is not track:
            other.discard = av.stream.Discard.all  # a demuxer then need not go where the pictures lie
    resampler = _resampler(av)
    gaps = _Gaps((container.start_time or 0) / av.time_base) if keep_time else None
    for frame in _frames(av, container, track, stopping):
        if gaps is not None:
            yield from gaps.before(frame)
        try:
            resampled = resampler.resample(frame)
        except ValueError:  # the track's sample rate or channels have changed
            resampler = _resampler(av)
            resampled = resampler.resample(frame)
        yield from _mixed(resampled)
    if not stopping():
        yield from _mixed(resampler.resample(None))


def _frames(av: Any, container: InputContainer, track: Any, stopping: Callable[[], bool]) -> Iterator[Any]:
    broken = 0
    for packet in _packets(container, track):
        if stopping():
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:  # a damaged packet, whatever the codec calls that: the next one may be whole
            broken += 1
            if broken > _MOST_BROKEN:
                raise
            continue
        broken = 0
        yield from frames


def _packets(container: InputContainer, track: Any) -> Iterator[Any]:
    while True:
        try:
            yield from container.demux(track)
        except IndexError:  # PyAV does not know a track that the demuxer has found since: its packet is left out
            continue
        return


class _Gaps:
    """Finds where a track's times run ahead of the sound that has come."""

    def __init__(self, start_s: float) -> None:
        self._due_s = start_s

    def before(self, frame: Any) -> Iterator[NDArray[np.float32]]:
        """Yield the silence that belongs before a frame."""
        length_s = frame.samples / frame.sample_rate
        if frame.time is not None:
            gap_s = frame.time - self._due_s
            if _LEAST_GAP_S < gap_s <= _MOST_GAP_S:
                for left in range(to_samples(gap_s), 0, -_PIECE):
                    yield np.zeros(min(left, _PIECE), np.float32)
            self._due_s = frame.time
        self._due_s += length_s


def _resampler(av: Any) -> Any:
    # Samples of all channels in one plane: of eight planes PyAV 18 reads a ninth, which is not there.
    return av.AudioResampler(format="flt", rate=SAMPLE_RATE_HZ)


def _mixed(frames: list[Any]) -> Iterator[NDArray[np.float32]]:
    for frame in frames:
        if frame.samples:
            yield mono(frame.to_ndarray().reshape(-1, frame.layout.nb_channels))
