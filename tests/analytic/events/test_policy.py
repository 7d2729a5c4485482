# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The alert policy, fact by fact. Window k lies at 0.5 k .. 0.5 k + 2 s; what holds of all windows is in
test_policy_properties.py."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from analytic.events.classes import ALERT_CLASSES, AlertClass
from analytic.events.judging import Look
from analytic.events.odds import moved
from analytic.events.policy import TRACE, Policy
from analytic.events.rules import Guard
from analytic.events.state import State
from analytic.events.timeline import EARLIEST_S
from model.labels import index_of
from tests.analytic.events.looking import UNIX_S, again, float32, just_below, look, looks, rule, tell, told

END = [0.0, 0.0]  # two windows below `off`: the event is over


class TestThresholds:
    @pytest.mark.parametrize("on", [0.1, 0.3, 0.5, 0.7, 0.9, 0.0015, 1.0])
    def test_a_score_at_the_threshold_counts_in_float32(self, on: float) -> None:
        one = rule(on=on, off=on / 2)
        assert told([on], one).phases == ["start"]
        assert told([just_below(on)], one).phases == []

    @pytest.mark.parametrize("off", [0.1, 0.3, 0.4, 0.0015])
    def test_a_score_at_off_keeps_an_open_event_open_in_float32(self, off: float) -> None:
        one = rule(off=off, release_s=0.5)
        assert told([0.6, off], one).reasons[-1] == "continuing"
        assert told([0.6, just_below(off)], one).phases == ["start", "end"]

    @pytest.mark.parametrize("alert", ALERT_CLASSES, ids=lambda alert: alert.name)
    def test_every_threshold_of_the_table_is_reached_by_itself(self, alert: AlertClass) -> None:
        policy = Policy([alert.rule(index_of)]).for_windows({2.0: 1})
        member = index_of(alert.mids[0])
        assert tell(policy, [look(policy, {member: alert.threshold})]).phases == ["start"]
        assert tell(policy, [look(policy, {member: just_below(alert.threshold)})]).phases == []

    def test_a_score_between_the_thresholds_opens_nothing_and_ends_nothing(self) -> None:
        assert told([0.4] * 10).phases == []
        assert told([0.6, *[0.4] * 10]).phases == ["start"]

    def test_the_score_of_a_class_that_is_no_member_is_nothing_to_it(self) -> None:
        assert told([{4: 1.0, 2: 1.0}]).phases == []

    def test_silence_and_no_windows_at_all_are_no_alarm(self) -> None:
        assert told([0.0, 0.0], ends=True).told == []
        assert Policy([rule()]).run([], 0.0) == (State(), [], [])

    def test_a_policy_without_classes_judges_nothing(self) -> None:
        policy = Policy([])
        assert policy.class_scores(np.zeros((3, 527), np.float32)).shape == (3, 0)
        assert tell(policy, looks(policy, [0.9])).verdicts == []


class TestClassScores:
    LABELS = np.zeros((2, 527), np.float32)
    LABELS[0, [3, 7]] = 0.4, 0.6
    LABELS[1, 5] = 0.9

    def test_a_class_scores_as_its_highest_member(self) -> None:
        scores = Policy([rule(members=(3, 7)), rule("scream", (5,))]).class_scores(self.LABELS)
        assert scores.dtype == np.float32
        assert scores.tolist() == [[float32(0.6), 0.0], [0.0, float32(0.9)]]

    def test_a_weight_lowers_what_a_member_adds(self) -> None:
        (score, _) = Policy([rule(members=(3, 7), weights=(1.0, 0.5))]).class_scores(self.LABELS)[:, 0].tolist()
        assert score == float32(0.4)

    def test_a_head_speaks_for_its_class_alone(self) -> None:
        policy = Policy([rule(members=(3, 7)), rule("scream", (5,))])
        scores = policy.class_scores(self.LABELS, {"fire": np.array([0.1, 0.2], np.float32)})
        assert scores.tolist() == [[float32(0.1), 0.0], [float32(0.2), float32(0.9)]]

    def test_the_best_member_gives_the_label_whichever_window_it_is_in(self) -> None:
        (start, end) = told([{3: 0.5, 7: 0.2}, {3: 0.4, 7: 0.7}, {3: 0.6}, {}, {}], rule(members=(3, 7))).told
        assert (start.label_index, end.label_index) == (3, 7)
        assert (start.score, end.score) == (0.5, float32(0.7))

    def test_of_equal_members_the_first_of_the_rule_gives_the_label(self) -> None:
        assert told([{3: 0.5, 7: 0.5}], rule(members=(7, 3))).told[0].label_index == 7


