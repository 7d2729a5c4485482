# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a node of the SIFIS-Home DHT understands, read as strictly as it reads; it knows nothing of our own frames."""

from __future__ import annotations

import json
from typing import Any, NoReturn

_FIELDS: dict[str, tuple[str, ...]] = {
    "RequestGetAll": (),
    "RequestGetTopicName": ("topic_name",),
    "RequestGetTopicUUID": ("topic_name", "topic_uuid"),
    "RequestPostTopicUUID": ("topic_name", "topic_uuid", "value"),
    "RequestDeleteTopicUUID": ("topic_name", "topic_uuid"),
    "RequestPubMessage": ("value",),
}


class NoRequest(ValueError):
    """A frame that the node does not understand."""


def parse(text: str) -> tuple[str, list[Any]]:
    """Read a request: its kind, and its fields in order; raises NoRequest where the node could not read it."""
    frame = read_json(text)
    if isinstance(frame, str):
        frame = {frame: {}}
        if "RequestGetAll" not in frame:
            raise NoRequest("a word that is none of mine")
    if not isinstance(frame, dict) or len(frame) != 1:
        raise NoRequest("neither a word nor an object with one field")
    ((kind, fields),) = frame.items()
    if kind not in _FIELDS or not isinstance(fields, dict) or not set(_FIELDS[kind]) <= set(fields):
        raise NoRequest("not one of mine, or without its fields")
    if not all(isinstance(fields[name], str) for name in _FIELDS[kind] if name != "value"):
        raise NoRequest("a name that is no text")
    return kind, [fields[name] for name in _FIELDS[kind]]


def read_json(text: str | bytes) -> Any:
    """Read JSON as strictly as the node: no NaN, no half of a surrogate pair."""
    try:
        found = json.loads(text, parse_constant=_refuse)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise NoRequest("no JSON") from error
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
