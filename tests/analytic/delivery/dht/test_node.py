# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import contextlib
import math
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from analytic.delivery.dht.frames import REQUESTS, Push
from analytic.delivery.dht.node import Node as Connection
from analytic.delivery.dht.node import Post, open_node
from analytic.delivery.pump import Unreachable
from tests.dht_node import MOST_WAITING, Node

TOPIC = "T"


@pytest.fixture
def connection(node: Node) -> Iterator[Connection]:
    made = open_node(node.url)
    yield made
    made.close()


def posts(count: int) -> list[Post]:
    return [Post(TOPIC, f"{index:04}", {"index": index}) for index in range(count)]


def until_it_fails(indexes: Iterator[int]) -> list[int]:
    done = []
    with contextlib.suppress(Unreachable):
        for index in indexes:
            done.append(index)  # noqa: PERF402 - what comes before the failure counts
        pytest.fail("it did not fail")
    return done


class TestPosting:
    def test_each_is_kept_when_its_index_comes(self, node: Node, connection: Connection) -> None:
        for index in connection.post(posts(30)):
            assert node.values(TOPIC)[f"{index:04}"] == {"index": index}
        assert len(node.values(TOPIC)) == 30

    def test_none_deletes(self, node: Node, connection: Connection) -> None:
        node.publish(TOPIC, "a", 1)
        assert list(connection.post([Post(TOPIC, "a", None), Post(TOPIC, "never there", None)])) == [0, 1]
        assert node.values(TOPIC) == {}

    def test_what_comes_after_a_deletion_stays(self, node: Node, connection: Connection) -> None:
        assert list(connection.post([Post(TOPIC, "a", 1), Post(TOPIC, "a", None), Post(TOPIC, "a", 2)])) == [0, 1, 2]
        assert node.values(TOPIC) == {"a": 2}

    def test_no_more_are_under_way_than_the_node_can_hold(self, node: Node, connection: Connection) -> None:
        node.pause()
        done: list[int] = []
        thread = threading.Thread(target=lambda: done.extend(connection.post(posts(10 * MOST_WAITING))))
        thread.start()
        thread.join(timeout=0.2)  # long enough for all of them, if nothing held them back
        node.resume()
        thread.join()
        assert done == list(range(10 * MOST_WAITING))
        assert node.malformed == []

    @pytest.mark.parametrize(
        "answer",
        [None, {}, [], "yes", {"value": 1}, {"value": {"index": "0"}}, {"value": {"index": 0, "more": 1}}, True],
        ids=repr,
    )
    def test_another_answer_than_the_value_is_no_confirmation(
        self, node: Node, connection: Connection, answer: Any
    ) -> None:
        node.answer_with = lambda _found: answer
        with pytest.raises(Unreachable, match="does not keep"):
            list(connection.post(posts(1)))

    @pytest.mark.parametrize("answer", [None, [], "gone", {"value": 1}], ids=repr)
    def test_another_answer_than_nothing_is_no_confirmation_of_a_deletion(
        self, node: Node, connection: Connection, answer: Any
    ) -> None:
        node.answer_with = lambda _found: answer
        with pytest.raises(Unreachable, match="does not keep"):
            list(connection.post([Post(TOPIC, "a", None)]))

    def test_the_last_digit_of_a_fraction_may_change(self, node: Node, connection: Connection) -> None:
        score = 0.8734567891234567

        def hurry(found: Any) -> Any:
            return {**found, "value": {**found["value"], "scores": [math.nextafter(score, 1)]}}

        node.answer_with = hurry
        assert list(connection.post([Post(TOPIC, "a", {"scores": [score]})])) == [0]
        with pytest.raises(Unreachable):
            list(connection.post([Post(TOPIC, "a", {"scores": [0.87]})]))

    def test_half_a_character_is_replaced_and_confirmed(self, node: Node, connection: Connection) -> None:
        assert list(connection.post([Post(TOPIC, "a", {"name": "\ud800"})])) == [0]
        assert node.values(TOPIC) == {"a": {"name": "\N{REPLACEMENT CHARACTER}"}}

    def test_what_was_confirmed_before_the_node_hung_up_is_told(self, node: Node, connection: Connection) -> None:
        node.drop_after(2 * 10)
        done = until_it_fails(connection.post(posts(30)))
        assert done[:8] == list(range(8))
        assert len(done) <= 10
        assert len(node.values(TOPIC)) == 10

    def test_a_node_that_says_nothing_is_given_up(self, node: Node, connection: Connection, impatient: None) -> None:
        node.pause()
        with pytest.raises(Unreachable, match=r"does not answer within 0\.1 s"):
            list(connection.post(posts(1)))
        node.resume()

    def test_pushes_are_no_answers(self, node: Node, connection: Connection, impatient: None) -> None:
        node.pause()
        for index in range(20):
            node.tell({"Volatile": {"value": index}})
            node.tell({"Nonsense": index})
            node.publish("Other", "a", index)
        with pytest.raises(Unreachable, match="does not answer"):
            list(connection.post(posts(1)))
        node.resume()


