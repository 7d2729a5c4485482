# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Recordings for the sandbox's tests, and what processes stand behind it."""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from analytic.audio.bytes_at import Bytes, Held
from analytic.audio.sandbox.decoders import Decoders
from analytic.audio.sandbox.sandbox import Sandbox
from analytic.audio.streams import SoundStream, StreamLimits

SOUND = (0.3 * np.sin(np.arange(24_000) / 7)).astype(np.float32)


def heard(decoders: Decoders, content: Bytes | bytes, limits: StreamLimits | None = None) -> NDArray[np.float32]:
    """All the sound of a recording."""
    with decoders.open(Held(content) if isinstance(content, bytes) else content, limits or StreamLimits()) as stream:
        return whole(stream)


def whole(stream: SoundStream) -> NDArray[np.float32]:
    return np.concatenate(list(stream.blocks))


def nursery(sandbox: Sandbox) -> psutil.Process:
    assert sandbox._nursery is not None
    return psutil.Process(sandbox._nursery._process.pid)


@contextlib.contextmanager
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Handles of all decoders that are taken meanwhile, in order."""
    handles: list[int] = []
    take = Sandbox._take

    def noted(self: Sandbox) -> object:
        connection, handle = take(self)
        handles.append(os.dup(handle))
        return connection, handle

    monkeypatch.setattr(Sandbox, "_take", noted)
    try:
        yield handles
    finally:
        for handle in handles:
            os.close(handle)


def process_of(handle: int) -> int:
    """The process that a handle is of; -1 once it has gone."""
    facts = Path(f"/proc/self/fdinfo/{handle}").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in facts if line.startswith("Pid:"))


def has_ended(handle: int) -> bool:
    """Whether the process ends, within 10 s."""
    return bool(select.select([handle], [], [], 10)[0])
