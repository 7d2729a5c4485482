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
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytic.events.rules import Rule
from analytic.events.state import ClassState, Hit, Open, State
from analytic.events.verdict import Reason, Verdict

_EPSILON_S = 1e-6


class Look(NamedTuple):
    """One window of one source.

    Attributes
    ----------
    start_s, stop_s
        Where it lies.
    window_s
        The length that its stride has; the window itself is shorter where the whole sound was.
    first
        Whether nothing came before it.
    scores
        float32, shape (classes,): the class scores, in the order of the policy's rules.
    labels
        float32, shape (527,): the tagger's scores.
    """

    start_s: float
    stop_s: float
    window_s: float
    first: bool
    scores: NDArray[np.float32]
    labels: NDArray[np.float32]


class Transition(NamedTuple):
    """Something to tell: an event began, became much worse, or ended.

    Attributes
    ----------
    phase
        ``start``, ``update`` or ``end``.
    number
        With the class, the key of the event at this source.
    offset_s
        None unless it ended.
    """

    phase: Literal["start", "update", "end"]
    rule: Rule
    number: int
    onset_s: float
    offset_s: float | None
    score: float
    label_index: int


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

    Raises
    ------
    ValueError
        Two rules have one name, or a child stands after its parent.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
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
        for rule, members, score in zip(self.rules, self._members, look.scores.tolist(), strict=True):
            if abs(rule.window_s - look.window_s) > _EPSILON_S:
                continue
            mine = classes.get(rule.name, _NEW)
            label = int(members[look.labels[members].argmax()])
            if mine.open is not None and _missed(rule, mine.open, look):
                mine = _close(rule, mine, mine.open, transitions)
            child = next((name for name in self._children[rule.name] if _is_there(classes.get(name, _NEW), look)), "")
            if mine.open is None:
                veto = _veto(rule, score, look, child) if score >= rule.on else None
                mine, verdict = _idle(rule, mine, look, score, label, veto, transitions)
            else:
                mine, verdict = _going(rule, mine, mine.open, look, score, label, child, transitions)
            classes[rule.name] = mine
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
            mine = replace(before, recent=(), run=None)
            if mine.open is not None and name in rules:
                lasts = stop_s is not None and mine.open.last_stop_s >= stop_s - _EPSILON_S
                mine = _close(rules[name], mine, mine.open, transitions, stop_s if lasts else None)
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


def _missed(rule: Rule, event: Open, look: Look) -> bool:
    """Tell whether windows are missing before this one, and the event would have ended in them."""
    silent_s = look.stop_s - rule.hop_s - event.last_stop_s
    return silent_s >= max(rule.release_s, rule.hop_s) - _EPSILON_S


def _is_there(child: ClassState, look: Look) -> bool:
    """Tell whether a more precise class is open, or this window may still hold the sound of its last event."""
    return child.open is not None or 0 <= look.stop_s - child.ended_s < look.window_s


def _veto(rule: Rule, score: float, look: Look, child: str) -> tuple[Reason, str, float, float] | None:
    if child:
        return "rolled_up", child, score, rule.on
    for guard in rule.guards:
        confuser = float(look.labels[list(guard.indices)].max())
        least = max(guard.floor, guard.ratio * float(look.labels[list(rule.members)].max()))
        if confuser >= least:
            return "guarded", guard.name, confuser, least
    return None


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


def _verdict(rule: Rule, look: Look, reason: Reason, score: float, **more: float | str) -> Verdict:
    return Verdict(rule.name, look.stop_s, reason, score, rule.on, rule.off, **more)  # type: ignore[arg-type]


def _idle(
    rule: Rule,
    mine: ClassState,
    look: Look,
    score: float,
    label: int,
    veto: tuple[Reason, str, float, float] | None,
    transitions: list[Transition],
) -> tuple[ClassState, Verdict]:
    """Judge a window while no event is open."""
    counts = score >= rule.on and veto is None
    horizon_s = look.stop_s - (rule.among - 0.5) * rule.hop_s
    earlier = tuple(hit for hit in mine.recent if hit.stop_s > horizon_s)
    now = Hit(_onset_s(rule, look), look.stop_s, counts, score, label)
    recent = (*earlier, now)[-rule.among :]
    hits = [hit for hit in recent if hit.counts]
    run = _run(rule, mine, now) if hits else None
    mine = replace(mine, recent=recent, run=run)
    if not counts or run is None:
        if veto is not None:
            reason, other, found, needed = veto
            return mine, _verdict(rule, look, reason, score, other=other, found=found, needed=needed)
        return mine, _verdict(rule, look, "quiet" if score < rule.off else "below_on", score)
    if len(hits) < rule.confirm and not _is_sure(rule, score):
        return mine, _verdict(rule, look, "confirming", score, found=len(hits), needed=rule.confirm)
    lasted_s = look.stop_s - run.stop_s
    if lasted_s < rule.min_s - _EPSILON_S:
        return mine, _verdict(rule, look, "too_short", score, found=lasted_s, needed=rule.min_s)
    # What was needed: the windows of `confirm` among the last few, or all of them for `min_s`.
    first, best = (run, run) if rule.min_s else (hits[0], max(hits, key=lambda hit: hit.score))
    onset_s = max(first.onset_s, mine.ended_s) if mine.ended_s <= look.stop_s else first.onset_s
    opened = Open(mine.events + 1, onset_s, first.stop_s, look.stop_s, best.score, best.label_index)
    mine = replace(mine, recent=(), run=None, open=opened, events=opened.number)
    return _announce(rule, mine, opened, look, score, transitions)