class TestConfirmation:
    @pytest.mark.parametrize(
        ("rows", "starts"),
        [
            ("x", 0),
            ("xx", 1),
            ("x.x", 1),
            ("x..x", 0),
            ("x..xx", 1),
            (".x.x.", 1),
            ("x..x..x", 0),
        ],
    )
    def test_2_of_3_windows_must_count(self, rows: str, starts: int) -> None:
        story = told([0.6 if one == "x" else 0.0 for one in rows], rule(confirm=2, among=3))
        assert story.phases.count("start") == starts

    def test_the_alarm_comes_with_the_window_that_confirms_and_takes_the_first_ones_onset(self) -> None:
        story = told([0.0, 0.9, 0.0, 0.6], rule(confirm=2, among=3))
        assert story.reasons == ["quiet", "confirming", "quiet", "alert"]
        (start,) = story.told
        assert start.onset_s == 2.0, "half a second before the first one's end"
        assert start.score == float32(0.9), "the highest that counted"

    def test_it_is_not_an_alarm_before_a_window_counts_again(self) -> None:
        story = told([0.6, 0.4, 0.4, 0.4], rule(confirm=2, among=3))
        assert story.reasons == ["confirming", "below_on", "below_on", "below_on"]

    def test_windows_before_a_gap_confirm_nothing(self) -> None:
        policy = Policy([rule(confirm=2, among=3)])
        assert tell(policy, [look(policy, 0.6, 2.0), look(policy, 0.6, 3.0)]).phases == ["start"]
        assert tell(policy, [look(policy, 0.6, 2.0), look(policy, 0.6, 3.5)]).phases == []

    def test_windows_that_count_before_an_event_do_not_confirm_the_next(self) -> None:
        story = told([0.6, 0.6, *END, 0.6, 0.6], rule(confirm=2, among=6))
        assert story.reasons[-2:] == ["confirming", "alert"]

    def test_one_window_that_is_sure_enough_needs_no_other(self) -> None:
        surely = rule(confirm=3, among=4, sure=0.8)
        assert told([just_below(0.8)] * 2, surely).phases == []
        assert told([0.8], surely).phases == ["start"]

    def test_a_sure_window_takes_the_first_ones_onset(self) -> None:
        (start,) = told([0.0, 0.6, 0.9], rule(confirm=3, among=4, sure=0.8)).told
        assert (start.onset_s, start.score) == (2.0, float32(0.9))

    def test_a_window_may_be_as_sure_as_can_be_it_is_not_long(self) -> None:
        assert told([1.0] * 3, rule(confirm=3, among=4, sure=0.8, min_s=1.5)).reasons == ["too_short"] * 3


