# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The system calls that a decoder may still make; all others fail (seccomp, Linux's "Seccomp BPF" documentation).

Limits alone leave a process that was taken over calls that need no new file: removing one by name, ending or reading
another process of the same user. What is left: memory, its socket, and its end.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

_X86_64, _AARCH64 = 0xC000003E, 0xC00000B7
_ALLOWED = {
    # recvfrom sendto futex rt_sigprocmask rt_sigreturn mmap munmap mremap mprotect madvise brk getrusage
    # sched_getaffinity sched_yield clock_gettime getrandom getpid gettid restart_syscall exit exit_group
    "x86_64": (
        _X86_64,
        (45, 44, 202, 14, 15, 9, 11, 25, 10, 28, 12, 98, 204, 24, 228, 318, 39, 186, 219, 60, 231),
    ),
    "aarch64": (
        _AARCH64,
        (207, 206, 98, 135, 139, 222, 215, 216, 226, 233, 214, 165, 123, 124, 113, 278, 172, 178, 128, 93, 94),
    ),
}
_OWN_LIMITS = {"x86_64": 302, "aarch64": 261}  # prlimit64, of this process alone
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def confine_calls() -> bool:
    """Allow this process the calls above alone, for good; tell whether this machine can.

    It must have given up new privileges (PR_SET_NO_NEW_PRIVS).
    """
    machine = platform.machine()
    if machine not in _ALLOWED:
        return False
    steps = _steps(*_ALLOWED[machine], _OWN_LIMITS[machine])
    program = _Program(len(steps) // 8, steps)
    done: int = ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0)
    return done == 0


def _steps(architecture: int, allowed: tuple[int, ...], own_limits: int) -> bytes:
    """Return the filter: a list of steps, where a comparison says how many to skip if it holds, and if not."""
    count = len(allowed)
    return b"".join(
        struct.pack("=HBBI", *step)
        for step in (
            (_LOAD, 0, 0, _ARCHITECTURE),
            (_EQUALS, 1, 0, architecture),
            (_RETURN, 0, 0, _REFUSE),
            (_LOAD, 0, 0, _NUMBER),
            (_EQUALS, 0, 2, own_limits),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_EQUALS, count + 1, count, 0),
            *((_EQUALS, count - place, 0, number) for place, number in enumerate(allowed)),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
