# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a browser's MediaRecorder makes, Opus in WebM, piece by piece -> sound (PyAV, the extra `video`).

A container cannot be decoded message by message, so a thread of its own decodes, between two bounded buffers: the bytes
that came and the sound that nobody took yet. Whoever pushes never waits: one message's sound may come with the next
push, and a sender that is faster than the decoder for long is refused.
"""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import to_samples
from analytic.audio.tracks import NoSound, library, sound
from analytic.errors import HearkenError, SourceFailed

FORMAT = "webm"
_MAGIC = b"\x1aE\xdf\xa3"
_CODECS = ("opus", "libopus", "vorbis", "pcm_f32le")
_MOST_BYTES = 4 << 20
_MOST_SAMPLES = to_samples(30.0)
_READ_BYTES = 4096
_NO_WEBM = "these bytes are no WebM with Opus sound in it"

Samples = NDArray[np.float32]


class Webm:
    """Turns the pieces of a WebM stream into sound; an `Unpack` of the door.

    Raises
    ------
    ExtraMissing
        PyAV is not there.
    """

    def __init__(self) -> None:
        library()
        self._changed = threading.Condition()
        self._bytes = _Pipe(self._changed)
        self._heard: deque[Samples] = deque()
        self._waiting = 0
        self._closing = threading.Event()
        self._failed: HearkenError | None = None
        self._head = b""
        self._thread = threading.Thread(target=self._decode, name="listen-webm", daemon=True)

    def push(self, message: bytes) -> Samples:
        """Take a piece; return the sound that is decoded by now, float32, shape (n,), mono, 16 000 Hz.

        Raises
        ------
        SourceFailed
            The bytes are no WebM with sound, or come faster than they are decoded.
        """
        if len(self._head) < len(_MAGIC):
            self._head += message[: len(_MAGIC) - len(self._head)]
            if not _MAGIC.startswith(self._head):
                raise _refused(_NO_WEBM)
        with self._changed:
            if self._failed is not None:
                raise self._failed
            if not self._bytes.write(message):
                raise _refused("sound comes faster than it can be decoded")
            taken = self._take()
        if self._thread.ident is None:
            self._thread.start()
        return taken

    def close(self) -> Samples:
        """End; return what is left of the sound."""
        self._closing.set()
        self._bytes.end()
        if self._thread.ident is not None:
            self._thread.join()
        with self._changed:
            return self._take()

    def _take(self) -> Samples:
        taken = np.concatenate(self._heard) if self._heard else np.empty(0, np.float32)
        self._heard.clear()
        self._waiting = 0
        self._changed.notify_all()
        return taken

    def _decode(self) -> None:
        av = library()
        options = {"codec_whitelist": ",".join(_CODECS)}
        try:
            with av.open(self._bytes, format=FORMAT, options=options, buffer_size=_READ_BYTES) as container:
                for samples in sound(container, codecs=_CODECS):
                    if not self._give(samples):
                        return
        except (av.FFmpegError, NoSound, ValueError) as error:
            with self._changed:
                self._failed = _refused(_NO_WEBM)
                self._failed.__cause__ = error
        finally:
            self._bytes.end()

    def _give(self, samples: Samples) -> bool:
        """Hand over what was decoded once there is room; once closing there is no more than that."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting < _MOST_SAMPLES or self._closing.is_set())
            if self._waiting >= _MOST_SAMPLES:
                return False
            self._heard.append(samples)
            self._waiting += samples.size
            return True


class _Pipe:
    """A file for one reader who waits and a writer who does not."""

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._ended = False

    def write(self, content: bytes) -> bool:
        """Add bytes; tell whether there was room."""
        with self._changed:
            if self._size + len(content) > _MOST_BYTES:
                return False
            if content and not self._ended:
                self._pieces.append(content)
                self._size += len(content)
                self._changed.notify_all()
            return True

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def read(self, size: int) -> bytes:
        """Return some bytes, at most `size`; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._ended)
            if not self._pieces:
                return b""
            piece = self._pieces.popleft()
            if len(piece) > size:
                self._pieces.appendleft(piece[size:])
            self._size -= min(size, len(piece))
            return piece[:size]


def _refused(reason: str) -> SourceFailed:
    return SourceFailed(f"?format={FORMAT}", reason)
