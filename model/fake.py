# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A tagger made from one function: for tests, docs, and trying the service without weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from model.errors import BadWaveform
from model.labels import CLASS_COUNT, find
from model.stream import Stride, WaveformStream
from model.tagger import Tagged, TaggerCard, Waveform, Window, check_waveform, plan_windows

FAKE_CARD = TaggerCard(
    name="fake",
    version="0",
    description="Scores made up by a function; it hears nothing.",
    licence="MIT",
    source="model.fake",
)


class FakeTagger:
    """A tagger whose scores come from a function of each window.

    Parameters
    ----------
    hear
        Takes a window's waveform (float32, shape (n,)), returns label names or ids with their probabilities; every
        other class gets 0.
    card
        Who speaks.
    """

    def __init__(self, hear: Callable[[Waveform], Mapping[str, float]], card: TaggerCard = FAKE_CARD) -> None:
        self._hear = hear
        self._card = card

    @classmethod
    def always(cls, scores: Mapping[str, float]) -> FakeTagger:
        """Make a tagger that hears the same in everything."""
        return cls(lambda _waveform: scores)

    @property
    def card(self) -> TaggerCard:
        """Who speaks."""
        return self._card

    def tag(self, waveform: Waveform, windows: Sequence[Window] | None = None) -> Tagged:
        """Score a waveform, as `Tagger.tag` says; the embedding of a window is its (RMS, peak)."""
        check_waveform(waveform)
        chosen = tuple(windows) if windows is not None else plan_windows(waveform.size)
        if not chosen:
            raise BadWaveform("a waveform is tagged in at least one window, found none")
        scores = np.zeros((len(chosen), CLASS_COUNT), np.float32)
        embeddings = np.zeros((len(chosen), 2), np.float32)
        for row, window in enumerate(chosen):
            piece = waveform[window.start : window.stop]
            embeddings[row] = np.sqrt(np.mean(piece**2)), np.abs(piece).max()
            for key, score in self._hear(piece).items():
                label = find(key)
                if label is None:
                    raise KeyError(f"no AudioSet class is called {key!r}")
                scores[row, label.index] = score
        return Tagged(chosen, scores, embeddings)

    def stream(self, strides: Sequence[Stride]) -> WaveformStream:
        """Open a stream."""
        return WaveformStream(self, strides)
