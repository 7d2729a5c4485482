# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A recording of any length -> sound, piece by piece: WAV, FLAC and Ogg by libsndfile, all else by PyAV.

What is read is bytes that somebody hands over; no path and no address is known here, and containers that name other
files (playlists, references) are not on the list. Memory is bounded by one block and the demuxer's own buffers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from analytic.audio.bytes_at import Bytes, File, ForwardFile, mended
from analytic.audio.clip import to_seconds
from analytic.audio.decode import Unseekable
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
            return _plain(File(content, mended(head, content.size)), limits)
        except NotAudio:  # such as sound that libsndfile does not know within a container that it does
            pass
    return _by_pyav(File(content), limits)


def _plain(file: File, limits: StreamLimits) -> SoundStream:
    try:
        opened = Unseekable(file)
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


def _by_pyav(file: File, limits: StreamLimits) -> SoundStream:
    av = library()
    options = {
        **_PROBE,
        **_NO_PROTOCOL,
        "format_whitelist": ",".join(FORMATS),
        "codec_whitelist": ",".join(CODECS),
    }
    handle = file if file.seekable() else ForwardFile(file)
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
