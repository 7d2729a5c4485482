# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytic.api.predict import Predictor
from analytic.app import make_pipeline
from analytic.app.parts import make_requests
from analytic.audio.decode import AudioLimits
from analytic.delivery.database import Database
from analytic.delivery.dht import frames
from analytic.delivery.traces import Traces
from analytic.dht.folder import Folder
from analytic.dht.requests import DESCRIPTION, DhtRequest, DhtRequests
from analytic.errors import NotReady, UnknownMethod
from analytic.settings import Settings, load
from model.fake import FakeTagger

WAIT_S = 10.0
WHO = {"requestor_id": "ada", "requestor_type": "person", "request_id": "7", "method": "none"}
ASKED = {"audio_file": "a.wav", **WHO}
Published = tuple[str, Mapping[str, Any], Callable[[], None]]


class Desk:
    """Where requests are answered: analysing is a function that a test may change, what is published is a list."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.published: queue.Queue[Published] = queue.Queue()
        self.heard: list[tuple[DhtRequest, bytes]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.under_way = threading.Event()
        self.fails: Exception | None = None
        self._folder, self._database = folder, database
        self.open()

    def open(self) -> None:
        """Start; again for the service's next life."""
        self.requests = DhtRequests(
            Folder(self._folder, 1000),
            self.analyse,
            lambda *words: self.published.put(words),
            Traces(self._database, "dht-requests"),
        )
        self.requests.start()

    def analyse(self, request: DhtRequest, audio: Callable[[], bytes]) -> Mapping[str, Any]:
        self.heard.append((request, audio()))
        self.under_way.set()
        assert self.gate.wait(WAIT_S)
        if self.fails is not None:
            raise self.fails
        return {
            "status": "ok",
            "predictions": [{"label_id": "/m/02_41", "label": "Fire", "probability": 0.5}],
            "audio_file": None,
            "method": request.method or "none",
            "requestor_id": request.requestor_id,
            "analyzer_id": "hub",
            "analysis_id": "11",
            "alerts": ["not for the DHT"],
            "duration_s": 1.0,
            "warnings": [],
        }

    def next(self, *, kept: bool = True) -> Mapping[str, Any]:
        """The next value that is published; the node keeps it unless told otherwise."""
        _, value, done = self.published.get(timeout=WAIT_S)
        if kept:
            done()
        return value

    def is_idle(self) -> bool:
        """Tell whether nothing more was published, once all that was taken is answered."""
        self.requests.take("last", {"audio_file": "last"})
        return bool(self.next()["audio_file"] == "last")


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database(None)
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Iterator[Desk]:
    (tmp_path / "a.wav").write_bytes(b"sound")
    made = Desk(tmp_path, database)
    yield made
    made.gate.set()
    made.requests.stop()


class TestAnswers:
    def test_a_request_is_answered_in_the_predecessors_form(self, desk: Desk) -> None:
        desk.requests.take("u1", ASKED)
        assert desk.next() == {
            "description": DESCRIPTION,
            **ASKED,
            "analyzer_id": "hub",
            "analysis_id": "11",
            "predictions": [{"label_id": "/m/02_41", "label": "Fire", "probability": 0.5}],
            "status": "ok",
            "warnings": [],
        }
        assert desk.heard == [(DhtRequest("a.wav", "ada", "person", "7", "none"), b"sound")]

    def test_each_answer_has_a_key_of_its_own(self, desk: Desk) -> None:
        for uuid in ("u1", "u2", "u3"):
            desk.requests.take(uuid, ASKED)
        keys = [desk.published.get(timeout=WAIT_S)[0] for _ in range(3)]
        assert len({*keys, "u1", "u2", "u3"}) == 6

    def test_only_the_file_must_be_named(self, desk: Desk) -> None:
        desk.requests.take("u1", {"audio_file": "a.wav", "more": 1})
        answer = desk.next()
        assert (answer["status"], answer["method"], answer["requestor_id"]) == ("ok", "none", None)

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            (None, "a request is an object"),
            ("a.wav", "a request is an object"),
            (["a.wav"], "a request is an object"),
            ({}, "names its audio_file"),
            ({"audio_file": None}, "names its audio_file"),
            ({"audio_file": 7}, "names its audio_file"),
            ({"audio_file": {}}, "names its audio_file"),
            ({**ASKED, "method": 7}, "method is a text, found '7'"),
            ({**ASKED, "request_id": ["7"]}, "request_id is a text"),
            ({**ASKED, "audio_file": "none.wav"}, "audio_file 'none.wav': No such file"),
            ({**ASKED, "audio_file": "../a.wav"}, "audio_file '../a.wav': expected a name"),
            ({**ASKED, "audio_file": "/etc/passwd"}, "expected a name of"),
            ({**ASKED, "audio_file": "\x00\x1b[31m"}, "expected a name of"),
        ],
    )
    def test_one_that_cannot_be_answered_is_told_why_with_what_it_said_of_itself(
        self, desk: Desk, value: Any, said: str
    ) -> None:
        desk.requests.take("u1", value)
        answer = desk.next()
        assert (answer["status"], answer["predictions"]) == ("error", [])
        assert said in answer["message"]
        assert answer["message"].isprintable()
        fields = value if isinstance(value, dict) else {}
        for name in ("audio_file", *WHO):
            found = fields.get(name)
            assert answer[name] == (found if isinstance(found, str) else None)

    def test_what_the_service_refuses_is_told_in_its_words(self, desk: Desk) -> None:
        for error in (UnknownMethod("hide", ["none"]), NotReady("warming up")):
            desk.fails = error
            desk.requests.take(str(error), ASKED)
            answer = desk.next()
            assert (answer["status"], answer["message"], answer["request_id"]) == ("error", str(error), "7")

    @pytest.mark.parametrize("text", ["\ud800", "x" * 1_000_000, "\x00" * 300])
    def test_whatever_is_repeated_can_be_published(self, desk: Desk, text: str) -> None:
        desk.requests.take("u1", {"audio_file": text, **dict.fromkeys(WHO, text)})
        frame = frames.post(frames.RESULTS, "u2", desk.next())
        assert len(frame.encode()) < 20_000

    def test_a_tower_of_brackets_is_left_out(self, desk: Desk) -> None:
        tower: list[Any] = []
        for _ in range(100_000):
            tower = [tower]
        desk.requests.take("u1", {"audio_file": tower})
        while tower:
            tower = tower.pop()
        assert desk.is_idle()


