# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Overlapping windows -> when each of the 527 classes was heard: spans with onset and offset, several at once.

A class is heard from the first window that reaches `on` to the last one that reaches `off`. A window reaches it as soon
as it holds enough of the sound, so the sound began that much before the window's end, and it ended that much after the
start of the last one. Measured: windows of 2 s run through the whole network locate far better than pieces of one pass
over 10 s (docs/decisions/0007-events-from-windows.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ON, OFF = 0.2, 0.1
LAG_S = 0.5


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
    if not 0 < off <= on <= 1:
        raise ValueError(f"0 < off <= on <= 1, found off {off:g} and on {on:g}")
    if not len(scores) == len(starts_s) == len(stops_s):
        raise ValueError(f"a start and a stop for each of {len(scores)} windows, found {len(starts_s)}, {len(stops_s)}")
    on, off = float(np.float32(on)), float(np.float32(off))  # as the scores are, so that a threshold reaches itself
    heard = np.flatnonzero((scores >= on).any(axis=0))
    spans = [span for index in heard for span in _of(int(index), scores[:, index], starts_s, stops_s, on, off, lag_s)]
    return sorted(spans, key=lambda span: (span.onset_s, -span.score))


def _of(
    index: int,
    scores: NDArray[np.float32],
    starts_s: Sequence[float],
    stops_s: Sequence[float],
    on: float,
    off: float,
    lag_s: float,
) -> Iterator[Span]:
    previous_s = starts_s[0]
    last = len(scores) - 1
    for first, final in _runs(scores, on, off):
        onset_s = starts_s[0] if first == 0 else max(starts_s[first], stops_s[first] - lag_s)
        offset_s = stops_s[last] if final == last else min(stops_s[final], starts_s[final] + lag_s)
        onset_s = max(onset_s, previous_s)
        previous_s = max(offset_s, min(onset_s + lag_s, stops_s[final]))
        yield Span(index, onset_s, previous_s, float(scores[first : final + 1].max()))


def _runs(scores: NDArray[np.float32], on: float, off: float) -> Iterator[tuple[int, int]]:
    """Yield the first and last window of each run that reaches `on` first and never falls below `off`."""
    opened: int | None = None
    for index, score in enumerate(scores.tolist()):
        if opened is None and score >= on:
            opened = index
        elif opened is not None and score < off:
            yield opened, index - 1
            opened = None
    if opened is not None:
        yield opened, len(scores) - 1