class TestMinimumDuration:
    @pytest.mark.parametrize("among", [1, 2, 3])
    def test_windows_must_count_over_at_least_so_long(self, among: int) -> None:
        story = told([0.6] * 5, rule(min_s=1.5, among=among))
        assert story.reasons == ["too_short", "too_short", "too_short", "alert", "continuing"]

    def test_without_spares_a_window_that_does_not_count_begins_it_anew(self) -> None:
        assert told([0.6, 0.6, 0.4, 0.6, 0.6], rule(min_s=1.0)).phases == []
        assert told([0.6, 0.6, 0.4, 0.6, 0.6], rule(min_s=1.0, among=2)).phases == []

    def test_with_spares_it_does_not(self) -> None:
        assert told([0.6, 0.4, 0.6], rule(min_s=1.0, among=3)).phases == ["start"]

    def test_the_event_began_where_the_windows_that_counted_began(self) -> None:
        (start,) = told([0.0, 0.6, 0.9, 0.6, 0.6, 0.6], rule(min_s=2.0)).told
        assert start.onset_s == 2.0
        assert start.score == float32(0.9), "the highest of all that counted"

    def test_what_counted_before_a_gap_does_not_last_across_it(self) -> None:
        policy = Policy([rule(min_s=1.0)])
        assert tell(policy, [look(policy, 0.6, 2.0), look(policy, 0.6, 9.0)]).reasons == ["too_short", "too_short"]


class TestOnsets:
    def test_an_onset_is_dated_back_by_the_lag(self) -> None:
        assert told([0.0, 0.0, 0.6], rule(lag_s=0.7)).told[0].onset_s == pytest.approx(3.0 - 0.7)

    def test_it_is_never_before_the_window(self) -> None:
        assert told([0.0, 0.6], rule(lag_s=9.0)).told[0].onset_s == 0.5

    def test_in_the_first_window_of_the_sound_it_is_the_windows_start(self) -> None:
        assert told([0.6]).told[0].onset_s == 0.0

    def test_it_is_never_before_the_end_of_the_event_before(self) -> None:
        one = rule(lag_s=2.0, max_s=0.5)
        first, second = (one for one in told([0.6] * 4, one).told if one.phase == "end")
        assert (first.onset_s, first.offset_s) == (0.0, 2.5)
        assert (second.onset_s, second.offset_s) == (2.5, 3.5)

    def test_an_offset_is_dated_forward_from_the_start_of_the_last_window_that_held_the_sound(self) -> None:
        (_, end) = told([0.6] * 5 + END).told
        assert end.offset_s == pytest.approx(2.0 + 0.5), "the last one starts at 2 s"

    @pytest.mark.parametrize("lag_s", [2.0, 3.0])
    def test_it_is_never_after_the_last_window_that_held_the_sound(self, lag_s: float) -> None:
        assert told([0.0, 0.6, 0.6, *END], rule(lag_s=lag_s)).told[-1].offset_s == 3.0

    def test_an_offset_follows_its_onset_also_for_a_sound_shorter_than_a_window(self) -> None:
        (start, end) = told([0.0] * 4 + [0.6] + END).told
        assert start.onset_s == end.onset_s == 3.5
        assert end.offset_s == 4.0


class TestSoftBegin:
    TRACE = float32(moved(0.5, -TRACE))

    def test_a_sound_began_with_its_first_trace(self) -> None:
        story = told([0.0, 0.0, self.TRACE, 0.1, 0.3, 0.6])
        assert story.reasons[-1] == "alert"
        assert story.told[0].onset_s == 2.5, "half a second before the end of the first window with a trace"

    def test_less_than_a_trace_is_none_and_so_is_one_before_a_pause(self) -> None:
        assert told([0.0, 0.0, just_below(self.TRACE), 0.6]).told[0].onset_s == 3.0
        assert told([0.0, 0.4, 0.0, 0.4, 0.6]).told[0].onset_s == 3.0

    def test_a_trace_that_was_always_there_says_nothing_beyond_ten_seconds(self) -> None:
        assert told([0.0, *[0.1] * 100, 0.6]).told[0].onset_s == 52.0 - EARLIEST_S

    def test_windows_that_are_missing_end_the_row(self) -> None:
        policy = Policy([rule()])
        windows = looks(policy, [0.0, 0.1, 0.1, 0.1, 0.1, 0.6])
        assert tell(policy, windows).told[0].onset_s == 2.0
        assert tell(policy, windows[:2] + windows[4:]).told[0].onset_s == 3.5

    def test_after_an_event_the_next_begins_where_its_trace_was_lowest(self) -> None:
        story = told([0.6, 0.2, 0.2, 0.15, 0.1, 0.1, 0.2, 0.6])
        assert story.phases == ["start", "end", "start"]
        assert story.told[2].onset_s == 4.0

    def test_what_is_vetoed_is_a_trace_all_the_same(self) -> None:
        one = rule(guards=(Guard("talk", (5,), 1.0),))
        story = told([{}, {3: 0.6, 5: 0.9}, {3: 0.6, 5: 0.9}, {3: 0.6}], one)
        assert story.reasons == ["quiet", "guarded", "guarded", "alert"]
        assert story.told[0].onset_s == 2.0

    def test_a_state_that_was_stored_without_traces_is_read(self) -> None:
        stored = told([0.0, 0.1]).state.to_json()
        del stored["fire"]["rise"]
        assert State.from_json(stored).of("fire").rise is None

    def test_a_window_without_a_trace_changes_nothing(self) -> None:
        policy = Policy([rule()])
        windows = looks(policy, [0.0, 0.0, 0.1, 0.6, *[0.0] * 6, 0.1, 0.6])
        heard = [one for one in windows if one.scores[0] >= policy.traces[0]]
        assert len(heard) == 4
        assert tell(policy, heard).told == tell(policy, windows).told


