# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest

from analytic.api.describe import event_schema
from analytic.api.predict import Predictor, PredictRequest
from analytic.app import make_pipeline
from analytic.audio.decode import AudioLimits
from analytic.delivery.memory import Memory
from analytic.errors import (
    AudioTooLong,
    BadAudio,
    BadRequest,
    InvalidId,
    InvalidParameter,
    InvalidStartTime,
    UnknownLabels,
    UnknownMethod,
)
from analytic.events.classes import ALERT_CLASSES
from analytic.settings import Settings, load
from anonymizers.registry import anonymizers
from model.fake import FakeTagger

Encode = Callable[..., bytes]
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

FULL = PredictRequest("anonymized_audio", "none", "33466553786f48cb72faad7b2fb9d0952c97", "NSSD", "2023061906001633")


@pytest.fixture(scope="module")
def sound(encode: Encode) -> bytes:
    """3 s of a tone at half of full scale."""
    return encode(0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 16_000), subtype="FLOAT")


def ask(predictor: Predictor, sound: bytes, **asked: Any) -> dict[str, Any]:
    return predictor.predict(PredictRequest(**asked), lambda: sound)


def test_the_answer_has_the_predecessors_shape(predictor: Predictor, sound: bytes) -> None:
    answer = predictor.predict(FULL, lambda: sound)
    assert list(answer)[:9] == [
        "status", "predictions", "audio_file", "method", "requestor_id", "requestor_type", "request_id", "analyzer_id",
        "analysis_id",
    ]  # fmt: skip
    assert answer["status"] == "ok"
    assert answer["analyzer_id"] == "hall"
    assert UUID4.fullmatch(answer["analysis_id"])
    for field in ("audio_file", "method", "requestor_id", "requestor_type", "request_id"):
        assert answer[field] == getattr(FULL, field)


def test_without_a_path_the_echoed_ids_are_null_and_the_method_is_none(predictor: Predictor, sound: bytes) -> None:
    answer = ask(predictor, sound)
    assert answer["method"] == "none"
    assert {answer[field] for field in ("audio_file", "requestor_id", "requestor_type", "request_id")} == {None}


def test_each_analysis_has_an_id_of_its_own(predictor: Predictor, sound: bytes) -> None:
    assert ask(predictor, sound)["analysis_id"] != ask(predictor, sound)["analysis_id"]


def test_the_five_highest_classes_are_predicted_highest_first(predictor: Predictor, sound: bytes) -> None:
    predictions = ask(predictor, sound)["predictions"]
    assert len(predictions) == 5
    assert predictions[0] == {"label_id": "/m/01y3hg", "label": "Smoke detector, smoke alarm", "probability": 0.9}
    assert [found["label"] for found in predictions[1:3]] == ["Beep, bleep", "Speech"]
    probabilities = [found["probability"] for found in predictions]
    assert probabilities == sorted(probabilities, reverse=True)


def test_a_filter_of_n_names_gives_n_predictions_of_all_classes(predictor: Predictor, sound: bytes) -> None:
    predictions = ask(predictor, sound, filter=('Dog,Speech,"Beep, bleep",/m/0c3f7m',))["predictions"]
    assert [(found["label"], found["probability"]) for found in predictions[:2]] == [
        ("Beep, bleep", 0.5),
        ("Speech", 0.25),
    ]
    assert {(found["label"], found["probability"]) for found in predictions[2:]} == {("Dog", 0.0), ("Fire alarm", 0.0)}


def test_an_empty_filter_is_no_filter(predictor: Predictor, sound: bytes) -> None:
    assert len(ask(predictor, sound, filter=("", ",,"))["predictions"]) == 5


def test_what_we_add_says_who_spoke_and_what_was_done_to_the_sound(predictor: Predictor, sound: bytes) -> None:
    answer = ask(predictor, sound)
    assert answer["model"] == {"name": "fake", "version": "0"}
    assert answer["anonymizer"] == {"method": "none", "mode": "server", "guarantee": {"kind": "none"}}
    assert answer["duration_s"] == 3.0
    assert answer["warnings"] == []


