# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_restx import schemas
from werkzeug.test import TestResponse

from analytic.access import AccessRules
from analytic.api import application
from analytic.api.analyze import UPLOADED, Analyze
from analytic.api.predict import Predictor
from analytic.api.surges import Surges
from analytic.app import make_ids
from analytic.app.recordings import announcer
from analytic.audio.decode import AudioLimits
from analytic.audio.fetch import Fetcher, FetchRules, Target
from analytic.audio.preprocessing.registry import PREPROCESSORS
from analytic.delivery.history import History
from analytic.jobs.analyst import Analyst
from analytic.jobs.job import Asked, Job
from analytic.jobs.jobs import Jobs
from analytic.pipeline import Pipeline
from analytic.telemetry import Metrics
from tests.analytic.jobs.gated import Gated
from tests.analytic.jobs.serving import Recordings
from tests.analytic.pipeline.runs import sound

PNG = b"\x89PNG\r\n\x1a\n"
NOBODY = "019b7a5c-f07b-7abc-9def-0123456789ab"
MakeClient = Callable[..., FlaskClient]
MakeJobs = Callable[..., Jobs]
HOSTILE = (
    "..",
    ".",
    "%2e%2e",
    "a%2Fb",
    "%00",
    "a%0Ab",
    "%F0%9F%90%B1",
    "x" * 300,
    "job-1.json",
    "'; drop table",
    "<b>",
)


@pytest.fixture
def recording(encode: Callable[..., bytes]) -> bytes:
    return encode(sound(12, (5, 8)))


@pytest.fixture
def server(recording: bytes) -> Iterator[Recordings]:
    with Recordings({"night.wav": recording}) as running:
        yield running


@pytest.fixture
def gated() -> Gated:
    return Gated()


@pytest.fixture
def make_jobs(
    pipeline: Pipeline, history: History, server: Recordings, gated: Gated, tmp_path: Path
) -> Iterator[MakeJobs]:
    """Jobs in one folder, that may fetch from `server`."""
    made: list[Jobs] = []

    def make(fetch: bool = True, **options: Any) -> Jobs:
        fetcher = Fetcher(FetchRules((Target.of(server.host),))) if fetch else None
        jobs = Jobs(
            Analyst(pipeline, gated, announce=announcer(pipeline, history)),
            fetcher,
            make_ids(),
            tmp_path / "jobs",
            **options,
        )
        jobs.start()
        made.append(jobs)
        return jobs

    yield make
    gated.open_gate()
    server.release()
    for jobs in made:
        jobs.stop()


@pytest.fixture
def make_client(pipeline: Pipeline, predictor: Predictor, make_jobs: MakeJobs) -> MakeClient:
    """A service's doors; another one ends the one before, as a restart does."""
    before: list[Jobs] = []

    def make(access: AccessRules | None = None, **options: Any) -> FlaskClient:
        for jobs in before:
            jobs.stop()
        before[:] = [make_jobs(**options)]
        doors = application.Doors(
            pipeline,
            predictor,
            access or AccessRules(),
            Metrics(),
            lambda: None,
            2_000_000,
            analyze=Analyze(before[0]),
            surges=Surges(pipeline, AudioLimits()),
        )
        app: Flask = application.create(doors)
        return app.test_client()

    return make


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client()


def upload(client: FlaskClient, content: bytes, name: str = "night.wav", field: str = "audio", **form: Any) -> Any:
    return client.post("/analyze", data={field: (io.BytesIO(content), name), **form})


def done(client: FlaskClient, answer: TestResponse) -> str:
    """Return the id of a job once it is done."""
    job = answer.get_json()["job"]
    found = client.get(f"/jobs/{job['id']}?wait=30").get_json()["job"]
    assert found["state"] == "done", found
    return str(job["id"])


def refusal(answer: TestResponse, status: int = 400) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/json"
    content = answer.get_json()
    assert set(content) == {"status", "message"}
    assert content["status"] == "error"
    return str(content["message"])


