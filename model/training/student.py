# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The student and one step of its training, with everything that a checkpoint must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from model import mobilenet
from model.errors import BadCheckpoint
from model.training import loss
from model.training.config import Config
from model.training.crops import Batch

_FIRST_GUESS = -5.0  # the logit of a class that is almost never there: saves learning it


class Student:
    """A network with fresh weights, its optimiser, and the moving average of its weights.

    Parameters
    ----------
    config
        Width, seed, rates.
    batches
        How many batches the whole training has.
    compiled
        Trace the step once for every length of crop (seconds each), or take every step operation by operation.
    """

    def __init__(self, config: Config, batches: int, *, compiled: bool = True) -> None:
        keras.utils.set_random_seed(config.seed)
        self._config, self._batches = config, batches
        self.network = mobilenet.build(config.width, dropout=config.dropout)
        self.network.get_layer("classifier.5").bias.assign(np.full(mobilenet.CLASSES, _FIRST_GUESS, np.float32))
        self._optimizer = keras.optimizers.AdamW(
            config.peak_rate, weight_decay=config.weight_decay, global_clipnorm=5.0
        )
        self._optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
        self._optimizer.build(self.network.trainable_variables)
        self._averages = [tf.Variable(weight, trainable=False) for weight in self.network.weights]
        self._take = tf.function(self._step) if compiled else self._step
        self.done = 0
        self.crops = 0

    def learn(self, batch: Batch) -> tuple[float, float]:
        """Take one step; return both parts of the loss, in nats."""
        config, progress = self._config, self.done / self._batches
        self._optimizer.learning_rate.assign(rate(config, progress))
        label = config.late_label if progress >= config.crops.late_from else config.label
        keep = min(1.0 - 1.0 / config.averaged_batches, (1.0 + self.done) / (10.0 + self.done))
        binary, ordered = self._take(
            tf.constant(batch.log_mel[..., None]),
            tf.constant(batch.teacher),
            tf.constant(batch.known),
            tf.constant(keep, tf.float32),
            tf.constant(label, tf.float32),
        )
        self.done += 1
        self.crops += len(batch.log_mel)
        return float(binary), float(ordered)

    def _step(self, log_mel: Any, teacher: Any, known: Any, keep: Any, label: Any) -> tuple[Any, Any]:
        target = loss.targets(teacher, known, label)
        with tf.GradientTape() as tape:
            logits = self.network(log_mel, training=True)["logits"]
            binary, ordered = loss.distance(logits, target, self._config.ranking)
            total = binary + ordered
        variables = self.network.trainable_variables
        self._optimizer.apply_gradients(zip(tape.gradient(total, variables), variables, strict=True))
        for average, weight in zip(self._averages, self.network.weights, strict=True):
            average.assign(keep * average + (1.0 - keep) * weight)
        return binary, ordered

    def averaged(self) -> keras.Model:
        """Return a copy of the network that carries the averaged weights."""
        copy = mobilenet.build(self._config.width, dropout=self._config.dropout)
        copy.set_weights([average.numpy() for average in self._averages])
        return copy

    def save(self, path: Path) -> None:
        """Write everything that training needs to go on, whole or not at all."""
        part = path.with_name(f".{path.name}")
        arrays = {
            f"{kind}{index}": value for kind, values in self._state().items() for index, value in enumerate(values)
        }
        with part.open("wb") as stream:
            np.savez(stream, done=self.done, crops=self.crops, **arrays)
        part.replace(path)

    def restore(self, path: Path) -> None:
        """Take up what `save` wrote.

        Raises
        ------
        BadCheckpoint
            The file belongs to another network.
        """
        with np.load(path) as stored:
            for kind, variables in self._variables().items():
                for index, variable in enumerate(variables):
                    name = f"{kind}{index}"
                    if name not in stored or stored[name].shape != tuple(variable.shape):
                        raise BadCheckpoint(str(path), f"{name} is missing or has another shape")
                    variable.assign(stored[name])
            self.done, self.crops = int(stored["done"]), int(stored["crops"])

    def _variables(self) -> dict[str, list[Any]]:
        seeds = [layer.seed_generator.state for layer in self.network.layers if hasattr(layer, "seed_generator")]
        return {
            "weight": self.network.weights,
            "average": self._averages,
            "optimizer": self._optimizer.variables,
            "seed": [seed for seed in seeds if seed is not None],
        }

    def _state(self) -> dict[str, list[Any]]:
        return {kind: [np.asarray(value.numpy()) for value in values] for kind, values in self._variables().items()}


def rate(config: Config, progress: float) -> float:
    """Return the learning rate at `progress` (0..1): a linear rise, a plateau, a linear fall to a hundredth."""
    rise = min(1.0, (progress + 1e-4) / config.warm_up) if config.warm_up else 1.0
    fall = min(1.0, max(0.0, (1.0 - progress) / config.cool_down)) if config.cool_down else 1.0
    return config.peak_rate * max(0.01, min(rise, fall))
