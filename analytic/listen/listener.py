# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Many sources on few threads: each gets one hop at a time, in turn; a housekeeper looks after the silent ones."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analytic.errors import SourceConnected, TooManySources
from analytic.events.types import Source
from analytic.listen.remembered import Remembered
from analytic.listen.session import Open, Session

_LOG = logging.getLogger(__name__)
_HOUSEKEEPING_S = 1.0


class Observer(Protocol):
    """Who is told how the sources fare."""

    def source(self, report: dict[str, Any]) -> None:
        """Note one source's report; comes every second."""
        ...

    def source_gone(self, name: str) -> None:
        """Note that there is nothing more to tell of a source."""
        ...


class Learnt(Protocol):
    """What is learnt of sources while they are listened to."""

    def forget(self, source: str, /) -> bool:
        """Forget all that was learnt of a source; tell whether there was something."""
        ...

    def save(self) -> None:
        """Keep what was learnt of every source."""
        ...


class _Nothing:
    def forget(self, source: str, /) -> bool:
        """Forget nothing."""
        del source
        return False

    def save(self) -> None:
        """Keep nothing."""


class _Nobody:
    def source(self, report: dict[str, Any]) -> None:
        """Note nothing."""

    def source_gone(self, name: str) -> None:
        """Note nothing."""