class TestByAddress:
    @pytest.mark.parametrize("as_json", [True, False], ids=["json", "form"])
    def test_a_recording_is_taken_and_its_job_is_named(
        self, client: FlaskClient, server: Recordings, as_json: bool
    ) -> None:
        fields = {"url": server.address("night.wav"), "source": "hall"}
        answer = client.post("/analyze/url", **({"json": fields} if as_json else {"data": fields}))
        assert answer.status_code == 202
        content = answer.get_json()
        assert (content["status"], content["job"]["kind"]) == ("ok", "address")
        assert answer.headers["Location"] == f"/jobs/{content['job']['id']}"
        assert client.get(answer.headers["Location"]).status_code == 200
        done(client, answer)

    def test_in_the_query_too(self, client: FlaskClient, server: Recordings) -> None:
        assert client.post("/analyze/url", query_string={"url": server.address("night.wav")}).status_code == 202

    def test_whoever_waits_gets_the_report_with_it(self, client: FlaskClient, server: Recordings) -> None:
        answer = client.post("/analyze/url", json={"url": server.address("night.wav"), "wait": 30})
        assert answer.status_code == 200
        content = answer.get_json()
        assert content["job"]["state"] == "done"
        assert content["report"]["duration_s"] == 12.0
        assert [alarm["event_class"] for alarm in content["report"]["alarms"]] == ["smoke_alarm"]
        assert "Location" not in answer.headers

    def test_what_is_not_there_is_a_job_that_failed(self, client: FlaskClient, server: Recordings) -> None:
        answer = client.post("/analyze/url", json={"url": server.address("nothing.wav"), "wait": 30})
        assert answer.status_code == 202
        job = answer.get_json()["job"]
        assert (job["state"], job["message"]) == ("failed", f"{server.address('nothing.wav')}: the server answers 404")

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({}, "Invalid url: expected the address of a recording, http or https, found ''"),
            ({"url": ""}, "Invalid url: "),
            ({"url": 5}, "Invalid url: "),
            ({"url": ["http://h/x"]}, "Invalid url: "),
            ({"url": "ftp://h/x"}, "Address refused: only http and https are fetched"),
            ({"url": "file:///etc/passwd"}, "Address refused: only http and https are fetched"),
            ({"url": "http://u:p@h/x"}, "Address refused: an address has no user and no password in it"),
            ({"url": "http://h/x", "colour": "red"}, "Invalid fields: expected only url, method, "),
            ({"url": "http://h/x", "method": "hide"}, "Unknown method: 'hide'; known methods: "),
            ({"url": "http://h/x", "method": ["none"]}, "Invalid method: expected text, found 'list'"),
            ({"url": "http://h/x", "method": True}, "Invalid method: expected text, found 'bool'"),
            ({"url": "http://h/x", "preprocess": "louder"}, "Invalid preprocess: expected names with commas between"),
            ({"url": "http://h/x", "source": "a b"}, "Invalid source: 1 to 64 characters of A-Z a-z 0-9 . _ -"),
            ({"url": "http://h/x", "request_id": "x" * 65}, "Invalid request_id: "),
            ({"url": "http://h/x", "wait": "31"}, "Invalid wait: expected 0 to 30 seconds, found '31'"),
            ({"url": "http://h/x", "wait": "soon"}, "Invalid wait: "),
            ({"url": "http://h/x", "wait": -1}, "Invalid wait: "),
            ({"url": "http://h/x", "wait": "nan"}, "Invalid wait: "),
        ],
    )
    def test_a_field_that_is_wrong_is_400_with_the_reason(
        self, client: FlaskClient, fields: dict[str, Any], message: str
    ) -> None:
        assert refusal(client.post("/analyze/url", json=fields)).startswith(message)
        assert client.get("/jobs").get_json()["jobs"] == []

    @pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"http://h/x"', b"\xff\xfe"])
    def test_a_body_that_is_no_json_object_is_400(self, client: FlaskClient, body: bytes) -> None:
        answer = client.post("/analyze/url", data=body, content_type="application/json")
        assert refusal(answer).startswith("Invalid body: expected a JSON object, found ")

    def test_where_fetching_is_off_the_answer_says_how_to_have_it(
        self, make_client: MakeClient, server: Recordings
    ) -> None:
        answer = make_client(fetch=False).post("/analyze/url", json={"url": server.address("night.wav")})
        assert refusal(answer) == (
            "Address refused: fetching is switched off here; the operator can switch it on: fetch.enabled"
        )
        assert server.asked == []

    def test_its_secrets_are_told_to_nobody(self, client: FlaskClient, server: Recordings) -> None:
        answer = client.post("/analyze/url", json={"url": f"{server.address('night.wav')}?token=s3cr3t", "wait": 30})
        job = answer.get_json()["job"]
        assert job["title"] == f"{server.address('night.wav')}?***"
        paths = ["/jobs", f"/jobs/{job['id']}", f"/reports/{job['id']}", *forms(client, job["id"]).values()]
        assert not [path for path in paths if b"s3cr3t" in client.get(path).data]
        assert server.asked == ["/night.wav?token=s3cr3t"]

    def test_a_page_of_another_origin_may_not_ask(self, client: FlaskClient, server: Recordings) -> None:
        answer = client.post(
            "/analyze/url", json={"url": server.address("night.wav")}, headers={"Origin": "http://evil.example"}
        )
        assert "Origin not allowed" in refusal(answer, 403)
        assert server.asked == []

    @pytest.mark.parametrize("method", ["get", "put", "delete"])
    def test_other_methods_are_405(self, client: FlaskClient, method: str) -> None:
        refusal(getattr(client, method)("/analyze/url"), 405)


