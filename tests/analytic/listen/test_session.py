# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One source: hops, backlog, gaps, loss, and its report. No threads: the caller is the clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.app import make_pipeline
from analytic.events.types import Source
from analytic.listen.session import HOP_SAMPLES, Session
from analytic.pipeline.live import LiveSource
from analytic.settings import load
from model.fake import FakeTagger
from model.frontend import LOOKAHEAD_SAMPLES
from model.store import TaggerStore
from tests.analytic.listen.conftest import RATE_HZ, Streams, ramp, tone

KITCHEN = Source("kitchen", "websocket")
BEGAN = 1_700_000_000.0


def play(session: Session, samples: Any, began: float, piece_s: float = 0.25) -> float:
    """Feed at real speed, and analyse what is due; return when it ended."""
    step, now = round(piece_s * RATE_HZ), began
    for start in range(0, samples.size, step):
        piece = samples[start : start + step]
        now += piece.size / RATE_HZ
        session.feed(piece, now)
        while session.has_work:
            session.work()
    return now


def analyse(session: Session) -> None:
    """Analyse what is due."""
    while session.has_work:
        session.work()


def test_sound_is_analysed_a_hop_at_a_time_and_the_stream_began_with_its_first_sample(streams: Streams) -> None:
    session = Session(KITCHEN, streams.open)
    assert not session.feed(ramp(HOP_SAMPLES - 1), BEGAN + 0.5)
    assert not session.has_work
    assert session.feed(ramp(HOP_SAMPLES + 1, HOP_SAMPLES - 1), BEGAN + 1.0)
    session.work()
    session.work()
    assert session.work() == ()
    (stream,) = streams.opened
    assert [piece.size for piece in stream.pieces] == [HOP_SAMPLES, HOP_SAMPLES]
    assert np.array_equal(streams.heard("kitchen"), ramp(2 * HOP_SAMPLES))
    assert stream.began == pytest.approx(BEGAN, abs=0.01)


@given(cuts=st.lists(st.integers(0, 40_000), max_size=12))
@settings(deadline=None, max_examples=50)
def test_however_it_is_cut_the_stream_gets_the_same_samples(cuts: list[int]) -> None:
    streams, samples = Streams(), ramp(40_000)
    session = Session(KITCHEN, streams.open)
    for piece in np.split(samples, sorted(cuts)):
        if piece.size:
            session.feed(piece, BEGAN)
        while session.has_work:
            session.work()
    session.end()
    while session.has_work:
        session.work()
    assert np.array_equal(streams.heard("kitchen"), samples)


def test_less_than_a_hop_is_analysed_once_the_connection_has_ended(streams: Streams) -> None:
    session = Session(KITCHEN, streams.open)
    session.feed(ramp(100), BEGAN)
    assert session.work() == ()
    session.end()
    assert session.has_work
    session.work()
    assert streams.heard("kitchen").size == 100
    assert not session.has_work


def test_beyond_the_backlog_the_oldest_is_left_out_and_counted_and_the_stream_begins_anew(streams: Streams) -> None:
    session = Session(KITCHEN, streams.open, backlog_s=2.0)
    for number in range(12):
        session.feed(ramp(4_000, 4_000 * number), BEGAN + 0.25 * (number + 1))
    report = session.report(BEGAN + 3.0)
    assert report["waiting_s"] <= 2.0
    assert report["dropped_s"] + report["waiting_s"] == 3.0
    assert report["gaps"] == 1
    while session.has_work:
        session.work()
    left, dropped = streams.heard("kitchen"), session.counts.dropped_samples
    assert np.array_equal(left, ramp(48_000)[dropped : dropped + left.size])
    assert streams.opened[-1].began == pytest.approx(BEGAN + report["dropped_s"])


def test_a_message_longer_than_the_backlog_is_heard_whole(streams: Streams) -> None:
    session = Session(KITCHEN, streams.open, backlog_s=1.0)
    for number in range(3):
        session.feed(ramp(48_000), BEGAN + 3.0 * (number + 1))
        while session.has_work:
            session.work()
    assert streams.heard("kitchen").size == 3 * 48_000
    assert session.counts.dropped_samples == 0


def test_after_a_new_connection_a_new_stream_takes_over_what_was_remembered(streams: Streams) -> None:
    session = Session(KITCHEN, streams.open, memory={"hops": 7})
    now = play(session, ramp(16_000), BEGAN)
    session.end()
    play(session, ramp(16_000), now + 1.0)
    first, second = streams.opened
    assert first.given == {"hops": 7}
    assert second.given == {"hops": 2}
    assert second.began == pytest.approx(now + 1.0)


def test_a_clock_that_runs_away_begins_a_new_stream(streams: Streams) -> None:
    session = Session(KITCHEN, streams.open)
    now = play(session, ramp(32_000), BEGAN)
    play(session, ramp(32_000), now + 3.0)  # three seconds of sound were lost on the way
    assert session.counts.gaps == 1
    assert streams.opened[-1].began == pytest.approx(now + 3.5, abs=0.3)


