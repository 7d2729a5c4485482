# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Messages as the dispatcher makes them, by number; a clock that stands still; a disk that fails when it is told to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator

import analytic.events
from analytic.delivery.database import Database
from analytic.delivery.signing import Signer
from analytic.delivery.verifying import Verifier
from analytic.events.types import (
    AnonymizerName,
    Event,
    Message,
    ModelName,
    Phase,
    Requestor,
    Source,
    Stamp,
    deletion,
    gap,
)

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

SIGNER = Signer.ephemeral()
NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z
_FIRST_MS = 1_767_268_800_000
_SCHEMA = json.loads(Path(analytic.events.__file__).with_name("event.schema.json").read_text(encoding="utf-8"))
_JUDGE = Draft202012Validator(_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def id_at(number: int) -> str:
    """The UUIDv7 of the millisecond of this number."""
    digits = f"{_FIRST_MS + number:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-00000000abcd"


def event_id(number: int) -> str:
    """The id of an event, not to be taken for that of a message."""
    return id_at(number)[:-4] + "eeee"


def stamp(seq: int, *, durable: bool = True) -> Stamp:
    return Stamp(id_at(seq), seq, SIGNER.device, "2026-01-01T12:00:00Z", durable)


def alarm(
    seq: int,
    phase: str = "end",
    severity: str = "critical",
    event: int | None = None,
    *,
    source: str = "kitchen",
    durable: bool = True,
    **changes: Any,
) -> Message:
    """The message of that number; each tells of an event of its own unless `event` says another number."""
    one = replace(
        FIRE,
        id=event_id(seq if event is None else event),
        phase=cast(Phase, phase),
        severity=severity,
        source=Source(source),
        offset_s=9.0 if phase == "end" else None,
        **changes,
    )
    return SIGNER.sign(one.coarse().to_message(stamp(seq, durable=durable)))


def a_gap(seq: int, first_seq: int) -> Message:
    return SIGNER.sign(gap(stamp(seq), first_seq))


def a_deletion(seq: int, event: int) -> Message:
    return SIGNER.sign(deletion(stamp(seq), event_id(event)))


def numbers(messages: list[Message]) -> list[int]:
    return [message["seq"] for message in messages]


def spans(messages: list[Message]) -> list[tuple[int, int]]:
    """From which number to which each stands for, and that gaps alone stand for several."""
    return [
        (message["first_seq"] if "first_seq" in message else message["seq"], message["seq"]) for message in messages
    ]


def is_sound(message: Message) -> bool:
    """Whether a message fits the published schema and its signature fits it."""
    Verifier(SIGNER.public_key).check(message)
    return bool(_JUDGE.is_valid(json.loads(json.dumps(message))))


class Clock:
    """Unix time that goes on when it is told to."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def refuse_writes(database: Database, refuse: bool = True) -> None:
    """Have every write fail from now on, or work again; reading goes on."""
    database.read(f"PRAGMA query_only = {'ON' if refuse else 'OFF'}")
