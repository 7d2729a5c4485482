# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from flask.testing import FlaskClient
from numpy.typing import NDArray
from werkzeug.test import TestResponse

from analytic.access import AccessRules
from analytic.api import application
from analytic.api.predict import Predictor
from analytic.api.surges import Surges, SurgesRequest
from analytic.app import make_pipeline
from analytic.audio.decode import AudioLimits
from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.memory import Memory
from analytic.errors import InvalidParameter
from analytic.pipeline import Pipeline
from analytic.settings import load
from analytic.telemetry import Metrics
from model.fake import FakeTagger
from tests.analytic.pipeline.runs import LOUD, QUIET, RATE_HZ, sound, where_loud

Encode = Callable[..., bytes]


@pytest.fixture
def pipeline(dispatcher: Dispatcher) -> Pipeline:
    """Hears a fire alarm and a dog where it is loud, speech elsewhere."""
    alerts = {"enabled": ["fire"], "thresholds": {"fire": 0.3}, "rules": {"fire": {"confirm": 1, "among": 1}}}
    tagger = FakeTagger(where_loud({"Fire": 0.9, "Dog": 0.5, "Bark": 0.25}, {"Speech": 0.3}))
    return make_pipeline(load(alerts=alerts), tagger, dispatcher=dispatcher)


@pytest.fixture
def client(pipeline: Pipeline, predictor: Predictor) -> Iterator[FlaskClient]:
    doors = application.Doors(
        pipeline,
        predictor,
        AccessRules(),
        Metrics(),
        lambda: None,
        4_000_000,
        surges=Surges(pipeline, AudioLimits(60)),
    )
    with application.create(doors).test_client() as client:
        yield client


@pytest.fixture
def recording(encode: Encode) -> bytes:
    """30 s, loud from 6 to 9 s and from 20 to 21 s."""
    return encode(sound(30, (6, 9), (20, 21)))


def ask(client: FlaskClient, content: bytes, media_type: str = "audio/wav", **query: Any) -> TestResponse:
    """Post a clip; the body is put together here, because Werkzeug's client keeps a large one in a file."""
    part = f'--edge\r\nContent-Disposition: form-data; name="audio"; filename="f.wav"\r\nContent-Type: {media_type}'
    body = part.encode() + b"\r\n\r\n" + content + b"\r\n--edge--\r\n"
    kind = "multipart/form-data; boundary=edge"
    return client.post("/analyze/surges", query_string=query, data=body, content_type=kind)


