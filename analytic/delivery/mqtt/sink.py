# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The MQTT sink: every message to ``<base>/events``, and the states that others make entities and automations of.

A broker may lose what it has acknowledged, when it is killed or loses its power. So the last number acknowledged is
kept with the broker itself, retained: one that comes back knowing an older number than we do, or none, gets again what
came after it, ten minutes back at most. Who reads ``<base>/events`` knows it by its ``message_id``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytic.delivery.mqtt import frigate, homeassistant
from analytic.delivery.mqtt.connection import Broker, Connection, open_connection
from analytic.delivery.mqtt.states import States
from analytic.delivery.mqtt.topics import Letter, Topics
from analytic.delivery.outbox import Outbox
from analytic.delivery.pump import Unreachable
from analytic.delivery.traces import Traces
from analytic.events.types import Message

_LOG = logging.getLogger(__name__)
NAME = "mqtt"
ONLINE, OFFLINE = "online", "offline"
_AGAIN_S = 600.0
_FRESH_S = 300.0
_STATUS_S = 30.0
_SETTLING_S = 1.0  # Home Assistant does not hear an event of an entity that it has just made
_HIGHEST = 2**63 - 1  # number that the outbox can count to


@dataclass(frozen=True, slots=True)
class Manner:
    """What is told beside messages.

    Attributes
    ----------
    hub
        This device, for Home Assistant.
    discovery_prefix
        Home Assistant's discovery prefix; None for no discovery.
    frigate_prefix
        What Frigate's topics begin with; None for none.
    """

    hub: homeassistant.Hub
    discovery_prefix: str | None = "homeassistant"
    frigate_prefix: str | None = None


@dataclass(slots=True)
class _Told:
    """What the broker has been told since the connection was opened."""

    sources: frozenset[str] | None = None
    status_at: float = 0.0


