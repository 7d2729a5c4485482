# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a subscriber of the bus asks for: from the query of its address, or its first message. No I/O here."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from analytic.events.types import Message, is_event

EVENTS_PATH = "/events"
MAX_NAMES = 64
_FIELDS = frozenset({"since", "classes", "sources", "token", "heartbeat"})
_LEAST_HEARTBEAT_S, _MOST_HEARTBEAT_S = 1.0, 3600.0
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class InvalidSubscription(ValueError):
    """A subscription that is not of its form; the message goes to the subscriber."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which messages a subscriber wants.

    Attributes
    ----------
    since
        A message id or ``start``: what came after it is sent first; None for nothing of the past.
    classes, sources
        Only these event classes and source ids; empty for all.
    token
        What it showed, if anything.
    heartbeat_s
        How long it may be quiet before ``{"heartbeat":true}`` is sent, seconds; None for no heartbeats. Browsers do not
        see the pings that are sent all the same.
    """

    since: str | None = None
    classes: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    token: str | None = None
    heartbeat_s: float | None = None

    def wants(self, message: Message) -> bool:
        """Tell whether a message is asked for; gaps and deletions always are."""
        if not is_event(message):
            return True
        return (not self.classes or message["event_class"] in self.classes) and (
            not self.sources or message["source"]["id"] in self.sources
        )


def from_target(target: str) -> Subscription | None:
    """Read a subscription from a request's target, such as ``/events?classes=scream``; None for another path.

    Raises
    ------
    InvalidSubscription
        Naming the parameter.
    """
    path, _, rest = target.partition("?")
    if path != EVENTS_PATH:
        return None
    query = {key: values[-1] for key, values in parse_qs(rest).items()}
    return _read({key: value.split(",") if key in ("classes", "sources") else value for key, value in query.items()})


def from_message(text: str | bytes) -> Subscription:
    """Read a subscription from a subscriber's message, such as ``{"classes": ["scream"], "since": "start"}``.

    Raises
    ------
    InvalidSubscription
        No JSON object, or naming the field.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidSubscription("expected a JSON object") from error
    if not isinstance(fields, dict):
        raise InvalidSubscription("expected a JSON object")
    return _read(fields)


def _read(fields: Mapping[str, Any]) -> Subscription:
    unknown = set(fields) - _FIELDS
    if unknown:
        raise InvalidSubscription(f"unknown field {min(unknown)[:40]!a}; known: {', '.join(sorted(_FIELDS))}")
    since, token = fields.get("since"), fields.get("token")
    if since is not None and not (isinstance(since, str) and (since == "start" or _UUID.fullmatch(since))):
        raise InvalidSubscription("since is a message_id or start")
    if token is not None and not isinstance(token, str):
        raise InvalidSubscription("token is a string")
    return Subscription(since, _names(fields, "classes"), _names(fields, "sources"), token, _heartbeat(fields))


def _heartbeat(fields: Mapping[str, Any]) -> float | None:
    asked = fields.get("heartbeat")
    if asked is None:
        return None
    try:
        seconds = math.nan if isinstance(asked, bool) else float(asked)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not _LEAST_HEARTBEAT_S <= seconds <= _MOST_HEARTBEAT_S:
        raise InvalidSubscription(
            f"heartbeat is a number of seconds from {_LEAST_HEARTBEAT_S:g} to {_MOST_HEARTBEAT_S:g}"
        )
    return seconds


def _names(fields: Mapping[str, Any], key: str) -> frozenset[str]:
    names = fields.get(key, [])
    if not isinstance(names, list) or len(names) > MAX_NAMES:
        raise InvalidSubscription(f"{key} is a list of at most {MAX_NAMES} names")
    names = [name for name in names if name != ""]
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
        raise InvalidSubscription(f"{key}: a name has 1 to 64 characters of A-Z a-z 0-9 . _ -")
    return frozenset(names)
