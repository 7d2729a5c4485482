# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.api.describe import event_schema
from analytic.events.level import Levels
from analytic.events.rules import Rule
from analytic.events.surges import SurgeSettings
from analytic.events.types import Message, Source
from analytic.pipeline import LiveSource
from analytic.pipeline.live import SURGE, Extras
from model.errors import BadWaveform
from model.stream import Heard
from tests.analytic.pipeline.runs import ALERTS, AT_ONCE, NOON, RATE_HZ, Run, Waveform, sound, where_loud

KITCHEN = Source("kitchen", "microphone")
SURGES = Extras(surge=Rule(SURGE, (0,), severity="notice"))
FIRE = where_loud({"Fire": 0.9})


def live(run: Run, began: float = NOON, memory: Mapping[str, Any] | None = None, **more: Any) -> LiveSource:
    return LiveSource(run.pipeline, KITCHEN, began, memory, **more)


def pushed(source: LiveSource, waveform: Waveform, cuts: Sequence[int] = ()) -> list[Message]:
    messages = []
    for piece in np.split(waveform, sorted(cuts)):
        if piece.size:
            messages += source.push(piece)
    return messages


def told(messages: Sequence[Message]) -> list[tuple[str, str, str]]:
    return [(message["event_class"], message["phase"], message["id"]) for message in messages]


def restored(source: LiveSource) -> Mapping[str, Any]:
    """What a source remembers, as it comes back from a file."""
    memory: Mapping[str, Any] = json.loads(json.dumps(source.memory(), allow_nan=False))
    return memory


class TestEvents:
    def test_an_event_begins_and_ends_under_one_id_at_the_times_of_the_sound(self) -> None:
        run = Run(FIRE)
        start, end = pushed(live(run), sound(20, (6, 9)))
        assert told([start, end]) == [("fire", "start", "event-1"), ("fire", "end", "event-1")]
        assert (start["onset_s"], start["onset"]) == (6.0, "2026-01-01T12:00:06.000Z")
        assert (start["offset_s"], start["offset"]) == (None, None)
        assert (end["onset"], end["offset"]) == ("2026-01-01T12:00:06.000Z", "2026-01-01T12:00:09.000Z")
        assert (end["onset_s"], end["offset_s"], end["peak_dbfs"]) == (6.0, 9.0, -6.0)
        assert end["source"] == {"id": "kitchen", "type": "microphone"}
        assert end["severity"] == "critical"
        assert (end["requestor_id"], end["anonymizer"]) == (None, {"method": "none", "mode": "server"})

    def test_digital_silence_is_no_alarm_whatever_the_tagger_makes_of_it(self) -> None:
        source = live(Run({"Fire": 0.9}))
        assert pushed(source, np.zeros(6 * RATE_HZ, np.float32)) == []
        assert source.now.verdicts["fire"].score == 0.0
        (start,) = pushed(source, np.full(RATE_HZ, 0.01, np.float32))
        assert (start["event_class"], start["phase"]) == ("fire", "start")

    def test_a_surge_ends_where_the_stream_is_cut(self) -> None:
        source = live(Run({"Speech": 0.1}), extras=SURGES)
        (start,) = pushed(source, sound(12, (10, 12)))
        (end,) = source.cut()
        assert told([start, end]) == [(SURGE, "start", start["id"]), (SURGE, "end", start["id"])]
        assert source.cut() == []

    def test_what_is_announced_is_what_is_published_and_stamped(self) -> None:
        run = Run(FIRE)
        messages = pushed(live(run), sound(20, (6, 9)))
        assert [(message["message_id"], message["seq"]) for message in messages] == [("message-1", 1), ("message-2", 2)]
        assert [event.phase for event in run.published] == ["start", "end"]

    def test_it_is_announced_as_soon_as_the_window_is_there_that_decides(self) -> None:
        source = live(Run(FIRE))
        waveform = sound(20, (6, 20))
        assert pushed(source, waveform[: round(6.5 * RATE_HZ) - 1]) == []
        assert [message["phase"] for message in source.push(waveform[round(6.5 * RATE_HZ) - 1 :][:1])] == ["start"]

    def test_the_end_of_the_sound_ends_what_is_open_there(self) -> None:
        source = live(Run(FIRE))
        assert [message["phase"] for message in pushed(source, sound(8.2, (6, 8.2)))] == ["start"]
        (end,) = source.finish()
        assert (end["phase"], end["offset_s"], end["offset"]) == ("end", 8.2, "2026-01-01T12:00:08.200Z")

    def test_sound_shorter_than_a_window_is_judged_at_its_end(self) -> None:
        source = live(Run(FIRE))
        assert pushed(source, sound(1.0, (0, 1.0))) == []
        assert [message["phase"] for message in source.finish()] == ["start", "end"]

    def test_a_source_that_never_sent_anything_ends_in_silence(self) -> None:
        assert live(Run(FIRE)).finish() == []

    def test_the_level_grows_with_the_event(self) -> None:
        waveform = sound(20, (6, 12))
        waveform[10 * RATE_HZ : 11 * RATE_HZ] *= 2
        start, end = pushed(live(Run(FIRE)), waveform)
        assert (start["peak_dbfs"], end["peak_dbfs"]) == (-6.0, 0.0)

    def test_sound_that_is_none_is_refused_and_changes_nothing(self) -> None:
        source = live(Run(FIRE))
        full = np.full(800, 2.0, np.float32)
        wrongs: list[Any] = [full, full * np.float32(np.nan), np.zeros(800), np.zeros((8, 2), np.float32), full[:0]]
        for wrong in wrongs:
            with pytest.raises(BadWaveform):
                source.push(wrong)
        assert source.heard_until == NOON
        assert len(pushed(source, sound(20, (6, 9)))) == 2

    def test_it_tells_how_far_it_has_heard_and_what(self) -> None:
        levels: list[Levels] = []
        source = live(Run(where_loud({"Fire": 0.9}, {"Speech": 0.5})), on_levels=levels.append)
        pushed(source, sound(9.02, (6, 9.02)), [100, 50_000])
        assert source.heard_until == pytest.approx(NOON + 9.02)
        assert source.now.level_dbfs == pytest.approx(-6.0, abs=0.1)
        assert source.now.scores is not None
        assert source.now.scores.max() == pytest.approx(0.9)
        assert source.now.verdicts["fire"].reason == "continuing"
        assert source.now.verdicts["scream"].reason == "quiet"
        assert {verdict.event_class for verdict in source.now.past} == {"fire"}
        assert sum(len(one) for one in levels) == 180, "each whole block of 0.05 s once"


