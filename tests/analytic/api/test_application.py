# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import jsonschema
import numpy as np
import pytest
from flask.testing import FlaskClient
from flask_restx import schemas
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import TestResponse

from analytic import __version__
from analytic.api.describe import event_schema
from analytic.api.predict import Predictor
from analytic.delivery.memory import Memory
from anonymizers.registry import anonymizers

Encode = Callable[..., bytes]
PATH = "/model/predict/anonymized_audio/scrample/33466553786f48cb72faad7b2fb9d0952c97/NSSD/2023061906001633466553786f"


@pytest.fixture(scope="module")
def sound(encode: Encode) -> bytes:
    return encode(np.full(32_000, 0.25))


def post(
    client: FlaskClient,
    content: bytes,
    path: str = "/model/predict",
    field: str = "audio",
    media_type: str = "audio/wav",
) -> TestResponse:
    part = f'--edge\r\nContent-Disposition: form-data; name="{field}"; filename="f.wav"\r\nContent-Type: {media_type}'
    body = part.encode() + b"\r\n\r\n" + content + b"\r\n--edge--\r\n"
    return client.post(path, data=body, content_type="multipart/form-data; boundary=edge")


def refusal(answer: TestResponse) -> str:
    """Return the message of an answer in the documented form of errors."""
    assert answer.mimetype == "application/json"
    content = answer.get_json()
    assert set(content) == {"status", "message"}
    assert content["status"] == "error"
    return str(content["message"])


@pytest.mark.parametrize("field", ["audio", "file"])
def test_a_sound_is_answered_with_predictions_and_alerts(client: FlaskClient, sound: bytes, field: str) -> None:
    answer = post(client, sound, field=field)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    content = answer.get_json()
    assert content["status"] == "ok"
    assert len(content["predictions"]) == 5
    (alert,) = content["alerts"]
    jsonschema.validate(alert, event_schema(), format_checker=jsonschema.FormatChecker())


def test_the_predecessors_path_is_echoed(client: FlaskClient, sound: bytes) -> None:
    content = post(client, sound, PATH).get_json()
    echoed = ("audio_file", "method", "requestor_id", "requestor_type", "request_id")
    assert [content[field] for field in echoed] == PATH.split("/")[3:]


@pytest.mark.parametrize("joint", ["+", "%2B"])
def test_a_chain_of_methods_is_asked_for_in_the_path(client: FlaskClient, sound: bytes, joint: str) -> None:
    content = post(client, sound, f"/model/predict/a/granular_shuffle{joint}low_pass/r/t/i").get_json()
    assert content["method"] == content["anonymizer"]["method"] == "granular_shuffle+low_pass"
    assert content["anonymizer"]["guarantee"] == {"kind": "none"}


def test_the_bus_is_told_before_the_answer(client: FlaskClient, sound: bytes, bus: Memory) -> None:
    content = post(client, sound, "/model/predict?source=kitchen").get_json()
    start, end = bus.messages()
    assert (start["phase"], end["phase"]) == ("start", "end")
    assert content["alerts"][0]["message_id"] == end["message_id"]
    assert end["source"]["id"] == "kitchen"


def test_query_parameters_are_read(client: FlaskClient, sound: bytes) -> None:
    content = post(client, sound, "/model/predict?start_time=1.5&filter=Speech,Dog&filter=/m/01yrx").get_json()
    assert content["duration_s"] == 0.5
    assert {found["label"] for found in content["predictions"]} == {"Speech", "Dog", "Cat"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/model/predict?start_time=2", "Invalid start time: value outside audio clip"),
        ("/model/predict?start_time=x", "Invalid start time: value outside audio clip"),
        ("/model/predict?filter=Nothing", "Unknown label in filter: 'Nothing'; "),
        ("/model/predict?source=a%20b", "Invalid source: "),
        ("/model/predict?timeline=maybe", "Invalid timeline: expected 1, true, yes, on, or 0, false, no, off, found"),
        ("/model/predict?surges=2", "Invalid surges: "),
        ("/model/predict?explain=0%00", "Invalid explain: "),
        ("/model/predict/a/blur/r/t/i", f"Unknown method: 'blur'; known methods: {', '.join(anonymizers())}"),
        (
            "/model/predict/a/none/r%0A/t/i",
            r"Invalid requestor_id: 1 to 64 characters of A-Z a-z 0-9 . _ - are allowed, ",
        ),
    ],
)
def test_a_wrong_request_is_400_with_the_reason(client: FlaskClient, sound: bytes, path: str, message: str) -> None:
    answer = post(client, sound, path)
    assert answer.status_code == 400
    assert refusal(answer).startswith(message)


