# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""An event to change, and the published schema as a judge."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import analytic.events
from analytic.events.types import AnonymizerName, Event, Message, ModelName, Requestor, Source


@pytest.fixture(scope="session")
def closed_event() -> Event:
    """A smoke alarm that began at 1.5 s and ended at 11.4 s."""
    return Event(
        id="0190a5c0-0000-7000-8000-000000000001",
        phase="end",
        event_class="smoke_alarm",
        label="Smoke detector, smoke alarm",
        mid="/m/01y3hg",
        score=0.8349,
        onset_s=1.5001,
        offset_s=11.4,
        onset=None,
        offset=None,
        peak_dbfs=-3.4,
        source=Source("kitchen", "microphone"),
        requestor=Requestor("ada", "person", "r1"),
        model=ModelName("mn04_as", "0.0.1"),
        anonymizer=AnonymizerName("scrample"),
    )


@pytest.fixture(scope="session")
def fits_schema() -> Callable[[Message], bool]:
    """Whether a message is what the published schema says."""
    path = Path(analytic.events.__file__).with_name("event.schema.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    judge = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return lambda message: bool(judge.is_valid(json.loads(json.dumps(message))))
