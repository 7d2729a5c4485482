# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Event-based F1 of detections, as the field reports it.

A. Mesaros, T. Heittola, T. Virtanen, "Metrics for Polyphonic Sound Event Detection", Applied Sciences 6(6), 2016: a
detection is right when its onset lies within a collar of the event's, and its offset within that collar or a share of
the event's length, whichever is longer; events and detections are paired so that most of them are right. Much stricter
than an alarm needs: see `benchmarks.scenes.scoring` for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from benchmarks.scenes.matching import names_in
from benchmarks.scenes.truth import Detection, TrueEvent

_ROUNDING_S = 1e-9


def event_f1(
    truths: Sequence[Sequence[TrueEvent]],
    detections: Sequence[Sequence[Detection]],
    *,
    collar_s: float = 0.2,
    share_of_length: float = 0.2,
    offsets: bool = True,
) -> dict[str, Any]:
    """Return precision, recall and F1 by class, over all together (micro) and as the mean over classes (macro).

    Parameters
    ----------
    truths, detections
        One sequence a soundscape, both in the same order.
    collar_s
        0.2 in the papers; 1.0 suits windows of 2 s.
    share_of_length
        Of the true event, for offsets.
    offsets
        False: onsets alone count.
    """
    names = sorted(names_in(truths, detections))
    counts = {name: np.zeros(3, int) for name in names}
    for truth, found in zip(truths, detections, strict=True):
        for name in names:
            events = [one for one in truth if one.event_class == name]
            heard = [one for one in found if one.event_class == name]
            right = _right(_fitting(events, heard, collar_s, share_of_length if offsets else None))
            counts[name] += (right, len(events), len(heard))
    classes = {name: _figures(*map(int, counted)) for name, counted in counts.items()}
    with_events = [classes[name]["f1"] for name in names if counts[name][1]]
    return {
        "collar_s": collar_s,
        "offsets": offsets,
        "classes": classes,
        "micro": _figures(*(int(total) for total in sum(counts.values(), np.zeros(3, int)))),
        "macro_f1": round(float(np.mean(with_events)), 4) if with_events else None,
    }


def _fitting(
    events: Sequence[TrueEvent], heard: Sequence[Detection], collar_s: float, share_of_length: float | None
) -> csr_array:
    """Return which detection (column) is right for which event (row)."""
    fits = np.zeros((len(events), len(heard)), bool)
    for row, event in enumerate(events):
        for column, one in enumerate(heard):
            fits[row, column] = abs(one.onset_s - event.onset_s) <= collar_s + _ROUNDING_S
            if share_of_length is not None:
                offset_collar_s = max(collar_s, share_of_length * (event.offset_s - event.onset_s))
                fits[row, column] &= abs(one.offset_s - event.offset_s) <= offset_collar_s + _ROUNDING_S
    return csr_array(fits)


def _right(fits: csr_array) -> int:
    return int((maximum_bipartite_matching(fits, perm_type="column") >= 0).sum()) if fits.nnz else 0


def _figures(right: int, events: int, heard: int) -> dict[str, Any]:
    return {
        "events": events,
        "detections": heard,
        "precision": round(right / heard, 4) if heard else None,
        "recall": round(right / events, 4) if events else None,
        "f1": round(2 * right / (events + heard), 4) if events + heard else None,
    }
