# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The service's side of the sandbox: takes a decoder that is ready, hands it a recording, checks what it answers."""

from __future__ import annotations

import array
import contextlib
import logging
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import Clip, to_samples
from analytic.audio.decode import AudioLimits, Decoded, decode
from analytic.audio.sandbox import wire
from analytic.audio.streams import About, Bytes, SoundStream, StreamLimits, open_stream
from analytic.errors import AudioTooLong, DecoderFailed

_LOG = logging.getLogger(__name__)
_NURSERY = "analytic.audio.sandbox.nursery"
_START_S = 30.0
_MOST_BLOCK = 1 << 26
_MOST_WARNINGS = 100
_FEW_THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_KEEPS_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 25), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}
_KEPT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "TZ")
_RIGHTS_BYTES = socket.CMSG_SPACE(2 * array.array("i").itemsize) if hasattr(socket, "CMSG_SPACE") else 0
_ENDED = "the process that decodes it has ended; it is damaged, or takes more memory or time than it is given"


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What one decoder gets.

    Attributes
    ----------
    memory_bytes
        Memory, beyond what it has when it starts.
    clip_s
        Time for a clip: that of the processor and that of the clock, seconds.
    stream_cpu_s
        Processor time for a recording of any length, seconds.
    step_s
        Time for each piece of it, seconds by the clock, without that of fetching its bytes.
    ready
        Decoders that wait for work.
    """

    memory_bytes: int = 512 << 20
    clip_s: float = 20.0
    stream_cpu_s: float = 3600.0
    step_s: float = 60.0
    ready: int = 4


class Decoders(Protocol):
    """Decodes, here or elsewhere."""

    def decode(self, content: bytes, limits: AudioLimits) -> Decoded:
        """Decode a clip, as `analytic.audio.decode.decode` does."""
        ...

    def open(self, content: Bytes, limits: StreamLimits) -> contextlib.AbstractContextManager[SoundStream]:
        """Open a recording, as `analytic.audio.streams.open_stream` does; the pieces come within the context."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Here:
    """Decodes within this process: for tests, and where there is no Linux."""

    def decode(self, content: bytes, limits: AudioLimits) -> Decoded:
        """Decode a clip."""
        return decode(content, limits)

    @contextlib.contextmanager
    def open(self, content: Bytes, limits: StreamLimits) -> Iterator[SoundStream]:
        """Open a recording."""
        yield open_stream(content, limits)

    def close(self) -> None:
        """Nothing is left to end."""


