# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One connection to a node of the DHT.

The node acknowledges nothing that is posted. So each key is asked for after it was posted: the node answers in order,
and what it answers is what it keeps.
"""

from __future__ import annotations

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


class Post(NamedTuple):
    """A value to publish under a key; a value of None deletes the key."""

    topic_name: str
    topic_uuid: str
    value: Any


class Node:
    """A connection; made by `open_node`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._pushes: deque[frames.Push] = deque()

    def post(self, posts: Sequence[Post]) -> Iterator[int]:
        """Publish values; yield the index of each, in order, once the node has shown that it keeps it.

        Raises
        ------
        Unreachable
            The connection broke, or the node does not keep what is posted.
        """
        for one in posts:
            if one.value is None:
                self._send(frames.delete(one.topic_name, one.topic_uuid))
            else:
                self._send(frames.post(one.topic_name, one.topic_uuid, one.value))
                self._send(frames.get(one.topic_name, one.topic_uuid))
        for index, one in enumerate(posts):
            if one.value is not None and not _holds(self._answer(), one.value):
                raise Unreachable(f"the node does not keep what is posted under {one.topic_uuid}")
            yield index

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
        """Return what others have published since the last time.

        Raises
        ------
        Unreachable
            The connection broke.
        """
        while (frame := self._receive(0.0)) is not None:
            if isinstance(frame, frames.Push):
                self._pushes.append(frame)
        found = list(self._pushes)
        self._pushes.clear()
        return found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _answer(self) -> Any:
        until = time.monotonic() + _PATIENCE_S
        while (left := until - time.monotonic()) > 0:
            frame = self._receive(left)
            if isinstance(frame, frames.Answer):
                return frame.value
            if isinstance(frame, frames.Push):
                self._pushes.append(frame)
        raise Unreachable(f"the node does not answer within {_PATIENCE_S:g} s")

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
    """Tell whether the node's answer is the value: bare, or with its key."""
    return bool(found == value or (isinstance(found, dict) and found.get("value") == value))
