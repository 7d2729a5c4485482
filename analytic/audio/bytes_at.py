# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Bytes that somebody hands over piece by piece, as the file that libraries expect; with lying headers put right."""

from __future__ import annotations

import struct
from typing import Any, Protocol

_UNKNOWN_LENGTH = 0xFFFFFFFF
_FLAC_TOTAL_OFFSET = 21


class Bytes(Protocol):
    """Bytes that can be read anywhere."""

    @property
    def size(self) -> int | None:
        """How many there are; None where nobody knows."""
        ...

    @property
    def seekable(self) -> bool:
        """Whether they can be read in any order."""
        ...

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`, none only at the end."""
        ...


class Held:
    """Bytes that are in memory; also what stands for a file in tests."""

    seekable = True

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size: int | None = len(content)

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`."""
        return self._content[offset : offset + count]


class File:
    """Bytes as a file object, with a few put right: from which offset on, and by which."""

    def __init__(self, content: Bytes, mended: tuple[int, bytes] = (0, b"")) -> None:
        self._content = content
        self._at = 0
        self._mended = mended

    def read(self, count: int = -1) -> bytes:
        """Return up to `count` bytes from here on; all that are left where it is negative."""
        if count < 0:
            count = max(0, (self._content.size or 0) - self._at)
        found = self._content.read_at(self._at, count) if count else b""
        start, better = self._mended
        if self._at < start + len(better) and start < self._at + len(found):
            whole = bytearray(found)
            for offset, value in enumerate(better, start - self._at):
                if 0 <= offset < len(whole):
                    whole[offset] = value
            found = bytes(whole)
        self._at += len(found)
        return found

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer from here on; return how many bytes it got."""
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def write(self, _bytes: bytes) -> int:
        """Refuse: libraries ask for the method, none calls it."""
        raise OSError("read only")

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seekable(self) -> bool:
        """Tell whether they can be read in any order."""
        return self._content.seekable

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go on reading elsewhere; return where.

        Raises
        ------
        OSError
            From the end, and nobody knows where that is.
        """
        if whence == 2 and self._content.size is None:
            raise OSError("nobody knows where it ends")
        origin = (0, self._at, self._content.size or 0)[whence]
        self._at = max(0, origin + offset)
        return self._at


class ForwardFile:
    """The same for what can only be read from front to back: PyAV asks whether there is a `seek`."""

    def __init__(self, file: File) -> None:
        self.read = file.read


def mended(head: bytes, size: int) -> tuple[int, bytes]:
    """Return what is to be put right in a header that lies about its length: where, and by which bytes.

    A WAV that was piped says 0 or the largest number; of FLAC the length is hidden, and the decoder then goes as far as
    there is sound.
    """
    if head[:4] == b"fLaC" and len(head) > _FLAC_TOTAL_OFFSET + 5:
        return _FLAC_TOTAL_OFFSET, bytes([head[_FLAC_TOTAL_OFFSET] & 0xF0, 0, 0, 0, 0])
    offset = 12
    while head[:4] == b"RIFF" and offset + 8 <= len(head):
        name, length = struct.unpack_from("<4sI", head, offset)
        if name == b"data":
            available = min(size - offset - 8, _UNKNOWN_LENGTH - 1)
            lies = length in (0, _UNKNOWN_LENGTH) or length > available
            return (offset + 4, struct.pack("<I", available)) if lies else (0, b"")
        offset += 8 + length + length % 2
    return 0, b""
