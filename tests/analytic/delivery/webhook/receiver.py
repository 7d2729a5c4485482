# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Somebody who takes webhooks on this machine."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Posted(NamedTuple):
    """One POST as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Takes POSTs, and answers each as `answers` says, in turn, then with 200.

    An answer is a status; None for none at all. `port` 0 is any free one, the same one at every later start.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self.answers: list[Any] = []
        self.headers: dict[str, str] = {}
        self.posts: list[Posted] = []
        self.taken: list[Posted] = []  # those that are answered with 2xx
        self.going = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        receiver = self
        self.going.clear()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._answer(self)

            def do_GET(self) -> None:
                receiver.posts.append(Posted(f"GET {self.path}", {}, b""))

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = False
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="receiver")
        self._thread.start()

    def stop(self) -> None:
        if self._server is None or self._thread is None:
            return
        self.going.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None

    def wait_until(self, true: Callable[[], bool], timeout_s: float = 30) -> None:
        """Wait for something that a POST makes true."""
        with self._changed:
            assert self._changed.wait_for(true, timeout_s)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        post = Posted(handler.path, dict(handler.headers), handler.rfile.read(int(handler.headers["Content-Length"])))
        with self._changed:
            self.posts.append(post)
            status = self.answers.pop(0) if self.answers else 200
            if status is not None and status // 100 == 2:
                self.taken.append(post)
            self._changed.notify_all()
        if status is None:
            self.going.wait()
            return
        with contextlib.suppress(OSError):
            handler.send_response(status)
            for name, value in self.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
