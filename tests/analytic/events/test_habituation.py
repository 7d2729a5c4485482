# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How a class wears off: by the count alone, and in a policy that hears the same sound over and over."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.events.classes import ALERT_CLASSES
from analytic.events.habituation import NONE, Habituation, Told
from analytic.events.judging import Look
from analytic.events.odds import moved
from analytic.events.policy import Policy
from analytic.events.rules import Rule
from model.labels import index_of
from tests.analytic.events.looking import Story, again, look, rule, tell

EVERY_S = 100.0
ON = 0.5
ROUNDING = 1e-12
WEARY = Habituation(free=2.0, step=1.0, most=3.0, fades_s=10_000.0)

ways = st.builds(
    Habituation, st.sampled_from([0.0, 1.0, 2.5]), st.floats(0.1, 3), st.floats(0.5, 4), st.floats(10, 1e5)
)
counts = st.builds(Told, st.floats(0, 100), st.floats(0, 1e6))
thresholds = st.floats(0.01, 0.99)
some = settings(max_examples=50)


def sounds(policy: Policy, scores: list[float], every_s: float = EVERY_S) -> list[Look]:
    """A sound of one window, again and again, and the silence that ends it."""
    return [
        look(policy, score, 2.0 + every_s * place + late_s, first=not place)
        for place, score in enumerate(scores)
        for late_s, score in ((0.0, score), (0.5, 0.0), (1.0, 0.0))
    ]


def heard(scores: list[float], way: Habituation = WEARY, every_s: float = EVERY_S, **changed: Any) -> Story:
    policy = Policy([rule(habituation=way, **changed)])
    return tell(policy, sounds(policy, scores, every_s))


def starts(story: Story) -> list[float]:
    return [one.onset_s for one in story.told if one.phase == "start"]


@given(ways, thresholds, counts, st.floats(0, 1e6))
def test_a_threshold_never_falls_and_never_rises_beyond_the_most(
    way: Habituation, on: float, told: Told, later_s: float
) -> None:
    raised = way.raised(on, told, told.at_s + later_s)
    assert on <= raised <= moved(on, way.most) + ROUNDING


@given(ways, thresholds, counts, st.floats(0, 1e5), st.floats(0, 1e5))
def test_it_falls_back_with_time(way: Habituation, on: float, told: Told, first_s: float, then_s: float) -> None:
    earlier = way.raised(on, told, told.at_s + first_s)
    assert way.raised(on, told, told.at_s + first_s + then_s) <= earlier + ROUNDING
    assert way.raised(on, told, told.at_s + 50 * way.fades_s) == pytest.approx(on)


@given(ways, thresholds, counts)
def test_each_alarm_raises_it_or_leaves_it(way: Habituation, on: float, told: Told) -> None:
    assert way.raised(on, way.after(told, told.at_s), told.at_s) >= way.raised(on, told, told.at_s) - ROUNDING


@given(counts, st.floats(0, 1e6))
def test_a_clock_that_was_set_back_forgets_nothing_and_adds_nothing(told: Told, back_s: float) -> None:
    assert WEARY.recent(told, told.at_s - back_s) == told.alarms


def test_after_its_time_constant_a_third_of_the_count_is_left() -> None:
    assert WEARY.recent(Told(3.0, 0.0), WEARY.fades_s) == pytest.approx(3.0 / math.e)


def test_a_threshold_of_one_stays() -> None:
    assert WEARY.raised(1.0, Told(9.0, 0.0), 0.0) == 1.0


def test_three_alarms_are_told_as_ever_and_the_fourth_must_score_higher() -> None:
    story = heard([0.6] * 6)
    assert starts(story) == pytest.approx([0.0, *(1.5 + EVERY_S * place for place in (1, 2))])
    assert [one for one in story.reasons if one in ("alert", "habituated")] == ["alert"] * 3 + ["habituated"] * 3


def test_a_stronger_one_is_told_and_raises_it_further() -> None:
    story = heard([0.6, 0.6, 0.6, 0.8, 0.8, 0.9])
    assert [one.score for one in story.told if one.phase == "start"] == pytest.approx([0.6, 0.6, 0.6, 0.8, 0.9])


def test_a_verdict_says_how_many_there_were_and_what_is_needed() -> None:
    verdict = next(one for one in heard([0.6] * 4).verdicts if one.reason == "habituated")
    assert verdict.found == pytest.approx(3.0, abs=0.1)
    assert verdict.needed == pytest.approx(moved(ON, verdict.found - WEARY.free))


def test_after_some_hours_it_is_told_again() -> None:
    policy = Policy([rule(habituation=WEARY)])
    state = heard([0.6] * 6).state
    later = look(policy, 0.6, 6 * EVERY_S + WEARY.fades_s)
    assert tell(policy, [later], state).reasons == ["alert"]


def test_an_event_that_goes_on_is_not_a_new_alarm() -> None:
    policy = Policy([rule(habituation=Habituation(free=0.0), escalation=0.1)])
    rows = [0.6, *[0.4] * 50, 0.75, 0.9]
    story = tell(policy, [look(policy, row, 2.0 + 0.5 * place) for place, row in enumerate(rows)])
    assert story.phases == ["start", "update", "update"]
    assert story.state.of("fire").told.alarms == 1.0


