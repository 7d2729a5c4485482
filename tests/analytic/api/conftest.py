# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The application without a server: the real parts over a fake tagger and an outbox in memory; a list for a bus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient

from analytic.access import AccessRules
from analytic.api import application
from analytic.api.events import Events
from analytic.api.predict import Predictor
from analytic.app import make_ids, make_pipeline
from analytic.audio.decode import AudioLimits
from analytic.delivery.database import Database
from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.history import History
from analytic.delivery.memory import Memory
from analytic.delivery.outbox import Outbox
from analytic.delivery.signing import Signer
from analytic.pipeline import Pipeline
from analytic.settings import Settings
from analytic.telemetry import Metrics
from model.fake import FakeTagger


@dataclass
class Switchboard:
    """What the tests turn: why the service is not ready, if it is not; what time it is
    for the history, and for whoever acknowledges."""

    not_ready: str | None = None
    now: float = 1_767_268_800.0
    instant: str = "2026-01-02T03:04:05.678Z"
    metrics: Metrics = field(default_factory=Metrics)


@pytest.fixture
def switchboard() -> Switchboard:
    return Switchboard()


@pytest.fixture
def bus() -> Memory:
    return Memory()


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database(None)
    yield made
    made.close()


@pytest.fixture
def signer() -> Signer:
    return Signer.ephemeral()


@pytest.fixture
def history(database: Database, signer: Signer, switchboard: Switchboard) -> History:
    return History(database, signer.sign_anew, lambda: switchboard.now)


@pytest.fixture
def dispatcher(database: Database, signer: Signer, bus: Memory, switchboard: Switchboard) -> Dispatcher:
    outbox = Outbox(database, (), signer.sign_anew, now=lambda: switchboard.now)
    return Dispatcher(outbox, make_ids(), signer, sinks=[bus])


@pytest.fixture
def events(history: History, dispatcher: Dispatcher, signer: Signer, switchboard: Switchboard) -> Events:
    return Events(history, dispatcher.retract, signer, lambda: switchboard.instant)


@pytest.fixture
def pipeline(
    settings: Settings, alarm_tagger: FakeTagger, dispatcher: Dispatcher, switchboard: Switchboard
) -> Pipeline:
    return make_pipeline(settings, alarm_tagger, metrics=switchboard.metrics, dispatcher=dispatcher)


@pytest.fixture
def predictor(pipeline: Pipeline, switchboard: Switchboard) -> Predictor:
    return Predictor(pipeline, AudioLimits(), "hall", switchboard.metrics.clip)


@pytest.fixture
def make_app(
    pipeline: Pipeline, predictor: Predictor, switchboard: Switchboard, events: Events
) -> Callable[..., Flask]:
    def make(access: AccessRules | None = None) -> Flask:
        access = access or AccessRules()
        return application.create(
            application.Doors(
                pipeline,
                predictor,
                access,
                switchboard.metrics,
                lambda: switchboard.not_ready,
                2_000_000,
                events=events,
            )
        )

    return make


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> Iterator[FlaskClient]:
    with make_app().test_client() as client:
        yield client
