# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One file, decoded as a clip and as a recording: what came of it, and whether that was right."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytic.audio.bytes_at import Held
from analytic.audio.decode import AudioLimits, decode
from analytic.audio.streams import StreamLimits, open_stream
from analytic.errors import HearkenError

MOST_S = 20.0
_CLIP = AudioLimits(max_duration_s=MOST_S)
_STREAM = StreamLimits(max_duration_s=MOST_S)


class Wrong(Exception):
    """Sound, or a sentence, that does not keep its promise."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a file.

    Attributes
    ----------
    clip, stream
        "sound", or the kind of the refusal, as a clip and as a recording.
    container
        Container and encoding, as the recording's decoder names them; empty where it did not open.
    samples
        How many came of the recording.
    """

    clip: str
    stream: str
    container: str = ""
    samples: int = 0


class _Forwards(Held):
    """Bytes of an unknown number that are read from front to back."""

    seekable = False

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.size = None


def judge(content: bytes) -> Verdict:
    """Decode a file both ways; one in four recordings comes from front to back alone.

    Raises
    ------
    Wrong
        What came is neither a refusal of ours nor right.
    Exception
        Whatever else decoding lets through: a defect, but for `MemoryError` under a limit.
    """
    return recording(content, clip(content), forwards=not zlib.crc32(content) & 3)


def clip(content: bytes) -> str:
    """Decode a file as a clip."""
    try:
        decoded = decode(content, _CLIP)
    except HearkenError as refusal:
        return _refused(refusal)
    _check(decoded.clip.waveform)
    _check_words(decoded.warnings)
    return "sound"


def recording(content: bytes, as_clip: str = "", forwards: bool = False) -> Verdict:
    """Decode a file as a recording."""
    container, heard = "", 0
    try:
        opened = open_stream(_Forwards(content) if forwards else Held(content), _STREAM)
        about = opened.about
        container = f"{about.container} {about.encoding}"
        for block in opened.blocks:
            _check(block)
            heard += block.size
    except HearkenError as refusal:
        return Verdict(as_clip, _refused(refusal), container, heard)
    if heard > (MOST_S + 1) * 16_000:
        raise Wrong(f"{heard} samples are more than {MOST_S} s")
    if about.declared_s is not None and not 0 < about.declared_s < float("inf"):
        raise Wrong(f"a recording of {about.declared_s} s")
    _check_words(opened.warnings)
    return Verdict(as_clip, "sound", container, heard)


def _refused(refusal: HearkenError) -> str:
    _check_words([str(refusal)])
    return type(refusal).__name__


def _check(samples: NDArray[np.float32]) -> None:
    if samples.dtype != np.float32 or samples.ndim != 1 or not samples.size:
        raise Wrong(f"a block of {samples.dtype}, shape {samples.shape}")
    if not (samples.min() >= -1 and samples.max() <= 1):
        raise Wrong(f"samples from {samples.min()} to {samples.max()}")


def _check_words(sentences: list[str] | tuple[str, ...]) -> None:
    for one in sentences:
        if not one.isprintable() or len(one) > 1_000:
            raise Wrong(f"a sentence that cannot be shown: {one[:100]!r}")
