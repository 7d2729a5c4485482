# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A whole sound: clip -> anonymiser -> tagger -> policy -> events."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import SAMPLE_RATE_HZ, Clip, peak_dbfs, to_samples, to_seconds
from analytic.errors import UnknownMethod
from analytic.events.judging import Transition
from analytic.events.level import Levels, measure
from analytic.events.modes import Policies
from analytic.events.policy import Policy, Step
from analytic.events.state import State
from analytic.events.surges import DEFAULT, Surge, SurgeSettings, find_surges
from analytic.events.timeline import Span, timeline
from analytic.events.types import AnonymizerName, Event, Message, Mode, Requestor, Source, Stamp
from analytic.events.verdict import Verdict
from analytic.pipeline.hearing import UNUSUAL, Heads, Hearing, silenced
from analytic.pipeline.telling import Teller
from anonymizers.base import Anonymizer
from model.labels import Label, labels
from model.stream import SHORT, Heard, StreamingTagger, Stride
from model.tagger import HOP_SAMPLES, WINDOW_SAMPLES, TaggerCard, pool, top

TOP = 5
CLIP = Stride(WINDOW_SAMPLES, HOP_SAMPLES)
_MOST_SOURCES = 1000


@dataclass(frozen=True, slots=True)
class Prediction:
    """One class with its probability within the clip."""

    label: Label
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What one clip gave.

    Attributes
    ----------
    scores
        float32, shape (527,): the clip's scores, pooled over its windows.
    windows
        The short windows, in order of time.
    start_s
        Where in its recording the clip began.
    verdicts
        Why there is an alarm, or none, for each class and window.
    levels
        How loud it was; None where the task did not ask for surges.
    alerts
        The alarms, each in its last phase, as messages: with the ids that the buses carry, but at full precision.
    anonymizer, mode
        The one that was used, and where.
    card
        The tagger that spoke.
    warnings
        What the caller must know.
    surge_settings
        When a sound is a surge.
    heard
        What was tagged: the sound as the anonymiser, and what came after it, left it.
    """

    duration_s: float
    scores: NDArray[np.float32]
    windows: tuple[Heard, ...]
    start_s: float
    levels: Levels | None
    verdicts: tuple[Verdict, ...]
    alerts: tuple[Message, ...]
    anonymizer: Anonymizer
    mode: Mode
    card: TaggerCard
    warnings: tuple[str, ...] = ()
    surge_settings: SurgeSettings = DEFAULT
    heard: Clip = field(repr=False, default_factory=lambda: Clip(np.zeros(1, np.float32)))

    def top(self, count: int = TOP) -> list[Prediction]:
        """Return the `count` highest classes, highest first."""
        return self._predictions(top(self.scores, count))

    def of(self, wanted: Sequence[Label]) -> list[Prediction]:
        """Return the wanted classes, highest first."""
        indices = [label.index for label in wanted]
        return self._predictions(sorted(indices, key=lambda index: -self.scores[index]))

    def timeline(self) -> list[Span]:
        """Return what was heard when, of all 527 classes."""
        if not self.windows:
            return []
        starts = [self.start_s + to_seconds(one.window.start) for one in self.windows]
        stops = [self.start_s + to_seconds(one.window.stop) for one in self.windows]
        return timeline(np.stack([one.scores for one in self.windows]), starts, stops)

    def surges(self) -> list[tuple[Surge, Prediction]]:
        """Return where it was suddenly loud, each with the class that scored highest around its peak."""
        found = find_surges(self.levels.rms_dbfs, self.surge_settings, self.start_s) if self.levels is not None else []
        return [(surge, self._around(surge.peak_s)) for surge in found]

    def between(self, start_s: float, stop_s: float, count: int = TOP) -> list[Prediction]:
        """Return the highest classes of the windows whose middle lies between two times, or of the nearest one."""
        centres = np.array([self.start_s + to_seconds(one.window.start + one.window.stop) / 2 for one in self.windows])
        inside = np.flatnonzero((centres >= start_s) & (centres <= stop_s))
        if not inside.size:
            inside = np.array([np.abs(centres - (start_s + stop_s) / 2).argmin()])
        scores = np.max([self.windows[index].scores for index in inside], axis=0)
        every = labels()
        return [Prediction(every[index], float(scores[index])) for index in top(scores, count)]

    def explanations(self) -> list[Verdict]:
        """Return for each alert class the verdict that came nearest to an alarm."""
        nearest: dict[str, Verdict] = {}
        for verdict in self.verdicts:
            best = nearest.get(verdict.event_class)
            if best is None or (verdict.reason == "alert", verdict.score) > (best.reason == "alert", best.score):
                nearest[verdict.event_class] = verdict
        return list(nearest.values())

    def _around(self, time_s: float) -> Prediction:
        centres = [self.start_s + to_seconds(one.window.start + one.window.stop) / 2 for one in self.windows]
        nearest = min(range(len(centres)), key=lambda index: abs(centres[index] - time_s))
        scores = self.windows[nearest].scores
        return Prediction(labels()[int(scores.argmax())], float(scores.max()))

    def _predictions(self, indices: Sequence[int]) -> list[Prediction]:
        every = labels()
        return [Prediction(every[index], float(self.scores[index])) for index in indices]


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of one clip: the anonymiser's name, where the sound is from, who asked, and whether for surges.

    `client_method` names what the sender says it has done to the sound before it sent it. `preprocess` is done to the
    sound after it was anonymised and before it is tagged: float32, shape (n,), in, and as much out.
    """

    method: str = "none"
    source: Source = field(default_factory=lambda: Source("upload"))
    requestor: Requestor = field(default_factory=Requestor)
    surges: bool = False
    client_method: str | None = None
    preprocess: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None

    @property
    def mode(self) -> Mode:
        """Where the sound was anonymised."""
        return "server" if self.client_method is None else "client"