class TestRelease:
    def test_an_event_outlives_windows_below_off_shorter_than_the_release(self) -> None:
        assert told([0.6, 0.0, 0.6, 0.0, 0.3, 0.0]).phases == ["start"]

    def test_it_ends_once_when_they_last_so_long(self) -> None:
        story = told([0.6, 0.0, 0.0, 0.0, 0.0])
        assert story.phases == ["start", "end"]
        assert story.reasons == ["alert", "fading", "ended", "quiet", "quiet"]

    @pytest.mark.parametrize("release_s", [0.0, 0.2, 0.5])
    def test_without_patience_the_first_window_below_off_ends_it_and_none_above(self, release_s: float) -> None:
        story = told([0.6, 0.6, 0.4, 0.3, 0.0], rule(release_s=release_s))
        assert story.reasons == ["alert", "continuing", "continuing", "continuing", "ended"]


class TestGaps:
    def test_a_gap_closes_an_open_event_before_the_gap(self) -> None:
        policy = Policy([rule()])
        story = tell(policy, [*looks(policy, [0.6, 0.6]), look(policy, 0.6, 60.0, first=True)])
        assert story.phases == ["start", "end", "start"]
        assert (story.told[1].offset_s, story.told[2].onset_s) == (1.0, 58.0)
        assert [one.number for one in story.told] == [1, 1, 2]

    def test_a_gap_shorter_than_the_release_does_not(self) -> None:
        policy = Policy([rule(release_s=3.0)])
        assert tell(policy, [look(policy, 0.6, 2.0), look(policy, 0.6, 5.0)]).phases == ["start"]
        assert tell(policy, [look(policy, 0.6, 2.0), look(policy, 0.6, 5.5)]).phases == ["start", "end", "start"]

    def test_a_gap_also_closes_where_nothing_is_heard_after_it(self) -> None:
        policy = Policy([rule()])
        assert tell(policy, [look(policy, 0.6, 2.0), look(policy, 0.0, 60.0)]).phases == ["start", "end"]

    def test_a_gap_closes_a_silent_event_in_silence(self) -> None:
        policy = Policy([rule(cool_down_s=600.0)])
        story = tell(policy, [*looks(policy, [0.6, 0.0, 0.0, 0.6]), look(policy, 0.0, 60.0)])
        assert story.phases == ["start", "end"]
        assert story.state.of("fire").open is None