def test_a_wrong_media_type_is_400_in_the_contract_s_words(client: FlaskClient, sound: bytes) -> None:
    answer = post(client, sound, media_type="text/plain")
    assert answer.status_code == 400
    assert answer.get_json() == {"status": "error", "message": "Invalid file type/extension: text/plain"}


def test_no_sound_is_400(client: FlaskClient) -> None:
    assert "no sound was sent" in refusal(client.post("/model/predict"))
    assert client.post("/model/predict").status_code == 400


def test_a_body_over_the_limit_is_413(client: FlaskClient) -> None:
    answer = post(client, bytes(2_000_000))
    assert answer.status_code == 413
    refusal(answer)


def test_an_unknown_address_is_404_and_points_to_the_description(client: FlaskClient) -> None:
    for path in ("/nowhere", "/model", "/model/predict/a/none/r/t", "/model/predict/a/none/r/t/i/more", "/healthz/"):
        answer = client.post(path)
        assert answer.status_code == 404
        assert refusal(answer) == "No such address; the API is described at /docs"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/model/predict"), ("PUT", "/model/predict"), ("POST", "/healthz")]
)
def test_a_wrong_method_is_405(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == 405
    assert refusal(answer) == f"Method '{method}' not allowed here"


def test_a_wrong_method_is_told_the_right_ones_as_http_asks(client: FlaskClient) -> None:
    assert "POST" in client.get("/model/predict").headers.get("Allow", "")


def test_a_fault_of_ours_is_500_without_a_trace_and_logged(
    client: FlaskClient, sound: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> dict[str, Any]:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(Predictor, "predict", broken)
    with caplog.at_level(logging.ERROR):
        answer = post(client, sound)
    assert answer.status_code == 500
    assert refusal(answer) == "Internal error; the service's log says more"
    assert not re.search(rb"Traceback|secret|ZeroDivision|\.py", answer.data)
    logged = [record for record in caplog.records if record.exc_info and "secret detail" in str(record.exc_info[1])]
    assert logged


def test_a_fault_of_ours_is_logged_once(
    client: FlaskClient, sound: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> dict[str, Any]:
        raise ZeroDivisionError

    monkeypatch.setattr(Predictor, "predict", broken)
    post(client, sound)
    assert len(caplog.records) == 1


def test_after_a_fault_the_next_request_is_answered(
    client: FlaskClient, sound: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Predictor, "predict", lambda *_: 1 / 0)
        assert post(client, sound).status_code == 500
    assert post(client, sound).status_code == 200


def test_the_answer_is_json_whatever_the_caller_would_rather_have(client: FlaskClient) -> None:
    for accepted in ("text/html", "text/plain", "image/png", "*/*", ""):
        for path, status in (("/healthz", 200), ("/nowhere", 404)):
            answer = client.get(path, headers={"Accept": accepted})
            assert (answer.status_code, answer.mimetype) == (status, "application/json")


def test_the_root_leads_to_the_documentation(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.status_code in {301, 302, 303, 307, 308}
    assert answer.headers["Location"] == "/docs"


def test_the_documentation_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) >= 4
    assert [address for address in loaded if not address.startswith(("/swaggerui/", "#", "data:"))] == []
    for address in loaded:
        if address.startswith("/swaggerui/"):
            assert client.get(address, buffered=True).status_code == 200
    assert 'url: "/swagger.json"' in page.text


def test_what_the_documentation_loads_stays_within_its_content_policy(client: FlaskClient) -> None:
    page = client.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert policy != client.get("/healthz").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline'" in policy
    assert "unsafe-eval" not in policy
    sheet = client.get("/swaggerui/droid-sans.css", buffered=True).text
    assert not re.search(r"url\(['\"]?(https?:)?//", sheet)


@pytest.mark.parametrize("path", ["/swaggerui/../application.py", "/swaggerui/%2e%2e/api.py", "/swaggerui//etc/passwd"])
def test_the_assets_lead_nowhere_else(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_description_is_valid_and_lists_every_address(client: FlaskClient) -> None:
    answer = client.get("/swagger.json")
    assert answer.status_code == 200
    described = answer.get_json()
    schemas.validate(described)
    assert described["info"]["title"] == "Hearken"
    assert described["info"]["version"] == __version__
    ids = "/{audio_file}/{method}/{requestor_id}/{requestor_type}/{request_id}"
    methods = {
        path: {key for key in entry if key in {"get", "post", "put", "delete"}}
        for path, entry in described["paths"].items()
    }
    assert methods == {
        "/healthz": {"get"},
        "/readyz": {"get"},
        "/model/labels": {"get"},
        "/model/metadata": {"get"},
        "/model/predict": {"post"},
        f"/model/predict{ids}": {"post"},
        "/model/predict/features": {"post"},
        "/schemas/event.json": {"get"},
        "/sources": {"get"},
        "/sources/{name}": {"get", "delete"},
        "/mode": {"get", "put"},
        "/events": {"get"},
        "/events/{event_id}": {"get", "delete"},
        "/events/{event_id}/acknowledge": {"post"},
        "/device": {"get"},
    }


def test_the_description_of_predict_names_its_parameters_and_answers(client: FlaskClient) -> None:
    described = client.get("/swagger.json").get_json()["paths"]["/model/predict"]["post"]
    assert {parameter["name"]: parameter["in"] for parameter in described["parameters"]} == {
        "audio": "formData",
        "start_time": "query",
        "filter": "query",
        "source": "query",
        "anonymized": "query",
        "preprocess": "query",
        "timeline": "query",
        "surges": "query",
        "explain": "query",
    }
    assert {"200", "400"} <= set(described["responses"])
    assert described["consumes"] == ["multipart/form-data"]


def test_a_real_answer_has_the_described_fields(client: FlaskClient, sound: bytes) -> None:
    described = client.get("/swagger.json").get_json()["definitions"]["Answer"]["properties"]
    more = "timeline=1&surges=1&explain=1&preprocess=loudness"
    assert set(post(client, sound, f"/model/predict?{more}").get_json()) == set(described)
    without = set(described) - set(post(client, sound).get_json())
    assert without == {"timeline", "surges", "explanations", "preprocessing"}


def test_it_is_healthy_and_ready(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_while_something_is_down_it_is_healthy_but_not_ready(client: FlaskClient, switchboard: Any) -> None:
    switchboard.not_ready = "the websocket bus is down"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert refusal(answer) == "Not ready: the websocket bus is down"
    assert client.get("/healthz").status_code == 200


def test_not_being_ready_is_no_fault_to_log(
    client: FlaskClient, switchboard: Any, caplog: pytest.LogCaptureFixture
) -> None:
    switchboard.not_ready = "the websocket bus is down"
    client.get("/readyz")
    assert [record for record in caplog.records if record.exc_info] == []


def test_the_labels_the_metadata_and_the_schema_are_there(client: FlaskClient) -> None:
    assert client.get("/model/labels").get_json()["count"] == 527
    assert client.get("/model/metadata").get_json()["id"] == "fake"
    assert client.get("/schemas/event.json").get_json() == event_schema()


def test_the_schema_is_served_as_json(client: FlaskClient) -> None:
    answer = client.get("/schemas/event.json")
    assert answer.mimetype == "application/json"
    assert json.loads(answer.data)["title"] == "Hearken event message"


def samples(client: FlaskClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = client.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_metrics_count_requests_sound_events_and_stages(client: FlaskClient, sound: bytes) -> None:
    post(client, sound)
    post(client, sound)
    post(client, b"no sound")
    client.get("/nowhere")
    found = samples(client)
    answered = {
        (labels["endpoint"], labels["status"]): value
        for (name, pairs), value in found.items()
        if name == "hearken_requests_total"
        for labels in [dict(pairs)]
    }
    assert answered.pop(("unknown", "404")) == 1
    assert sorted(answered.values()) == [1, 2]
    assert {status for _, status in answered} == {"200", "400"}
    assert found["hearken_sound_seconds_total", ()] == 4.0
    assert found["hearken_events_total", (("event_class", "smoke_alarm"),)] == 2
    assert found["hearken_stage_seconds_count", (("stage", "tag"),)] == 2


def test_no_id_of_a_request_becomes_a_label_of_a_metric(client: FlaskClient, sound: bytes) -> None:
    post(client, sound, "/model/predict/secretfile/none/secretwho/secrettype/secretid?source=secretroom")
    client.get("/secretpath")
    text = client.get("/metrics").text
    assert "hearken_requests_total" in text
    assert "secret" not in text


def test_the_metrics_are_prometheus_text(client: FlaskClient) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    assert ("hearken_requests_total", (("endpoint", "metrics"), ("status", "200"))) in samples(client)
