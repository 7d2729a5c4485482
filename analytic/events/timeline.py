# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Overlapping windows -> when each of the 527 classes was heard: spans with onset and offset, several at once.

A class is heard where a window reaches `on`: from the first window of the unbroken row that holds a `trace` of it, 10 s
earlier at most, to the last one that reaches `off`. A window reaches it as soon as it holds enough of the sound, so the
sound began that much before the window's end, and it ended that much after the start of the last one. Measured: windows
of 2 s run through the whole network locate far better than pieces of one pass over 10 s
(docs/decisions/0007-events-from-windows.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytic.events.novelty import CLASSES

ON, OFF, TRACE = 0.2, 0.1, 0.0125
LAG_S, EARLIEST_S = 0.5, 10.0


class Span(NamedTuple):
    """One class was heard from `onset_s` to `offset_s`; `score` is its highest window's."""

    label_index: int
    onset_s: float
    offset_s: float
    score: float


def timeline(
    scores: NDArray[np.float32],
    starts_s: Sequence[float],
    stops_s: Sequence[float],
    *,
    on: float = ON,
    off: float = OFF,
    trace: float = TRACE,
    lag_s: float = LAG_S,
) -> list[Span]:
    """Find what was heard when.

    Parameters
    ----------
    scores
        float32, shape (w, 527), a row a window, in order of time.
    starts_s, stops_s
        The windows' borders, w each; the first one's start and the last one's stop are those of the sound.
    on, off
        Scores from which a class begins, and below which it ends; 0 < off <= on <= 1.
    trace
        Score from which a window before `on` may hold the sound's begin; 0 < trace <= off.
    lag_s
        How much of a sound a window holds when it reaches `on`.

    Returns
    -------
    list of Span
        By onset, then the highest score first. Spans of one class do not overlap.

    Raises
    ------
    ValueError
        The thresholds are not of that order, or not as many borders as windows.
    """
    if not 0 < trace <= off <= on <= 1:
        raise ValueError(f"0 < trace <= off <= on <= 1, found trace {trace:g}, off {off:g} and on {on:g}")
    if not len(scores) == len(starts_s) == len(stops_s):
        raise ValueError(f"a start and a stop for each of {len(scores)} windows, found {len(starts_s)}, {len(stops_s)}")
    found = Timeline(on, off, trace, lag_s)
    spans = [span for row in zip(scores, starts_s, stops_s, strict=True) for span in found.push(*row)]
    return sorted(spans + found.finish(), key=in_order)


def in_order(span: Span) -> tuple[float, float]:
    """Return what spans are sorted by: the onset, then the highest score first."""
    return span.onset_s, -span.score


@dataclass(slots=True)
class _Open:
    """A class that is being heard: its onset, the borders of its last window so far, its highest score."""

    onset_s: float
    start_s: float
    stop_s: float
    score: float


class Timeline:
    """Finds what is heard when, window by window; the parameters are those of `timeline`.

    Memory hangs on how many classes are heard at once, not on how long the sound is.
    """

    def __init__(self, on: float = ON, off: float = OFF, trace: float = TRACE, lag_s: float = LAG_S) -> None:
        # As the scores are, so that a threshold reaches itself.
        self._on, self._off, self._trace, self._lag_s = np.float32(on), np.float32(off), np.float32(trace), lag_s
        self._start_s: float | None = None
        self._stop_s = 0.0
        self._open: dict[int, _Open] = {}
        self._previous_s: dict[int, float] = {}
        # Where each class's row of traces begins; where there was a span in the same row, its lowest score since.
        self._rise_s = np.full(CLASSES, np.inf)
        self._floor = np.zeros(CLASSES, np.float32)

    @property
    def open(self) -> int:
        """How many classes are being heard now."""
        return len(self._open)

    def push(self, scores: NDArray[np.float32], start_s: float, stop_s: float) -> list[Span]:
        """Take the next window, scores of shape (527,); return the spans that it ends."""
        begins_s = start_s if self._start_s is None else max(start_s, stop_s - self._lag_s)
        if self._start_s is None:
            self._start_s = start_s
        self._rise(scores, begins_s)
        over = [one for one in self._open if not scores[one] >= self._off]
        ended = [self._ended(index, self._open.pop(index)) for index in over]
        for index, one in self._open.items():
            one.start_s, one.stop_s = start_s, stop_s
            one.score = max(one.score, float(scores[index]))
        for index in np.flatnonzero(scores >= self._on).tolist():
            if index not in self._open:
                onset_s = max(float(self._rise_s[index]), begins_s - EARLIEST_S)
                self._open[index] = _Open(onset_s, start_s, stop_s, float(scores[index]))
        self._stop_s = stop_s
        return ended

    def finish(self) -> list[Span]:
        """End the sound; return the spans that its end cuts."""
        left = [self._ended(index, one, at_end=True) for index, one in self._open.items()]
        self._open.clear()
        return left

    def _rise(self, scores: NDArray[np.float32], begins_s: float) -> None:
        """Take a window into the rows of traces; after a span a row begins where its score is lowest."""
        holds = scores >= self._trace
        begins = holds & np.isinf(self._rise_s)
        self._floor[begins] = 0
        lower = holds & (scores <= self._floor)
        lower[list(self._open)] = holds[list(self._open)]
        self._floor[lower] = scores[lower]
        self._rise_s[begins | lower] = begins_s
        self._rise_s[~holds] = np.inf

    def _ended(self, index: int, heard: _Open, at_end: bool = False) -> Span:
        offset_s = self._stop_s if at_end else min(heard.stop_s, heard.start_s + self._lag_s)
        onset_s = max(heard.onset_s, self._previous_s.get(index, self._start_s or 0.0))
        offset_s = max(offset_s, min(onset_s + self._lag_s, heard.stop_s))
        self._previous_s[index] = offset_s
        return Span(index, onset_s, offset_s, heard.score)
