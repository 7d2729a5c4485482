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

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOWED = {  # by name: the numbers on x86_64 and on aarch64
    "recvfrom": (45, 207),
    "sendto": (44, 206),
    "futex": (202, 98),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "madvise": (28, 233),
    "brk": (12, 214),
    "getrusage": (98, 165),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "clock_gettime": (228, 113),
    "getrandom": (318, 278),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
OWN_LIMITS = {"prlimit64": (302, 261)}  # of this process alone
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
    if machine not in ARCHITECTURES:
        return False
    steps = steps_on(machine)
    program = _Program(len(steps) // 8, steps)
    done: int = ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0)
    return done == 0


def steps_on(machine: str) -> bytes:
    """Return the filter for a machine: steps, where a comparison says how many to skip if it holds, and if not."""
    architecture, column = ARCHITECTURES[machine], list(ARCHITECTURES).index(machine)
    allowed = [numbers[column] for numbers in ALLOWED.values()]
    own_limits, count = OWN_LIMITS["prlimit64"][column], len(allowed)
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
