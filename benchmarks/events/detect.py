# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Heads and policy over the windows of a stream -> detections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analytic.events.classes import ALERT_CLASSES
from analytic.events.habituation import NONE
from analytic.events.judging import Look, Transition
from analytic.events.policy import Policy
from analytic.events.rules import Rule
from analytic.events.state import State
from benchmarks.events.streams import CLASSES
from benchmarks.events.windows import Windows
from benchmarks.scenes.truth import Detection
from model.heads.alarm import AlarmHeads, sigmoid
from model.labels import index_of

WINDOW_S = 2.0
EVERY = tuple(alert.name for alert in ALERT_CLASSES)
_BY_NAME = {alert.name: alert for alert in ALERT_CLASSES}
Scores = NDArray[np.float32]


def rules(on: Mapping[str, tuple[float, float]]) -> list[Rule]:
    """Return the rules of the class table for these classes, with these thresholds, (on, off) by class."""
    return [_BY_NAME[name].rule(index_of, *on[name]) for name in EVERY if name in on]


def without_habituation(made: Iterable[Rule]) -> list[Rule]:
    """Return rules by which every alarm is told, however many there were of late."""
    return [replace(rule, habituation=NONE) for rule in made]


def baseline(on: float) -> list[Rule]:
    """Return what users run today: a class is an alarm in each window in which a member reaches one threshold."""
    plain = (_BY_NAME[name].rule(index_of, on, on) for name in CLASSES)
    return [
        Rule(one.name, one.members, on=on, off=on, release_s=0.0, cool_down_s=0.0, escalation=1.0, max_s=86_400.0)
        for one in plain
    ]


def class_scores(policy: Policy, windows: Windows, heads: AlarmHeads | None) -> Scores:
    """Return each window's class scores, float32, shape (w, classes)."""
    labels = windows.scores
    by_head: Mapping[str, Scores] = {}
    if heads is not None:
        by_head = dict(zip(heads.classes, heads(labels, windows.embeddings.astype(np.float32)).T, strict=True))
    return policy.class_scores(labels, by_head)


def of_policy(policy: Policy, scores: Scores) -> Scores:
    """Return the columns of a policy's classes out of those of `EVERY`."""
    return scores[:, [EVERY.index(rule.name) for rule in policy.rules]]


def detect(policy: Policy, windows: Windows, scores: Scores) -> list[Detection]:
    """Run the policy; windows without a trace of any class change nothing and are left out."""
    traces = np.array(policy.traces, np.float32)
    labels = windows.logits.astype(np.float32)
    state = State()
    found: list[Detection] = []
    began: dict[tuple[str, int], tuple[Transition, float]] = {}
    for index in np.flatnonzero((scores >= traces).any(axis=1)).tolist():
        stop_s = float(windows.stops_s[index])
        look = Look(stop_s - WINDOW_S, stop_s, WINDOW_S, index == 0, scores[index], sigmoid(labels[index]))
        step = policy.step(state, look)
        state = step.state
        _note(step.transitions, stop_s, began, found)
    last = policy.finish(state, windows.seconds)
    _note(last.transitions, windows.seconds, began, found)
    return sorted(found, key=lambda one: one.onset_s)


def _note(
    transitions: list[Transition],
    stop_s: float,
    began: dict[tuple[str, int], tuple[Transition, float]],
    found: list[Detection],
) -> None:
    for one in transitions:
        key = (one.rule.name, one.number)
        if one.phase == "start":
            began[key] = (one, stop_s)
        elif one.phase == "end" and one.offset_s is not None:
            _, announced_s = began.pop(key)
            found.append(Detection(one.rule.name, one.onset_s, one.offset_s, one.score, announced_s))