def test_a_silent_event_that_grows_is_told_from_the_score_on_that_it_needs() -> None:
    policy = Policy([rule(habituation=WEARY)])
    begun_s = 6 * EVERY_S
    rows = [look(policy, row, begun_s + 0.5 * place) for place, row in enumerate([0.6, 0.65, 0.9])]
    story = tell(policy, rows, heard([0.6] * 3).state)
    assert story.reasons == ["habituated", "habituated", "alert"]
    assert story.told[0].onset_s == pytest.approx(begun_s - 0.5), "as when it began"


def test_a_silent_event_is_not_told_because_time_passes() -> None:
    policy = Policy([rule(habituation=Habituation(free=0.0, fades_s=5.0), max_s=1e6)])
    first = sounds(policy, [0.6])
    on_and_on = [look(policy, row, 4.0 + 0.5 * place) for place, row in enumerate([0.6, *[0.4] * 200])]
    assert tell(policy, first + on_and_on).phases == ["start", "end"]


def test_a_parent_stays_silent_while_its_child_is_open_though_nobody_is_told() -> None:
    policy = Policy([rule("gunshot", (5,), habituation=Habituation(free=0.0)), rule(children=("gunshot",))])
    windows = [
        look(policy, {5: score, 3: score}, at_s)
        for at_s, score in ((2.0, 0.6), (2.5, 0.0), (3.0, 0.0), (60.0, 0.6), (60.5, 0.6))
    ]
    story = tell(policy, windows)
    assert [(one.rule.name, one.phase) for one in story.told] == [("gunshot", "start"), ("gunshot", "end")]
    assert story.reasons[-2:] == ["habituated", "rolled_up"]


scored = st.lists(st.sampled_from([0.0, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95]), min_size=1, max_size=12)


@some
@given(scored, ways, st.data())
def test_cut_anywhere_and_stored_there_it_is_the_same(
    scores: list[float], way: Habituation, data: st.DataObject
) -> None:
    policy = Policy([rule(habituation=way)])
    windows = sounds(policy, scores)
    whole = tell(policy, windows)
    at = data.draw(st.integers(0, len(windows)))
    before = tell(policy, windows[:at])
    after = tell(policy, windows[at:], again(before.state))
    assert before.told + after.told == whole.told
    assert before.verdicts + after.verdicts == whole.verdicts
    assert tell(policy, windows, stored=True).told == whole.told


@some
@given(scored, ways)
def test_a_class_that_wears_off_tells_nothing_that_it_would_not_tell_otherwise(
    scores: list[float], way: Habituation
) -> None:
    assert set(starts(heard(scores, way))) <= set(starts(heard(scores, NONE)))


@some
@given(scored, ways)
def test_a_far_stronger_sound_is_always_told(scores: list[float], way: Habituation) -> None:
    far = moved(ON, way.most) + 1e-3
    story = heard([*scores, far], way)
    assert story.told[-2].phase == "start"
    assert story.told[-2].score == pytest.approx(far)


@some
@given(scored, st.floats(0, 10), st.floats(1, 1e5))
def test_without_a_step_nothing_changes(scores: list[float], free: float, fades_s: float) -> None:
    off = heard(scores, Habituation(free, 0.0, 3.0, fades_s), cool_down_s=150.0)
    plain = heard(scores, NONE, cool_down_s=150.0)
    assert (off.reasons, starts(off)) == (plain.reasons, starts(plain))


def test_what_may_kill_never_wears_off_nor_that_for_which_somebody_has_to_go() -> None:
    always = {alert.name for alert in ALERT_CLASSES if alert.habituation == NONE}
    assert always == {"fire", "smoke_alarm", "baby_cry", "doorbell", "knock"}


def test_a_dog_that_barks_every_minute_of_a_day_is_told_once_or_twice_an_hour() -> None:
    alert = next(one for one in ALERT_CLASSES if one.name == "dog_bark")
    one: Rule = alert.rule(index_of, 0.5)
    policy = Policy([one])
    barks = [look(policy, {one.members[0]: 0.9}, 2.0 + 70.0 * place) for place in range(24 * 3600 // 70)]
    hours = [int(each.onset_s // 3600) for each in tell(policy, barks).told if each.phase == "start"]
    assert hours.count(0) <= 6
    assert all(1 <= hours.count(hour) <= 2 for hour in range(1, 24))


def test_a_smoke_alarm_that_goes_on_all_day_is_told_all_day() -> None:
    alert = next(one for one in ALERT_CLASSES if one.name == "smoke_alarm")
    one: Rule = alert.rule(index_of, 0.5)
    policy = Policy([one])
    windows = [look(policy, {one.members[0]: 0.6}, 2.0 + 0.5 * place) for place in range(2 * 4 * 3600)]
    told = [each.onset_s for each in tell(policy, windows).told if each.phase == "start"]
    assert len(told) > 20
    assert max(later - earlier for earlier, later in pairwise(told)) < 700.0
