# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Small valid files of every container that is accepted, made on the spot."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE_HZ = 16_000
_LENGTH_S = 0.2
_BY_SOUNDFILE = (
    ("wav", "WAV", "PCM_16", RATE_HZ, 1),
    ("u8.wav", "WAV", "PCM_U8", 8_000, 1),
    ("float.wav", "WAV", "FLOAT", 11_025, 1),
    ("ulaw.wav", "WAV", "ULAW", 8_000, 1),
    ("ima.wav", "WAV", "IMA_ADPCM", 8_000, 1),
    ("24.wavex", "WAVEX", "PCM_24", 8_000, 2),
    ("rf64", "RF64", "PCM_16", 8_000, 1),
    ("w64", "W64", "PCM_16", 8_000, 1),
    ("flac", "FLAC", "PCM_16", RATE_HZ, 1),
    ("24.flac", "FLAC", "PCM_24", 11_025, 2),
    ("vorbis.ogg", "OGG", "VORBIS", RATE_HZ, 1),
    ("opus.ogg", "OGG", "OPUS", 48_000, 2),
    ("aiff", "AIFF", "PCM_16", 8_000, 1),
    ("au", "AU", "PCM_16", 8_000, 1),
    ("caf", "CAF", "PCM_16", 8_000, 1),
)
_BY_PYAV = (
    ("mp3", "mp3", "libmp3lame", 16_000),
    ("aac", "adts", "aac", 16_000),
    ("m4a", "mp4", "aac", 16_000),
    ("opus.mp4", "mp4", "libopus", 48_000),
    ("fragmented.mp4", "mp4", "aac", 16_000),
    ("mov", "mov", "pcm_s16le", 8_000),
    ("alac.mov", "mov", "alac", 16_000),
    ("3gp", "3gp", "libopencore_amrnb", 8_000),
    ("amr", "amr", "libopencore_amrnb", 8_000),
    ("webm", "webm", "libopus", 48_000),
    ("mkv", "matroska", "ac3", 32_000),
    ("pcm.mkv", "matroska", "pcm_s16le", 8_000),
    ("avi", "avi", "libmp3lame", 16_000),
    ("asf", "asf", "wmav2", 44_100),
    ("flv", "flv", "libmp3lame", 22_050),
    ("ts", "mpegts", "mp2", 16_000),
    ("mpg", "mpeg", "mp2", 16_000),
    ("ac3", "ac3", "ac3", 32_000),
    ("eac3", "eac3", "eac3", 32_000),
    ("tta", "tta", "tta", 16_000),
    ("wv", "wv", "wavpack", 16_000),
)
_MUXER_OPTIONS = {"fragmented.mp4": {"movflags": "frag_keyframe+empty_moov+default_base_moof"}}


@cache
def seeds() -> dict[str, bytes]:
    """Return the files by name, each some kilobytes."""
    return dict(_made())


def _made() -> Iterator[tuple[str, bytes]]:
    for name, form, encoding, rate_hz, channels in _BY_SOUNDFILE:
        file = io.BytesIO()
        tone = np.repeat(_tone(rate_hz)[:, np.newaxis], channels, axis=1)
        soundfile.write(file, tone, rate_hz, format=form, subtype=encoding)
        yield name, file.getvalue()
    for name, form, codec, rate_hz in _BY_PYAV:
        yield name, _by_pyav(form, codec, rate_hz, _MUXER_OPTIONS.get(name, {}))


def _tone(rate_hz: int) -> NDArray[np.float32]:
    times = np.arange(round(_LENGTH_S * rate_hz)) / rate_hz
    return (0.4 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)


def _by_pyav(form: str, codec: str, rate_hz: int, options: dict[str, str]) -> bytes:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=form, options={"fflags": "+bitexact"} | options) as container:
        stream: Any = container.add_stream(codec, rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(_tone(rate_hz)[np.newaxis], format="flt", layout="mono")
        frame.sample_rate = rate_hz
        context = stream.codec_context
        if codec == "wmav2":
            context.bit_rate = 64_000
        resampler = av.AudioResampler(context.format, "mono", rate_hz, frame_size=context.frame_size or 1_024)
        for one in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    return file.getvalue()
