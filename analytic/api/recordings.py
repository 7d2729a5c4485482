# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The addresses of recordings: jobs and their reports. Reading requests and describing them, nothing that decides."""

from __future__ import annotations

import dataclasses
from http import HTTPStatus
from typing import Any

from flask import Response, request
from flask_restx import Api, Resource
from werkzeug.datastructures import FileStorage

from analytic.api.analyze import Analyze, Answer
from analytic.api.surges import Excerpt, Surges, SurgesRequest
from analytic.api.uploads import uploaded_audio, uploaded_recording
from analytic.errors import InvalidParameter

_PAGE_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_FILE = "Sound or video; the field may also be called file"


def add(api: Api, analyze: Analyze) -> None:
    """Add the addresses."""
    _add_analyze(api, analyze)
    _add_jobs(api, analyze)
    _add_reports(api, analyze)


def _add_analyze(api: Api, analyze: Analyze) -> None:
    heard = api.namespace("analyze", "Long recordings, and recordings by address", path="/")
    refusal = api.models["Error"]
    common = api.parser()
    for name, said in (
        ("method", "The anonymiser"),
        ("preprocess", "What is done to the sound first: a comma list, see docs/preprocessing.md"),
        ("source", "Id of the source, for the alarms"),
        ("wait", "Seconds to wait for the end, at most 30; the report is then in the answer"),
    ):
        common.add_argument(name, type=str, location="form", help=said)
    by_address, uploaded = common.copy(), common.copy()
    by_address.add_argument("url", type=str, location="form", required=True, help="http or https, without a password")
    uploaded.add_argument("audio", type=FileStorage, location="files", required=True, help=_FILE)

    @heard.route("/analyze/url")
    class ByAddress(Resource):
        @heard.doc("analyze_url", description="Hear the sound or video at an address: url, as JSON or as a form.")
        @heard.expect(by_address)
        @heard.response(202, "The job; GET /jobs/ID tells how far it has come.")
        @heard.response(400, "A field is not of its form, or the address is not fetched.", refusal)
        @heard.response(503, "Too many recordings wait; Retry-After says when to try again.", refusal)
        def post(self) -> Any:
            return _told(analyze.by_address(_fields()))

    @heard.route("/analyze")
    class Upload(Resource):
        @heard.doc("analyze", description="Hear a recording, sound or video, in the multipart field audio (or file).")
        @heard.expect(uploaded)
        @heard.response(202, "The job; GET /jobs/ID tells how far it has come.")
        @heard.response(400, "What is wrong with the request.", refusal)
        @heard.response(503, "Too many recordings wait; Retry-After says when to try again.", refusal)
        def post(self) -> Any:
            name, content = uploaded_recording(request.files)
            return _told(analyze.upload(_fields(), name, lambda: content))


def add_surges(api: Api, surges: Surges) -> None:
    """Add the address of surges."""
    heard = api.namespace("surges", "What suddenly stands out", path="/")
    refusal = api.models["Error"]
    parser = api.parser()
    parser.add_argument("audio", type=FileStorage, location="files", required=True, help="WAV, FLAC or Ogg")
    for name, said in (
        ("method", "The anonymiser"),
        ("start_time", "Seconds to skip"),
        ("preprocess", "What is done to the sound first: a comma list"),
        ("silence_dbfs", "What is below this is silent; by default the clip's own background decides"),
        ("least_silence_s", "Shorter silences do not split (0.5)"),
        ("excerpt", "Number of a surge: answer with its sound as a WAV file"),
    ):
        parser.add_argument(name, type=str, location="args", help=said)

    @heard.route("/analyze/surges")
    class Found(Resource):
        @heard.doc("surges", description="Split a clip at its silences; find surges, each with its classes.")
        @heard.expect(parser)
        @heard.response(400, "What is wrong with the request or its sound.", refusal)
        def post(self) -> Any:
            asked = SurgesRequest(**{one.name: request.args.get(one.name) for one in dataclasses.fields(SurgesRequest)})
            found = surges.find(asked, lambda: uploaded_audio(request.files))
            return _attached(found) if isinstance(found, Excerpt) else found


def _attached(found: Excerpt) -> Response:
    response = Response(found.content, content_type="audio/wav")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
    return response


def _add_jobs(api: Api, analyze: Analyze) -> None:
    jobs = api.namespace("jobs", "Recordings that are heard in the background", path="/")
    refusal = api.models["Error"]

    @jobs.route("/jobs")
    class Jobs(Resource):
        @jobs.doc("jobs", description="All jobs, the newest first.")
        def get(self) -> dict[str, Any]:
            return analyze.jobs()

    @jobs.route("/jobs/<segment:job_id>")
    class One(Resource):
        @jobs.doc(
            "job", description="How far a job has come. With wait=SECONDS: once it has ended, at most 30 s later."
        )
        @jobs.response(404, "No job of that id is kept.", refusal)
        def get(self, job_id: str) -> dict[str, Any]:
            return analyze.job(job_id, request.args.get("wait"))

        @jobs.doc("cancel_job", description="Cancel it; one that has ended is forgotten, with its report.")
        @jobs.response(404, "No job of that id is kept.", refusal)
        def delete(self, job_id: str) -> dict[str, Any]:
            return analyze.cancel(job_id)


def _add_reports(api: Api, analyze: Analyze) -> None:
    reports = api.namespace("reports", "What was heard in recordings", path="/")
    refusal = api.models["Error"]

    @reports.route("/reports/<segment:name>")
    class Report(Resource):
        @reports.doc(
            "report", description="A report as JSON; with .csv, .txt (Audacity), .json or .html: in that form."
        )
        @reports.response(404, "No report of that id is kept.", refusal)
        def get(self, name: str) -> Any:
            job_id, dot, form = name.partition(".")
            return _file(analyze, job_id, form) if dot else analyze.report(name)

    @reports.route("/reports/<segment:job_id>/<segment:form>")
    class Picture(Resource):
        @reports.doc("report_picture", description="spectrogram.png, levels.png or timeline.png.")
        @reports.response(404, "No such picture.", refusal)
        @reports.response(501, "Pictures need the extra reports.", refusal)
        def get(self, job_id: str, form: str) -> Response:
            return _file(analyze, job_id, form)


def _file(analyze: Analyze, job_id: str, form: str) -> Response:
    found = analyze.rendered(job_id, form)
    response = Response(found.content, content_type=found.media_type)
    if found.media_type.startswith("text/html"):
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
    if found.file_name is not None:
        response.headers["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
    return response


def _fields() -> dict[str, Any]:
    """Return what a request says: its query, and its form or its JSON object."""
    fields: dict[str, Any] = {**request.args.to_dict(), **request.form.to_dict()}
    if request.is_json:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise InvalidParameter("body", "a JSON object", type(body).__name__)
        fields |= body
    return fields


def _told(answer: Answer) -> tuple[dict[str, Any], int, dict[str, str]]:
    headers = {"Location": f"/jobs/{answer.body['job']['id']}"} if answer.status == HTTPStatus.ACCEPTED else {}
    return answer.body, answer.status, headers
