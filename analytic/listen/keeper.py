# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Keeps one source going: opens it again when it ends or fails, later and later, in a thread of its own.

The pauses are exponential with full jitter: anything up to 1 s, 2 s, 4 s, and so on up to 60 s, so that a house full of
cameras that lost their power does not come back all at once. A minute of sound makes the next pause a short one again.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import to_seconds
from analytic.errors import ExtraMissing, HearkenError
from analytic.events.types import Source
from analytic.listen.address import Address
from analytic.listen.sources import SoundSource, open_source

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_GOOD_S = 60.0

S = TypeVar("S")


class Taker(Protocol[S]):
    """Who takes the sound: the `Listener`, or what passes it on."""

    def connect(self, source: Source, /) -> S:
        """Begin to take a source's sound."""
        ...

    def feed(self, session: S, samples: NDArray[np.float32], /) -> None:
        """Take sound that has just ended."""
        ...

    def pause(self, session: S, error: str, retry_in_s: float, /) -> None:
        """Learn why nothing comes, and when it is tried again."""
        ...

    def disconnect(self, session: S, error: str | None = None, /) -> None:
        """Learn that no more comes, and why."""
        ...


class Backoff:
    """How long to pause before the next try.

    Parameters
    ----------
    uniform
        Returns a random number between two.
    """

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._uniform = uniform
        self._limit_s = _FIRST_PAUSE_S
        self._good_s = 0.0

    def next(self) -> float:
        """Return the pause after a failure, seconds."""
        limit_s, self._good_s = self._limit_s, 0.0
        self._limit_s = min(2 * limit_s, _LONGEST_PAUSE_S)
        return self._uniform(0.0, limit_s)

    def good(self, seconds: float) -> None:
        """Count what went well; enough of it without a failure begins anew."""
        self._good_s += seconds
        if self._good_s >= _GOOD_S:
            self._limit_s = _FIRST_PAUSE_S


class Keeper(Generic[S]):
    """Keeps one source going.

    Parameters
    ----------
    listener
        Who takes the sound; the source's name is taken from `start` to `stop`, also while nothing comes.
    name
        The source's name.
    address
        Where it is.
    open_
        Makes the source of an address.
    patient
        Whether the very first failure is followed by another try.
    over
        Told when there will be no more sound: a file has been played, a package is missing, or the first try failed
        and there is no patience.
    wait
        Waits for an event, so many seconds at most; tells whether it is set.
    uniform
        Returns a random number between two.
    """

    def __init__(
        self,
        listener: Taker[S],
        name: str,
        address: Address,
        *,
        open_: Callable[[Address], SoundSource] = open_source,
        patient: bool = True,
        over: Callable[[Keeper[S]], object] = lambda _keeper: None,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.name, self.address = name, address
        self.failed: HearkenError | None = None
        self._listener = listener
        self._open = open_
        self._patient = patient
        self._over = over
        self._wait = wait
        self._backoff = Backoff(uniform)
        self._stopping = threading.Event()
        self._has_sounded = False
        self._thread = threading.Thread(target=self._run, name=f"listen-{name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop_soon(self) -> None:
        """Have it end without waiting for it: where there are many, so that they end at the same time."""
        self._stopping.set()

    def stop(self) -> None:
        """End the source, and the thread; a stream that says nothing may take its seconds of patience."""
        self.stop_soon()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        session: S | None = None
        error: HearkenError | None = None
        while not self._stopping.is_set():
            try:
                if session is None:
                    session = self._listener.connect(Source(self.name, self.address.kind))
                error = self._play(session)
            except HearkenError as refused:  # the name is taken, or there is no room for another source
                error = refused
            if self._stopping.is_set() or self._is_over(error):
                break
            self._pause(session, error)
        if session is not None:
            self._listener.disconnect(session, None if error is None else str(error))
        if not self._stopping.is_set():
            self.failed = error
            self._over(self)

    def _play(self, session: S) -> HearkenError | None:
        """Pass sound on until it ends; return why it did, None if it simply did."""
        try:
            for samples in self._open(self.address).chunks(self._stopping):
                self._has_sounded = True
                self._listener.feed(session, samples)
                self._backoff.good(to_seconds(samples.size))
        except HearkenError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the source for good
            _LOG.exception("a source failed", extra={"source": self.name, "address": self.address.shown})
            return HearkenError(f"{self.address.shown}: failed ({type(error).__name__}); the log says more")
        return None

    def _is_over(self, error: HearkenError | None) -> bool:
        if error is None:
            return self.address.ends
        return isinstance(error, ExtraMissing) or not (self._patient or self._has_sounded)

    def _pause(self, session: S | None, error: HearkenError | None) -> None:
        reason = "the stream ended" if error is None else str(error)
        pause_s = self._backoff.next()
        details: dict[str, Any] = {"source": self.name, "reason": reason, "retry_in_s": round(pause_s, 1)}
        _LOG.warning("a source is opened again later", extra=details)
        if session is not None:
            self._listener.pause(session, reason, pause_s)
        self._wait(self._stopping, pause_s)
