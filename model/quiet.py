# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Take one known line out of what native code writes to standard error; everything else still comes through."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()
_STDERR = 2


@contextmanager
def without_line(beginning: bytes) -> Iterator[None]:
    """Hold back standard error while the context lasts, then write it out without lines that begin so."""
    with _LOCK:
        held = os.memfd_create("held-stderr")
        real = os.dup(_STDERR)
        os.dup2(held, _STDERR)
        try:
            yield
        finally:
            os.dup2(real, _STDERR)
            size = os.lseek(held, 0, os.SEEK_CUR)
            lines = os.pread(held, size, 0).splitlines(keepends=True)
            os.write(real, b"".join(line for line in lines if not line.startswith(beginning)))
            os.close(held)
            os.close(real)
