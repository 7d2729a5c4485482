# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A recording of any length -> sound, piece by piece: WAV, FLAC and Ogg by libsndfile, all else by PyAV.

What is read is bytes that somebody hands over; no path and no address is known here, and containers that name other
files (playlists, references) are not on the list. Memory is bounded by one block and the demuxer's own buffers.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from analytic.audio.clip import to_seconds
from analytic.audio.mixing import Mixer
from analytic.audio.tracks import NoSound, library, sound
from analytic.errors import (
    AudioTooLong,
    EmptyAudio,
    NotAudio,
    SampleRateOutOfRange,
    TooManyChannels,
    UnsupportedEncoding,
)

FORMATS = (
    *("aac", "ac3", "aiff", "amr", "asf", "au", "avi", "caf", "eac3", "flac", "flv", "matroska", "webm", "mov", "mp4"),
    *("m4a", "3gp", "3g2", "mj2", "mp3", "mpeg", "mpegts", "ogg", "tta", "w64", "wav", "wv"),
)
CODECS = (
    *("aac", "aac_latm", "ac3", "alac", "amrnb", "amrwb", "eac3", "flac", "mp1", "mp1float", "mp2", "mp2float"),
    *("mp3", "mp3float", "opus", "libopus", "vorbis", "libvorbis", "wavpack", "tta", "wmav1", "wmav2", "wmapro"),
    *("adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8"),
    *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
    *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be"),
)
ACCEPTED = "sound or video in MP4, WebM, Matroska, MP3, AAC, Ogg, FLAC, WAV and their kin"
_NAMES = {"mov,mp4,m4a,3gp,3g2,mj2": "MP4", "matroska,webm": "Matroska"}
_HEAD_BYTES = 1 << 16
_BUFFER_BYTES = 1 << 17
_BLOCK_FRAMES = 1 << 15
_UNKNOWN_LENGTH = 0xFFFFFFFF
_FLAC_TOTAL_OFFSET = 21
_PROBE = {"probesize": str(4 << 20), "analyzeduration": str(10_000_000)}
_NO_PROTOCOL = {"protocol_whitelist": "none"}

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What a recording may be."""

    max_duration_s: float = 8 * 3600.0
    max_channels: int = 8
    min_sample_rate_hz: int = 8_000
    max_sample_rate_hz: int = 192_000


@dataclass(frozen=True, slots=True)
class About:
    """What a recording is: container, encoding, sample rate, channels, and how long it says it is, if it does."""

    container: str
    encoding: str
    sample_rate_hz: int
    channels: int
    declared_s: float | None = None


class Bytes(Protocol):
    """Bytes that can be read anywhere."""

    @property
    def size(self) -> int | None:
        """How many there are; None where nobody knows."""
        ...

    @property
    def seekable(self) -> bool:
        """Whether they can be read in any order."""
        ...

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`, none only at the end."""
        ...


@dataclass(frozen=True, slots=True)
class SoundStream:
    """An open recording.

    Attributes
    ----------
    about
        What it is.
    blocks
        float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1; raises `BadAudio` where a limit is passed.
    warnings
        What was strange, once all blocks have come.
    """

    about: About
    blocks: Iterator[Samples]
    warnings: list[str]


def open_stream(content: Bytes, limits: StreamLimits) -> SoundStream:
    """Open a recording by what its bytes are, whatever it is called.

    Raises
    ------
    BadAudio
        One of its kinds: no container with sound that is accepted, or outside the limits.
    ExtraMissing
        It needs the extra `video`.
    """
    head = content.read_at(0, _HEAD_BYTES)
    if not head:
        raise EmptyAudio(0)
    is_plain = head[:4] in (b"fLaC", b"OggS") or (head[:4] == b"RIFF" and head[8:12] == b"WAVE")
    if is_plain and content.seekable and content.size is not None:
        try:
            return _plain(_File(content, _mended(head, content.size)), limits)
        except NotAudio:  # such as sound that libsndfile does not know within a container that it does
            pass
    return _by_pyav(_File(content), limits)


class _File:
    """Bytes as a file object, with a few put right."""

    def __init__(self, content: Bytes, mended: tuple[int, bytes] = (0, b"")) -> None:
        self._content = content
        self._at = 0
        self._mended = mended

    def read(self, count: int = -1) -> bytes:
        if count < 0:
            count = max(0, (self._content.size or 0) - self._at)
        found = self._content.read_at(self._at, count) if count else b""
        start, better = self._mended
        if self._at < start + len(better) and start < self._at + len(found):
            whole = bytearray(found)
            for offset, value in enumerate(better, start - self._at):
                if 0 <= offset < len(whole):
                    whole[offset] = value
            found = bytes(whole)
        self._at += len(found)
        return found

    def readinto(self, buffer: Any) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def write(self, _bytes: bytes) -> int:
        raise OSError("read only")

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return self._content.seekable

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 2 and self._content.size is None:
            raise OSError("nobody knows where it ends")
        origin = (0, self._at, self._content.size or 0)[whence]
        self._at = max(0, origin + offset)
        return self._at


class _ForwardFile:
    """The same for what can only be read from front to back: PyAV asks whether there is a `seek`."""

    def __init__(self, file: _File) -> None:
        self.read = file.read


