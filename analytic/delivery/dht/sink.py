# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The DHT sink: each message under a key of its own, the newest also under the constant one, and requests taken.

What is older than it need be is deleted from the DHT, and so is an event that is deleted here: its keys are noted. The
constant key may hold another analyser's result: it goes only where it tells of what is deleted.
"""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from analytic.delivery.dht.frames import LATEST, REQUESTS, RESULTS, Push, sendable
from analytic.delivery.dht.node import Node, Post, open_node
from analytic.delivery.traces import Traces
from analytic.events.types import Message, is_event

_LOG = logging.getLogger(__name__)
NAME = "dht"
_DESCRIPTION = "Audio anomaly detected"
_ANSWER = "answer:"
_CLEANED_AT_ONCE = 100


class Result(NamedTuple):
    """An answer to a request: its key, its value, and whom to tell once the node keeps it."""

    topic_uuid: str
    value: Mapping[str, Any]
    kept: Callable[[], None]


class DhtSink:
    """Carries messages to a node.

    Parameters
    ----------
    url
        The node's websocket.
    analyzer_id
        This analyser's name in results.
    traces
        Remembers the keys that were published.
    kept_s
        How long what is published stays, seconds.
    on_request
        Told of each value on the request topic: its key, and the value. None where requests are not taken.
    open_
        Connects to the node.
    """

    name = NAME

    def __init__(
        self,
        url: str,
        analyzer_id: str,
        traces: Traces,
        *,
        kept_s: float = 86_400.0,
        on_request: Callable[[str, Any], None] | None = None,
        open_: Callable[[str], Node] = open_node,
    ) -> None:
        self._url = url
        self._analyzer_id = analyzer_id
        self._traces = traces
        self._kept_s = kept_s
        self._on_request = on_request
        self._open = open_
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._unsent: list[Result] = []
        self._node: Node | None = None

    def answer(self, result: Result) -> None:
        """Have an answer published, soon; may be called from any thread.

        Raises
        ------
        ValueError
            It holds what JSON cannot.
        """
        self._results.put(result._replace(value=sendable(dict(result.value))))

    def deliver(self, messages: Sequence[Message]) -> Iterator[int]:
        """Publish messages; yield each one's number once the node keeps it."""
        node = self._connected()
        with self._dropping():
            # Noted before they are there: what is noted and is not there does no harm, the other way round it stays.
            self._traces.add([(one["message_id"], one["id"] if is_event(one) else None) for one in messages])
            gone = {one["id"] for one in messages if one["phase"] == "deleted"}
            newest = next((one for one in reversed(messages) if is_event(one) and one["id"] not in gone), None)
            latest = _event_in(node.value(RESULTS, LATEST)).get("id") if gone else None
            posts, last = list[Post](), dict[int, int]()
            for message in messages:
                posts += self._posts(message, latest)
                if message is newest:
                    posts.append(Post(RESULTS, LATEST, self._value(message)))
                    latest = None  # from here on it tells of this one
                last[len(posts) - 1] = message["seq"]
            for index in node.post(posts):
                if index in last:
                    yield last[index]

    def tick(self) -> None:
        """Publish answers, take requests, delete what is old."""
        node = self._connected()
        with self._dropping():
            self._publish_answers(node)
            for push in node.pushes():
                self._take(push)
            self._delete_old(node)

    def close(self) -> None:
        """Close the connection."""
        if self._node is not None:
            self._node.close()
            self._node = None

    def _connected(self) -> Node:
        if self._node is None:
            self._node = self._open(self._url)
            if self._on_request is not None:
                with self._dropping():
                    for push in self._node.topic(REQUESTS):  # what was asked while we were away
                        self._take(push)
        return self._node

    @contextlib.contextmanager
    def _dropping(self) -> Iterator[None]:
        """Give the connection up where something goes wrong: what still comes would be taken for later answers."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _posts(self, message: Message, latest: str | None) -> list[Post]:
        """Return what one message does: it is published, and where it deletes an event, that is deleted.

        `latest` is the event that the constant key tells of.
        """
        posts = []
        if message["phase"] == "deleted":
            keys = self._traces.of_event(message["id"]) + [LATEST] * (latest == message["id"])
            posts = [Post(RESULTS, key, None) for key in keys]
        return [*posts, Post(RESULTS, message["message_id"], self._value(message))]

    def _value(self, message: Message) -> dict[str, Any]:
        """Return a message in the form of the results there: the alarm's class alone, never the five highest."""
        value: dict[str, Any] = {"analyzer_id": self._analyzer_id, "event": message}
        if not is_event(message):
            return {"description": f"Audio anomaly {message['phase']}", **value}
        return {
            "description": _DESCRIPTION,
            "requestor_id": message["requestor_id"],
            "requestor_type": message["requestor_type"],
            "request_id": message["request_id"],
            "analysis_id": message["id"],
            "audio_file": None,
            "method": message["anonymizer"]["method"],
            "predictions": [{"label_id": message["mid"], "label": message["label"], "probability": message["score"]}],
            **value,
        }

    def _publish_answers(self, node: Node) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._unsent.append(self._results.get_nowait())
        while self._unsent:
            result = self._unsent[0]
            self._traces.add([(_ANSWER + result.topic_uuid, None)])
            for _ in node.post([Post(RESULTS, key, result.value) for key in (result.topic_uuid, LATEST)]):
                pass
            result.kept()
            del self._unsent[0]

    def _delete_old(self, node: Node) -> None:
        old = self._traces.older_than(self._kept_s, _CLEANED_AT_ONCE)
        if not old:
            return
        keys, latest = [key.removeprefix(_ANSWER) for key in old], node.value(RESULTS, LATEST)
        answers = [key.removeprefix(_ANSWER) for key in old if key.startswith(_ANSWER)]
        if _event_in(latest).get("message_id") in keys or any(latest == node.value(RESULTS, key) for key in answers):
            keys.insert(0, LATEST)
        for _ in node.post([Post(RESULTS, key, None) for key in keys]):
            pass
        self._traces.remove(old)

    def _take(self, push: Push) -> None:
        if self._on_request is None or push.topic_name != REQUESTS or push.deleted:
            return
        self._on_request(push.topic_uuid, push.value)


def _event_in(value: Any) -> dict[str, Any]:
    """Return the event of a result that a node keeps; empty where it has none."""
    event = value.get("event") if isinstance(value, dict) else None
    return event if isinstance(event, dict) else {}
