# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One connection to a node of the DHT.

The node acknowledges nothing that is posted. So each key is asked for after it was posted or deleted: the node answers
in order, and what it answers is what it keeps.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.sync.client import ClientConnection, connect

from analytic.delivery.dht import frames
from analytic.delivery.pump import Unreachable

_PATIENCE_S = 10.0
_MAX_FRAME_BYTES = 64 << 20  # a topic with all its values comes as one frame
_AT_ONCE = 8  # the node's channels hold 32 values and 64 frames of all its clients; where they overflow, it breaks down
_MOST_PUSHES = 1000


class Post(NamedTuple):
    """A value to publish under a key; a value of None deletes the key."""

    topic_name: str
    topic_uuid: str
    value: Any


class Node:
    """A connection; made by `open_node`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._end = contextlib.ExitStack()
        self._connection = self._end.enter_context(connection)
        self._pushes: deque[frames.Push] = deque(maxlen=_MOST_PUSHES)

    def post(self, posts: Sequence[Post]) -> Iterator[int]:
        """Publish values; yield the index of each, in order, once the node has shown that it keeps it.

        Raises
        ------
        Unreachable
            The connection broke, or the node does not keep what is posted.
        """
        for first in range(0, len(posts), _AT_ONCE):
            some = posts[first : first + _AT_ONCE]
            for one in some:
                if one.value is None:
                    self._send(frames.delete(one.topic_name, one.topic_uuid))
                else:
                    self._send(frames.post(one.topic_name, one.topic_uuid, one.value))
                self._send(frames.get(one.topic_name, one.topic_uuid))
            for index, one in enumerate(some, first):
                if not _holds(self._answer(), one.value):
                    raise Unreachable(f"the node does not keep what is done to {one.topic_uuid}")
                yield index

    def value(self, topic_name: str, topic_uuid: str) -> Any:
        """Return the value of a key; None where there is none.

        Raises
        ------
        Unreachable
            The connection broke.
        """
        self._send(frames.get(topic_name, topic_uuid))
        found = self._answer()
        return found.get("value") if isinstance(found, dict) else None

    def topic(self, name: str) -> list[frames.Push]:
        """Return all values of a topic.

        Raises
        ------
        Unreachable
            The connection broke.
        """
        self._send(frames.get_topic(name))
        found = self._answer()
        listed = [frames.push_of(one) for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return [one for one in listed if one is not None]

    def pushes(self) -> list[frames.Push]:
        """Return what was published on the request topic since the last time, the newest where it was very much.

        Raises
        ------
        Unreachable
            The connection broke.
        """
        while (frame := self._receive(0.0)) is not None:
            self._keep(frame)
        found = list(self._pushes)
        self._pushes.clear()
        return found

    def close(self) -> None:
        """Close the connection."""
        self._end.close()

    def _answer(self) -> Any:
        until = time.monotonic() + _PATIENCE_S
        while (left := until - time.monotonic()) > 0:
            frame = self._receive(left)
            if isinstance(frame, frames.Answer):
                return frame.value
            self._keep(frame)
        raise Unreachable(f"the node does not answer within {_PATIENCE_S:g} s")

    def _keep(self, frame: frames.Push | frames.Answer | bool | None) -> None:
        """Keep a request for later; the node also pushes what is ours, and what is others'."""
        if isinstance(frame, frames.Push) and frame.topic_name == frames.REQUESTS:
            self._pushes.append(frame)

    def _send(self, text: str) -> None:
        try:
            self._connection.send(text)
        except ConnectionClosed as error:
            raise Unreachable("the node closed the connection") from error

    def _receive(self, wait_s: float) -> frames.Push | frames.Answer | bool | None:
        """Return a frame; None where none comes in time, True for one that is nothing to us."""
        try:
            return frames.read(self._connection.recv(timeout=wait_s)) or True
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            raise Unreachable("the node closed the connection") from error


def open_node(url: str) -> Node:
    """Connect to a node, such as ``ws://127.0.0.1:3000/ws``.

    Raises
    ------
    Unreachable
        It is not there.
    """
    try:
        return Node(
            connect(
                url,
                open_timeout=_PATIENCE_S,
                close_timeout=2,
                ping_interval=20,
                ping_timeout=20,
                max_size=_MAX_FRAME_BYTES,
                compression=None,
            )
        )
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, ValueError) as error:
        raise Unreachable(f"{url}: {error}") from error


def _holds(found: Any, value: Any) -> bool:
    """Tell whether the node's answer holds the value; for None, whether it holds nothing."""
    if not isinstance(found, dict) or value is None:
        return bool(found == {})
    return _same(found.get("value"), frames.sendable(value))


def _same(found: Any, value: Any) -> bool:
    """Tell whether two JSON values are the same, up to the last digits of fractions: the node reads them in a hurry.

    See ``float_roundtrip`` at https://docs.rs/crate/serde_json/latest/features.
    """
    if isinstance(found, dict) and isinstance(value, dict):
        return found.keys() == value.keys() and all(_same(found[name], value[name]) for name in value)
    if isinstance(found, list) and isinstance(value, list):
        return len(found) == len(value) and all(map(_same, found, value))
    if isinstance(found, float) and isinstance(value, float):
        return math.isclose(found, value, rel_tol=1e-12)
    return type(found) is type(value) and bool(found == value)
