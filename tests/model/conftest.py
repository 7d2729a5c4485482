# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A small tagger with made-up weights, converted once a session: for the tests that need no published weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.litert import LiteRtTagger
from model.tagger import TaggerCard
from tests.model.slow_network import random_tensors

WIDTH = 0.2
CARD = TaggerCard("tiny", "1", "made-up weights", "MIT", "tests")


@pytest.fixture(scope="session")
def tiny_tensors() -> dict[str, NDArray[Any]]:
    """The tensors of a checkpoint of width 0.2, by their published names."""
    return random_tensors(WIDTH, seed=2)


@pytest.fixture(scope="session")
def tiny_network(tiny_tensors: dict[str, NDArray[Any]]) -> Any:
    """The Keras network of width 0.2, filled from `tiny_tensors`."""
    pytest.importorskip("tensorflow", reason="building the network needs the tensorflow extra")
    from model import convert, mobilenet

    network = mobilenet.build(WIDTH)
    convert.fill(network, tiny_tensors)
    return network


@pytest.fixture(scope="session")
def tiny_flatbuffer(tiny_network: Any) -> bytes:
    """`tiny_network` as a LiteRT file (about 6 s)."""
    from model import convert

    return convert.to_litert(tiny_network)


@pytest.fixture(scope="session")
def tiny(tiny_flatbuffer: bytes) -> LiteRtTagger:
    """`tiny_flatbuffer` behind the tagger protocol, with two lanes."""
    return LiteRtTagger(tiny_flatbuffer, CARD)


@pytest.fixture(scope="session")
def pictures() -> NDArray[np.float32]:
    """Three made-up log-mels: float32, shape (3, 120 frames, 128)."""
    return np.random.default_rng(11).normal(0, 0.8, (3, 120, 128)).astype(np.float32)
