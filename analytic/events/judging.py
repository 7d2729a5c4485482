# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How one alert class is judged in one window: what it counts, what opens, goes on and closes, and when it began."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytic.events.rules import Rule
from analytic.events.state import ClassState, Hit, Open, Rise
from analytic.events.timeline import EARLIEST_S
from analytic.events.verdict import Reason, Verdict

EPSILON_S = 1e-6


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


def judge(
    rule: Rule,
    trace: float,
    before: ClassState,
    look: Look,
    score: float,
    label: int,
    child: str,
    transitions: list[Transition],
) -> tuple[ClassState, Verdict]:
    """Judge one class in one window.

    Parameters
    ----------
    rule, trace
        The class's rule, and the score from which a window holds a trace of it.
    before
        What is remembered of it.
    look, score, label
        The window, the class's score in it, and its member that scores highest there.
    child
        The more precise class that sounds, or nothing.
    transitions
        What there is to tell is added here.
    """
    mine = before
    if mine.open is not None and _missed(rule, mine.open, look):
        mine = close(rule, mine, mine.open, transitions)
    rise = _rise(rule, mine, look, score) if score >= trace else None
    if rise is not mine.rise:
        mine = replace(mine, rise=rise)
    if mine.open is not None:
        return _going(rule, mine, mine.open, look, score, label, child, transitions)
    veto = _veto(rule, score, look, child) if score >= rule.on else None
    return _idle(rule, mine, look, score, label, veto, transitions)


def _missed(rule: Rule, event: Open, look: Look) -> bool:
    """Tell whether windows are missing before this one, and the event would have ended in them."""
    silent_s = look.stop_s - rule.hop_s - event.last_stop_s
    return silent_s >= max(rule.release_s, rule.hop_s) - EPSILON_S


def _veto(rule: Rule, score: float, look: Look, child: str) -> tuple[Reason, str, float, float] | None:
    if child:
        return "rolled_up", child, score, rule.on
    for guard in rule.guards:
        confuser = float(look.labels[list(guard.indices)].max())
        least = max(guard.floor, guard.ratio * float(look.labels[list(rule.members)].max()))
        if confuser >= least:
            return "guarded", guard.name, confuser, least
    return None


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
    now = Hit(_onset_s(rule, mine, look), look.stop_s, counts, score, label)
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
    if lasted_s < rule.min_s - EPSILON_S:
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
    cools = 0 < mine.cooling_until_s - look.stop_s <= rule.cool_down_s + EPSILON_S
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
        if look.stop_s - event.last_stop_s < rule.release_s - EPSILON_S:
            return mine, _verdict(rule, look, "fading", score)
        return close(rule, mine, event, transitions), _verdict(rule, look, "ended", score)
    higher = score > event.score
    event = replace(
        event,
        last_stop_s=look.stop_s,
        score=max(score, event.score),
        label_index=label if higher else event.label_index,
    )
    mine = replace(mine, open=event)
    if look.stop_s - event.first_stop_s >= rule.max_s - EPSILON_S:
        return close(rule, mine, event, transitions, look.stop_s), _verdict(rule, look, "max_duration", score)
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


def close(
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


def _rise(rule: Rule, mine: ClassState, look: Look, score: float) -> Rise:
    """Take a window with a trace of the class into the row, or begin one with it.

    Where the score never fell below a trace after an event, the next one begins where it was lowest.
    """
    now = Rise(_begins_s(rule, look), look.stop_s, 0.0)
    if mine.open is not None:
        return now._replace(floor=score)
    if mine.rise is None or look.stop_s - mine.rise.stop_s > 1.5 * rule.hop_s:
        return now
    return now._replace(floor=score) if score <= mine.rise.floor else mine.rise._replace(stop_s=look.stop_s)


def _onset_s(rule: Rule, mine: ClassState, look: Look) -> float:
    """Estimate when the sound in this window began."""
    begins_s = _begins_s(rule, look)
    return begins_s if mine.rise is None else max(min(mine.rise.onset_s, begins_s), begins_s - EARLIEST_S)


def _begins_s(rule: Rule, look: Look) -> float:
    """Estimate when a sound began that this window is the first to hold."""
    return look.start_s if look.first else max(look.start_s, look.stop_s - rule.lag_s)


def _transition(
    phase: Literal["start", "update", "end"], rule: Rule, event: Open, offset_s: float | None = None
) -> Transition:
    return Transition(phase, rule, event.number, event.onset_s, offset_s, event.score, event.label_index)
