# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The first alert policy: a class is an alarm while one of its members reaches its threshold, in any window.

Pure: scores and times in, decisions out. Neighbouring windows that reach the threshold are one event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytic.events.classes import AlertClass


@dataclass(frozen=True, slots=True)
class Decision:
    """One alarm found in a clip: class, best member by score index, its score, and where, in windows and seconds."""

    event_class: str
    label_index: int
    score: float
    onset_s: float
    offset_s: float
    first_window: int
    last_window: int


class ThresholdPolicy:
    """Decides on the scores of all classes.

    Parameters
    ----------
    classes
        The alert classes that are on.
    indices
        For each of them, the score indices of its members.

    Raises
    ------
    ValueError
        A class without members, or a threshold outside 0..1 (0 excluded).
    """

    def __init__(self, classes: Sequence[AlertClass], indices: Sequence[Sequence[int]]) -> None:
        for alert, members in zip(classes, indices, strict=True):
            if not members or not 0 < alert.threshold <= 1:
                raise ValueError(f"{alert.name}: members and a threshold above 0, at most 1; found {alert.threshold}")
        self.classes = tuple(classes)
        self._indices = tuple(np.array(members, np.intp) for members in indices)

    def decide(
        self, scores: NDArray[np.float32], onsets_s: Sequence[float], offsets_s: Sequence[float]
    ) -> list[Decision]:
        """Find the alarms of one clip.

        Parameters
        ----------
        scores
            float32, shape (w, 527), a row a window, in order of time.
        onsets_s, offsets_s
            The windows' borders, w each, seconds from the start of the clip.

        Returns
        -------
        list of Decision
            By onset, then in the order of the classes.
        """
        found = [
            decision
            for alert, members in zip(self.classes, self._indices, strict=True)
            for decision in _runs(alert, members, scores, onsets_s, offsets_s)
        ]
        return sorted(found, key=lambda decision: decision.onset_s)


def _runs(
    alert: AlertClass,
    members: NDArray[np.intp],
    scores: NDArray[np.float32],
    onsets_s: Sequence[float],
    offsets_s: Sequence[float],
) -> Iterator[Decision]:
    of_members = scores[:, members]
    reached = of_members.max(axis=1) >= alert.threshold
    edges = np.flatnonzero(np.diff(np.concatenate(([False], reached, [False])).astype(np.int8)))
    for first, stop in edges.reshape(-1, 2):
        window, member = np.unravel_index(int(of_members[first:stop].argmax()), (stop - first, members.size))
        yield Decision(
            event_class=alert.name,
            label_index=int(members[member]),
            score=float(of_members[first + window, member]),
            onset_s=onsets_s[first],
            offset_s=offsets_s[stop - 1],
            first_window=int(first),
            last_window=int(stop - 1),
        )