class TestMaximumDuration:
    ONE = rule(max_s=2.0, cool_down_s=3.0)

    def test_an_event_is_closed_when_it_has_lasted_so_long(self) -> None:
        story = told([0.6] * 5, self.ONE)
        assert story.reasons == ["alert", "continuing", "continuing", "continuing", "max_duration"]
        assert story.told[-1].offset_s == 4.0, "it has not ended, so up to here"

    def test_it_is_told_again_only_after_the_cool_down(self) -> None:
        story = told([0.6] * 12, self.ONE)
        assert story.reasons[5:10] == ["cooling_down"] * 4 + ["max_duration"], "a silent one ends as well, in silence"
        story = told([0.6] * 12, rule(max_s=2.0, cool_down_s=2.0))
        assert story.reasons[5:9] == ["cooling_down"] * 3 + ["alert"]
        assert story.told[2].onset_s == 4.0, "where the first one ended"


class TestCoolDown:
    ONE = rule(cool_down_s=10.0, release_s=0.5)

    def test_an_event_in_the_cool_down_is_silent_and_ends_in_silence(self) -> None:
        story = told([0.6, 0.0, 0.6, 0.6, 0.0], self.ONE, ends=True)
        assert story.phases == ["start", "end"]
        assert story.reasons == ["alert", "ended", "cooling_down", "cooling_down", "ended"]

    def test_a_silent_event_does_not_make_the_cool_down_longer(self) -> None:
        rows = [0.6, *[0.0, 0.6] * 9, 0.0, 0.6]
        story = told(rows, self.ONE)
        assert story.reasons[-3:] == ["cooling_down", "ended", "alert"]
        assert story.verdicts[-1].stop_s == 2.0 + 10.0, "from the last window that held the announced one"

    def test_an_event_that_goes_on_when_the_cool_down_ends_is_announced_then(self) -> None:
        story = told([0.6, 0.0, *[0.6] * 18, 0.4], self.ONE)
        assert story.reasons[-3:] == ["cooling_down", "cooling_down", "alert"]
        assert story.verdicts[-1].stop_s == 12.0
        assert story.told[-1].onset_s == 2.5, "it began when it began"

    def test_a_much_higher_score_is_told_all_the_same(self) -> None:
        assert told([0.5, 0.0, 0.79], self.ONE).phases == ["start", "end"]
        story = told([0.5, 0.0, 0.6, 0.81], self.ONE)
        assert story.phases == ["start", "end", "start"]
        assert story.told[-1].onset_s == 2.5

    def test_the_bar_for_that_rises_to_the_highest_score_of_the_event_before(self) -> None:
        assert told([0.5, 0.65, 0.0, 0.9], self.ONE).phases == ["start", "end"]
        assert told([0.5, 0.65, 0.0, 0.96], self.ONE).phases == ["start", "end", "start"]

    def test_it_lasts_across_a_restart(self) -> None:
        policy = Policy([self.ONE])
        before = tell(policy, looks(policy, [0.6, 0.0], UNIX_S))
        assert before.phases == ["start", "end"]
        state = again(before.state)
        soon, later = (look(policy, 0.6, UNIX_S + after, first=True) for after in (11.9, 12.0))
        assert tell(policy, [soon], state).reasons == ["cooling_down"]
        assert tell(policy, [later], state).reasons == ["alert"]

    def test_classes_cool_down_on_their_own(self) -> None:
        story = told([{3: 0.6}, {}, {5: 0.6}], self.ONE, rule("scream", (5,), cool_down_s=10.0))
        assert [(one.rule.name, one.phase) for one in story.told] == [
            ("fire", "start"),
            ("fire", "end"),
            ("scream", "start"),
        ]


class TestEscalation:
    def test_a_score_much_higher_than_was_told_is_told_again_once(self) -> None:
        story = told([0.5, 0.7, 0.79, 0.81, 0.9, 0.7])
        assert story.phases == ["start", "update"]
        assert story.told[1].score == float32(0.81)
        assert story.told[1].number == story.told[0].number
        assert story.told[1].onset_s == story.told[0].onset_s

    def test_the_next_step_counts_from_what_was_told_last(self) -> None:
        assert told([0.5, 0.7, 0.85, 0.9], rule(escalation=0.15)).phases == ["start", "update", "update"]

    def test_with_no_step_at_all_only_a_higher_score_is_told_again(self) -> None:
        assert told([0.5, 0.5, 0.51, 0.51, 0.4], rule(escalation=0.0)).phases == ["start", "update"]
        cooling = rule(escalation=0.0, cool_down_s=60.0, release_s=0.5)
        assert told([0.5, 0.0, 0.5], cooling).phases == ["start", "end"]
        assert told([0.5, 0.0, 0.51], cooling).phases == ["start", "end", "start"]

    def test_the_end_has_the_highest_score_of_all(self) -> None:
        assert told([0.5, 0.7, 0.6, *END]).told[-1].score == float32(0.7)


