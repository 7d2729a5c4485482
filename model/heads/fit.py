# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Find the direction of each alarm among a tagger's features: linear discriminants, and logistic regression.

With few recordings of an alarm a plain logistic regression learns the collection more than the sound. A shrunk linear
discriminant (R. A. Fisher, "The Use of Multiple Measurements in Taxonomic Problems", Annals of Eugenics 7, 1936) shares
its covariance among all alarms; a logistic regression that starts there moves it only as far as its ridge lets it.
Whole clips and windows of scenes are two kinds of examples: the discriminant's means and covariances are taken within a
kind, so that nothing is learnt of what tells the kinds apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from model.heads.clips import NEGATIVE, POSITIVE, Status

Floats = NDArray[np.float32]
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression.

    Attributes
    ----------
    shares
        How much each kind of examples counts.
    ridge
        What half the squared distance from the start costs, beside the mean loss.
    iterations
        At most so many steps.
    positives
        The share of the positives in the weight of all examples; None for what they are.
    careful
        Whether what is doubtful for an alarm is left out, or taken for none.
    """

    shares: Mapping[str, float]
    ridge: float
    iterations: int
    positives: float | None = None
    careful: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """What heads are fitted on.

    Attributes
    ----------
    features
        float32, shape (n, d), standardised and clipped.
    status
        int8, shape (n, k).
    kind
        Which of a recipe's kinds each is.
    """

    features: Floats
    status: Status
    kind: NDArray[np.str_]

    def chosen(self, which: NDArray[np.bool_]) -> Examples:
        """Return some of them."""
        return Examples(self.features[which], self.status[which], self.kind[which])


def discriminants(examples: Examples, shares: Mapping[str, float], shrinkage: float) -> Floats:
    """Find the linear discriminant of each alarm, of unit variance: float32, shape (k, d), 0 without a positive.

    `shares` says how much each kind counts; `shrinkage` is added to the variance of each standardised feature.
    """
    width, kinds = examples.features.shape[1], examples.status.shape[1]
    covariance, shifts = np.zeros((width, width), np.float32), np.zeros((kinds, width), np.float32)
    for kind, share in shares.items():
        inside = examples.kind == kind
        if not inside.any():
            continue
        features, status = examples.features[inside], examples.status[inside]
        mean = features.mean(axis=0)
        covariance += share * (features.T @ features / len(features) - np.outer(mean, mean))
        for alarm in np.flatnonzero((status == POSITIVE).any(axis=0)):
            shifts[alarm] += share * (features[status[:, alarm] == POSITIVE].mean(axis=0) - mean)
    total = sum(shares.values())
    covariance = covariance / total + shrinkage * np.eye(width, dtype=np.float32)
    found = cho_solve(cho_factor(covariance), shifts.T / total).T
    deviation = np.sqrt(np.einsum("kd,de,ke->k", found, covariance, found))
    scaled: Floats = (found / np.maximum(deviation, _TINY)[:, None]).astype(np.float32)
    return scaled


def regression(examples: Examples, recipe: Logistic, start: Floats) -> Floats:
    """Move directions, float32 (k, d), by logistic regression, all alarms at once, each by itself.

    Steps are those of L-BFGS (D. Liu, J. Nocedal, Mathematical Programming 45, 1989). The factor of `start` and the
    bias are free.
    """
    features, (kinds, width) = examples.features, start.shape
    positive = (examples.status == POSITIVE).astype(np.float32)
    weight, before = weights(examples, recipe), features @ start.T

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = flat.reshape(kinds, width + 2).astype(np.float32)
        moved, factor, bias = table[:, :width], table[:, width], table[:, width + 1]
        logits = features @ moved.T + before * factor + bias
        value = float((weight * (np.logaddexp(0.0, logits) - positive * logits)).sum())
        wrong = weight * (0.5 + 0.5 * np.tanh(0.5 * logits) - positive)
        slope = np.empty_like(table)
        slope[:, :width] = wrong.T @ features + recipe.ridge * moved
        slope[:, width], slope[:, width + 1] = (wrong * before).sum(axis=0), wrong.sum(axis=0)
        return value + 0.5 * recipe.ridge * float(np.square(moved).sum()), slope.ravel().astype(np.float64)

    first = np.zeros((kinds, width + 2))
    first[:, width], first[:, width + 1] = 1.0, -3.0
    options = {"maxiter": recipe.iterations, "maxcor": 15}
    table = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options=options).x.reshape(kinds, width + 2)
    found: Floats = (table[:, :width] + table[:, width : width + 1] * start).astype(np.float32)
    return found


def weights(examples: Examples, recipe: Logistic) -> Floats:
    """Weigh examples: float32, shape (n, k), each column of sum 1 where there is anything to learn."""
    weight = np.zeros(examples.status.shape, np.float32)
    for kind, share in recipe.shares.items():
        inside = examples.kind == kind
        status = examples.status[inside]
        positive = status == POSITIVE
        negative = status == NEGATIVE if recipe.careful else ~positive
        counts = [np.maximum(such.sum(axis=0), 1) for such in (positive, negative)]
        part = counts[0] / (counts[0] + counts[1]) if recipe.positives is None else recipe.positives
        weight[inside] = share * (positive * part / counts[0] + negative * (1.0 - part) / counts[1])
    scaled: Floats = weight / np.maximum(weight.sum(axis=0), _TINY)
    return scaled