class Sandbox:
    """Decodes in processes that are thrown away. May be used from any thread; a context manager.

    Parameters
    ----------
    limits
        What one decoder gets.
    """

    def __init__(self, limits: SandboxLimits | None = None) -> None:
        self._limits = limits or SandboxLimits()
        self._lock = threading.Lock()
        self._nursery: _Nursery | None = None
        self._closed = False
        with self._lock:
            self._started()

    def __enter__(self) -> Sandbox:
        """Return the sandbox."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End all that waits for work; what still decodes ends with its recording."""
        with self._lock:
            self._closed = True
            if self._nursery is not None:
                self._nursery.close()
                self._nursery = None

    def decode(self, content: bytes, limits: AudioLimits) -> Decoded:
        """Decode a clip, as `analytic.audio.decode.decode` does.

        Raises
        ------
        BadAudio
            One of its kinds; `DecoderFailed` where the decoder ended, or took too much.
        """
        deadline = time.monotonic() + self._limits.clip_s
        with self._taken() as connection:
            connection.settimeout(self._limits.clip_s)
            task = {"task": "clip", "cpu_s": max(1, round(self._limits.clip_s)), "limits": asdict(limits)}
            self._ask(connection, task, content)
            head, sound = self._answer(connection, deadline, 4 * to_samples(limits.max_duration_s + 1))
        waveform = _checked(sound)
        if not waveform.size:
            raise DecoderFailed(_ENDED)
        return Decoded(Clip(waveform), *_facts(head), tuple(_warnings(head)))

    @contextlib.contextmanager
    def open(self, content: Bytes, limits: StreamLimits) -> Iterator[SoundStream]:
        """Open a recording, as `analytic.audio.streams.open_stream` does; the pieces come within the context.

        What reading `content` raises comes through as it is.

        Raises
        ------
        BadAudio
            One of its kinds; `DecoderFailed` where the decoder ended, or took too much.
        """
        with self._taken() as connection:
            connection.settimeout(self._limits.step_s)
            task = {"task": "stream", "size": content.size, "seekable": content.seekable, "limits": asdict(limits)}
            self._ask(connection, task)
            head, _ = self._served(connection, content)
            warnings: list[str] = []
            yield SoundStream(_about(head), self._blocks(connection, content, limits, warnings), warnings)

    def _blocks(
        self, connection: socket.socket, content: Bytes, limits: StreamLimits, warnings: list[str]
    ) -> Iterator[NDArray[np.float32]]:
        left = to_samples(limits.max_duration_s) + _MOST_BLOCK
        while True:
            head, sound = self._served(connection, content)
            if "block" not in head:
                warnings += _warnings(head)
                return
            waveform = _checked(sound)
            if not waveform.size:
                raise DecoderFailed(_ENDED)
            left -= waveform.size
            if left < 0:
                raise AudioTooLong(limits.max_duration_s, limits.max_duration_s)
            yield waveform

    def _served(self, connection: socket.socket, content: Bytes) -> tuple[wire.Head, bytearray]:
        """Give the decoder the bytes it asks for, until it has something to say; its own time for that is limited."""
        left_s = self._limits.step_s
        while True:
            began = time.monotonic()
            head, sound = self._answer(connection, began + left_s, _MOST_BLOCK)
            left_s -= time.monotonic() - began
            if "read" not in head:
                return head, sound
            try:
                offset, count = (int(one) for one in head["read"])
            except (TypeError, ValueError, OverflowError) as error:
                raise DecoderFailed(_ENDED) from error
            found = content.read_at(max(0, offset), max(0, min(count, 1 << 20)))
            try:
                connection.settimeout(self._limits.step_s)
                wire.send(connection, {}, found)
            except wire.Broken as error:
                raise DecoderFailed(_ENDED) from error

    def _ask(self, connection: socket.socket, task: wire.Head, content: bytes = b"") -> None:
        try:
            wire.send(connection, task, content)
        except wire.Broken as error:
            raise DecoderFailed(_ENDED) from error

    def _answer(self, connection: socket.socket, deadline: float, most: int) -> tuple[wire.Head, bytearray]:
        try:
            head, sound = wire.receive(connection, most, deadline)
        except wire.Broken as error:
            late = str(error) == wire.TOO_LATE
            raise DecoderFailed("decoding it takes more time than it is given" if late else _ENDED) from error
        if "error" in head:
            raise wire.raised(head)
        return head, sound

    @contextlib.contextmanager
    def _taken(self) -> Iterator[socket.socket]:
        connection, handle = self._take()
        try:
            with connection:
                yield connection
        finally:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.close(handle)

    def _take(self) -> tuple[socket.socket, int]:
        """Take a decoder that is ready, and have another one made."""
        with self._lock:
            for _ in range(2):
                nursery = self._started()
                try:
                    return nursery.take()
                except OSError as error:
                    _LOG.warning("the process that makes decoders has ended: started anew", extra={"error": str(error)})
                    nursery.close()
                    self._nursery = None
        raise DecoderFailed("no process to decode it could be started")

    def _started(self) -> _Nursery:
        if self._closed:
            raise DecoderFailed("the service is stopping")
        if self._nursery is None:
            self._nursery = _Nursery(self._limits)
        return self._nursery


class _Nursery:
    """The process that decoders are forked from. Those that are ready wait within its socket."""

    def __init__(self, limits: SandboxLimits) -> None:
        self._control, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _FEW_THREADS | _KEEPS_MEMORY
        given = (limits.memory_bytes, max(1, round(limits.stream_cpu_s)), limits.ready)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", _NURSERY, *map(str, (theirs.fileno(), *given))],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self._control.settimeout(_START_S)
        self._control.sendall(b"+" * limits.ready)

    def take(self) -> tuple[socket.socket, int]:
        """Return a decoder's socket and a handle of its process.

        Raises
        ------
        OSError
            The nursery has ended.
        """
        self._control.sendall(b"+")
        _, rights, *_ = self._control.recvmsg(32, _RIGHTS_BYTES)
        found = array.array("i")
        for level, kind, content in rights:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                found.frombytes(content[: len(content) - len(content) % found.itemsize])
        if len(found) != 2:
            raise OSError("it sent no decoder")
        return socket.socket(fileno=found[0]), found[1]

    def close(self) -> None:
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _checked(content: bytearray) -> NDArray[np.float32]:
    """Return what a decoder calls sound, if it is."""
    if len(content) % 4:
        raise DecoderFailed(_ENDED)
    waveform = np.frombuffer(content, np.float32)
    if waveform.size and not (waveform.min() >= -1 and waveform.max() <= 1):  # NaN is neither
        raise DecoderFailed(_ENDED)
    return waveform


def _about(head: wire.Head) -> About:
    try:
        found = head["about"]
        declared_s = found["declared_s"]
        if declared_s is not None and not 0 < float(declared_s) < math.inf:
            raise DecoderFailed(_ENDED)
        return About(*_facts(found), None if declared_s is None else float(declared_s))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DecoderFailed(_ENDED) from error


def _facts(head: wire.Head) -> tuple[str, str, int, int]:
    """Return container, encoding, sample rate and channels, as far as they are such."""
    try:
        rate_hz, channels = int(head["sample_rate_hz"]), int(head["channels"])
        return wire.words(head["container"], 100), wire.words(head["encoding"], 100), rate_hz, channels
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DecoderFailed(_ENDED) from error


def _warnings(head: wire.Head) -> list[str]:
    found = head.get("warnings", [])
    if not isinstance(found, list):
        raise DecoderFailed(_ENDED)
    return [wire.words(one, 500) for one in found[:_MOST_WARNINGS]]
