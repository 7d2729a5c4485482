# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Servers on loopback that answer byte by byte what a test wants; one that counts who comes."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]

    @property
    def first(self) -> int | None:
        """Where the range that is asked for begins."""
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        return int(found[1]) if found else None


Answer = Callable[[Asked], Iterable[bytes]]


@dataclass
class Server:
    """Answers each connection once; a context manager that leaves no thread and no socket."""

    answer: Answer
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    sent_bytes: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._open.add(client)
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            if self.tls is None:
                self._talk(client)
            else:
                with self.tls.wrap_socket(client, server_side=True) as secure:
                    self._talk(secure)

    def _talk(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(1 << 16)
            if not piece:
                return
            head += piece
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines if line)
        asked = Asked(first.split(" ")[1], {name.lower(): value for name, _, value in pairs})
        self.asked.append(asked)
        for piece in self.answer(asked):
            client.sendall(piece)
            self.sent_bytes += len(piece)


def says(status: int, headers: dict[str, object] | None = None, body: bytes = b"") -> list[bytes]:
    """An answer with these headers and no others."""
    lines = [f"HTTP/1.1 {status} So", *(f"{name}: {value}" for name, value in (headers or {}).items()), "", ""]
    return ["\r\n".join(lines).encode("latin-1"), body]


def ranged(content: bytes, **more: object) -> Answer:
    """A server that knows byte ranges."""

    def answer(asked: Asked) -> Iterator[bytes]:
        first = asked.first or 0
        span = f"bytes {first}-{len(content) - 1}/{len(content)}"
        yield from says(206, {"Content-Range": span, "Content-Length": len(content) - first, **more})
        for at in range(first, len(content), 1 << 16):
            yield content[at : at + (1 << 16)]

    return answer


def plain(content: bytes, **more: object) -> Answer:
    """A server that does not."""
    return lambda _asked: says(200, {"Content-Length": len(content), **more}, content)


def leading(to: str, status: int = 302) -> Answer:
    """A server that leads elsewhere."""
    return lambda _asked: says(status, {"Location": to, "Content-Length": 0})
