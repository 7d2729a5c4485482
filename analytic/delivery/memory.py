# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A journal that is a list: the recent past in memory, gone at the end; for commands that serve nobody, and tests."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from analytic.delivery.history import START
from analytic.events.types import Message


class Memory:
    """Keeps the last messages, in order; gone when the process ends.

    Parameters
    ----------
    capacity
        How many are kept; the oldest go first.
    """

    name = "memory"

    def __init__(self, capacity: int = 1000) -> None:
        self._messages: deque[Message] = deque(maxlen=capacity)
        self._lock = threading.Lock()

    def commit(self, messages: Sequence[Message]) -> None:
        """Keep messages."""
        with self._lock:
            self._messages.extend(messages)

    hold = commit

    def retract(self, message: Message, event_id: str) -> None:
        """Delete an event's messages, and keep the one that says so."""
        with self._lock:
            kept = [one for one in self._messages if one.get("id") != event_id]
            self._messages.clear()
            self._messages.extend([*kept, message])

    def accept(self, message: Message) -> None:
        """Keep one message; it is a sink as well."""
        self.commit([message])

    def position(self, cursor: str) -> int:
        """Return the number of the last message that was made no later than that id; 0 for ``start``."""
        if cursor == START:
            return 0
        return max((int(one["seq"]) for one in self.messages() if one["message_id"] <= cursor), default=0)

    def after(self, seq: int, limit: int) -> list[Message]:
        """Return the next messages after a number, in order."""
        return [message for message in self.messages() if message["seq"] > seq][:limit]

    def messages(self) -> list[Message]:
        """Return everything kept."""
        with self._lock:
            return list(self._messages)
