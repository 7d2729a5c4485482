# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Ids: those that others give, and UUIDv7, ids that sort by the time they were made.

RFC 9562, 5.7 and 6.2, method 1.
"""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from collections.abc import Callable

_COUNTER_BITS = 12
_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,64}")


def is_identifier(text: str) -> bool:
    """Tell whether `text` may name a source or a request: 1 to 64 characters of ``A-Z a-z 0-9 . _ -``."""
    return _IDENTIFIER.fullmatch(text) is not None


def derived(parent: str, number: int) -> str:
    """Return the UUIDv7 that belongs to a number and another UUIDv7: of the same time, and the same each time.

    Raises
    ------
    ValueError
        `parent` is no UUID.
    """
    time_ms = uuid.UUID(parent).int >> 80
    chance = int.from_bytes(hashlib.sha256(f"{parent} {number}".encode()).digest()[:10], "big")
    counter, random = chance >> 68, chance & ((1 << 62) - 1)
    return str(uuid.UUID(int=time_ms << 80 | 7 << 76 | counter << 64 | 2 << 62 | random))


class Uuid7:
    """Makes UUIDv7s that only ever grow, also within a millisecond and when the clock steps back.

    Parameters
    ----------
    now_ms
        The time in milliseconds since 1970, UTC.
    random_bytes
        Returns that many random bytes.
    """

    def __init__(self, now_ms: Callable[[], int], random_bytes: Callable[[int], bytes]) -> None:
        self._now_ms = now_ms
        self._random_bytes = random_bytes
        self._lock = threading.Lock()
        self._last = -1  # milliseconds and counter, as one number

    def __call__(self) -> str:
        """Make the next one, in the usual form of 36 characters."""
        with self._lock:
            # A counter of 12 bits that starts anew each millisecond and carries over into it when it is full.
            self._last = max(self._last + 1, self._now_ms() << _COUNTER_BITS)
            time_ms, counter = self._last >> _COUNTER_BITS, self._last & ((1 << _COUNTER_BITS) - 1)
        random = int.from_bytes(self._random_bytes(8), "big") & ((1 << 62) - 1)
        return str(uuid.UUID(int=time_ms << 80 | 7 << 76 | counter << 64 | 2 << 62 | random))
