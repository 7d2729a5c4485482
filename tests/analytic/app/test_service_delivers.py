# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Sound goes into the running service; a DHT node and a webhook get the alarms, whatever befalls them."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from numpy.typing import NDArray

from analytic.app import Service
from analytic.delivery.dht.frames import LATEST, REQUESTS, RESULTS
from analytic.delivery.verifying import Verifier
from analytic.settings import Settings, load
from analytic.telemetry import configure_logging
from model.fake import FakeTagger
from tests.analytic.delivery.webhook.receiver import Receiver
from tests.dht_node import Node

WAIT_S = 30
TOKEN = "tk_0123456789secret"
ASKED = {"audio_file": "bell.wav", "requestor_id": "r1", "requestor_type": "NSSD", "request_id": "7", "method": "none"}


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def sound(encode: Callable[..., bytes], noise: NDArray[np.float32]) -> bytes:
    return encode(noise)


@pytest.fixture
def asked_files(tmp_path: Path, sound: bytes) -> Path:
    folder = tmp_path / "asked"
    folder.mkdir()
    (folder / "bell.wav").write_bytes(sound)
    return folder


@pytest.fixture
def settings(node: Node, receiver: Receiver, asked_files: Path) -> Settings:
    return load(
        http={"port": 0},
        bus={"port": 0},
        delivery={"webhooks": {"phone": {"url": f"{receiver.url}/{TOKEN}"}}},
        dht={"url": node.url, "requests": True, "requests_dir": str(asked_files)},
    )


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged, all of it; later, logging is as it was before."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    loggers = [logging.getLogger(name) for name in (None, "websockets", "urllib3")]
    handlers, levels = loggers[0].handlers[:], [one.level for one in loggers]
    configure_logging("DEBUG")
    yield stream
    loggers[0].handlers[:] = handlers
    for one, level in zip(loggers, levels, strict=True):
        one.setLevel(level)


def hear(service: Service, sound: bytes) -> None:
    answer = requests.post(f"{service.http_url}/model/predict", files={"audio": ("f.wav", sound)}, timeout=WAIT_S)
    assert answer.status_code == 200


def on_the_dht(node: Node) -> list[dict[str, Any]]:
    """The messages that a node keeps, by number."""
    values = [value for uuid, value in node.values(RESULTS).items() if uuid != LATEST and "event" in value]
    return sorted((value["event"] for value in values), key=lambda message: int(message["seq"]))


def posted(receiver: Receiver) -> list[dict[str, Any]]:
    """The messages that were posted, by number, each once."""
    found = {message["message_id"]: message for message in (post.json() for post in receiver.taken)}
    return sorted(found.values(), key=lambda message: int(message["seq"]))


def until_both_have(node: Node, receiver: Receiver, count: int) -> list[dict[str, Any]]:
    """Wait until both have so many messages, and see that they are the same."""
    node.wait_until(lambda: len(on_the_dht(node)) >= count)
    receiver.wait_until(lambda: len(posted(receiver)) >= count)
    assert on_the_dht(node) == posted(receiver)
    return posted(receiver)


