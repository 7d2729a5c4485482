# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The pump: takes what waits for one sink out of the outbox, in order, until the other side has acknowledged it.

One thread a sink, so that one which is away holds up no other. It comes back later and later, with full jitter, at most
`LONGEST_PAUSE_S` apart; what was under way when it stopped or failed goes again, under the same ``message_id``.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_when_event_set

from analytic.events.types import Message

_LOG = logging.getLogger(__name__)
LONGEST_PAUSE_S = 15.0
_BATCH = 100
_TICK_S = 1.0
_MOST_FAULTS = 10


class Unreachable(Exception):
    """The other side cannot be reached, or does not acknowledge; it is tried again."""


class CarryingSink(Protocol):
    """Where messages go for good. Its methods are called from its pump's thread alone."""

    @property
    def name(self) -> str:
        """For the outbox, logs and metrics."""
        ...

    def deliver(self, messages: Sequence[Message], /) -> Iterator[int]:
        """Send messages in order; yield each one's number once the other side has acknowledged it.

        Raises
        ------
        Unreachable
            The rest has still to be sent.
        """
        ...

    def tick(self) -> None:
        """Do what is due beside messages; called every second while there are none.

        Raises
        ------
        Unreachable
            The other side is away.
        """
        ...

    def close(self) -> None:
        """Take leave."""
        ...


class Waiting(Protocol):
    """Where messages wait."""

    def pending(self, sink: str, limit: int, /) -> list[Message]:
        """Return the next messages for a sink, in order."""
        ...

    def acknowledge(self, sink: str, numbers: Sequence[int], /) -> None:
        """Note that a sink has messages for good."""
        ...

    def settle(self) -> None:
        """Write what could not be written before."""
        ...


class Pump:
    """Empties the outbox into one sink.

    Parameters
    ----------
    sink
        Where to.
    outbox
        Where from.
    delivered
        Told the sink's name and how many messages it has acknowledged.
    given_up
        Told the sink's name and 1 where a message is left out, because the sink fails on it by a fault of ours.
    reachable
        Told the sink's name and whether it can be reached, whenever that changes.
    longest_pause_s
        The longest pause between two tries, seconds.
    """

    def __init__(
        self,
        sink: CarryingSink,
        outbox: Waiting,
        *,
        delivered: Callable[[str, int], None] = lambda _sink, _count: None,
        given_up: Callable[[str, int], None] = lambda _sink, _count: None,
        reachable: Callable[[str, bool], None] = lambda _sink, _is: None,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        self._sink = sink
        self._outbox = outbox
        self._delivered = delivered
        self._given_up = given_up
        self._reachable = reachable
        self._faults = (0, 0)  # a number, and how often the sink failed on it
        self._one_by_one = 0  # so many messages go alone, because one of them may be what the sink fails on
        self._stopping = threading.Event()
        self._work = threading.Event()
        self._is_reachable: bool | None = None
        self._retrying = Retrying(
            retry=retry_if_exception_type((Unreachable, sqlite3.Error, OSError)),
            wait=wait_random_exponential(multiplier=0.25, max=longest_pause_s),
            stop=stop_when_event_set(self._stopping),
            sleep=sleep_using_event(self._stopping),
            before_sleep=self._failed,
            retry_error_callback=lambda _state: None,  # it is over
        )
        self._thread = threading.Thread(target=self._run, name=f"pump-{sink.name}", daemon=True)

    @property
    def name(self) -> str:
        """The sink's name."""
        return self._sink.name

    def accept(self, message: Message) -> None:
        """Learn that there is a message; it is taken from the outbox."""
        del message
        self._work.set()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop_soon(self) -> None:
        """Have it end without waiting for it: where there are several, so that they end at the same time."""
        self._stopping.set()
        self._work.set()

    def stop(self) -> None:
        """End once what is under way has ended; what waits stays in the outbox."""
        self.stop_soon()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._retrying(self._once)
        finally:
            self._sink.close()

    def _once(self) -> None:
        """Send a batch, or wait a moment for one."""
        batch: list[Message] = []
        try:
            self._work.clear()
            batch = self._outbox.pending(self._sink.name, 1 if self._one_by_one else _BATCH)
            if batch:
                self._send(batch)
            else:
                self._outbox.settle()
                self._sink.tick()
            self._is(True)
        except (Unreachable, sqlite3.Error, OSError):
            raise
        except Exception as error:  # a fault of ours must not end deliveries for good
            _LOG.exception("a sink failed", extra={"sink": self._sink.name})
            self._give_up_after_all(batch)
            raise Unreachable(f"{type(error).__name__}; the log says more") from error
        if not batch:
            self._work.wait(_TICK_S)

    def _send(self, batch: Sequence[Message]) -> None:
        done: list[int] = []
        try:
            for number in self._sink.deliver(batch):
                done.append(number)
                if self._stopping.is_set():  # what is left of the batch goes at the next start
                    break
        finally:
            if done:
                self._outbox.acknowledge(self._sink.name, done)
                self._delivered(self._sink.name, len(done))
        if not done:
            raise Unreachable("nothing was acknowledged")
        self._one_by_one = max(0, self._one_by_one - len(done))

    def _give_up_after_all(self, batch: Sequence[Message]) -> None:
        """Leave a message out that a sink fails on again and again by a fault of ours: the next ones must go."""
        left = self._outbox.pending(self._sink.name, 1) if batch else []
        if not left:
            return
        self._one_by_one = _BATCH
        seq = left[0]["seq"]
        self._faults = (seq, self._faults[1] + 1 if self._faults[0] == seq else 1)
        if self._faults[1] >= _MOST_FAULTS:
            _LOG.error("a message is given up: the sink fails on it", extra={"sink": self._sink.name, "seq": seq})
            self._outbox.acknowledge(self._sink.name, [seq])
            self._given_up(self._sink.name, 1)

    def _failed(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        if self._is_reachable is not False:
            _LOG.warning("a sink cannot be reached", extra={"sink": self._sink.name, "error": str(error)})
        self._is(False)

    def _is(self, reachable: bool) -> None:
        if reachable != self._is_reachable:
            if reachable and self._is_reachable is not None:
                _LOG.info("a sink is reached again", extra={"sink": self._sink.name})
            self._is_reachable = reachable
            self._reachable(self._sink.name, reachable)