STREAM = sound(24, (3.3, 4.1), (8, 12.7), (15.21, 15.4), (17, 17.9))
STREAM[10 * RATE_HZ : 11 * RATE_HZ] *= 1.7


def heard_in_pieces(cuts: Sequence[int]) -> list[Message]:
    def hear(piece: Waveform) -> dict[str, float]:
        loud = float(np.abs(piece).mean())
        return {"Fire": min(1.0, 2.2 * loud), "Bang": min(1.0, 1.5 * loud), "Speech": 0.3}

    rules = {"fire": {**AT_ONCE, "cool_down_s": 2.0}, "scream": AT_ONCE}
    run = Run(hear, {**ALERTS, "rules": rules})
    source = live(run, extras=SURGES)
    return pushed(source, STREAM, cuts) + source.finish()


@pytest.mark.parametrize("size", [160, 800, 1000, 4096, 8000, 31_999, 100_000])
def test_pieces_of_any_one_size_give_the_same_messages(size: int) -> None:
    assert heard_in_pieces(range(size, STREAM.size, size)) == heard_in_pieces([])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, STREAM.size - 1), max_size=40))
def test_however_the_stream_is_cut_the_messages_are_the_same(cuts: list[int]) -> None:
    assert heard_in_pieces(cuts) == heard_in_pieces([])


def test_those_messages_are_of_several_kinds() -> None:
    found = {(message["event_class"], message["phase"]) for message in heard_in_pieces([])}
    assert {("fire", "start"), ("fire", "end"), ("surge", "start"), ("surge", "end")} <= found


