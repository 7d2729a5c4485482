# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytic.app import make_pipeline
from analytic.audio.clip import Clip
from analytic.delivery.memory import Memory
from analytic.errors import UnknownMethod
from analytic.events.modes import Policies
from analytic.events.types import Event, Requestor, Source, Stamp
from analytic.pipeline import Analysis, Pipeline, Task
from analytic.settings import load
from model.fake import FAKE_CARD, FakeTagger
from model.labels import Label, find, labels
from model.store import TaggerStore
from tests.analytic.pipeline.runs import ALERTS, AT_ONCE, NOON, RATE_HZ, Run, sound, where_loud

KITCHEN = Task(source=Source("kitchen"))


def phases(run: Run) -> list[tuple[str, str, str]]:
    return [(event.id, event.event_class, event.phase) for event in run.published]


class TestOrder:
    def test_a_clip_is_anonymised_then_tagged_then_decided_then_announced(self) -> None:
        run = Run({"Fire": 0.9})
        run.analyse(task=Task("halved"))
        assert run.diary[0] == "anonymize at 16000"
        tagged = run.diary.index("publish 2")
        assert set(run.diary[1:tagged]) == {"tag"}
        assert sorted(run.diary[tagged + 1 :]) == ["observed anonymize", "observed decide", "observed tag"]

    def test_the_tagger_hears_only_what_the_anonymiser_gave_back(self) -> None:
        run = Run({"Fire": 0.9})
        analysis = run.analyse(task=Task("halved"))
        assert {float(heard.max()) for heard in run.heard} == {0.25}
        assert analysis.alerts[0]["peak_dbfs"] == pytest.approx(-12.0, abs=0.1), "the level, too, is the anonymised one"
        assert analysis.warnings == ("made quieter",)
        assert analysis.anonymizer.name == "halved"

    def test_a_clip_is_heard_in_windows_of_10_s_for_its_scores_and_of_2_s_for_its_alarms(self) -> None:
        run = Run({})
        run.analyse(seconds=20)
        lengths = [heard.size / RATE_HZ for heard in run.heard]
        assert (lengths.count(10.0), lengths.count(2.0), len(lengths)) == (3, 37, 40)

    def test_a_short_clip_is_one_window_of_each_kind_and_of_its_own_length(self) -> None:
        run = Run({})
        run.analyse(seconds=1.5)
        assert [heard.size / RATE_HZ for heard in run.heard] == [1.5, 1.5]

    def test_an_unknown_method_is_refused_by_the_names_there_are(self) -> None:
        run = Run({"Fire": 0.9})
        with pytest.raises(UnknownMethod, match="known methods: none, halved, moved") as caught:
            run.analyse(task=Task("hide"))
        assert caught.value.known == ("none", "halved", "moved")
        assert run.diary == [], "nothing was heard, nothing announced"

    def test_an_alarm_that_cannot_be_announced_is_not_answered(self) -> None:
        run = Run({"Fire": 0.9})

        def broken(_events: Sequence[Event]) -> list[Stamp]:
            raise OSError("the disk is full")

        policies = Policies.always(run.pipeline.hearing.policies.now())
        pipeline = Pipeline(run.pipeline.tagger, run.pipeline.anonymizers, policies, broken, lambda: "event")
        with pytest.raises(OSError, match="full"):
            pipeline.analyse(Clip(np.ones(RATE_HZ, np.float32)))


