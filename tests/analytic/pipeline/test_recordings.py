# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import csv
import gc
import itertools
import tracemalloc
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytic.app import make_pipeline
from analytic.audio.clip import Clip
from analytic.audio.decode import decode
from analytic.audio.spectrum import MelColumns
from analytic.errors import UnknownMethod
from analytic.events.level import measure
from analytic.events.modes import Policies
from analytic.events.types import Event, Message, Requestor, Source, Stamp
from analytic.pipeline import Analysis, Pipeline, Recorded, Recorder, Task
from analytic.settings import load
from anonymizers.base import Anonymized, Identity
from model.fake import FakeTagger
from model.stream import StreamingTagger
from tests.analytic.pipeline.runs import ALERTS, AT_ONCE, DEVICE, RATE_HZ, Halved, Run, Waveform, sound, where_loud

ASK = Task(surges=True)
STAMP = Stamp("message", 1, DEVICE, "2026-01-01T12:00:00Z")
TOLERANT = settings(deadline=None, max_examples=25)


def pieces(waveform: Waveform, cuts: Iterable[int] = ()) -> Iterator[Waveform]:
    """A waveform cut at these samples; without empty pieces."""
    for first, stop in itertools.pairwise([0, *sorted(cuts), waveform.size]):
        if first < stop:
            yield waveform[first:stop]


def record(pipeline: Pipeline, waveform: Waveform, cuts: Iterable[int] = (), **more: Any) -> Recorded:
    recorder = Recorder(pipeline, more.pop("task", Task()), **more)
    for piece in pieces(waveform, cuts):
        recorder.push(piece)
    return recorder.finish()


def every(waveform: Waveform, seconds: float) -> range:
    return range(0, waveform.size, round(seconds * RATE_HZ))


def spans(found: Recorded) -> list[tuple[int, float, float, float]]:
    return [(one.label_index, one.onset_s, one.offset_s, round(one.score, 5)) for one in found.spans]


def events(found: Recorded) -> list[tuple[str, str, float, float | None]]:
    return [(event.event_class, event.phase, event.onset_s, event.offset_s) for event in found.events]


def alarms(messages: Iterable[Message]) -> list[tuple[Any, ...]]:
    """What alarms say: scores to three decimals, peaks to the decibel, since a recorder knows them by blocks."""
    names = ("event_class", "phase", "onset_s", "offset_s", "label_id")
    return [
        (*(one.get(name) for name in names), round(one["score"], 3), round(one["peak_dbfs"]))
        for one in sorted(messages, key=lambda message: message["onset_s"])
    ]


def is_alike(found: Recorded, clip: Analysis, atol: float = 0.0) -> None:
    """Check that a recording gave what the clip gave."""
    latest = {event.id: event.to_message(STAMP) for event in found.events}
    assert alarms(latest.values()) == alarms(clip.alerts)
    assert found.duration_s == clip.duration_s
    np.testing.assert_allclose(found.scores, clip.scores, atol=atol)
    assert [one[:3] for one in spans(found)] == [span[:3] for span in clip.timeline()]
    np.testing.assert_allclose([one.score for one in found.spans], [one.score for one in clip.timeline()], atol=atol)
    surges = clip.surges()
    assert [surge for surge, _, _ in found.surges] == [surge for surge, _ in surges]
    assert [index for _, index, _ in found.surges] == [guess.label.index for _, guess in surges]


def peak_dbfs(event: Event) -> float:
    assert event.peak_dbfs is not None
    return round(event.peak_dbfs, 1)


