# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One source: the sound that waits, the life of its stream, and how it fares.

Sound comes in from one thread and is analysed by another, a hop at a time, so that many sources share few threads
fairly. What waits is bounded: beyond it the oldest sound is left out and counted, and the stream begins anew there.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import to_samples, to_seconds
from analytic.events.level import Levels
from analytic.events.sensor import SensorSettings, SensorState
from analytic.events.sensor import step as sense
from analytic.events.types import Message, Source
from analytic.pipeline.live import LiveSource
from analytic.pipeline.telling import instant
from model.stream import LOOKAHEAD_SAMPLES

_LOG = logging.getLogger(__name__)
HOP_SAMPLES = 8_000
# A window is heard when the few samples after its end are there that its last frame needs: without them it would wait
# for the next hop.
LEAD_SAMPLES = LOOKAHEAD_SAMPLES
_SLIP_S = 2.0  # how far a source's own clock may lag before its times are set anew
_AHEAD_S = 30.0  # ... and how far it may run ahead: whoever sends too fast is heard, but not minutes into the future

Samples = NDArray[np.float32]
Open = Callable[[Source, float, Mapping[str, Any] | None, Callable[[Levels], None]], LiveSource]


@dataclass(slots=True)
class Counts:
    """What happened to a source so far."""

    hops: int = 0
    dropped_samples: int = 0
    gaps: int = 0
    connections: int = 0
    alerts: int = 0
    last_error: str | None = None
    retry_at: float | None = None  # Unix time; None unless whoever fetches the sound pauses


@dataclass(slots=True)
class _Waiting:
    """Sound that has come and was not analysed yet."""

    pieces: deque[Samples] = field(default_factory=deque)
    samples: int = 0
    began: float | None = None  # Unix time of the first sample of a stream that has yet to begin
    ended: bool = False

    @property
    def wanted(self) -> int:
        """How many samples the next hop takes: the first one of a stream takes the lead as well."""
        return HOP_SAMPLES + LEAD_SAMPLES if self.began is not None else HOP_SAMPLES

    @property
    def is_enough(self) -> bool:
        """Whether there is something to analyse."""
        return self.samples >= self.wanted or (self.ended and self.samples > 0)


