# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Write a trained student as a LiteRT file with small weights: ``python -m model.training.export --help``.

float16 weights are widened once when the file is opened, so the network runs as fast as in float32; int8 weights (per
channel, activations stay float32) halve the file again.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from model import mobilenet
from model.frontend import MEL_BANDS
from model.litert import LiteRtTagger
from model.tagger import TaggerCard
from model.training import config as configuration

HALF_PARITY = 0.1
_UNNAMED = TaggerCard("exported", "0", "", "", "")


def to_litert(network: keras.Model, weights: str = "float16") -> bytes:
    """Convert a student; the signature is that of `model.convert.to_litert`.

    Parameters
    ----------
    network
        As `mobilenet.build`.
    weights
        ``float32``, ``float16`` or ``int8``.

    Raises
    ------
    ArithmeticError
        The float16 file answers a test input with logits more than `HALF_PARITY` away from the network's.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    if weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    with contextlib.redirect_stdout(io.StringIO()):  # the converter prints every variable
        flatbuffer: bytes = converter.convert()
    log_mel = np.random.default_rng(527).normal(0.0, 0.8, (2, 300, MEL_BANDS)).astype(np.float32)
    wanted = network(log_mel[..., None], training=False)["logits"].numpy()
    found, _ = opened(flatbuffer).logits(log_mel)
    difference = float(np.abs(wanted - found).max())
    if weights != "int8" and not difference <= HALF_PARITY:
        raise ArithmeticError(f"the {weights} file differs by {difference:g} in its logits, at most {HALF_PARITY:g}")
    return flatbuffer


def opened(flatbuffer: bytes) -> LiteRtTagger:
    """Open an exported student, with one lane."""
    return LiteRtTagger(flatbuffer, _UNNAMED, lanes=1)


def load(folder: Path, weights: Path | None = None) -> keras.Model:
    """Build a training's student and give it the averaged weights of its last checkpoint, or those of `weights`.

    Raises
    ------
    FileNotFoundError
        The training has not reached a checkpoint.
    """
    found = sorted(folder.glob("averaged-*.weights.h5"))
    if weights is None and not found:
        raise FileNotFoundError(f"{folder} holds no averaged weights")
    network = mobilenet.build(configuration.load(folder / "config.toml").width)
    network.load_weights(weights or found[-1])
    return network


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m model.training.export", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of model.training.distill")
    parser.add_argument("out", type=Path, help="the LiteRT file to write")
    parser.add_argument("--weights", choices=["float32", "float16", "int8"], default="float16")
    parser.add_argument("--checkpoint", type=Path, help="averaged weights to take; default: the folder's last")
    options = parser.parse_args(arguments)
    options.out.write_bytes(to_litert(load(options.folder, options.checkpoint), options.weights))
    return 0


if __name__ == "__main__":
    sys.exit(main())