class TestAsAClip:
    """What is not longer than a minute."""

    LOUD: tuple[tuple[float, float], ...] = ((3.0, 5.0), (12.0, 12.6), (20.0, 28.0))

    @pytest.mark.parametrize("seconds", [0.02, 0.049, 0.3, 1.0, 2.0, 7.3, 10.0, 23.456, 59.99, 60.0])
    def test_a_recording_gives_what_the_clip_gives(self, seconds: float) -> None:
        run = Run(where_loud({"Fire": 0.9, "Bang": 0.7}, {"Speech": 0.4}, 0.01))
        waveform = sound(seconds, *((a, b) for a, b in self.LOUD if b < seconds), (seconds / 2, seconds))
        is_alike(record(run.pipeline, waveform, every(waveform, 0.77)), run.pipeline.analyse(Clip(waveform), ASK))

    @TOLERANT
    @given(st.sets(st.integers(1, 30 * RATE_HZ - 1), max_size=12), st.floats(0.3, 0.95))
    def test_whatever_the_pieces_it_is_pushed_in(self, cuts: set[int], score: float) -> None:
        run = Run(where_loud({"Fire": score, "Screaming": score / 2}, {"Speech": 0.25}))
        waveform = sound(30, *self.LOUD)
        is_alike(record(run.pipeline, waveform, cuts), run.pipeline.analyse(Clip(waveform), ASK))

    @TOLERANT
    @given(st.lists(st.tuples(st.integers(0, 78), st.integers(1, 8)), max_size=4))
    def test_wherever_it_is_loud(self, loud: list[tuple[int, int]]) -> None:
        run = Run(where_loud({"Fire": 0.9}, {"Speech": 0.3}))
        waveform = sound(20, *((at / 4, (at + length) / 4) for at, length in loud))
        is_alike(record(run.pipeline, waveform, every(waveform, 1.3)), run.pipeline.analyse(Clip(waveform), ASK))

    @pytest.mark.parametrize("method", ["none", "halved"])
    def test_anonymised_too(self, method: str) -> None:
        run = Run(where_loud({"Fire": 0.9}, least_s=0.3))
        waveform, task = sound(25, *self.LOUD), Task(method, surges=True)
        found = record(run.pipeline, waveform, every(waveform, 2), task=Task(method))
        is_alike(found, run.pipeline.analyse(Clip(waveform), task))

    def test_the_thresholds_are_those_of_uploads(self) -> None:
        run = Run(where_loud({"Fire": 0.25}))
        strict = run.pipeline.uploads
        lenient = Policies.always(Run({}, {**ALERTS, "thresholds": {"fire": 0.2}}).pipeline.uploads.now())
        waveform = sound(60, (10, 12))
        for policies, alarms in ((strict, 0), (lenient, 2)):
            run.pipeline.uploads = policies
            assert len(record(run.pipeline, waveform, every(waveform, 7)).events) == alarms

    @pytest.mark.parametrize("seconds", [3.0, 12.5, 45.0])
    def test_with_the_tagger_that_comes_with_the_package_as_well(
        self, bundled: StreamingTagger, seconds: float
    ) -> None:
        pipeline = make_pipeline(load(), bundled)
        time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        beeps = 0.4 * np.sin(2 * np.pi * 3100 * time_s) * (time_s % 1 < 0.5)
        waveform = (beeps + np.random.default_rng(5).normal(0, 0.005, time_s.size)).astype(np.float32)
        is_alike(record(pipeline, waveform, every(waveform, 0.9)), pipeline.analyse(Clip(waveform), ASK), 1e-3)


