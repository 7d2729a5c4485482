# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Where the parts are joined: settings in, a running service out. The only place that picks concrete parts."""

from __future__ import annotations

import ctypes
import resource
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analytic.access import LOOPBACK_NAMES, AccessRules
from analytic.api import application, intake
from analytic.api.predict import Predictor
from analytic.api.server import HttpServer
from analytic.audio.decode import AudioLimits
from analytic.delivery.dispatch import Dispatcher, Sink
from analytic.delivery.memory import Memory
from analytic.delivery.websocket import WebsocketBus
from analytic.errors import BadSettings
from analytic.events.classes import alert_classes
from analytic.events.policy import ThresholdPolicy
from analytic.events.types import Event, Stamp
from analytic.ids import Uuid7
from analytic.pipeline import Pipeline
from analytic.settings import AlertSettings, AudioSettings, ModelsSettings, Settings
from analytic.telemetry import Metrics
from anonymizers.base import os_random
from anonymizers.registry import anonymizers
from model.labels import index_of
from model.store import TaggerStore
from model.tagger import WINDOW_SAMPLES, Tagger

_PR_SET_DUMPABLE = 4
_PORT_LEFT_OUT = 80  # browsers do not name it in `Origin`


def make_tagger(settings: ModelsSettings) -> Tagger:
    """Open the tagger that the settings name, else the one that the store prefers.

    Raises
    ------
    UnknownTagger, TaggerNotInstalled, BadTaggerFile
        There is none to open.
    """
    store = TaggerStore(settings.dir)
    return store.open(settings.tagger or store.preferred(), lanes=settings.lanes, threads=settings.threads)


def make_policy(settings: AlertSettings, tagger: str) -> ThresholdPolicy:
    """Make the alert policy of the table, with the thresholds of the tagger of this name, and of the settings.

    Raises
    ------
    BadSettings
        The settings name an alert class that does not exist.
    """
    known = {alert.name: alert for alert in alert_classes(tagger)}
    unknown = {*(settings.enabled or ()), *settings.thresholds} - set(known)
    if unknown:
        raise BadSettings(f"alerts: there is no alert class {min(unknown)!r}; known: {', '.join(known)}")
    names = [name for name, alert in known.items() if alert.enabled] if settings.enabled is None else settings.enabled
    names = list(dict.fromkeys(names))
    chosen = [replace(known[name], threshold=settings.thresholds.get(name, known[name].threshold)) for name in names]
    return ThresholdPolicy(chosen, [[index_of(mid) for mid in alert.mids] for alert in chosen])


def make_limits(settings: AudioSettings) -> AudioLimits:
    """Return what sound is accepted."""
    return AudioLimits(
        settings.max_duration_s, settings.max_channels, settings.min_sample_rate_hz, settings.max_sample_rate_hz
    )


def make_ids() -> Uuid7:
    """Return a maker of UUIDv7s on this machine's clock."""
    return Uuid7(lambda: time.time_ns() // 1_000_000, os_random)


def make_pipeline(
    settings: Settings,
    tagger: Tagger,
    sinks: Sequence[Sink] = (),
    metrics: Metrics | None = None,
) -> Pipeline:
    """Join tagger, anonymisers, policy and sinks to the one path."""
    metrics = metrics or Metrics()
    new_id = make_ids()
    dispatcher = Dispatcher(sinks, new_id, metrics.sink_failure)

    def publish(events: Sequence[Event]) -> list[Stamp]:
        metrics.events(events)
        return dispatcher.publish(events)

    return Pipeline(
        tagger,
        anonymizers(segment_s=settings.anonymizers.segment_s),
        make_policy(settings.alerts, tagger.card.name),
        publish,
        new_id,
        metrics.stage,
    )


class Service:
    """The whole service on its two ports.

    Parameters
    ----------
    settings
        What to be.
    tagger
        What hears; by default `make_tagger` of the settings.

    Raises
    ------
    BadSettings, ModelError
        It cannot be made so.
    OSError
        Its port is taken.
    """

    def __init__(self, settings: Settings, tagger: Tagger | None = None) -> None:
        http = settings.http
        limits, token = make_limits(settings.audio), http.secret()
        tagger = tagger or make_tagger(settings.models)
        make_policy(settings.alerts, tagger.card.name)  # refuse wrong settings before a port is taken
        self._tagger = tagger
        metrics, memory = Metrics(), Memory(settings.bus.kept_messages)
        metrics.model(tagger.card.name, tagger.card.version)
        self._host = http.host
        own = {*LOOPBACK_NAMES, http.host, *http.allowed_hosts}
        access = AccessRules.of(own, http.allowed_origins, token)
        self._http = HttpServer(
            http.host,
            http.port,
            threads=http.threads,
            max_connections=http.max_connections,
            max_body_bytes=http.max_body_bytes,
            parser=intake.parser(access, intake.Budget(http.max_held_bytes)),
        )
        pages = {f"http://{_bracketed(host)}:{self._http.port}" for host in own}
        pages |= {f"http://{_bracketed(host)}" for host in own if self._http.port == _PORT_LEFT_OUT}
        self._bus = WebsocketBus(
            http.host,
            settings.bus.port,
            AccessRules.of(own, {*http.allowed_origins, *pages}, token),
            memory.since,
            queue_messages=settings.bus.queue_messages,
            max_subscribers=settings.bus.max_subscribers,
            subscribers_changed=metrics.subscribers,
        )
        pipeline = make_pipeline(settings, tagger, (memory, self._bus, metrics), metrics)
        self._application = application.create(
            application.Doors(
                pipeline,
                Predictor(pipeline, limits, settings.service.analyzer_id, metrics.clip),
                access,
                metrics,
                self._not_ready,
                http.max_body_bytes,
            )
        )
        self.http_url = f"http://{_bracketed(http.host)}:{self._http.port}"
        self.bus_url = ""

    def start(self) -> None:
        """Warm up, open the bus, answer requests.

        Raises
        ------
        OSError
            The bus's port is taken.
        """
        try:
            self._tagger.tag(np.zeros(WINDOW_SAMPLES, np.float32))
            self.bus_url = f"ws://{_bracketed(self._host)}:{self._bus.start()}/events"
        except BaseException:
            self.stop()
            raise
        self._http.start(self._application)

    def stop(self) -> None:
        """Finish what has begun, then close both ports; the bus last, so that the last alarm still leaves."""
        self._http.stop()
        self._bus.stop()

    def _not_ready(self) -> str | None:
        return None if self._bus.running else "the websocket bus is down"


def forbid_core_dumps() -> None:
    """Keep the memory of this process, which holds sound, out of core files."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # also where the kernel pipes cores to a program


def _bracketed(host: str) -> str:
    host = host.strip("[]")
    return f"[{host}]" if ":" in host else host