class TestMemory:
    def test_an_open_event_goes_on_under_its_id_after_a_short_gap(self) -> None:
        run = Run(FIRE, {**ALERTS, "rules": {"fire": {**AT_ONCE, "release_s": 3.0}}})
        before = live(run)
        assert told(pushed(before, sound(8, (6, 8)))) == [("fire", "start", "event-1")]
        after = live(run, NOON + 8, restored(before))
        (end,) = pushed(after, sound(12, (0, 3)))
        assert told([end]) == [("fire", "end", "event-1")]
        assert (end["onset"], end["offset"]) == ("2026-01-01T12:00:06.000Z", "2026-01-01T12:00:11.000Z")
        assert end["onset_s"] == 0.0, "it began before this stream did"

    def test_an_open_event_ends_where_it_was_last_heard_after_a_long_gap(self) -> None:
        run = Run(FIRE)
        before = live(run)
        pushed(before, sound(8, (6, 8)))
        (end,) = pushed(live(run, NOON + 600, restored(before)), sound(5))
        assert told([end]) == [("fire", "end", "event-1")]
        assert end["offset"] == "2026-01-01T12:00:06.500Z", "0.5 s into the last window that heard it"

    def test_what_comes_after_a_long_gap_is_another_event(self) -> None:
        run = Run(FIRE)
        before = live(run)
        pushed(before, sound(8, (6, 8)))
        messages = pushed(live(run, NOON + 600, restored(before)), sound(5, (0, 5)))
        assert told(messages) == [("fire", "end", "event-1"), ("fire", "start", "event-2")]

    def test_an_event_that_is_still_open_at_the_end_of_the_next_stream_ends_there(self) -> None:
        run = Run(FIRE)
        before = live(run)
        pushed(before, sound(8, (6, 8)))
        assert told(live(run, NOON + 8, restored(before)).finish()) == [("fire", "end", "event-1")]

    def test_a_cool_down_outlives_a_restart(self) -> None:
        run = Run(FIRE)
        before = live(run)
        assert len(pushed(before, sound(12, (6, 8)))) == 2
        assert pushed(live(run, NOON + 20, restored(before)), sound(8, (2, 5))) == []
        assert len(pushed(live(run, NOON + 40, restored(before)), sound(8, (2, 5)))) == 2

    def test_without_memory_there_is_no_cool_down(self) -> None:
        run = Run(FIRE)
        pushed(live(run), sound(12, (6, 8)))
        assert len(pushed(live(run, NOON + 20), sound(8, (2, 5)))) == 2

    def test_the_level_of_an_open_event_is_remembered(self) -> None:
        run = Run(lambda piece: {"Fire": 0.9} if np.abs(piece).mean() > 0.1 else {})
        waveform = sound(8, (6, 8))
        waveform[7 * RATE_HZ :] *= 2
        before = live(run)
        pushed(before, waveform)
        (end,) = pushed(live(run, NOON + 8, restored(before)), sound(12, (0, 3)))
        assert end["peak_dbfs"] == 0.0

    def test_a_class_that_the_settings_have_no_more_is_ended_all_the_same(self) -> None:
        before = live(Run(FIRE))
        pushed(before, sound(8, (6, 8)))
        without = Run(FIRE, {"enabled": ("siren",)})
        (end,) = pushed(live(without, NOON + 8, restored(before)), sound(5, (0, 5)))
        assert told([end]) == [("fire", "end", "event-1")]
        assert end["label"] == "Fire"

    def test_it_holds_no_sound_and_stays_small(self) -> None:
        source = live(Run(FIRE))
        pushed(source, sound(30, (6, 20)))
        memory = source.memory()
        assert set(memory) == {"type", "state", "told"}
        assert len(json.dumps(memory)) < 2_000


MODES = {**ALERTS, "modes": {"night": {"enabled": ("scream",)}, "away": {"thresholds": {"fire": 0.95}}}}


class TestModes:
    def test_a_change_of_mode_ends_the_events_of_classes_that_the_new_one_lacks(self) -> None:
        run = Run(where_loud({"Fire": 0.9, "Screaming": 0.9}), MODES)
        source = live(run)
        waveform = sound(20, (4, 16))
        begun = pushed(source, waveform[: 8 * RATE_HZ])
        run.mode = "night"
        ended = pushed(source, waveform[8 * RATE_HZ : 9 * RATE_HZ])
        assert sorted(told(begun)) == [("fire", "start", "event-2"), ("scream", "start", "event-1")]
        assert told(ended) == [("fire", "end", "event-2")]
        run.mode = "home"
        rest = pushed(source, waveform[9 * RATE_HZ :])
        assert told(rest) == [("scream", "end", "event-1")], "fire cools down"

    def test_a_change_of_thresholds_alone_ends_nothing(self) -> None:
        run = Run(FIRE, MODES)
        source = live(run)
        waveform = sound(20, (4, 16))
        pushed(source, waveform[: 8 * RATE_HZ])
        run.mode = "away"
        assert told(pushed(source, waveform[8 * RATE_HZ : 15 * RATE_HZ])) == []

    def test_a_change_between_the_last_window_and_the_end_is_seen(self) -> None:
        run = Run(FIRE, MODES)
        source = live(run)
        pushed(source, sound(8, (6, 8)))
        run.mode = "night"
        assert told(source.finish()) == [("fire", "end", "event-1")]

    def test_a_change_while_nobody_listened_ends_them_at_the_next_window(self) -> None:
        run = Run(FIRE, MODES)
        before = live(run)
        pushed(before, sound(8, (6, 8)))
        run.mode = "night"
        assert told(pushed(live(run, NOON + 8, restored(before)), sound(3, (0, 3)))) == [("fire", "end", "event-1")]