@pytest.mark.parametrize("method", [*anonymizers(), "granular_shuffle+low_pass"])
def test_every_method_answers_under_its_own_name(predictor: Predictor, sound: bytes, method: str) -> None:
    answer = ask(predictor, sound, method=method)
    assert answer["method"] == answer["anonymizer"]["method"] == method
    assert {alert["anonymizer"]["method"] for alert in answer["alerts"]} == {method}


def test_the_tagger_hears_what_the_anonymiser_left(settings: Settings, sound: bytes) -> None:
    heard: list[float] = []

    def listen(waveform: np.ndarray[Any, Any]) -> dict[str, float]:
        heard.append(float(np.abs(waveform).max()))
        return {}

    predictor = Predictor(make_pipeline(settings, FakeTagger(listen)), AudioLimits(), "hall")
    ask(predictor, sound, method="none")
    assert heard == pytest.approx([0.5] * len(heard), abs=1e-3)
    heard.clear()
    ask(predictor, sound, method="dp_noise")
    assert heard
    assert not any(one == pytest.approx(0.5, abs=1e-3) for one in heard)


def test_the_alerts_fit_the_published_schema_and_are_exact(predictor: Predictor, bus: Memory, sound: bytes) -> None:
    answer = predictor.predict(replace(FULL, start_time="1.25", source="kitchen"), lambda: sound)
    (alert,) = answer["alerts"]
    jsonschema.validate(alert, event_schema(), format_checker=jsonschema.FormatChecker())
    assert (alert["phase"], alert["event_class"], alert["mid"]) == ("end", "smoke_alarm", "/m/01y3hg")
    assert alert["score"] == pytest.approx(0.9, abs=1e-6)
    assert (alert["onset_s"], alert["offset_s"]) == (1.25, 3.0)
    assert alert["peak_dbfs"] == -6.0
    assert alert["source"] == {"id": "kitchen", "type": "upload"}
    assert alert["requestor_id"] == FULL.requestor_id
    assert alert["requestor_type"] == FULL.requestor_type
    assert alert["request_id"] == FULL.request_id
    assert (alert["onset"], alert["offset"]) == (None, None)


def test_the_bus_gets_the_same_alert_rounded(settings: Settings, sound: bytes) -> None:
    bus = Memory()
    tagger = FakeTagger.always({"Smoke detector, smoke alarm": 0.8765})
    predictor = Predictor(make_pipeline(settings, tagger, [bus]), AudioLimits(), "hall")
    (alert,) = ask(predictor, sound, start_time="1.25")["alerts"]
    assert alert["score"] == pytest.approx(0.8765, abs=1e-6)
    start, end = bus.messages()
    for message in (start, end):
        jsonschema.validate(message, event_schema(), format_checker=jsonschema.FormatChecker())
        assert message["id"] == alert["id"]
        assert message["score"] == 0.9
        assert message["onset_s"] == 1.0
        assert float(message["peak_dbfs"]).is_integer()
        assert "predictions" not in message
    assert (start["phase"], start["offset_s"]) == ("start", None)
    assert (end["phase"], end["offset_s"]) == ("end", 3.0)
    assert end["message_id"] == alert["message_id"]
    assert (start["seq"], end["seq"], alert["seq"]) == (1, 2, 2)


def test_without_a_source_the_alert_is_an_upload_s(predictor: Predictor, sound: bytes) -> None:
    assert ask(predictor, sound)["alerts"][0]["source"] == {"id": "upload", "type": "upload"}


def test_where_nothing_alarming_is_heard_there_is_no_alert(settings: Settings, sound: bytes) -> None:
    bus = Memory()
    predictor = Predictor(make_pipeline(settings, FakeTagger.always({"Speech": 0.9}), [bus]), AudioLimits(), "hall")
    assert ask(predictor, sound)["alerts"] == []
    assert bus.messages() == []


def test_the_threshold_of_the_settings_decides(sound: bytes) -> None:
    tagger = FakeTagger.always({"Gunshot, gunfire": 0.4})
    for threshold, alerts in ((0.4, 1), (0.41, 0)):
        settings = load(alerts={"enabled": ["gunshot"], "thresholds": {"gunshot": threshold}})
        predictor = Predictor(make_pipeline(settings, tagger), AudioLimits(), "hall")
        assert len(ask(predictor, sound)["alerts"]) == alerts


