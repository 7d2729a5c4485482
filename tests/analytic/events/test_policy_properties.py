# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What holds of the alert policy whatever the rules and the windows are."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analytic.events.habituation import NONE, Habituation
from analytic.events.judging import Look, Transition
from analytic.events.policy import TRACE, Policy
from analytic.events.rules import Guard, Rule
from analytic.events.state import State
from analytic.events.timeline import EARLIEST_S
from tests.analytic.events.looking import HOP_S, UNIX_S, Row, Story, again, float32, just_below, look, looks, rule, tell

fifty = settings(max_examples=50)  # the whole folder's tests stay under 10 s

CHILD, PARENT, GUARDED = "gunshot", "explosion", "scream"
ON, OFF = 0.5, 0.3
NEAR_THE_THRESHOLDS = (0.0, just_below(OFF), OFF, 0.4, just_below(ON), ON, 0.65, 0.8, 1.0)

WEARS_OFF = Habituation(free=0.0, step=1.0, most=2.0, fades_s=4.0)

scores = st.sampled_from(NEAR_THE_THRESHOLDS)
INDICES = (3, 5, 7, 9)
# After how many hops the next window comes: a hop, the last window of a sound, or a gap.
HOPS = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.3, 2.0, 5.0)


def spread(number: int) -> list[int]:
    """The digits of a number: one draw for a window instead of five is four times as fast."""
    return [number // 9**place % 9 for place in range(len(INDICES) + 1)]


def row_of(number: int) -> Row:
    return {index: NEAR_THE_THRESHOLDS[digit] for index, digit in zip(INDICES, spread(number), strict=False)}


numbers = st.lists(st.integers(0, 9 ** (len(INDICES) + 1) - 1), max_size=14)
rows = numbers.map(lambda drawn: [row_of(number) for number in drawn])


@st.composite
def rules(draw: st.DrawFn, /, name: str = "fire", member: int = 3, **fixed: object) -> Rule:
    among = draw(st.integers(1, 4))
    drawn = {
        "confirm": draw(st.integers(1, among)),
        "among": among,
        "min_s": draw(st.sampled_from([0.0, 0.0, 0.5, 1.2])),
        "max_s": draw(st.sampled_from([600.0, 2.0, 3.3])),
        "release_s": draw(st.sampled_from([0.0, 0.5, 1.0, 1.7])),
        "cool_down_s": draw(st.sampled_from([0.0, 2.0, 4.5])),
        "escalation": draw(st.sampled_from([0.0, 0.1, 0.3])),
        "sure": draw(st.sampled_from([None, ON, 0.65, 1.0])),
        "habituation": draw(st.sampled_from([NONE, WEARS_OFF])),
        "lag_s": draw(st.sampled_from([0.1, 0.5, 1.3, 3.0])),
    }
    return rule(name, (member,), on=ON, off=OFF, **{**drawn, **fixed})


EAGER = {"confirm": 1, "min_s": 0.0, "cool_down_s": 0.0, "habituation": NONE}  # what tells as much as it can


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    guard = Guard("a drill", (9,), draw(st.sampled_from([0.5, 1.0, 1.5])))
    fixed = draw(st.sampled_from([EAGER, {}]))
    return Policy(
        [
            draw(rules(CHILD, 5, **fixed)),
            draw(rules(PARENT, 3, children=(CHILD,), **fixed)),
            draw(rules(GUARDED, 7, guards=(guard,), **fixed)),
        ]
    )


class Heard(NamedTuple):
    """A policy, and the windows of one source."""

    policy: Policy
    windows: list[Look]

    def __repr__(self) -> str:
        heard = [(one.stop_s, {at: float(one.labels[at]) for at in INDICES}) for one in self.windows]
        return f"rules {self.policy.rules}, windows that end at {heard}"


@st.composite
def sources(draw: st.DrawFn) -> Heard:
    """Windows of a clip, or of a live source with gaps here and there."""
    policy = draw(policies())
    zero_s = draw(st.sampled_from([0.0, UNIX_S]))
    drawn = draw(numbers)
    if len(drawn) == 1:  # a sound shorter than a window
        return Heard(policy, [look(policy, row_of(drawn[0]), zero_s + 0.3, start_s=zero_s, first=True)])
    at_s = zero_s + 2.0
    windows: list[Look] = []
    for number in drawn:
        windows.append(look(policy, row_of(number), at_s, first=not windows))
        at_s += HOP_S * HOPS[spread(number)[-1]]
    return Heard(policy, windows)


def to_the_end(heard: Heard) -> Story:
    story = tell(*heard)
    stop_s = heard.windows[-1].stop_s if heard.windows else None
    last = heard.policy.finish(story.state, stop_s)
    story.told += last.transitions
    story.state = last.state
    return story


def of_class(name: str, told: list[Transition]) -> list[Transition]:
    return [one for one in told if one.rule.name == name]


def events(told: list[Transition]) -> list[list[Transition]]:
    """The transitions of one class, event by event."""
    found: dict[int, list[Transition]] = {}
    for one in told:
        found.setdefault(one.number, []).append(one)
    return list(found.values())


@fifty
@given(sources())
def test_an_event_starts_once_ends_once_and_keeps_its_onset(heard: Heard) -> None:
    story = to_the_end(heard)
    for name in (CHILD, PARENT, GUARDED):
        told = of_class(name, story.told)
        assert [one.number for one in told] == sorted(one.number for one in told), "one after another"
        for event in events(told):
            assert [one.phase for one in event] == ["start", *["update"] * (len(event) - 2), "end"]
            assert len({one.onset_s for one in event}) == 1
            assert [one.offset_s is None for one in event] == [True] * (len(event) - 1) + [False]
            assert event[0].score >= ON
            assert [one.score for one in event] == sorted(one.score for one in event)


@fifty
@given(sources())
def test_events_of_a_class_never_overlap(heard: Heard) -> None:
    story = to_the_end(heard)
    for name in (CHILD, PARENT, GUARDED):
        ends = [one for one in of_class(name, story.told) if one.offset_s is not None]
        for earlier, later in pairwise(ends):
            assert earlier.offset_s is not None
            assert earlier.offset_s <= later.onset_s


@fifty
@given(sources())
def test_offsets_follow_onsets_and_both_lie_within_the_sound(heard: Heard) -> None:
    for one in to_the_end(heard).told:
        assert heard.windows[0].start_s <= one.onset_s
        if one.offset_s is not None:
            assert one.onset_s < one.offset_s <= heard.windows[-1].stop_s


@fifty
@given(sources(), st.floats(-30, 30))
def test_offsets_follow_onsets_also_when_the_clock_was_set_in_between(heard: Heard, shift_s: float) -> None:
    story = tell(*heard)
    moved = [one._replace(start_s=one.start_s + shift_s, stop_s=one.stop_s + shift_s) for one in heard.windows]
    after = tell(heard.policy, moved, story.state)
    for one in after.told + heard.policy.finish(after.state).transitions:
        assert one.offset_s is None or one.onset_s <= one.offset_s


@fifty
@given(sources(), st.data())
def test_a_stream_split_at_any_point_and_stored_there_gives_the_same(heard: Heard, data: st.DataObject) -> None:
    whole = tell(*heard)
    at = data.draw(st.integers(0, len(heard.windows)))
    before = tell(heard.policy, heard.windows[:at])
    after = tell(heard.policy, heard.windows[at:], again(before.state))
    assert before.told + after.told == whole.told
    assert before.verdicts + after.verdicts == whole.verdicts
    assert again(after.state) == again(whole.state)


@fifty
@given(sources())
def test_replaying_from_what_was_stored_after_every_window_gives_the_same(heard: Heard) -> None:
    replayed, whole = tell(*heard, stored=True), tell(*heard)
    assert replayed.told == whole.told
    assert replayed.verdicts == whole.verdicts
    assert heard.policy.finish(replayed.state) == heard.policy.finish(whole.state)


@fifty
@given(policies(), rows, st.integers(0, 2**31))
def test_the_time_axis_is_the_callers_choice(policy: Policy, heard: list[Row], zero_s: int) -> None:
    here, there = tell(policy, looks(policy, heard)), tell(policy, looks(policy, heard, float(zero_s)))
    assert there.reasons == here.reasons
    for one, same in zip(there.told, here.told, strict=True):
        assert (one.phase, one.rule, one.number, one.score) == (same.phase, same.rule, same.number, same.score)
        assert one.onset_s - zero_s == pytest.approx(same.onset_s, abs=1e-5)


traces = st.floats(float32(0.01), just_below(OFF), width=32)
between = st.floats(float32(OFF), just_below(ON), width=32)
loud_or_quiet = st.lists(scores, max_size=8)


@given(rules(max_s=math.inf, cool_down_s=0.0), loud_or_quiet, st.lists(between, min_size=1, max_size=12))
@example(rule(release_s=0.0), [ON], [0.4, 0.4])
def test_hysteresis_never_flaps_on_scores_between_the_thresholds(
    one: Rule, before: list[float], middle: list[float]
) -> None:
    policy = Policy([one])
    windows = looks(policy, [{3: score} for score in before + middle])
    state = tell(policy, windows[: len(before)]).state
    story = tell(policy, windows[len(before) :], state)
    assert story.told == []
    assert (story.state.of("fire").open is None) == (state.of("fire").open is None)


@given(rules(), st.lists(st.sampled_from([score for score in NEAR_THE_THRESHOLDS if score < ON]), max_size=12))
def test_nothing_below_on_ever_opens(one: Rule, heard: list[float]) -> None:
    policy = Policy([one])
    assert policy.run(looks(policy, [{3: score} for score in heard])).transitions == []


TRACE_OF_ON = math.exp(-TRACE) / (1 + math.exp(-TRACE))  # ON is 0.5: its odds are 1


def begins(heard: list[float], first: int, fresh: int) -> int:
    """The window that an event's sound begins in, its first that counts being `first`, none before `fresh` its own."""
    row = max((at + 1 for at in range(first) if heard[at] < TRACE_OF_ON), default=0)
    if fresh and row < fresh:  # all of it from the window that closed the event before
        row = max(range(fresh - 1, first + 1), key=lambda at: (-heard[at], at))
    return row


def slowly(one: Rule, heard: list[float]) -> list[tuple[int, int, int]]:
    """Begin, first and last window of each event, by plain counting: thresholds, N of M, a release, a row of traces."""
    found: list[tuple[int, int, int]] = []
    first = last = None
    fresh = 0  # the first window that may still confirm
    for place, score in enumerate(heard):
        counting = [at for at in range(max(fresh, place - one.among + 1), place + 1) if heard[at] >= ON]
        if first is None:
            is_sure = one.sure is not None and score >= one.sure
            if score >= ON and (is_sure or len(counting) >= one.confirm):
                first, last = counting[0], place
        elif score >= OFF:
            last = place
        elif last is not None and (place - last) * HOP_S >= one.release_s:
            found.append((begins(heard, first, fresh), first, last))
            first, fresh = None, place + 1
    return found + ([(begins(heard, first, fresh), first, last)] if first is not None and last is not None else [])


@given(
    rules(max_s=math.inf, min_s=0.0, cool_down_s=0.0, habituation=NONE, lag_s=0.5),
    st.lists(scores | traces, min_size=1, max_size=40),
)
def test_what_is_found_is_what_a_slow_reader_finds(one: Rule, heard: list[float]) -> None:
    policy = Policy([one])
    ends = [
        told
        for told in policy.run(looks(policy, [{3: score} for score in heard]), 1.5 + HOP_S * len(heard)).transitions
        if told.phase == "end"
    ]
    wanted = slowly(one, heard)
    assert len(ends) == len(wanted)
    earlier_s = 0.0
    for end, (begin, first, last) in zip(ends, wanted, strict=True):
        assert end.score == max(policy_score(heard[first : last + 1]))
        onset_s, sure_s = (0.0 if at == 0 else 2.0 + HOP_S * at - 0.5 for at in (begin, first))
        assert end.onset_s == max(onset_s, sure_s - EARLIEST_S, earlier_s)
        lasts = last == len(heard) - 1
        offset_s = 2.0 + HOP_S * last if lasts else HOP_S * last + 0.5
        assert end.offset_s == max(offset_s, end.onset_s + 0.5)
        earlier_s = end.offset_s


def policy_score(heard: list[float]) -> list[float]:
    return [look(Policy([rule()]), score).scores.tolist()[0] for score in heard]


@fifty
@given(sources())
def test_after_a_start_the_next_comes_after_the_cool_down_or_much_louder(heard: Heard) -> None:
    starts: dict[str, tuple[float, float]] = {}
    state = State()
    for window in heard.windows:
        step = heard.policy.step(state, window)
        state = step.state
        for one in step.transitions:
            if one.phase == "start":
                at_s, score = starts.get(one.rule.name, (-math.inf, 0.0))
                assert window.stop_s >= at_s + one.rule.cool_down_s or one.score >= score + one.rule.escalation
                starts[one.rule.name] = window.stop_s, one.score


@fifty
@given(sources())
def test_a_parent_is_silent_in_every_window_in_which_its_child_is_open(heard: Heard) -> None:
    for step in tell(*heard).steps:
        if step.state.of(CHILD).open is not None:
            assert {one.phase for one in of_class(PARENT, step.transitions)} <= {"end"}


@fifty
@given(sources())
def test_a_window_in_which_the_confuser_is_much_higher_opens_nothing(heard: Heard) -> None:
    state = State()
    (guard,) = heard.policy.rules[2].guards
    for window in heard.windows:
        before, step = state.of(GUARDED).open, heard.policy.step(state, window)
        state = step.state
        confuser, member = float(window.labels[9]), float(window.labels[7])
        opened = state.of(GUARDED).open
        if opened is not None and (before is None or opened.number != before.number):
            assert confuser < max(guard.ratio * member, guard.floor)


@fifty
@given(sources())
def test_every_window_gives_every_class_one_verdict_that_agrees_with_what_is_told(heard: Heard) -> None:
    for step in tell(*heard).steps:
        assert [one.event_class for one in step.verdicts] == [CHILD, PARENT, GUARDED]
        for verdict in step.verdicts:
            phases = [one.phase for one in of_class(verdict.event_class, step.transitions)]
            assert ("start" in phases) == (verdict.reason == "alert")
            assert ("update" in phases) == (verdict.reason == "escalated")
            if verdict.reason in ("ended", "max_duration", "fading", "continuing"):
                assert "start" not in phases
            assert f"score {verdict.score:.4g}" in verdict.sentence()
            assert verdict.score >= verdict.off or verdict.reason in ("quiet", "fading", "ended")
            assert (step.state.of(verdict.event_class).open is not None) == (
                verdict.reason in ("alert", "escalated", "continuing", "fading", "cooling_down", "habituated")
                or (verdict.reason == "rolled_up" and step.state.of(PARENT).open is not None)
            )


@fifty
@given(sources())
def test_an_event_that_is_never_closed_by_its_length_lasts_at_most_so_long_past_its_first_window(heard: Heard) -> None:
    for one in to_the_end(heard).told:
        if one.offset_s is not None:
            assert one.offset_s - one.onset_s <= one.rule.max_s + 5.0 * HOP_S + max(2.0, one.rule.lag_s) + 1e-6


@given(st.integers(1, 12), rules(cool_down_s=0.0))
def test_a_clip_that_is_loud_from_end_to_end_is_an_alarm_however_short_it_is(count: int, one: Rule) -> None:
    policy = Policy([replace(one, max_s=600.0)]).for_windows({2.0: count})
    stop_s = 1.5 + HOP_S * count
    start, end = policy.run(looks(policy, [{3: 0.65}] * count), stop_s).transitions
    assert (start.phase, end.phase) == ("start", "end")
    assert (end.onset_s, end.offset_s) == (0.0, stop_s)
