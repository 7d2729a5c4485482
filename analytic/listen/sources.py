# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What brings live sound by itself, and which source an address stands for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analytic.listen.address import Address
from analytic.listen.container import Stream
from analytic.listen.microphone import Microphone
from analytic.listen.piped import Piped
from analytic.listen.recording import Recording


class SoundSource(Protocol):
    """Brings sound."""

    @property
    def kind(self) -> str:
        """What it is, for events: such as ``microphone``."""
        ...

    def chunks(self, stopping: threading.Event) -> Iterator[NDArray[np.float32]]:
        """Open it, and yield what has just been heard until it ends or `stopping` is set.

        Yields
        ------
        samples
            float32, shape (n,), n >= 1, mono, 16 000 Hz, finite, within -1..1.

        Raises
        ------
        SourceFailed
            It cannot be opened, or fails on the way.
        ExtraMissing
            It needs an optional package.
        """
        ...


def open_source(address: Address, *, loop: bool = False, fast: bool = False) -> SoundSource:
    """Return the source of an address; nothing is opened before `chunks`.

    Parameters
    ----------
    address
        Where sound is fetched from.
    loop
        Play a file again and again.
    fast
        Play a file as fast as it is taken.
    """
    if address.kind == "microphone":
        return Microphone(address)
    if address.kind == "file":
        return Recording(address, loop=loop, fast=fast)
    if address.kind == "stdin":
        return Piped()
    return Stream(address)
