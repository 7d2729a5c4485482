# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Many sources, fed from many threads, analysed on few."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytic.errors import SourceConnected, TooManySources
from analytic.events.types import Source
from analytic.listen import listener as module
from analytic.listen.listener import Listener
from analytic.listen.remembered import Remembered
from analytic.listen.session import HOP_SAMPLES
from model.fake import FakeTagger
from tests.analytic.listen.conftest import PATIENCE_S, RATE_HZ, Streams, ramp, tone

BEGAN = 1_700_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


def source(name: str = "kitchen", kind: str = "websocket") -> Source:
    return Source(name, kind)


def in_threads(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)


@pytest.mark.parametrize("workers", [1, 3])
def test_every_source_hears_its_own_sound_in_order_whoever_analyses_it(streams: Streams, workers: int) -> None:
    listener = Listener(streams.open, Remembered(None), workers=workers, backlog_s=60.0)
    listener.start()
    count, samples = 12, 20 * HOP_SAMPLES + 123

    def feed(number: int) -> None:
        session = listener.connect(source(f"s{number}"))
        rng = np.random.default_rng(number)
        for piece in np.split(ramp(samples, number), np.sort(rng.integers(0, samples, 50))):
            listener.feed(session, piece)
        listener.disconnect(session)

    in_threads(feed, count)
    listener.stop()
    for number in range(count):
        assert np.array_equal(streams.heard(f"s{number}"), ramp(samples, number))
        assert [one.finished for one in streams.of(f"s{number}")] == [1]
    assert all(report["dropped_s"] == 0 for report in listener.reports())


def test_stop_analyses_what_waits_even_if_nothing_was_analysed_before(streams: Streams) -> None:
    listener = Listener(streams.open, Remembered(None))  # its threads never ran
    session = listener.connect(source())
    listener.feed(session, ramp(3 * HOP_SAMPLES + 10))
    listener.stop()
    assert np.array_equal(streams.heard("kitchen"), ramp(3 * HOP_SAMPLES + 10))
    assert streams.opened[0].finished == 1
    listener.feed(session, ramp(HOP_SAMPLES))  # too late
    assert session.report(BEGAN)["waiting_s"] == 0


def test_a_source_that_raises_stops_no_other(listener: Listener, streams: Streams) -> None:
    streams.broken.add("bad")
    bad, good = listener.connect(source("bad")), listener.connect(source("good"))
    for number in range(4):
        listener.feed(bad, ramp(HOP_SAMPLES))
        listener.feed(good, ramp(HOP_SAMPLES, number * HOP_SAMPLES))
    streams.until(lambda: streams.heard("good").size == 4 * HOP_SAMPLES)
    assert next(one for one in listener.reports() if one["id"] == "bad")["last_error"] is not None
    streams.broken.clear()
    listener.feed(bad, ramp(HOP_SAMPLES))
    streams.until(lambda: streams.heard("bad").size > 0)