def _is_sure(rule: Rule, score: float) -> bool:
    return rule.sure is not None and score >= rule.sure


def _run(rule: Rule, mine: ClassState, now: Hit) -> Hit:
    """Return the run that goes on in this window, or begins with it."""
    horizon_s = now.stop_s - (max(rule.among, 2) - 0.5) * rule.hop_s
    if mine.run is None or not any(hit.counts and hit.stop_s > horizon_s for hit in mine.recent):
        return now
    if not now.counts or now.score <= mine.run.score:
        return mine.run
    return mine.run._replace(score=now.score, label_index=now.label_index)


def _announce(
    rule: Rule, mine: ClassState, event: Open, look: Look, score: float, transitions: list[Transition]
) -> tuple[ClassState, Verdict]:
    """Tell that a silent event is there, unless it must stay silent."""
    louder = mine.last_score + rule.escalation
    # A cool-down cannot have longer to go than it is long: then the clock was set back, and it counts no more.
    cools = 0 < mine.cooling_until_s - look.stop_s <= rule.cool_down_s + _EPSILON_S
    if cools and not (event.score >= louder and event.score > mine.last_score):
        until_s = mine.cooling_until_s
        return mine, _verdict(rule, look, "cooling_down", score, found=score, needed=louder, until_s=until_s)
    # As it was when the event began: it is told for what it sounds like, not because time has passed.
    needed = rule.habituation.raised(rule.on, mine.told, event.first_stop_s)
    if event.score < needed:
        recent = rule.habituation.recent(mine.told, event.first_stop_s)
        return mine, _verdict(rule, look, "habituated", score, found=recent, needed=needed)
    event = replace(event, announced=event.score)
    transitions.append(_transition("start", rule, event))
    told = rule.habituation.after(mine.told, look.stop_s)
    mine = replace(mine, open=event, last_score=event.score, told=told)
    return mine, _verdict(rule, look, "alert", score, found=event.score)


def _going(
    rule: Rule,
    mine: ClassState,
    event: Open,
    look: Look,
    score: float,
    label: int,
    child: str,
    transitions: list[Transition],
) -> tuple[ClassState, Verdict]:
    """Judge a window while an event is open."""
    if score < rule.off:
        if look.stop_s - event.last_stop_s < rule.release_s - _EPSILON_S:
            return mine, _verdict(rule, look, "fading", score)
        return _close(rule, mine, event, transitions), _verdict(rule, look, "ended", score)
    higher = score > event.score
    event = replace(
        event,
        last_stop_s=look.stop_s,
        score=max(score, event.score),
        label_index=label if higher else event.label_index,
    )
    mine = replace(mine, open=event)
    if look.stop_s - event.first_stop_s >= rule.max_s - _EPSILON_S:
        return _close(rule, mine, event, transitions, look.stop_s), _verdict(rule, look, "max_duration", score)
    if child:
        return mine, _verdict(rule, look, "rolled_up", score, other=child)
    if event.announced is None:
        return _announce(rule, mine, event, look, score, transitions)
    louder = event.announced + rule.escalation
    if event.score >= louder and event.score > event.announced:
        event = replace(event, announced=event.score)
        transitions.append(_transition("update", rule, event))
        return replace(mine, open=event, last_score=event.score), _verdict(
            rule, look, "escalated", score, found=event.score, needed=louder
        )
    return mine, _verdict(rule, look, "continuing", score)


def _close(
    rule: Rule, mine: ClassState, event: Open, transitions: list[Transition], offset_s: float | None = None
) -> ClassState:
    """End an event; a silent one ends in silence, and nothing cools down anew."""
    if event.announced is None:
        return replace(mine, open=None)
    if offset_s is None:
        offset_s = event.last_stop_s - max(0.0, rule.window_s - rule.lag_s)
    shortest_s = min(event.onset_s + min(rule.lag_s, rule.hop_s), event.last_stop_s)  # nothing ends after its sound
    offset_s = max(offset_s, shortest_s, event.onset_s)
    transitions.append(_transition("end", rule, event, offset_s))
    return replace(
        mine,
        open=None,
        ended_s=offset_s,
        last_score=event.score,
        cooling_until_s=event.last_stop_s + rule.cool_down_s,
    )


def _onset_s(rule: Rule, look: Look) -> float:
    """Estimate when a sound began that this window is the first to hold."""
    return look.start_s if look.first else max(look.start_s, look.stop_s - rule.lag_s)


def _transition(
    phase: Literal["start", "update", "end"], rule: Rule, event: Open, offset_s: float | None = None
) -> Transition:
    return Transition(phase, rule, event.number, event.onset_s, offset_s, event.score, event.label_index)
