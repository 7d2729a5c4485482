# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What the tests of live sound share: a stream that notes what it was given, and waiting for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import analytic.listen.session
from analytic.app import make_extras, make_pipeline
from analytic.events.types import Source
from analytic.listen.listener import Listener
from analytic.listen.remembered import Remembered
from analytic.listen.session import Open
from analytic.pipeline.live import LiveSource
from analytic.settings import Settings
from model.fake import FakeTagger

PATIENCE_S = 20.0
RATE_HZ = 16_000


@pytest.fixture(autouse=True)
def no_lead(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Hops of a round size, so that pieces are easy to reckon with; tests of the lead ask for it by its mark."""
    if "lead" not in request.fixturenames:
        monkeypatch.setattr(analytic.listen.session, "LEAD_SAMPLES", 0)


@pytest.fixture
def lead() -> int:
    """The samples that the first hop of a stream takes beyond its length."""
    return analytic.listen.session.LEAD_SAMPLES


class Streams:
    """Opens streams that note what they hear; `until` waits for something to be true of them."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.opened: list[NotedStream] = []
        self.broken: set[str] = set()

    def open(self, source: Source, began: float, memory: Any, on_levels: Callable[[Any], None]) -> Any:
        stream = NotedStream(self, source, began, memory)
        with self.changed:
            self.opened.append(stream)
        return stream

    def of(self, name: str) -> list[NotedStream]:
        return [one for one in self.opened if one.source.id == name]

    def heard(self, name: str) -> NDArray[np.float32]:
        """All that a source's streams were given, in order."""
        return np.concatenate([np.empty(0, np.float32), *(piece for one in self.of(name) for piece in one.pieces)])

    def until(self, is_so: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(is_so, PATIENCE_S)


class NotedStream:
    """Stands for a `LiveSource`."""

    def __init__(self, streams: Streams, source: Source, began: float, memory: Mapping[str, Any] | None) -> None:
        self._streams = streams
        self.source, self.began, self.given = source, began, memory
        self.pieces: list[NDArray[np.float32]] = []
        self.finished = 0
        self.busy = threading.Lock()
        self.now = SimpleNamespace(level_dbfs=-50.0)

    @property
    def heard_until(self) -> float:
        return self.began + sum(piece.size for piece in self.pieces) / RATE_HZ

    def push(self, samples: NDArray[np.float32]) -> list[Any]:
        assert self.busy.acquire(blocking=False), "two workers at once"
        try:
            if self.source.id in self._streams.broken:
                raise RuntimeError("broken on purpose")
            self.pieces.append(samples)
        finally:
            self.busy.release()
            with self._streams.changed:
                self._streams.changed.notify_all()
        return []

    def cut(self) -> list[Any]:
        return []

    def finish(self) -> list[Any]:
        self.finished += 1
        with self._streams.changed:
            self._streams.changed.notify_all()
        return []

    def memory(self) -> dict[str, Any]:
        return {"hops": len(self.pieces)}


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def listener(streams: Streams) -> Iterator[Listener]:
    """A running listener over noted streams, which remembers nothing."""
    running = Listener(streams.open, Remembered(None), max_sources=8)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def open_stream(settings: Settings) -> Callable[..., Open]:
    """Make what opens real streams with a tagger; every message they announce goes to `sink`."""

    def make(tagger: FakeTagger, sink: Callable[[Any], None] = lambda _message: None) -> Open:
        accepting = SimpleNamespace(name="test", accept=sink)
        pipeline = make_pipeline(settings, tagger, (accepting,))
        extras = make_extras(settings.alerts)
        return lambda source, began, memory, on_levels: LiveSource(pipeline, source, began, memory, extras, on_levels)

    return make


def gather(chunks: Iterable[NDArray[np.float32]], into: list[NDArray[np.float32]]) -> None:
    """Take what comes until it raises or ends."""
    for samples in chunks:
        into.append(samples)  # noqa: PERF402 - what came before an error counts


def tone(seconds: float, hz: float = 440.0, rate_hz: int = RATE_HZ, peak: float = 0.5) -> NDArray[np.float32]:
    """A sine: float32, shape (n,)."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (peak * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def ramp(samples: int, start: int = 0) -> NDArray[np.float32]:
    """Samples that tell where they belong: float32, shape (n,), exact."""
    return ((np.arange(start, start + samples) % 30_000) / 32_768).astype(np.float32)


def is_like(found: NDArray[np.floating], expected: NDArray[np.floating], least_db: float = 20.0) -> bool:
    """Tell whether two sounds are the same but for a codec's or resampler's delay and errors."""
    size = min(found.size, expected.size)
    spectra = [np.abs(np.fft.rfft(one[:size] * np.hanning(size))) for one in (found, expected)]
    error = np.square(spectra[0] - spectra[1]).sum() / np.square(spectra[1]).sum()
    return bool(-10 * np.log10(max(error, 1e-12)) >= least_db)
