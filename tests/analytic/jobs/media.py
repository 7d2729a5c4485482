# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Videos made with PyAV: a small picture that changes, and sound beside it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

FRAMES_A_SECOND = 4
_FORMS = {"libopus": "flt", "aac": "fltp"}
Sound = NDArray[np.float32]


def video(
    pieces: Iterable[Sound], form: str = "mp4", *, picture: str = "mpeg4", codec: str = "aac", rate_hz: int = 48_000
) -> bytes:
    """Return a video; of an MP4 the index stands at its end, as cameras write it.

    Parameters
    ----------
    pieces
        float32, shape (n, channels) each, within -1..1, at `rate_hz`: one after the other.
    form
        The container.
    picture, codec
        How picture and sound are encoded.
    rate_hz
        Sample rate of the sound.
    """
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        shown: Any = container.add_stream(picture, rate=FRAMES_A_SECOND)
        shown.width, shown.height, shown.pix_fmt = 64, 48, "yuv420p"
        heard: Any = None
        resampler: av.AudioResampler | None = None
        samples = frames = 0
        for piece in pieces:
            layout = "stereo" if piece.shape[1] == 2 else "mono"
            if heard is None:
                heard = container.add_stream(codec, rate=rate_hz, layout=layout)
                heard.bit_rate = 96_000
                resampler = av.AudioResampler(
                    heard.codec_context.format, layout, rate_hz, heard.codec_context.frame_size
                )
            assert resampler is not None
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece.T), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, samples
            samples += len(piece)
            for one in resampler.resample(frame):
                container.mux(heard.encode(one))
            while frames * rate_hz < samples * FRAMES_A_SECOND:
                grey = np.full((48, 64, 3), frames * 7 % 256, np.uint8)
                image = av.VideoFrame.from_ndarray(grey, format="rgb24")
                image.pts = frames
                container.mux(shown.encode(image))
                frames += 1
        assert resampler is not None
        for one in resampler.resample(None):
            container.mux(heard.encode(one))
        for stream in (heard, shown):
            container.mux(stream.encode(None))
    return file.getvalue()