class TestGuards:
    ONE = rule(guards=(Guard("a drill", (9, 10), 1.5, floor=0.2),))

    @pytest.mark.parametrize("confuser", [9, 10])
    def test_a_confuser_so_many_times_as_high_vetoes_an_opening(self, confuser: int) -> None:
        assert told([{3: 0.5, confuser: 0.75}], self.ONE).reasons == ["guarded"]
        assert told([{3: 0.5, confuser: just_below(0.75)}], self.ONE).reasons == ["alert"]

    def test_it_takes_the_highest_member_even_if_a_head_speaks_for_the_class(self) -> None:
        policy = Policy([self.ONE])
        labels = np.zeros(527, np.float32)
        labels[9] = 0.2
        scores = np.array([0.9], np.float32)
        assert tell(policy, [Look(0, 2, 2, True, scores, labels)]).reasons == ["guarded"]
        labels[3] = 0.15
        assert tell(policy, [Look(0, 2, 2, True, scores, labels)]).reasons == ["alert"]

    def test_below_its_floor_it_vetoes_nothing(self) -> None:
        quiet = rule(on=0.01, off=0.005, guards=self.ONE.guards)
        assert told([{3: 0.02, 9: 0.19}], quiet).reasons == ["alert"]
        assert told([{3: 0.02, 9: 0.2}], quiet).reasons == ["guarded"]

    def test_an_open_event_is_not_ended_by_it(self) -> None:
        story = told([{3: 0.6}, {3: 0.4, 9: 1.0}, {3: 0.6, 9: 1.0}], self.ONE)
        assert story.reasons == ["alert", "continuing", "continuing"]

    def test_a_vetoed_window_confirms_nothing(self) -> None:
        one = rule(confirm=2, among=3, guards=self.ONE.guards)
        assert told([{3: 0.6, 9: 1.0}, {3: 0.6}], one).reasons == ["guarded", "confirming"]

    def test_when_the_confuser_is_gone_the_alarm_comes(self) -> None:
        assert told([{3: 0.6, 9: 1.0}, {3: 0.6}], self.ONE).reasons == ["guarded", "alert"]

    def test_a_score_below_the_threshold_is_no_question_for_a_guard(self) -> None:
        assert told([{3: 0.4, 9: 1.0}], self.ONE).reasons == ["below_on"]