class TestAlarms:
    def test_an_upload_ends_as_the_same_signed_messages_at_both(
        self, node: Node, receiver: Receiver, service: Service, sound: bytes
    ) -> None:
        hear(service, sound)
        messages = until_both_have(node, receiver, 2)
        assert [message["phase"] for message in messages] == ["start", "end"]
        device = requests.get(f"{service.http_url}/device", timeout=WAIT_S).json()
        verifier = Verifier(device["public_key"])
        assert [verifier.verify(message) for message in messages] == [0, 0]
        node.wait_until(lambda: node.values(RESULTS)[LATEST]["event"]["phase"] == "end")
        assert {post.path for post in receiver.posts} == {f"/{TOKEN}"}

    def test_while_both_are_away_nothing_is_lost(
        self, node: Node, receiver: Receiver, service: Service, sound: bytes
    ) -> None:
        hear(service, sound)
        until_both_have(node, receiver, 2)
        node.stop()
        receiver.stop()
        for _ in range(3):
            hear(service, sound)
        node.start()
        receiver.start()
        messages = until_both_have(node, receiver, 8)
        assert [message["seq"] for message in messages] == list(range(1, 9))

    def test_what_waits_when_the_service_ends_is_delivered_by_the_next_one(
        self, node: Node, receiver: Receiver, settings: Settings, alarm_tagger: FakeTagger, sound: bytes
    ) -> None:
        node.stop()
        receiver.stop()
        first = Service(settings, alarm_tagger)
        first.start()
        hear(first, sound)
        first.stop()
        node.start()
        receiver.start()
        second = Service(settings, alarm_tagger)
        second.start()
        try:
            hear(second, sound)
            messages = until_both_have(node, receiver, 4)
        finally:
            second.stop()
        assert [message["seq"] for message in messages] == [1, 2, 3, 4]
        assert len({message["device"] for message in messages}) == 1

    def test_an_event_that_is_deleted_is_deleted_on_the_dht_and_told_to_the_webhook(
        self, node: Node, receiver: Receiver, service: Service, sound: bytes
    ) -> None:
        hear(service, sound)
        start, _ = until_both_have(node, receiver, 2)
        assert requests.delete(f"{service.http_url}/events/{start['id']}", timeout=WAIT_S).status_code == 200
        receiver.wait_until(lambda: len(posted(receiver)) == 3)
        deletion = posted(receiver)[-1]
        assert (deletion["phase"], deletion["id"]) == ("deleted", start["id"])
        node.wait_until(lambda: set(node.values(RESULTS)) == {deletion["message_id"]})

    def test_no_log_tells_the_address_of_a_webhook(
        self, receiver: Receiver, log: io.StringIO, settings: Settings, alarm_tagger: FakeTagger, sound: bytes
    ) -> None:
        receiver.answers = [503, 302, 400]
        service = Service(settings, alarm_tagger)
        service.start()
        try:
            hear(service, sound)
            receiver.wait_until(lambda: len(posted(receiver)) == 2)
            receiver.stop()
            hear(service, sound)
            receiver.start()
            receiver.wait_until(lambda: len(posted(receiver)) == 4)
        finally:
            service.stop()
        assert "a sink cannot be reached" in log.getvalue()
        assert TOKEN not in log.getvalue()


class TestRequests:
    def test_a_request_is_answered_with_predictions_under_its_own_key_and_the_constant_one(
        self, node: Node, service: Service
    ) -> None:
        node.publish(REQUESTS, "request", ASKED)
        node.wait_until(lambda: len(answers(node)) == 1)
        (answer,) = answers(node)
        assert {name: answer[name] for name in ASKED} == ASKED
        assert answer["predictions"][0] == {
            "label_id": "/m/01y3hg",
            "label": "Smoke detector, smoke alarm",
            "probability": 0.9,
        }
        assert len(answer["predictions"]) == 5
        assert {"description", "analyzer_id", "analysis_id"} <= set(answer)
        node.wait_until(lambda: node.values(RESULTS).get(LATEST) == answer)

    def test_one_that_was_there_before_the_service_is_answered_once_also_after_the_next_start(
        self, node: Node, settings: Settings, alarm_tagger: FakeTagger
    ) -> None:
        node.publish(REQUESTS, "request", ASKED)
        for count, request_id in ((1, "7"), (2, "8")):
            node.publish(REQUESTS, f"request {request_id}", {**ASKED, "request_id": request_id})
            service = Service(settings, alarm_tagger)
            service.start()
            try:
                node.wait_until(lambda count=count: len(answers(node)) >= 1 + count)  # type: ignore[misc]
            finally:
                service.stop()
        assert sorted(answer["request_id"] for answer in answers(node)) == ["7", "7", "8"]

    def test_a_hostile_request_is_answered_with_an_error_and_holds_up_no_other(
        self, node: Node, service: Service
    ) -> None:
        node.publish(REQUESTS, "way out", {**ASKED, "audio_file": "../../../etc/passwd", "request_id": "1"})
        node.publish(REQUESTS, "no file", {**ASKED, "audio_file": "x" * 10_000, "request_id": "\x00"})
        node.publish(REQUESTS, "nonsense", [["what?"]])
        node.publish(REQUESTS, "request", ASKED)
        node.wait_until(lambda: len(answers(node)) == 4)
        assert sum(answer.get("status") == "error" for answer in answers(node)) == 3
        assert [answer["request_id"] for answer in answers(node) if answer["predictions"]] == ["7"]
        assert node.malformed == []


def answers(node: Node) -> list[dict[str, Any]]:
    """The answers to requests that a node keeps."""
    return [value for uuid, value in node.values(RESULTS).items() if uuid != LATEST and "event" not in value]
