# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest

from analytic.audio.bytes_at import Held
from analytic.audio.streams import About, StreamLimits
from analytic.errors import AudioTooLong, InvalidParameter, NotAudio, UnknownMethod
from analytic.events.types import Event, Message
from analytic.ids import derived
from analytic.jobs.analyst import Analyst
from analytic.jobs.job import Asked
from analytic.pipeline import Pipeline
from analytic.reports.report import Report
from tests.analytic.pipeline.runs import NOON, sound

JOB = "019b7a5c-f07b-7abc-9def-0123456789ab"
Encode = Callable[..., bytes]


def analyse(analyst: Analyst, content: bytes, heard: Any = lambda _seconds, _about: None, **asked: Any) -> Report:
    return analyst.analyse(JOB, "night.wav", Asked(**asked), Held(content), heard)


@pytest.fixture
def analyst(pipeline: Pipeline) -> Analyst:
    return Analyst(pipeline, settings={"sensitivity": "medium"}, now=lambda: NOON)


class TestReport:
    def test_it_says_what_the_recording_was_and_how_it_was_heard(self, analyst: Analyst, recording: bytes) -> None:
        report = analyse(analyst, recording, method="halved", preprocess=("loudness",))
        assert (report.id, report.title, report.created) == (JOB, "night.wav", "2026-01-01T12:00:00.000Z")
        assert (report.duration_s, report.container, report.encoding) == (20.0, "WAV", "PCM_16")
        assert (report.sample_rate_hz, report.channels) == (16_000, 1)
        assert (report.model, report.method, report.preprocessing) == ("fake", "halved", ("loudness",))
        assert report.settings == {"sensitivity": "medium"}
        assert "made quieter" in report.warnings

    def test_it_says_what_was_heard_when_and_the_highest_classes(self, analyst: Analyst, recording: bytes) -> None:
        report = analyse(analyst, recording)
        assert {one.label for one in report.heard} == {"Speech", "Fire"}
        (fire,) = [one for one in report.heard if one.label == "Fire"]
        assert (fire.onset_s, fire.offset_s) == pytest.approx((5.0, 8.0), abs=0.5)
        assert [one.label for one in report.classes][:1] == ["Fire"]
        assert len(report.classes) == 10

    def test_it_says_where_it_was_suddenly_loud_and_what_that_was(self, analyst: Analyst, recording: bytes) -> None:
        (surge,) = analyse(analyst, recording).surges
        assert (surge.onset_s, surge.offset_s) == (5.0, 8.0)
        assert (surge.label, surge.score) == ("Fire", 0.9)

    def test_it_is_kept_as_json_and_comes_back(self, analyst: Analyst, recording: bytes) -> None:
        report = analyse(analyst, recording)
        kept = json.loads(json.dumps(report.to_json()))
        assert Report.from_json(kept).to_json() == report.to_json()

    def test_its_picture_is_of_the_whole_recording(self, analyst: Analyst, recording: bytes) -> None:
        spectrogram = analyse(analyst, recording).spectrogram
        assert spectrogram is not None
        bands, columns = spectrogram.power_db.shape
        assert columns * spectrogram.step_s == pytest.approx(20.0, abs=spectrogram.step_s)
        loud = spectrogram.power_db.max(axis=0) > -20
        assert float(np.flatnonzero(loud)[0]) * spectrogram.step_s == pytest.approx(5.0, abs=0.2)
        assert bands == spectrogram.centres_hz.size

    @pytest.mark.parametrize(("seconds", "steps"), [(0.03, 0), (1.0, 10), (20.0, 200), (410.0, 2734)])
    def test_its_levels_have_at_most_some_thousand_steps(
        self, analyst: Analyst, encode: Encode, seconds: float, steps: int
    ) -> None:
        levels = analyse(analyst, encode(np.full(round(seconds * 16_000), 0.1))).levels
        assert len(levels.rms_dbfs) == len(levels.peak_dbfs) == steps
        assert all(
            -120 <= rms <= peak + 0.1 <= 0.1 for rms, peak in zip(levels.rms_dbfs, levels.peak_dbfs, strict=True)
        )
        assert steps == 0 or levels.step_s * steps == pytest.approx(seconds, abs=0.15)

    def test_a_loud_block_is_not_lost_in_a_wide_step(self, analyst: Analyst, encode: Encode) -> None:
        waveform = sound(410)
        waveform[300 * 16_000] = 1.0
        assert max(analyse(analyst, encode(waveform)).levels.peak_dbfs) == 0.0

    def test_silence_says_that_there_is_none(self, analyst: Analyst, encode: Encode) -> None:
        report = analyse(analyst, encode(np.zeros(80_000)))
        assert report.difficulties == ("There is no sound in it: the level never rises above -120 dBFS.",)
        assert report.alarms == ()


