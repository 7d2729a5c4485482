# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.app import make_pipeline, make_policy
from analytic.audio.clip import Clip
from analytic.delivery.memory import Memory
from analytic.errors import UnknownMethod
from analytic.events.types import Event, Requestor, Source, Stamp
from analytic.pipeline import Analysis, Pipeline, Task
from analytic.settings import AlertSettings, load
from anonymizers.base import Anonymized, Identity
from model.fake import FAKE_CARD, FakeTagger
from model.labels import Label, find, labels

Waveform = NDArray[np.float32]
RATE_HZ = 16_000


class Halved(Identity):
    """An anonymiser that makes everything half as loud."""

    name = "halved"

    def __init__(self, diary: list[str]) -> None:
        self._diary = diary

    def anonymize(self, waveform: Waveform, sample_rate_hz: int) -> Anonymized:
        self._diary.append(f"anonymize at {sample_rate_hz}")
        return Anonymized(waveform * np.float32(0.5), ("made quieter",))


class Run:
    """A pipeline of fakes that notes what happens in which order."""

    def __init__(self, hear: Callable[[Waveform], Mapping[str, float]] | Mapping[str, float]) -> None:
        self.diary: list[str] = []
        self.heard: list[Waveform] = []
        self.published: list[Event] = []
        numbers = itertools.count(1)
        memory_ids = (f"message-{number}" for number in numbers)
        event_ids = itertools.count(1)

        def listen(waveform: Waveform) -> Mapping[str, float]:
            self.diary.append("tag")
            self.heard.append(waveform)
            return hear(waveform) if callable(hear) else hear

        def publish(events: Sequence[Event]) -> list[Stamp]:
            self.diary.append(f"publish {len(events)}")
            self.published += events
            return [
                Stamp(next(memory_ids), len(self.published) - len(events) + 1 + place) for place in range(len(events))
            ]

        self.pipeline = Pipeline(
            FakeTagger(listen),
            {"none": Identity(), "halved": Halved(self.diary)},
            make_policy(AlertSettings(enabled=("fire", "scream"), thresholds={"fire": 0.3, "scream": 0.02}), "mn04_as"),
            publish,
            lambda: f"event-{next(event_ids)}",
            lambda stage, seconds: self.diary.append(f"observed {stage}") if seconds >= 0 else None,
        )

    def analyse(self, seconds: float = 2.0, start_s: float = 0.0, task: Task | None = None) -> Analysis:
        waveform = np.full(round(seconds * RATE_HZ), 0.5, np.float32)
        return self.pipeline.analyse(Clip(waveform, start_s), task)


def test_a_clip_is_anonymised_then_tagged_then_decided_then_announced() -> None:
    run = Run({"Fire": 0.9})
    run.analyse(task=Task("halved"))
    assert run.diary[:3] == ["anonymize at 16000", "tag", "publish 2"]
    assert sorted(run.diary[3:]) == ["observed anonymize", "observed decide", "observed tag"]


def test_the_tagger_hears_only_what_the_anonymiser_gave_back() -> None:
    run = Run({"Fire": 0.9})
    analysis = run.analyse(task=Task("halved"))
    assert [float(heard.max()) for heard in run.heard] == [0.25]
    assert analysis.alerts[0]["peak_dbfs"] == pytest.approx(-12.0, abs=0.1), "the level, too, is the anonymised one"
    assert analysis.warnings == ("made quieter",)
    assert analysis.anonymizer.name == "halved"


def test_without_alarms_nothing_is_announced() -> None:
    run = Run({"Fire": 0.29, "Speech": 0.9})
    assert run.analyse().alerts == ()
    assert "publish 0" not in run.diary
    assert run.published == []


def test_an_alarm_is_announced_as_start_and_end_and_answered_once() -> None:
    run = Run({"Fire": 0.9})
    analysis = run.analyse()
    assert [(event.id, event.phase, event.offset_s) for event in run.published] == [
        ("event-1", "start", None),
        ("event-1", "end", 2.0),
    ]
    (alert,) = analysis.alerts
    assert (alert["id"], alert["phase"], alert["message_id"], alert["seq"]) == ("event-1", "end", "message-2", 2)


