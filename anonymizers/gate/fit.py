# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Fit the network of `anonymizers.gate.network` with Keras, and hand its weights over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from anonymizers.gate.features import BANDS
from anonymizers.gate.network import BAND_STEP, BAND_TAPS, TAPS, TIME_TAPS, SpeechDetector

FILTERS, CHANNELS, DILATIONS = 16, 64, (1, 1, 2, 4, 8, 16)
_BATCH = 64

Floats = NDArray[np.float32]


def network(frames: int | None = None) -> Any:
    """Make the network untrained: features (frames, 48) -> logits (frames,)."""
    layers = keras.layers
    seen = layers.Input((frames, BANDS))
    hidden = layers.Reshape((-1, BANDS, 1))(seen)
    hidden = layers.ZeroPadding2D(((TIME_TAPS // 2, TIME_TAPS // 2), (0, 0)))(hidden)
    hidden = layers.Conv2D(FILTERS, (TIME_TAPS, BAND_TAPS), (1, BAND_STEP), activation="relu", name="filters")(hidden)
    hidden = layers.Reshape((-1, hidden.shape[2] * FILTERS))(hidden)
    hidden = layers.SpatialDropout1D(0.05)(hidden)
    hidden = layers.Dense(CHANNELS, activation="relu", name="mixing")(hidden)
    for index, dilation in enumerate(DILATIONS):
        added = layers.Conv1D(
            CHANNELS, TAPS, dilation_rate=dilation, padding="same", activation="relu", name=f"block{index}"
        )(hidden)
        hidden = layers.Add()([hidden, layers.SpatialDropout1D(0.05)(added)])
    logits = layers.Dense(1, name="last")(hidden)
    return keras.Model(seen, layers.Reshape((-1,))(logits))


def seed(number: int) -> None:
    """Let the first weights and the order of the lessons repeat."""
    keras.utils.set_random_seed(number)


def fit(
    model: Any,
    lessons: tuple[NDArray[np.floating], Floats, Floats],
    epochs: int,
    rates: tuple[float, float],
    told: Callable[[int, str], None],
) -> None:
    """Fit on lessons (n, t, 48), targets (n, t), weights (n, t), the rate falling from the first to the second.

    After each epoch `told` gets its number and what came of it.
    """
    seen, targets, weights = lessons
    steps = epochs * (len(seen) // _BATCH)
    falling = keras.optimizers.schedules.CosineDecay(rates[0], steps, rates[1] / rates[0])
    model.compile(keras.optimizers.Adam(falling, clipnorm=1.0), loss=_loss)
    report = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: told(epoch, f"{logs}"))
    both = np.stack([targets, weights], axis=2)
    model.fit(seen, both, batch_size=_BATCH, epochs=epochs, verbose=0, callbacks=[report])


def _loss(both: Any, logits: Any) -> Any:
    """Weighted cross entropy by frame."""
    targets, weights = both[..., 0], both[..., 1]
    ops = keras.ops
    each = ops.softplus(logits) - targets * logits
    return ops.sum(each * weights) / (ops.sum(weights) + 1.0)


def detector(model: Any) -> SpeechDetector:
    """Take the weights over, rounded to float16 as they will be stored."""

    def rounded(array: Any) -> Floats:
        return np.asarray(array, np.float32).astype(np.float16).astype(np.float32)

    def pair(name: str) -> tuple[Floats, Floats]:
        weights, bias = model.get_layer(name).get_weights()
        return rounded(weights), rounded(bias)

    filters, filters_bias = pair("filters")
    mixing, mixing_bias = pair("mixing")
    blocks = [pair(f"block{index}") for index in range(len(DILATIONS))]
    last, last_bias = pair("last")
    return SpeechDetector(
        filters=filters.reshape(-1, FILTERS),
        filters_bias=filters_bias,
        mixing=mixing,
        mixing_bias=mixing_bias,
        blocks=np.stack([weights.reshape(-1, CHANNELS) for weights, _ in blocks]),
        blocks_bias=np.stack([bias for _, bias in blocks]),
        dilations=np.array(DILATIONS),
        last=last[:, 0],
        last_bias=np.array(last_bias[0]),
    )


def begin(model: Any, detector: SpeechDetector) -> None:
    """Go on from these weights."""

    def put(name: str, weights: Floats, bias: Floats) -> None:
        layer = model.get_layer(name)
        layer.set_weights([weights.reshape(layer.get_weights()[0].shape), bias.reshape(-1)])

    put("filters", detector.filters, detector.filters_bias)
    put("mixing", detector.mixing, detector.mixing_bias)
    for index in range(len(DILATIONS)):
        put(f"block{index}", detector.blocks[index], detector.blocks_bias[index])
    put("last", detector.last, detector.last_bias)
