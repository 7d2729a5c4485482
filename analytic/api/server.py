# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The WSGI server: waitress on a socket of ours, in a thread of its own, stopped without losing an answer."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server

_NEVER = sys.maxsize
_RECEIVE_BYTES = 1 << 18  # waitress reads 8 KiB at a time by default: 40 turns of its loop for a 10 s clip
_POLL_S = 0.01


class HttpServer:
    """Listens at once, answers after `start`.

    Parameters
    ----------
    host, port
        Where to listen; port 0 takes a free one.
    threads
        Requests answered at once.
    max_connections
        Open connections; further ones wait to be accepted.
    max_body_bytes
        A larger body is answered 413 before it is read.
    parser
        What reads requests, and may refuse them before their body comes.

    Raises
    ------
    OSError
        The address cannot be listened on.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        threads: int,
        max_connections: int,
        max_body_bytes: int,
        parser: type[HTTPRequestParser] = HTTPRequestParser,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self._options: dict[str, Any] = {
            "threads": threads,
            "connection_limit": max_connections,
            "max_request_body_size": max_body_bytes + 1,  # waitress refuses what reaches its limit
            # Nothing leaves memory: waitress would else move a body over 512 KiB to a temporary file.
            "inbuf_overflow": _NEVER,
            "outbuf_overflow": _NEVER,
            "recv_bytes": _RECEIVE_BYTES,
            "ident": "hearken",
            "clear_untrusted_proxy_headers": True,
        }
        self._parser = parser
        self._map: dict[int, Any] = {}
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def start(self, app: Flask) -> None:
        """Answer requests with `app`."""
        self._server = create_server(app, map=self._map, sockets=[self._socket], **self._options)
        self._server.channel_class = type("Channel", (HTTPChannel,), {"parser_class": self._parser})
        self._thread = threading.Thread(target=self._loop, name="http", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether requests are being answered."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self, patience_s: float = 5.0) -> None:
        """Accept nothing new, finish what has begun (at most `patience_s`), close everything."""
        if self._thread is None:
            self._socket.close()
            return
        self._within_loop(lambda: wasyncore.dispatcher.close(self._server))
        until = time.monotonic() + patience_s
        while time.monotonic() < until and any(map(_is_busy, tuple(self._server.active_channels.values()))):
            time.sleep(_POLL_S)
        self._within_loop(lambda: wasyncore.close_all(self._map, ignore_all=True))
        self._thread.join()
        self._server.task_dispatcher.shutdown(timeout=max(0.0, until - time.monotonic()))

    def _within_loop(self, act: Callable[[], object]) -> None:
        with contextlib.suppress(OSError):  # the loop has ended already
            self._server.trigger.pull_trigger(act)

    def _loop(self) -> None:
        wasyncore.loop(timeout=1.0, map=self._map, use_poll=True)


def _is_busy(channel: Any) -> bool:
    return bool(channel.requests) or channel.total_outbufs_len > 0
