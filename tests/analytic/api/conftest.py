# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The application without a server: the real parts over a fake tagger, and a list in place of the buses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient

from analytic.access import AccessRules
from analytic.api import application
from analytic.api.predict import Predictor
from analytic.app import make_pipeline
from analytic.audio.decode import AudioLimits
from analytic.delivery.memory import Memory
from analytic.pipeline import Pipeline
from analytic.settings import Settings
from analytic.telemetry import Metrics
from model.fake import FakeTagger


@dataclass
class Switchboard:
    """What the tests turn: why the service is not ready, if it is not."""

    not_ready: str | None = None
    metrics: Metrics = field(default_factory=Metrics)


@pytest.fixture
def switchboard() -> Switchboard:
    return Switchboard()


@pytest.fixture
def bus() -> Memory:
    return Memory()


@pytest.fixture
def pipeline(settings: Settings, alarm_tagger: FakeTagger, bus: Memory, switchboard: Switchboard) -> Pipeline:
    return make_pipeline(settings, alarm_tagger, [bus], switchboard.metrics)


@pytest.fixture
def predictor(pipeline: Pipeline, switchboard: Switchboard) -> Predictor:
    return Predictor(pipeline, AudioLimits(), "hall", switchboard.metrics.clip)


@pytest.fixture
def make_app(pipeline: Pipeline, predictor: Predictor, switchboard: Switchboard) -> Callable[..., Flask]:
    def make(access: AccessRules | None = None) -> Flask:
        access = access or AccessRules()
        return application.create(
            application.Doors(
                pipeline, predictor, access, switchboard.metrics, lambda: switchboard.not_ready, 2_000_000
            )
        )

    return make


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> Iterator[FlaskClient]:
    with make_app().test_client() as client:
        yield client
