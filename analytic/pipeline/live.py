# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Endless sound: one source's life, hop by hop. Reads no clock: whoever feeds it says when its sound began.

Memory is bounded: the tagger's stream keeps its longest window, levels are kept for some seconds, and of the past there
is nothing but the policy's state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import to_seconds
from analytic.events import level, surges
from analytic.events.judging import Transition
from analytic.events.level import BLOCK_S, Levels
from analytic.events.policy import Policy
from analytic.events.rules import Rule
from analytic.events.state import State
from analytic.events.surges import Surge, SurgeSettings, SurgeStart, SurgeState
from analytic.events.types import AnonymizerName, Event, Message, Requestor, Source
from analytic.events.verdict import Verdict
from analytic.pipeline.clips import Pipeline
from analytic.pipeline.hearing import UNUSUAL, silenced
from analytic.pipeline.telling import Teller
from model.stream import LONG, SHORT, Heard

SURGE = "surge"
METHOD_NONE = "none"
_KEPT_LEVELS_S = 20.0
_KEPT_VERDICTS = 200
_QUIET = ("quiet", "below_on")
_EPSILON = 1e-6


class Unusual(Protocol):
    """Says how unusual a window is at its source, and learns from it."""

    def hear(self, source: str, unix_s: float, heard: Heard) -> float:
        """Return 0 (usual) to 1 for a long window that ended at `unix_s`."""
        ...


@dataclass(slots=True)
class _Told:
    """An event that is open on the buses."""

    event_id: str
    peak_dbfs: float


@dataclass(frozen=True, slots=True)
class Extras:
    """What is listened for beside the alert classes of the policy.

    Attributes
    ----------
    surge
        The rule of loud-but-unknown events; None where they are not announced.
    unusual
        What tells unusual sound; None where that is off.
    surge_settings
        What is loud enough.
    """

    surge: Rule | None = None
    unusual: Unusual | None = None
    surge_settings: SurgeSettings = surges.DEFAULT


@dataclass(slots=True)
class Now:
    """What a source hears at the moment: its level, the newest scores, and why there is an alarm or none."""

    level_dbfs: float = level.FLOOR_DBFS
    scores: NDArray[np.float32] | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    past: deque[Verdict] = field(default_factory=lambda: deque(maxlen=_KEPT_VERDICTS))


