# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Each reason is reached through the policy, and its sentence is written out: the score, the threshold, the rule."""

from __future__ import annotations

from typing import get_args

import pytest

from analytic.events.habituation import Habituation
from analytic.events.policy import Policy
from analytic.events.rules import Guard
from analytic.events.verdict import Reason, Verdict
from tests.analytic.events.looking import Story, float32, look, rule, tell, told

CONFIRMED = rule(confirm=2, among=3)
WEARY = rule(release_s=0.5, habituation=Habituation(free=0.0))
COOLING = rule(cool_down_s=20.0, release_s=0.5)
FAMILY = (rule("gunshot", (5,)), rule(children=("gunshot",)))


def gone_on() -> Story:
    """An event that is silent in the cool-down and told after it, by a window between the thresholds."""
    return told([0.6, 0.1, 0.7, *[0.4] * 38], COOLING)


STORIES: dict[str, tuple[Story, str]] = {
    "quiet": (told([0.2]), "fire: no alert: score 0.2 is below 0.3"),
    "below_on": (told([0.4]), "fire: no alert: score 0.4 is below the threshold 0.5"),
    "guarded": (
        told([{3: 0.6, 9: 0.9}], rule(guards=(Guard("a drill", (9,), 1.25),))),
        "fire: no alert: score 0.6 reaches 0.5, but it is more likely a drill (0.9, at least 0.75 is needed for that)",
    ),
    "rolled_up": (
        told([{5: 0.8, 3: 0.6}], *FAMILY),
        "fire: no alert of its own: score 0.6 reaches 0.5, but it is told as gunshot",
    ),
    "confirming": (told([0.6], CONFIRMED), "fire: not yet: score 0.6 reaches 0.5, in 1 of the 2 windows needed"),
    "too_short": (
        told([0.6, 0.6], rule(min_s=2.0)),
        "fire: not yet: score 0.6 reaches 0.5, for 0.5 s of the 2.0 s needed",
    ),
    "cooling_down": (
        told([0.6, 0.1, 0.7], COOLING),
        (
            "fire: silent for another 19 s after the last alert: score 0.7 is below the 0.9 "
            "that would be told all the same"
        ),
    ),
    "habituated": (
        told([0.6, 0.1, 0.6], WEARY),
        ("fire: no alert: score 0.6 reaches 0.5, but after 1.0 alerts of late (older ones count less) 0.731 is needed"),
    ),
    "alert": (told([0.6]), "fire: alert: score 0.6 reaches 0.5"),
    "alert, late": (gone_on(), "fire: alert: score 0.4 reaches 0.3, and the highest so far, 0.7, 0.5"),
    "escalated": (
        told([0.6, 0.95]),
        "fire: told again: with score 0.95 the highest so far is 0.95, and 0.9 was needed for that",
    ),
    "continuing": (told([0.6, 0.3]), "fire: goes on: score 0.3 reaches 0.3"),
    "fading": (told([0.6, 0.1]), "fire: still open: score 0.1 is below 0.3, but not for long enough"),
    "ended": (told([0.6, 0.1, 0.1]), "fire: over: score 0.1 has been below 0.3 for long enough"),
    "max_duration": (
        told([0.6, 0.4], rule(max_s=0.5)),
        "fire: over: score 0.4 reaches 0.3, but it has lasted as long as an event may",
    ),
}


@pytest.mark.parametrize("case", STORIES)
def test_a_reason_is_said_in_words(case: str) -> None:
    story, sentence = STORIES[case]
    verdict = story.verdicts[-1]
    assert verdict.reason == case.partition(",")[0]
    assert verdict.sentence() == sentence


def test_every_reason_has_its_story() -> None:
    assert {case.partition(",")[0] for case in STORIES} == set(get_args(Reason))


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_sentence_names_the_class_the_score_and_a_threshold(reason: Reason) -> None:
    verdict = Verdict("fire", 2.0, reason, 0.4321, 0.8765, 0.1234, 0.91, 0.92, "else", 9.0)
    assert verdict.sentence().startswith("fire: ")
    assert "score 0.4321" in verdict.sentence()
    assert any(threshold in verdict.sentence() for threshold in ("0.8765", "0.1234", "0.92"))


def test_a_low_threshold_and_a_score_right_below_it_are_told_apart() -> None:
    sentence = told([0.00149], rule(on=0.0015, off=0.0006)).verdicts[0].sentence()
    assert sentence == "fire: no alert: score 0.00149 is below the threshold 0.0015"


def test_a_verdict_says_when_and_with_which_thresholds() -> None:
    policy = Policy([rule()])
    (verdict,) = tell(policy, [look(policy, 0.4, 7.5)]).verdicts
    assert (verdict.event_class, verdict.stop_s, verdict.score) == ("fire", 7.5, float32(0.4))
    assert (verdict.on, verdict.off) == (policy.rules[0].on, policy.rules[0].off)


def test_a_guarded_verdict_names_the_confuser_and_what_it_needed() -> None:
    (verdict,) = told([{3: 0.6, 9: 0.95}], rule(guards=(Guard("a drill", (9,), 1.5),))).verdicts
    assert verdict.other == "a drill"
    assert (verdict.found, verdict.needed) == pytest.approx((0.95, 0.9))


def test_a_silent_verdict_says_until_when_and_what_would_be_told_all_the_same() -> None:
    verdict = STORIES["cooling_down"][0].verdicts[-1]
    assert (verdict.until_s, verdict.needed) == pytest.approx((22.0, 0.9))
