# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The service's side of the sandbox: takes a decoder that is ready, hands it a recording, checks what it answers."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from analytic.audio.bytes_at import Bytes
from analytic.audio.clip import Clip, to_samples
from analytic.audio.decode import AudioLimits, Decoded
from analytic.audio.sandbox import wire
from analytic.audio.sandbox.hatching import Nursery, SandboxLimits
from analytic.audio.streams import About, SoundStream, StreamLimits
from analytic.errors import AudioTooLong, DecoderFailed

_LOG = logging.getLogger(__name__)
_MOST_BLOCK = 1 << 26
_MOST_WARNINGS = 100
_ENDED = "the process that decodes it has ended; it is damaged, or takes more memory or time than it is given"


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
        self._nursery: Nursery | None = None
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

    def _started(self) -> Nursery:
        if self._closed:
            raise DecoderFailed("the service is stopping")
        if self._nursery is None:
            self._nursery = Nursery(self._limits)
        return self._nursery


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
