# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How well alarms are found: average precision and recall at one false alarm in a hundred, with intervals.

An interval is the 2.5 to 97.5 % range over resamples of the *recordings* (all pieces of one together): B. Efron,
"Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7, 1979.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.evaluation.metrics import Flags, average_precision
from model.labels import index_of
from model.tagger import Scores

FALSE_POSITIVES = 0.01
ENOUGH_RECORDINGS = 5
RESAMPLES = 1000

# The same members as the service's alert classes (analytic/events/classes.py), which this package may not import; a
# test holds them together.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "glass_break": ("/m/07rn7sz", "/m/07pc8lb"),
    "scream": ("/m/03qc9zr",),
    "gunshot": ("/m/032s66", "/m/04zjc", "/m/02z32qm", "/m/0_1c"),
    "explosion": ("/m/014zdl", "/m/07qqyl4", "/m/07qsvvw"),
    "fire": ("/m/02_41", "/m/07pzfmf"),
    "smoke_alarm": ("/m/01y3hg", "/m/0c3f7m"),
    "baby_cry": ("/t/dd00002",),
    "crash": ("/m/07pjjrj", "/m/07rknqz", "/m/0h9mv", "/m/07pws3f", "/m/07qnq_y"),
    "distress": ("/m/07p6fty", "/m/07sr1lc", "/m/0463cq4", "/m/07s2xch"),
    "siren": ("/m/03kmc9",),
    "doorbell": ("/m/03wwcy",),
    "knock": ("/m/07r4wb8",),
    "dog_bark": ("/m/05tny_",),
    "car_alarm": ("/m/02mfyn",),
}

Weights = NDArray[np.float64]


def measure(named: Mapping[str, Scores], known: Flags, recordings: Sequence[str], *, seed: int = 0) -> dict[str, Any]:
    """Measure every alarm class for one tagger or several on the same clips.

    Parameters
    ----------
    named
        Tagger name to scores, float32, shape (clips, 527). With two, the first is compared with the second.
    known
        bool, shape (clips, 527).
    recordings
        The recording that each clip comes from.
    seed
        Of the resampling.

    Returns
    -------
    dict
        ``classes`` (a row for each alarm that any clip has), ``thin`` (names of those with fewer than five recordings,
        absent ones included) and ``mean`` over the others: average precision and, with two taggers, its ratio.
    """
    resamples = _resamples(recordings, seed)
    rows: list[dict[str, Any]] = []
    drawn: dict[str, list[Weights]] = {name: [] for name in named}
    thin = []
    for alarm, mids in GROUPS.items():
        members = [index_of(mid) for mid in mids]
        present: Flags = np.any(known[:, members], axis=1)
        count = len({recording for recording, has in zip(recordings, present, strict=True) if has})
        if count < ENOUGH_RECORDINGS:
            thin.append(alarm)
        if not count:
            continue
        row: dict[str, Any] = {"alarm": alarm, "clips": int(present.sum()), "recordings": count, "taggers": {}}
        for name, scores in named.items():
            figures, precisions = _figures(present, scores[:, members].max(axis=1), resamples)
            row["taggers"][name] = figures
            if count >= ENOUGH_RECORDINGS:
                drawn[name].append(precisions)
        rows.append(row)
    return {"classes": rows, "thin": thin, "mean": _means(rows, thin, drawn)}


def _figures(present: Flags, score: Scores, resamples: list[Weights]) -> tuple[dict[str, Any], Weights]:
    ones = np.ones(present.size)
    precisions = np.full(len(resamples), np.nan)
    recalls = np.full(len(resamples), np.nan)
    for index, weight in enumerate(resamples):
        if weight[present].any():
            precisions[index] = average_precision(present, score, weight)
            recalls[index] = recall(present, score, weight)
    figures = {
        "average_precision": average_precision(present, score),
        "average_precision_interval": interval(precisions),
        "threshold": threshold(present, score, ones),
        "recall": recall(present, score, ones),
        "recall_interval": interval(recalls),
    }
    return figures, precisions


def recall(present: Flags, score: Scores, weight: Weights) -> float:
    """Return the share of clips with the class that score above `threshold`."""
    found = present & (score > threshold(present, score, weight))
    return float(weight[found].sum() / weight[present].sum())


def threshold(present: Flags, score: Scores, weight: Weights) -> float:
    """Return the score that at most 1 % of the clips without the class exceed."""
    order = np.argsort(-score[~present], kind="stable")
    reached = np.cumsum(weight[~present][order]) > FALSE_POSITIVES * weight[~present].sum()
    return float(score[~present][order][int(np.argmax(reached))])


def interval(values: Weights) -> list[float]:
    """Return the 2.5 and 97.5 % points of resampled values; a resample without the class is left out."""
    return [float(point) for point in np.nanpercentile(values, [2.5, 97.5])]


def _means(rows: list[dict[str, Any]], thin: list[str], drawn: dict[str, list[Weights]]) -> dict[str, Any]:
    enough = [row for row in rows if row["alarm"] not in thin]
    if not enough:
        return {}
    means = {name: np.array([row["taggers"][name]["average_precision"] for row in enough]).mean() for name in drawn}
    spread = {name: np.nanmean(np.stack(values), axis=0) for name, values in drawn.items()}
    result: dict[str, Any] = {"alarms": [row["alarm"] for row in enough], "taggers": {}}
    for name, mean in means.items():
        figures = {"average_precision": float(mean), "average_precision_interval": interval(spread[name])}
        result["taggers"][name] = figures
    if len(means) == 2:
        (ours, theirs), (drawn_ours, drawn_theirs) = means.values(), spread.values()
        result |= {"ratio": float(ours / theirs), "ratio_interval": interval(drawn_ours / drawn_theirs)}
    return result


def _resamples(recordings: Sequence[str], seed: int) -> list[Weights]:
    """Draw how often each clip counts, (clips,), in each resample of the recordings."""
    random = np.random.default_rng(seed)
    _, recording = np.unique(np.asarray(recordings), return_inverse=True)
    count = int(recording.max()) + 1
    drawn = random.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(np.float64)
    return [row[recording] for row in drawn]
