# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Containers made with PyAV: what cameras, radios and browsers send."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

_FORMS = {"libopus": "flt", "aac": "fltp", "mp3": "fltp", "pcm_s16le": "s16", "pcm_f32le": "flt"}


def encoded(sound: NDArray[np.float32], form: str, codec: str = "libopus", rate_hz: int = 48_000, **more: Any) -> bytes:
    """A mono sound in a container."""
    file = io.BytesIO()
    with av.open(file, "w", format=form, **more) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout="mono")
        samples = (sound * 32767).astype(np.int16) if _FORMS[codec] == "s16" else sound
        frame = av.AudioFrame.from_ndarray(samples[None], format=_FORMS[codec], layout="mono")
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=rate_hz)
        for one in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    return file.getvalue()


def picture() -> bytes:
    """A video without sound, as MP4."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()