def test_each_of_several_alarms_is_answered_with_the_stamp_of_its_own_end() -> None:
    run = Run({"Fire": 0.9, "Screaming": 0.8})
    fire, scream = sorted(run.analyse().alerts, key=lambda alert: alert["event_class"])
    by_class = {(event.event_class, event.phase): place for place, event in enumerate(run.published, start=1)}
    assert fire["seq"] == by_class["fire", "end"]
    assert scream["seq"] == by_class["scream", "end"]
    assert fire["id"] != scream["id"]


def test_an_event_says_what_where_who_and_by_which_tagger() -> None:
    run = Run({"Crackle": 0.75})
    task = Task("halved", Source("kitchen", "camera"), Requestor("ada", "person", "r1"))
    (alert,) = run.analyse(task=task).alerts
    assert {key: value for key, value in alert.items() if key not in ("id", "message_id", "seq", "peak_dbfs")} == {
        "phase": "end",
        "event_class": "fire",
        "label": "Crackle",
        "mid": "/m/07pzfmf",
        "score": 0.75,
        "onset_s": 0.0,
        "offset_s": 2.0,
        "onset": None,
        "offset": None,
        "source": {"id": "kitchen", "type": "camera"},
        "requestor_id": "ada",
        "requestor_type": "person",
        "request_id": "r1",
        "model": {"name": FAKE_CARD.name, "version": FAKE_CARD.version},
        "anonymizer": {"method": "halved", "mode": "server"},
        "signature": None,
    }


def test_without_a_task_the_sound_is_an_upload_of_nobody() -> None:
    (alert,) = Run({"Fire": 0.9}).analyse().alerts
    assert alert["source"] == {"id": "upload", "type": "upload"}
    assert alert["requestor_id"] is None
    assert alert["anonymizer"]["method"] == "none"


def test_the_start_of_the_clip_is_added_to_the_times() -> None:
    (alert,) = Run({"Fire": 0.9}).analyse(seconds=2, start_s=100.5).alerts
    assert (alert["onset_s"], alert["offset_s"]) == (100.5, 102.5)


def test_times_are_those_of_the_windows_that_heard_it() -> None:
    windows = iter([{}, {"Fire": 0.9}, {"Fire": 0.5}, {}])
    run = Run(lambda _waveform: next(windows))
    (alert,) = run.analyse(seconds=25, start_s=1.0).alerts
    assert (alert["onset_s"], alert["offset_s"]) == (6.0, 21.0)


def test_the_level_is_that_of_the_event_not_of_the_clip() -> None:
    run = Run(lambda waveform: {"Fire": 0.9} if waveform.max() == np.float32(0.25) else {})
    waveform = np.full(30 * RATE_HZ, 1.0, np.float32)
    waveform[5 * RATE_HZ : 15 * RATE_HZ] = 0.25
    (alert,) = run.pipeline.analyse(Clip(waveform)).alerts
    assert (alert["onset_s"], alert["offset_s"], alert["peak_dbfs"]) == (5.0, 15.0, -12.0)


def test_the_level_of_digital_silence_is_unknown() -> None:
    run = Run({"Fire": 0.9})
    (alert,) = run.pipeline.analyse(Clip(np.zeros(RATE_HZ, np.float32))).alerts
    assert alert["peak_dbfs"] is None


def test_an_alarm_far_below_the_top_five_still_alarms() -> None:
    louder = {label.name: 0.9 - label.index / 100 for label in labels()[:20] if label.name != "Screaming"}
    analysis = Run({**louder, "Screaming": 0.021}).analyse()
    assert [alert["event_class"] for alert in analysis.alerts] == ["scream"]
    assert "Screaming" not in [one.label.name for one in analysis.top()]


def test_an_unknown_method_is_refused_by_the_names_there_are() -> None:
    run = Run({"Fire": 0.9})
    with pytest.raises(UnknownMethod, match="known methods: none, halved") as caught:
        run.analyse(task=Task("hide"))
    assert caught.value.known == ("none", "halved")
    assert run.diary == [], "nothing was heard, nothing announced"


