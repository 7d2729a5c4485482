# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The webhook sink: one POST a message, in order, until the other side says 2xx.

Signed: ``Hearken-Signature`` is Ed25519 over ``<message_id>.<Unix time>.<body>``, base64url, with this device's key;
``Hearken-Message-Id`` and ``Hearken-Time`` are the first two. A body in a notifier's words is thereby signed as well.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote, urlsplit, urlunsplit

import requests

from analytic.delivery.pump import Unreachable
from analytic.delivery.signing import Signer
from analytic.delivery.webhook.templates import Body, body
from analytic.events.types import Message, is_event

_LOG = logging.getLogger(__name__)
_TIMEOUT_S = 10.0
_TRIES_OF_A_BAD_ONE = 10
# The other side will say the same of this body for ever. All else (401, 404, 429, 5xx) may be put right.
_BAD = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to post, and what.

    Attributes
    ----------
    name
        Its name in the settings.
    url
        The address; with the template ``ntfy``, that of the topic.
    template
        One of `templates.NAMES`.
    classes, severities
        Only events of these; empty for all.
    phases
        Only events in these phases.
    headers
        More headers, such as a notifier's token.
    """

    name: str
    url: str
    template: str = "event"
    classes: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    phases: frozenset[str] = frozenset({"start", "update", "end"})
    headers: dict[str, str] = field(default_factory=dict)

    def wants(self, message: Message) -> bool:
        """Tell whether a message is posted."""
        if not is_event(message):
            return True
        return (
            message["phase"] in self.phases
            and (not self.classes or message["event_class"] in self.classes)
            and (not self.severities or message["severity"] in self.severities)
        )


class WebhookSink:
    """Carries messages to one address.

    Parameters
    ----------
    webhook
        Where, and what.
    signer
        Signs as this device.
    refused
        Told the sink's name and 1 where a message is given up, because the other side calls it bad again and again.
    now
        Unix time in seconds.
    """

    def __init__(
        self,
        webhook: Webhook,
        signer: Signer,
        *,
        refused: Callable[[str, int], None] = lambda _sink, _count: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = f"webhook:{webhook.name}"
        self._webhook = webhook
        self._signer = signer
        self._refused = refused
        self._now = now
        self._session = requests.Session()
        self._session.auth = lambda request: request  # else ~/.netrc would speak before the headers of the settings
        self._refusals = 0  # of the message that is next
        self._address, self._topic = _root_and_topic(webhook.url) if webhook.template == "ntfy" else (webhook.url, "")

    def deliver(self, messages: Sequence[Message]) -> Iterator[int]:
        """Post messages; yield each one's number once the other side has taken it."""
        for message in messages:
            found = body(self._webhook.template, message, self._topic) if self._webhook.wants(message) else None
            if found is not None:
                self._post(message, found)
            self._refusals = 0
            yield message["seq"]

    def tick(self) -> None:
        """Nothing is due."""

    def close(self) -> None:
        """Close connections."""
        self._session.close()

    def _post(self, message: Message, found: Body) -> None:
        instant = str(int(self._now()))
        signature = self._signer.sign_bytes(f"{message['message_id']}.{instant}.".encode() + found.content)
        headers = {
            **self._webhook.headers,
            "Content-Type": found.media_type,
            "Hearken-Device": self._signer.device,
            "Hearken-Message-Id": message["message_id"],
            "Hearken-Time": instant,
            "Hearken-Signature": signature,
        }
        try:
            response = self._session.post(
                self._address,
                data=found.content,
                headers=headers,
                timeout=_TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, UnicodeError) as error:
            raise Unreachable(type(error).__name__) from error  # its text may hold the address, and that a token
        response.close()
        if response.status_code // 100 == HTTPStatus.OK // 100:
            return
        self._refusals += response.status_code in _BAD
        if self._refusals >= _TRIES_OF_A_BAD_ONE:
            _LOG.error(
                "a webhook refuses a message, and it is given up",
                extra={"sink": self.name, "status": response.status_code, "message_id": message["message_id"]},
            )
            self._refused(self.name, 1)
            return
        raise Unreachable(f"answers {response.status_code}")


def _root_and_topic(url: str) -> tuple[str, str]:
    """Take the topic off an address of ntfy: JSON goes to its root (https://docs.ntfy.sh/publish/#publish-as-json)."""
    parts = urlsplit(url)
    before, _, topic = parts.path.rstrip("/").rpartition("/")
    return urlunsplit(parts._replace(path=f"{before}/")), unquote(topic)