class TestAlarms:
    def test_without_alarms_nothing_is_announced(self) -> None:
        run = Run({"Fire": 0.29, "Speech": 0.9})
        assert run.analyse().alerts == ()
        assert "publish 0" not in run.diary
        assert run.published == []

    def test_an_alarm_is_announced_as_start_and_end_under_one_id_and_answered_once(self) -> None:
        run = Run({"Fire": 0.9})
        analysis = run.analyse()
        assert [(event.id, event.phase, event.offset_s) for event in run.published] == [
            ("event-1", "start", None),
            ("event-1", "end", 2.0),
        ]
        (alert,) = analysis.alerts
        assert (alert["id"], alert["phase"], alert["message_id"], alert["seq"]) == ("event-1", "end", "message-2", 2)

    def test_each_of_several_alarms_is_answered_with_the_stamp_of_its_own_end(self) -> None:
        run = Run({"Fire": 0.9, "Screaming": 0.8})
        fire, scream = sorted(run.analyse().alerts, key=lambda alert: alert["event_class"])
        by_class = {(event.event_class, event.phase): place for place, event in enumerate(run.published, start=1)}
        assert fire["seq"] == by_class["fire", "end"]
        assert scream["seq"] == by_class["scream", "end"]
        assert fire["id"] != scream["id"]

    def test_what_happened_is_published_in_order_of_time(self) -> None:
        two = {**ALERTS, "rules": {**ALERTS["rules"], "fire": {**AT_ONCE, "cool_down_s": 0.0}}}
        run = Run(where_loud({"Fire": 0.9}), two)
        run.analyse(30, (4, 8), (16, 20))
        assert phases(run) == [
            ("event-1", "fire", "start"),
            ("event-1", "fire", "end"),
            ("event-2", "fire", "start"),
            ("event-2", "fire", "end"),
        ]
        times = [event.offset_s if event.phase == "end" else event.onset_s for event in run.published]
        assert times == [4.0, 8.0, 16.0, 20.0]

    def test_an_event_that_gets_much_worse_is_told_again_under_its_id_and_answered_in_its_last_phase(self) -> None:
        run = Run(lambda piece: {"Fire": 0.9 if np.abs(piece).mean() > 0.4 else 0.4})
        (alert,) = run.analyse(10, (5, 10)).alerts
        assert [(event.id, event.phase, round(event.score, 3)) for event in run.published] == [
            ("event-1", "start", 0.4),
            ("event-1", "update", 0.9),
            ("event-1", "end", 0.9),
        ]
        assert (alert["phase"], alert["score"]) == ("end", pytest.approx(0.9))

    def test_an_event_says_what_where_who_how_bad_and_by_which_tagger(self) -> None:
        run = Run({"Crackle": 0.75})
        task = Task("halved", Source("kitchen", "camera"), Requestor("ada", "person", "r1"))
        (alert,) = run.analyse(task=task).alerts
        stamped = {"id", *Stamp._fields}
        assert {key: value for key, value in alert.items() if key not in stamped | {"peak_dbfs"}} == {
            "phase": "end",
            "event_class": "fire",
            "label": "Crackle",
            "mid": "/m/07pzfmf",
            "score": 0.75,
            "onset_s": 0.0,
            "offset_s": 2.0,
            "onset": None,
            "offset": None,
            "severity": "critical",
            "source": {"id": "kitchen", "type": "camera"},
            "requestor_id": "ada",
            "requestor_type": "person",
            "request_id": "r1",
            "model": {"name": FAKE_CARD.name, "version": FAKE_CARD.version},
            "anonymizer": {"method": "halved", "mode": "server"},
            "signature": None,
        }

    def test_without_a_task_the_sound_is_an_upload_of_nobody(self) -> None:
        (alert,) = Run({"Fire": 0.9}).analyse().alerts
        assert alert["source"] == {"id": "upload", "type": "upload"}
        assert alert["requestor_id"] is None
        assert alert["anonymizer"]["method"] == "none"

    def test_the_start_of_the_clip_is_added_to_the_times(self) -> None:
        (alert,) = Run({"Fire": 0.9}).analyse(seconds=2, start_s=100.5).alerts
        assert (alert["onset_s"], alert["offset_s"]) == (100.5, 102.5)

    def test_times_are_those_of_the_sound_not_of_the_windows(self) -> None:
        (alert,) = Run(where_loud({"Fire": 0.9})).analyse(25, (10, 14), start_s=1.0).alerts
        assert (alert["onset_s"], alert["offset_s"]) == (11.0, 15.0)

    def test_the_level_is_that_of_the_event_not_of_the_clip(self) -> None:
        waveform = np.full(30 * RATE_HZ, 1.0, np.float32)
        waveform[5 * RATE_HZ : 15 * RATE_HZ] = 0.25
        run = Run(lambda piece: {"Fire": 0.9} if (piece == np.float32(0.25)).mean() >= 0.25 else {})
        (alert,) = run.pipeline.analyse(Clip(waveform)).alerts
        assert (alert["onset_s"], alert["offset_s"], alert["peak_dbfs"]) == (5.0, 15.0, -12.0)

    def test_digital_silence_is_no_alarm_whatever_the_tagger_makes_of_it(self) -> None:
        analysis = Run({"Fire": 0.9}).pipeline.analyse(Clip(np.zeros(3 * RATE_HZ, np.float32)))
        assert analysis.alerts == ()
        assert {verdict.score for verdict in analysis.verdicts} == {0.0}

    def test_an_alarm_far_below_the_top_five_still_alarms(self) -> None:
        louder = {label.name: 0.9 - label.index / 100 for label in labels()[20:40]}
        analysis = Run({**louder, "Fire": 0.3}).analyse()
        assert [alert["event_class"] for alert in analysis.alerts] == ["fire"]
        assert "Fire" not in [one.label.name for one in analysis.top()]

    def test_a_clip_with_too_few_windows_for_a_rule_is_confirmed_by_those_there_are(self) -> None:
        slow = {**ALERTS, "rules": {"fire": {"confirm": 4, "among": 6, "min_s": 2.0}}}
        assert len(Run({"Fire": 0.9}, slow).analyse(seconds=1).alerts) == 1
        assert len(Run(where_loud({"Fire": 0.9}), slow).analyse(10, (4, 4.5)).alerts) == 0

    def test_unusual_sound_is_no_matter_of_one_clip(self) -> None:
        run = Run({"Speech": 1.0}, {"enabled": ("fire", "unusual")})
        analysis = run.analyse(seconds=12)
        assert analysis.alerts == ()
        assert [verdict.event_class for verdict in analysis.explanations()] == ["fire"]