class TestChildren:
    CHILD = rule("gunshot", (5,))
    PARENT = rule("explosion", (3,), children=("gunshot",))

    def test_a_parent_stays_silent_while_its_child_is_open(self) -> None:
        story = told([{5: 0.6, 3: 0.9}, {3: 0.9}, {3: 0.9}, {3: 0.9}], self.CHILD, self.PARENT)
        of_parent = [one.reason for one in story.verdicts if one.event_class == "explosion"]
        assert of_parent == ["rolled_up", "rolled_up", "alert", "continuing"], "the child ends in the third window"

    def test_also_where_the_child_is_silent_itself(self) -> None:
        child = rule("gunshot", (5,), cool_down_s=60.0, release_s=0.5)
        story = told([{5: 0.6}, {}, {5: 0.6, 3: 0.6}], child, self.PARENT)
        assert [one.reason for one in story.verdicts[-2:]] == ["cooling_down", "rolled_up"]

    def test_a_parent_that_is_open_already_goes_on_and_ends_but_tells_no_more_meanwhile(self) -> None:
        rows = [{3: 0.5}, {3: 0.9, 5: 0.6}, {5: 0.6}, {5: 0.6}]
        story = told(rows, self.CHILD, self.PARENT)
        assert [(one.rule.name, one.phase) for one in story.told] == [
            ("explosion", "start"),
            ("gunshot", "start"),
            ("explosion", "end"),
        ]

    def test_what_it_had_to_tell_it_tells_when_the_child_is_over(self) -> None:
        rows = [{3: 0.5}, {3: 0.9, 5: 0.6}, *[{3: 0.6}] * 5]
        (late,) = (one for one in told(rows, self.CHILD, self.PARENT).told if one.phase == "update")
        assert late.score == float32(0.9)

    def test_a_silent_parent_is_not_announced_at_the_end_of_its_cool_down_while_the_child_is_open(self) -> None:
        parent = rule("explosion", (3,), children=("gunshot",), cool_down_s=3.0, release_s=0.5)
        rows = [{3: 0.6}, {}, {3: 0.6}, *[{3: 0.6, 5: 0.6}] * 6]
        story = told(rows, self.CHILD, parent)
        assert [one.phase for one in story.told if one.rule.name == "explosion"] == ["start", "end"]
        assert story.reasons[-1] == "rolled_up"

    def test_a_child_that_is_off_now_silences_nobody_whatever_is_stored_of_it(self) -> None:
        both, one = Policy([self.CHILD, self.PARENT]), Policy([self.PARENT])
        before = tell(both, looks(both, [{5: 0.9}]))
        assert before.state.of("gunshot").open is not None
        assert tell(one, [look(one, 0.6, 2.5)], again(before.state)).reasons == ["alert"]

    def test_a_child_must_stand_before_its_parent(self) -> None:
        with pytest.raises(ValueError, match="explosion: each class once, and its children before it"):
            Policy([self.PARENT, self.CHILD])

    def test_no_class_stands_twice(self) -> None:
        with pytest.raises(ValueError, match="gunshot: each class once"):
            Policy([self.CHILD, self.CHILD])


class TestWindowsOfAnotherLength:
    def test_only_classes_that_look_at_windows_of_this_length_are_judged(self) -> None:
        policy = Policy([rule(), rule("unusual", (5,), window_s=10.0, hop_s=2.5)])
        short, long = look(policy, 0.6), look(policy, {5: 0.6}, 10.0, window_s=10.0)
        assert [one.event_class for one in tell(policy, [short]).verdicts] == ["fire"]
        assert [one.event_class for one in tell(policy, [long]).verdicts] == ["unusual"]

    def test_a_window_cut_short_by_a_short_sound_counts_by_the_length_of_its_stride(self) -> None:
        policy = Policy([rule()])
        step = policy.run([look(policy, 0.6, 0.3, start_s=0.0, first=True)], 0.3)
        assert [(one.onset_s, one.offset_s) for one in step.transitions] == [(0.0, None), (0.0, 0.3)]

    def test_a_last_window_less_than_a_hop_later_is_no_gap_and_confirms(self) -> None:
        policy = Policy([rule(confirm=2, among=2)])
        windows = [*looks(policy, [0.0, 0.6]), look(policy, 0.6, 2.62)]
        assert tell(policy, windows).phases == ["start"]


