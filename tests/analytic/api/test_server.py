# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from flask import Flask, request
from flask.typing import ResponseReturnValue

from analytic.api.server import HttpServer

MakeServer = Callable[..., HttpServer]


class Gate:
    """A handler that has begun waits here until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def app(self) -> Flask:
        app = Flask("gate")

        @app.get("/slow")
        def slow() -> ResponseReturnValue:
            self.begun.set()
            assert self.go_on.wait(10)
            return "finished"

        @app.get("/large")
        def large() -> ResponseReturnValue:
            return bytes(5_000_000)

        @app.post("/length")
        def length() -> ResponseReturnValue:
            return str(len(request.get_data()))

        @app.get("/")
        def quick() -> ResponseReturnValue:
            return "quick"

        return app


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def make_server() -> Iterator[MakeServer]:
    made: list[HttpServer] = []

    def make(port: int = 0, max_body_bytes: int = 1_000_000, max_connections: int = 32) -> HttpServer:
        server = HttpServer(
            "127.0.0.1", port, threads=2, max_connections=max_connections, max_body_bytes=max_body_bytes
        )
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()


def url(server: HttpServer, path: str = "/") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


class Asking(threading.Thread):
    """Asks in a thread of its own; `answer` waits for what came back."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self._answer: requests.Response | Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._answer = requests.get(self._address, timeout=10)
        except requests.RequestException as error:
            self._answer = error

    def answer(self) -> requests.Response:
        self.join(15)
        if isinstance(self._answer, Exception):
            raise self._answer
        assert self._answer is not None
        return self._answer


def test_port_0_takes_a_free_one(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    assert server.port > 0
    server.start(gate.app())
    assert requests.get(url(server), timeout=5).text == "quick"


def test_a_taken_port_is_an_os_error(make_server: MakeServer) -> None:
    first = make_server()
    with pytest.raises(OSError, match="in use"):
        make_server(first.port)


def test_it_runs_from_start_to_stop(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    seen = [server.running]
    server.start(gate.app())
    seen.append(server.running)
    server.stop()
    seen.append(server.running)
    assert seen == [False, True, False]


def test_after_stop_the_port_is_free_again(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    requests.get(url(server), timeout=5)
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(url(server), timeout=5)
    again = make_server(server.port)
    again.start(gate.app())
    assert requests.get(url(again), timeout=5).text == "quick"


def test_a_server_that_never_started_gives_its_port_back(make_server: MakeServer) -> None:
    server = make_server()
    server.stop()
    make_server(server.port)


def test_stopping_twice_is_harmless(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    server.stop()
    server.stop()
    assert not server.running


def test_stop_finishes_a_request_that_has_begun(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    asking = Asking(url(server, "/slow"))
    assert gate.begun.wait(10)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    gate.go_on.set()
    assert asking.answer().text == "finished"
    stopping.join(10)
    assert not stopping.is_alive()


def test_stop_takes_nothing_new_while_it_waits(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    asking = Asking(url(server, "/slow"))
    assert gate.begun.wait(10)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    until = time.monotonic() + 5
    refused = False
    while not refused and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except ConnectionRefusedError:
            refused = True
        except ConnectionResetError:  # it was in the queue when the queue was closed
            continue
    gate.go_on.set()
    assert refused
    assert asking.answer().text == "finished"
    stopping.join(10)


def test_stop_does_not_wait_for_ever(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    asking = Asking(url(server, "/slow"))
    assert gate.begun.wait(10)
    began = time.monotonic()
    server.stop(patience_s=0.2)
    assert time.monotonic() - began < 8
    gate.go_on.set()
    with pytest.raises(requests.ConnectionError):
        asking.answer()


def test_stop_does_not_wait_for_those_who_only_keep_a_connection_open(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    with requests.Session() as session, socket.create_connection(("127.0.0.1", server.port), timeout=5):
        session.get(url(server), timeout=5)
        began = time.monotonic()
        server.stop()
    assert time.monotonic() - began < 4


def test_a_large_answer_arrives_whole(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    assert len(requests.get(url(server, "/large"), timeout=10).content) == 5_000_000


def test_a_body_below_the_limit_arrives_whole(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    assert requests.post(url(server, "/length"), data=bytes(999_999), timeout=10).text == "999999"


@pytest.mark.parametrize("declared", [1_000_001, 200_000_000, 10**18])
def test_a_body_over_the_limit_is_413_before_it_is_sent(make_server: MakeServer, gate: Gate, declared: int) -> None:
    server = make_server()
    server.start(gate.app())
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(f"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: {declared}\r\n\r\n".encode())
        assert client.recv(1_000).split(b"\r\n")[0].split()[1] == b"413"


def test_a_body_of_the_limit_is_accepted(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    answer = requests.post(url(server, "/length"), data=bytes(1_000_000), timeout=10)
    assert (answer.status_code, answer.text) == (200, "1000000")


def test_a_chunked_body_over_the_limit_is_413(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(b"POST /length HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"f4240\r\n" + bytes(1_000_000) + b"\r\n1\r\nx\r\n0\r\n\r\n")
        assert client.recv(1_000).split(b"\r\n")[0].split()[1] == b"413"


def test_it_does_not_tell_what_it_is_made_of(make_server: MakeServer, gate: Gate) -> None:
    server = make_server()
    server.start(gate.app())
    headers = str(requests.get(url(server), timeout=5).headers).casefold()
    assert "hearken" in headers
    assert not any(name in headers for name in ("waitress", "werkzeug", "flask", "python"))


def test_more_connections_than_allowed_wait_and_are_then_answered(make_server: MakeServer, gate: Gate) -> None:
    server = make_server(max_connections=4)
    server.start(gate.app())
    held = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(6)]
    asking = Asking(url(server))
    for connection in held:
        connection.close()
    assert asking.answer().text == "quick"