class TestSources:
    def test_each_upload_is_an_episode_of_its_own(self) -> None:
        run = Run({"Fire": 0.9})
        assert [len(run.analyse().alerts) for _ in range(3)] == [1, 1, 1]

    def test_the_cool_down_of_a_named_source_goes_on_from_upload_to_upload(self) -> None:
        run = Run({"Fire": 0.9})
        alerts = []
        for seconds in (0, 10, 29, 31, 40):  # fire cools down for 30 s after the end of the one that was told
            run.now = NOON + seconds
            alerts.append(len(run.analyse(task=KITCHEN).alerts))
        assert alerts == [1, 0, 0, 1, 0]

    @pytest.mark.parametrize("every_s", [0.0, 0.1, 5.0, 9.9])
    def test_uploads_that_come_faster_than_they_last_cool_down_by_the_sound_that_was_sent(self, every_s: float) -> None:
        run = Run({"Fire": 0.9})
        alerts = []
        for number in range(6):  # 10 s each: the cool-down of 30 s is over in the fourth after the one that was told
            run.now = NOON + number * every_s
            alerts.append(len(run.analyse(10, task=KITCHEN).alerts))
        assert alerts == [1, 0, 0, 1, 0, 0]

    @pytest.mark.parametrize("every_s", [0.0, 60.0])
    def test_a_class_wears_off_from_upload_to_upload(self, every_s: float) -> None:
        run = Run({"Screaming": 0.03})
        alerts = []
        for number in range(6):
            run.now = NOON + number * every_s
            alerts.append(len(run.analyse(40, task=KITCHEN).alerts))
        assert alerts == [1, 1, 1, 0, 0, 0]

    def test_sources_do_not_share_cool_downs(self) -> None:
        run = Run({"Fire": 0.9})
        tasks = [KITCHEN, Task(source=Source("hall")), KITCHEN, Task()]
        assert [len(run.analyse(task=task).alerts) for task in tasks] == [1, 1, 0, 1]

    def test_in_a_cool_down_what_is_much_worse_is_told_all_the_same(self) -> None:
        scores = iter([0.4, 0.5, 0.75])
        run = Run({})
        for expected in (1, 0, 1):
            score = next(scores)
            again = Run({"Fire": score}).pipeline.tagger
            run.pipeline.tagger = run.pipeline.hearing.tagger = again
            run.now += 5
            assert len(run.analyse(task=KITCHEN).alerts) == expected

    def test_times_count_from_the_beginning_of_the_file_all_the_same(self) -> None:
        run = Run(where_loud({"Fire": 0.9}))
        analysis = run.analyse(25, (10, 14), start_s=1.0, task=KITCHEN)
        (alert,) = analysis.alerts
        assert (alert["onset_s"], alert["offset_s"]) == (11.0, 15.0)
        assert (alert["onset"], alert["offset"]) == (None, None), "nobody knows when it was recorded"
        scream, fire = analysis.explanations()
        assert (fire.reason, round(fire.stop_s, 3)) == ("alert", 11.5)
        assert 0 < scream.stop_s <= 26.0

    def test_why_a_source_is_silent_is_told_in_times_of_the_file(self) -> None:
        run = Run({"Fire": 0.9})
        run.analyse(task=KITCHEN)
        run.now += 10
        _, verdict = run.analyse(task=KITCHEN).explanations()
        assert verdict.reason == "cooling_down"
        assert verdict.until_s == pytest.approx(22.0, abs=0.01), "2 s of sound that end 10 s later, and 20 s to go"

    def test_only_so_many_sources_are_remembered(self) -> None:
        run = Run({"Fire": 0.9})
        for number in range(1001):
            run.analyse(seconds=0.1, task=Task(source=Source(f"source-{number}")))
        assert len(run.analyse(seconds=0.1, task=Task(source=Source("source-1000"))).alerts) == 0
        assert len(run.analyse(seconds=0.1, task=Task(source=Source("source-0"))).alerts) == 1, (
            "the oldest is forgotten"
        )

    def test_the_mode_decides_at_each_upload(self) -> None:
        run = Run({"Fire": 0.9, "Siren": 0.9}, {**ALERTS, "modes": {"night": {"enabled": ("siren",)}}})
        found = []
        for run.mode in ("home", "night", "home"):
            found.append([alert["event_class"] for alert in run.analyse().alerts])
        assert found == [["fire"], ["siren"], ["fire"]]