class _Unseekable(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read forwards only: seeking fails where a FLAC header does not know its length."""

    def seekable(self) -> bool:
        return False


def _mended(head: bytes, size: int) -> tuple[int, bytes]:
    """Return what is to be put right in a header that lies about its length: where, and by which bytes.

    A WAV that was piped says 0 or the largest number; of FLAC the length is hidden, and the decoder then goes as far as
    there is sound.
    """
    if head[:4] == b"fLaC" and len(head) > _FLAC_TOTAL_OFFSET + 5:
        return _FLAC_TOTAL_OFFSET, bytes([head[_FLAC_TOTAL_OFFSET] & 0xF0, 0, 0, 0, 0])
    offset = 12
    while head[:4] == b"RIFF" and offset + 8 <= len(head):
        name, length = struct.unpack_from("<4sI", head, offset)
        if name == b"data":
            available = min(size - offset - 8, _UNKNOWN_LENGTH - 1)
            lies = length in (0, _UNKNOWN_LENGTH) or length > available
            return (offset + 4, struct.pack("<I", available)) if lies else (0, b"")
        offset += 8 + length + length % 2
    return 0, b""


def _plain(file: _File, limits: StreamLimits) -> SoundStream:
    try:
        opened = _Unseekable(file)
    except (soundfile.LibsndfileError, ValueError, TypeError) as error:
        raise NotAudio("a damaged file") from error
    declared_s = opened.frames / opened.samplerate if 0 < opened.frames < 1 << 48 else None
    about = About(opened.format, opened.subtype, opened.samplerate, opened.channels, declared_s)
    warnings: list[str] = []
    return SoundStream(_checked(about, limits), _bounded(_sndfile_blocks(opened, warnings), limits), warnings)


def _sndfile_blocks(opened: Any, warnings: list[str]) -> Iterator[Samples]:
    mixer = Mixer(opened.samplerate)
    with opened:
        while True:
            try:
                block = opened.read(min(_BLOCK_FRAMES, max(1, opened.frames)), dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                warnings.append("the file breaks off: analysed as far as it goes")
                break
            if not len(block):
                break
            yield mixer.push(block)
        yield mixer.push(np.empty((0, 1), np.float32), last=True)


def _by_pyav(file: _File, limits: StreamLimits) -> SoundStream:
    av = library()
    options = {
        **_PROBE,
        **_NO_PROTOCOL,
        "format_whitelist": ",".join(FORMATS),
        "codec_whitelist": ",".join(CODECS),
    }
    handle = file if file.seekable() else _ForwardFile(file)
    try:
        container = av.open(handle, options=options, buffer_size=_BUFFER_BYTES)
    except (av.FFmpegError, ValueError, OverflowError) as error:
        raise NotAudio("no such container", ACCEPTED) from error
    track = next(iter(container.streams.audio), None)
    if track is None or track.codec_context is None:
        raise NotAudio(f"{container.format.name} without a track of sound that can be decoded", ACCEPTED)
    codec = track.codec_context
    if codec.name not in CODECS:
        raise UnsupportedEncoding(container.format.name, codec.name)
    codec.thread_count = 1  # a decoder of the sandbox may start none, and WavPack would
    declared_s = container.duration / av.time_base if container.duration else None
    about = About(
        _NAMES.get(container.format.name, container.format.name),
        codec.name,
        codec.sample_rate or 0,
        codec.channels or 0,
        declared_s,
    )
    warnings: list[str] = []
    blocks = _track_blocks(container, warnings, file.seekable())
    return SoundStream(_checked(about, limits), _bounded(blocks, limits), warnings)


def _track_blocks(container: Any, warnings: list[str], seekable: bool) -> Iterator[Samples]:
    av = library()
    heard = 0
    try:
        with container:
            for samples in sound(container, codecs=CODECS, keep_time=True):
                heard += samples.size
                yield samples
    except (av.FFmpegError, NoSound, ValueError) as error:
        if not heard:
            forwards = "" if seekable else ", read from front to back alone (MP4 has its index at its end)"
            raise NotAudio(f"a track of sound that cannot be decoded{forwards}", ACCEPTED) from error
        warnings.append(f"the file breaks off after {to_seconds(heard):.1f} s: analysed as far as it goes")


def _checked(about: About, limits: StreamLimits) -> About:
    if about.channels > limits.max_channels:
        raise TooManyChannels(limits.max_channels, about.channels)
    if not limits.min_sample_rate_hz <= about.sample_rate_hz <= limits.max_sample_rate_hz:
        raise SampleRateOutOfRange(limits.min_sample_rate_hz, limits.max_sample_rate_hz, about.sample_rate_hz)
    declared_s = about.declared_s
    if declared_s is not None and not (math.isfinite(declared_s) and declared_s > 0):
        return replace(about, declared_s=None)
    return about


def _bounded(blocks: Iterator[Samples], limits: StreamLimits) -> Iterator[Samples]:
    heard_s = 0.0
    for block in blocks:
        if not block.size:
            continue
        heard_s += to_seconds(block.size)
        if heard_s > limits.max_duration_s:
            raise AudioTooLong(limits.max_duration_s, heard_s)
        yield block
    if not heard_s:
        raise EmptyAudio(0)


class Held:
    """Bytes that are in memory; also what stands for a file in tests."""

    seekable = True

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size: int | None = len(content)

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`."""
        return self._content[offset : offset + count]
