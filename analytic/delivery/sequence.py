# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The last number given, kept where a full disk cannot get at it.

Numbers must never be given twice: who verifies messages refuses one that it has seen. The outbox knows the last one,
as long as it could be written. This small file is made at the start and from then on only overwritten in place, which
takes no new room: it holds a number that none given goes beyond without its being raised first, and the last one given
to a message that could not be stored.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

_LOG = logging.getLogger(__name__)
_FORMAT = "{:020d} {:020d}\n"
_SIZE_BYTES = 42
_AHEAD = 1000


class Sequence:
    """Numbers from 1 on, each once, whatever happens.

    Parameters
    ----------
    path
        The file; None to forget all at the end.
    stored
        The last number in the outbox; None where the outbox is lost or new.

    Attributes
    ----------
    last
        The last number given.
    """

    def __init__(self, path: Path | None, stored: int | None) -> None:
        self._handle = None if path is None else os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        reserved, unstored = self._read()
        self.last = max(reserved if stored is None else stored, unstored)
        self._unstored = unstored
        self._reserved = max(reserved, self.last)  # never lowered: a start that fails must not bring old numbers back
        self._write()

    def next(self) -> int:
        """Give a number."""
        self.last += 1
        if self.last > self._reserved:
            self._reserve()
        return self.last

    def take_back(self) -> None:
        """Give the last number again the next time: nothing has had it."""
        self.last -= 1

    def not_stored(self) -> None:
        """Remember the last number, because the outbox could not."""
        self._unstored = self.last
        self._write()

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _reserve(self) -> None:
        self._reserved = self.last + _AHEAD
        self._write()

    def _read(self) -> tuple[int, int]:
        if self._handle is None:
            return 0, 0
        found = os.pread(self._handle, _SIZE_BYTES, 0).split()
        if not found:
            return 0, 0
        try:
            reserved, unstored = (int(number) for number in found)
        except ValueError:
            _LOG.error("the file of the last number is damaged; numbers may come again")
            return 0, 0
        return reserved, unstored

    def _write(self) -> None:
        if self._handle is None:
            return
        try:
            os.pwrite(self._handle, _FORMAT.format(self._reserved, self._unstored).encode(), 0)
            os.fdatasync(self._handle)
        except OSError as error:
            _LOG.error("the last number cannot be kept", extra={"error": str(error)})
