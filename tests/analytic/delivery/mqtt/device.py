# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A device: its key and outbox in a folder, and a pump that empties the outbox into the MQTT sink."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from analytic.delivery.database import Database
from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.history import History
from analytic.delivery.mqtt.connection import Broker
from analytic.delivery.mqtt.homeassistant import Hub
from analytic.delivery.mqtt.sink import Manner, MqttSink
from analytic.delivery.mqtt.topics import Topics
from analytic.delivery.outbox import Outbox
from analytic.delivery.pump import Pump
from analytic.delivery.sequence import Sequence as Numbers
from analytic.delivery.signing import Signer
from analytic.delivery.traces import Traces
from analytic.events.types import Source, Stamp
from analytic.ids import Uuid7
from tests.analytic.delivery.told import FIRE

CLASSES = ("fire", "glass_break", "smoke_alarm")
PATIENCE_S = 15.0


class Device:
    """One life of a device; its pump runs from `start` to `stop`."""

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        classes: Sequence[str] = CLASSES,
        sources: Sequence[str] = (),
        discovery_prefix: str | None = "homeassistant",
        frigate_prefix: str | None = None,
        **broker: Any,
    ) -> None:
        self.ahead_s = 0.0  # of this machine's clock
        self.sources = list(sources)
        self.is_reachable: bool | None = None
        self._news = threading.Condition()
        self._database = Database(folder)
        signer = Signer.at(folder / "device.key")
        self._new_id = Uuid7(lambda: int(self.now() * 1000), os.urandom)
        self.outbox = Outbox(self._database, ["mqtt"], signer.sign, now=self.now)
        self.history = History(self._database, signer.sign, now=self.now)
        self._numbers = Numbers(folder / "last-number", self.outbox.last_seq)
        self.dispatcher = Dispatcher(self.outbox, self._new_id, signer, self._numbers, [self], now=self.now)
        self.topics = Topics.of("hearken", signer.device)
        self.sink = MqttSink(
            Broker("127.0.0.1", port, **broker),
            Manner(Hub(self.topics, "Home", "0.1.0", tuple(classes)), discovery_prefix, frigate_prefix),
            self.outbox,
            Traces(self._database, "mqtt", now=self.now),
            status=lambda: {"model": "fake 0", "waiting": 0},
            reports=lambda: [report(name) for name in self.sources],
            open_events=self.history.open_events,
            now=self.now,
        )
        self._pump = Pump(self.sink, self.outbox, reachable=self._reachable, longest_pause_s=0.2)
        self.name = "pump"

    def now(self) -> float:
        return time.time() + self.ahead_s

    def start(self) -> Device:
        """Start the pump."""
        self._pump.start()
        return self

    def stop(self) -> None:
        """End in good order."""
        self._pump.stop()
        self._numbers.close()
        self._database.close()

    def accept(self, message: Any) -> None:
        """Wake the pump."""
        self._pump.accept(message)

    def publish(self, *, ago_s: float = 0.0, event_id: str | None = None, source: str = "kitchen", **event: Any) -> str:
        """Send an event, made so many seconds ago, and return its id."""
        event_id = event_id or self._new_id()
        self.ahead_s -= ago_s
        self.dispatcher.publish([replace(FIRE, id=event_id, source=Source(source), **event)])
        self.ahead_s += ago_s
        return event_id

    def delete(self, event_id: str) -> Stamp:
        """Delete an event, as the API does."""
        return self.dispatcher.retract(event_id)

    def wait_until_reachable(self, expected: bool = True) -> Device:
        """Wait for what the pump thinks of its broker."""
        with self._news:
            assert self._news.wait_for(lambda: self.is_reachable is expected, PATIENCE_S)
        return self

    def wait_until_delivered(self) -> None:
        """Wait until nothing waits."""
        until = time.monotonic() + PATIENCE_S
        while self.outbox.depth("mqtt"):
            assert time.monotonic() < until, f"{self.outbox.depth('mqtt')} messages wait"
            time.sleep(0.01)

    def _reachable(self, _sink: str, is_reachable: bool) -> None:
        with self._news:
            self.is_reachable = is_reachable
            self._news.notify_all()


def report(name: str, status: str = "ok") -> dict[str, Any]:
    """How a live source fares, as far as the sink looks at it."""
    return {"id": name, "status": status, "level_dbfs": -40.0, "last_audio_age_s": 0.1}
