# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Turn what heads answer into probabilities, by what they answer on sound that they were not fitted on.

J. Platt, "Probabilistic Outputs for Support Vector Machines", in Advances in Large Margin Classifiers, 1999. A
probability needs a prior: `PRIOR` of the windows are taken to be alarms, as if one in twenty were. At home they are far
rarer; what matters is that a threshold means about the same for every alarm.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from model.heads.alarm import AlarmHeads, Floats
from model.heads.clips import NEGATIVE, POSITIVE, Status

PRIOR = 0.05
ENOUGH = 3  # positives, under which an alarm gets the middle of the others' maps
_HOLDS = 2.0  # positives that speak for the usual slope


def calibrated(heads: AlarmHeads, logits: Floats, status: Status) -> AlarmHeads:
    """Calibrate heads.

    Parameters
    ----------
    heads
        What to calibrate.
    logits
        float32, shape (n, k), what they, or their like fitted on other folds, answer on sound not fitted on.
    status
        int8, shape (n, k), what that sound is.
    """
    maps = np.full((len(heads.classes), 2), np.nan)
    for column in range(len(maps)):
        positive, negative = status[:, column] == POSITIVE, status[:, column] == NEGATIVE
        if positive.sum() >= ENOUGH:
            which = positive | negative
            maps[column] = platt(logits[which, column].astype(np.float64), positive[which])
    maps = np.where(np.isnan(maps), np.nanmedian(maps, axis=0), maps).astype(np.float32)
    slope, shift = maps.T
    return replace(
        heads, weights=slope[:, None] * heads.weights, raw=slope * heads.raw, bias=slope * heads.bias + shift
    )


def platt(
    logits: NDArray[np.float64], positive: NDArray[np.bool_], prior: float = PRIOR, *, slope: float = 1.0
) -> tuple[float, float]:
    """Fit p = sigmoid(a * logit + b) as if a share `prior` of what is heard were alarms; return a > 0 and b.

    Targets are smoothed as Platt does it, and `slope` holds a while there is little to learn from.
    """
    counts = max(1, int(positive.sum())), max(1, int((~positive).sum()))
    weight = np.where(positive, prior / counts[0], (1.0 - prior) / counts[1])
    target = np.where(positive, (counts[0] + 1) / (counts[0] + 2), 1 / (counts[1] + 2))

    def loss(pair: NDArray[np.float64]) -> float:
        scaled = np.exp(pair[0]) * logits + pair[1]
        held = prior * _HOLDS / counts[0] * (pair[0] - np.log(slope)) ** 2
        return float((weight * (np.logaddexp(0.0, scaled) - target * scaled)).sum() + held)

    start = np.array([np.log(slope), np.log(prior / (1.0 - prior)) - slope * float(logits.mean())])
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 600, "xatol": 1e-4, "fatol": 1e-9}).x
    return float(np.exp(found[0])), float(found[1])
