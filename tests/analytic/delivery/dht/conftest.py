# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A node of the DHT, and a patience with it that suits tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import analytic.delivery.dht.node
from tests.dht_node import Node


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """We wait for an answer for a tenth of a second."""
    monkeypatch.setattr(analytic.delivery.dht.node, "_PATIENCE_S", 0.1)
