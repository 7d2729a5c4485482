# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Everything around one service: broker, node, webhook, a proxy before each, and the reckoning at the end."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analytic.delivery.verifying import Forged, Verifier
from benchmarks.delivery.consumers import BusConsumer, DhtConsumer, MqttConsumer, Notes, WebhookConsumer
from benchmarks.delivery.load import Load, Service
from benchmarks.delivery.proxy import Mode, Proxy
from tests.homeassistant.mosquitto import Mosquitto, find

_FORGETS = "the broker has forgotten messages"


class Broker(Mosquitto):
    """Mosquitto with persistence, and no bound on what waits for a consumer."""

    def __init__(self, folder: Path) -> None:
        binary = find()
        if binary is None:
            raise SystemExit("bench-delivery needs Mosquitto: apt-get install mosquitto")
        kept = folder / "kept"
        kept.mkdir(parents=True)
        super().__init__(binary, folder, persistence=kept)
        with self._settings.open("a", encoding="utf-8") as settings:
            settings.write("max_queued_messages 0\n")


class World:
    """One service with all its sinks, and somebody at the end of each.

    Parameters
    ----------
    folder
        For everything.
    data
        The service's own folder.
    environment
        More of it for the service.
    """

    def __init__(self, folder: Path, data: Path, environment: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data, self.log = data, folder / "service.log"
        (folder / "broker").mkdir()
        self.broker = Broker(folder / "broker")
        self.broker.start()
        self.webhook, self.dht = WebhookConsumer(), DhtConsumer()
        self.proxies = [Proxy(self.broker.port), Proxy(self.dht.port), Proxy(self.webhook.port)]
        mqtt, dht, webhook = (proxy.port for proxy in self.proxies)
        hooks = {"house": {"url": f"http://127.0.0.1:{webhook}/"}}
        self.service = Service(
            data,
            {
                "HEARKEN__MQTT__HOST": "127.0.0.1",
                "HEARKEN__MQTT__PORT": str(mqtt),
                "HEARKEN__DHT__URL": f"ws://127.0.0.1:{dht}/ws",
                "HEARKEN__DELIVERY__WEBHOOKS": json.dumps(hooks),
                **(environment or {}),
            },
            self.log,
        )
        self.service.start()
        self.bus, self.mqtt = BusConsumer(self.service.bus_port), MqttConsumer(self.broker.port)
        self.load = Load(self.service.url)

    @property
    def consumers(self) -> dict[str, Notes]:
        """Who listens, by name."""
        return {"websocket": self.bus, "mqtt": self.mqtt, "dht": self.dht, "webhook": self.webhook}

    def fail(self, mode: Mode) -> None:
        """Have every proxy fail."""
        for proxy in self.proxies:
            proxy.fail(mode)

    def recover(self) -> None:
        """Have every proxy pass on again."""
        for proxy in self.proxies:
            proxy.recover()

    def drained(self, limit_s: float = 180.0) -> float:
        """Wait until nothing waits and everybody has everything; return how long that took, seconds."""
        began = time.monotonic()
        while time.monotonic() - began < limit_s:
            time.sleep(0.1)
            if self.service.waiting() == 0 and not any(self.missing().values()):
                return time.monotonic() - began
        end = "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-5:])
        raise RuntimeError(f"not drained after {limit_s:g} s: {self.missing()} missing\n{end}")

    def told(self) -> dict[str, int]:
        """Return every message that there has been: those on disk, and those that answers promised."""
        connection = sqlite3.connect(f"file:{self.data}/delivery/outbox.sqlite3?mode=ro", uri=True)
        try:
            return {**self.load.promised, **dict(connection.execute("SELECT message_id, seq FROM messages"))}
        finally:
            connection.close()

    def missing(self) -> dict[str, int]:
        """Return how many messages each consumer has not had."""
        self.dht.look()
        told = self.told()
        return {name: len(told.keys() - notes.messages.keys()) for name, notes in self.consumers.items()}

    def reckoning(self) -> dict[str, Any]:
        """Return what everybody has had."""
        self.drained()
        told = self.told()
        verifier = Verifier(self._public_key())
        log = self.log.read_text(encoding="utf-8")
        numbers = sorted(told.values())
        return {
            "messages": len(told),
            "promised_by_answers": len(self.load.promised),
            "numbers_without_gap": numbers == list(range(1, len(numbers) + 1)),
            "lost": self.missing(),
            "duplicates_after_dedupe": {name: notes.differing for name, notes in self.consumers.items()},
            "came_again": {name: notes.again for name, notes in self.consumers.items()},
            "not_verified": {name: _unverified(verifier, notes) for name, notes in self.consumers.items()},
            "sent_again_because_the_broker_forgot": sum(
                int(json.loads(line)["messages"]) for line in log.splitlines() if _FORGETS in line
            ),
        }

    def stop(self) -> None:
        """End it all."""
        self.load.stop()
        self.service.stop()
        for end in (
            self.bus.stop,
            self.mqtt.stop,
            self.webhook.stop,
            self.dht.stop,
            *(proxy.stop for proxy in self.proxies),
            self.broker.stop,
        ):
            end()

    def _public_key(self) -> str:
        made = subprocess.run(
            ["openssl", "pkey", "-in", f"{self.data}/delivery/device.key", "-pubout"],
            check=True,
            capture_output=True,
            text=True,
        )
        return made.stdout


def _unverified(verifier: Verifier, notes: Notes) -> int:
    count = 0
    for content in notes.messages.values():
        try:
            verifier.check(json.loads(content))
        except Forged:
            count += 1
    return count
