# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The student and one step of its training, with everything that a checkpoint must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from model import mobilenet
from model.errors import BadCheckpoint
from model.training import loss
from model.training.config import Config
from model.training.crops import Batch

_FIRST_GUESS = -5.0  # the logit of a class that is almost never there: saves learning it


class Student:
    """A network with fresh weights, its optimiser, and the moving average of its weights.

    Nothing here is of one backend: Keras trains on TensorFlow, JAX or PyTorch, whichever `KERAS_BACKEND` names.

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
        self.network.get_layer("classifier-5").bias.assign(np.full(mobilenet.CLASSES, _FIRST_GUESS, np.float32))
        self._optimizer = keras.optimizers.AdamW(
            config.peak_rate, weight_decay=config.weight_decay, global_clipnorm=5.0
        )
        self._optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
        self._optimizer.build(self.network.trainable_variables)
        self._learner = _Learner(self.network, config.ranking)
        self._learner.compile(optimizer=self._optimizer, run_eagerly=not compiled, jit_compile=False)
        self._averages = [_values(weight) for weight in self.network.weights]
        self.done = 0
        self.crops = 0

    def learn(self, batch: Batch) -> tuple[float, float]:
        """Take one step; return both parts of the loss, in nats."""
        config, progress = self._config, self.done / self._batches
        self._optimizer.learning_rate.assign(rate(config, progress))
        label = config.late_label if progress >= config.crops.late_from else config.label
        wanted = {
            "teacher": batch.teacher,
            "known": np.asarray(batch.known, np.float32),
            "label": np.full((len(batch.log_mel), 1), label, np.float32),
        }
        self._learner.reset_metrics()
        losses = self._learner.train_on_batch(batch.log_mel[..., None], wanted, return_dict=True)
        keep = min(1.0 - 1.0 / config.averaged_batches, (1.0 + self.done) / (10.0 + self.done))
        for index, weight in enumerate(self.network.weights):
            self._averages[index] += (1.0 - keep) * (_values(weight) - self._averages[index])
        self.done += 1
        self.crops += len(batch.log_mel)
        return float(losses["binary"]), float(losses["ordered"])

    def averaged(self) -> keras.Model:
        """Return a copy of the network that carries the averaged weights."""
        copy = mobilenet.build(self._config.width, dropout=self._config.dropout)
        copy.set_weights(self._averages)
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
            for kind, values in self._state().items():
                for index, value in enumerate(values):
                    name = f"{kind}{index}"
                    if name not in stored or stored[name].shape != value.shape:
                        raise BadCheckpoint(str(path), f"{name} is missing or has another shape")
            self._averages = [stored[f"average{index}"] for index in range(len(self._averages))]
            for kind, variables in self._variables().items():
                for index, variable in enumerate(variables):
                    variable.assign(stored[f"{kind}{index}"])
            self.done, self.crops = int(stored["done"]), int(stored["crops"])

    def _variables(self) -> dict[str, list[Any]]:
        seeds = [layer.seed_generator.state for layer in self.network.layers if hasattr(layer, "seed_generator")]
        return {
            "weight": self.network.weights,
            "optimizer": self._optimizer.variables,
            "seed": [seed for seed in seeds if seed is not None],
        }

    def _state(self) -> dict[str, list[Any]]:
        state = {kind: [_values(value) for value in values] for kind, values in self._variables().items()}
        return {**state, "average": self._averages}


class _Learner(keras.Model):
    """The network with its loss, for Keras to train."""

    def __init__(self, network: keras.Model, ranking: float) -> None:
        super().__init__(name="learner")
        self.network = network
        self._ranking = ranking
        self.binary = keras.metrics.Mean(name="binary")
        self.ordered = keras.metrics.Mean(name="ordered")

    def call(self, log_mel: Any, training: bool = False) -> Any:
        """Return the logits, (b, 527)."""
        return self.network(log_mel, training=training)["logits"]

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the loss of a batch, and note its two parts."""
        del x, sample_weight, training
        target = loss.targets(y["teacher"], y["known"], y["label"])
        binary, ordered = loss.distance(y_pred, target, self._ranking)
        self.binary.update_state(binary)
        self.ordered.update_state(ordered)
        return binary + ordered


def _values(variable: Any) -> NDArray[Any]:
    """Copy a variable's values out, whatever the backend."""
    return np.array(keras.ops.convert_to_numpy(variable))


def rate(config: Config, progress: float) -> float:
    """Return the learning rate at `progress` (0..1): a linear rise, a plateau, a linear fall to a hundredth."""
    rise = min(1.0, (progress + 1e-4) / config.warm_up) if config.warm_up else 1.0
    fall = min(1.0, max(0.0, (1.0 - progress) / config.cool_down)) if config.cool_down else 1.0
    return config.peak_rate * max(0.01, min(rise, fall))