class TestAsking:
    def test_a_value_is_found_or_none(self, node: Node, connection: Connection) -> None:
        node.publish(TOPIC, "a", {"b": 1})
        assert connection.value(TOPIC, "a") == {"b": 1}
        assert connection.value(TOPIC, "c") is None
        node.answer_with = lambda _found: ["nonsense"]
        assert connection.value(TOPIC, "a") is None

    def test_a_topic_is_listed(self, node: Node, connection: Connection) -> None:
        node.publish(TOPIC, "a", 1)
        node.publish(TOPIC, "b", [2])
        assert connection.topic(TOPIC) == [Push(TOPIC, "a", 1, deleted=False), Push(TOPIC, "b", [2], deleted=False)]
        assert connection.topic("U") == []

    def test_of_all_that_is_pushed_only_requests_are_kept(self, node: Node, connection: Connection) -> None:
        node.publish(TOPIC, "a", 1)
        node.publish(REQUESTS, "r", {"audio_file": "a.wav"})
        list(connection.post(posts(20)))
        node.delete(REQUESTS, "r")
        assert connection.value(TOPIC, "a") == 1  # by now all of it has come
        assert connection.pushes() == [
            Push(REQUESTS, "r", {"audio_file": "a.wav"}, deleted=False),
            Push(REQUESTS, "r", None, deleted=True),
        ]
        assert connection.pushes() == []

    def test_a_flood_of_requests_does_not_fill_the_memory(self, node: Node, connection: Connection) -> None:
        for index in range(1200):
            node.publish(REQUESTS, str(index), index)
            if index % 100 == 0:
                connection.value(TOPIC, "a")
        connection.value(TOPIC, "a")
        assert [push.value for push in connection.pushes()] == list(range(200, 1200))


class TestConnecting:
    def test_a_node_that_is_away_is_unreachable(self, node: Node) -> None:
        node.stop()
        with pytest.raises(Unreachable, match="refused"):
            open_node(node.url)

    @pytest.mark.parametrize("path", ["", "/get_all", "/nothing"])
    def test_an_address_without_a_websocket_is_unreachable(self, node: Node, path: str) -> None:
        with pytest.raises(Unreachable, match="reject"):
            open_node(node.url.removesuffix("/ws") + path)

    def test_a_port_where_nobody_answers_is_unreachable(self, impatient: None) -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as silent,
            pytest.raises(Unreachable, match="timed out"),
        ):
            open_node(f"ws://127.0.0.1:{silent.getsockname()[1]}/ws")

    @pytest.mark.parametrize("url", ["http://127.0.0.1/ws", "ws://", "nonsense"])
    def test_what_is_no_address_is_unreachable(self, url: str) -> None:
        with pytest.raises(Unreachable):
            open_node(url)

    def test_a_connection_that_broke_says_so_at_every_call(self, node: Node, connection: Connection) -> None:
        node.drop()
        with pytest.raises(Unreachable):
            connection.topic(TOPIC)
        with pytest.raises(Unreachable):
            connection.pushes()
        with pytest.raises(Unreachable):
            list(connection.post(posts(1)))