class TestSurges:
    def test_a_surge_begins_and_ends_with_the_best_guess(self) -> None:
        run = Run(where_loud({"Bang": 0.8}, {"Speech": 0.4}), {"enabled": ()})
        start, end = pushed(live(run, extras=SURGES), sound(20, (6, 7.5)))
        assert told([start, end]) == [("surge", "start", "event-1"), ("surge", "end", "event-1")]
        assert (start["onset_s"], start["onset"]) == (6.0, "2026-01-01T12:00:06.000Z")
        assert (end["offset_s"], end["offset"]) == (7.5, "2026-01-01T12:00:07.500Z")
        assert (start["label"], end["label"], end["score"]) == ("Speech", "Bang", pytest.approx(0.8))
        assert (end["severity"], end["peak_dbfs"]) == ("notice", -6.0)

    def test_it_fits_the_schema_with_an_id_of_its_own_each(self) -> None:
        run = Run(where_loud({"Bang": 0.8}, {"Speech": 0.4}), {"enabled": ()})
        messages = pushed(live(run, extras=SURGES), sound(30, (6, 7), (12, 13)))
        ids = "019b7a3c-0000-7000-8000-00000000000"
        for message in messages:
            fitting = {**message, "id": f"{ids}{message['id'][-1]}", "message_id": f"{ids}{message['seq']}"}
            jsonschema.validate(fitting, event_schema(), format_checker=jsonschema.FormatChecker())
        assert [one_id for _, _, one_id in told(messages)] == ["event-1", "event-1", "event-2", "event-2"]

    def test_one_that_the_end_of_the_sound_cuts_ends_there(self) -> None:
        source = live(Run({}, {"enabled": ()}), extras=SURGES)
        assert [message["phase"] for message in pushed(source, sound(7, (6, 7)))] == ["start"]
        (end,) = source.finish()
        assert (end["phase"], end["offset_s"]) == ("end", 7.0)

    def test_what_is_not_loud_enough_for_the_settings_is_none(self) -> None:
        deaf = Extras(surge=SURGES.surge, surge_settings=SurgeSettings(threshold_db=40.0))
        assert pushed(live(Run({}, {"enabled": ()}), extras=deaf), sound(20, (6, 7))) == []

    def test_without_being_asked_for_there_are_none(self) -> None:
        assert pushed(live(Run({}, {"enabled": ()})), sound(20, (6, 7))) == []


class Odd:
    """Says that loud windows are unusual, and notes when it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    def hear(self, source: str, unix_s: float, heard: Heard) -> float:
        self.asked.append((source, unix_s))
        return float(heard.embedding[1])


UNUSUAL = {"enabled": ("unusual",), "thresholds": {"unusual": 0.4}}


class TestUnusual:
    def test_a_long_window_that_is_unusual_is_an_alarm(self) -> None:
        odd = Odd()
        messages = pushed(live(Run({"Speech": 1.0}, UNUSUAL), extras=Extras(unusual=odd)), sound(40, (14, 15)))
        assert [(message["event_class"], message["phase"]) for message in messages] == [
            ("unusual", "start"),
            ("unusual", "end"),
        ]
        assert messages[0]["severity"] == "notice"
        assert odd.asked[:2] == [("kitchen", NOON + 10), ("kitchen", NOON + 12.5)]

    def test_where_nobody_can_tell_there_is_no_alarm(self) -> None:
        assert pushed(live(Run({"Speech": 1.0}, UNUSUAL)), sound(40, (14, 15))) == []


def test_memory_is_bounded_however_long_the_source_lives() -> None:
    run = Run(FIRE, {**ALERTS, "rules": {"fire": {**AT_ONCE, "cool_down_s": 0.0}}})
    run.heard = Forgetful()
    run.diary = Forgetful()
    source = live(run, extras=SURGES)
    minute = sound(60, *((start, start + 3) for start in range(5, 60, 8)))

    def live_on(minutes: int) -> int:
        for _ in range(minutes):
            pushed(source, minute, range(32_000, minute.size, 32_000))
        run.published.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        early = live_on(4)  # the newest verdicts, of which so many are kept, are all there
        late = live_on(4)
    finally:
        tracemalloc.stop()
    assert late - early < 20_000
    assert len(source.now.past) <= 200
    assert len(json.dumps(source.memory())) < 5_000


class Forgetful(list[Any]):
    """A list that keeps nothing."""

    def append(self, _one: Any) -> None:
        pass