class LiveSource:
    """One source from the moment its sound begins until it ends; after a gap, a new one takes over the state.

    Parameters
    ----------
    pipeline
        The one path.
    source
        Its id and kind.
    began
        Unix time of its first sample.
    memory
        What `memory` returned when the source was last there; events that were open then go on, or are ended, under
        their old ids, depending on how long ago that was.
    extras
        Surges and unusual sound.
    on_levels
        Told the levels of each piece: for the source's health.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        source: Source,
        began: float,
        memory: Mapping[str, Any] | None = None,
        extras: Extras | None = None,
        on_levels: Callable[[Levels], None] = lambda _levels: None,
    ) -> None:
        self._pipeline = pipeline
        self._hearing = pipeline.hearing
        self._source = source
        self._extras = extras or Extras()
        self._on_levels = on_levels
        self._teller = Teller(pipeline.tagger.card, AnonymizerName(METHOD_NONE), source, Requestor(), began, live=True)
        self._stream = self._hearing.stream((SHORT, LONG))
        self._rest = level.nothing()
        self._surges = SurgeState(start_s=began)
        self._recent: deque[tuple[float, float]] = deque(maxlen=round(_KEPT_LEVELS_S / BLOCK_S))
        self._blocks = 0
        self._told: dict[tuple[str, int], _Told] = {}
        self.state = State()
        if memory is not None:
            self.state = State.from_json(memory["state"])
            self._told = {(name, number): _Told(event_id, peak) for name, number, event_id, peak in memory["told"]}
        # What was open when it was last there may belong to a mode, or to settings, that hold no more.
        self._mode = self._hearing.policies.mode if memory is None else None
        self.began = began
        self.samples = 0
        self.now = Now()

    def memory(self) -> dict[str, Any]:
        """Return, as JSON values, what outlives a gap or a restart; no sound is in it."""
        told = [
            [name, number, one.event_id, one.peak_dbfs] for (name, number), one in self._told.items() if name != SURGE
        ]
        return {"type": self._source.type, "state": self.state.to_json(), "told": told}

    @property
    def heard_until(self) -> float:
        """Unix time up to which sound has come, by its own clock."""
        return self.began + to_seconds(self.samples)

    def push(self, samples: NDArray[np.float32]) -> list[Message]:
        """Take what comes next, float32, shape (n,), mono, 16 000 Hz, within -1..1; return what was announced.

        Raises
        ------
        BadWaveform
            The array is something else.
        """
        hearings = self._stream.push(samples)
        self.samples += samples.size
        self._rest, levels = level.push(self._rest, samples)
        if len(levels):
            self._on_levels(levels)
            self.now.level_dbfs = float(levels.rms_dbfs[-1])
        # In order of time, block by block and window by window, so that it does not matter how sound is cut.
        events: list[Event] = []
        done, first = 0, self._blocks
        for heard in hearings:
            until = int(to_seconds(heard.window.stop) / BLOCK_S + _EPSILON) - first
            events += self._level(levels, done, max(done, until))
            done = max(done, until)
            events += self._judge(heard)
        events += self._level(levels, done, len(levels))
        return self._publish(events)

    def cut(self) -> list[Message]:
        """End an open surge, because the stream is cut here: all else outlives that in `memory`."""
        last = surges.finish(self._surges) if self._extras.surge is not None else None
        return self._publish(self._surge(last)) if last is not None else []

    def finish(self) -> list[Message]:
        """End every open event where the sound ends; return what was announced."""
        events: list[Event] = []
        for heard in self._stream.finish():
            events += self._judge(heard)
        policy, changed = self._policy()
        events += changed
        step = policy.finish(self.state, self.heard_until)
        self.state = step.state
        events += [self._tell(one) for one in step.transitions]
        if self._extras.surge is not None and (last := surges.finish(self._surges)) is not None:
            events += self._surge(last)
        return self._publish(events)

    def _publish(self, events: Sequence[Event]) -> list[Message]:
        if not events:
            return []
        stamps = self._pipeline.publish(events)
        return [event.to_message(stamp) for event, stamp in zip(events, stamps, strict=True)]

    def _level(self, levels: Levels, first: int, stop: int) -> list[Event]:
        """Take the levels of some blocks, and find surges in them."""
        peaks = levels.peak_dbfs[first:stop].tolist()
        if not peaks:
            return []
        for peak in peaks:
            self._blocks += 1
            self._recent.append((self.began + self._blocks * BLOCK_S, peak))
        for told in self._told.values():
            told.peak_dbfs = max(told.peak_dbfs, *peaks)
        if self._extras.surge is None:
            return []
        self._surges, changes = surges.step(self._surges, levels.rms_dbfs[first:stop], self._extras.surge_settings)
        return [event for change in changes for event in self._surge(change)]

    def _surge(self, change: SurgeStart | Surge) -> list[Event]:
        rule = self._extras.surge
        if rule is None:
            return []
        scores = self.now.scores
        label = int(scores.argmax()) if scores is not None else 0
        score = float(scores[label]) if scores is not None else 0.0
        number = round(change.onset_s * 1000)
        if isinstance(change, SurgeStart):
            if any(name != SURGE for name, _ in self._told):
                return []  # it is known what it is
            return [self._tell(Transition("start", rule, number, change.onset_s, None, score, label))]
        if (SURGE, number) not in self._told:
            return []
        return [self._tell(Transition("end", rule, number, change.onset_s, change.offset_s, score, label))]

    def _judge(self, heard: Heard) -> list[Event]:
        """Run the policy over one window."""
        policy, events = self._policy()
        more: Mapping[str, NDArray[np.float32]] = {}
        if heard.stride == LONG:
            if self._extras.unusual is not None:
                at = self.began + to_seconds(heard.window.stop)
                more = {UNUSUAL: np.array([self._extras.unusual.hear(self._source.id, at, heard)], np.float32)}
        elif heard.stride == SHORT:
            self.now.scores = heard.scores
        (look,) = self._hearing.looks(policy, [heard], self.began, more)
        if self._peak_since(look.start_s + _EPSILON) <= level.FLOOR_DBFS:
            look = silenced(look)
        step = policy.step(self.state, look)
        self.state = step.state
        for verdict in step.verdicts:
            self.now.verdicts[verdict.event_class] = verdict
            if verdict.reason not in _QUIET:
                self.now.past.append(verdict)
        return events + [self._tell(one) for one in step.transitions]

    def _policy(self) -> tuple[Policy, list[Event]]:
        """Return the policy of the mode that it is now; where it has changed, end what is open of other classes."""
        policies = self._hearing.policies
        mode = policies.mode
        policy = policies.by_mode[mode]
        if mode == self._mode:
            return policy, []
        self._mode = mode
        names = {rule.name for rule in policy.rules}
        rules = {rule.name: rule for one in policies.by_mode.values() for rule in one.rules}
        left = [
            replace(rules.get(name) or Rule(name, (mine.open.label_index,)), children=())
            for name, mine in self.state.classes.items()
            if mine.open is not None and name not in names
        ]
        step = Policy(left).finish(self.state, keep=names)
        self.state = step.state
        return policy, [self._tell(one) for one in step.transitions]

    def _tell(self, transition: Transition) -> Event:
        key = (transition.rule.name, transition.number)
        told = self._told.get(key)
        if told is None:
            told = _Told(self._pipeline.new_id(), self._peak_since(transition.onset_s))
            self._told[key] = told
        if transition.phase == "end":
            del self._told[key]
        return self._teller.event(transition, told.event_id, told.peak_dbfs)

    def _peak_since(self, time_s: float) -> float:
        return max((peak for at, peak in self._recent if at > time_s), default=level.FLOOR_DBFS)
