# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The process that decodes: one recording, then it ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import socket
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytic.audio.decode import AudioLimits, decode
from analytic.audio.sandbox import wire
from analytic.audio.sandbox.calls import confine_calls
from analytic.audio.streams import StreamLimits, open_stream
from analytic.errors import DecoderFailed, HearkenError

MOST_CONTENT = 1 << 31
_MOST_READ = 1 << 20
_LEAST_BLOCK = 1 << 14
_NOBODY = 65_534

Samples = NDArray[np.float32]
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38


def serve(connection: socket.socket) -> None:
    """Decode what the service asks, and answer."""
    try:
        head, content = wire.receive(connection, MOST_CONTENT)
        try:
            if head["task"] == "clip":
                spend(head["cpu_s"])
                _clip(connection, bytes(content), AudioLimits(**head["limits"]))
            else:
                _stream(connection, _Asked(connection, head["size"], head["seekable"]), StreamLimits(**head["limits"]))
        except HearkenError as error:
            wire.send(connection, wire.told(error))
        except MemoryError:
            wire.send(connection, wire.told(DecoderFailed("decoding it takes more memory than it is given")))
    except wire.Broken:
        pass  # the service has gone, or wants no more


def confine(memory_bytes: int, cpu_s: int) -> None:
    """Give up what decoding does not need, for good.

    Parameters
    ----------
    memory_bytes
        Address space beyond what is mapped now.
    cpu_s
        Processor time, seconds.
    """
    libc = ctypes.CDLL(None)
    mapped = int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()
    if os.geteuid() == 0:
        _give_up_root()
    for option, value in ((_PR_SET_NO_NEW_PRIVS, 1), (_PR_SET_DUMPABLE, 0)):
        libc.prctl(option, value, 0, 0, 0)
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_AS: mapped + memory_bytes,
        resource.RLIMIT_NOFILE: 0,  # nothing more can be opened: no file, no socket
    }
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))
    confine_calls()


def _give_up_root() -> None:
    """Become nobody: root is bound by no limit of processes, and can lift the others."""
    with contextlib.suppress(OSError):  # a namespace without that user, or a root that may not change
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def spend(cpu_s: int) -> None:
    """Give up all processor time but so many seconds from now."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = min(round(used.ru_utime + used.ru_stime) + cpu_s, resource.getrlimit(resource.RLIMIT_CPU)[1])
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))


def _clip(connection: socket.socket, content: bytes, limits: AudioLimits) -> None:
    decoded = decode(content, limits)
    head = {
        "decoded": True,
        "container": decoded.container,
        "encoding": decoded.encoding,
        "sample_rate_hz": decoded.sample_rate_hz,
        "channels": decoded.channels,
        "warnings": list(decoded.warnings),
    }
    wire.send(connection, head, decoded.clip.waveform.data.cast("B"))


def _stream(connection: socket.socket, content: _Asked, limits: StreamLimits) -> None:
    stream = open_stream(content, limits)
    wire.send(connection, {"about": asdict(stream.about)})
    for block in _gathered(stream.blocks):
        wire.send(connection, {"block": block.size}, block.data.cast("B"))
    wire.send(connection, {"end": True, "warnings": stream.warnings[:100]})


def _gathered(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """Put small blocks together: each message costs both sides something."""
    waiting: list[Samples] = []
    for block in blocks:
        waiting.append(block)
        if sum(one.size for one in waiting) >= _LEAST_BLOCK:
            yield np.concatenate(waiting)
            waiting.clear()
    if waiting:
        yield np.concatenate(waiting)


class _Asked:
    """Bytes that the service has: it is asked for them."""

    def __init__(self, connection: socket.socket, size: int | None, seekable: bool) -> None:
        self._connection = connection
        self.size = size
        self.seekable = seekable

    def read_at(self, offset: int, count: int) -> bytes:
        """Ask for up to `count` bytes from `offset`."""
        wire.send(self._connection, {"read": [offset, min(count, _MOST_READ)]})
        head, content = wire.receive(self._connection, _MOST_READ)
        if "failed" in head:
            raise _Stopped
        return bytes(content)


class _Stopped(wire.Broken):
    """The service has no more bytes to give, and wants no answer."""
