# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Keeping a source going: pauses, reasons, and that nothing stays behind. Time and chance are made up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from analytic.errors import ExtraMissing, HearkenError, SourceFailed
from analytic.events.types import Source
from analytic.listen.address import Address, read
from analytic.listen.keeper import Backoff, Keeper
from analytic.listen.listener import Listener
from tests.analytic.listen.conftest import PATIENCE_S, RATE_HZ, Streams, ramp

CAMERA = read("rtsp://admin:hunter2@cam/stream")
FILE = read("kitchen.wav")
SECOND = RATE_HZ


class Script:
    """A source that does at each opening what stands next in the script; after that it waits to be stopped."""

    kind = "rtsp"

    def __init__(self, *steps: Any) -> None:
        self._steps = list(steps)
        self.waiting = threading.Event()
        self.threads: set[int] = set()

    def __call__(self, _address: Address) -> Script:
        return self

    def chunks(self, stopping: threading.Event) -> Iterator[np.ndarray]:
        self.threads.add(threading.get_ident())
        if not self._steps:
            self.waiting.set()
            stopping.wait(PATIENCE_S)
            return
        seconds, error = self._steps.pop(0)
        for number in range(seconds):
            yield ramp(SECOND, number * SECOND)
        if error is not None:
            raise error


class Taker:
    """Notes what a keeper says."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.heard_s = 0

    def connect(self, source: Source) -> str:
        self.said.append(("connect", source.id, source.type))
        return source.id

    def feed(self, _session: str, samples: np.ndarray) -> None:
        self.heard_s += samples.size // SECOND

    def pause(self, _session: str, error: str, retry_in_s: float) -> None:
        self.said.append((error, retry_in_s))

    def disconnect(self, _session: str, error: str | None = None) -> None:
        self.said.append(("disconnect", error))


def failed(why: str = "no answer in time") -> SourceFailed:
    return SourceFailed(CAMERA.shown, why)


def run(script: Script, address: Address = CAMERA, **more: Any) -> tuple[Keeper[Any], Taker, list[float]]:
    """Run a keeper until its script has come to its end, or it is over; return it, what it said, and its pauses."""
    taker, pauses = Taker(), []

    def wait(_event: threading.Event, seconds: float) -> bool:
        pauses.append(seconds)
        return False

    keeper = Keeper(
        taker,
        "porch",
        address,
        open_=script,
        wait=wait,
        uniform=lambda _low, high: high,
        over=lambda _keeper: script.waiting.set(),
        **more,
    )
    keeper.start()
    assert script.waiting.wait(PATIENCE_S)
    keeper.stop()
    return keeper, taker, pauses


def test_pauses_double_up_to_a_minute() -> None:
    _, taker, pauses = run(Script(*[(0, failed())] * 9))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert taker.said[0] == ("connect", "porch", "rtsp")
    assert taker.said[1] == ("'rtsp://***@cam/stream': no answer in time", 1)
    assert taker.said[-1] == ("disconnect", None)


def test_a_minute_of_sound_makes_pauses_short_again_and_less_does_not() -> None:
    _, taker, pauses = run(Script((0, failed()), (0, failed()), (59, failed()), (60, failed()), (0, failed())))
    assert pauses == [1, 2, 4, 1, 2]
    assert taker.heard_s == 119


def test_pauses_are_anything_from_nothing_to_the_limit() -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return 0.25

    backoff = Backoff(uniform)
    assert [backoff.next() for _ in range(3)] == [0.25] * 3
    assert asked == [(0.0, 1.0), (0.0, 2.0), (0.0, 4.0)]


def test_a_stream_that_ends_is_opened_again() -> None:
    _, taker, pauses = run(Script((2, None), (1, None)))
    assert taker.heard_s == 3
    assert [said[0] for said in taker.said[1:-1]] == ["the stream ended"] * 2
    assert pauses == [1, 2]


def test_a_file_that_ends_is_over() -> None:
    keeper, taker, pauses = run(Script((2, None)), FILE)
    assert taker.said == [("connect", "porch", "file"), ("disconnect", None)]
    assert (keeper.failed, pauses) == (None, [])


def test_a_missing_package_is_not_waited_for() -> None:
    keeper, taker, pauses = run(Script((0, ExtraMissing("a microphone", "microphone"))))
    assert isinstance(keeper.failed, ExtraMissing)
    assert "pip install" in taker.said[-1][1]
    assert pauses == []


def test_without_patience_the_first_failure_is_the_last_but_a_later_one_is_not() -> None:
    keeper, _, pauses = run(Script((0, failed())), patient=False)
    assert str(keeper.failed) == "'rtsp://***@cam/stream': no answer in time"
    assert pauses == []
    keeper, _, pauses = run(Script((1, failed()), (0, failed())), patient=False)
    assert keeper.failed is None
    assert pauses == [1, 2]


def test_a_fault_of_ours_is_logged_and_the_source_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    _, taker, pauses = run(Script((0, RuntimeError("broken on purpose")), (1, None)))
    assert "broken on purpose" in caplog.text
    assert taker.said[1] == ("rtsp://***@cam/stream: failed (RuntimeError); the log says more", 1)
    assert taker.heard_s == 1
    assert len(pauses) == 2


def test_no_log_line_holds_the_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    run(Script((0, failed()), (0, RuntimeError("x"))))
    assert "hunter2" not in caplog.text + repr([vars(record) for record in caplog.records])


def test_a_name_that_is_taken_is_waited_for(listener: Listener, streams: Streams) -> None:
    other = listener.connect(Source("porch", "websocket"))
    script, tries = Script((1, None)), []

    def wait(event: threading.Event, seconds: float) -> bool:
        tries.append(seconds)
        if len(tries) == 3:
            listener.disconnect(other)
        return event.is_set()

    keeper = Keeper(listener, "porch", CAMERA, open_=script, wait=wait)
    keeper.start()
    assert script.waiting.wait(PATIENCE_S)
    streams.until(lambda: streams.heard("porch").size == SECOND)
    keeper.stop()
    assert len(tries) == 4


def test_tries_and_reasons_stand_in_the_sessions_report(listener: Listener, streams: Streams) -> None:
    paused, go_on = threading.Event(), threading.Event()

    def wait(_event: threading.Event, _seconds: float) -> bool:
        paused.set()
        return not go_on.wait(PATIENCE_S)

    script = Script((0, failed()), (1, None))
    keeper = Keeper(listener, "porch", CAMERA, open_=script, wait=wait, uniform=lambda _low, _high: 30.0)
    keeper.start()
    assert paused.wait(PATIENCE_S)
    (report,) = listener.reports()
    assert report["last_error"] == "'rtsp://***@cam/stream': no answer in time"
    assert 29 < report["retry_in_s"] <= 30
    assert (report["status"], report["connected"], report["connections"]) == ("lost", False, 1)
    go_on.set()
    assert script.waiting.wait(PATIENCE_S)
    streams.until(lambda: streams.heard("porch").size == SECOND)
    keeper.stop()
    (report,) = listener.reports()
    assert (report["last_error"], report["retry_in_s"], report["connections"]) == (None, None, 2)


def test_one_thread_a_source_and_stop_ends_a_pause_at_once() -> None:
    script, taker, told = Script(*[(0, failed())] * 3), Taker(), threading.Event()

    def uniform(_low: float, _high: float) -> float:
        told.set()
        return 3600.0

    keeper = Keeper(taker, "porch", CAMERA, open_=script, uniform=uniform)
    keeper.start()
    assert told.wait(PATIENCE_S)
    keeper.stop()
    assert len(script.threads) == 1
    assert taker.said[-1][0] == "disconnect"


def test_stopped_before_it_was_started_it_does_nothing() -> None:
    Keeper(Taker(), "porch", CAMERA).stop()


def test_its_errors_are_ours() -> None:
    assert issubclass(SourceFailed, HearkenError)
