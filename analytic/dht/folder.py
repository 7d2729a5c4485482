# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Files of one folder, by names that others give: no way out of it, no link followed, no device read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from analytic.errors import BadRequest, printable
from analytic.ids import is_identifier

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class NoSuchFile(BadRequest):
    """The name leads to no file that may be read."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"audio_file {printable(name)}: {reason}")
        self.name = name


class Folder:
    """A folder that files are read from.

    Parameters
    ----------
    path
        Where it is.
    max_bytes
        The largest file that is read.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes

    def read(self, name: str) -> bytes:
        """Return a file's bytes.

        Parameters
        ----------
        name
            Its name, also in folders below: each part an id of 1 to 64 characters of ``A-Z a-z 0-9 . _ -``, none of
            them beginning with a dot.

        Raises
        ------
        NoSuchFile
            There is no such file, or it must not be read; the message says why.
        """
        parts = name.split("/")
        if not all(is_identifier(part) and not part.startswith(".") for part in parts):
            raise NoSuchFile(name, "expected a name of A-Z a-z 0-9 . _ -, in the folder or below it")
        try:
            handle = self._open(parts)
        except OSError as error:
            raise NoSuchFile(name, error.strerror or "cannot be opened") from error
        try:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode):
                raise NoSuchFile(name, "no regular file")
            if found.st_size > self._max_bytes:
                raise NoSuchFile(name, f"at most {self._max_bytes} bytes are read, found {found.st_size}")
            with open(handle, "rb", closefd=False) as stream:
                return stream.read(self._max_bytes)
        except OSError as error:
            raise NoSuchFile(name, error.strerror or "cannot be read") from error
        finally:
            os.close(handle)

    def _open(self, parts: list[str]) -> int:
        """Open a file one folder after the other, following no link at any of them."""
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts[:-1]:
                below = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=folder)
                os.close(folder)
                folder = below
            return os.open(parts[-1], _FLAGS, dir_fd=folder)
        finally:
            os.close(folder)
