# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The Flask application: addresses, their description for Swagger, and nothing that decides."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, redirect, request
from flask_restx import Api, Resource, fields
from flask_restx.reqparse import RequestParser
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response as AnyResponse

from analytic import __version__
from analytic.access import AccessRules
from analytic.api import addresses, describe, errors, guard, recordings, sources
from analytic.api.analyze import Analyze
from analytic.api.events import Events
from analytic.api.predict import Predictor, PredictRequest
from analytic.api.stats import Stats
from analytic.api.surges import Surges
from analytic.api.uploads import InMemoryRequest, uploaded_audio
from analytic.errors import HearkenError, NotReady
from analytic.pipeline import Pipeline
from analytic.telemetry import Metrics

_QUERY = ("start_time", "source", "timeline", "surges", "explain", "anonymized", "preprocess")
_PATH = "/<segment:audio_file>/<segment:method>/<segment:requestor_id>/<segment:requestor_type>/<segment:request_id>"


@dataclass(frozen=True, slots=True)
class Page:
    """Something that a browser shows: bytes, and their media type."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Doors:
    """What the addresses lead to."""

    pipeline: Pipeline
    predictor: Predictor
    access: AccessRules
    metrics: Metrics
    not_ready: Callable[[], str | None]
    max_body_bytes: int
    sources: sources.Sources = field(default_factory=sources.NoSources)
    events: Events | None = None
    stats: Stats | None = None
    analyze: Analyze | None = None
    surges: Surges | None = None
    pages: Mapping[str, Page] = field(default_factory=dict)


class _Application(Flask):
    """Flask that leaves the log to `errors.crash`: it would log each fault again, and each 503 as one."""

    def log_exception(self, *_args: object, **_kwargs: object) -> None:
        """Log nothing."""


class _Segment(BaseConverter):
    """One segment of a path, whatever is in it: the handler says what is wrong with it."""

    regex = "[^/]+"


def create(doors: Doors) -> Flask:
    """Make the application."""
    app = _Application("hearken", static_folder=None)
    app.request_class = InMemoryRequest
    app.url_map.converters["segment"] = _Segment
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=doors.max_body_bytes,
        RESTX_MASK_SWAGGER=False,
        RESTX_ERROR_404_HELP=False,
        ERROR_INCLUDE_MESSAGE=False,
        PROPAGATE_EXCEPTIONS=False,
    )
    guard.install(app, doors.access)
    app.add_url_rule("/", "home", lambda: redirect("/docs"))
    app.add_url_rule("/metrics", "metrics", lambda: _exposition(doors.metrics))
    api = Api(
        app,
        version=__version__,
        title="Hearken",
        description="Privacy-aware smart-home sound analytics: what is in the sound, and what is an alarm.",
        doc="/docs",
        validate=False,
        authorizations={"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        security="token" if doors.access.token is not None else None,
    )
    for owner in (app, api):
        owner.errorhandler(HearkenError)(errors.refuse)
        owner.errorhandler(HTTPException)(errors.http_error)
        owner.errorhandler(Exception)(errors.crash)
    _add_model(api, doors)
    _add_service(api, doors)
    addresses.add_sources(api, doors.sources, doors.pipeline)
    if doors.events is not None:
        addresses.add_events(api, doors.events)
    if doors.stats is not None:
        addresses.add_stats(api, doors.stats, doors.access)
    if doors.analyze is not None:
        recordings.add(api, doors.analyze)
    if doors.surges is not None:
        recordings.add_surges(api, doors.surges)
    for path, page in doors.pages.items():
        app.add_url_rule(path, f"page {path}", functools.partial(_page, page))

    @app.after_request
    def count(response: Response) -> Response:
        doors.metrics.request(request.endpoint or "unknown", response.status_code)
        return response

    return app


def _asked(path: Mapping[str, str]) -> PredictRequest:
    return PredictRequest(
        **{name: request.args.get(name) for name in _QUERY},
        filter=tuple(request.args.getlist("filter")),
        **path,
    )


def _page(page: Page) -> AnyResponse:
    policy = {"Content-Security-Policy": guard.PAGE_POLICY}
    return Response(page.content, content_type=page.media_type, headers=policy)


def _exposition(metrics: Metrics) -> AnyResponse:
    return Response(metrics.exposition(), content_type=metrics.content_type)


def _add_model(api: Api, doors: Doors) -> None:
    model = api.namespace("model", "What is in the sound", path="/model")
    answer, refusal = _models(api)
    parser = _parser(api)

    class Predict(Resource):
        @model.doc("predict", description="Tag sound: WAV, FLAC or Ogg in the multipart field audio (or file).")
        @model.expect(parser)
        @model.response(200, "The five highest classes, or those of the filter; and the alarms.", answer)
        @model.response(400, "What is wrong with the request or its sound.", refusal)
        @model.response(401, "A token is set and was not sent.", refusal)
        @model.response(403, "A page of another origin posted.", refusal)
        @model.response(413, "The body is too large; the web server's own plain text.")
        @model.response(421, "The Host header names another machine.", refusal)
        @model.response(503, "Too many uploads at once; Retry-After says when to try again.", refusal)
        def post(self, **path: str) -> dict[str, Any]:
            return doors.predictor.predict(_asked(path), lambda: uploaded_audio(request.files))

    model.route("/predict", f"/predict{_PATH}")(Predict)

    @model.route("/predict/features")
    class Features(Resource):
        @model.doc("predict_features", description="Tag band energies that were sent in place of sound: the raw body.")
        @model.response(200, "As for sound; the mode of the anonymiser is client.", answer)
        @model.response(400, "What is wrong with the request or its features.", refusal)
        def post(self) -> dict[str, Any]:
            return doors.predictor.predict_features(_asked({}), request.get_data)

    @model.route("/metadata")
    class Metadata(Resource):
        @model.doc("metadata", description="Who speaks: the tagger, the anonymisers, the alert classes.")
        def get(self) -> dict[str, Any]:
            return describe.metadata(doors.pipeline)

    @model.route("/labels")
    class Labels(Resource):
        @model.doc("labels", description="The 527 AudioSet classes.")
        def get(self) -> dict[str, Any]:
            return describe.label_list()


def _add_service(api: Api, doors: Doors) -> None:
    service = api.namespace("service", "The service itself", path="/")

    @service.route("/healthz")
    class Health(Resource):
        @service.doc("health", description="The process answers.")
        def get(self) -> dict[str, str]:
            return {"status": "ok"}

    @service.route("/readyz")
    class Ready(Resource):
        @service.doc("ready", description="The tagger is loaded and the bus is up; else 503 with the reason.")
        def get(self) -> dict[str, str]:
            reason = doors.not_ready()
            if reason is not None:
                raise NotReady(reason)
            return {"status": "ok"}

    @service.route("/schemas/event.json")
    class Schema(Resource):
        @service.doc("event_schema", description="JSON Schema of the messages on every bus.")
        def get(self) -> dict[str, Any]:
            return describe.event_schema()


def _parser(api: Api) -> RequestParser:
    """Describe the request for Swagger; reading it is `PredictRequest`'s and `uploads`' work."""
    parser = api.parser()
    parser.add_argument(
        "audio",
        type=FileStorage,
        location="files",
        required=True,
        help="WAV, FLAC or Ogg; the field may also be called file",
    )
    parser.add_argument("start_time", type=float, location="args", default=0, help="Seconds to skip")
    parser.add_argument("filter", type=str, location="args", help="Comma list of label names or ids to answer with")
    parser.add_argument(
        "source", type=str, location="args", help="Id of the source, for the alarms and their cool-downs"
    )
    parser.add_argument(
        "anonymized", type=str, location="args", help="Method that the sound was anonymised with before"
    )
    parser.add_argument(
        "preprocess", type=str, location="args", help="Comma list of what is done to the sound before it is tagged"
    )
    parser.add_argument("timeline", type=str, location="args", help="1: what was heard when, of all 527 classes")
    parser.add_argument("surges", type=str, location="args", help="1: where it was suddenly loud")
    parser.add_argument("explain", type=str, location="args", help="1: why there was an alarm, or none, by class")
    return parser


def _models(api: Api) -> tuple[Any, Any]:
    prediction = api.model(
        "Prediction",
        {
            "label_id": fields.String(required=True, description="AudioSet id", example="/m/01y3hg"),
            "label": fields.String(required=True, example="Smoke detector, smoke alarm"),
            "probability": fields.Float(required=True, min=0, max=1),
        },
    )
    echoed = ("audio_file", "method", "requestor_id", "requestor_type", "request_id", "analyzer_id", "analysis_id")
    answer = api.model(
        "Answer",
        {
            "status": fields.String(required=True, example="ok"),
            "predictions": fields.List(fields.Nested(prediction), required=True),
            **{name: fields.String() for name in echoed},
            "alerts": fields.List(fields.Raw, description="Event messages, see /schemas/event.json"),
            "model": fields.Raw(description="name and version of the tagger that spoke"),
            "anonymizer": fields.Raw(description="method, mode and guarantee"),
            "duration_s": fields.Float(description="Seconds analysed"),
            "warnings": fields.List(fields.String),
            "timeline": fields.List(fields.Raw, description="With timeline=1: classes with onset_s and offset_s"),
            "preprocessing": fields.List(fields.String, description="With preprocess: what was done, in order"),
            "surges": fields.List(fields.Raw, description="With surges=1: peaks with level and best class"),
            "explanations": fields.List(fields.Raw, description="With explain=1: score, threshold and rule by class"),
        },
    )
    refusal = api.model("Error", {"status": fields.String(example="error"), "message": fields.String()})
    return answer, refusal
