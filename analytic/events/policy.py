# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The alert policy: window after window, from class scores to events that begin, change and end.

Pure: a step takes a state and one window, and returns the next state, what happened, and why. Times are seconds on
whatever axis the caller chose: that of the clip for an upload, Unix time for a live source, so that a stored state is
still right after a restart.

A class counts a window whose score reaches `on`, unless a guard or a more precise class vetoes it. Enough windows that
count, or one that is `sure`, open an event; it stays open while the score reaches `off` (two thresholds, as a Schmitt
trigger has, so that it does not flap), and closes after `release_s` below. In the cool-down after an announced event
the next one is silent, unless it scores much higher; after many alarms too, until it scores higher than usual
(`analytic.events.habituation`).

Sounds begin more softly than what is needed to be sure of them. So an event's onset is that of the unbroken row of
windows before it that hold a trace of it, by a threshold far below `on`: a Schmitt trigger looked at backwards, as
double thresholds are in sound event detection (H. Dinkel, M. Wu, K. Yu, "Towards duration robust weakly supervised
sound event detection", IEEE/ACM TASLP 29, 2021). docs/decisions/0007 has what that was measured to gain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytic.events.judging import EPSILON_S, Look, Transition, close, judge
from analytic.events.odds import moved
from analytic.events.rules import Rule
from analytic.events.state import ClassState, State
from analytic.events.verdict import Verdict

TRACE = 4.0  # units of log odds


class Step(NamedTuple):
    """What one window changed."""

    state: State
    transitions: list[Transition]
    verdicts: list[Verdict]


class Policy:
    """Decides on the scores of all classes.

    Parameters
    ----------
    rules
        One for each alert class that is on. A class that another names as its child must stand before it.
    trace
        How far below `on`, in units of log odds, a score lies from which a window may hold an event's begin.

    Attributes
    ----------
    rules
        The same, with thresholds as float32 has them.
    traces
        That score of each class. A window in which no class reaches it changes nothing, and may be left out.

    Raises
    ------
    ValueError
        Two rules have one name, or a child stands after its parent.
    """

    def __init__(self, rules: Sequence[Rule], trace: float = TRACE) -> None:
        # Scores are float32: a threshold is reached by itself only if it is one too.
        self.rules = tuple(
            replace(
                rule,
                on=_float32(rule.on),
                off=_float32(rule.off),
                sure=None if rule.sure is None else _float32(rule.sure),
            )
            for rule in rules
        )
        self.traces = tuple(_float32(moved(rule.on, -trace)) for rule in self.rules)
        self._members = [np.array(rule.members, np.intp) for rule in self.rules]
        self._weights = [np.array(rule.weights or [1.0] * len(rule.members), np.float32) for rule in self.rules]
        seen: set[str] = set()
        names = {rule.name for rule in self.rules}
        # What a stored state says of a class that is off now silences nobody.
        self._children = {rule.name: [name for name in rule.children if name in names] for rule in self.rules}
        for rule in self.rules:
            if rule.name in seen or not seen.issuperset(self._children[rule.name]):
                raise ValueError(f"{rule.name}: each class once, and its children before it")
            seen.add(rule.name)

    def class_scores(
        self, labels: NDArray[np.float32], heads: Mapping[str, NDArray[np.float32]] | None = None
    ) -> NDArray[np.float32]:
        """Compute each class's score: its head's where there is one, else that of its highest weighted member.

        Parameters
        ----------
        labels
            float32, shape (w, 527).
        heads
            By class, float32, shape (w,).

        Returns
        -------
        numpy.ndarray
            float32, shape (w, classes), in the order of `rules`.
        """
        heads = heads or {}
        columns = [
            heads[rule.name] if rule.name in heads else (labels[:, members] * weights).max(axis=1)
            for rule, members, weights in zip(self.rules, self._members, self._weights, strict=True)
        ]
        return np.stack(columns, axis=1) if columns else np.empty((len(labels), 0), np.float32)

    def step(self, state: State, look: Look) -> Step:
        """Take one window; only classes that look at windows of its length are judged."""
        transitions: list[Transition] = []
        verdicts: list[Verdict] = []
        classes = dict(state.classes)
        for rule, trace, members, score in zip(
            self.rules, self.traces, self._members, look.scores.tolist(), strict=True
        ):
            if abs(rule.window_s - look.window_s) > EPSILON_S:
                continue
            label = int(members[look.labels[members].argmax()])
            child = next((name for name in self._children[rule.name] if _is_there(classes.get(name, _NEW), look)), "")
            classes[rule.name], verdict = judge(
                rule, trace, classes.get(rule.name, _NEW), look, score, label, child, transitions
            )
            verdicts.append(verdict)
        return Step(State(classes), transitions, verdicts)

    def finish(self, state: State, stop_s: float | None = None, keep: Collection[str] = ()) -> Step:
        """End every open event, but those of the classes to `keep`: the sound has ended, at `stop_s` if known."""
        transitions: list[Transition] = []
        classes = dict(state.classes)
        rules = {rule.name: rule for rule in self.rules}
        for name, before in state.classes.items():
            if name in keep:
                continue
            mine = replace(before, recent=(), rise=None, run=None)
            if mine.open is not None and name in rules:
                lasts = stop_s is not None and mine.open.last_stop_s >= stop_s - EPSILON_S
                mine = close(rules[name], mine, mine.open, transitions, stop_s if lasts else None)
            classes[name] = mine
        return Step(State(classes), transitions, [])

    def run(self, looks: Iterable[Look], stop_s: float | None = None, state: State | None = None) -> Step:
        """Take all windows of one sound, in order of their ends, from a new state or a given one; end what is open."""
        state, transitions, verdicts = state or State(), [], []
        for look in looks:
            step = self.step(state, look)
            state = step.state
            transitions += step.transitions
            verdicts += step.verdicts
        last = self.finish(state, stop_s)
        return Step(last.state, transitions + last.transitions, verdicts)

    def for_windows(self, counts: Mapping[float, int]) -> Policy:
        """Return the policy for a sound with so many windows of each length: confirmed by no more than there are."""
        return Policy([_shortened(rule, max(1, counts.get(rule.window_s, 1))) for rule in self.rules])


_NEW = ClassState()


def _float32(score: float) -> float:
    return float(np.float32(score))


def _is_there(child: ClassState, look: Look) -> bool:
    """Tell whether a more precise class is open, or this window may still hold the sound of its last event."""
    return child.open is not None or 0 <= look.stop_s - child.ended_s < look.window_s


def _shortened(rule: Rule, windows: int) -> Rule:
    if windows >= rule.among and rule.min_s <= (windows - 1) * rule.hop_s:
        return rule
    confirm = min(rule.confirm, windows)
    return replace(
        rule,
        confirm=confirm,
        among=max(confirm, min(rule.among, windows)),
        min_s=min(rule.min_s, (windows - 1) * rule.hop_s),
    )
