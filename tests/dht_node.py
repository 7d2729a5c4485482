# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A stand-in for a node of the SIFIS-Home DHT: its websocket and its REST side on one port, without the network behind.

What it takes from the node (https://github.com/domo-iot/libp2p-rust-dht): the frames; that nothing but a question is
answered; that a frame which is none ends the connection without a word; that every client, the publisher as well, is
told of every value; that of a key the newest is kept; that no more than 64 frames may wait. Beyond that it can pause,
hang up, forget and lie.

`python -m tests.dht_node --port 3000` runs one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote

from websockets.datastructures import Headers
from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tests.dht_requests import NoRequest, parse, read_json

MOST_WAITING = 64
"""Frames; the node keeps them in a channel of this size, and ends a connection that overtakes it."""


class Stored(NamedTuple):
    """What is kept under a key; deleted ones stay, so that nothing older comes back."""

    value: Any
    published_ms: int
    deleted: bool


class Node:
    """A node; 0 is any free port, the same one at every later start.

    `connects` counts websockets; `received` holds all frames, `malformed` those that ended a connection; `answer_with`
    changes what is answered to questions of one key.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()  # one frame after the other, as in the node
        self._changed = threading.Condition(self._lock)
        self._stored: dict[str, dict[str, Stored]] = {}
        self._frames_left: int | None = None
        self.going = threading.Event()
        self.going.set()
        self.clients: set[_Client] = set()
        self.connects = 0
        self.received: list[str] = []
        self.malformed: list[str] = []
        self.answer_with: Callable[[Any], Any] = lambda value: value

    def start(self) -> str:
        """Listen; return the address of the websocket."""
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.node = self
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="dht-node")
        self._thread.start()
        return self.url

    @property
    def url(self) -> str:
        """The address of the websocket."""
        return f"ws://127.0.0.1:{self._port}/ws"

    def stop(self) -> None:
        """Hang up and close the port; what is kept stays for the next start."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self.going.set()
        self._server.hang_up()
        self._server.server_close()  # waits for the connections' threads
        self._server = None

    def pause(self) -> None:
        """Take connections, and say nothing."""
        self.going.clear()

    def resume(self) -> None:
        self.going.set()

    def drop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.hang_up()

    def drop_after(self, frames: int) -> None:
        """Hang up, once, in place of the frame that comes after so many more."""
        self._frames_left = frames

    def forget(self) -> None:
        with self._lock:
            self._stored.clear()

    def values(self, topic: str) -> dict[str, Any]:
        """What is kept of a topic, by key."""
        with self._lock:
            return {uuid: one.value for uuid, one in sorted(self._stored.get(topic, {}).items()) if not one.deleted}

    def publish(
        self, topic: str, uuid: str, value: Any, *, deleted: bool = False, published_ms: int | None = None
    ) -> None:
        """Keep a value and tell everybody; one with a time is another node's, and must be newer than what is kept."""
        with self._lock:
            of_topic = self._stored.setdefault(topic, {})
            kept = of_topic.get(uuid)
            if published_ms is not None and kept is not None and published_ms <= kept.published_ms:
                return
            of_topic[uuid] = Stored(value, published_ms or time.time_ns() // 1_000_000, deleted)
            self.tell({"Persistent": {"value": value, "topic_name": topic, "topic_uuid": uuid, "deleted": deleted}})

    def delete(self, topic: str, uuid: str) -> None:
        self.publish(topic, uuid, None, deleted=True)

    def tell(self, frame: Any) -> None:
        with self._changed:
            self._changed.notify_all()
            for client in list(self.clients):
                with contextlib.suppress(OSError, WebSocketException):  # it is about to go
                    client.send(frame)

    def admit(self, connection: socket.socket, request: Request) -> _Client:
        """Open a websocket; whoever has the answer to that is told of all that follows."""
        with self._changed:
            client = _Client(connection, request)
            self.clients.add(client)
            self.connects += 1
            self._changed.notify_all()
        return client

    def wait_until(self, true: Callable[[], bool], timeout_s: float = 30) -> None:
        """Wait for something that publishing or connecting makes true."""
        with self._changed:
            assert self._changed.wait_for(true, timeout_s)

    def one(self, topic: str, uuid: str) -> dict[str, Any]:
        with self._lock:
            found = self._stored.get(topic, {}).get(uuid)
        return {} if found is None or found.deleted else _named(topic, uuid, found.value)

    def listed(self, *topics: str) -> list[dict[str, Any]]:
        """All there is, or all of these topics."""
        with self._lock:
            found = {topic: self.values(topic) for topic in topics or sorted(self._stored)}
        return [_named(topic, uuid, value) for topic, values in found.items() for uuid, value in values.items()]

    def take(self, text: str, client: _Client) -> None:
        """Do what a frame asks for."""
        with self._lock:
            if self._frames_left is not None:
                self._frames_left -= 1
                if self._frames_left < 0:
                    self._frames_left = None
                    raise ConnectionAbortedError
            self.received.append(text)
            kind, fields = parse(text)
            if kind == "RequestPostTopicUUID":
                self.publish(*fields)
            elif kind == "RequestDeleteTopicUUID":
                self.delete(*fields)
            elif kind == "RequestPubMessage":
                self.tell({"Volatile": {"value": fields[0]}})
            elif kind == "RequestGetTopicUUID":
                client.send({"Response": {"value": self.answer_with(self.one(*fields))}})
            else:
                client.send({"Response": {"value": self.listed(*fields)}})


def _named(topic: str, uuid: str, value: Any) -> dict[str, Any]:
    return {"topic_name": topic, "topic_uuid": uuid, "value": value}


class _Client:
    """One websocket."""

    def __init__(self, connection: socket.socket, request: Request) -> None:
        self._connection = connection
        self._protocol = ServerProtocol(max_size=None)
        self._lock = threading.Lock()
        self._protocol.receive_data(request.serialize())
        self._protocol.events_received()
        self._protocol.send_response(self._protocol.accept(request))
        self._flush()

    def send(self, frame: Any) -> None:
        with self._lock:
            self._protocol.send_text(json.dumps(frame, ensure_ascii=False).encode())
            self._flush()

    def receive(self) -> list[str] | None:
        """The next texts; None where it is over."""
        data = self._connection.recv(1 << 20)
        with self._lock:
            if not data:
                return None
            self._protocol.receive_data(data)
            self._flush()  # pongs, and the end of a closing handshake
            frames = [one for one in self._protocol.events_received() if isinstance(one, Frame)]
        if any(frame.opcode is Opcode.CLOSE for frame in frames):
            return None
        return [bytes(frame.data).decode() for frame in frames if frame.opcode is Opcode.TEXT]

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._connection.sendall(data)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Any:
        if name in ("do_GET", "do_POST", "do_DELETE"):
            return self._do
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""

    def _do(self) -> None:
        node = self.server.node
        node.going.wait()
        path = [unquote(part) for part in self.path.strip("/").split("/")]
        if path == ["ws"]:
            self._talk(node)
            return
        try:
            found, status = self._found(node, path), HTTPStatus.OK
        except NoRequest:
            found, status = {}, HTTPStatus.BAD_REQUEST
        except LookupError:
            found, status = {}, HTTPStatus.NOT_FOUND
        content = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _found(self, node: Node, path: list[str]) -> Any:
        value = read_json(self.rfile.read(int(self.headers["Content-Length"]))) if self.command == "POST" else None
        match self.command, path:
            case "GET", ["get_all"]:
                return node.listed()
            case "GET", ["topic_name", topic]:
                return node.listed(topic)
            case "GET", ["topic_name", topic, "topic_uuid", uuid]:
                return node.one(topic, uuid)
            case "POST", ["topic_name", topic, "topic_uuid", uuid]:
                node.publish(topic, uuid, value)
            case "DELETE", ["topic_name", topic, "topic_uuid", uuid]:
                node.delete(topic, uuid)
            case "POST", ["pub"]:
                node.tell({"Volatile": {"value": value}})
            case _:
                raise LookupError
        return {} if value is None else value

    def _talk(self, node: Node) -> None:
        self.close_connection = True
        client = node.admit(self.connection, Request(self.path, Headers(self.headers.items())))
        try:
            while (texts := client.receive()) is not None:
                node.going.wait()
                if len(texts) > MOST_WAITING:
                    node.malformed.append(f"{len(texts)} frames at once")
                    return
                for text in texts:
                    node.take(text, client)
        except NoRequest:
            node.malformed.append(node.received[-1])
        finally:
            node.clients.discard(client)


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128
    node: Node

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that ends is no error."""

    def hang_up(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for a node of the SIFIS-Home DHT.")
    parser.add_argument("--port", type=int, default=3000)
    node = Node(parser.parse_args().port)
    print(f"ready {node.start()}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    node.stop()


if __name__ == "__main__":
    main()