def test_real_recordings_give_what_their_clips_give(audio_pack: Path, bundled: StreamingTagger) -> None:
    pipeline = make_pipeline(load(), bundled)
    with (audio_pack / "manifest.csv").open(encoding="utf-8", newline="") as file:
        paths = [row["path"] for row in csv.DictReader(file)]
    for path in paths[:: len(paths) // 12]:
        waveform = decode((audio_pack / path).read_bytes()).clip.waveform
        is_alike(record(pipeline, waveform, every(waveform, 0.7)), pipeline.analyse(Clip(waveform), ASK), 1e-3)


class TestLong:
    def test_what_is_longer_than_a_minute_is_judged_as_live_sound(self) -> None:
        run = Run(where_loud({"Fire": 0.25}))
        run.pipeline.uploads = Policies.always(Run({}, {**ALERTS, "thresholds": {"fire": 0.2}}).pipeline.uploads.now())
        for seconds, alarms in ((60.0, 2), (60.01, 0), (90.0, 0)):
            waveform = sound(seconds, (10, 12))
            assert len(record(run.pipeline, waveform, every(waveform, 7)).events) == alarms, seconds

    def test_what_was_heard_in_its_first_minute_counts_just_as_much(self) -> None:
        twice = {**ALERTS, "rules": {**ALERTS["rules"], "fire": {**AT_ONCE, "cool_down_s": 0.0}}}
        run = Run(where_loud({"Fire": 0.9}), twice)
        found = record(run.pipeline, waveform := sound(150, (5, 9), (100, 104)), every(waveform, 11))
        assert events(found) == [
            ("fire", "start", 5.0, None),
            ("fire", "end", 5.0, 9.0),
            ("fire", "start", 100.0, None),
            ("fire", "end", 100.0, 104.0),
        ]
        assert [event.id for event in found.events] == ["event-1", "event-1", "event-2", "event-2"]

    def test_cool_downs_hold_within_it(self) -> None:
        run = Run(where_loud({"Fire": 0.9}), {**ALERTS, "rules": {"fire": {**AT_ONCE, "cool_down_s": 60.0}}})
        found = record(run.pipeline, waveform := sound(200, (5, 9), (50, 54), (150, 154)), every(waveform, 11))
        assert [event.onset_s for event in found.events if event.phase == "start"] == [5.0, 150.0]

    def test_what_goes_on_at_its_end_ends_there(self) -> None:
        run = Run(where_loud({"Fire": 0.9}))
        found = record(run.pipeline, waveform := sound(75.3, (70, 75.3)), every(waveform, 11))
        assert events(found)[-1] == ("fire", "end", 70.0, 75.3)

    @settings(deadline=None, max_examples=6)
    @given(st.sets(st.integers(1, 80 * RATE_HZ - 1), max_size=8))
    def test_the_pieces_make_no_difference(self, cuts: set[int]) -> None:
        run = Run(where_loud({"Fire": 0.9}, {"Speech": 0.3}))
        waveform = sound(80, (5, 9), (58.2, 61.3), (79, 80))
        found, again = record(run.pipeline, waveform, cuts), record(run.pipeline, waveform)
        assert events(found) == events(again)
        assert spans(found) == spans(again)
        assert found.surges == again.surges

    def test_the_mode_in_which_it_begins_holds_to_its_end(self) -> None:
        run = Run(where_loud({"Fire": 0.9, "Siren": 0.9}), {**ALERTS, "modes": {"night": {"enabled": ("siren",)}}})
        recorder = Recorder(run.pipeline, Task())
        for second, piece in enumerate(pieces(waveform := sound(120, (60, 110)), every(waveform, 1))):
            run.mode = "home" if second < 80 else "night"
            recorder.push(piece)
        assert events(recorder.finish()) == [("fire", "start", 60.0, None), ("fire", "end", 60.0, 110.0)]


class TestAlarms:
    def test_none_are_published(self) -> None:
        run = Run({"Fire": 0.9})
        assert record(run.pipeline, sound(3)).events
        assert run.published == []

    def test_their_ids_come_from_whoever_asks_one_for_each_event(self) -> None:
        run, made = Run({"Fire": 0.9, "Screaming": 0.9}), iter(["one", "two"])
        found = record(run.pipeline, sound(3), new_id=lambda: next(made))
        assert sorted((event.id, event.phase) for event in found.events) == [
            ("one", "end"),
            ("one", "start"),
            ("two", "end"),
            ("two", "start"),
        ]

    def test_without_that_they_are_the_pipelines(self) -> None:
        assert {event.id for event in record(Run({"Fire": 0.9}).pipeline, sound(3)).events} == {"event-1"}

    def test_they_name_who_asked_and_what_was_done(self) -> None:
        task = Task("halved", Source("cellar"), Requestor("who", "NSSD", "which"))
        event = record(Run({"Fire": 0.9}).pipeline, sound(3), task=task).events[0]
        assert (event.source, event.requestor, event.anonymizer.method) == (task.source, task.requestor, "halved")

    def test_their_peak_is_the_highest_between_onset_and_offset(self) -> None:
        run = Run(where_loud({"Fire": 0.9}))
        waveform = sound(30, (10, 14))
        waveform[25 * RATE_HZ] = 1.0
        waveform[12 * RATE_HZ] = 0.8
        assert {peak_dbfs(event) for event in record(run.pipeline, waveform).events} == {-1.9}

    @pytest.mark.parametrize("seconds", [0.01, 0.03, 0.049])
    def test_so_it_is_in_less_than_a_block(self, seconds: float) -> None:
        found = record(Run({"Fire": 0.9}).pipeline, np.full(round(seconds * RATE_HZ), 0.5, np.float32))
        assert {peak_dbfs(event) for event in found.events} == {-6.0}

    def test_digital_silence_raises_none_whatever_the_tagger_hears_in_it(self) -> None:
        run = Run({"Fire": 0.9})
        for seconds in (0.03, 5.0, 90.0):
            found = record(run.pipeline, np.zeros(round(seconds * RATE_HZ), np.float32))
            assert found.events == ()
            assert found.surges == ()

    def test_between_digital_silences_sound_does(self) -> None:
        waveform = np.zeros(90 * RATE_HZ, np.float32)
        waveform[40 * RATE_HZ : 44 * RATE_HZ] = 0.3
        found = record(Run({"Fire": 0.9}).pipeline, waveform, every(waveform, 3))
        (start, end) = found.events
        assert start.onset_s == pytest.approx(40.0, abs=0.5)
        assert end.offset_s == pytest.approx(44.0, abs=0.5)


class Diary:
    """Notes the lengths of the pieces that come to it, and what it is given; changes nothing."""

    def __init__(self) -> None:
        self.lengths_s: list[float] = []
        self.peaks: list[float] = []

    def __call__(self, samples: Waveform) -> Waveform:
        self.lengths_s.append(samples.size / RATE_HZ)
        self.peaks.append(float(samples.max()))
        return samples * np.float32(0.5)


class Loose(Identity):
    """An anonymiser that notes what it gets, and warns of each piece."""

    name = "loose"

    def __init__(self) -> None:
        self.lengths_s: list[float] = []

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        self.lengths_s.append(waveform.size / sample_rate_hz)
        return Anonymized(waveform, (f"piece {len(self.lengths_s)}",))


def with_method(run: Run, method: Identity) -> Pipeline:
    run.pipeline.anonymizers = {**run.pipeline.anonymizers, method.name: method}
    return run.pipeline


class TestChanged:
    """Sound that is anonymised, and made ready, before it is heard."""

    @pytest.mark.parametrize("step_s", [0.5, 30.0, 31.7, 100.0])
    def test_it_is_anonymised_in_pieces_of_30_s(self, step_s: float) -> None:
        method = Loose()
        pipeline = with_method(Run({}), method)
        record(pipeline, waveform := sound(100), every(waveform, step_s), task=Task("loose"))
        assert method.lengths_s == [30.0, 30.0, 30.0, 10.0]

    def test_what_fills_its_last_piece_leaves_none_behind(self) -> None:
        method = Loose()
        record(with_method(Run({}), method), sound(60), task=Task("loose"))
        assert method.lengths_s == [30.0, 30.0]

    def test_it_is_made_ready_after_that_and_heard_after_both(self) -> None:
        run, ready = Run({}), Diary()
        record(run.pipeline, sound(35, (0, 35)), task=Task("halved"), preprocess=ready)
        assert ready.lengths_s == [30.0, 5.0]
        assert ready.peaks == [0.25, 0.25], "what is made ready is anonymised already"
        assert {float(heard.max()) for heard in run.heard} == {0.125}

    def test_without_an_anonymiser_it_is_made_ready_in_pieces_too(self) -> None:
        ready = Diary()
        record(Run({}).pipeline, waveform := sound(35), every(waveform, 0.1), preprocess=ready)
        assert ready.lengths_s == [30.0, 5.0]

    def test_the_levels_are_those_of_what_is_heard(self) -> None:
        found = record(Run({}).pipeline, sound(4, (0, 4)), task=Task("halved"))
        np.testing.assert_allclose(found.peak_dbfs, -12.04, atol=0.01)

    def test_whoever_wants_a_picture_is_told_what_is_heard(self) -> None:
        shown: list[Waveform] = []
        record(Run({}).pipeline, sound(35, (0, 35)), task=Task("halved"), hear=shown.append)
        assert np.concatenate(shown).size == 35 * RATE_HZ
        assert float(max(one.max() for one in shown)) == 0.25

    def test_an_unknown_method_is_refused_at_once(self) -> None:
        with pytest.raises(UnknownMethod, match="known methods: none, halved, moved"):
            Recorder(Run({}).pipeline, Task("hide"))

    def test_the_same_warning_is_given_once(self) -> None:
        assert record(Run({}).pipeline, sound(100), task=Task("halved")).warnings == ("made quieter",)

    def test_not_more_than_20_warnings_are_kept(self) -> None:
        pipeline = with_method(Run({}), Loose())
        assert len(record(pipeline, sound(25 * 30), task=Task("loose")).warnings) == 20

    def test_a_method_that_moves_sound_is_named_where_there_are_alarms(self) -> None:
        (warning,) = record(Run({"Fire": 0.9}).pipeline, sound(3), task=Task("moved")).warnings
        assert warning == "moved moves sound in time: so are the times of what was heard"
        assert record(Run({}).pipeline, sound(3), task=Task("moved")).warnings == ()


class TestFacts:
    def test_levels_are_those_of_the_whole_recording_in_blocks(self) -> None:
        waveform = np.random.default_rng(1).normal(0, 0.1, 5 * RATE_HZ + 123).clip(-1, 1).astype(np.float32)
        found = record(Run({}).pipeline, waveform, every(waveform, 0.033))
        whole = measure(waveform)
        np.testing.assert_array_equal(found.rms_dbfs, whole.rms_dbfs)
        np.testing.assert_array_equal(found.peak_dbfs, whole.peak_dbfs)

    def test_the_share_of_clipped_samples_is_told(self) -> None:
        waveform = sound(10)
        waveform[: RATE_HZ // 2] = 1.0
        assert record(Run({}).pipeline, waveform).clipped_share == pytest.approx(0.05)

    def test_it_tells_how_much_was_heard_at_once(self) -> None:
        run = Run(where_loud({"Fire": 0.9, "Speech": 0.5, "Dog": 0.4}, {"Speech": 0.3}))
        assert record(run.pipeline, sound(20, (5, 9))).simultaneous == 3
        assert record(run.pipeline, sound(20, (0, 0))).simultaneous == 1

    def test_how_much_has_come_is_known_while_it_comes(self) -> None:
        recorder = Recorder(Run({}).pipeline, Task("halved"))
        recorder.push(sound(4))
        assert recorder.heard_s == 4.0, "though nothing of it has been heard: it is hidden 30 s at a time"
        recorder.finish()

    def test_a_surge_near_the_end_of_a_long_one_has_the_class_that_was_heard_there(self) -> None:
        run = Run(where_loud({"Bang": 0.8}, {"Speech": 0.6}))
        found = record(run.pipeline, waveform := sound(130, (6, 7), (100, 101), (125, 129)), every(waveform, 0.4))
        assert [round(surge.onset_s) for surge, _, _ in found.surges] == [6, 100, 125]
        assert {round(score, 3) for _, _, score in found.surges} == {0.8}
        assert len({index for _, index, _ in found.surges}) == 1

    def test_surges_are_the_same_when_they_come_all_at_once(self) -> None:
        run = Run(where_loud({"Bang": 0.8}, {"Speech": 0.6}))
        waveform = sound(200, (6, 7), (60, 61), (150, 151))
        assert record(run.pipeline, waveform).surges == record(run.pipeline, waveform, every(waveform, 0.1)).surges

    def test_a_timeline_without_end_is_cut_and_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("analytic.pipeline.recordings._MOST_SPANS", 3)
        run = Run(where_loud({"Dog": 0.9}))
        found = record(run.pipeline, sound(60, *((at, at + 1) for at in range(5, 55, 10))))
        assert len(found.spans) == 3
        assert found.warnings == ("more than 3 entries in the timeline: the rest is left out",)


def hourly(hour: int) -> Iterator[Waveform]:
    """An hour of noise with a loud second each minute, in pieces of 10 s."""
    rng = np.random.default_rng(hour)
    for number in range(360):
        piece = rng.normal(0, 0.005, 10 * RATE_HZ).astype(np.float32)
        if number % 6 == 0:
            piece[: 2 * RATE_HZ] = sound(2, (0, 2))
        yield piece


@pytest.mark.slow
def test_an_hour_takes_hardly_more_memory_than_ten_minutes() -> None:
    def hear(piece: NDArray[np.float32]) -> Mapping[str, float]:
        return {"Fire": 0.9, "Dog": 0.4} if piece[0] > 0.2 else {"Speech": 0.1}

    pipeline = Pipeline(
        FakeTagger(hear),
        {"halved": Halved([])},
        Run({}).pipeline.hearing.policies,
        lambda _events: [],
        map(str, itertools.count()).__next__,
    )
    columns = MelColumns()
    recorder, after_ten_minutes = Recorder(pipeline, Task("halved"), hear=columns.push), 0
    tracemalloc.start()
    try:
        for number, piece in enumerate(hourly(1)):
            recorder.push(piece)
            if number == 59:
                gc.collect()
                after_ten_minutes, _ = tracemalloc.get_traced_memory()
                tracemalloc.reset_peak()
        gc.collect()
        more, peak = (one - after_ten_minutes for one in tracemalloc.get_traced_memory())
    finally:
        tracemalloc.stop()
    found = recorder.finish()
    assert found.duration_s == 3600
    assert len([event for event in found.events if event.phase == "start"]) == 60
    assert more < 4 << 20, f"{more} bytes more after an hour"
    assert peak < 32 << 20, f"{peak} bytes more in between"
