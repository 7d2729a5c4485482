# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How much leaked, from scores and words; each with its 95 % interval over people or sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def equal_error_rate(genuine: Floats, impostor: Floats) -> float:
    """Return the rate at which as many genuine trials are refused as impostors are accepted, 0..1.

    Higher scores mean the same person. Between the two thresholds that enclose it, it is taken to be linear.
    """
    thresholds = np.unique(np.concatenate([genuine, impostor]))
    thresholds = np.append(thresholds, np.inf)
    refused = np.searchsorted(np.sort(genuine), thresholds, side="left") / genuine.size
    accepted = 1 - np.searchsorted(np.sort(impostor), thresholds, side="left") / impostor.size
    at = int(np.argmax(refused >= accepted))
    if at == 0:
        return float(accepted[0])
    before, after = refused[at - 1] - accepted[at - 1], refused[at] - accepted[at]
    share = before / (before - after)
    return float(refused[at - 1] + share * (refused[at] - refused[at - 1]))


def true_positives_at(genuine: Floats, impostor: Floats, false_positives: float = 0.01) -> float:
    """Return the share of genuine trials above the threshold that at most this share of the impostors exceed."""
    threshold = np.sort(impostor)[::-1][int(false_positives * impostor.size)]
    return float(np.mean(genuine > threshold))


def word_errors(reference: Sequence[str], found: Sequence[str]) -> int:
    """Return the fewest words to insert, delete or replace (V. Levenshtein, Soviet Physics Doklady 10, 1966)."""
    row = list(range(len(found) + 1))
    for number, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(found, 1):
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
    return row[-1]


def word_error_rate(references: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> float:
    """Return the word errors of all sentences over their words; above 1 where more is inserted than was said."""
    errors = sum(word_errors(reference, one) for reference, one in zip(references, found, strict=True))
    return errors / sum(len(reference) for reference in references)


def words_found(wanted: Sequence[str], found: Sequence[str]) -> int:
    """Return how many of the wanted words were found, in any order, each as often as it was said."""
    return sum((Counter(wanted) & Counter(found)).values())


def interval(values: Floats, units: Sequence[int] | NDArray[np.int64], rounds: int = 1000) -> list[float]:
    """Return the 95 % interval of a mean by drawing units (sentences, people) with replacement.

    Parameters
    ----------
    values
        float64, shape (n,).
    units
        The unit that each value belongs to.
    """
    names, which = np.unique(np.asarray(units), return_inverse=True)
    totals, counts = np.bincount(which, values), np.bincount(which).astype(float)
    drawn = np.random.default_rng(0).integers(0, names.size, (rounds, names.size))
    return _middle(totals[drawn].sum(1) / counts[drawn].sum(1))


def speaker_interval(scores: Floats, figure: Callable[[Floats, Floats], float], rounds: int = 200) -> list[float]:
    """Return the 95 % interval of a figure of genuine and impostor scores by drawing speakers with replacement.

    Parameters
    ----------
    scores
        float64, shape (speakers enrolled, speakers on trial, trials of each), the same speakers in both.
    """
    rng = np.random.default_rng(0)
    found = []
    for _ in range(rounds):
        drawn = rng.integers(0, len(scores), len(scores))
        same = drawn[:, None] == drawn[None, :]
        taken = scores[np.ix_(drawn, drawn)]
        if not same.all():
            found.append(figure(np.diagonal(scores)[:, drawn].ravel(), taken[~same].ravel()))
    return _middle(np.array(found))


def split(scores: Floats) -> tuple[Floats, Floats]:
    """Return the genuine and the impostor scores of a matrix, shape (speakers, speakers, trials)."""
    same = np.eye(len(scores), dtype=bool)
    return scores[same].ravel(), scores[~same].ravel()


def guessing(predictions: NDArray[np.int64], truth: NDArray[np.int64], rounds: int = 500) -> dict[str, float]:
    """Return what the best of several attackers gets right when the truth is shuffled, so that all of them guess.

    Parameters
    ----------
    predictions
        int64, shape (attackers, n). The more attackers, the luckier the luckiest.
    truth
        int64, shape (n,).
    """
    rng = np.random.default_rng(0)
    best = [float((predictions == rng.permutation(truth)).mean(axis=1).max()) for _ in range(rounds)]
    return {"mean": round(float(np.mean(best)), 4), "p95": round(float(np.quantile(best, 0.95)), 4)}


def _middle(values: Floats) -> list[float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return [round(float(low), 4), round(float(high), 4)]
