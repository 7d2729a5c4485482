# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A job: what is asked of one recording, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Kind = Literal["address", "upload"]
State = Literal["waiting", "running", "done", "failed", "cancelled", "lost"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled", "lost")
VERSION = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a recording.

    Attributes
    ----------
    method
        The anonymiser's name.
    preprocess
        What is done to the sound before it is tagged, in order.
    source
        The id that its events name as their source.
    requestor_id, requestor_type, request_id
        Who asked, in their own words.
    """

    method: str = "none"
    preprocess: tuple[str, ...] = ()
    source: str = "upload"
    requestor_id: str | None = None
    requestor_type: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has come: seconds heard, of how many if the recording says so; bytes fetched, of how many."""

    heard_s: float = 0.0
    duration_s: float | None = None
    bytes: int = 0
    of_bytes: int | None = None

    @property
    def share(self) -> float | None:
        """The part that is done, 0..1; None where nobody knows."""
        if self.duration_s:
            return min(1.0, self.heard_s / self.duration_s)
        return min(1.0, self.bytes / self.of_bytes) if self.of_bytes else None


@dataclass(frozen=True, slots=True)
class Job:
    """One recording's job.

    Attributes
    ----------
    id
        UUIDv7.
    kind
        Where the recording comes from.
    title
        What people see: a file's name, an address without its secrets.
    asked
        What is asked.
    created, ended
        RFC 3339, UTC.
    address
        Where it is fetched from, until it has ended; it may hold a secret, and is told to nobody.
    state
        Where it stands.
    message
        Why it failed, or was lost.
    alarms
        How many alarms its report holds.
    progress
        How far it has come; not kept.
    """

    id: str
    kind: Kind
    title: str
    asked: Asked
    created: str
    address: str | None = field(default=None, repr=False)
    state: State = "waiting"
    message: str | None = None
    alarms: int | None = None
    ended: str | None = None
    progress: Progress = field(default_factory=Progress)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in ENDED

    def told(self) -> dict[str, Any]:
        """Return what whoever asks is told, as JSON values."""
        progress = self.progress
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "state": self.state,
            "progress": 1.0 if self.state == "done" else progress.share,
            "heard_s": round(progress.heard_s, 3),
            "duration_s": None if progress.duration_s is None else round(progress.duration_s, 3),
            "bytes": progress.bytes,
            "of_bytes": progress.of_bytes,
            "method": self.asked.method,
            "preprocessing": list(self.asked.preprocess),
            "created": self.created,
            "ended": self.ended,
            "message": self.message,
            "alarms": self.alarms,
            "report": f"/reports/{self.id}" if self.state == "done" else None,
        }

    def to_json(self) -> dict[str, Any]:
        """Return what is kept, as JSON values."""
        kept = asdict(replace(self, progress=Progress()))
        del kept["progress"]
        return {"version": VERSION, **kept}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Job:
        """Return the job that `to_json` gave.

        Raises
        ------
        KeyError, TypeError
            It is none.
        """
        found = {name: value for name, value in stored.items() if name != "version"}
        asked = {**found["asked"], "preprocess": tuple(found["asked"]["preprocess"])}
        return cls(**{**found, "asked": Asked(**asked)})
