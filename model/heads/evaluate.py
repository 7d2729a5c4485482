# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Measure heads on what they were not fitted on: average precision, and recall at few false alarms, with intervals.

Whatever is not labelled as an alarm counts as none here, so precision is understated. Intervals are the 2.5 to 97.5 %
range over resamples of the recordings (B. Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of
Statistics 7, 1979); two scores are compared on the same resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.heads.alarm import AlarmHeads
from model.heads.clips import ALARMS, POSITIVE, UNKNOWN
from model.heads.windows import Windows

FALSE_POSITIVES = (0.01, 0.001)
RESAMPLES = 1000
_DIGITS = 3

Flags = NDArray[np.bool_]
Weights = NDArray[np.float64]
Logits = NDArray[np.float32]
Fitter = Callable[[Flags], AlarmHeads]


def average_precision(positive: Flags, score: Logits, weights: Weights | None = None) -> Weights:
    """Return the average precision of scores, shape (n,), under each row of `weights`, (r, n): shape (r,).

    Equal scores count in the order in which they come.
    """
    order = np.argsort(-score, kind="stable")
    counted = np.ones((1, score.size)) if weights is None else weights[:, order]
    found = counted * positive[order]
    precision = np.cumsum(found, axis=1) / np.maximum(np.cumsum(counted, axis=1), 1e-9)
    total = found.sum(axis=1)
    average: Weights = (precision * found).sum(axis=1) / np.where(total, total, np.nan)
    return average


def recall(positive: Flags, score: Logits, false_positives: float) -> float:
    """Return the share of positives above the score that at most this share of the others exceeds."""
    others = np.sort(score[~positive])[::-1]
    return float((score[positive] > others[int(false_positives * others.size)]).mean())


def resamples(recordings: Sequence[str], seed: int = 0, count: int = RESAMPLES) -> Weights:
    """Draw how often each clip counts in each resample of the recordings: shape (count, clips)."""
    _, recording = np.unique(np.asarray(recordings), return_inverse=True)
    size = int(recording.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), count)
    return drawn.astype(np.float64)[:, recording]


def held_out(heard: Windows, teaches: Flags, parts: NDArray[Any], fitter: Fitter, chosen: Flags) -> Logits:
    """Score `chosen` clips, each with heads that were fitted without its part (a fold, or a collection).

    Parameters
    ----------
    heard
        n whole clips.
    teaches, chosen
        bool, shape (n,): which may be fitted on, which to score.
    parts
        Shape (n,), the part that each clip lies in.
    fitter
        Fits heads without the clips that it is given, bool, shape (n,).

    Returns
    -------
    numpy.ndarray
        float32, shape (n, k), zero where not chosen.
    """
    scored = np.zeros(heard.status.shape, np.float32)
    for part in np.unique(parts[chosen]):
        heads = fitter((parts == part) | ~teaches)
        rows = (parts == part) & chosen
        scored[rows] = heads.logits(heard.scores[rows], heard.embeddings[rows])
    return scored


def compare(
    positive: Flags, named: Mapping[str, Logits], recordings: Sequence[str], *, paired: tuple[str, str]
) -> dict[str, Any]:
    """Measure several scorers of clips, and the first of `paired` against the second.

    Parameters
    ----------
    positive
        bool, shape (n, k).
    named
        Name to float32, shape (n, k).
    recordings
        The recording that each clip comes from.
    paired
        Two of the names.

    Returns
    -------
    dict
        For each alarm that any clip has: clips, recordings, the figures of each scorer, and the paired difference of
        average precision with its interval; ``mean`` likewise over alarms of ten recordings or more.
    """
    weights = resamples(recordings)
    names = np.asarray(recordings)
    rows: dict[str, Any] = {}
    drawn: dict[str, list[Weights]] = {name: [] for name in named}
    for column, alarm in enumerate(ALARMS):
        present = positive[:, column]
        if not present.any():
            continue
        count = len(set(names[present]))
        row: dict[str, Any] = {"clips": int(present.sum()), "recordings": count}
        spread = {name: average_precision(present, scores[:, column], weights) for name, scores in named.items()}
        for name, scores in named.items():
            row[name] = figures(present, scores[:, column]) | {"ap_interval": interval(spread[name])}
        first, second = paired
        row["difference"] = rounded(row[first]["ap"] - row[second]["ap"])
        row["difference_interval"] = interval(spread[first] - spread[second])
        rows[alarm] = row
        if count >= 10:
            for name in named:
                drawn[name].append(spread[name])
    return rows | {"mean": _mean(rows, drawn, paired)}


def _mean(rows: Mapping[str, Any], drawn: Mapping[str, list[Weights]], paired: tuple[str, str]) -> dict[str, Any]:
    enough = {alarm: row for alarm, row in rows.items() if row["recordings"] >= 10}
    if not enough:
        return {}
    mean: dict[str, Any] = {"alarms": list(enough)}
    spread = {name: np.mean(pieces, axis=0) for name, pieces in drawn.items()}
    for name in drawn:
        average = float(np.mean([row[name]["ap"] for row in enough.values()]))
        mean[name] = {"ap": rounded(average), "ap_interval": interval(spread[name])}
    first, second = paired
    mean["difference"] = rounded(mean[first]["ap"] - mean[second]["ap"])
    mean["difference_interval"] = interval(spread[first] - spread[second])
    return mean


def scenes(heard: Windows, named: Mapping[str, Logits]) -> dict[str, Any]:
    """Measure scorers, name to (n, k), on windows of scenes; what is doubtful for an alarm is left out for it."""
    rows: dict[str, Any] = {}
    for column, alarm in enumerate(ALARMS):
        known = heard.status[:, column] != UNKNOWN
        present = heard.status[known, column] == POSITIVE
        if present.any():
            row: dict[str, Any] = {"windows": int(present.sum()), "others": int((~present).sum())}
            rows[alarm] = row | {name: figures(present, scores[known, column]) for name, scores in named.items()}
    return rows


def figures(positive: Flags, score: Logits) -> dict[str, float]:
    """Return average precision, and recall at 1 % and at 0.1 % false positives."""
    average = rounded(float(average_precision(positive, score)[0]))
    at = {f"recall_at_{share:g}": rounded(recall(positive, score, share)) for share in FALSE_POSITIVES}
    return {"ap": average} | at


def interval(values: Weights) -> list[float]:
    """Return the 2.5 and 97.5 % points; a resample without the alarm is left out."""
    return [rounded(float(point)) for point in np.nanpercentile(values, [2.5, 97.5])]


def rounded(value: float) -> float:
    """Round to what is written."""
    return round(value, _DIGITS)
