# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask, request

from analytic.access import AccessRules
from analytic.api.intake import Budget, parser
from analytic.api.server import HttpServer

BUDGET_BYTES = 100_000


class Held:
    """A server whose handler keeps its request until it is let go."""

    def __init__(self, token: str | None = None) -> None:
        self.budget = Budget(BUDGET_BYTES)
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.server = HttpServer(
            "127.0.0.1",
            0,
            threads=2,
            max_connections=16,
            max_body_bytes=80_000,
            parser=parser(AccessRules(token=token), self.budget),
        )
        app = Flask("held")

        @app.post("/")
        def hold() -> str:
            self.begun.set()
            assert self.go_on.wait(10)
            return str(len(request.get_data()))

        self.server.start(app)

    def send(self, head: str, body: bytes = b"", asked: str = "POST /") -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        connection.sendall(f"{asked} HTTP/1.1\r\n{head}\r\n\r\n".encode() + body)
        return connection


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.go_on.set()
    made.server.stop()


def answer(connection: socket.socket) -> tuple[int, dict[str, str], dict[str, str]]:
    """Read a whole answer: status, headers, body."""
    with connection, connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while (line := stream.readline().decode().strip()) != "":
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return status, headers, json.loads(stream.read(int(headers["content-length"])) or "null")


def _wait_until_free(budget: Budget) -> None:
    """An answer is on its way a moment before its request is closed."""
    until = time.monotonic() + 10
    while budget.held and time.monotonic() < until:
        pass
    assert budget.held == 0


def test_a_body_beyond_the_budget_is_refused_before_it_is_sent(held: Held) -> None:
    with held.send("Host: localhost\r\nContent-Length: 70000", b"x" * 70_000):
        assert held.begun.wait(10)
        status, headers, body = answer(held.send("Host: localhost\r\nContent-Length: 40000"))
        assert (status, body["status"]) == (503, "error")
        assert str(BUDGET_BYTES) in body["message"]
        assert headers["retry-after"] == "1"
        held.go_on.set()


def test_an_answered_request_gives_its_bytes_back(held: Held) -> None:
    held.go_on.set()
    for _ in range(4):
        status, _headers, body = answer(held.send("Host: localhost\r\nContent-Length: 70000", b"x" * 70_000))
        assert (status, str(body)) == (200, "70000")
        _wait_until_free(held.budget)


def test_a_client_that_goes_away_gives_its_bytes_back(held: Held) -> None:
    held.go_on.set()
    for _ in range(20):
        held.send("Host: localhost\r\nContent-Length: 70000", b"x").close()
        status, _headers, _body = answer(held.send("Host: localhost\r\nContent-Length: 20000", b"x" * 20_000))
        assert status in (200, 503)
    held.server.stop()
    assert held.budget.held == 0


def test_a_chunked_body_is_counted_as_it_comes(held: Held) -> None:
    with held.send("Host: localhost\r\nContent-Length: 70000", b"x" * 70_000):
        assert held.begun.wait(10)
        chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
        connection = held.send("Host: localhost\r\nTransfer-Encoding: chunked", chunk * 12)
        assert answer(connection)[0] == 503
        held.go_on.set()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Host: evil.example", 421),
        ("Host: localhost\r\nOrigin: http://evil.example", 403),
        ("Host: localhost", 401),
        ("Host: localhost\r\nAuthorization: Bearer wrong", 401),
    ],
)
def test_who_may_not_ask_is_refused_before_the_body_comes(head: str, status: int) -> None:
    held = Held(token="right")
    try:
        found, _headers, body = answer(held.send(f"{head}\r\nContent-Length: 70000"))
        assert (found, body["status"]) == (status, "error")
        assert held.budget.held == 0
        assert not held.begun.is_set()
    finally:
        held.go_on.set()
        held.server.stop()


@pytest.mark.parametrize(
    ("head", "status"), [("Sec-Fetch-Site: cross-site", 403), ("Sec-Fetch-Site: same-origin", 404), ("X: y", 404)]
)
def test_a_page_elsewhere_is_refused_statistics_before_the_application_is_asked(
    held: Held, head: str, status: int
) -> None:
    with held.send(f"Host: localhost\r\n{head}", asked="GET /stats/daily") as connection:
        assert connection.recv(12) == f"HTTP/1.1 {status}".encode()