def found(client: FlaskClient, content: bytes, **query: Any) -> dict[str, Any]:
    answer = ask(client, content, **query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    told: dict[str, Any] = answer.get_json()
    return told


def refusal(answer: TestResponse) -> str:
    assert answer.status_code == 400
    content = answer.get_json()
    assert set(content) == {"status", "message"}
    return str(content["message"])


def borders(told: dict[str, Any], what: str) -> list[tuple[float, float]]:
    return [(one["onset_s"], one["offset_s"]) for one in told[what]]


class TestSurges:
    def test_each_has_a_number_its_borders_and_what_was_heard_around_it(
        self, client: FlaskClient, recording: bytes
    ) -> None:
        told = found(client, recording)
        assert borders(told, "surges") == [(6.0, 9.0), (20.0, 21.0)]
        assert [one["number"] for one in told["surges"]] == [1, 2]
        surge = told["surges"][0]
        assert (surge["duration_s"], surge["peak_dbfs"], surge["background_dbfs"]) == (3.0, -6.0, -40.0)
        assert surge["prominence_db"] == pytest.approx(34.0, abs=0.1)
        assert [(one["label"], one["probability"]) for one in surge["predictions"]] == [
            ("Fire", 0.9),
            ("Dog", 0.5),
            ("Bark", 0.25),
        ]

    def test_its_alert_classes_are_those_of_the_alarms_at_its_time(self, client: FlaskClient, encode: Encode) -> None:
        waveform = sound(60, (6, 9), (40, 40.3))
        told = found(client, encode(waveform))
        assert [one["alert_classes"] for one in told["surges"]] == [["fire"], []]
        assert [alert["event_class"] for alert in told["alerts"]] == ["fire"]

    def test_alarms_are_told_to_the_bus(self, client: FlaskClient, recording: bytes, bus: Memory) -> None:
        told = found(client, recording)
        assert {alert["id"] for alert in told["alerts"]} == {message["id"] for message in bus.messages()}

    def test_even_sound_has_none(self, client: FlaskClient, encode: Encode) -> None:
        told = found(client, encode(sound(10)))
        assert told["surges"] == told["alerts"] == []
        assert borders(told, "parts") == [(0.0, 10.0)]

    def test_seconds_to_skip_leave_its_times_as_they_are(self, client: FlaskClient, recording: bytes) -> None:
        told = found(client, recording, start_time="12")
        assert borders(told, "surges") == borders(told, "parts") == [(20.0, 21.0)]
        assert told["duration_s"] == 18.0


class TestParts:
    def test_a_clip_is_split_at_its_silences(self, client: FlaskClient, recording: bytes) -> None:
        told = found(client, recording)
        assert borders(told, "parts") == [(6.0, 9.0), (20.0, 21.0)]
        assert told["silence_dbfs"] == -34.0, "6 dB above the quietest tenth"
        part = told["parts"][0]
        assert (part["duration_s"], part["rms_dbfs"], part["peak_dbfs"]) == (3.0, -6.0, -6.0)
        assert [one["label"] for one in part["predictions"]] == ["Fire", "Dog", "Bark"]

    @pytest.mark.parametrize(
        ("query", "parts"),
        [
            ({"silence_dbfs": "-50"}, [(0.0, 30.0)]),
            ({"silence_dbfs": "-20"}, [(6.0, 9.0), (20.0, 21.0)]),
            ({"silence_dbfs": "0"}, []),
            ({"least_silence_s": "12"}, [(6.0, 21.0)]),
            ({"least_silence_s": "11"}, [(6.0, 9.0), (20.0, 21.0)]),
        ],
    )
    def test_what_is_silent_may_be_said(
        self, client: FlaskClient, recording: bytes, query: dict[str, str], parts: list[tuple[float, float]]
    ) -> None:
        assert borders(found(client, recording, **query), "parts") == parts

    def test_silence_has_no_parts(self, client: FlaskClient, encode: Encode) -> None:
        told = found(client, encode(np.zeros(5 * RATE_HZ)))
        assert told["parts"] == told["surges"] == told["alerts"] == []
        assert told["silence_dbfs"] == -114.0

    def test_a_clip_shorter_than_a_block_has_neither(self, client: FlaskClient, encode: Encode) -> None:
        told = found(client, encode(sound(0.04, (0, 0.04))))
        assert told["parts"] == told["surges"] == []


class TestExcerpt:
    def decoded(self, answer: TestResponse) -> NDArray[np.float32]:
        assert answer.status_code == 200, answer.get_data(as_text=True)
        assert answer.headers["Content-Type"] == "audio/wav"
        samples, rate_hz = soundfile.read(io.BytesIO(answer.data), dtype="float32")
        assert rate_hz == RATE_HZ
        waveform: NDArray[np.float32] = samples
        return waveform

    @pytest.mark.parametrize(("number", "from_s", "to_s"), [("1", 5.5, 9.5), ("2", 19.5, 21.5)])
    def test_it_is_the_sound_of_that_surge_and_half_a_second_around_it(
        self, client: FlaskClient, encode: Encode, number: str, from_s: float, to_s: float
    ) -> None:
        waveform = sound(30, (6, 9), (20, 21))
        waveform *= np.linspace(0.5, 1, waveform.size, dtype=np.float32)
        answer = ask(client, encode(waveform), excerpt=number)
        piece = waveform[round(from_s * RATE_HZ) : round(to_s * RATE_HZ)]
        np.testing.assert_allclose(self.decoded(answer), piece, atol=2 / 32768)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="surge-{number}.wav"'

    def test_at_the_edge_of_the_clip_it_is_as_much_as_there_is(self, client: FlaskClient, encode: Encode) -> None:
        assert self.decoded(ask(client, encode(sound(10, (9.8, 10))), excerpt="1")).size == pytest.approx(0.7 * RATE_HZ)

    def test_with_seconds_to_skip_it_is_the_same_sound(self, client: FlaskClient, recording: bytes) -> None:
        whole, later = ask(client, recording, excerpt="2"), ask(client, recording, excerpt="1", start_time="12")
        np.testing.assert_array_equal(self.decoded(whole), self.decoded(later))

    def test_it_is_what_the_anonymiser_left(self, client: FlaskClient, recording: bytes) -> None:
        plain, hidden = ask(client, recording, excerpt="1"), ask(client, recording, excerpt="1", method="scrample")
        assert self.decoded(hidden).size
        assert self.decoded(plain).tobytes() != self.decoded(hidden).tobytes()

    @pytest.mark.parametrize("number", ["3", "9999"])
    def test_a_surge_that_is_not_there_is_400_with_how_many_there_are(
        self, client: FlaskClient, recording: bytes, number: str
    ) -> None:
        message = refusal(ask(client, recording, excerpt=number))
        assert message == f"Invalid excerpt: expected the number of one of 2 surges, found '{number}'"


class TestAsked:
    def test_the_answer_says_how_it_was_heard(self, client: FlaskClient, recording: bytes) -> None:
        told = found(client, recording, method="low_pass", preprocess="loudness")
        assert (told["status"], told["method"], told["preprocessing"]) == ("ok", "low_pass", ["loudness"])
        assert told["model"] == {"name": "fake", "version": "0"}
        assert told["duration_s"] == 30.0

    def test_without_words_nothing_is_done_to_the_sound(self, client: FlaskClient, recording: bytes) -> None:
        told = found(client, recording)
        assert (told["method"], told["preprocessing"], told["warnings"]) == ("none", [], [])

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ({"method": "hide"}, "Unknown method: 'hide'; known methods: "),
            ({"preprocess": "louder"}, "Invalid preprocess: expected names with commas between"),
            ({"start_time": "30"}, "Invalid start time: value outside audio clip"),
            ({"start_time": "-1"}, "Invalid start time: "),
            ({"silence_dbfs": "1"}, "Invalid silence_dbfs: expected -120 to 0 (dBFS), found '1'"),
            ({"silence_dbfs": "-121"}, "Invalid silence_dbfs: "),
            ({"silence_dbfs": "quiet"}, "Invalid silence_dbfs: "),
            ({"silence_dbfs": "nan"}, "Invalid silence_dbfs: "),
            ({"least_silence_s": "0"}, "Invalid least_silence_s: expected 0.05 to 60 (s), found '0'"),
            ({"least_silence_s": "61"}, "Invalid least_silence_s: "),
            ({"excerpt": "0"}, "Invalid excerpt: expected 1 to 9999 (the number of a surge), found '0'"),
            ({"excerpt": "-1"}, "Invalid excerpt: "),
            ({"excerpt": "one"}, "Invalid excerpt: "),
            ({"excerpt": "1.5"}, "Invalid excerpt: "),
            ({"excerpt": "\u0661"}, "Invalid excerpt: "),
        ],
    )
    def test_what_is_wrong_with_the_request_is_400_with_the_reason(
        self, client: FlaskClient, recording: bytes, query: dict[str, str], message: str
    ) -> None:
        assert refusal(ask(client, recording, **query)).startswith(message)

    def test_a_question_is_found_wrong_before_its_sound_is_read(self, pipeline: Pipeline) -> None:
        def unread() -> bytes:
            raise AssertionError("the sound was read")

        with pytest.raises(InvalidParameter):
            Surges(pipeline, AudioLimits()).find(SurgesRequest(silence_dbfs="loud"), unread)

    def test_no_sound_is_400(self, client: FlaskClient) -> None:
        assert "no sound was sent" in refusal(client.post("/analyze/surges"))
        assert refusal(ask(client, b"not a sound")).startswith("Unreadable audio: ")
        assert refusal(ask(client, b"x", media_type="text/plain")) == "Invalid file type/extension: text/plain"

    def test_too_long_a_clip_is_400(self, client: FlaskClient, encode: Encode) -> None:
        assert "60" in refusal(ask(client, encode(np.zeros(61 * RATE_HZ, np.int16))))

    def test_the_sound_of_these_tests_is_what_it_says(self) -> None:
        assert (QUIET, LOUD) == (0.01, 0.5)
