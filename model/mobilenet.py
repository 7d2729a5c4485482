# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The tagging network: MobileNetV3-Large over a log-mel picture, written from the papers in Keras.

Sources: A. Howard et al., "Searching for MobileNetV3", ICCV 2019, Table 1 (the plan of blocks), 5.1 to 5.3
(squeeze-and-excitation, hard-swish); F. Schmid, K. Koutini, G. Widmer, "Efficient Large-Scale Audio Tagging via
Transformer-to-CNN Knowledge Distillation", ICASSP 2023 (one input channel, head, excitation over channels).

Here time is the first picture axis and frequency the second, so that the front end's (frames, bands) rows go in
as they lie in memory; kernels of published checkpoints are transposed once, on loading. Layers have the names that
published checkpoints give their tensors, with dashes for the dots, which PyTorch as a Keras backend does not allow.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers

from model.frontend import MEL_BANDS

CLASSES = 527
BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True)
class BlockPlan:
    """One inverted-residual block of MobileNetV3 at width 1 (Table 1 of the paper)."""

    kernel: int
    expanded: int
    out: int
    excite: bool
    hard_swish: bool
    stride: int


MOBILENET_V3_LARGE = (
    BlockPlan(3, 16, 16, False, False, 1),
    BlockPlan(3, 64, 24, False, False, 2),
    BlockPlan(3, 72, 24, False, False, 1),
    BlockPlan(5, 72, 40, True, False, 2),
    BlockPlan(5, 120, 40, True, False, 1),
    BlockPlan(5, 120, 40, True, False, 1),
    BlockPlan(3, 240, 80, False, True, 2),
    BlockPlan(3, 200, 80, False, True, 1),
    BlockPlan(3, 184, 80, False, True, 1),
    BlockPlan(3, 184, 80, False, True, 1),
    BlockPlan(3, 480, 112, True, True, 1),
    BlockPlan(3, 672, 112, True, True, 1),
    BlockPlan(5, 672, 160, True, True, 2),
    BlockPlan(5, 960, 160, True, True, 1),
    BlockPlan(5, 960, 160, True, True, 1),
)
STEM_CHANNELS = 16
LAST_EXPANSION = 6
HEAD_UNITS = 1280


def round_channels(channels: float, divisor: int = 8) -> int:
    """Round to a multiple of `divisor`, never more than 10 % below `channels` (the papers' rule)."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def build(width: float = 0.4, *, frames: int | None = None, dropout: float = 0.2) -> keras.Model:
    """Build the network with fresh weights.

    Parameters
    ----------
    width
        Multiplier of every channel count: 0.4 for ``mn04``, 1.0 for ``mn10``.
    frames
        Fixed number of frames of the input, or None for any.
    dropout
        Rate before the last layer; active in training only.

    Returns
    -------
    keras.Model
        Input float32 (batch, frames, 128, 1), a normalised log-mel. Outputs ``logits`` float32 (batch, 527) and
        ``embedding`` float32 (batch, 6 x last block), the pooled feature map.
    """
    inputs = keras.Input((frames, MEL_BANDS, 1), name="log_mel")
    x = _convolve(inputs, round_channels(STEM_CHANNELS * width), 3, 2, "features-0", "hard_swish")
    for index, plan in enumerate(MOBILENET_V3_LARGE, start=1):
        x = _block(x, plan, width, f"features-{index}-block")
    last = len(MOBILENET_V3_LARGE) + 1
    x = _convolve(x, LAST_EXPANSION * int(x.shape[-1]), 1, 1, f"features-{last}", "hard_swish")
    embedding = layers.GlobalAveragePooling2D(name="embedding")(x)
    x = layers.Dense(round_channels(HEAD_UNITS * width), name="classifier-2")(embedding)
    x = layers.Activation("hard_swish", name="classifier-3")(x)
    x = layers.Dropout(dropout, name="classifier-4")(x)
    logits = layers.Dense(CLASSES, name="classifier-5")(x)
    return keras.Model(inputs, {"logits": logits, "embedding": embedding}, name=f"mobilenet_v3_w{width:g}")


def _convolve(
    x: keras.KerasTensor, channels: int, kernel: int, stride: int, name: str, activation: str | None
) -> keras.KerasTensor:
    x, padding = _padded(x, kernel, stride, name)
    x = layers.Conv2D(channels, kernel, stride, padding, use_bias=False, name=f"{name}-0")(x)
    return _normalise(x, name, activation)


def _depthwise(x: keras.KerasTensor, kernel: int, stride: int, name: str, activation: str) -> keras.KerasTensor:
    x, padding = _padded(x, kernel, stride, name)
    x = layers.DepthwiseConv2D(kernel, stride, padding, use_bias=False, name=f"{name}-0")(x)
    return _normalise(x, name, activation)


def _padded(x: keras.KerasTensor, kernel: int, stride: int, name: str) -> tuple[keras.KerasTensor, str]:
    """Pad as the published weights were trained: evenly. "same" does that only where the stride is 1."""
    if stride == 1:
        return x, "same"
    return layers.ZeroPadding2D(kernel // 2, name=f"{name}-pad")(x), "valid"


def _normalise(x: keras.KerasTensor, name: str, activation: str | None) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, momentum=0.99, name=f"{name}-1")(x)
    return layers.Activation(activation, name=f"{name}-2")(x) if activation else x


def _block(x: keras.KerasTensor, plan: BlockPlan, width: float, name: str) -> keras.KerasTensor:
    entry = x
    activation = "hard_swish" if plan.hard_swish else "relu"
    expanded, out = round_channels(plan.expanded * width), round_channels(plan.out * width)
    step = 0
    if expanded != x.shape[-1]:
        x = _convolve(x, expanded, 1, 1, f"{name}-{step}", activation)
        step += 1
    x = _depthwise(x, plan.kernel, plan.stride, f"{name}-{step}", activation)
    step += 1
    if plan.excite:
        x = _excite(x, f"{name}-{step}")
        step += 1
    x = _convolve(x, out, 1, 1, f"{name}-{step}", None)
    if plan.stride == 1 and out == entry.shape[-1]:
        x = layers.Add(name=f"{name}-add")([entry, x])
    return x


def _excite(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    channels = int(x.shape[-1])
    squeezed = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}-squeeze")(x)
    gate = layers.Conv2D(round_channels(channels // 4), 1, activation="relu", name=f"{name}-fc1")(squeezed)
    gate = layers.Conv2D(channels, 1, activation="sigmoid", name=f"{name}-fc2")(gate)
    return layers.Multiply(name=f"{name}-scale")([x, gate])
