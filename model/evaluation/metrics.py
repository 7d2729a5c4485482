# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Average precision, agreement of two taggers, calibration: scores and labels in, numbers out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from model.tagger import Scores

Flags = NDArray[np.bool_]
BINS = 10


def average_precision(present: Flags, score: Scores, weight: NDArray[np.float64] | None = None) -> float:
    """Return scikit-learn's average precision of one class; `present`, `score` and `weight` have shape (clips,)."""
    return float(average_precision_score(present, score, sample_weight=weight))


def top_five(scores: Scores) -> NDArray[np.int64]:
    """Return the five highest classes a clip, highest first, ties by index: (clips, 527) -> (clips, 5)."""
    order: NDArray[np.int64] = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    return order


def label_hits(scores: Scores, known: Flags) -> Flags:
    """Say for each clip, shape (clips,), whether one of its labels is among its five highest classes."""
    hits: Flags = np.any(np.take_along_axis(known, top_five(scores), axis=1), axis=1)
    return hits


def agreement(scores: Scores, reference: Scores) -> dict[str, float]:
    """Compare two taggers on the same clips, both (clips, 527): shares of clips within 0..1."""
    ours, theirs = top_five(scores), top_five(reference)
    shared = (ours[:, :, None] == theirs[:, None, :]).any(axis=2)
    return {
        "top_1_same": float((ours[:, 0] == theirs[:, 0]).mean()),
        "top_1_in_reference_top_5": float(shared[:, 0].mean()),
        "top_5_shared": float(shared.mean()),
        "mean_score_difference": float(np.abs(scores - reference).mean()),
    }


def reliability(scores: Scores, known: Flags) -> list[dict[str, Any]]:
    """Compare scores with how often they are right, over all pairs of clip and class.

    M. H. DeGroot, S. E. Fienberg, "The Comparison and Evaluation of Forecasters", The Statistician 32, 1983.

    Returns
    -------
    list
        One entry for each tenth of 0..1 that any score falls in: pairs in it, their mean score, the share labelled.
    """
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    entries = []
    for index in range(BINS):
        inside = place == index
        count = int(inside.sum())
        if count:
            mean, share = float(scores[inside].mean()), float(known[inside].mean())
            entries.append({"from": index / BINS, "pairs": count, "mean_score": mean, "labelled": share})
    return entries


def calibration_error(entries: list[dict[str, Any]]) -> float:
    """Return the expected calibration error of `reliability`'s entries: mean distance, weighted by pairs, 0..1."""
    pairs = sum(entry["pairs"] for entry in entries)
    return float(sum(entry["pairs"] * abs(entry["mean_score"] - entry["labelled"]) for entry in entries) / pairs)