class TestMovedSound:
    def test_a_method_that_moves_sound_leaves_alarms_of_the_whole_clip_and_says_so(self) -> None:
        two = {**ALERTS, "rules": {**ALERTS["rules"], "fire": {**AT_ONCE, "cool_down_s": 0.0}}}
        run = Run(where_loud({"Fire": 0.9, "Screaming": 0.3}), two)
        analysis = run.analyse(30, (4, 8), (16, 20), start_s=2.0, task=Task("moved"))
        assert {alert["event_class"]: (alert["onset_s"], alert["offset_s"]) for alert in analysis.alerts} == {
            "fire": (2.0, 32.0),
            "scream": (2.0, 32.0),
        }
        assert [alert["score"] for alert in analysis.alerts if alert["event_class"] == "fire"] == [pytest.approx(0.9)]
        assert any("moves sound in time" in warning for warning in analysis.warnings)
        assert [phase for _, _, phase in phases(run)] == ["start", "start", "end", "end"], "in order of time"
        assert len({event_id for event_id, _, _ in phases(run)}) == 2

    def test_without_alarms_there_is_nothing_to_say(self) -> None:
        assert Run({}).analyse(task=Task("moved")).warnings == ()

    def test_that_holds_for_a_named_source_too(self) -> None:
        analysis = Run(where_loud({"Fire": 0.9})).analyse(10, (4, 8), task=Task("moved", Source("kitchen")))
        assert [(alert["onset_s"], alert["offset_s"]) for alert in analysis.alerts] == [(0.0, 10.0)]

    def test_a_method_that_keeps_time_leaves_alarms_at_theirs(self) -> None:
        analysis = Run(where_loud({"Fire": 0.9})).analyse(30, (4, 8), task=Task("halved"))
        assert [(alert["onset_s"], alert["offset_s"]) for alert in analysis.alerts] == [(4.0, 8.0)]
        assert analysis.warnings == ("made quieter",)


