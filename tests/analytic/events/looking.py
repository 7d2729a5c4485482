# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Windows made by hand, and policies that look at them: windows of 2 s, one every 0.5 s, no sound and no clock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analytic.events.judging import Look, Transition
from analytic.events.policy import Policy, Step
from analytic.events.rules import Rule
from analytic.events.state import State
from analytic.events.verdict import Verdict

WINDOW_S, HOP_S = 2.0, 0.5
MEMBER = 3
UNIX_S = 1_800_000_000.0

Row = Mapping[int, float]


def rule(name: str = "fire", members: tuple[int, ...] = (MEMBER,), **changed: Any) -> Rule:
    """A rule that counts from 0.5, goes on from 0.3, and has no cool-down unless one is asked for."""
    return Rule(name, members, **{"cool_down_s": 0.0, **changed})


def float32(score: float) -> float:
    return float(np.float32(score))


def just_below(score: float) -> float:
    return float(np.nextafter(np.float32(score), np.float32(0)))


def look(
    policy: Policy,
    row: Row | float,
    stop_s: float = WINDOW_S,
    *,
    start_s: float | None = None,
    window_s: float = WINDOW_S,
    first: bool = False,
) -> Look:
    """One window, given as score index -> score, or as the score of `MEMBER`."""
    labels = np.zeros(527, np.float32)
    for index, score in row.items() if isinstance(row, Mapping) else [(MEMBER, row)]:
        labels[index] = score
    start_s = stop_s - window_s if start_s is None else start_s
    return Look(start_s, stop_s, window_s, first, policy.class_scores(labels[None])[0], labels)


def looks(policy: Policy, rows: Iterable[Row | float], start_s: float = 0.0) -> list[Look]:
    """Windows one after another, the first one at the beginning of the sound."""
    return [look(policy, row, start_s + WINDOW_S + HOP_S * place, first=place == 0) for place, row in enumerate(rows)]


@dataclass
class Story:
    """What a policy made of some windows: where it is now, all that was told, and a verdict a class and window."""

    state: State = field(default_factory=State)
    told: list[Transition] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @property
    def phases(self) -> list[str]:
        return [one.phase for one in self.told]

    @property
    def reasons(self) -> list[str]:
        return [one.reason for one in self.verdicts]


def tell(policy: Policy, windows: Iterable[Look], state: State | None = None, stored: bool = False) -> Story:
    """Step through windows; `stored` takes the state through JSON text after every one."""
    story = Story(state or State())
    for window in windows:
        step = policy.step(story.state, window)
        story.state = again(step.state) if stored else step.state
        story.told += step.transitions
        story.verdicts += step.verdicts
        story.steps.append(step)
    return story


def again(state: State) -> State:
    """The state after it was written and read."""
    return State.from_json(json.loads(json.dumps(state.to_json(), allow_nan=False)))


def told(rows: Sequence[Row | float], *rules: Rule, start_s: float = 0.0, ends: bool = False) -> Story:
    """What a policy of these rules makes of these windows, and of the end of the sound if it `ends`."""
    policy = Policy(rules or (rule(),))
    windows = looks(policy, rows, start_s)
    story = tell(policy, windows)
    if ends:
        last = policy.finish(story.state, windows[-1].stop_s)
        story.state = last.state
        story.told += last.transitions
    return story