class MqttSink:
    """Carries messages to a broker.

    Parameters
    ----------
    broker
        Where it is.
    manner
        What is told beside messages.
    outbox
        Has to send again what a broker forgot.
    traces
        Remembers which entities were announced, so that they can be taken back.
    status
        Returns what the hub's own sensors show.
    reports
        Returns how the live sources fare.
    open_events
        Returns the last messages of alarms that go on.
    now
        Unix time in seconds.
    """

    name = NAME

    def __init__(
        self,
        broker: Broker,
        manner: Manner,
        outbox: Outbox,
        traces: Traces,
        *,
        status: Callable[[], Mapping[str, Any]] = dict,
        reports: Callable[[], Sequence[Mapping[str, Any]]] = list,
        open_events: Callable[[], Sequence[Message]] = list,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._broker = broker
        self._manner = manner
        self._topics: Topics = manner.hub.topics
        self._outbox = outbox
        self._traces = traces
        self._status, self._reports, self._open_events = status, reports, open_events
        self._now = now
        self._connection: Connection | None = None
        self._told = _Told()
        self._states = States(self._topics, manner.discovery_prefix is not None, manner.frigate_prefix)
        self._last_acknowledged = 0

    def deliver(self, messages: Sequence[Message]) -> Iterator[int]:
        """Publish messages; yield each one's number once the broker has acknowledged it.

        The call that connects asks the outbox anew: what the broker has forgotten comes before these messages. An alarm
        whose beginning came after its end would never end.
        """
        is_new = self._connection is None
        connection = self._connected()
        if is_new:
            messages = self._outbox.pending(NAME, len(messages))
        with self._dropping():
            letters, last = list[Letter](), dict[int, int]()
            for message in messages:
                letters += self._letters(message)
                last[len(letters) - 1] = message["seq"]
            for index in connection.send(letters):
                if index in last:
                    yield last[index]
                    self._last_acknowledged = max(self._last_acknowledged, last[index])
            self._send([Letter(self._topics.acknowledged, {"seq": self._last_acknowledged}, retain=True)])

    def tick(self) -> None:
        """Keep the connection, and tell how all fares."""
        self._connected()
        with self._dropping():
            if self._connection is not None:
                self._connection.step()
                self._heed(self._connection.take())
            self._tell_status()

    def close(self) -> None:
        """Say that we go, and leave."""
        if self._connection is None:
            return
        with contextlib.suppress(Unreachable, OSError):
            self._send([Letter(self._topics.availability, OFFLINE, retain=True)])
            self._connection.close()
        self._connection = None

    def _connected(self) -> Connection:
        if self._connection is not None:
            return self._connection
        will = Letter(self._topics.availability, OFFLINE, retain=True)
        self._connection = open_connection(self._broker, f"hearken-{self._topics.node}", will)
        with self._dropping():
            wanted = [self._topics.acknowledged]
            if self._manner.discovery_prefix is not None:
                wanted.append(f"{self._manner.discovery_prefix}/status")
            self._send_again(self._connection.subscribe(wanted))
            self._told = _Told()
            over = self._states.begin(self._open_events())
            self._send([Letter(self._topics.availability, ONLINE, retain=True), *over])
            self._tell_status()
        return self._connection

    @contextlib.contextmanager
    def _dropping(self) -> Iterator[None]:
        """Give the connection up where something goes wrong on it."""
        try:
            yield
        except BaseException:
            if self._connection is not None:
                with contextlib.suppress(OSError):
                    self._connection.drop()
                self._connection = None
            raise

    def _send(self, letters: Sequence[Letter]) -> None:
        if self._connection is not None:
            for _ in self._connection.send(letters):
                pass

    def _send_again(self, retained: Sequence[tuple[str, bytes]]) -> None:
        """Have sent again what the broker has forgotten."""
        known = max((_number(payload) for topic, payload in retained if topic == self._topics.acknowledged), default=0)
        again = self._outbox.redeliver(NAME, known, self._now() - _AGAIN_S)
        if again:
            _LOG.warning("the broker has forgotten messages; they go again", extra={"messages": again, "after": known})

    def _letters(self, message: Message) -> list[Letter]:
        """Return what one message makes: itself, and what changes with it."""
        is_again = message["seq"] <= self._last_acknowledged
        changes = self._states.take(message, is_fresh=self._is_fresh(message), is_again=is_again)
        return [Letter(self._topics.events, message), *changes]

    def _is_fresh(self, message: Message) -> bool:
        """Tell whether an event is of now: one that waited out an outage must not turn the lights on hours later."""
        made = dt.datetime.fromisoformat(message["time"]).timestamp()
        return abs(self._now() - made) < _FRESH_S

    def _heed(self, received: Sequence[tuple[str, bytes]]) -> None:
        """Announce everything again when Home Assistant comes back."""
        for topic, payload in received:
            if topic == f"{self._manner.discovery_prefix}/status" and payload == ONLINE.encode():
                _LOG.info("Home Assistant is back")
                self._told.sources = None

    def _tell_status(self) -> None:
        reports = {str(report["id"]): report for report in self._reports()}
        is_new = frozenset(reports) != self._told.sources
        if is_new:
            self._announce(frozenset(reports))
        elif self._now() - self._told.status_at < _STATUS_S and self._now() >= self._told.status_at:
            return
        letters = [Letter(self._topics.status, {**self._status(), "sources": len(reports)}, retain=True)]
        for name, report in reports.items():
            letters.append(Letter(self._topics.source(name), homeassistant.source_status(report), retain=True))
            level = report["level_dbfs"]
            if self._manner.frigate_prefix is not None and level is not None:
                base = f"{self._manner.frigate_prefix}/{name}/audio"
                letters += [Letter(f"{base}/dBFS", str(level)), Letter(f"{base}/rms", str(frigate.rms(level)))]
        if self._manner.discovery_prefix is not None:
            names = self._manner.hub.classes if is_new else sorted(self._states.going_on)
            letters += [self._states.of_class(name) for name in names]
        self._send(letters)
        self._told.sources, self._told.status_at = frozenset(reports), self._now()

    def _announce(self, sources: frozenset[str]) -> None:
        """Make the entities there are, and take back those there are no more, with what is retained for them."""
        prefix, hub = self._manner.discovery_prefix, self._manner.hub
        entities = {} if prefix is None else homeassistant.discovery(hub, sources, prefix)
        states = [self._topics.source(name) for name in sources]
        states += [] if prefix is None else [self._topics.state(name) for name in hub.classes]
        known = self._traces.all()
        self._traces.add([(topic, None) for topic in sorted({*entities, *states} - known)])
        self._send([Letter(topic, payload, retain=True) for topic, payload in entities.items()])
        self._take_back(known - {*entities, *states})
        if entities.keys() - known:
            self._settle()

    def _take_back(self, topics: Collection[str]) -> None:
        """Remove what is retained: entities first, for Home Assistant complains of an empty state of one it has."""
        states = {topic for topic in topics if topic.startswith(f"{self._topics.base}/")}
        entities = set(topics) - states
        self._send([Letter(topic, "", retain=True) for topic in sorted(entities)])
        if entities and states:
            self._settle()
        self._send([Letter(topic, "", retain=True) for topic in sorted(states)])
        self._traces.remove(sorted(topics))

    def _settle(self) -> None:
        """Give Home Assistant time to do what it was told."""
        if self._connection is not None:
            self._connection.wait(_SETTLING_S)


def _number(payload: bytes) -> int:
    """Return the number that a marker holds; 0 where somebody else has written there."""
    try:
        number = json.loads(payload)["seq"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return 0
    return number if isinstance(number, int) and 0 <= number <= _HIGHEST else 0
