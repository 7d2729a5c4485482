# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The nursery as the service sees it: a process that hands over decoders that are ready."""

from __future__ import annotations

import array
import os
import socket
import subprocess
import sys
from dataclasses import dataclass

MODULE = "analytic.audio.sandbox.nursery"
_START_S = 30.0
_FEW_THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_KEEPS_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 25), "MALLOC_TRIM_THRESHOLD_": str(1 << 30)}
_KEPT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "TZ")
_RIGHTS_BYTES = socket.CMSG_SPACE(2 * array.array("i").itemsize) if hasattr(socket, "CMSG_SPACE") else 0


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What one decoder gets.

    Attributes
    ----------
    memory_bytes
        Memory, beyond what it has when it starts.
    clip_s
        Time for a clip: that of the processor and that of the clock, seconds.
    stream_cpu_s
        Processor time for a recording of any length, seconds.
    step_s
        Time for each piece of it, seconds by the clock, without that of fetching its bytes.
    ready
        Decoders that wait for work.
    """

    memory_bytes: int = 512 << 20
    clip_s: float = 20.0
    stream_cpu_s: float = 3600.0
    step_s: float = 60.0
    ready: int = 4


class Nursery:
    """The process that decoders are forked from. Those that are ready wait within its socket.

    Parameters
    ----------
    limits
        What each decoder gets, and how many are to wait.
    """

    def __init__(self, limits: SandboxLimits) -> None:
        self._control, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _FEW_THREADS | _KEEPS_MEMORY
        given = (limits.memory_bytes, max(1, round(limits.stream_cpu_s)), limits.ready)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", MODULE, *map(str, (theirs.fileno(), *given))],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self._control.settimeout(_START_S)
        self._control.sendall(b"+" * limits.ready)

    def take(self) -> tuple[socket.socket, int]:
        """Return a decoder's socket and a handle of its process.

        Raises
        ------
        OSError
            The nursery has ended.
        """
        self._control.sendall(b"+")
        _, rights, *_ = self._control.recvmsg(32, _RIGHTS_BYTES)
        found = array.array("i")
        for level, kind, content in rights:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                found.frombytes(content[: len(content) - len(content) % found.itemsize])
        if len(found) != 2:
            raise OSError("it sent no decoder")
        return socket.socket(fileno=found[0]), found[1]

    def close(self) -> None:
        """End it, and all that wait for work."""
        self._control.close()
        self._process.kill()  # it has nothing to finish, and may still be loading what decoders need
        self._process.wait()