class TestUpload:
    @pytest.mark.parametrize("field", ["audio", "file"])
    def test_a_recording_is_taken_and_heard(self, client: FlaskClient, recording: bytes, field: str) -> None:
        answer = upload(client, recording, field=field)
        assert answer.status_code == 202
        report = client.get(f"/reports/{done(client, answer)}").get_json()["report"]
        assert (report["title"], report["duration_s"]) == ("night.wav", 12.0)

    def test_fields_of_the_form_are_read(self, client: FlaskClient, recording: bytes) -> None:
        answer = upload(client, recording, method="scrample", preprocess="loudness, wiener", source="hall", wait="30")
        assert answer.status_code == 200
        report = answer.get_json()["report"]
        assert (report["method"], report["preprocessing"]) == ("scrample", ["loudness", "wiener"])
        assert {alarm["source"]["id"] for alarm in report["alarms"]} == {"hall"}

    @pytest.mark.parametrize(
        ("name", "title"),
        [
            ("", UPLOADED),
            ("a\x7fb\x1b[1m.wav", "ab[1m.wav"),
            ("<script>.wav", "<script>.wav"),
            ("x" * 500, "x" * 200),
            ("\u202ek\u00e4se.wav", "k\u00e4se.wav"),
            ("  ", UPLOADED),
        ],
    )
    def test_its_name_is_told_without_what_cannot_be_printed(
        self, client: FlaskClient, recording: bytes, name: str, title: str
    ) -> None:
        assert upload(client, recording, name).get_json()["job"]["title"] == title

    def test_without_a_file_it_is_400(self, client: FlaskClient) -> None:
        assert "no sound was sent" in refusal(client.post("/analyze", data={"method": "none"}))
        assert "no sound was sent" in refusal(client.post("/analyze"))

    def test_what_is_no_recording_is_a_job_that_failed(self, client: FlaskClient) -> None:
        job = upload(client, b"not a recording" * 100, wait="30").get_json()["job"]
        assert job["state"] == "failed"
        assert job["message"].startswith("Unreadable audio: expected sound or video in MP4")

    def test_a_wrong_question_is_400(self, client: FlaskClient, recording: bytes) -> None:
        assert "Unknown method" in refusal(upload(client, recording, method="hide"))
        assert "Invalid fields" in refusal(upload(client, recording, colour="red"))
        assert client.get("/jobs").get_json()["jobs"] == []

    def test_too_many_are_503_with_a_time_to_come_back(
        self, make_client: MakeClient, gated: Gated, recording: bytes
    ) -> None:
        gated.shut_gate()
        client = make_client(max_waiting=1)
        upload(client, recording)
        gated.wait_for_one()
        upload(client, recording)
        answer = upload(client, recording)
        assert refusal(answer, 503) == "Busy: 1 recordings wait already; try again when one has ended"
        assert answer.headers["Retry-After"] == "10"

    def test_where_jobs_cannot_be_kept_it_is_500_in_the_documented_form_and_the_service_goes_on(
        self, make_client: MakeClient, recording: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "jobs").touch()
        client = make_client()
        assert refusal(upload(client, recording), 500) == "Internal error; the service's log says more"
        assert "request failed" in caplog.text
        assert client.get("/jobs").get_json() == {"status": "ok", "jobs": []}
        assert client.get("/healthz").status_code == 200


