# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How far the student is from the teacher.

G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network", 2015. Two parts: the cross-entropy of
the 527 sigmoids, which fits the probabilities, and the divergence of the softmax over the same logits, which weighs the
classes that the teacher puts first and so fits their order.
"""

from __future__ import annotations

from typing import Any

from keras import ops

_HIGHEST = 0.999
_LOWEST = 1e-6


def targets(teacher: Any, known: Any, label: Any) -> Any:
    """Return probabilities (b, 527): the teacher's, pulled by `label` (0..1) towards 1 where a class is known."""
    # PyTorch as a backend hands on what it was given, and leaves it to us to make tensors of it.
    teacher, known, label = (ops.convert_to_tensor(value, "float32") for value in (teacher, known, label))
    probability = ops.sigmoid(teacher)
    probability = probability + label * (1.0 - probability) * known
    return ops.clip(probability, _LOWEST, _HIGHEST)


def distance(student: Any, target: Any, ranking: float) -> tuple[Any, Any]:
    """Compare the student's logits with target probabilities, both (b, 527).

    Returns
    -------
    tuple
        Mean over the batch of the summed binary divergence, and of the divergence of the softmaxes times `ranking`;
        both in nats, 0 where the student is right.
    """
    wanted = ops.log(target) - ops.log1p(-target)
    # The cross-entropy of a sigmoid, softplus(x) - x t, less its least value, which is had where x is what is wanted.
    divergence = ops.softplus(student) - ops.softplus(wanted) - (student - wanted) * target
    binary = ops.mean(ops.sum(divergence, axis=-1))
    ordered = ops.sum(ops.softmax(wanted) * (ops.log_softmax(wanted) - ops.log_softmax(student)), axis=-1)
    return binary, ranking * ops.mean(ordered)