class TestAlarms:
    def test_they_are_announced_once_with_ids_that_hang_on_the_job(self, pipeline: Pipeline, recording: bytes) -> None:
        told: list[Sequence[Event]] = []

        def announce(events: Sequence[Event]) -> list[Message]:
            told.append(events)
            return [{"id": events[0].id}]

        analyst = Analyst(pipeline, announce=announce)
        first, again = analyse(analyst, recording), analyse(analyst, recording)
        assert len(told) == 2
        assert {event.id for events in told for event in events} == {derived(JOB, 0)}
        assert [event.to_message for event in told[0]] != [], "start and end"
        assert first.alarms == again.alarms == ({"id": derived(JOB, 0)},)

    def test_without_any_nobody_is_asked(self, pipeline: Pipeline, encode: Encode) -> None:
        def announce(_events: Sequence[Event]) -> list[Message]:
            raise AssertionError("nothing was heard")

        assert analyse(Analyst(pipeline, announce=announce), encode(sound(20))).alarms == ()

    def test_they_name_who_asked(self, pipeline: Pipeline, recording: bytes) -> None:
        told: list[Event] = []

        def announce(events: Sequence[Event]) -> list[Message]:
            told.extend(events)
            return []

        analyst = Analyst(pipeline, announce=announce)
        analyse(analyst, recording, source="cellar", requestor_id="who", requestor_type="NSSD", request_id="which")
        assert {(one.source.id, *astuple(one.requestor)) for one in told} == {("cellar", "who", "NSSD", "which")}


class TestProgress:
    def test_it_is_told_from_the_beginning_to_the_end(self, analyst: Analyst, recording: bytes) -> None:
        told: list[tuple[float, About]] = []
        analyse(analyst, recording, lambda seconds, about: told.append((seconds, about)))
        seconds = [one for one, _ in told]
        assert seconds[0] == 0.0
        assert seconds == sorted(seconds)
        assert seconds[-1] == 20.0
        assert {about.declared_s for _, about in told} == {20.0}

    def test_what_it_raises_ends_the_hearing(self, analyst: Analyst, recording: bytes) -> None:
        class Enough(Exception):
            pass

        def stop(seconds: float, _about: About) -> None:
            if seconds:
                raise Enough

        with pytest.raises(Enough):
            analyse(analyst, recording, stop)


class TestRefused:
    @pytest.mark.parametrize(
        ("asked", "kind"), [(Asked("hide"), UnknownMethod), (Asked(preprocess=("louder",)), InvalidParameter)]
    )
    def test_a_wrong_question_is_known_before_the_recording_is_read(
        self, analyst: Analyst, asked: Asked, kind: type[Exception]
    ) -> None:
        with pytest.raises(kind):
            analyst.check(asked)

    def test_a_right_one_is_let_through(self, analyst: Analyst) -> None:
        analyst.check(Asked("halved", ("loudness", "wiener")))

    def test_what_is_no_recording_says_so(self, analyst: Analyst) -> None:
        with pytest.raises(NotAudio):
            analyse(analyst, b"not a recording" * 50)

    def test_what_is_too_long_is_given_up(self, pipeline: Pipeline, recording: bytes) -> None:
        with pytest.raises(AudioTooLong):
            analyse(Analyst(pipeline, limits=StreamLimits(max_duration_s=10)), recording)
