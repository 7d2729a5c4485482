# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The stand-in for a DHT node does what the contract says of the node."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.dht_node import MOST_WAITING, Node

WAIT_S = 10
POST: dict[str, Any] = {"topic_name": "Light", "topic_uuid": "one", "value": {"on": True}}


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def url(node: Node) -> str:
    return node.url


@pytest.fixture
def client(url: str) -> Iterator[ClientConnection]:
    with connect(url, close_timeout=1) as connection:
        yield connection


def say(client: ClientConnection, frame: Any) -> None:
    client.send(json.dumps(frame))


def hear(client: ClientConnection) -> Any:
    return json.loads(client.recv(timeout=WAIT_S))


def ask(client: ClientConnection, frame: Any) -> Any:
    say(client, frame)
    return hear(client)


def pushed(**changes: Any) -> dict[str, Any]:
    return {"Persistent": {**POST, "deleted": False, **changes}}


class TestWebsocket:
    def test_a_post_is_not_answered_and_everybody_is_told_also_who_posted(
        self, client: ClientConnection, url: str
    ) -> None:
        with connect(url) as other:
            assert ask(other, "RequestGetAll") == {"Response": {"value": []}}  # it is there
            say(client, {"RequestPostTopicUUID": POST})
            assert [hear(client), hear(other)] == [pushed(), pushed()]
            assert ask(client, "RequestGetAll") == {"Response": {"value": [POST]}}

    def test_a_key_is_answered_with_its_names_and_a_missing_one_with_nothing(
        self, node: Node, client: ClientConnection
    ) -> None:
        question = {"RequestGetTopicUUID": {"topic_name": "Light", "topic_uuid": "one"}}
        assert ask(client, question) == {"Response": {"value": {}}}
        node.publish(*POST.values())
        assert hear(client) == pushed()
        assert ask(client, question) == {"Response": {"value": POST}}

    def test_a_topic_is_answered_with_a_list_and_a_missing_one_with_an_empty_list(
        self, node: Node, client: ClientConnection
    ) -> None:
        node.publish("Light", "two", 2)
        node.publish(*POST.values())
        node.publish("Door", "one", "open")
        found = _answers(client, {"RequestGetTopicName": {"topic_name": "Light"}})
        assert found == [POST, {"topic_name": "Light", "topic_uuid": "two", "value": 2}]
        assert _answers(client, {"RequestGetTopicName": {"topic_name": "Window"}}) == []
        assert len(_answers(client, "RequestGetAll")) == 3

    def test_a_deleted_key_is_gone_and_everybody_is_told(self, client: ClientConnection) -> None:
        say(client, {"RequestPostTopicUUID": POST})
        say(client, {"RequestDeleteTopicUUID": {"topic_name": "Light", "topic_uuid": "one"}})
        assert [hear(client), hear(client)] == [pushed(), pushed(value=None, deleted=True)]
        assert ask(client, "RequestGetAll") == {"Response": {"value": []}}

    def test_what_is_volatile_is_told_and_not_kept(self, client: ClientConnection) -> None:
        assert ask(client, {"RequestPubMessage": {"value": [1]}}) == {"Volatile": {"value": [1]}}
        assert ask(client, "RequestGetAll") == {"Response": {"value": []}}

    @pytest.mark.parametrize(
        "frame",
        [
            "",
            "{",
            "null",
            "[]",
            '"RequestGetEverything"',
            '{"RequestGetTopicName":{}}',
            '{"RequestGetTopicName":{"topic_name":1}}',
            '{"RequestPostTopicUUID":{"topic_name":"a","topic_uuid":"b"}}',
            '{"RequestPubMessage":{"value":NaN}}',
            '{"RequestPubMessage":{"value":"\\ud800"}}',
            '{"RequestGetTopicName":{"topic_name":"a"},"RequestGetAll":{}}',
        ],
    )
    def test_a_frame_that_is_none_ends_that_connection_alone(
        self, node: Node, client: ClientConnection, url: str, frame: str
    ) -> None:
        with connect(url) as other:
            client.send(frame)
            with pytest.raises(ConnectionClosed) as caught:
                client.recv(timeout=WAIT_S)
            assert caught.value.rcvd is None  # without a word
            assert ask(other, "RequestGetAll") == {"Response": {"value": []}}
        assert node.malformed == [frame]

    def test_too_many_frames_at_once_end_the_connection(self, node: Node, client: ClientConnection) -> None:
        node.pause()
        for _ in range(2 * MOST_WAITING + 2):  # the first are read before the pause counts
            say(client, "RequestGetAll")
        node.resume()
        with pytest.raises(ConnectionClosed):
            list(client)
        assert len(node.malformed) == 1

    def test_of_a_key_the_newest_is_kept_by_the_time_of_its_publication(self, node: Node) -> None:
        node.publish("Light", "one", "new", published_ms=2000)
        node.publish("Light", "one", "late", published_ms=1000)
        node.publish("Light", "one", "as new", published_ms=2000)
        assert node.values("Light") == {"one": "new"}
        node.publish("Light", "one", None, deleted=True, published_ms=3000)
        node.publish("Light", "one", "late again", published_ms=2500)
        assert node.values("Light") == {}


