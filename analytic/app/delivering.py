# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Where alarms go: the outbox with this device's key, and a pump for each sink of the settings."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analytic import __version__
from analytic.app.broker import make_broker
from analytic.delivery.database import Database
from analytic.delivery.dht.sink import NAME as DHT
from analytic.delivery.dht.sink import DhtSink, Result
from analytic.delivery.dispatch import Dispatcher, Sink
from analytic.delivery.history import History
from analytic.delivery.mqtt.homeassistant import Hub
from analytic.delivery.mqtt.sink import NAME as MQTT
from analytic.delivery.mqtt.sink import Manner, MqttSink
from analytic.delivery.mqtt.topics import Topics
from analytic.delivery.outbox import Outbox
from analytic.delivery.pump import CarryingSink, Pump
from analytic.delivery.sequence import Sequence as Numbers
from analytic.delivery.signing import Signer
from analytic.delivery.traces import Traces
from analytic.delivery.webhook.sink import Webhook, WebhookSink
from analytic.events.types import Message
from analytic.settings import Settings
from analytic.telemetry import Metrics
from model.tagger import TaggerCard

_LOG = logging.getLogger(__name__)
_DAY_S, _HOUR_S = 86_400.0, 3600.0
_KIND = 0xFF  # what an extended error code of SQLite is one of

Reports = Callable[[], Sequence[Mapping[str, Any]]]


class Delivery:
    """The outbox and its pumps.

    Parameters
    ----------
    settings
        Where to.
    card
        The tagger that speaks.
    classes
        Names of the alert classes.
    new_id
        Makes message ids.
    metrics
        Told of what waits.

    Attributes
    ----------
    classes
        Names of the alert classes.
    signer
        Signs as this device.
    history
        What has been told.
    dispatcher
        Sends what happens.

    Raises
    ------
    OSError
        The folder cannot be used, or another process uses it.
    BadSettings
        A file that the settings name cannot be read.
    """

    name = "outbox"

    def __init__(
        self,
        settings: Settings,
        card: TaggerCard,
        classes: Sequence[str],
        new_id: Callable[[], str],
        metrics: Metrics,
    ) -> None:
        self._settings, self._card, self._metrics = settings, card, metrics
        self.classes = tuple(classes)
        self._pumps: list[Pump] = []
        self._dht: DhtSink | None = None
        self._new_id = new_id
        self._broker = make_broker(settings.mqtt)
        folder = settings.delivery.dir
        self._is_kept = True
        try:
            self._database = Database(folder)
        except sqlite3.Error as error:
            if error.sqlite_errorcode & _KIND not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                raise OSError(f"{folder}: the outbox cannot be opened: {error}") from error
            _LOG.error("the disk is full or broken: alarms leave without being kept", extra={"error": str(error)})
            self._is_kept, self._database = False, Database(None)
        try:
            self.signer = Signer.at(folder / "device.key")
            self.outbox = self._make_outbox()
            last = self.outbox.last_seq
            self._numbers = Numbers(folder / "last-number", last)
        except BaseException:
            self._database.close()
            raise
        self._missing_since = last or 0
        self.history = History(self._database, self.signer.sign_anew)

    def traces(self, sink: str) -> Traces:
        """Return what a sink has left with others."""
        return Traces(self._database, sink)

    def dispatcher(self, sinks: Sequence[Sink]) -> Dispatcher:
        """Return what sends what happens: to the outbox, then to `sinks`, then to the pumps."""
        dispatcher = Dispatcher(
            self.outbox,
            self._new_id,
            self.signer,
            self._numbers,
            (*sinks, self),
            durable=self._is_kept,
            failed=self._metrics.sink_failure,
            not_durable=self._metrics.not_durable,
        )
        if self._is_kept and self._numbers.last > self._missing_since:
            dispatcher.skip(self._missing_since + 1)
        return dispatcher

    def start(self, reports: Reports, on_request: Callable[[str, Any], None] | None = None) -> None:
        """Begin to deliver.

        Parameters
        ----------
        reports
            Returns how the live sources fare.
        on_request
            Told of requests on the DHT: key and value.
        """
        for sink in self._sinks(reports, on_request):
            pump = Pump(
                sink,
                self.outbox,
                delivered=self._metrics.delivered,
                given_up=self._metrics.given_up,
                reachable=self._metrics.reachable,
            )
            self._pumps.append(pump)
            pump.start()

    def accept(self, message: Message) -> None:
        """Wake the pumps: a message is in the outbox."""
        for pump in self._pumps:
            pump.accept(message)

    def answer(self, topic_uuid: str, value: Mapping[str, Any], kept: Callable[[], None]) -> None:
        """Publish the answer to a request on the DHT."""
        if self._dht is not None:
            self._dht.answer(Result(topic_uuid, value, kept))

    def stop(self) -> None:
        """Finish what is under way; what waits stays in the outbox."""
        for pump in self._pumps:
            pump.stop_soon()
        for pump in self._pumps:
            pump.stop()
        self._pumps.clear()
        self.outbox.settle()
        self._numbers.close()
        self._database.close()

    def _make_outbox(self) -> Outbox:
        settings = self._settings.delivery
        names = [name for name, is_on in ((MQTT, self._broker), (DHT, self._settings.dht.url)) if is_on]
        names += [f"webhook:{name}" for name in settings.webhooks]
        outbox = Outbox(
            self._database,
            names,
            self.signer.sign_anew,
            max_pending=settings.max_pending,
            kept_messages=settings.kept_messages,
            kept_s=settings.kept_days * _DAY_S,
            given_up=self._metrics.given_up,
        )
        for name in names:
            self._metrics.outbox(name, lambda name=name: outbox.depth(name), lambda name=name: outbox.age_s(name))  # type: ignore[misc]
        self._names = tuple(names)
        return outbox

    def _sinks(self, reports: Reports, on_request: Callable[[str, Any], None] | None) -> list[CarryingSink]:
        settings, sinks = self._settings, list[CarryingSink]()
        if self._broker is not None:
            topics = Topics.of(settings.mqtt.prefix, self.signer.device)
            hub = Hub(topics, settings.service.analyzer_id, __version__, self.classes)
            manner = Manner(
                hub,
                settings.mqtt.discovery_prefix if settings.mqtt.homeassistant else None,
                settings.mqtt.frigate_prefix,
            )
            sinks.append(
                MqttSink(
                    self._broker,
                    manner,
                    self.outbox,
                    self.traces(MQTT),
                    status=self._status,
                    reports=reports,
                    open_events=self._open_events,
                )
            )
        if settings.dht.url is not None:
            self._dht = DhtSink(
                settings.dht.url,
                settings.service.analyzer_id,
                self.traces(DHT),
                kept_s=settings.dht.kept_hours * _HOUR_S,
                on_request=on_request,
            )
            sinks.append(self._dht)
        for name, webhook in settings.delivery.webhooks.items():
            wanted = Webhook(
                name,
                webhook.url.get_secret_value(),
                webhook.template,
                frozenset(webhook.classes),
                frozenset(webhook.severities),
                frozenset(webhook.phases),
                {header: value.get_secret_value() for header, value in webhook.headers.items()},
            )
            sinks.append(WebhookSink(wanted, self.signer, refused=self._metrics.given_up))
        return sinks

    def _status(self) -> dict[str, Any]:
        return {
            "model": f"{self._card.name} {self._card.version}",
            "waiting": max((self.outbox.depth(name) for name in self._names), default=0),
        }

    def _open_events(self) -> list[Message]:
        with contextlib.suppress(sqlite3.Error):
            return self.history.open_events()
        return []
