# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a command that goes on until it is told to stop waits for."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class TheEnd:
    """What the command waits for: a signal, or that there is nothing left to do.

    Attributes
    ----------
    stopping
        Set once it has come, for whoever is at work and looks now and then.
    """

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._over: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def come(self, why: Exception | None = None) -> None:
        """End it now, from whichever thread."""
        self._over.put(why)

    def wait(self) -> None:
        """Wait; raise what ended it."""
        why = self._over.get()
        self.stopping.set()
        if why is not None:
            raise why


@contextmanager
def until_told() -> Iterator[TheEnd]:
    """Have SIGINT and SIGTERM end it while this lasts; for the main thread.

    A handler in Python runs between two bytecodes of the main thread. One that comes just before that thread begins to
    wait is therefore run after the wait, which is never over; and one that interrupts another finds its locks held. So
    the handlers do nothing: the interpreter writes the signal's number into a pipe, and a thread takes it from there.
    """
    end = TheEnd()
    told, teller = os.pipe()
    os.set_blocking(teller, False)

    def take() -> None:
        while number := os.read(told, 1):  # nothing: closed
            if number[0] in _NUMBERS:
                end.stopping.set()
                end.come()

    taker = threading.Thread(target=take, name="signals", daemon=True)
    taker.start()
    wakeup = signal.set_wakeup_fd(teller, warn_on_full_buffer=False)
    before = {number: signal.signal(number, lambda *_: None) for number in _NUMBERS}
    try:
        yield end
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.close(teller)
        taker.join()
        os.close(told)
