# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Turn a published checkpoint into a Keras model, and that into a LiteRT file: ``python -m model.convert IN OUT``."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model import mobilenet
from model.checkpoint import read_checkpoint
from model.errors import BadCheckpoint
from model.frontend import MEL_BANDS
from model.litert import LiteRtTagger
from model.tagger import TaggerCard

STEM_WEIGHT, LAST_WEIGHT = "features.0.0.weight", "features.16.0.weight"
PARITY = 1e-4
PARITY_FRAMES = 300
_UNNAMED = TaggerCard("converted", "0", "", "", "")


def load_checkpoint(path: Path, *, frames: int | None = None) -> keras.Model:
    """Build the network at the checkpoint's width and fill it with the checkpoint's weights.

    Parameters
    ----------
    path
        A published EfficientAT ``mnXX_as`` checkpoint.
    frames
        Fixed number of input frames, or None for any.

    Returns
    -------
    keras.Model
        As `mobilenet.build`.

    Raises
    ------
    BadCheckpoint
        Unreadable, or a tensor is missing, left over, or of another shape than the network's.
    """
    tensors = read_checkpoint(path)
    try:
        width = width_of(tensors)
        network = mobilenet.build(width, frames=frames)
        fill(network, tensors)
    except ValueError as error:
        raise BadCheckpoint(str(path), str(error)) from error
    return network


def width_of(tensors: Mapping[str, NDArray[Any]]) -> float:
    """Find the width multiplier whose stem and last block have the checkpoint's channel counts."""
    for name in (STEM_WEIGHT, LAST_WEIGHT):
        if name not in tensors or not tensors[name].ndim:
            raise ValueError(f"the checkpoint has no tensor {name}")
    stem, last = len(tensors[STEM_WEIGHT]), len(tensors[LAST_WEIGHT])
    for tenths in range(1, 41):
        width = tenths / 10
        if (
            mobilenet.round_channels(mobilenet.STEM_CHANNELS * width) == stem
            and mobilenet.LAST_EXPANSION * mobilenet.round_channels(160 * width) == last
        ):
            return width
    raise ValueError(f"no width multiplier gives {stem} stem and {last} last channels")


def fill(network: keras.Model, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Set every weight of `network` from `tensors`; each tensor is used once, none is left over.

    Raises
    ------
    ValueError
        A tensor is missing, unused, or of another size than its variable.
    """
    unused = {name for name in tensors if not name.endswith("num_batches_tracked")}
    for layer in network.layers:
        for variable in layer.weights:
            name = _tensor_name(layer.name, variable.name)
            if name not in tensors:
                raise ValueError(f"the checkpoint has no tensor {name}")
            variable.assign(_oriented(tensors[name], tuple(variable.shape), name))
            unused.discard(name)
    if unused:
        raise ValueError(f"{len(unused)} tensors have no place in the network, the first is {min(unused)}")


_VARIABLES = {
    "kernel": "weight",
    "gamma": "weight",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def _tensor_name(layer: str, variable: str) -> str:
    layer = layer.replace("-", ".").replace(".fc", ".conc_se_layers.0.fc")
    return f"{layer}.{_VARIABLES[variable]}"


def _oriented(tensor: NDArray[Any], shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """Reorder (out, in, frequency, time) to (time, frequency, in, out), and (out, in) to (in, out)."""
    if tensor.ndim == 4:
        tensor = tensor.transpose(3, 2, 1, 0)
        if tensor.shape[2] == 1 and shape[3] == 1:
            tensor = tensor.transpose(0, 1, 3, 2)  # depthwise: the channels are the inputs
    elif tensor.ndim == 2:
        tensor = tensor.T
        if len(shape) == 4:
            tensor = tensor[None, None]
    if tensor.shape != shape:
        raise ValueError(f"{name} has shape {tensor.shape}, the network wants {shape}")
    return np.ascontiguousarray(tensor)


def to_litert(network: keras.Model) -> bytes:
    """Convert to a LiteRT flatbuffer, float32, any batch and any number of frames, and check it against Keras.

    The signature is input ``log_mel`` (batch, frames, 128, 1), outputs ``logits`` (batch, 527) and ``embedding``
    (batch, e).

    Raises
    ------
    ArithmeticError
        The converted network answers a test input with logits that differ by more than `PARITY`.
    """
    with contextlib.redirect_stdout(io.StringIO()):  # the converter prints every variable
        flatbuffer: bytes = tf.lite.TFLiteConverter.from_keras_model(network).convert()
    log_mel = np.random.default_rng(527).normal(0.0, 0.8, (2, PARITY_FRAMES, MEL_BANDS)).astype(np.float32)
    wanted = network(log_mel[..., None], training=False)
    found = LiteRtTagger(flatbuffer, _UNNAMED, lanes=1).logits(log_mel)
    difference = float(np.abs(wanted["logits"].numpy() - found[0]).max())
    if not difference <= PARITY:
        raise ArithmeticError(f"the converted network differs by {difference:g} in its logits, at most {PARITY:g}")
    return flatbuffer


def main(checkpoint: str, out: str) -> int:
    """Convert a file; on a checkpoint that cannot be used, say why in one line and return 2."""
    try:
        Path(out).write_bytes(to_litert(load_checkpoint(Path(checkpoint))))
    except (BadCheckpoint, ArithmeticError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