def test_an_event_ends_when_the_source_is_lost_and_no_sooner(
    open_stream: Callable[..., Any], alarm_tagger: FakeTagger
) -> None:
    heard: list[Any] = []
    session = Session(KITCHEN, open_stream(alarm_tagger, heard.append), lost_after_s=10.0)
    now = play(session, tone(5.0), BEGAN)
    session.end()
    assert [message["phase"] for message in heard] == ["start"]
    assert session.lost(now + 9.9) == ()
    (ended,) = session.lost(now + 10.0)
    assert (ended["phase"], ended["id"]) == ("end", heard[0]["id"])
    assert session.lost(now + 11.0) == ()
    report = session.report(now + 11.0)
    assert (report["status"], report["last_audio_age_s"], report["alerts"]) == ("lost", 11.0, 1)


def test_the_report_tells_level_and_status_and_is_json(open_stream: Callable[..., Any]) -> None:
    session = Session(KITCHEN, open_stream(FakeTagger.always({})))
    now = play(session, tone(3.0), BEGAN)
    report = session.report(now)
    assert json.loads(json.dumps(report)) == report
    assert (report["id"], report["type"], report["status"], report["hops"]) == ("kitchen", "websocket", "ok", 6)
    assert report["level_dbfs"] == pytest.approx(-9.0, abs=0.1)


def test_digital_silence_is_told_after_two_seconds(open_stream: Callable[..., Any]) -> None:
    session = Session(KITCHEN, open_stream(FakeTagger.always({})))
    now = play(session, np.zeros(3 * RATE_HZ, np.float32), BEGAN)
    assert session.report(now)["status"] == "silent"


def test_a_pause_is_reported_until_sound_comes_again(streams: Streams) -> None:
    session = Session(KITCHEN, streams.open)
    session.end("no answer in time", retry_at=BEGAN + 8.0)
    report = session.report(BEGAN)
    assert (report["last_error"], report["retry_in_s"], report["connections"]) == ("no answer in time", 8.0, 0)
    session.feed(ramp(100), BEGAN + 9.0)
    report = session.report(BEGAN + 9.0)
    assert (report["last_error"], report["retry_in_s"], report["connections"]) == ("no answer in time", None, 1)


def test_what_another_version_remembered_does_not_make_it_deaf(
    open_stream: Callable[..., Any], alarm_tagger: FakeTagger, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Any] = []
    session = Session(KITCHEN, open_stream(alarm_tagger, heard.append), memory={"of": "another version"})
    play(session, tone(4.0), BEGAN)
    assert [message["phase"] for message in heard] == ["start"]
    assert "of no use" in caplog.text


def test_a_stream_that_could_not_be_opened_is_tried_again_with_the_right_time(streams: Streams) -> None:
    failures = [RuntimeError("not yet")]

    def open_second(*of: Any) -> Any:
        if failures:
            raise failures.pop()
        return streams.open(*of)

    session = Session(KITCHEN, open_second)
    session.feed(ramp(HOP_SAMPLES), BEGAN + 0.5)
    with pytest.raises(RuntimeError):
        session.work()
    session.feed(ramp(HOP_SAMPLES), BEGAN + 1.0)
    session.work()
    assert streams.opened[0].began == pytest.approx(BEGAN + 0.5)


def test_sound_that_comes_while_the_stream_is_being_opened_belongs_to_it(streams: Streams) -> None:
    def open_slowly(*of: Any) -> Any:
        session.feed(ramp(HOP_SAMPLES, HOP_SAMPLES), BEGAN + 1.0)
        return streams.open(*of)

    session = Session(KITCHEN, open_slowly)
    session.feed(ramp(HOP_SAMPLES), BEGAN + 0.5)
    while session.has_work:
        session.work()
    (stream,) = streams.opened
    assert stream.began == pytest.approx(BEGAN)
    assert np.array_equal(streams.heard("kitchen"), ramp(2 * HOP_SAMPLES))


def test_a_window_is_heard_as_soon_as_its_sound_is_there(lead: int, nothing_bundled: Path) -> None:
    tagger = TaggerStore(nothing_bundled, nothing_bundled).open("hearken_small", lanes=1)
    pipeline = make_pipeline(load(alerts={"enabled": ["smoke_alarm"]}), tagger)
    lives: list[LiveSource] = []

    def opened(source: Source, began: float, memory: Any, on_levels: Any) -> LiveSource:
        lives.append(LiveSource(pipeline, source, began, memory))
        return lives[-1]

    session = Session(KITCHEN, opened)
    assert lead == LOOKAHEAD_SAMPLES > 0
    session.feed(tone(4 * HOP_SAMPLES / RATE_HZ), BEGAN + 2.0)
    analyse(session)
    (live,) = lives
    heard: list[Any] = [live.now.scores]
    session.feed(tone(lead / RATE_HZ), BEGAN + 2.0025)
    analyse(session)
    heard.append(live.now.scores)
    assert heard[0] is None, "the last frame of the first window lacks some samples"
    assert heard[1] is not None, "and they are not waited for half a second"


def test_a_source_that_runs_far_ahead_is_set_right(streams: Streams) -> None:
    session = Session(KITCHEN, streams.open, backlog_s=60.0)
    for _ in range(50):
        session.feed(ramp(RATE_HZ), BEGAN + 1.0)
        while session.has_work:
            session.work()
    assert len(streams.opened) == 2, "half a minute ahead is enough"
    assert streams.opened[1].began <= BEGAN + 1.0
