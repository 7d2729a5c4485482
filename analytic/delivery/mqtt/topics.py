# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Where everything goes on the broker, below one base: ``<prefix>/<first 12 digits of the device>``. No I/O here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from analytic.events.types import Message

_DIGITS = 12


class Letter(NamedTuple):
    """What goes to one topic: text, or a JSON value."""

    topic: str
    payload: str | dict[str, Any]
    retain: bool = False

    @property
    def content(self) -> str:
        """The payload as text."""
        if isinstance(self.payload, str):
            return self.payload
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one device.

    Attributes
    ----------
    base
        What they begin with, such as ``hearken/0123456789ab``.
    """

    base: str

    @classmethod
    def of(cls, prefix: str, device: str) -> Topics:
        """Return those of a device."""
        return cls(f"{prefix}/{device[:_DIGITS]}")

    @property
    def node(self) -> str:
        """The device's part, for ids."""
        return self.base.rpartition("/")[2]

    @property
    def availability(self) -> str:
        """``online`` or ``offline``, retained; the broker's last will."""
        return f"{self.base}/availability"

    @property
    def events(self) -> str:
        """Every message."""
        return f"{self.base}/events"

    @property
    def acknowledged(self) -> str:
        """The last number that the broker has acknowledged, retained: what it forgets when it dies shows here."""
        return f"{self.base}/acknowledged"

    @property
    def status(self) -> str:
        """How the service fares."""
        return f"{self.base}/status"

    @property
    def alert(self) -> str:
        """Each alarm once, as it begins, for Home Assistant's event entity."""
        return f"{self.base}/alert"

    def state(self, event_class: str) -> str:
        """``ON`` while an alarm of a class goes on."""
        return f"{self.base}/alert/{event_class}/state"

    def attributes(self, event_class: str) -> str:
        """Facts of the last alarm of a class."""
        return f"{self.base}/alert/{event_class}/attributes"

    def source(self, name: str) -> str:
        """How a live source fares."""
        return f"{self.base}/source/{name}"


def attributes(message: Message) -> dict[str, object]:
    """Return what Home Assistant shows beside a state: the same facts as in the message."""
    return {
        "event_id": message["id"],
        "source": message["source"]["id"],
        "label": message["label"],
        "score": message["score"],
        "severity": message["severity"],
        "onset": message["onset"],
        "offset": message["offset"],
        "time": message["time"],
    }
