# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The one path: clip -> anonymiser -> tagger -> policy -> events. Every door of the service ends here."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import SAMPLE_RATE_HZ, Clip, peak_dbfs, to_seconds
from analytic.errors import UnknownMethod
from analytic.events.policy import Decision, ThresholdPolicy
from analytic.events.types import AnonymizerName, Event, Message, ModelName, Requestor, Source, Stamp
from anonymizers.base import Anonymizer
from model.labels import Label, labels
from model.tagger import Tagged, Tagger, TaggerCard, pool, top

TOP = 5


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
    alerts
        The alarms, each in its last phase, as messages: with the ids that the buses carry, but at full precision.
    anonymizer
        The one that was used.
    card
        The tagger that spoke.
    warnings
        What the caller must know.
    """

    duration_s: float
    scores: NDArray[np.float32]
    alerts: tuple[Message, ...]
    anonymizer: Anonymizer
    card: TaggerCard
    warnings: tuple[str, ...] = ()

    def top(self, count: int = TOP) -> list[Prediction]:
        """Return the `count` highest classes, highest first."""
        return self._predictions(top(self.scores, count))

    def of(self, wanted: Sequence[Label]) -> list[Prediction]:
        """Return the wanted classes, highest first."""
        indices = [label.index for label in wanted]
        return self._predictions(sorted(indices, key=lambda index: -self.scores[index]))

    def _predictions(self, indices: Sequence[int]) -> list[Prediction]:
        every = labels()
        return [Prediction(every[index], float(self.scores[index])) for index in indices]


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of one clip: the anonymiser's name, where the sound is from, who asked."""

    method: str = "none"
    source: Source = field(default_factory=lambda: Source("upload"))
    requestor: Requestor = field(default_factory=Requestor)


class Pipeline:
    """Anonymise, tag, decide, announce.

    Parameters
    ----------
    tagger
        What hears.
    anonymizers
        The methods by name.
    policy
        What is an alarm.
    publish
        Takes the events of a clip, start and end of each, before the answer is given; returns their stamps.
    new_id
        Makes event ids.
    observe
        Told how long a stage took: its name, and seconds.
    """

    def __init__(
        self,
        tagger: Tagger,
        anonymizers: Mapping[str, Anonymizer],
        policy: ThresholdPolicy,
        publish: Callable[[Sequence[Event]], Sequence[Stamp]],
        new_id: Callable[[], str],
        observe: Callable[[str, float], None] = lambda _stage, _seconds: None,
    ) -> None:
        self.tagger = tagger
        self.anonymizers = anonymizers
        self.policy = policy
        self._publish = publish
        self._new_id = new_id
        self._observe = observe

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
        clock = time.perf_counter
        began = clock()
        hidden = anonymizer.anonymize(clip.waveform, SAMPLE_RATE_HZ)
        anonymised = clock()
        tagged = self.tagger.tag(hidden.waveform)
        heard = clock()
        events = self._events(Clip(hidden.waveform, clip.start_s), tagged, task)
        alerts = self._announce(events)
        self._observe("anonymize", anonymised - began)
        self._observe("tag", heard - anonymised)
        self._observe("decide", clock() - heard)
        warnings = hidden.warnings
        if alerts and not anonymizer.keeps_time:
            warnings += (f"{task.method} moves sound in time: the alarms' times are those of the whole clip",)
        return Analysis(clip.duration_s, pool(tagged.scores), alerts, anonymizer, self.tagger.card, warnings)

    def _announce(self, events: Sequence[Event]) -> tuple[Message, ...]:
        if not events:
            return ()
        stamps = self._publish([phase for event in events for phase in (event.opened(), event)])
        return tuple(event.to_message(stamp) for event, stamp in zip(events, stamps[1::2], strict=True))

    def _events(self, clip: Clip, tagged: Tagged, task: Task) -> list[Event]:
        onsets = [clip.start_s + to_seconds(window.start) for window in tagged.windows]
        offsets = [clip.start_s + to_seconds(window.stop) for window in tagged.windows]
        decisions = self.policy.decide(tagged.scores, onsets, offsets)
        if not self.anonymizer(task.method).keeps_time:
            decisions = _whole_clip(decisions, onsets[0], offsets[-1], len(onsets) - 1)
        return [self._event(decision, clip.waveform, tagged, task) for decision in decisions]

    def _event(self, decision: Decision, waveform: NDArray[np.float32], tagged: Tagged, task: Task) -> Event:
        start, stop = tagged.windows[decision.first_window].start, tagged.windows[decision.last_window].stop
        peak = peak_dbfs(waveform[start:stop])
        label = labels()[decision.label_index]
        return Event(
            id=self._new_id(),
            phase="end",
            event_class=decision.event_class,
            label=label.name,
            mid=label.mid,
            score=decision.score,
            onset_s=decision.onset_s,
            offset_s=decision.offset_s,
            onset=None,
            offset=None,
            peak_dbfs=round(peak, 1) if math.isfinite(peak) else None,
            source=task.source,
            requestor=task.requestor,
            model=ModelName(self.tagger.card.name, self.tagger.card.version),
            anonymizer=AnonymizerName(task.method),
        )


def _whole_clip(decisions: Sequence[Decision], onset_s: float, offset_s: float, last_window: int) -> list[Decision]:
    """Make one decision of each class, over the whole clip, with the highest score found."""
    highest: dict[str, Decision] = {}
    for decision in decisions:
        if decision.event_class not in highest or decision.score > highest[decision.event_class].score:
            highest[decision.event_class] = decision
    return [
        replace(decision, onset_s=onset_s, offset_s=offset_s, first_window=0, last_window=last_window)
        for decision in highest.values()
    ]
