# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What goes over a node's websocket: externally tagged JSON. No I/O here.

The node has no mercy: a frame that is not of its form ends the connection, so only these functions make them.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

REQUESTS = "SIFIS:Privacy_Aware_Audio_Anomaly_Detection"
RESULTS = "SIFIS:Privacy_Aware_Audio_Anomaly_Detection_Results"
LATEST = "Audio_Anomaly_Detection_Results"
"""The constant key: whoever reads only this one has the newest result."""


class Push(NamedTuple):
    """A value that somebody has published."""

    topic_name: str
    topic_uuid: str
    value: Any
    deleted: bool


class Answer(NamedTuple):
    """What the node says to a question."""

    value: Any


def post(topic_name: str, topic_uuid: str, value: Any) -> str:
    """Publish a value under a key.

    Raises
    ------
    ValueError
        It holds what JSON cannot.
    """
    return _tagged("RequestPostTopicUUID", topic_name=topic_name, topic_uuid=topic_uuid, value=value)


def get(topic_name: str, topic_uuid: str) -> str:
    """Ask for the value of a key."""
    return _tagged("RequestGetTopicUUID", topic_name=topic_name, topic_uuid=topic_uuid)


def get_topic(topic_name: str) -> str:
    """Ask for all values of a topic."""
    return _tagged("RequestGetTopicName", topic_name=topic_name)


def delete(topic_name: str, topic_uuid: str) -> str:
    """Delete a key."""
    return _tagged("RequestDeleteTopicUUID", topic_name=topic_name, topic_uuid=topic_uuid)


def sendable(value: Any) -> Any:
    """Return a value as a node holds it: halves of surrogate pairs, which are no characters, are replaced.

    Raises
    ------
    ValueError
        It holds what JSON cannot.
    """
    return json.loads(_text(value))


def read(text: str | bytes) -> Push | Answer | None:
    """Read what the node sends; None for what is nothing to us."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(frame, dict):
        return None
    if isinstance(answer := frame.get("Response"), dict) and "value" in answer:
        return Answer(answer["value"])
    push = frame.get("Persistent")
    return push_of(push) if isinstance(push, dict) else None


def push_of(fields: dict[str, Any]) -> Push | None:
    """Read a value with its key, as the node pushes it or lists it; None where it is no such thing."""
    name, uuid = fields.get("topic_name"), fields.get("topic_uuid")
    if not isinstance(name, str) or not isinstance(uuid, str):
        return None
    return Push(name, uuid, fields.get("value"), bool(fields.get("deleted", False)))


def _tagged(kind: str, **fields: Any) -> str:
    return _text({kind: fields})


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