def test_start_time_leaves_out_the_beginning(predictor: Predictor, sound: bytes) -> None:
    assert ask(predictor, sound, start_time="2.5")["duration_s"] == 0.5


def test_the_whole_clip_is_analysed_and_an_alarm_at_its_end_is_found(settings: Settings, encode: Encode) -> None:
    tagger = FakeTagger(lambda waveform: {"Gunshot, gunfire": 0.9} if np.abs(waveform).max() > 0.5 else {})
    predictor = Predictor(make_pipeline(settings, tagger), AudioLimits(), "hall")
    waveform = np.zeros(32 * 16_000)
    waveform[-8_000] = 0.9
    answer = ask(predictor, encode(waveform))
    assert answer["duration_s"] == 32.0
    assert answer["predictions"][0]["label"] == "Gunshot, gunfire"
    (alert,) = answer["alerts"]
    assert alert["onset_s"] == 31.5, "the window that ends at 32 s is the first to hold it"
    assert alert["offset_s"] == 32.0


def loud_and_quiet(encode: Encode) -> bytes:
    """20 s of quiet sound that is loud from 6 to 8 s."""
    waveform = np.full(320_000, 0.01)
    waveform[96_000:128_000] = 0.5
    waveform[1::2] *= -1
    return encode(waveform, subtype="FLOAT")


@pytest.fixture
def bangs(settings: Settings) -> Predictor:
    """Hears gunshots in what is loud, else talk."""

    def hear(piece: np.ndarray[Any, Any]) -> dict[str, float]:
        is_loud = float((np.abs(piece) > 0.1).sum()) >= 8_000
        return {"Gunshot, gunfire": 0.9, "Speech": 0.4} if is_loud else {"Speech": 0.4}

    return Predictor(make_pipeline(settings, FakeTagger(hear)), AudioLimits(), "hall")


class TestMore:
    def test_nothing_more_is_told_unless_asked_for(self, bangs: Predictor, encode: Encode) -> None:
        for no in (None, "", "0", "off"):
            answer = ask(bangs, loud_and_quiet(encode), timeline=no, surges=no, explain=no)
            assert {"timeline", "surges", "explanations"} & set(answer) == set()

    def test_the_timeline_says_what_was_heard_when_by_onset(self, bangs: Predictor, encode: Encode) -> None:
        answer = ask(bangs, loud_and_quiet(encode), timeline="1", start_time="2")
        assert answer["timeline"] == [
            {"label_id": "/m/09x0r", "label": "Speech", "onset_s": 2.0, "offset_s": 20.0, "score": 0.4},
            {"label_id": "/m/032s66", "label": "Gunshot, gunfire", "onset_s": 6.0, "offset_s": 8.0, "score": 0.9},
        ]

    def test_surges_say_where_it_was_suddenly_loud(self, bangs: Predictor, encode: Encode) -> None:
        (surge,) = ask(bangs, loud_and_quiet(encode), surges="yes")["surges"]
        assert surge == {
            "onset_s": 6.0,
            "offset_s": 8.0,
            "peak_s": pytest.approx(7.0, abs=1.0),
            "peak_dbfs": -6.0,
            "background_dbfs": -40.0,
            "prominence_db": 34.0,
            "attack_s": 0.05,
            "label_id": "/m/032s66",
            "label": "Gunshot, gunfire",
            "probability": 0.9,
        }

    def test_each_alert_class_is_explained_in_one_sentence(self, bangs: Predictor, encode: Encode) -> None:
        explained = ask(bangs, loud_and_quiet(encode), explain="true")["explanations"]
        by_class = {one["event_class"]: one for one in explained}
        assert list(by_class) == [alert.name for alert in ALERT_CLASSES if alert.enabled]
        assert by_class["gunshot"]["reason"] == "alert"
        assert by_class["gunshot"]["threshold"] == 0.1
        assert by_class["gunshot"]["at_s"] == 6.5
        assert by_class["scream"]["reason"] == "quiet"
        for name, one in by_class.items():
            assert one["sentence"].startswith(f"{name}: ")
            assert set(one) == {"event_class", "reason", "score", "threshold", "at_s", "sentence"}

    def test_a_named_source_is_explained_in_times_of_the_file_too(self, bangs: Predictor, encode: Encode) -> None:
        explained = ask(bangs, loud_and_quiet(encode), explain="1", source="kitchen")["explanations"]
        assert all(0 < one["at_s"] <= 20 for one in explained)

    def test_times_of_moved_sound_come_with_a_warning(self, bangs: Predictor, encode: Encode) -> None:
        sound = loud_and_quiet(encode)
        for more in ({"timeline": "1"}, {"surges": "1"}):
            assert any("moved sound" in text for text in ask(bangs, sound, method="scrample", **more)["warnings"])
            assert not any("moved sound" in text for text in ask(bangs, sound, **more)["warnings"])

    def test_it_is_json(self, bangs: Predictor, encode: Encode) -> None:
        answer = ask(bangs, loud_and_quiet(encode), timeline="1", surges="1", explain="1")
        assert json.loads(json.dumps(answer, allow_nan=False)) == answer