class TestFaults:
    def test_a_pipeline_that_fails_is_told_without_its_words_and_ends_nothing(
        self, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        desk.fails = ZeroDivisionError("secret detail")
        desk.requests.take("u1", ASKED)
        answer = desk.next()
        assert (answer["status"], answer["message"]) == ("error", "Internal error; the service's log says more")
        assert any("secret detail" in str(record.exc_info) for record in caplog.records)
        desk.fails = None
        desk.requests.take("u2", ASKED)
        assert desk.next()["status"] == "ok"

    def test_nor_does_a_publisher_that_fails(self, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
        failed = threading.Event()

        def broken(*_words: object) -> None:
            failed.set()
            raise RuntimeError("nobody there")

        desk.requests._publish = broken
        desk.requests.take("u1", ASKED)
        assert failed.wait(WAIT_S)
        desk.requests._publish = lambda *words: desk.published.put(words)
        desk.requests.take("u2", ASKED)
        assert desk.next()["status"] == "ok"

    def test_no_log_tells_what_a_request_said(self, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
        desk.requests.take("u1", {**ASKED, "audio_file": "of-ada.wav"})
        desk.next()
        assert "of-ada" not in caplog.text


class TestOnce:
    def test_one_that_was_answered_is_not_answered_again(self, desk: Desk) -> None:
        for _ in range(3):
            desk.requests.take("u1", ASKED)
        assert desk.next()["status"] == "ok"
        for _ in range(3):
            desk.requests.take("u1", dict(reversed(ASKED.items())))
        assert desk.is_idle()
        assert len(desk.heard) == 1

    def test_nor_by_the_next_life_of_the_service(self, desk: Desk) -> None:
        desk.requests.take("u1", ASKED)
        desk.next()
        desk.requests.stop()
        desk.open()
        desk.requests.take("u1", ASKED)
        assert desk.is_idle()

    def test_an_error_counts_as_an_answer(self, desk: Desk) -> None:
        desk.requests.take("u1", {**ASKED, "audio_file": "late.wav"})
        assert desk.next()["status"] == "error"
        desk.requests.take("u1", {**ASKED, "audio_file": "late.wav"})
        assert desk.is_idle()

    def test_the_same_key_with_something_else_asks_something_else(self, desk: Desk) -> None:
        desk.requests.take("u1", ASKED)
        desk.requests.take("u1", {**ASKED, "request_id": "8"})
        assert [desk.next()["request_id"], desk.next()["request_id"]] == ["7", "8"]

    def test_one_whose_answer_the_node_did_not_keep_is_answered_by_the_next_life(self, desk: Desk) -> None:
        desk.requests.take("u1", ASKED)
        desk.next(kept=False)
        desk.requests.take("u1", ASKED)
        assert desk.is_idle()  # it is under way
        desk.requests.stop()
        desk.open()
        desk.requests.take("u1", ASKED)
        assert desk.next()["request_id"] == "7"

    def test_nothing_of_a_request_is_remembered_but_a_hash(self, desk: Desk, database: Database) -> None:
        desk.requests.take("of-ada", ASKED)
        desk.next()
        ((sink, key, event_id, _),) = database.read("SELECT * FROM traces")
        assert (sink, event_id, len(key)) == ("dht-requests", None, 64)


class TestTaking:
    def test_it_returns_at_once_and_requests_are_answered_in_their_order(self, desk: Desk) -> None:
        desk.gate.clear()
        for number in range(20):
            desk.requests.take(f"u{number}", {**ASKED, "request_id": str(number)})
        desk.gate.set()
        assert [desk.next()["request_id"] for _ in range(20)] == [str(number) for number in range(20)]

    def test_a_thousand_wait_and_no_more(self, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
        desk.gate.clear()
        desk.requests.take("first", ASKED)
        assert desk.under_way.wait(WAIT_S)
        for number in range(1002):
            desk.requests.take(f"u{number}", {"audio_file": 7})
        assert caplog.text.count("too many requests wait") == 2
        desk.gate.set()
        for _ in range(1001):
            desk.next()
        assert desk.is_idle()
        desk.requests.take("u1001", {"audio_file": 7})
        assert desk.next()["status"] == "error"


class TestStopping:
    def test_the_one_under_way_is_finished_and_those_that_wait_are_left_for_the_next_life(self, desk: Desk) -> None:
        desk.gate.clear()
        for number in range(500):
            desk.requests.take(f"u{number}", ASKED)
        assert desk.under_way.wait(WAIT_S)
        stopping = threading.Thread(target=desk.requests.stop)
        stopping.start()
        desk.gate.set()
        stopping.join(WAIT_S)
        assert not stopping.is_alive()
        assert len(desk.heard) == desk.published.qsize() == 1
        desk.next()
        desk.open()
        for number in range(3):
            desk.requests.take(f"u{number}", ASKED)
        assert [desk.next()["status"], desk.next()["status"]] == ["ok", "ok"]
        assert desk.is_idle()

    def test_stopping_twice_or_before_the_start_does_no_harm(self, desk: Desk, tmp_path: Path) -> None:
        desk.requests.stop()
        desk.requests.stop()
        never = DhtRequests(Folder(tmp_path, 1), desk.analyse, lambda *_: None, Traces(Database(None), "x"))
        never.stop()

    def test_what_comes_afterwards_is_left_out(self, desk: Desk) -> None:
        desk.requests.stop()
        desk.requests.take("u1", ASKED)
        assert desk.published.empty()


class Publisher:
    """What `make_requests` needs of the delivery."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.answers: queue.Queue[Mapping[str, Any]] = queue.Queue()

    def answer(self, _uuid: str, value: Mapping[str, Any], kept: Callable[[], None]) -> None:
        kept()
        self.answers.put(value)

    def traces(self, sink: str) -> Traces:
        return Traces(self._database, sink)


class TestTheServicesOwn:
    def make(self, settings: Settings, tagger: FakeTagger, publisher: Publisher) -> DhtRequests | None:
        predictor = Predictor(make_pipeline(settings, tagger), AudioLimits(), "hub")
        return make_requests(settings, predictor, publisher)  # type: ignore[arg-type]

    def test_without_the_setting_there_is_none(
        self, settings: Settings, alarm_tagger: FakeTagger, database: Database
    ) -> None:
        assert self.make(settings, alarm_tagger, Publisher(database)) is None

    def test_it_analyses_the_file_as_the_rest_api_does(
        self, alarm_tagger: FakeTagger, database: Database, tmp_path: Path, encode: Callable[..., bytes]
    ) -> None:
        (tmp_path / "a.wav").write_bytes(encode(np.full(16_000, 0.25)))
        (tmp_path / "b.wav").write_bytes(b"no sound")
        publisher = Publisher(database)
        dht = {"requests": True, "requests_dir": tmp_path, "url": "ws://127.0.0.1:9/ws"}
        requests = self.make(load(dht=dht), alarm_tagger, publisher)
        assert requests is not None
        requests.start()
        try:
            for number, changes in enumerate(
                ({}, {"method": "scrample"}, {"method": "hide"}, {"request_id": "a b"}, {"audio_file": "b.wav"})
            ):
                requests.take(str(number), {**ASKED, **changes})
            good, scrambled, *bad = [publisher.answers.get(timeout=WAIT_S) for _ in range(5)]
        finally:
            requests.stop()
        assert good["predictions"][0]["label"] == "Smoke detector, smoke alarm"
        assert len(good["predictions"]) == 5
        assert (good["status"], good["analyzer_id"], good["audio_file"]) == ("ok", "hub", "a.wav")
        assert scrambled["method"] == "scrample"
        assert [answer["message"].split(":")[0] for answer in bad] == [
            "Unknown method", "Invalid request_id", "Unreadable audio"
        ]  # fmt: skip
        assert json.dumps(good)