class Listener:
    """Runs the sources.

    Parameters
    ----------
    open_stream
        Opens a source's life in the pipeline; see `Session`.
    remembered
        Where what outlives a restart is kept.
    max_sources
        How many sources there may be.
    workers
        How many threads analyse.
    backlog_s, lost_after_s
        See `Session`.
    observer
        Told every source's report each second.
    habits
        What is usual at the sources: forgotten with them, kept at the end.
    now
        Unix time in seconds.
    """

    def __init__(
        self,
        open_stream: Open,
        remembered: Remembered,
        *,
        max_sources: int = 64,
        workers: int = 1,
        backlog_s: float = 5.0,
        lost_after_s: float = 10.0,
        observer: Observer | None = None,
        habits: Learnt | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._open = open_stream
        self._remembered = remembered
        self._max_sources = max_sources
        self._backlog_s, self._lost_after_s = backlog_s, lost_after_s
        self._observer = observer or _Nobody()
        self._habits = habits or _Nothing()
        self._now = now
        self._sessions: dict[str, Session] = {}
        self._connected: set[str] = set()
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._ready: queue.SimpleQueue[Session | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"listen-{number}", daemon=True) for number in range(workers)
        ]
        self._housekeeper = threading.Thread(target=self._keep_house, name="listen-housekeeper", daemon=True)

    def start(self) -> None:
        """Start the threads; alarms that were open before a restart end unless their source comes back."""
        self._take_up()
        for thread in (*self._threads, self._housekeeper):
            thread.start()

    def stop(self) -> None:
        """Analyse what waits, end every source, remember what outlives a restart; sound that comes now is left out."""
        self._stopping.set()
        for _ in self._threads:
            self._ready.put(None)
        for thread in (*self._threads, self._housekeeper):
            if thread.ident is not None:
                thread.join()
        for session in self.sessions():
            session.end(session.counts.last_error)
            while session.has_work:
                self._analyse(session)
            self._end(session)
            self._remember(session)
        self._habits.save()

    def _take_up(self) -> None:
        for name in self._remembered.names():
            memory = self._remembered.read(name) or {}
            if not memory.get("told") or len(self._sessions) >= self._max_sources:
                continue
            session = self._new(Source(name, str(memory.get("type", "unknown"))), memory)
            session.expect(self._now())
            self._sessions[name] = session

    def _new(self, source: Source, memory: Mapping[str, Any] | None) -> Session:
        return Session(source, self._open, backlog_s=self._backlog_s, lost_after_s=self._lost_after_s, memory=memory)

    def connect(self, source: Source) -> Session:
        """Begin a connection that brings sound of a source.

        Raises
        ------
        SourceConnected, TooManySources
            It is connected already, or there is no room for another.
        """
        with self._lock:
            if source.id in self._connected:
                raise SourceConnected(source.id)
            if source.id not in self._sessions:
                self._make_room()
                self._sessions[source.id] = self._new(source, self._remembered.read(source.id))
            self._connected.add(source.id)
            session = self._sessions[source.id]
            session.source = source  # it may be of another kind than last time
            session.counts.connections += 1
            return session

    def disconnect(self, session: Session, error: str | None = None) -> None:
        """End a connection; what waits is still analysed, and open events end once the source counts as lost."""
        session.end(error)
        self._schedule(session)
        with self._lock:
            self._connected.discard(session.source.id)

    def pause(self, session: Session, error: str, retry_in_s: float) -> None:
        """Say why nothing comes of a connection, and when it is tried again; its name stays taken."""
        session.end(error, self._now() + retry_in_s)
        self._schedule(session)

    def feed(self, session: Session, samples: NDArray[np.float32]) -> None:
        """Take sound that has just ended, float32, shape (n,), within -1..1; returns at once."""
        if samples.size and not self._stopping.is_set() and session.feed(samples, self._now()):
            self._schedule(session)

    def sessions(self) -> Sequence[Session]:
        """List the sources."""
        with self._lock:
            return tuple(self._sessions.values())

    def session(self, name: str) -> Session | None:
        """Return a source by name."""
        with self._lock:
            return self._sessions.get(name)

    def reports(self) -> list[dict[str, Any]]:
        """Return how every source fares, by name."""
        now = self._now()
        return sorted((self._report(one, now) for one in self.sessions()), key=lambda report: str(report["id"]))

    def _report(self, session: Session, now: float) -> dict[str, Any]:
        connected = session.source.id in self._connected and session.counts.retry_at is None
        return {**session.report(now), "connected": connected}

    def forget(self, name: str) -> bool:
        """End what is open of a source and forget all that was learnt of it; tell whether there was something.

        It must not be connected.

        Raises
        ------
        SourceConnected
            It is.
        """
        with self._lock:
            if name in self._connected:
                raise SourceConnected(name)
            session = self._sessions.pop(name, None)
            is_idle = session is not None and not session.scheduled
            if session is not None:
                session.forgotten = session.scheduled = True
        if session is not None and is_idle:
            self._end(session)
        self._observer.source_gone(name)
        with self._writing:
            forgotten = [self._remembered.forget(name), self._habits.forget(name)]
        return session is not None or any(forgotten)

    def _make_room(self) -> None:
        """Let go of sources that are long gone, if there are too many."""
        if len(self._sessions) < self._max_sources:
            return
        now = self._now()
        for name, session in tuple(self._sessions.items()):
            if name not in self._connected and not session.scheduled and session.is_lost(now):
                session.close()
                self._remember(session)
                del self._sessions[name]
                self._observer.source_gone(name)
                return
        raise TooManySources(self._max_sources)

    def _schedule(self, session: Session) -> None:
        with self._lock:
            if session.scheduled:
                return
            session.scheduled = True
        self._ready.put(session)

    def _work(self) -> None:
        while (session := self._ready.get()) is not None:
            self._analyse(session)
            self._release(session)

    def _analyse(self, session: Session) -> None:
        try:
            if session.work():
                self._remember(session)
        except Exception:  # noqa: BLE001 - one source's failure must not silence the others
            _LOG.exception("a source failed", extra={"source": session.source.id})
            session.counts.last_error = "analysis failed; the log says more"

    def _keep_house(self) -> None:
        while not self._stopping.wait(_HOUSEKEEPING_S):
            for session in self.sessions():
                self._look_after(session)
                self._tell(session)

    def _look_after(self, session: Session) -> None:
        with self._lock:
            if session.scheduled:
                return
            session.scheduled = True  # no worker takes it now
        try:
            if session.lost(self._now()):
                self._remember(session)
        except Exception:  # noqa: BLE001 - likewise
            _LOG.exception("a source could not be ended", extra={"source": session.source.id})
        self._release(session)

    def _release(self, session: Session) -> None:
        """Have it analysed again where there is work; one that is forgotten comes to its end."""
        with self._lock:
            again = session.has_work
            session.scheduled = again or session.forgotten
        if again:
            self._ready.put(session)
        elif session.forgotten:
            self._end(session)

    def _end(self, session: Session) -> None:
        try:
            session.close()
        except Exception:  # noqa: BLE001 - one source's failure must not keep the others from their end
            _LOG.exception("a source could not be ended", extra={"source": session.source.id})

    def _tell(self, session: Session) -> None:
        try:
            self._observer.source(self._report(session, self._now()))
        except Exception:  # noqa: BLE001 - likewise
            _LOG.exception("nobody is told of a source", extra={"source": session.source.id})

    def _remember(self, session: Session) -> None:
        memory = session.memory()
        with self._writing:
            if memory is not None and not session.forgotten:
                self._remembered.write(session.source.id, memory)
