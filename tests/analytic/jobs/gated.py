# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Decoders with a gate in the middle of each recording, so that a test can look while a job runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analytic.audio.bytes_at import Bytes
from analytic.audio.sandbox.decoders import Here
from analytic.audio.streams import SoundStream, StreamLimits

LONG_S = 30


class Gated(Here):
    """Decodes here; behind the first piece of a recording is a gate, open unless it is shut."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._reached = threading.Semaphore(0)

    def shut_gate(self) -> None:
        """Have recordings wait behind their first piece from now on."""
        self._open.clear()

    def open_gate(self) -> None:
        """Let them go on."""
        self._open.set()

    def wait_for_one(self) -> None:
        """Wait until a recording stands at the gate."""
        assert self._reached.acquire(timeout=LONG_S)

    @contextlib.contextmanager
    def open(self, content: Bytes, limits: StreamLimits) -> Iterator[SoundStream]:
        """Open a recording."""
        with super().open(content, limits) as stream:
            yield replace(stream, blocks=self._gated(stream.blocks))

    def _gated(self, blocks: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        for number, block in enumerate(blocks):
            yield block
            if number == 0 and not self._open.is_set():
                self._reached.release()
                assert self._open.wait(LONG_S)