class TestScores:
    def test_the_top_classes_come_highest_first(self) -> None:
        analysis = Run({"Speech": 0.5, "Bark": 0.25, "Fire": 0.75}).analyse()
        assert [(one.label.name, one.probability) for one in analysis.top(3)] == [
            ("Fire", 0.75),
            ("Speech", 0.5),
            ("Bark", 0.25),
        ]
        assert len(analysis.top()) == 5
        assert len(analysis.top(527)) == 527

    def test_the_classes_asked_for_come_highest_first_and_no_others(self) -> None:
        analysis = Run({"Speech": 0.5, "Bark": 0.25, "Fire": 0.75}).analyse()
        wanted: list[Label] = [label for name in ("Bark", "Siren", "Speech") if (label := find(name)) is not None]
        assert [(one.label.name, one.probability) for one in analysis.of(wanted)] == [
            ("Speech", 0.5),
            ("Bark", 0.25),
            ("Siren", 0.0),
        ]

    def test_a_clips_scores_are_the_highest_of_its_windows_of_10_s_and_no_shorter_ones(self) -> None:
        def hear(piece: Any) -> dict[str, float]:
            if piece.size < 10 * RATE_HZ:
                return {"Fire": 1.0}
            return {"Speech": 0.4} if np.abs(piece[0]) > 0.1 else {"Speech": 0.2, "Bark": 0.6}

        analysis = Run(hear, {"enabled": ()}).analyse(20, (10, 20))
        assert [round(one.probability, 6) for one in analysis.top(3)] == [0.6, 0.4, 0.0]
        assert [one.label.name for one in analysis.top(2)] == ["Bark", "Speech"]
        assert analysis.duration_s == 20

    @pytest.mark.parametrize("seconds", [0.3, 2.0, 7.3, 10.0])
    def test_up_to_10_s_they_are_what_the_tagger_says_of_the_clip(self, bundled: Any, seconds: float) -> None:
        waveform = tone_in_noise(seconds)
        scores = make_pipeline(load(), bundled).analyse(Clip(waveform)).scores
        np.testing.assert_allclose(scores, bundled.tag(waveform).scores.max(axis=0), atol=1e-4)

    @pytest.mark.parametrize("seconds", [10.1, 23.45])
    def test_of_longer_clips_they_are_nearly_that(self, bundled: Any, seconds: float) -> None:
        waveform = tone_in_noise(seconds)
        scores = make_pipeline(load(), bundled).analyse(Clip(waveform)).scores
        np.testing.assert_allclose(scores, bundled.tag(waveform).scores.max(axis=0), atol=0.02)

    @pytest.mark.parametrize("seconds", [5.0, 23.45])
    def test_that_holds_for_the_published_tagger_as_well(self, models_dir: Path, seconds: float) -> None:
        tagger = TaggerStore(models_dir).open("mn04_as", lanes=1, threads=1)
        waveform = tone_in_noise(seconds)
        scores = make_pipeline(load(), tagger).analyse(Clip(waveform)).scores
        atol = 1e-4 if seconds <= 10 else 0.02
        np.testing.assert_allclose(scores, tagger.tag(waveform).scores.max(axis=0), atol=atol)


class TestTimeline:
    def test_it_says_what_was_heard_when_of_all_classes_several_at_once(self) -> None:
        run = Run(where_loud({"Speech": 0.5, "Dog": 0.9}, {"Speech": 0.5}))
        spans = [
            (labels()[span.label_index].name, span.onset_s, span.offset_s, round(span.score, 3))
            for span in run.analyse(20, (6, 9), start_s=100.0).timeline()
        ]
        assert spans == [("Speech", 100.0, 120.0, 0.5), ("Dog", 106.0, 109.0, 0.9)]

    def test_where_nothing_was_heard_it_is_empty(self) -> None:
        assert Run({"Speech": 0.19}).analyse().timeline() == []


