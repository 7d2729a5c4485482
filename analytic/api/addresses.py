# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Addresses of live sound and of what was told, with their description for Swagger; nothing that decides."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_restx import Api, Resource

from analytic.access import AccessRules, bearer
from analytic.api import sources
from analytic.api.events import Events
from analytic.api.stats import Stats
from analytic.errors import TokenRequired
from analytic.pipeline import Pipeline


def add_sources(api: Api, live_sources: sources.Sources, pipeline: Pipeline) -> None:
    """Add the addresses of live sound."""
    live = api.namespace("live", "Live sound", path="/")
    refusal = api.models["Error"]

    @live.route("/sources")
    class Sources(Resource):
        @live.doc("sources", description="Every live source and how it fares.")
        def get(self) -> dict[str, Any]:
            return sources.listed(live_sources)

    @live.route("/sources/<segment:name>")
    class Source(Resource):
        @live.doc("source", description="One source: what it hears, and why there is an alarm, or none, by class.")
        @live.response(404, "No source is called so.", refusal)
        def get(self, name: str) -> dict[str, Any]:
            return sources.one(live_sources, name)

        @live.doc("forget_source", description="Forget all that was learnt of a source that is not connected.")
        @live.response(404, "Nothing is known of it.", refusal)
        @live.response(409, "Its sound is coming in.", refusal)
        def delete(self, name: str) -> dict[str, Any]:
            return sources.forget(live_sources, name)

    @live.route("/mode")
    class Mode(Resource):
        @live.doc("mode", description="The mode of the home, and the modes there are.")
        def get(self) -> dict[str, Any]:
            return sources.mode(pipeline.hearing.policies)

        @live.doc("set_mode", description='Set it: {"mode": "away"}, or leave it to the schedule: {"mode": null}.')
        @live.response(400, "There is no such mode.", refusal)
        def put(self) -> dict[str, Any]:
            return sources.set_mode(pipeline.hearing.policies, request.get_json(force=True, silent=True))


def add_stats(api: Api, stats: Stats, access: AccessRules) -> None:
    """Add the address of statistics."""
    told = api.namespace("stats", "How many alarms there were", path="/")
    refusal = api.models["Error"]
    parser = api.parser()
    parser.add_argument("date", type=str, location="args", help="A day that is over; yesterday by default")
    parser.add_argument(
        "epsilon", type=str, location="args", help="What the release may cost; the smaller, the noisier"
    )

    @told.route("/stats/daily")
    class Daily(Resource):
        @told.doc("daily_counts", description="Alarms by class on a day, with noise that hides any one of them.")
        @told.expect(parser)
        @told.response(400, "A parameter is not of its form, or the day is not over.", refusal)
        @told.response(429, "The privacy budget of that day is spent; remaining says what is left.", refusal)
        @told.response(503, "The privacy ledger cannot be written; nothing was told.", refusal)
        def get(self) -> dict[str, Any]:
            requestor = access.analyst(bearer(request.headers.get("Authorization")))
            if requestor is None:
                raise TokenRequired
            return stats.daily(requestor, request.args)


def add_events(api: Api, events: Events) -> None:
    """Add the addresses of what was told."""
    told = api.namespace("events", "What was told", path="/")
    refusal = api.models["Error"]
    parser = api.parser()
    parser.add_argument("class", type=str, location="args", help="Only this alert class")
    parser.add_argument("source", type=str, location="args", help="Only this source")
    parser.add_argument("severity", type=str, location="args", help="notice, warning or critical")
    parser.add_argument("acknowledged", type=str, location="args", help="1: only acknowledged ones; 0: only others")
    parser.add_argument("limit", type=int, location="args", default=50, help="Events a page, at most 1000")
    parser.add_argument("cursor", type=str, location="args", help="next_cursor of the page before")

    @told.route("/events")
    class Page(Resource):
        @told.doc("events", description="Events in their last phase, the latest first.")
        @told.expect(parser)
        @told.response(400, "A parameter is not of its form.", refusal)
        def get(self) -> dict[str, Any]:
            return events.page(request.args)

    @told.route("/events/<segment:event_id>")
    class One(Resource):
        @told.doc("event", description="One event.")
        @told.response(404, "No event of that id is kept.", refusal)
        def get(self, event_id: str) -> dict[str, Any]:
            return events.one(event_id)

        @told.doc("delete_event", description="Delete it here and on the DHT, and tell every consumer to forget it.")
        @told.response(404, "No event of that id is kept.", refusal)
        @told.response(409, "It still goes on.", refusal)
        @told.response(503, "The outbox cannot be written; it is still there.", refusal)
        def delete(self, event_id: str) -> dict[str, Any]:
            return events.delete(event_id)

    @told.route("/events/<segment:event_id>/acknowledge")
    class Acknowledge(Resource):
        @told.doc("acknowledge_event", description="Note that somebody has seen it; the first time counts.")
        @told.response(404, "No event of that id is kept.", refusal)
        def post(self, event_id: str) -> dict[str, Any]:
            return events.acknowledge(event_id)

    @told.route("/device")
    class Device(Resource):
        @told.doc("device", description="This device's name, and the public key that its messages are signed with.")
        def get(self) -> dict[str, Any]:
            return events.device()
