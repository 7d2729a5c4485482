# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Events to send: the same one, with what a test wants to be different; an outbox in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from analytic.delivery.database import Database
from analytic.delivery.outbox import Outbox
from analytic.events.types import Event, Source
from analytic.ids import Uuid7
from tests.analytic.delivery.told import FIRE, SIGNER, Clock


@pytest.fixture
def fire() -> Callable[..., Event]:
    """Make a fire; `event_class`, `source` and so on as the test says."""

    def make(source: str = "kitchen", **changes: Any) -> Event:
        return replace(FIRE, source=Source(source), **changes)

    return make


@pytest.fixture
def new_id() -> Uuid7:
    """Ids whose time goes on by a millisecond each."""
    clock = itertools.count(1_767_268_800_000)
    return Uuid7(lambda: next(clock), lambda count: b"\x00" * count)


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database(None)
    yield made
    made.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_outbox(database: Database, clock: Clock) -> Callable[..., Outbox]:
    """Make an outbox on the same database; for the sinks ``a`` and ``b`` where it is not told which."""
    return lambda *sinks, **options: Outbox(database, sinks or ("a", "b"), SIGNER.sign, now=clock, **options)
