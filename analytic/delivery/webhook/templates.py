# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a webhook says: the message itself, or a sentence in the form that a notifier takes. No I/O here.

Notifiers get events alone; gaps and deletions go only where the message itself goes. Forms: ntfy
(https://docs.ntfy.sh/publish/), Gotify (https://gotify.net/docs/pushmsg), Slack and Mattermost
(https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks), Discord
(https://discord.com/developers/docs/resources/webhook), Matrix hookshot, Pushover-like forms by the plain text.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from analytic.delivery.outbox import text_of
from analytic.events.types import Message, is_event

_PRIORITIES = MappingProxyType({"critical": 5, "warning": 4, "notice": 3})
_GOTIFY = MappingProxyType({"critical": 10, "warning": 7, "notice": 4})


class Body(NamedTuple):
    """What is posted: bytes, and their media type."""

    content: bytes
    media_type: str


def sentence(message: Message) -> str:
    """Say an event in one line, such as ``Glass break in kitchen (score 0.8) began at 2026-01-02T03:04:05Z``."""
    verb = {"start": "began", "update": "got worse", "end": "ended"}[message["phase"]]
    when = (message["offset"] if message["phase"] == "end" else message["onset"]) or message["time"]
    return f"{_title(message)} in {message['source']['id']} (score {message['score']:g}) {verb} at {when}"


def _title(message: Message) -> str:
    return str(message["event_class"]).replace("_", " ").capitalize()


def _event(message: Message, _topic: str) -> Body:
    return Body(text_of(message).encode(), "application/json")


def _plain(message: Message, _topic: str) -> Body:
    return Body(sentence(message).encode(), "text/plain; charset=utf-8")


def _json(fields: Mapping[str, object]) -> Body:
    return Body(json.dumps(fields, ensure_ascii=False).encode(), "application/json")


def _ntfy(message: Message, topic: str) -> Body:
    return _json(
        {
            "topic": topic,
            "title": _title(message),
            "message": sentence(message),
            "priority": _PRIORITIES[message["severity"]],
            "tags": [message["severity"], message["event_class"]],
        }
    )


def _gotify(message: Message, _topic: str) -> Body:
    priority = _GOTIFY[message["severity"]]
    return _json({"title": _title(message), "message": sentence(message), "priority": priority})


def _slack(message: Message, _topic: str) -> Body:
    return _json({"text": html.escape(sentence(message), quote=False)})  # else <!channel> rings everybody


def _discord(message: Message, _topic: str) -> Body:
    return _json({"content": sentence(message), "allowed_mentions": {"parse": []}})


_TEMPLATES: Mapping[str, Callable[[Message, str], Body]] = MappingProxyType(
    {"event": _event, "text": _plain, "ntfy": _ntfy, "gotify": _gotify, "slack": _slack, "discord": _discord}
)
NAMES = tuple(_TEMPLATES)


def body(template: str, message: Message, topic: str = "") -> Body | None:
    """Return what is posted of a message; None where that template has nothing to say of it.

    Parameters
    ----------
    template
        One of `NAMES`.
    message
        What there is to say.
    topic
        Where ntfy is to say it: there, the topic stands in the body.
    """
    if template != "event" and not is_event(message):
        return None
    return _TEMPLATES[template](message, topic)