class Session:
    """One source.

    Parameters
    ----------
    source
        Its id and kind.
    open_stream
        Opens its life in the pipeline: takes the source, the Unix time of its first sample, what was remembered of it,
        and who is told the levels.
    backlog_s
        How much sound may wait.
    lost_after_s
        How long after its last sound it counts as lost.
    memory
        What was remembered of it.
    """

    def __init__(
        self,
        source: Source,
        open_stream: Open,
        *,
        backlog_s: float = 5.0,
        lost_after_s: float = 10.0,
        memory: Mapping[str, Any] | None = None,
    ) -> None:
        self.source = source
        self.counts = Counts()
        self._open = open_stream
        self._backlog = max(to_samples(backlog_s), 2 * HOP_SAMPLES)
        self._lost_after_s = lost_after_s
        self._sensing = SensorSettings(lost_s=lost_after_s)
        self._memory = memory
        self._live: LiveSource | None = None
        self._waiting = _Waiting()
        self._has_begun = False  # whether the sound that comes belongs to a stream that is open, or just being opened
        self._lock = threading.Lock()
        self._sensor: SensorState | None = None
        self._last_sound: float | None = None
        self._expected_until = float("-inf")  # until then a source that has yet to sound is not lost
        self.scheduled = False  # for the listener: whether a worker has it, or is about to
        self.forgotten = False  # likewise: whether it is to leave nothing behind

    def feed(self, samples: Samples, now: float) -> bool:
        """Take sound, float32, shape (n,), that ended at Unix time `now`; tell whether there is work to do.

        Never blocks on analysis.
        """
        with self._lock:
            waiting = self._waiting
            if waiting.began is None and (waiting.ended or not self._has_begun):
                waiting.began = now - to_seconds(samples.size)
            waiting.ended = False
            waiting.pieces.append(samples)
            waiting.samples += samples.size
            self._last_sound = now
            if self.counts.retry_at is not None:
                self.counts.retry_at = None
                self.counts.connections += 1
            if waiting.samples > self._backlog:
                self._drop(now)
            return waiting.is_enough

    def _drop(self, now: float) -> None:
        """Leave out the oldest half of what waits; the stream begins anew with what is left."""
        waiting = self._waiting
        while waiting.samples > self._backlog // 2 and len(waiting.pieces) > 1:
            gone = waiting.pieces.popleft()
            waiting.samples -= gone.size
            self.counts.dropped_samples += gone.size
        self.counts.gaps += 1
        waiting.began = now - to_seconds(waiting.samples)

    def end(self, error: str | None = None, retry_at: float | None = None) -> None:
        """Say that no more comes of this connection, why, and when it is tried again; what waits is still analysed."""
        with self._lock:
            self._waiting.ended = True
            self.counts.last_error, self.counts.retry_at = error, retry_at

    def work(self) -> Sequence[Message]:
        """Analyse one hop of what waits, or what is left once the connection has ended; return what was announced."""
        with self._lock:
            piece, began = self._take()
        if piece is None:
            return ()
        live = self._live if began is None else None
        if live is None:
            live = self._begin(began or 0.0)
        messages = live.push(piece)
        self.counts.hops += 1
        self.counts.alerts += sum(message["phase"] == "start" for message in messages)
        self._set_right(live)
        return messages

    @property
    def has_work(self) -> bool:
        """Whether `work` would do something."""
        with self._lock:
            return self._waiting.is_enough

    def expect(self, now: float) -> None:
        """Have what was open before a restart end if no sound comes for long enough from now on."""
        self._expected_until = now + self._lost_after_s

    def lost(self, now: float) -> Sequence[Message]:
        """End what is open if no sound has come for long enough; return what was announced. Not while `work` runs."""
        if not self.is_lost(now):
            return ()
        if self._last_sound is None and self._expected_until > float("-inf"):
            self._expected_until = float("-inf")
            self._begin(now)  # it alone knows what was open
        self._feel(None, now)
        return self.close()

    def close(self) -> Sequence[Message]:
        """End the stream, and what is open in it."""
        with self._lock:
            live, self._live, self._has_begun = self._live, None, False
        if live is None:
            return ()
        messages = live.finish()
        self._memory = live.memory()
        return messages

    def memory(self) -> Mapping[str, Any] | None:
        """Return, as JSON values, what is to be remembered of it."""
        live = self._live
        return self._memory if live is None else live.memory()

    def is_lost(self, now: float) -> bool:
        """Tell whether no sound has come for too long."""
        if self._last_sound is None:
            return now >= self._expected_until
        return now - self._last_sound >= self._lost_after_s

    def report(self, now: float) -> dict[str, Any]:
        """Return how it fares, as JSON values."""
        live, sensor, retry_at = self._live, self._sensor, self.counts.retry_at
        status = "lost" if self.is_lost(now) or sensor is None else sensor.status
        return {
            "id": self.source.id,
            "type": self.source.type,
            "status": status,
            "status_since": None if sensor is None else instant(sensor.since_s),
            "last_audio_age_s": None if self._last_sound is None else round(max(0.0, now - self._last_sound), 1),
            "level_dbfs": None if live is None else round(live.now.level_dbfs, 1),
            "waiting_s": round(to_seconds(self._waiting.samples), 2),
            "hops": self.counts.hops,
            "dropped_s": round(to_seconds(self.counts.dropped_samples), 2),
            "gaps": self.counts.gaps,
            "connections": self.counts.connections,
            "alerts": self.counts.alerts,
            "last_error": self.counts.last_error,
            "retry_in_s": None if retry_at is None else round(max(0.0, retry_at - now), 1),
        }

    @property
    def live(self) -> LiveSource | None:
        """Its stream, while it has one."""
        return self._live

    def _take(self) -> tuple[Samples | None, float | None]:
        waiting = self._waiting
        if not waiting.is_enough:
            return None, None
        wanted = min(waiting.samples, waiting.wanted)
        taken: list[Samples] = []
        missing = wanted
        while missing:
            piece = waiting.pieces.popleft()
            taken.append(piece[:missing])
            if piece.size > missing:
                waiting.pieces.appendleft(piece[missing:])
            missing -= min(missing, piece.size)
        waiting.samples -= wanted
        began, waiting.began = waiting.began, None
        self._has_begun = True
        if began is None and self._live is None and self._last_sound is not None:  # the stream could not be opened
            began = self._last_sound - to_seconds(waiting.samples + wanted)
        return (np.concatenate(taken) if len(taken) > 1 else taken[0]), began

    def _begin(self, began: float) -> LiveSource:
        """Open a new stream that takes over what the last one remembered; open events go on or end by themselves."""
        if self._live is not None:
            self._live.cut()
            self._memory = self._live.memory()
        try:
            live = self._open(self.source, began, self._memory, self._sense)
        except (KeyError, TypeError, ValueError) as error:
            if self._memory is None:
                raise
            # Written by another version, or damaged: better to begin anew than to be deaf.
            _LOG.warning("what was remembered is of no use", extra={"source": self.source.id, "error": repr(error)})
            self._memory = None
            live = self._open(self.source, began, None, self._sense)
        self._live = live
        return live

    def _set_right(self, live: LiveSource) -> None:
        """Begin anew at the next hop if sound is missing, or there is far too much: the times would be wrong."""
        with self._lock:
            if self._last_sound is None:
                return
            expected = self._last_sound - to_seconds(self._waiting.samples)
            slip_s = expected - live.heard_until
            if not -_AHEAD_S <= slip_s <= _SLIP_S and self._waiting.began is None:
                self._waiting.began = expected
                self.counts.gaps += 1

    def _sense(self, levels: Levels) -> None:
        live = self._live
        if live is not None:
            self._feel(levels, live.heard_until)

    def _feel(self, levels: Levels | None, now: float) -> None:
        """Follow the source's health; its clock does not go back."""
        sensor = self._sensor or SensorState.starting(now)
        self._sensor, changes = sense(sensor, levels, max(now, sensor.audio_s), self._sensing)
        for change in changes:
            log = _LOG.info if change.status == "ok" else _LOG.warning
            log("a source is %s", change.status, extra={"source": self.source.id, "level_dbfs": change.level_dbfs})
