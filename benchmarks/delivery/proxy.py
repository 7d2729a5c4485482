# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A TCP proxy that can be told to fail: refuse, swallow, crawl, or cut connections."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from typing import Literal

Mode = Literal["pass", "refuse", "swallow", "slow", "reset"]
_PIECE = 65_536
_SLOW_BYTES, _SLOW_S = 512, 0.05
_RESET_AFTER_S = 0.3


class Proxy:
    """Passes connections on to a port of this machine.

    Attributes
    ----------
    port
        Where it listens.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._mode: Mode = "pass"
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._running = True
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self, mode: Mode) -> None:
        """Fail so from now on, also on the connections there are."""
        self._mode = mode
        if mode == "refuse":
            self._cut()

    def recover(self) -> None:
        """Pass on again; connections that hung are cut, as a router that comes back does."""
        was, self._mode = self._mode, "pass"
        if was == "swallow":
            self._cut()

    def stop(self) -> None:
        """End it."""
        self._running = False
        self._listening.close()
        self._cut()

    def _accept(self) -> None:
        while self._running:
            try:
                taken, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(taken,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        if self._mode == "refuse":
            _reset(near)
            return
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            _reset(near)
            return
        far.settimeout(None)
        self._open |= {near, far}
        began = time.monotonic()
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._pipe, args=(source, sink, began), daemon=True).start()

    def _pipe(self, source: socket.socket, sink: socket.socket, began: float) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_SLOW_BYTES if self._mode == "slow" else _PIECE):
                if self._mode == "reset" and time.monotonic() - began > _RESET_AFTER_S:
                    break
                if self._mode == "slow":
                    time.sleep(_SLOW_S)
                while self._mode == "swallow":
                    time.sleep(0.05)
                sink.sendall(piece)
        for one in (source, sink):
            self._open.discard(one)
            _reset(one) if self._mode in ("reset", "refuse") else _close(one)

    def _cut(self) -> None:
        for one in tuple(self._open):
            self._open.discard(one)
            _reset(one)


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    _close(connection)


def _close(connection: socket.socket) -> None:
    """Close a socket for good: another thread may be reading it, and would keep it open."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        connection.close()