class TestFinish:
    TWO = (rule(), rule("scream", (5,)))

    def test_it_ends_everything_that_is_open(self) -> None:
        story = told([{3: 0.6, 5: 0.7}], *self.TWO, ends=True)
        assert [(one.rule.name, one.phase) for one in story.told[2:]] == [("fire", "end"), ("scream", "end")]
        assert all(story.state.of(name).open is None for name in ("fire", "scream"))

    def test_but_the_classes_to_keep(self) -> None:
        policy = Policy(self.TWO)
        before = tell(policy, looks(policy, [{3: 0.6, 5: 0.7}])).state
        step = policy.finish(before, keep={"scream"})
        assert [one.rule.name for one in step.transitions] == ["fire"]
        assert step.state.of("scream") == before.of("scream")

    def test_what_is_heard_up_to_the_end_lasts_to_the_end(self) -> None:
        policy = Policy([rule()])
        assert policy.run(looks(policy, [0.6] * 3), 3.0).transitions[-1].offset_s == 3.0

    def test_what_was_fading_ended_before(self) -> None:
        policy = Policy([rule()])
        assert policy.run(looks(policy, [0.6, 0.6, 0.6, 0.1]), 3.5).transitions[-1].offset_s == 1.5

    def test_where_the_end_is_not_known_it_is_estimated(self) -> None:
        policy = Policy([rule()])
        assert policy.run(looks(policy, [0.6] * 3)).transitions[-1].offset_s == 1.5

    def test_a_silent_event_ends_in_silence(self) -> None:
        one = rule(cool_down_s=60.0, release_s=0.5)
        assert told([0.6, 0.0, 0.6], one, ends=True).phases == ["start", "end"]

    def test_what_counted_before_confirms_nothing_after(self) -> None:
        policy = Policy([rule(confirm=2, among=3)])
        before = policy.finish(tell(policy, looks(policy, [0.6])).state).state
        assert tell(policy, [look(policy, 0.6, 2.5)], before).reasons == ["confirming"]

    def test_the_cool_down_goes_on_after_it(self) -> None:
        policy = Policy([rule(cool_down_s=60.0)])
        before = policy.run(looks(policy, [0.6])).state
        assert policy.run([look(policy, 0.6, 30.0)], state=before).transitions == []


class TestForWindows:
    def test_a_short_clip_is_confirmed_by_what_it_has(self) -> None:
        policy = Policy([rule(confirm=3, among=5, min_s=1.0)])
        assert policy.run(looks(policy, [0.6, 0.6])).transitions == []
        for count in (1, 2):
            shorter = policy.for_windows({2.0: count})
            assert [one.phase for one in shorter.run(looks(shorter, [0.6] * count)).transitions] == ["start", "end"]

    def test_it_still_needs_all_that_it_has(self) -> None:
        shorter = Policy([rule(confirm=3, among=5)]).for_windows({2.0: 2})
        assert shorter.run(looks(shorter, [0.6, 0.4])).transitions == []

    def test_a_clip_that_is_long_enough_is_judged_as_ever(self) -> None:
        policy = Policy([rule(confirm=3, among=5, min_s=1.0)])
        assert policy.for_windows({2.0: 5}).rules == policy.rules

    def test_each_class_by_the_windows_of_its_own_length(self) -> None:
        policy = Policy([rule(confirm=2, among=2), rule("unusual", (5,), window_s=10.0, confirm=2, among=2)])
        assert [one.confirm for one in policy.for_windows({2.0: 9, 10.0: 1}).rules] == [2, 1]
        assert [one.confirm for one in policy.for_windows({2.0: 9}).rules] == [2, 1], "one, if none was counted"


def test_a_step_changes_neither_the_state_that_it_takes_nor_the_scores() -> None:
    policy = Policy([rule()])
    window = look(policy, 0.6)
    state = State()
    scores, labels = copy.deepcopy(window.scores), copy.deepcopy(window.labels)
    assert policy.step(state, window) == policy.step(state, window)
    assert state == State()
    np.testing.assert_array_equal(window.scores, scores)
    np.testing.assert_array_equal(window.labels, labels)


def test_run_is_a_step_for_each_window_and_a_finish() -> None:
    policy = Policy([rule()])
    windows = looks(policy, [0.6, 0.9, 0.0, 0.0, 0.7])
    story = tell(policy, windows)
    last = policy.finish(story.state, 4.0)
    assert policy.run(windows, 4.0) == (last.state, story.told + last.transitions, story.verdicts)


def test_events_of_one_class_are_numbered() -> None:
    story = told([0.6, *END, 0.6, *END], ends=True)
    assert [(one.number, one.phase) for one in story.told] == [(1, "start"), (1, "end"), (2, "start"), (2, "end")]
