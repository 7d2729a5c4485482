# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Somebody who hears what is said at a broker."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 15.0


class Heard(NamedTuple):
    """One message as it came; `retained` says that it had been there before."""

    topic: str
    payload: str
    retained: bool


class Ear:
    """Subscribes to `topics`, QoS 1; with a `name`, the broker keeps what it misses while it is away."""

    def __init__(self, port: int, topics: Sequence[str], name: str | None = None) -> None:
        self.heard: list[Heard] = []
        self._news = threading.Condition()
        self._mark = f"marks/{uuid.uuid4()}"
        wanted = [*topics] if "#" in topics else [*topics, self._mark]
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=name or "", clean_session=name is None, reconnect_on_failure=False
        )
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe([(topic, 1) for topic in wanted])
        self._client.on_subscribe = lambda client, *_: client.publish(self._mark, "", qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self.wait_for(lambda: any(one.topic == self._mark for one in self.heard))  # all that was retained came before

    @property
    def retained(self) -> dict[str, str]:
        """What was retained when it came: topic -> payload."""
        return {one.topic: one.payload for one in self.heard if one.retained}

    def on(self, topic: str) -> list[str]:
        """What was said on a topic."""
        return [one.payload for one in self.heard if one.topic == topic]

    def numbers(self, topic: str) -> list[int]:
        """The numbers of the messages on a topic."""
        return [json.loads(payload)["seq"] for payload in self.on(topic)]

    def wait_for(self, holds: Callable[[], object]) -> None:
        """Wait until something holds of what was heard."""
        with self._news:
            assert self._news.wait_for(holds, PATIENCE_S), "\n".join(map(str, self.heard))

    def say(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publish something."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENCE_S)

    def leave(self) -> None:
        """End."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _client: object, _data: object, message: Any) -> None:
        with self._news:
            self.heard.append(Heard(message.topic, message.payload.decode(), message.retain))
            self._news.notify_all()
