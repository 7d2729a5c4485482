# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The whole service on its two ports."""

from __future__ import annotations

import contextlib
import time

import numpy as np

from analytic import web
from analytic.access import LOOPBACK_NAMES, AccessRules
from analytic.api import application, intake
from analytic.api.analyze import Analyze
from analytic.api.events import Events
from analytic.api.predict import Predictor
from analytic.api.server import HttpServer
from analytic.api.stats import Stats
from analytic.api.surges import Surges
from analytic.app.delivering import Delivery
from analytic.app.hiding import sound_of_features
from analytic.app.parts import (
    make_decoders,
    make_heads,
    make_ids,
    make_keepers,
    make_limits,
    make_listener,
    make_pipeline,
    make_requests,
    make_tagger,
    unpackers,
)
from analytic.app.policies import make_policies, surge_rule
from analytic.app.recordings import make_jobs
from analytic.app.statistics import Statistics, make_analysts
from analytic.audio.decode import AudioLimits
from analytic.delivery.websocket import WebsocketBus
from analytic.listen.door import ListenDoor
from analytic.pipeline.live import SURGE
from analytic.pipeline.telling import instant
from analytic.settings import Settings
from analytic.telemetry import Metrics
from model.stream import StreamingTagger
from model.tagger import WINDOW_SAMPLES

_PORT_LEFT_OUT = 80  # browsers do not name it in `Origin`


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

    def __init__(self, settings: Settings, tagger: StreamingTagger | None = None) -> None:
        http = settings.http
        limits, token = make_limits(settings.audio), http.secret()
        tagger = tagger or make_tagger(settings.models)
        heads = make_heads(tagger.card.name)  # what is wrong with them or the settings is told before a port is taken
        policies = make_policies(settings.alerts, tagger.card.name, heads.points if heads else None)
        self._tagger = tagger
        metrics = Metrics()
        metrics.model(tagger.card.name, tagger.card.version)
        classes = {rule.name for policy in policies.by_mode.values() for rule in policy.rules}
        if surge_rule(settings.alerts) is not None:
            classes.add(SURGE)
        self._delivery = Delivery(settings, tagger.card, sorted(classes), make_ids(), metrics)
        self._ends = contextlib.ExitStack()
        with contextlib.ExitStack() as ends:
            ends.callback(self._delivery.stop)
            self._statistics = Statistics(settings, self._delivery.history, self._delivery.classes)
            ends.callback(self._statistics.close)
            self._decoders = make_decoders(settings.audio)
            ends.callback(self._decoders.close)
            self._join(settings, tagger, limits, token, metrics)
            self._ends = ends.pop_all()

    def start(self) -> None:
        """Warm up, open the bus, answer requests.

        Raises
        ------
        OSError
            The bus's port is taken, or the folder of jobs.
        """
        try:
            self._tagger.tag(np.zeros(WINDOW_SAMPLES, np.float32))
            self._listener.start()
            self.bus_url = f"ws://{_bracketed(self._host)}:{self._bus.start()}/events"
            self._delivery.start(self._listener.reports, self._requests.take if self._requests else None)
            if self._requests is not None:
                self._requests.start()
            self._jobs.start()
            self._http.start(self._application)
            for keeper in self._keepers:
                keeper.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Finish what has begun, then close both ports; the bus last, so that the last alarm still leaves."""
        self._http.stop()
        for keeper in self._keepers:
            keeper.stop_soon()
        for keeper in self._keepers:
            keeper.stop()
        self._listener.stop()
        self._jobs.stop()
        if self._requests is not None:
            self._requests.stop()
        self._bus.stop()
        self._ends.close()

    def _join(
        self,
        settings: Settings,
        tagger: StreamingTagger,
        limits: AudioLimits,
        token: str | None,
        metrics: Metrics,
    ) -> None:
        """Make the parts and put them together."""
        http = settings.http
        self._host = http.host
        own = {*LOOPBACK_NAMES, http.host, *http.allowed_hosts}
        access = AccessRules.of(own, http.allowed_origins, token, make_analysts(settings.stats, token))
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
            self._delivery.history,
            queue_messages=settings.bus.queue_messages,
            max_subscribers=settings.bus.max_subscribers,
            subscribers_changed=metrics.subscribers,
        )
        dispatcher = self._delivery.dispatcher((self._bus, metrics))
        secret = self._delivery.signer.secret("anonymizers")
        pipeline = make_pipeline(settings, tagger, metrics=metrics, dispatcher=dispatcher, secret=secret)
        self._listener = make_listener(settings, pipeline, metrics)
        self._keepers = make_keepers(settings.listen, self._listener)
        tokens = {name: one.get_secret_value() for name, one in settings.listen.tokens.items()}
        self._bus.add_door(ListenDoor(self._listener, access.allows_token, tokens, unpackers()))
        predictor = Predictor(
            pipeline, limits, settings.service.analyzer_id, metrics.clip, sound_of_features, self._decoders
        )
        self._jobs = make_jobs(settings, pipeline, self._decoders, self._delivery.history)
        self._requests = make_requests(settings, predictor, self._delivery)
        self._application = application.create(
            application.Doors(
                pipeline,
                predictor,
                access,
                metrics,
                self._not_ready,
                http.max_body_bytes,
                self._listener,
                Events(self._delivery.history, dispatcher.retract, self._delivery.signer, lambda: instant(time.time())),
                Stats(self._statistics.release, self._statistics.days, settings.stats.epsilon),
                Analyze(self._jobs, max(1, http.threads // 2)),
                Surges(pipeline, limits, self._decoders),
                {address: application.Page(*page) for address, page in web.pages().items()},
            )
        )
        self.http_url = f"http://{_bracketed(http.host)}:{self._http.port}"
        self.bus_url = ""

    def _not_ready(self) -> str | None:
        return None if self._bus.running else "the websocket bus is down"


def _bracketed(host: str) -> str:
    host = host.strip("[]")
    return f"[{host}]" if ":" in host else host
