# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Speak to a broker by hand, without the publisher of the product."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.homeassistant.examples import Message
from tests.homeassistant.mosquitto import Mosquitto

PATIENCE_S = 10.0


@contextmanager
def connected(at: Mosquitto, will: str | None = None) -> Iterator[Client]:
    """Connect to a broker; `will` is a topic that says `offline`, retained, when the connection is lost."""
    client = Client(CallbackAPIVersion.VERSION2)
    if will is not None:
        client.will_set(will, "offline", qos=1, retain=True)
    client.connect(at.host, at.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def say(client: Client, topic: str, what: object = "", *, retain: bool = False) -> None:
    """Publish a text, or anything else as JSON, and wait until the broker has it."""
    text = what if isinstance(what, str) else json.dumps(what)
    client.publish(topic, text, qos=1, retain=retain).wait_for_publish(PATIENCE_S)


def introduce(client: Client, base: str, *messages: Message) -> None:
    """Publish discovery messages, and that their device is available."""
    say(client, f"{base}/available", "online", retain=True)
    for topic, payload in messages:
        say(client, topic, payload, retain=True)


def lose(client: Client) -> None:
    """Break the connection as a power cut does: nothing is said to the broker."""
    client.loop_stop()
    wire = client.socket()
    assert wire is not None
    wire.close()
