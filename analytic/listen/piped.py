# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Raw sound on standard input: signed 16 bit little-endian, mono, 16 000 Hz, as `arecord` and `ffmpeg` write it."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import to_samples
from analytic.errors import SourceFailed
from analytic.listen.door import Pcm16

_CHUNK_BYTES = 2 * to_samples(0.1)
_LOOK_S = 0.2


class Piped:
    """What another program writes to this one.

    Parameters
    ----------
    descriptor
        The file descriptor to read; by default that of standard input.
    """

    kind = "stdin"

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor

    def chunks(self, stopping: threading.Event) -> Iterator[NDArray[np.float32]]:
        """Yield what comes, as `SoundSource.chunks` says."""
        descriptor = sys.stdin.fileno() if self._descriptor is None else self._descriptor
        unpack = Pcm16()
        while not stopping.is_set():
            try:
                if not select.select([descriptor], [], [], _LOOK_S)[0]:
                    continue
                content = os.read(descriptor, _CHUNK_BYTES)
            except (OSError, ValueError) as error:
                raise SourceFailed("standard input", f"cannot be read: {error}") from error
            if not content:
                return
            samples = unpack.push(content)
            if samples.size:
                yield samples