class TestSurges:
    ASK = Task(surges=True)

    def test_it_says_where_it_was_suddenly_loud_and_what_scored_highest_there(self) -> None:
        run = Run(where_loud({"Bang": 0.8}, {"Speech": 0.6}))
        ((surge, guess),) = run.analyse(20, (6, 7), start_s=100.0, task=self.ASK).surges()
        assert [surge.onset_s, surge.offset_s] == pytest.approx([106.0, 107.0])
        assert surge.peak_dbfs == pytest.approx(-6.0, abs=0.1)
        assert surge.background_dbfs == pytest.approx(-40.0, abs=0.1)
        assert guess.label.name == "Bang"
        assert guess.probability == pytest.approx(0.8)

    def test_nobody_who_did_not_ask_is_told(self) -> None:
        analysis = Run({}).analyse(20, (6, 7))
        assert (analysis.levels, analysis.surges()) == (None, [])

    def test_even_sound_has_none(self) -> None:
        assert Run({}).analyse(20, task=self.ASK).surges() == []

    def test_levels_are_those_of_the_anonymised_sound(self) -> None:
        ((surge, _),) = Run({}).analyse(20, (6, 7), task=Task("halved", surges=True)).surges()
        assert surge.peak_dbfs == pytest.approx(-12.0, abs=0.1)


class TestExplanations:
    def test_there_is_one_for_each_alert_class_in_the_order_of_the_table(self) -> None:
        run = Run({"Fire": 0.9}, {})
        explained = run.analyse(seconds=10).explanations()
        policy = run.pipeline.hearing.policies.now()
        assert [one.event_class for one in explained] == [rule.name for rule in policy.rules]
        assert all(one.sentence().startswith(f"{one.event_class}: ") for one in explained)

    def test_it_is_of_the_window_that_came_nearest_to_an_alarm(self) -> None:
        run = Run(where_loud({"Fire": 0.29, "Screaming": 0.5}, {"Fire": 0.1}))
        scream, fire = run.analyse(20, (6, 9)).explanations()
        assert (fire.reason, round(fire.score, 3), round(fire.on, 3)) == ("below_on", 0.29, 0.3)
        assert 6.5 <= fire.stop_s <= 10.5
        assert (scream.reason, round(scream.score, 3)) == ("alert", 0.5)

    def test_an_alarm_is_explained_by_its_beginning_even_where_a_later_window_scores_higher(self) -> None:
        run = Run(lambda piece: {"Fire": 0.5 + 0.4 * float(np.abs(piece).mean())})
        (_, fire) = run.analyse(10, (5, 10)).explanations()
        assert (fire.reason, fire.stop_s) == ("alert", 2.0)


def test_joined_by_the_app_the_buses_get_less_than_the_answer() -> None:
    memory = Memory()
    pipeline = make_pipeline(load(), FakeTagger.always({"Fire": 0.43219}), (memory,))
    (alert,) = pipeline.analyse(Clip(np.full(4 * RATE_HZ + 4000, 0.3, np.float32))).alerts
    start, end = memory.messages()
    assert (start["phase"], end["phase"]) == ("start", "end")
    assert end["id"] == alert["id"]
    assert end["message_id"] == alert["message_id"]
    assert (end["score"], alert["score"]) == (0.45, pytest.approx(0.43219))
    assert (end["offset_s"], alert["offset_s"]) == (4.0, 4.25)
    assert {start["severity"], end["severity"], alert["severity"]} == {"critical"}


@pytest.mark.parametrize("name", ["scores", "alerts", "warnings", "verdicts"])
def test_an_analysis_cannot_be_given_other_facts(name: str) -> None:
    analysis: Analysis = Run({}).analyse()
    with pytest.raises(AttributeError):
        setattr(analysis, name, getattr(analysis, name))


def tone_in_noise(seconds: float) -> Any:
    """A tone that comes and goes in quiet noise: float32, 16 000 Hz."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(3).normal(0, 0.01, time_s.size)
    beeps = 0.3 * np.sin(2 * np.pi * 3100 * time_s) * (np.sin(2 * np.pi * time_s) > 0)
    return (noise + beeps).astype(np.float32)


def test_the_sound_of_these_tests_is_what_it_says() -> None:
    piece = sound(3, (1, 2))
    assert float(piece.max()) == 0.5
    assert float(np.abs(piece[:RATE_HZ]).max()) == pytest.approx(0.01)
