# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""An outbox without a disk, for sinks and their pumps."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from analytic.events.types import Message


class Waiting:
    """Messages that wait for one sink; `acknowledged` holds the numbers in the order in which they were told."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        self._changed = threading.Condition()
        self._messages = list(messages)
        self.acknowledged: list[int] = []

    def pending(self, sink: str, limit: int, /) -> list[Message]:
        with self._changed:
            return self._messages[:limit]

    def acknowledge(self, sink: str, numbers: Sequence[int], /) -> None:
        with self._changed:
            self._messages = [message for message in self._messages if message["seq"] not in numbers]
            self.acknowledged += numbers
            self._changed.notify_all()

    def settle(self) -> None:
        """Nothing is held."""

    def wait_until_empty(self, timeout_s: float = 30) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: not self._messages, timeout_s)
