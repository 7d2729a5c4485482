# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Bytes -> `Clip`: limits from the header first, then block by block, never more than the limits allow.

Memory is bounded by the bytes that came, one block of frames, and the clip at 16 000 Hz (38 MB for 600 s), whatever
a header promises. Nothing is written anywhere.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from analytic.audio.clip import SAMPLE_RATE_HZ, Clip
from analytic.audio.container import Container, identify
from analytic.errors import (
    AudioTooLong,
    EmptyAudio,
    NotAudio,
    NotFinite,
    SampleRateOutOfRange,
    TooManyChannels,
    UnsupportedEncoding,
)

_FORMATS = {"WAV": {"WAV", "WAVEX"}, "FLAC": {"FLAC"}, "Ogg": {"OGG"}}
_ENCODINGS = {
    "WAV": {"PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"},
    "FLAC": {"PCM_S8", "PCM_16", "PCM_24"},
    "Ogg": {"VORBIS", "OPUS"},
}
_BLOCK_FRAMES = {"WAV": 1 << 18, "FLAC": 1 << 12, "Ogg": 1 << 14}  # a broken FLAC loses the block it breaks in


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """What one request's sound may be."""

    max_duration_s: float = 600.0
    max_channels: int = 8
    min_sample_rate_hz: int = 8_000
    max_sample_rate_hz: int = 192_000


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A clip and what it was before: container, encoding, sample rate, channels; and what the caller must know."""

    clip: Clip
    container: str
    encoding: str
    sample_rate_hz: int
    channels: int
    warnings: tuple[str, ...] = ()


class Unseekable(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read forwards only: seeking fails where a FLAC header does not know its length."""

    def seekable(self) -> bool:
        """Say that it cannot be read in another order."""
        return False


def decode(content: bytes, limits: AudioLimits | None = None) -> Decoded:
    """Decode WAV, FLAC or Ogg (Vorbis, Opus), mix to mono, resample to 16 000 Hz.

    Parameters
    ----------
    content
        The whole file.
    limits
        What is accepted; by default `AudioLimits()`.

    Raises
    ------
    BadAudio
        One of its kinds: not accepted, outside the limits, empty, or with samples that are not finite.
    """
    limits = limits or AudioLimits()
    container = identify(content)
    try:
        file = Unseekable(io.BytesIO(container.content))
    except (soundfile.LibsndfileError, ValueError, TypeError) as error:
        raise NotAudio(f"a damaged {container.kind} file") from error
    with file:
        _check(file, container, limits)
        reader = _Reader(file, container, limits)
        waveform = _resampled(reader, file.samplerate)
        if not reader.frames:
            raise EmptyAudio(len(content))
        np.clip(waveform, -1.0, 1.0, out=waveform)
        return Decoded(
            Clip(waveform),
            container.kind,
            file.subtype,
            file.samplerate,
            file.channels,
            (*container.warnings, *reader.warnings()),
        )


def _check(file: soundfile.SoundFile, container: Container, limits: AudioLimits) -> None:
    if file.format not in _FORMATS[container.kind] or file.subtype not in _ENCODINGS[container.kind]:
        raise UnsupportedEncoding(container.kind, file.subtype)
    if file.channels > limits.max_channels:
        raise TooManyChannels(limits.max_channels, file.channels)
    if not limits.min_sample_rate_hz <= file.samplerate <= limits.max_sample_rate_hz:
        raise SampleRateOutOfRange(limits.min_sample_rate_hz, limits.max_sample_rate_hz, file.samplerate)
    frames = (container.found_frames or 0) if container.kind == "FLAC" else file.frames
    if frames > limits.max_duration_s * file.samplerate:
        raise AudioTooLong(limits.max_duration_s, frames / file.samplerate)


class _Reader:
    """Reads blocks of mono float32 up to the limit, and notes what was strange about them."""

    def __init__(self, file: soundfile.SoundFile, container: Container, limits: AudioLimits) -> None:
        self._file = file
        self._container = container
        self._limits = limits
        self._most = int(limits.max_duration_s * file.samplerate)
        self._clipped = 0
        self._broken = False
        self.frames = 0

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        while (block := self._next()).size:
            self.frames += len(block)
            if self.frames > self._most:
                raise AudioTooLong(self._limits.max_duration_s, self._declared_s())
            low, high = float(block.min()), float(block.max())
            if not (np.isfinite(low) and np.isfinite(high)):
                at = int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
                raise NotFinite((self.frames - len(block) + at) / self._file.samplerate)
            # In double precision: finite samples near the largest float32 must not overflow on the way.
            mono = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float64)
            if low < -1.0 or high > 1.0:
                self._clipped += int(np.count_nonzero(np.abs(mono) > 1.0))
                mono = mono.clip(-1.0, 1.0)
            yield mono.astype(np.float32, copy=False)

    def _next(self) -> NDArray[np.float32]:
        frames = min(_BLOCK_FRAMES[self._container.kind], max(1, self._file.frames))
        try:
            block: NDArray[np.float32] = self._file.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            self._broken = True
            return np.empty((0, self._file.channels), np.float32)
        return block

    def _declared_s(self) -> float:
        return float(max(self.frames, self._container.declared_frames or 0) / self._file.samplerate)

    def warnings(self) -> Iterator[str]:
        """Tell what was strange, once everything is read."""
        declared = self._container.declared_frames
        if declared is not None and declared != self.frames:
            yield (
                f"the FLAC header declares {declared} frames, the file holds {self.frames}: analysed as far as it goes"
            )
        elif self._broken:
            yield f"the file breaks off after {self.frames} frames: analysed as far as it goes"
        if self._clipped:
            yield f"{self._clipped} samples outside -1..1 were clipped"


def _resampled(blocks: _Reader, sample_rate_hz: int) -> NDArray[np.float32]:
    if sample_rate_hz == SAMPLE_RATE_HZ:
        pieces = list(blocks)
    else:
        stream = soxr.ResampleStream(sample_rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ")
        pieces = [stream.resample_chunk(block) for block in blocks]
        pieces.append(stream.resample_chunk(np.empty(0, np.float32), last=True))
        pieces = [piece for piece in pieces if piece.size] or [np.zeros(1, np.float32)]
    if not pieces:
        return np.empty(0, np.float32)
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
