# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Events to send: the same one, with what a test wants to be different."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from analytic.events.types import AnonymizerName, Event, ModelName, Requestor, Source
from analytic.ids import Uuid7

FIRE = Event(
    id="0190a5c0-0000-7000-8000-000000000001",
    phase="end",
    event_class="fire",
    label="Fire",
    mid="/m/02_41",
    score=0.4321,
    onset_s=1.4,
    offset_s=9.6,
    onset=None,
    offset=None,
    peak_dbfs=-12.3,
    source=Source("kitchen"),
    requestor=Requestor(),
    model=ModelName("fake", "0"),
    anonymizer=AnonymizerName("none"),
)


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