def test_an_analysis_that_hangs_bounds_what_waits_and_counts_what_is_left_out(streams: Streams) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def open_slow(*of: Any) -> Any:
        stream = streams.open(*of)
        push = stream.push

        def slow(samples: Any) -> list[Any]:
            begun.set()
            assert go_on.wait(PATIENCE_S)
            found: list[Any] = push(samples)
            return found

        stream.push = slow
        return stream

    listener = Listener(open_slow, Remembered(None), backlog_s=2.0)
    listener.start()
    session = listener.connect(source())
    listener.feed(session, ramp(HOP_SAMPLES))
    assert begun.wait(PATIENCE_S)
    for _ in range(40):
        listener.feed(session, ramp(HOP_SAMPLES // 2))
        assert session.report(BEGAN)["waiting_s"] <= 2.0
    go_on.set()
    listener.stop()
    heard_s = streams.heard("kitchen").size / RATE_HZ
    assert heard_s + session.report(BEGAN)["dropped_s"] == pytest.approx(0.5 + 40 * 0.25)


def test_a_name_is_taken_until_its_connection_ends(listener: Listener) -> None:
    session = listener.connect(source())
    with pytest.raises(SourceConnected, match="'kitchen' is connected already"):
        listener.connect(source())
    listener.pause(session, "no answer in time", 5.0)
    with pytest.raises(SourceConnected):
        listener.connect(source())
    assert listener.reports()[0]["connected"] is False
    listener.disconnect(session)
    assert listener.connect(source(kind="microphone")).report(BEGAN)["type"] == "microphone"


def test_there_is_room_for_so_many_and_those_long_gone_make_room(streams: Streams) -> None:
    clock = Clock()
    listener = Listener(streams.open, Remembered(None), max_sources=2, now=clock)
    first, second = listener.connect(source("a")), listener.connect(source("b"))
    for session in (first, second):
        listener.feed(session, ramp(10))
    with pytest.raises(TooManySources, match="2 live sources"):
        listener.connect(source("c"))
    listener.disconnect(first)
    with pytest.raises(TooManySources):
        listener.connect(source("c"))  # gone for a moment only
    first.scheduled = False  # as a worker leaves it
    clock.now += 11
    listener.connect(source("c"))
    assert [report["id"] for report in listener.reports()] == ["b", "c"]
    listener.stop()


def test_the_housekeeper_ends_the_events_of_a_lost_source_and_tells_everybodys_report(
    open_stream: Callable[..., Any], alarm_tagger: FakeTagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_HOUSEKEEPING_S", 0.01)
    clock, started, ended, told = Clock(), threading.Event(), threading.Event(), threading.Event()

    class Observer:
        def source_gone(self, name: str) -> None: ...

        def source(self, report: dict[str, Any]) -> None:
            if report["status"] == "lost" and report["alerts"]:
                told.set()

    def accept(message: Any) -> None:
        (started if message["phase"] == "start" else ended).set()

    listener = Listener(open_stream(alarm_tagger, accept), Remembered(None), observer=Observer(), now=clock)
    listener.start()
    session = listener.connect(source())
    for _ in range(16):
        clock.now += 0.25
        listener.feed(session, tone(0.25))
    assert started.wait(PATIENCE_S)
    listener.disconnect(session)
    assert not ended.is_set()
    clock.now += 11.0
    assert ended.wait(PATIENCE_S)
    assert told.wait(PATIENCE_S)
    listener.stop()


def test_an_observer_that_raises_keeps_nobody_from_hearing(
    streams: Streams, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_HOUSEKEEPING_S", 0.01)
    asked = threading.Semaphore(0)

    class Broken:
        def source_gone(self, name: str) -> None: ...

        def source(self, report: dict[str, Any]) -> None:
            asked.release()
            raise RuntimeError("broken on purpose")

    listener = Listener(streams.open, Remembered(None), observer=Broken())
    listener.start()
    session = listener.connect(source())
    assert asked.acquire(timeout=PATIENCE_S)
    assert asked.acquire(timeout=PATIENCE_S)
    listener.feed(session, ramp(HOP_SAMPLES))
    streams.until(lambda: streams.heard("kitchen").size == HOP_SAMPLES)
    listener.stop()


def test_after_a_restart_a_cool_down_goes_on_and_forgetting_ends_it(
    open_stream: Callable[..., Any], alarm_tagger: FakeTagger, tmp_path: Path
) -> None:
    clock, heard = Clock(), list[Any]()

    def life() -> None:
        listener = Listener(open_stream(alarm_tagger, heard.append), Remembered(tmp_path / "state"), now=clock)
        session = listener.connect(source())
        for _ in range(16):
            clock.now += 0.25
            listener.feed(session, tone(0.25))
        listener.stop()
        clock.now += 3.0

    life()
    assert [message["phase"] for message in heard] == ["start", "end"]
    life()
    assert len({message["id"] for message in heard if message["phase"] == "start"}) == 1
    listener = Listener(open_stream(alarm_tagger), Remembered(tmp_path / "state"))
    assert listener.forget("kitchen")
    assert not listener.forget("kitchen")
    life()
    assert len({message["id"] for message in heard if message["phase"] == "start"}) == 2


def test_what_was_open_when_the_power_failed_ends_though_the_source_never_comes_back(
    open_stream: Callable[..., Any], alarm_tagger: FakeTagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_HOUSEKEEPING_S", 0.01)
    clock, heard, ended = Clock(), list[Any](), threading.Event()

    def accept(message: Any) -> None:
        heard.append(message)
        if message["phase"] == "end":
            ended.set()

    state, opener = tmp_path / "state", open_stream(alarm_tagger, accept)
    before = Listener(opener, Remembered(state), now=clock)
    session = before.connect(source())
    for _ in range(16):
        clock.now += 0.25
        before.feed(session, tone(0.25))
    while session.has_work:
        before._analyse(session)
    assert [message["phase"] for message in heard] == ["start"]
    clock.now += 60.0
    after = Listener(opener, Remembered(state), now=clock)
    after.start()
    assert [report["status"] for report in after.reports()] == ["lost"]
    assert not ended.is_set()
    clock.now += 11.0
    assert ended.wait(PATIENCE_S)
    after.stop()
    start, end = heard
    assert (end["id"], end["source"], end["onset"]) == (start["id"], start["source"], start["onset"])
    assert end["offset"] < "2023-11-14T22:13:26Z"  # where it was last heard, not when the service came back
    again = Listener(opener, Remembered(state), now=clock)
    again.start()
    again.stop()
    assert again.reports() == []


def test_forgetting_a_source_ends_what_is_open_and_leaves_nothing_behind(
    open_stream: Callable[..., Any], alarm_tagger: FakeTagger, tmp_path: Path
) -> None:
    clock, heard = Clock(), list[Any]()
    listener = Listener(open_stream(alarm_tagger, heard.append), Remembered(tmp_path / "state"), now=clock)
    session = listener.connect(source())
    for _ in range(16):
        clock.now += 0.25
        listener.feed(session, tone(0.25))
    while session.has_work:
        session.work()
    listener.disconnect(session)
    session.scheduled = False  # as a worker leaves it
    assert [message["phase"] for message in heard] == ["start"]
    assert listener.forget("kitchen")
    assert [(message["phase"], message["id"]) for message in heard] == [
        ("start", heard[0]["id"]),
        ("end", heard[0]["id"]),
    ]
    assert listener.reports() == []
    listener.stop()
    assert not [*(tmp_path / "state").glob("*")]


def test_a_source_that_is_forgotten_while_it_is_analysed_ends_afterwards(streams: Streams, tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def open_slow(*of: Any) -> Any:
        stream = streams.open(*of)
        push = stream.push

        def slow(samples: Any) -> list[Any]:
            begun.set()
            assert go_on.wait(PATIENCE_S)
            push(samples)
            return [{"phase": "start"}]

        stream.push = slow
        return stream

    listener = Listener(open_slow, Remembered(tmp_path / "state"))
    listener.start()
    session = listener.connect(source())
    listener.feed(session, ramp(HOP_SAMPLES))
    assert begun.wait(PATIENCE_S)
    listener.disconnect(session)
    assert listener.forget("kitchen")
    assert streams.opened[0].finished == 0
    go_on.set()
    streams.until(lambda: streams.opened[0].finished == 1)
    listener.stop()
    assert streams.opened[0].finished == 1
    assert not [*(tmp_path / "state").glob("*")]


def test_a_connected_source_cannot_be_forgotten(listener: Listener) -> None:
    listener.connect(source())
    with pytest.raises(SourceConnected):
        listener.forget("kitchen")
    assert listener.session("kitchen") is not None
    assert listener.session("nobody") is None


def test_what_is_remembered_holds_no_sound(streams: Streams, tmp_path: Path) -> None:
    listener = Listener(streams.open, Remembered(tmp_path))
    session = listener.connect(source())
    listener.feed(session, ramp(2 * HOP_SAMPLES))
    listener.stop()
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text()) == {"hops": 2}
