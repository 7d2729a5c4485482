# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A sink that keeps a list: the recent past for those who subscribe late, and a fake for tests."""

from __future__ import annotations

import threading
from collections import deque

from analytic.events.types import Message

START = "start"


class Memory:
    """Keeps the last messages, in order; gone when the service stops.

    Parameters
    ----------
    capacity
        How many are kept; the oldest go first.
    """

    name = "memory"

    def __init__(self, capacity: int = 1000) -> None:
        self._messages: deque[Message] = deque(maxlen=capacity)
        self._lock = threading.Lock()

    def accept(self, message: Message) -> None:
        """Keep one message."""
        with self._lock:
            self._messages.append(message)

    def since(self, cursor: str) -> list[Message]:
        """Return what came after the message with id `cursor`; everything kept for ``start``.

        Message ids sort by time, so a cursor that is no longer kept still says what came after it.
        """
        with self._lock:
            return [message for message in self._messages if cursor == START or message["message_id"] > cursor]

    def messages(self) -> list[Message]:
        """Return everything kept."""
        return self.since(START)
