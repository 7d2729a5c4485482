# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Endless sound: which windows are due, and what a tagger's stream gives for them.

A stream is asked for one stride or several: windows of one length, one every hop. A window is due when its last sample
is there; those of several strides come in order of their ends. Whole recordings go the same way: pushed at once, then
finished, so that a recording and a microphone are cut alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from model.tagger import Tagger, Waveform, Window, check_waveform

FRAME_SAMPLES = 160
LOOKAHEAD_SAMPLES = 40
"""How many samples beyond its end a window of a stream may need, 2.5 ms: half a frame less a frame's hop."""


class Stride(NamedTuple):
    """Windows of `length` samples, one every `hop` samples; both multiples of 160 (10 ms)."""

    length: int
    hop: int


SHORT = Stride(32_000, 8_000)
LONG = Stride(160_000, 40_000)


class Heard(NamedTuple):
    """One window of a stream.

    Attributes
    ----------
    window
        Where it lies, in samples since the stream began.
    stride
        The one that it belongs to.
    scores
        float32, shape (527,), probabilities within 0..1.
    embedding
        float32, shape (e,).
    """

    window: Window
    stride: Stride
    scores: NDArray[np.float32]
    embedding: NDArray[np.float32]


class TaggerStream(Protocol):
    """One source's life at a tagger; serves one thread at a time."""

    def push(self, samples: Waveform) -> list[Heard]:
        """Take what comes next, float32, shape (n,), n >= 1, within -1..1; return the windows that it completes.

        Raises
        ------
        BadWaveform
            The array is something else.
        """
        ...

    def finish(self) -> list[Heard]:
        """End the stream: return for each stride a last window that ends where the sound ends.

        That window is shorter than the stride's length where the whole stream was. Nothing comes where the last window
        ended there already, or nothing was ever pushed.
        """
        ...


class StreamingTagger(Tagger, Protocol):
    """A tagger that also hears endless sound."""

    def stream(self, strides: Sequence[Stride]) -> TaggerStream:
        """Open a stream."""
        ...


@dataclass(slots=True)
class Due:
    """Which windows are due: counts samples, knows no sound.

    Attributes
    ----------
    strides
        What is asked for.
    lookahead
        How many samples beyond its end a window needs.
    taken
        Samples that have come so far.
    """

    strides: tuple[Stride, ...]
    lookahead: int = 0
    taken: int = 0
    _next: list[int] = field(init=False)

    def __post_init__(self) -> None:
        for stride in self.strides:
            if min(stride) < FRAME_SAMPLES or stride.length % FRAME_SAMPLES or stride.hop % FRAME_SAMPLES:
                raise ValueError(f"a stride's length and hop are multiples of {FRAME_SAMPLES}, found {stride}")
        self._next = [stride.length for stride in self.strides]

    def until_next(self) -> int:
        """Return how many samples more complete the next window."""
        return min(self._next) + self.lookahead - self.taken

    def take(self, samples: int) -> list[tuple[Window, Stride]]:
        """Count samples that have come; return the windows that are due now, by their ends, the shortest first."""
        self.taken += samples
        due = []
        for index, stride in enumerate(self.strides):
            while self._next[index] + self.lookahead <= self.taken:
                due.append((Window(self._next[index] - stride.length, self._next[index]), stride))
                self._next[index] += stride.hop
        return sorted(due, key=lambda one: (one[0].stop, one[1].length))

    def last(self) -> list[tuple[Window, Stride]]:
        """Return the windows that end with the sound and were not due before."""
        ends = [
            None if at == stride.length else at - stride.hop
            for at, stride in zip(self._next, self.strides, strict=True)
        ]
        return [
            (Window(max(0, self.taken - stride.length), self.taken), stride)
            for end, stride in zip(ends, self.strides, strict=True)
            if self.taken and end != self.taken
        ]


class WaveformStream:
    """A stream for any tagger: keeps as much sound as the longest window needs, and tags each window by itself."""

    def __init__(self, tagger: Tagger, strides: Sequence[Stride]) -> None:
        self._tagger = tagger
        self._due = Due(tuple(strides))
        self._longest = max(stride.length for stride in strides)
        self._kept: Waveform = np.empty(0, np.float32)

    def push(self, samples: Waveform) -> list[Heard]:
        """Take what comes next, as `TaggerStream.push` says."""
        check_waveform(samples)
        heard = []
        while samples.size:
            piece, samples = np.split(samples, [self._due.until_next()])
            self._kept = np.concatenate([self._kept, piece])[-self._longest :]
            heard += [self._hear(*due) for due in self._due.take(piece.size)]
        return heard

    def finish(self) -> list[Heard]:
        """End the stream, as `TaggerStream.finish` says."""
        return [self._hear(*due) for due in self._due.last()]

    def _hear(self, window: Window, stride: Stride) -> Heard:
        first = self._due.taken - self._kept.size
        piece = self._kept[window.start - first : window.stop - first]
        tagged = self._tagger.tag(piece, [Window(0, piece.size)])
        return Heard(window, stride, tagged.scores[0], tagged.embeddings[0])