class TestRest:
    def test_values_are_posted_listed_read_and_deleted(self, url: str) -> None:
        root = url.replace("ws://", "http://").removesuffix("/ws")
        key = f"{root}/topic_name/A%20lamp/topic_uuid/a%2Fb"
        kept = {"topic_name": "A lamp", "topic_uuid": "a/b", "value": {"on": 1}}
        assert requests.post(key, json={"on": 1}, timeout=WAIT_S).json() == {"on": 1}
        assert requests.get(key, timeout=WAIT_S).json() == kept
        assert requests.get(f"{root}/topic_name/A%20lamp", timeout=WAIT_S).json() == [kept]
        assert requests.get(f"{root}/get_all", timeout=WAIT_S).json() == [kept]
        assert requests.delete(key, timeout=WAIT_S).json() == {}
        assert requests.get(key, timeout=WAIT_S).json() == {}
        assert requests.get(f"{root}/topic_name/A%20lamp", timeout=WAIT_S).json() == []

    def test_clients_of_the_websocket_are_told(self, client: ClientConnection, url: str) -> None:
        root = url.replace("ws://", "http://").removesuffix("/ws")
        requests.post(f"{root}/topic_name/Light/topic_uuid/one", json=POST["value"], timeout=WAIT_S)
        requests.post(f"{root}/pub", json="hello", timeout=WAIT_S)
        requests.delete(f"{root}/topic_name/Light/topic_uuid/one", timeout=WAIT_S)
        told = [hear(client) for _ in range(3)]
        assert told == [pushed(), {"Volatile": {"value": "hello"}}, pushed(value=None, deleted=True)]

    def test_another_address_is_404_and_a_body_that_is_no_json_400(self, url: str) -> None:
        root = url.replace("ws://", "http://").removesuffix("/ws")
        assert requests.get(f"{root}/topics", timeout=WAIT_S).status_code == 404
        assert requests.post(f"{root}/pub", data="{", timeout=WAIT_S).status_code == 400


class TestFaults:
    def test_it_takes_hundreds_of_connections(self, node: Node, url: str) -> None:
        for _ in range(250):
            with connect(url, close_timeout=1) as one:
                assert ask(one, "RequestGetAll") == {"Response": {"value": []}}
        assert node.connects == 250

    def test_while_it_pauses_nothing_is_answered_and_then_all_is(self, node: Node, client: ClientConnection) -> None:
        node.pause()
        say(client, "RequestGetAll")
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.05)
        node.resume()
        assert hear(client) == {"Response": {"value": []}}

    def test_it_hangs_up_and_takes_who_comes_back(self, node: Node, client: ClientConnection, url: str) -> None:
        node.drop()
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=WAIT_S)
        with connect(url) as again:
            assert ask(again, "RequestGetAll") == {"Response": {"value": []}}

    def test_it_hangs_up_after_so_many_frames_once(self, node: Node, client: ClientConnection, url: str) -> None:
        node.drop_after(1)
        assert ask(client, "RequestGetAll") == {"Response": {"value": []}}
        say(client, "RequestGetAll")
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=WAIT_S)
        with connect(url) as again:
            assert ask(again, "RequestGetAll") == {"Response": {"value": []}}

    def test_it_starts_again_at_the_same_address_with_what_it_kept_or_without(self, node: Node, url: str) -> None:
        node.publish(*POST.values())
        node.stop()
        with pytest.raises(OSError, match="refused"):
            connect(url)
        assert node.start() == url
        assert node.values("Light") == {"one": {"on": True}}
        node.forget()
        assert node.values("Light") == {}

    def test_it_runs_by_itself(self) -> None:
        with subprocess.Popen(
            [sys.executable, "-m", "tests.dht_node", "--port", "0"], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                with connect(process.stdout.readline().removeprefix("ready ").strip()) as client:
                    assert ask(client, "RequestGetAll") == {"Response": {"value": []}}
            finally:
                process.terminate()


def _answers(client: ClientConnection, question: Any) -> Any:
    """Ask, and read over what is pushed before the answer."""
    say(client, question)
    while "Response" not in (frame := hear(client)):
        pass
    return frame["Response"]["value"]
