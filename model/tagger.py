# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a tagger is: waveform -> scores of the 527 classes, a row a window.

How a clip is cut and pooled is decided in docs/decisions/0003-clip-scores.md: one window where the clip has 10 s or
less, else windows of 10 s every 5 s, the last one aligned with the end; a clip's score is the highest of its windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from model.errors import BadWaveform

SAMPLE_RATE_HZ = 16_000
WINDOW_SAMPLES = 160_000
HOP_SAMPLES = 80_000

Waveform = NDArray[np.float32]
Scores = NDArray[np.float32]


class Window(NamedTuple):
    """A piece of a waveform, in samples: from `start` up to, not including, `stop`."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class TaggerCard:
    """Who a tagger is: what answers, metadata and events say of the network that spoke."""

    name: str
    version: str
    description: str
    licence: str
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Tagged:
    """What a tagger heard.

    Attributes
    ----------
    windows
        w windows, in order of time.
    scores
        float32, shape (w, 527), probabilities within 0..1, each class on its own.
    embeddings
        float32, shape (w, e), the network's pooled features; e depends on the tagger.
    """

    windows: tuple[Window, ...]
    scores: Scores
    embeddings: NDArray[np.float32]


class Tagger(Protocol):
    """Anything that scores a waveform; safe to call from several threads at once."""

    @property
    def card(self) -> TaggerCard:
        """Who speaks."""
        ...

    def tag(self, waveform: Waveform, windows: Sequence[Window] | None = None) -> Tagged:
        """Score `waveform`, float32, shape (n,), n >= 1, mono, 16 000 Hz, within -1..1.

        `windows` defaults to `plan_windows` of the length.

        Raises
        ------
        BadWaveform
            The array is something else, or there is no window.
        """
        ...


def check_waveform(waveform: object) -> None:
    """Refuse what is not "float32, shape (n,), n >= 1, finite, within -1..1".

    Raises
    ------
    BadWaveform
        Naming the first of these that does not hold.
    """
    if not isinstance(waveform, np.ndarray) or waveform.dtype != np.float32:
        found = getattr(waveform, "dtype", type(waveform).__name__)
        raise BadWaveform(f"a waveform is a float32 array, found {found}")
    if waveform.ndim != 1 or not waveform.size:
        raise BadWaveform(f"a waveform has shape (n,) with n >= 1, found {waveform.shape}")
    low, high = float(waveform.min()), float(waveform.max())
    if not (low >= -1.0 and high <= 1.0):  # also true for NaN
        raise BadWaveform(f"a waveform is finite and within -1..1, found {low:g}..{high:g}")


def plan_windows(samples: int, length: int = WINDOW_SAMPLES, hop: int = HOP_SAMPLES) -> tuple[Window, ...]:
    """Cut `samples` into overlapping windows of `length`, one every `hop`, the last one aligned with the end.

    Parameters
    ----------
    samples, length, hop
        Counts of samples, each >= 1. A waveform shorter than `length` is one window of its own length.
    """
    last = max(0, samples - length)
    starts = [*range(0, last, hop), last]
    return tuple(Window(start, min(start + length, samples)) for start in starts)


def pool(scores: Scores) -> Scores:
    """Pool windows to a clip: float32, shape (w, 527) -> (527,), the highest score of each class."""
    highest: Scores = scores.max(axis=0)
    return highest


def top(scores: Scores, count: int = 5) -> list[int]:
    """Return the indices of the `count` highest of the scores, shape (527,), highest first, ties by index."""
    order = np.argsort(-scores, kind="stable")
    return [int(index) for index in order[:count]]
