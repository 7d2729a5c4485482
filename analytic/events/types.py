# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The event object: one form everywhere (REST, websocket, MQTT, DHT, webhook).

``event.schema.json`` beside this file is its published schema. An `Event` is what the policy decided; a message is an
event stamped with an id and a number of its own, as a plain dictionary ready for JSON. Two kinds of message tell of no
event: a gap stands for numbers that are not to be had any more, a deletion takes an event back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple

Phase = Literal["start", "update", "end", "deleted", "gap"]
Message = dict[str, Any]
Mode = Literal["server", "client"]


class Stamp(NamedTuple):
    """What makes an event a message.

    Attributes
    ----------
    message_id
        An id of its own, UUIDv7.
    seq
        Its number on this device; they leave no gap.
    device
        Which device speaks: the fingerprint of its key.
    time
        When it was made, RFC 3339 UTC, to the second.
    durable
        Whether it was on disk before it left; not so where the disk is full or broken.
    """

    message_id: str
    seq: int
    device: str
    time: str
    durable: bool = True


SCORE_STEP = 0.05
TIME_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where the sound came from: an id, and ``upload`` or the kind of live source."""

    id: str
    type: str = "upload"


@dataclass(frozen=True, slots=True)
class Requestor:
    """Who sent the sound, in the words of the request's path; None where it did not say."""

    requestor_id: str | None = None
    requestor_type: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ModelName:
    """Which tagger spoke."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class AnonymizerName:
    """Which anonymiser was used, and where: ``server`` or ``client``."""

    method: str
    mode: Mode = "server"


@dataclass(frozen=True, slots=True)
class Event:
    """One alarm, as decided.

    Attributes
    ----------
    id
        UUIDv7, the same from start to end.
    phase
        Where in its life it is.
    event_class
        The alert class, such as ``glass_break``.
    label, mid
        The AudioSet class that scored highest within it.
    score
        That score, 0..1, the highest so far.
    onset_s, offset_s
        Seconds from the start of the clip or stream; the offset is None while the event is open.
    onset, offset
        The same as RFC 3339 UTC, for live sources; None for uploads.
    peak_dbfs
        Highest sample within it, dB relative to full scale; None if unknown or digital silence.
    severity
        ``critical``, ``warning`` or ``notice``, as the alert class says.
    """

    id: str
    phase: Phase
    event_class: str
    label: str
    mid: str
    score: float
    onset_s: float
    offset_s: float | None
    onset: str | None
    offset: str | None
    peak_dbfs: float | None
    source: Source
    requestor: Requestor
    model: ModelName
    anonymizer: AnonymizerName
    severity: str = "warning"

    def coarse(self) -> Event:
        """Return what the buses get: score to 0.05, but never 0; times to the second; the level to 1 dB."""
        return replace(
            self,
            score=round(max(1, round(self.score / SCORE_STEP)) * SCORE_STEP, 2),
            onset_s=_to_second(self.onset_s),
            offset_s=None if self.offset_s is None else _to_second(self.offset_s),
            onset=_whole_second(self.onset),
            offset=_whole_second(self.offset),
            peak_dbfs=None if self.peak_dbfs is None else float(round(self.peak_dbfs)),
        )

    def to_message(self, stamp: Stamp) -> Message:
        """Return the event as a message: a dictionary of JSON values that fits the published schema."""
        fields = asdict(self)
        requestor: Mapping[str, Any] = fields.pop("requestor")
        return {**stamp._asdict(), **fields, **requestor, "signature": None}


def gap(stamp: Stamp, first_seq: int) -> Message:
    """Return the message that stands for the numbers `first_seq` to that of the stamp."""
    return {**stamp._asdict(), "phase": "gap", "first_seq": first_seq, "signature": None}


def deletion(stamp: Stamp, event_id: str) -> Message:
    """Return the message that takes an event back; it says nothing of it but its id."""
    return {**stamp._asdict(), "phase": "deleted", "id": event_id, "signature": None}


def is_event(message: Message) -> bool:
    """Tell whether a message tells of an event: neither gap nor deletion."""
    return message["phase"] not in ("gap", "deleted")


def gap_in_place_of(message: Message, first_seq: int | None = None) -> Message:
    """Return a gap that takes a message's place, and that of those before it from `first_seq` on.

    It has the message's own id and number: who had the message has no use for it, who comes later knows where to go on.
    """
    stamp = Stamp(*(message[field] for field in Stamp._fields))
    return gap(stamp, stamp.seq if first_seq is None else first_seq)


def _whole_second(instant: str | None) -> str | None:
    return None if instant is None else re.sub(r"\.\d+", "", instant)


def _to_second(time_s: float) -> float:
    return round(time_s / TIME_STEP_S) * TIME_STEP_S
