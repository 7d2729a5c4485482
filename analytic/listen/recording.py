# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A file played as if it were heard now: at real speed, or as fast as it is taken.

WAV, FLAC and Ogg are read by libsndfile in blocks, whatever their sample rate; everything else by PyAV (the extra
`video`). A piece is given out when its last sample would have been heard.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from analytic.audio.clip import to_samples, to_seconds
from analytic.audio.mixing import Mixer
from analytic.errors import SourceFailed
from analytic.listen.address import Address
from analytic.listen.container import played

_PIECE_SAMPLES = to_samples(0.1)
_MAGIC_BYTES = 12
_MAX_CHANNELS = 8
_LOWEST_HZ, _HIGHEST_HZ = 8_000, 192_000
_BEHIND_S = 1.0  # what is later than this, because the machine slept, is not made up for

Samples = NDArray[np.float32]
Wait = Callable[[threading.Event, float], object]


class Recording:
    """A file.

    Parameters
    ----------
    address
        Names the file.
    loop
        Play it again and again.
    fast
        As fast as it is taken.
    clock
        Seconds, never going back.
    wait
        Waits for an event, so many seconds at most.
    """

    kind = "file"

    def __init__(
        self,
        address: Address,
        *,
        loop: bool = False,
        fast: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Event.wait,
    ) -> None:
        self._address = address
        self._loop = loop
        self._fast = fast
        self._clock = clock
        self._wait = wait

    def chunks(self, stopping: threading.Event) -> Iterator[Samples]:
        """Yield what is played, as `SoundSource.chunks` says."""
        pieces = _even(self._played(stopping))
        yield from pieces if self._fast else self._paced(pieces, stopping)

    def _paced(self, pieces: Iterator[Samples], stopping: threading.Event) -> Iterator[Samples]:
        due = self._clock()
        for piece in pieces:
            due += to_seconds(piece.size)
            early = due - self._clock()
            if early < -_BEHIND_S:
                due -= early
            elif early > 0:
                self._wait(stopping, early)
            if stopping.is_set():
                return
            yield piece

    def _played(self, stopping: threading.Event) -> Iterator[Samples]:
        while not stopping.is_set():
            heard = 0
            for samples in self._read(stopping):
                heard += samples.size
                yield samples
                if stopping.is_set():
                    return
            if not heard:
                raise SourceFailed(self._address.shown, "has no sound in it")
            if not self._loop:
                return

    def _read(self, stopping: threading.Event) -> Iterator[Samples]:
        path = Path(self._address.target)
        try:
            if path.exists() and not path.is_file():
                raise SourceFailed(self._address.shown, "is no file")
            with path.open("rb") as file:
                head = file.read(_MAGIC_BYTES)
        except OSError as error:
            raise SourceFailed(self._address.shown, error.strerror or str(error)) from error
        return self._blocks(path) if _is_plain(head) else played(self._address, stopping)

    def _blocks(self, path: Path) -> Iterator[Samples]:
        try:
            with soundfile.SoundFile(path) as file:
                rate_hz, channels = file.samplerate, file.channels
                if channels > _MAX_CHANNELS or not _LOWEST_HZ <= rate_hz <= _HIGHEST_HZ:
                    form = f"{channels} channels at {rate_hz} Hz"
                    raise SourceFailed(
                        self._address.shown, f"has {form}; at most {_MAX_CHANNELS}, 8 to 192 kHz, expected"
                    )
                mixer, frames = Mixer(rate_hz), rate_hz // 10
                while (block := file.read(frames, dtype="float32", always_2d=True)).size:
                    yield mixer.push(block)
                yield mixer.push(np.empty((0, 1), np.float32), last=True)
        except (soundfile.LibsndfileError, OSError) as error:
            raise SourceFailed(self._address.shown, f"cannot be read: {_words(error)}") from error


def _words(error: Exception) -> str:
    return str(getattr(error, "error_string", error))


def _is_plain(head: bytes) -> bool:
    """Tell whether libsndfile reads the file: WAV, FLAC or Ogg."""
    return head.startswith((b"fLaC", b"OggS")) or (head[:4] == b"RIFF" and head[8:12] == b"WAVE")


def _even(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """Yield pieces of 0.1 s, and a shorter last one."""
    rest = np.empty(0, np.float32)
    for block in blocks:
        rest = np.concatenate((rest, block))
        whole = rest.size - rest.size % _PIECE_SAMPLES
        for start in range(0, whole, _PIECE_SAMPLES):
            yield rest[start : start + _PIECE_SAMPLES]
        rest = rest[whole:]
    if rest.size:
        yield rest
