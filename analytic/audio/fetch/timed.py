# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Connections whose answers end by a deadline, however slowly they come.

The time limits of requests are those of silence: a server that sends a byte now and then passes them for days, within
its headers as within its body.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Mapping
from typing import Any


def timed(pools: Mapping[str, Any], deadline: float) -> dict[str, Any]:
    """Return urllib3's pools by scheme, where nothing is read once the monotonic clock has passed `deadline`."""
    return {scheme: _timed(pool, deadline) for scheme, pool in pools.items()}


def _timed(pool: Any, deadline: float) -> Any:
    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            self.sock: Any = _Timed(self.sock, deadline)

    class Pool(pool):  # type: ignore[misc]
        ConnectionCls = Connection

    return Pool


class _Timed:
    """A connected socket, read by a deadline."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._connected, self._deadline = connected, deadline

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connected, name)

    def makefile(self, *_mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._connected, self._deadline))


class _Reader(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._connected, self._deadline = connected, deadline
        self._file = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the deadline has passed")
        silence_s = self._connected.gettimeout()
        self._connected.settimeout(left_s if silence_s is None else min(silence_s, left_s))
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()