class TestJobs:
    def test_all_are_listed_the_newest_first(self, client: FlaskClient, recording: bytes) -> None:
        assert client.get("/jobs").get_json() == {"status": "ok", "jobs": []}
        made = [done(client, upload(client, recording, name)) for name in ("one.wav", "other.wav")]
        content = client.get("/jobs").get_json()
        assert [job["id"] for job in content["jobs"]] == made[::-1]

    def test_each_tells_how_far_it_has_come(self, client: FlaskClient, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        job = upload(client, recording).get_json()["job"]
        assert (job["state"], job["progress"], job["report"], job["alarms"]) == ("waiting", None, None, None)
        gated.wait_for_one()
        job = client.get(f"/jobs/{job['id']}").get_json()["job"]
        assert job["state"] == "running"
        assert 0 < job["progress"] < 1
        gated.open_gate()
        job = client.get(f"/jobs/{job['id']}?wait=30").get_json()["job"]
        assert (job["state"], job["progress"], job["report"]) == ("done", 1.0, f"/reports/{job['id']}")
        assert job["alarms"] == 1

    def test_while_as_many_requests_wait_as_may_others_are_answered_at_once(
        self, make_jobs: MakeJobs, gated: Gated, recording: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gated.shut_gate()
        jobs, inside, waits = make_jobs(), threading.Event(), list[str]()
        job, wait = jobs.upload("it", recording, Asked()), jobs.wait

        def noted(name: str, seconds: float) -> Job:
            waits.append(name)
            inside.set()
            return wait(name, seconds)

        monkeypatch.setattr(jobs, "wait", noted)
        analyze, first = Analyze(jobs, max_waits=1), list[dict[str, Any]]()
        waiting = threading.Thread(target=lambda: first.append(analyze.job(job.id, "30")))
        waiting.start()
        assert inside.wait(30)
        assert not analyze.job(job.id, "30")["job"]["ended"]
        gated.open_gate()
        waiting.join(30)
        assert first[0]["job"]["state"] == "done"
        assert len(waits) == 1
        assert analyze.job(job.id, "30")["job"]["state"] == "done", "and one that has ended is waited for by nobody"

    @pytest.mark.parametrize("wait", ["31", "x", "-1", "1e1", "1.2345", "\u0661"])
    def test_seconds_that_are_none_are_400(self, client: FlaskClient, recording: bytes, wait: str) -> None:
        job = upload(client, recording).get_json()["job"]
        assert refusal(client.get(f"/jobs/{job['id']}", query_string={"wait": wait})).startswith("Invalid wait: ")

    def test_one_that_waits_is_cancelled(self, client: FlaskClient, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        first, second = (upload(client, recording).get_json()["job"]["id"] for _ in range(2))
        gated.wait_for_one()
        answer = client.delete(f"/jobs/{second}")
        assert (answer.status_code, answer.get_json()["job"]["state"]) == (200, "cancelled")
        gated.open_gate()
        assert client.get(f"/jobs/{first}?wait=30").get_json()["job"]["state"] == "done"

    def test_one_that_has_ended_is_forgotten_with_its_report(self, client: FlaskClient, recording: bytes) -> None:
        job = done(client, upload(client, recording))
        assert client.delete(f"/jobs/{job}").get_json() == {"status": "ok", "job": None}
        for path in (f"/jobs/{job}", f"/reports/{job}", f"/reports/{job}.csv", f"/reports/{job}/levels.png"):
            refusal(client.get(path), 404)
        refusal(client.delete(f"/jobs/{job}"), 404)

    def test_a_page_of_another_origin_may_not_cancel(self, client: FlaskClient, recording: bytes) -> None:
        job = done(client, upload(client, recording))
        refusal(client.delete(f"/jobs/{job}", headers={"Origin": "http://evil.example"}), 403)
        assert client.get(f"/jobs/{job}").status_code == 200

    @pytest.mark.parametrize("method", ["get", "delete"])
    @pytest.mark.parametrize("name", [NOBODY, *HOSTILE])
    def test_a_job_that_is_not_there_is_404(self, client: FlaskClient, name: str, method: str) -> None:
        refusal(getattr(client, method)(f"/jobs/{name}"), 404)


def forms(client: FlaskClient, job: str) -> dict[str, str]:
    links: dict[str, str] = client.get(f"/reports/{job}").get_json()["links"]
    return links


class TestReports:
    @pytest.fixture
    def job(self, client: FlaskClient, recording: bytes) -> str:
        return done(client, upload(client, recording))

    def test_it_is_json_with_the_addresses_of_its_other_forms(self, client: FlaskClient, job: str) -> None:
        content = client.get(f"/reports/{job}").get_json()
        assert content["report"]["id"] == job
        assert content["report"]["spectrogram"] is None, "a picture, never figures"
        assert content["links"] == {
            **{form: f"/reports/{job}.{form}" for form in ("csv", "json", "txt", "html")},
            **{form: f"/reports/{job}/{form}" for form in ("spectrogram.png", "levels.png", "timeline.png")},
        }

    @pytest.mark.parametrize(
        ("form", "media_type", "is_file"),
        [
            ("csv", "text/csv; charset=utf-8", True),
            ("json", "application/json", True),
            ("txt", "text/plain; charset=utf-8", True),
            ("html", "text/html; charset=utf-8", False),
            ("spectrogram.png", "image/png", False),
            ("levels.png", "image/png", False),
            ("timeline.png", "image/png", False),
        ],
    )
    def test_each_form_has_its_media_type_and_a_file_its_name(
        self, client: FlaskClient, job: str, form: str, media_type: str, is_file: bool
    ) -> None:
        answer = client.get(forms(client, job)[form])
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == media_type
        expected = f'attachment; filename="hearken-{job}.{form}"' if is_file else None
        assert answer.headers.get("Content-Disposition") == expected
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.data.startswith(PNG) == form.endswith("png")

    def test_the_table_reads_as_csv(self, client: FlaskClient, job: str) -> None:
        rows = list(csv.DictReader(io.StringIO(client.get(f"/reports/{job}.csv").get_data(as_text=True))))
        assert any("Smoke" in str(row) for row in rows)

    def test_the_document_is_the_report(self, client: FlaskClient, job: str) -> None:
        document = json.loads(client.get(f"/reports/{job}.json").data)
        report = client.get(f"/reports/{job}").get_json()["report"]
        assert {name: document[name] for name in ("id", "title", "duration_s")} == {
            name: report[name] for name in ("id", "title", "duration_s")
        }

    def test_labels_have_a_start_an_end_and_a_text_each(self, client: FlaskClient, job: str) -> None:
        lines = client.get(f"/reports/{job}.txt").get_data(as_text=True).splitlines()
        assert lines
        for line in lines:
            start, stop, text = line.split("\t")[:3]
            assert 0 <= float(start) <= float(stop) <= 12.0
            assert text

    def test_the_page_may_load_nothing_but_its_own_pictures(self, client: FlaskClient, job: str) -> None:
        answer = client.get(f"/reports/{job}.html")
        assert answer.headers["Content-Security-Policy"] == (
            "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
            "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
        text = answer.get_data(as_text=True)
        assert "<script" not in text
        assert "data:image/png;base64," in text or "<svg" in text

    def test_nothing_else_may_load_anything(self, client: FlaskClient, job: str) -> None:
        for form, path in forms(client, job).items():
            policy = client.get(path).headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'"), form

    def test_a_hostile_title_is_text_in_the_page(self, client: FlaskClient, recording: bytes) -> None:
        job = done(client, upload(client, recording, "<img src=x onerror=alert(1)>.wav"))
        assert "<img src=x" not in client.get(f"/reports/{job}.html").get_data(as_text=True)

    def test_one_that_is_not_made_yet_is_404(self, client: FlaskClient, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        job = upload(client, recording).get_json()["job"]["id"]
        gated.wait_for_one()
        for path in (f"/reports/{job}", f"/reports/{job}.html", f"/reports/{job}/levels.png"):
            assert refusal(client.get(path), 404).startswith("Unknown report: ")

    def test_after_a_restart_all_is_there_but_the_spectrogram(
        self, make_client: MakeClient, client: FlaskClient, job: str
    ) -> None:
        again = make_client()
        links = forms(again, job)
        assert "spectrogram.png" not in links
        for path in links.values():
            assert again.get(path).status_code == 200
        assert "in memory alone" in refusal(again.get(f"/reports/{job}/spectrogram.png"), 404)

    @pytest.mark.parametrize("form", ["exe", "wav", "", "csv.exe", "..", "json/x"])
    def test_a_form_that_there_is_not_is_404(self, client: FlaskClient, job: str, form: str) -> None:
        refusal(client.get(f"/reports/{job}.{form}"), 404)

    @pytest.mark.parametrize("name", [NOBODY, *HOSTILE])
    def test_a_report_that_is_not_there_is_404(self, client: FlaskClient, name: str) -> None:
        for path in (f"/reports/{name}", f"/reports/{name}.csv", f"/reports/{name}/levels.png"):
            refusal(client.get(path), 404)

    @pytest.mark.parametrize("form", HOSTILE)
    def test_a_picture_that_there_is_not_is_404(self, client: FlaskClient, job: str, form: str) -> None:
        refusal(client.get(f"/reports/{job}/{form}"), 404)


class TestAccess:
    PATHS = ("/jobs", f"/jobs/{NOBODY}", f"/reports/{NOBODY}", f"/reports/{NOBODY}/levels.png")

    def test_where_a_token_is_set_nothing_of_it_is_told_without(
        self, make_client: MakeClient, recording: bytes
    ) -> None:
        client = make_client(access=AccessRules.of((), (), "open-sesame"))
        for path in self.PATHS:
            refusal(client.get(path), 401)
        refusal(upload(client, recording), 401)
        refusal(client.post("/analyze/url", json={"url": "http://h/x"}), 401)
        refusal(client.delete(f"/jobs/{NOBODY}"), 401)
        shown = {"Authorization": "Bearer open-sesame"}
        assert client.get("/jobs", headers=shown).status_code == 200


class TestPreprocess:
    @pytest.mark.parametrize(
        ("asked", "names"),
        [
            ("loudness", ["loudness"]),
            ("wiener,loudness", ["wiener", "loudness"]),
            (" wavelet , adaptive ", ["wavelet", "adaptive"]),
        ],
    )
    def test_a_clips_answer_names_what_was_done(
        self, client: FlaskClient, recording: bytes, asked: str, names: list[str]
    ) -> None:
        data = {"audio": (io.BytesIO(recording), "f.wav", "audio/wav")}
        answer = client.post("/model/predict", query_string={"preprocess": asked}, data=data)
        assert answer.status_code == 200
        assert answer.get_json()["preprocessing"] == names

    def test_where_nothing_was_asked_nothing_is_said(self, client: FlaskClient, recording: bytes) -> None:
        data = {"audio": (io.BytesIO(recording), "f.wav", "audio/wav")}
        assert "preprocessing" not in client.post("/model/predict", data=data).get_json()

    @pytest.mark.parametrize("asked", ["louder", "loudness,loudness", "loudness;wiener", ",", "loudness,"])
    def test_what_is_unknown_is_400_with_the_names_that_there_are(
        self, client: FlaskClient, recording: bytes, asked: str
    ) -> None:
        data = {"audio": (io.BytesIO(recording), "f.wav", "audio/wav")}
        message = refusal(client.post("/model/predict", query_string={"preprocess": asked}, data=data))
        assert message.startswith("Invalid preprocess: expected names with commas between, each at most once, of ")
        assert all(name in message for name in PREPROCESSORS)


class TestDescription:
    def test_swagger_describes_every_address(self, client: FlaskClient) -> None:
        described = client.get("/swagger.json").get_json()
        schemas.validate(described)
        assert {
            "/analyze/url": ["post"],
            "/analyze": ["post"],
            "/analyze/surges": ["post"],
            "/jobs": ["get"],
            "/jobs/{job_id}": ["delete", "get"],
            "/reports/{name}": ["get"],
            "/reports/{job_id}/{form}": ["get"],
        }.items() <= {
            path: sorted(name for name in found if name in {"get", "post", "put", "delete"})
            for path, found in described["paths"].items()
        }.items()

    @pytest.mark.parametrize(
        ("path", "where", "name"),
        [
            ("/analyze/url", "formData", "url"),
            ("/analyze", "formData", "audio"),
            ("/analyze/surges", "formData", "audio"),
            ("/analyze/surges", "query", "excerpt"),
            ("/analyze", "formData", "preprocess"),
            ("/model/predict", "query", "preprocess"),
        ],
    )
    def test_and_what_it_takes(self, client: FlaskClient, path: str, where: str, name: str) -> None:
        described = client.get("/swagger.json").get_json()["paths"][path]["post"]["parameters"]
        assert (where, name) in {(one["in"], one["name"]) for one in described}