class TestSource:
    def test_cool_downs_go_on_only_where_the_source_is_named(self, predictor: Predictor, sound: bytes) -> None:
        assert [len(ask(predictor, sound)["alerts"]) for _ in range(2)] == [1, 1]
        assert [len(ask(predictor, sound, source="kitchen")["alerts"]) for _ in range(2)] == [1, 0]
        assert len(ask(predictor, sound, source="hall")["alerts"]) == 1
        assert len(ask(predictor, sound)["alerts"]) == 1


def test_what_the_decoder_found_strange_is_told(predictor: Predictor, sound: bytes) -> None:
    (warning,) = ask(predictor, sound[:-4_000])["warnings"]
    assert "analysed as far as it goes" in warning


def test_the_length_of_each_clip_is_reported(pipeline: Any, sound: bytes) -> None:
    lengths: list[float] = []
    predictor = Predictor(pipeline, AudioLimits(), "hall", lengths.append)
    ask(predictor, sound, start_time="1")
    with pytest.raises(BadAudio):
        ask(predictor, b"no sound")
    assert lengths == [2.0]


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"audio_file": "a/b"}, InvalidId),
        ({"requestor_id": "a\nb"}, InvalidId),
        ({"requestor_type": ""}, InvalidId),
        ({"request_id": "x" * 65}, InvalidId),
        ({"source": "\x1b[31m"}, InvalidId),
        ({"method": "blur"}, UnknownMethod),
        ({"method": ""}, UnknownMethod),
        ({"method": "None"}, UnknownMethod),
        ({"start_time": "soon"}, InvalidStartTime),
        ({"filter": ("Nothing",)}, UnknownLabels),
        ({"timeline": "maybe"}, InvalidParameter),
        ({"surges": "2"}, InvalidParameter),
        ({"explain": "why"}, InvalidParameter),
    ],
)
def test_a_wrong_request_is_refused_before_its_sound_is_touched(
    predictor: Predictor, asked: dict[str, Any], refusal: type[BadRequest]
) -> None:
    def untouched() -> bytes:
        raise AssertionError("the sound was read")

    with pytest.raises(refusal):
        predictor.predict(PredictRequest(**asked), untouched)


def test_an_unknown_method_lists_the_known_ones(predictor: Predictor, sound: bytes) -> None:
    with pytest.raises(UnknownMethod, match=re.escape(f"known methods: {', '.join(anonymizers())}")):
        ask(predictor, sound, method="blur")


@pytest.mark.parametrize("start_time", ["3", "3.0001", "-0.001", "nan", "inf", "-inf", "1e400"])
def test_a_start_time_outside_the_clip_is_refused(predictor: Predictor, sound: bytes, start_time: str) -> None:
    with pytest.raises(InvalidStartTime, match=r"^Invalid start time: value outside audio clip$"):
        ask(predictor, sound, start_time=start_time)


def test_the_limits_are_those_it_was_made_with(pipeline: Any, sound: bytes) -> None:
    with pytest.raises(AudioTooLong, match="at most 2 s"):
        ask(Predictor(pipeline, AudioLimits(max_duration_s=2.0), "hall"), sound)


def test_a_refused_sound_leaves_nothing_on_the_bus(predictor: Predictor, bus: Memory, sound: bytes) -> None:
    with pytest.raises(BadAudio):
        ask(predictor, b"RIFF")
    with pytest.raises(InvalidStartTime):
        ask(predictor, sound, start_time="4")
    assert bus.messages() == []
