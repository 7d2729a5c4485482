# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Folders that one process has for itself."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class FolderTaken(OSError):
    """Another process has the folder."""

    def __init__(self, folder: Path, setting: str) -> None:
        super().__init__(f"{folder}: another Hearken has this folder; give each its own {setting}")


def take(folder: Path, setting: str) -> int:
    """Make a folder, with mode 0700, where there is none, and have it for this process alone.

    Parameters
    ----------
    folder
        Its path.
    setting
        The setting that names it, for the message.

    Returns
    -------
    int
        A file descriptor; the folder is given back when it is closed, or the process ends in whatever way.

    Raises
    ------
    FolderTaken
        Another process has it.
    OSError
        It cannot be made or opened.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    taken = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(taken, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException as error:
        os.close(taken)
        if isinstance(error, BlockingIOError):
            raise FolderTaken(folder, setting) from error
        raise
    return taken
