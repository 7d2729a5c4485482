# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A world of names and addresses in which every connection that is tried is counted, and goes to one canary."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.analytic.audio.fetch.servers import Server, plain

PUBLIC = "93.184.215.14"
RESOLVE = socket.getaddrinfo


@dataclass
class World:
    """What names resolve to, one answer after the other and the last one for ever; and who was connected to."""

    canary: Server
    names: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    connected: list[str] = field(default_factory=list)

    @property
    def hits(self) -> int:
        """How many connections were tried."""
        return len(self.connected) + len(self.canary.asked)

    def resolve(self, host: Any, port: Any, *more: Any, **named: Any) -> list[Any]:
        """Answer instead of the system's resolver: numbers as it does, names from the list alone."""
        host = host.decode() if isinstance(host, bytes) else host
        answers = self.names.get(host.lower().rstrip("."))
        if answers is None:
            return RESOLVE(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if not answer:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [
            (socket.AF_INET6, 1, 6, "", (one, port, 0, 0))
            if ":" in one
            else (socket.AF_INET, 1, 6, "", (one, port or 0))
            for one in answer
        ]


@pytest.fixture(scope="module")
def canary() -> Iterator[Server]:
    """Whoever comes here has been led astray."""
    with Server(plain(b"what nobody may read")) as made:
        yield made


@pytest.fixture
def world(canary: Server, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(canary)
    canary.asked.clear()

    def connect(address: tuple[str, int], *_more: Any, **_named: Any) -> socket.socket:
        made.connected.append(address[0])
        return socket.create_connection(("127.0.0.1", canary.port), 5)

    monkeypatch.setattr(socket, "getaddrinfo", made.resolve)
    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    return made


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start a server that answers so."""
    running: list[Server] = []

    def start(answer: Any, **more: Any) -> Server:
        server = Server(answer, **more)
        running.append(server)
        return server.__enter__()

    yield start
    for server in running:
        server.__exit__(None, None, None)
