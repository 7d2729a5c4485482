# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Logs (one JSON object a line, on standard error) and metrics (Prometheus). No sound, no ids of requests in labels."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.process_collector import ProcessCollector

from analytic.events.types import Event, Message

_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


def configure_logging(level: str) -> None:
    """Send every log line through structlog: JSON with time, level, logger; control characters escaped."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("websockets").setLevel(max(logging.WARNING, root.level))
    # It tells whole addresses, and those of webhooks hold tokens: in passing, and where an answer's headers are odd.
    logging.getLogger("urllib3").setLevel(max(logging.ERROR, root.level))


class Metrics:
    """The service's metrics, in a registry of their own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "hearken_requests_total", "Requests answered", ("endpoint", "status"), registry=self._registry
        )
        self._stages = Histogram(
            "hearken_stage_seconds",
            "Time of one stage of one clip",
            ("stage",),
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._sound = Counter("hearken_sound_seconds_total", "Seconds of sound analysed", registry=self._registry)
        self._events = Counter("hearken_events_total", "Alarms", ("event_class",), registry=self._registry)
        self._messages = Counter("hearken_messages_total", "Messages handed to the sinks", registry=self._registry)
        self._failures = Counter(
            "hearken_sink_failures_total", "Messages a sink failed on", ("sink",), registry=self._registry
        )
        self._subscribers = Gauge(
            "hearken_bus_subscribers", "Subscribers of the websocket bus", registry=self._registry
        )
        self._source_age = Gauge(
            "hearken_source_audio_age_seconds",
            "Age of a live source's last sound",
            ("source",),
            registry=self._registry,
        )
        self._source_ok = Gauge(
            "hearken_source_ok", "1 while a live source is heard well", ("source",), registry=self._registry
        )
        self._source_dropped = Gauge(
            "hearken_source_dropped_seconds",
            "Sound of a live source left out for overload",
            ("source",),
            registry=self._registry,
        )
        self._model = Gauge(
            "hearken_model", "1 for the tagger that speaks", ("name", "version"), registry=self._registry
        )

        self._not_durable = Counter(
            "hearken_messages_not_durable_total",
            "Messages that left without having been written to disk",
            registry=self._registry,
        )
        self._waiting = Gauge(
            "hearken_outbox_messages", "Messages that wait for a sink", ("sink",), registry=self._registry
        )
        self._waiting_age = Gauge(
            "hearken_outbox_age_seconds", "Age of the oldest message that waits", ("sink",), registry=self._registry
        )
        self._delivered = Counter(
            "hearken_sink_delivered_total", "Messages that a sink has acknowledged", ("sink",), registry=self._registry
        )
        self._given_up = Counter(
            "hearken_outbox_given_up_total", "Messages that a sink will not get", ("sink",), registry=self._registry
        )
        self._reachable = Gauge(
            "hearken_sink_reachable", "1 while a sink can be reached", ("sink",), registry=self._registry
        )

    def outbox(self, sink: str, depth: Callable[[], float], age_s: Callable[[], float]) -> None:
        """Tell of what waits for a sink, from now on."""
        self._waiting.labels(sink).set_function(depth)
        self._waiting_age.labels(sink).set_function(age_s)

    def not_durable(self, count: int) -> None:
        """Count messages that left without having been kept."""
        self._not_durable.inc(count)

    def delivered(self, sink: str, count: int) -> None:
        """Count messages that a sink has acknowledged."""
        self._delivered.labels(sink).inc(count)

    def given_up(self, sink: str, count: int) -> None:
        """Count messages that a sink will not get."""
        self._given_up.labels(sink).inc(count)

    def reachable(self, sink: str, is_reachable: bool) -> None:
        """Note whether a sink can be reached."""
        self._reachable.labels(sink).set(is_reachable)

    def request(self, endpoint: str, status: int) -> None:
        """Count one answer."""
        self._requests.labels(endpoint, str(status)).inc()

    def stage(self, name: str, seconds: float) -> None:
        """Note how long one stage of one clip took."""
        self._stages.labels(name).observe(seconds)

    def clip(self, duration_s: float) -> None:
        """Count the sound of one clip."""
        self._sound.inc(duration_s)

    def events(self, events: Sequence[Event]) -> None:
        """Count alarms, each once."""
        for event in events:
            if event.phase == "start":
                self._events.labels(event.event_class).inc()

    def sink_failure(self, sink: str) -> None:
        """Count a message that a sink failed on."""
        self._failures.labels(sink).inc()

    def subscribers(self, count: int) -> None:
        """Note how many subscribers the bus has."""
        self._subscribers.set(count)

    def model(self, name: str, version: str) -> None:
        """Note which tagger speaks."""
        self._model.labels(name, version).set(1)

    def source(self, report: Mapping[str, Any]) -> None:
        """Note how a live source fares."""
        name = str(report["id"])
        if report["last_audio_age_s"] is not None:
            self._source_age.labels(name).set(report["last_audio_age_s"])
        self._source_ok.labels(name).set(report["status"] == "ok")
        self._source_dropped.labels(name).set(report["dropped_s"])

    def source_gone(self, name: str) -> None:
        """Tell no more of a live source."""
        for gauge in (self._source_age, self._source_ok, self._source_dropped):
            with contextlib.suppress(KeyError):
                gauge.remove(name)

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    name = "metrics"

    def accept(self, message: Message) -> None:
        """Count one message; the metrics are a sink like the others."""
        del message
        self._messages.inc()