def test_an_alarm_that_cannot_be_announced_is_not_answered() -> None:
    run = Run({"Fire": 0.9})

    def broken(_events: Sequence[Event]) -> list[Stamp]:
        raise OSError("the disk is full")

    pipeline = Pipeline(run.pipeline.tagger, run.pipeline.anonymizers, run.pipeline.policy, broken, lambda: "event")
    with pytest.raises(OSError, match="full"):
        pipeline.analyse(Clip(np.ones(RATE_HZ, np.float32)))


def test_the_top_classes_come_highest_first() -> None:
    analysis = Run({"Speech": 0.5, "Bark": 0.25, "Fire": 0.75}).analyse()
    assert [(one.label.name, one.probability) for one in analysis.top(3)] == [
        ("Fire", 0.75),
        ("Speech", 0.5),
        ("Bark", 0.25),
    ]
    assert len(analysis.top()) == 5
    assert len(analysis.top(527)) == 527


def test_the_classes_asked_for_come_highest_first_and_no_others() -> None:
    analysis = Run({"Speech": 0.5, "Bark": 0.25, "Fire": 0.75}).analyse()
    wanted: list[Label] = [label for name in ("Bark", "Siren", "Speech") if (label := find(name)) is not None]
    assert [(one.label.name, one.probability) for one in analysis.of(wanted)] == [
        ("Speech", 0.5),
        ("Bark", 0.25),
        ("Siren", 0.0),
    ]


def test_a_clips_scores_are_the_highest_of_its_windows() -> None:
    windows = iter([{"Speech": 0.2, "Bark": 0.6}, {"Speech": 0.4}, {}])
    analysis = Run(lambda _waveform: next(windows)).analyse(seconds=20)
    assert [round(one.probability, 6) for one in analysis.top(2)] == [0.6, 0.4]
    assert analysis.duration_s == 20


def test_joined_by_the_app_the_buses_get_less_than_the_answer() -> None:
    memory = Memory()
    pipeline = make_pipeline(load(), FakeTagger.always({"Fire": 0.43219}), (memory,))
    (alert,) = pipeline.analyse(Clip(np.full(2 * RATE_HZ + 1, 0.3, np.float32))).alerts
    start, end = memory.messages()
    assert (start["phase"], end["phase"]) == ("start", "end")
    assert end["id"] == alert["id"]
    assert end["message_id"] == alert["message_id"]
    assert (end["score"], alert["score"]) == (0.45, pytest.approx(0.43219))
    assert (end["offset_s"], alert["offset_s"]) == (2.0, 2.0000625)


def changed_by(analysis: Analysis, name: str) -> Any:
    return getattr(analysis, name)


@pytest.mark.parametrize("name", ["scores", "alerts", "warnings"])
def test_an_analysis_cannot_be_given_other_facts(name: str) -> None:
    analysis = Run({}).analyse()
    with pytest.raises(AttributeError):
        setattr(analysis, name, changed_by(analysis, name))


def test_a_method_that_moves_sound_in_time_leaves_alarms_of_the_whole_clip_and_says_so() -> None:
    heard = iter([0.0, 0.9, 0.0, 0.0, 0.4])  # five windows of 30 s: two runs of one class
    tagger = FakeTagger(lambda _piece: {"Fire": next(heard)})
    pipeline = make_pipeline(load(alerts={"enabled": ["fire"], "thresholds": {"fire": 0.3}}), tagger)
    analysis = pipeline.analyse(Clip(np.zeros(30 * 16_000, np.float32), start_s=2.0), Task("scrample"))
    (alert,) = analysis.alerts
    assert (alert["onset_s"], alert["offset_s"]) == (2.0, 32.0)
    assert alert["score"] == pytest.approx(0.9)
    assert any("moves sound in time" in warning for warning in analysis.warnings)


def test_a_method_that_keeps_time_leaves_alarms_at_theirs() -> None:
    heard = iter([0.0, 0.9, 0.0, 0.0, 0.4])
    tagger = FakeTagger(lambda _piece: {"Fire": next(heard)})
    pipeline = make_pipeline(load(alerts={"enabled": ["fire"], "thresholds": {"fire": 0.3}}), tagger)
    analysis = pipeline.analyse(Clip(np.zeros(30 * 16_000, np.float32)), Task("dp_noise"))
    assert [(alert["onset_s"], alert["offset_s"]) for alert in analysis.alerts] == [(5.0, 15.0), (20.0, 30.0)]
    assert analysis.warnings == ()
