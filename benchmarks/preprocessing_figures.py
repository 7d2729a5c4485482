# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What preprocessing does to a tagger's answers, as figures: precision, agreement, alarms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import threshold_at
from benchmarks.pack import Recording
from benchmarks.privacy.utility import FALSE_ALARMS, Scores, average_precision, recall

LEAST_CLIPS = 3  # of a label, as `average_precision` has it
ROUNDS = 1000

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


def muted(scores: Scores, noise: Sequence[Collection[int]]) -> Scores:
    """Rank a clip last for what its noise makes true: float32, shape (clips, 527).

    Rain in a clip of a dog is no mistake; last in the ranking, the clip counts neither way for that label.
    """
    ranked = scores.copy()
    for row, labels in zip(ranked, noise, strict=True):
        row[list(labels)] = -1
    return ranked


def precision(
    scores: Scores, plain: Scores, clips: Sequence[Recording], groups: Sequence[str], rounds: int = ROUNDS
) -> dict[str, Any]:
    """Return the mean average precision, and how far it lies above that of `plain`, with a 95 % interval.

    Both score the same clips, float32, shape (clips, 527). Recordings are drawn with replacement, the same ones for
    both (paired bootstrap); a label whose clips were not drawn is left out of that round.
    """
    found, before = average_precision(scores, clips), average_precision(plain, clips)
    low, high = np.quantile(_differences(scores, plain, clips, drawn(groups, rounds)), [0.025, 0.975])
    return {
        "mean_average_precision": round(found, 4),
        "gained": round(found - before, 4),
        "gained_interval_95": [round(float(low), 4), round(float(high), 4)],
    }


def drawn(groups: Sequence[str], rounds: int) -> NDArray[np.float32]:
    """Return how often each clip is drawn, float32, shape (rounds, clips): all clips of a recording together."""
    names, which = np.unique(np.array(groups), return_inverse=True)
    share = np.full(names.size, 1 / names.size)
    return np.random.default_rng(0).multinomial(names.size, share, rounds)[:, which].astype(np.float32)


def _differences(scores: Scores, plain: Scores, clips: Sequence[Recording], weights: NDArray[np.float32]) -> Floats:
    held = np.array([[index in clip.labels for index in range(scores.shape[1])] for clip in clips])
    found = [
        weighted_precision(scores[:, one], held[:, one], weights)
        - weighted_precision(plain[:, one], held[:, one], weights)
        for one in np.flatnonzero(held.sum(axis=0) >= LEAST_CLIPS)
    ]
    differences: Floats = np.nanmean(found, axis=0)
    return differences


def weighted_precision(scores: Scores, held: Flags, weights: NDArray[np.float32]) -> Floats:
    """Return the average precision of one label where each clip counts so often: float64, shape (rounds,).

    Parameters
    ----------
    scores, held
        Shape (clips,): the scores, and which clips hold the label.
    weights
        Shape (rounds, clips), >= 0. Where those that hold the label weigh nothing, the answer is NaN.
    """
    order = np.argsort(-scores, kind="stable")
    weights, held = weights[:, order], held[order]
    share = np.cumsum(weights * held, axis=1)[:, held] / np.maximum(np.cumsum(weights, axis=1)[:, held], 1e-9)
    of_label = weights[:, held].astype(np.float64)
    total = of_label.sum(axis=1)
    return np.where(total > 0, (of_label * share).sum(axis=1) / np.maximum(total, 1e-9), np.nan)


def alarms(found: Scores, unchanged: NDArray[np.float32], holds: Flags, classes: Sequence[str]) -> dict[str, Any]:
    """Return the recall of alarms at 1 % false alarms, and what thresholds that stay as they were would give.

    Parameters
    ----------
    found
        float32, shape (clips, classes): what the alarm heads say.
    unchanged
        Shape (classes,): the thresholds of clean sound without preprocessing.
    holds
        bool, shape (clips, classes): which alarms a clip holds.
    classes
        Their names.
    """
    others = ~holds.any(axis=1)
    own = recall((found >= thresholds(found[others]))[~others], holds[~others], classes)
    kept = found >= unchanged
    return {
        "alarm_recall": own["alarm_recall"],
        "alarm_recall_interval_95": own["alarm_recall_interval_95"],
        "alarm_recall_at_unchanged_thresholds": recall(kept[~others], holds[~others], classes)["alarm_recall"],
        "others_with_a_false_alarm_there": round(float(kept[others].any(axis=1).mean()), 4),
    }


def thresholds(found: Scores) -> NDArray[np.float32]:
    """Return each alarm's threshold that 1 % of these clips, which hold none, reach: float32, shape (classes,)."""
    return np.array([threshold_at(column, FALSE_ALARMS) for column in found.T], np.float32)


def same_top(scores: Scores, clean: Scores) -> float:
    """Return the share of clips whose highest class is that of the clean clip."""
    return round(float((scores.argmax(axis=1) == clean.argmax(axis=1)).mean()), 4)