class Pipeline:
    """Anonymise, tag, decide, announce.

    Parameters
    ----------
    tagger
        What hears.
    anonymizers
        The methods by name.
    policies
        What is an alarm, by mode.
    publish
        Takes what happened in a clip, in order of time, before the answer is given; returns the messages' stamps.
    new_id
        Makes event ids.
    heads
        The tagger's alarm heads, if it has some.
    uploads
        What is an alarm in a sound that names no live source; `policies` where it is left out.
    surge_settings
        When a sound is a surge.
    observe
        Told how long a stage took: its name, and seconds.
    now
        Unix time in seconds.
    """

    def __init__(
        self,
        tagger: StreamingTagger,
        anonymizers: Mapping[str, Anonymizer],
        policies: Policies,
        publish: Callable[[Sequence[Event]], Sequence[Stamp]],
        new_id: Callable[[], str],
        *,
        heads: Heads | None = None,
        uploads: Policies | None = None,
        surge_settings: SurgeSettings = DEFAULT,
        observe: Callable[[str, float], None] = lambda _stage, _seconds: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.tagger = tagger
        self.anonymizers = anonymizers
        self.hearing = Hearing(tagger, policies, heads)
        self.uploads = uploads or policies
        self.publish = publish
        self.new_id = new_id
        self.now = now
        self.surge_settings = surge_settings
        self._observe = observe
        self._sources: OrderedDict[str, tuple[State, float]] = OrderedDict()  # and when its last sound ended
        self._lock = threading.Lock()

    def anonymizer(self, method: str) -> Anonymizer:
        """Return the anonymiser of that name.

        Raises
        ------
        UnknownMethod
            There is none; the error lists those there are.
        """
        if method not in self.anonymizers:
            raise UnknownMethod(method, tuple(self.anonymizers))
        return self.anonymizers[method]

    def analyse(self, clip: Clip, task: Task | None = None) -> Analysis:
        """Analyse one clip and announce its alarms.

        Raises
        ------
        UnknownMethod
            The task names an anonymiser that does not exist.
        """
        task = task or Task()
        anonymizer = self.anonymizer(task.method)
        told = anonymizer if task.client_method is None else self.anonymizer(task.client_method)
        keeps_time = anonymizer.keeps_time and told.keeps_time
        clock = time.perf_counter
        began = clock()
        hidden = anonymizer.anonymize(clip.waveform, SAMPLE_RATE_HZ)
        anonymised = clock()
        ready = hidden.waveform if task.preprocess is None else task.preprocess(hidden.waveform)
        stream = self.hearing.stream((CLIP, SHORT))
        heard = stream.push(ready) + stream.finish()
        tagged = clock()
        now_hidden = Clip(ready, clip.start_s)
        step, zero_s = self._decide(now_hidden, heard, task)
        if not keeps_time:
            step = step._replace(transitions=_whole_clip(step.transitions, now_hidden, zero_s))
        alerts = self._announce(step.transitions, now_hidden, task, zero_s)
        self._observe("anonymize", anonymised - began)
        self._observe("tag", tagged - anonymised)
        self._observe("decide", clock() - tagged)
        warnings = hidden.warnings
        if alerts and not keeps_time:
            warnings += (f"{told.name} moves sound in time: the alarms' times are those of the whole clip",)
        return Analysis(
            duration_s=clip.duration_s,
            scores=pool(np.stack([one.scores for one in heard if one.stride == CLIP])),
            windows=tuple(one for one in heard if one.stride == SHORT),
            start_s=clip.start_s,
            levels=measure(ready) if task.surges else None,
            verdicts=tuple(_since(zero_s, step.verdicts)),
            alerts=alerts,
            anonymizer=told,
            mode=task.mode,
            card=self.tagger.card,
            warnings=warnings,
            surge_settings=self.surge_settings,
            heard=now_hidden,
        )

    def _decide(self, clip: Clip, heard: Sequence[Heard], task: Task) -> tuple[Step, float]:
        """Run the policy over a clip; return what happened, and the time that its seconds count from.

        An upload is an episode of its own, in the clip's own time. One of a named source is taken to have ended just
        now, and its cool-downs go on from upload to upload. Where sound comes faster than it lasts, one upload would
        begin before the last one ended: it comes after it all the same, so what is remembered is dated back.
        """
        named = task.source.id != task.source.type
        zero_s = self.now() - clip.duration_s - clip.start_s if named else 0.0
        looks = self.hearing.looks(policy := self._policy(heard, named), heard, zero_s + clip.start_s)
        sounding = (clip.waveform[one.window.start : one.window.stop].any() for one in heard)
        looks = [look if sounds else silenced(look) for look, sounds in zip(looks, sounding, strict=True)]
        stop_s = zero_s + clip.start_s + clip.duration_s
        if not named:
            return policy.run(looks, stop_s), zero_s
        with self._lock:
            state, ended_s = self._sources.pop(task.source.id, (State(), -math.inf))
            step = policy.run(looks, stop_s, _earlier(state, ended_s - zero_s - clip.start_s))
            self._sources[task.source.id] = step.state, stop_s
            while len(self._sources) > _MOST_SOURCES:
                self._sources.popitem(last=False)
        return step, zero_s

    def _policy(self, heard: Sequence[Heard], named: bool) -> Policy:
        counts: dict[float, int] = {}
        for one in heard:
            length_s = to_seconds(one.stride.length)
            counts[length_s] = counts.get(length_s, 0) + 1
        policy = (self.hearing.policies if named else self.uploads).now().for_windows(counts)
        return Policy([rule for rule in policy.rules if rule.name != UNUSUAL])  # only what goes on can be unusual

    def _announce(
        self, transitions: Sequence[Transition], clip: Clip, task: Task, zero_s: float
    ) -> tuple[Message, ...]:
        """Publish what happened; return each event's last message."""
        if not transitions:
            return ()
        name = AnonymizerName(task.client_method or task.method, task.mode)
        teller = Teller(self.tagger.card, name, task.source, task.requestor, zero_s)
        ids: dict[tuple[str, int], str] = {}
        events = []
        for one in transitions:
            key = (one.rule.name, one.number)
            if key not in ids:
                ids[key] = self.new_id()
            events.append(teller.event(one, ids[key], _peak_dbfs(clip, one, zero_s)))
        stamps = self.publish(events)
        last = {event.id: event.to_message(stamp) for event, stamp in zip(events, stamps, strict=True)}
        return tuple(sorted(last.values(), key=lambda message: message["onset_s"]))


def _earlier(state: State, by_s: float) -> State:
    """Date back what is remembered of a source whose sound has ended; not forward."""
    if by_s <= 0:
        return state
    return State({name: one.earlier(by_s) for name, one in state.classes.items()})


def _peak_dbfs(clip: Clip, transition: Transition, zero_s: float) -> float:
    """Return the highest level from onset to offset, or to the end where it has none yet."""
    start = to_samples(max(0.0, transition.onset_s - zero_s - clip.start_s))
    offset_s = transition.offset_s
    stop = clip.waveform.size if offset_s is None else to_samples(offset_s - zero_s - clip.start_s)
    start = min(start, clip.waveform.size - 1)
    return peak_dbfs(clip.waveform[start : max(stop, start + 1)])


def _whole_clip(transitions: Iterable[Transition], clip: Clip, zero_s: float) -> list[Transition]:
    """Make one event of each class, over the whole clip, with the highest score found; all begin, then all end."""
    highest: dict[str, Transition] = {}
    for one in transitions:
        if one.rule.name not in highest or one.score > highest[one.rule.name].score:
            highest[one.rule.name] = one
    onset_s = zero_s + clip.start_s
    begun = [one._replace(phase="start", onset_s=onset_s, offset_s=None) for one in highest.values()]
    return begun + [one._replace(phase="end", offset_s=onset_s + clip.duration_s) for one in begun]


def _since(zero_s: float, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """Count the times of verdicts from `zero_s`."""
    return (one._replace(stop_s=one.stop_s - zero_s, until_s=one.until_s - zero_s) for one in verdicts)
