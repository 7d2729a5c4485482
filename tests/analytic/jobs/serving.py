# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A web server on loopback that hands out recordings, byte ranges and all, and stops in the middle where it is told."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

_PIECE = 1 << 16


class Recordings:
    """Serves bytes by path; a context manager.

    Attributes
    ----------
    asked
        The paths that were asked for, with their queries.
    held
        Set once somebody waits at the gate.
    """

    def __init__(self, contents: Mapping[str, bytes], *, ranges: bool = True, status: int = 200) -> None:
        self.contents, self.ranges, self.status = dict(contents), ranges, status
        self.asked: list[str] = []
        self.held = threading.Event()
        self._open = threading.Event()
        self._open.set()
        self._most = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def host(self) -> str:
        """``HOST:PORT``, as `fetch.allowed` names it."""
        return f"127.0.0.1:{self._server.server_port}"

    def address(self, path: str) -> str:
        """Return the address of a recording."""
        return f"http://{self.host}/{path}"

    def hold(self, after_bytes: int) -> None:
        """Send nothing of a recording that lies beyond so many bytes, until `release`."""
        self.held.clear()
        self._most = after_bytes
        self._open.clear()

    def release(self) -> None:
        """Open the gate."""
        self._open.set()

    def wait_at(self, offset: int) -> None:
        """Wait at the gate, where what comes next lies beyond it."""
        if offset >= self._most and not self._open.is_set():
            self.held.set()
            self._open.wait(60)

    def __enter__(self) -> Recordings:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and wait for every answer to end."""
        self.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(recordings: Recordings) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 60

        def do_GET(self) -> None:
            recordings.asked.append(self.path)
            content = recordings.contents.get(urlsplit(self.path).path[1:])
            if content is None or recordings.status != 200:
                self.send_error(404 if content is None else recordings.status)
                return
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(asked[1]) if asked and recordings.ranges else 0
            self.send_response(206 if asked and recordings.ranges else 200)
            if asked and recordings.ranges:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            try:
                for offset in range(start, len(content), _PIECE):
                    recordings.wait_at(offset)
                    self.wfile.write(content[offset : offset + _PIECE])
            except OSError:
                self.close_connection = True  # whoever asked has gone

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    return Handler
