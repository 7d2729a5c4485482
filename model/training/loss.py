# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How far the student is from the teacher.

G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network", 2015. Two parts: the cross-entropy of
the 527 sigmoids, which fits the probabilities, and the divergence of the softmax over the same logits, which weighs the
classes that the teacher puts first and so fits their order.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_HIGHEST = 0.999
_LOWEST = 1e-6


def targets(teacher: Any, known: Any, label: float) -> Any:
    """Return probabilities (b, 527): the teacher's, pulled by `label` (0..1) towards 1 where a class is known."""
    probability = tf.sigmoid(teacher)
    probability += label * (1.0 - probability) * known
    return tf.clip_by_value(probability, _LOWEST, _HIGHEST)


def distance(student: Any, target: Any, ranking: float) -> tuple[Any, Any]:
    """Compare the student's logits with target probabilities, both (b, 527).

    Returns
    -------
    tuple
        Mean over the batch of the summed binary divergence, and of the divergence of the softmaxes times `ranking`;
        both in nats, 0 where the student is right.
    """
    wanted = tf.math.log(target) - tf.math.log1p(-target)
    cross = tf.nn.sigmoid_cross_entropy_with_logits(target, student)
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(target, wanted)
    binary = tf.reduce_mean(tf.reduce_sum(cross - entropy, axis=-1))
    share = tf.nn.softmax(wanted)
    ordered = tf.reduce_sum(share * (tf.nn.log_softmax(wanted) - tf.nn.log_softmax(student)), axis=-1)
    return binary, ranking * tf.reduce_mean(ordered)
