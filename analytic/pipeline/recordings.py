# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A recording of any length, piece by piece: memory hangs on what is heard in it, hardly on how long it is.

What is not longer than a minute is judged as a clip is, at the thresholds of uploads; what is longer as live sound is:
for a long recording, thresholds made for clips would give too many false alarms. Its alarms are published when all of
it has been heard, at once, so that one that is analysed again after a restart is not announced twice.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import SAMPLE_RATE_HZ, peak_dbfs, to_samples, to_seconds
from analytic.events import level, surges
from analytic.events.judging import Transition
from analytic.events.level import BLOCK_S, FLOOR_DBFS
from analytic.events.policy import Policy
from analytic.events.state import State
from analytic.events.surges import Surge, SurgeStart, SurgeState
from analytic.events.timeline import Span, Timeline, in_order
from analytic.events.types import AnonymizerName, Event
from analytic.pipeline.clips import CLIP, Pipeline, Task
from analytic.pipeline.hearing import UNUSUAL, silenced
from analytic.pipeline.telling import Teller
from model.stream import SHORT, Heard

AS_CLIP_S = 60.0
PIECE_S = 30.0
_GATHERED_S = 1.0  # each piece that is heard costs something, and a frame of AAC lasts a fiftieth of a second
_MOST_SPANS = 100_000
_AROUND_S = 60.0
_EPSILON = 1e-6

Samples = NDArray[np.float32]


def _unchanged(samples: Samples) -> Samples:
    return samples


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """What one recording gave.

    Attributes
    ----------
    duration_s
        Seconds heard.
    scores
        float32, shape (527,): the highest score of each class.
    spans
        What was heard when, by onset.
    surges
        Where it was suddenly loud, each with the index and the score of the class that scored highest there.
    events
        The alarms, ready to be published.
    rms_dbfs, peak_dbfs
        float64, shape (b,): levels of neighbouring blocks of 50 ms, from -120.
    clipped_share
        Share of the samples that are clipped, 0..1.
    simultaneous
        Most classes that were heard at once.
    warnings
        What the caller must know.
    """

    duration_s: float
    scores: NDArray[np.float32]
    spans: tuple[Span, ...]
    surges: tuple[tuple[Surge, int, float], ...]
    events: tuple[Event, ...]
    rms_dbfs: NDArray[np.float64]
    peak_dbfs: NDArray[np.float64]
    clipped_share: float
    simultaneous: int
    warnings: tuple[str, ...] = ()


class Recorder:
    """Hears a recording from its beginning to its end.

    Parameters
    ----------
    pipeline
        The one path.
    task
        What is asked.
    new_id
        Makes the ids of its events; the same ones again where the same recording is heard again.
    preprocess
        What is done to the sound before it is tagged.
    hear
        Told what is tagged, piece by piece: for a picture.

    Raises
    ------
    UnknownMethod
        The task names an anonymiser that does not exist.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        task: Task,
        new_id: Callable[[], str] | None = None,
        preprocess: Callable[[Samples], Samples] | None = None,
        hear: Callable[[Samples], None] = lambda _samples: None,
    ) -> None:
        self._pipeline, self._task = pipeline, task
        self._anonymizer = pipeline.anonymizer(task.method)
        self._told = self._anonymizer if task.client_method is None else pipeline.anonymizer(task.client_method)
        self._new_id = new_id or pipeline.new_id
        self._hear = hear
        self._preprocess = preprocess or _unchanged
        self._in_pieces = task.method != "none" or preprocess is not None
        self._waiting: list[Samples] = []
        self._stream = pipeline.hearing.stream((CLIP, SHORT))
        self._judge = _Judge(pipeline)
        self._timeline, self._spans = Timeline(), list[Span]()
        self._loud = _Loudness(pipeline)
        self._highest = np.zeros(0, np.float32)
        self._simultaneous = 0
        self._warnings: dict[str, None] = {}
        self._came = 0

    @property
    def heard_s(self) -> float:
        """Seconds that have come."""
        return to_seconds(self._came)

    def push(self, samples: Samples) -> None:
        """Take what comes next, float32, shape (n,), mono, 16 000 Hz, finite, within -1..1."""
        self._came += samples.size
        self._waiting.append(samples)
        waiting = sum(one.size for one in self._waiting)
        if not self._in_pieces and waiting >= to_samples(_GATHERED_S):
            self._take(np.concatenate(self._waiting))
            self._waiting = []
        elif self._in_pieces and waiting >= to_samples(PIECE_S):
            whole = np.concatenate(self._waiting)
            rest = whole.size - whole.size % to_samples(PIECE_S)
            self._waiting = [whole[rest:]]
            for at in range(0, rest, to_samples(PIECE_S)):
                self._take(self._changed(whole[at : at + to_samples(PIECE_S)]))

    def finish(self) -> Recorded:
        """End the recording; return what it gave. Nothing is published here."""
        if rest := [one for one in self._waiting if one.size]:
            whole = np.concatenate(rest)
            self._take(self._changed(whole) if self._in_pieces else whole)
        self._heard(self._stream.finish())
        duration_s = self.heard_s
        self._spans += self._timeline.finish()
        transitions = self._judge.finish(duration_s)
        if transitions and not (self._anonymizer.keeps_time and self._told.keeps_time):
            self._warnings[f"{self._told.name} moves sound in time: so are the times of what was heard"] = None
        loud = self._loud
        return Recorded(
            duration_s=duration_s,
            scores=self._highest,
            spans=tuple(sorted(self._spans, key=in_order)),
            surges=tuple(loud.finish()),
            events=tuple(self._events(transitions)),
            rms_dbfs=np.array(loud.rms_dbfs),
            peak_dbfs=np.array(loud.peak_dbfs),
            clipped_share=loud.clipped / max(1, self._came),
            simultaneous=self._simultaneous,
            warnings=tuple(self._warnings),
        )

    def _changed(self, samples: Samples) -> Samples:
        """Anonymise a piece, then preprocess it."""
        hidden = self._anonymizer.anonymize(samples, SAMPLE_RATE_HZ)
        if len(self._warnings) < 20:
            self._warnings |= dict.fromkeys(hidden.warnings)
        return self._preprocess(hidden.waveform)

    def _take(self, samples: Samples) -> None:
        self._hear(samples)
        self._loud.push(samples)
        self._heard(self._stream.push(samples))

    def _heard(self, heard: Sequence[Heard]) -> None:
        """Take windows, in order of time."""
        for one in heard:
            if one.stride == CLIP:
                self._highest = np.maximum(self._highest, one.scores) if self._highest.size else one.scores
            if one.stride != SHORT:
                continue
            start_s, stop_s = to_seconds(one.window.start), to_seconds(one.window.stop)
            self._spans += self._timeline.push(one.scores, start_s, stop_s)
            self._simultaneous = max(self._simultaneous, self._timeline.open)
            self._loud.look(one)
            if len(self._spans) > _MOST_SPANS:
                del self._spans[_MOST_SPANS:]
                self._warnings[f"more than {_MOST_SPANS} entries in the timeline: the rest is left out"] = None
        self._judge.take(heard, self._loud)

    def _events(self, transitions: Sequence[Transition]) -> Iterator[Event]:
        name = AnonymizerName(self._task.client_method or self._task.method, self._task.mode)
        teller = Teller(self._pipeline.tagger.card, name, self._task.source, self._task.requestor)
        ids: dict[tuple[str, int], str] = {}
        ends = {(one.rule.name, one.number): one.offset_s for one in transitions}  # the last of each has one
        for one in transitions:
            key = (one.rule.name, one.number)
            if key not in ids:
                ids[key] = self._new_id()
            yield teller.event(one, ids[key], self._loud.peak_between(one.onset_s, ends[key]))


@dataclass(slots=True)
class _Judge:
    """Runs the policy: as for a clip where the recording turns out to be short, else as for live sound."""

    pipeline: Pipeline
    held: list[tuple[Heard, bool]] | None = field(default_factory=list)
    state: State = field(default_factory=State)
    transitions: list[Transition] = field(default_factory=list)
    live: Policy = field(init=False)
    uploads: Policy = field(init=False)

    def __post_init__(self) -> None:
        # Those of the mode in which it begins: what one mode has begun, another one might never end.
        self.live = _without_unusual(self.pipeline.hearing.policies.now())
        self.uploads = _without_unusual(self.pipeline.uploads.now())

    def take(self, heard: Sequence[Heard], loud: _Loudness) -> None:
        """Take windows."""
        silent = [(one, loud.is_silent(one)) for one in heard]
        if self.held is None:
            self._step(self.live, silent)
            return
        self.held += silent
        if heard and to_seconds(heard[-1].window.stop) > AS_CLIP_S:
            held, self.held = self.held, None
            self._step(self.live, held)

    def finish(self, stop_s: float) -> list[Transition]:
        """End the sound; return all that happened."""
        policy = self.live
        if self.held is not None:
            counts: dict[float, int] = {}
            for one, _ in self.held:
                length_s = to_seconds(one.stride.length)
                counts[length_s] = counts.get(length_s, 0) + 1
            policy = self.uploads.for_windows(counts)
            self._step(policy, self.held)
        self.transitions += policy.finish(self.state, stop_s).transitions
        return self.transitions

    def _step(self, policy: Policy, heard: Sequence[tuple[Heard, bool]]) -> None:
        looks = self.pipeline.hearing.looks(policy, [one for one, _ in heard], 0.0)
        for look, (_, silent) in zip(looks, heard, strict=True):
            step = policy.step(self.state, silenced(look) if silent else look)
            self.state = step.state
            self.transitions += step.transitions


def _without_unusual(policy: Policy) -> Policy:
    return Policy([rule for rule in policy.rules if rule.name != UNUSUAL])  # only what goes on can be unusual


class _Loudness:
    """Levels of the whole recording, and the surges in them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._settings = pipeline.surge_settings
        self._rest = level.nothing()
        self._state = SurgeState()
        self._looks: deque[tuple[float, int, float]] = deque()
        self._found: list[tuple[Surge, int, float]] = []
        self._waiting: list[Surge] = []
        self.rms_dbfs, self.peak_dbfs = array("d"), array("d")
        self.clipped = 0

    def push(self, samples: Samples) -> None:
        """Measure what comes next."""
        self._rest, levels = level.push(self._rest, samples)
        self.rms_dbfs.frombytes(levels.rms_dbfs.tobytes())
        self.peak_dbfs.frombytes(levels.peak_dbfs.tobytes())
        self.clipped += int(levels.clipped.sum())
        self._state, changes = surges.step(self._state, levels.rms_dbfs, self._settings)
        self._waiting += [one for one in changes if not isinstance(one, SurgeStart)]

    def look(self, heard: Heard) -> None:
        """Take a short window: what it holds may be what was loud."""
        centre_s = to_seconds(heard.window.start + heard.window.stop) / 2
        index = int(heard.scores.argmax())
        self._looks.append((centre_s, index, float(heard.scores[index])))
        while self._looks[0][0] < centre_s - _AROUND_S:
            self._looks.popleft()
        while self._waiting and self._waiting[0].peak_s <= centre_s:
            self._name(self._waiting.pop(0))

    def finish(self) -> list[tuple[Surge, int, float]]:
        """Return all surges; the last one is cut by the end."""
        last = surges.finish(self._state)
        for surge in [*self._waiting, *([last] if last is not None else [])]:
            self._name(surge)
        return self._found

    def is_silent(self, heard: Heard) -> bool:
        """Tell whether the blocks that a window touches hold digital silence alone."""
        return self.peak_between(to_seconds(heard.window.start), to_seconds(heard.window.stop)) <= FLOOR_DBFS

    def peak_between(self, start_s: float, stop_s: float | None) -> float:
        """Return the highest level of the blocks that touch a span, dBFS; the end where `stop_s` is None."""
        first = int(start_s / BLOCK_S + _EPSILON)
        stop = len(self.peak_dbfs) + 1 if stop_s is None else math.ceil(stop_s / BLOCK_S - _EPSILON)
        peaks = self.peak_dbfs[first : max(stop, first + 1)]
        if stop > len(self.peak_dbfs) and self._rest.size:
            peaks.append(max(FLOOR_DBFS, peak_dbfs(self._rest)))
        return max(peaks, default=FLOOR_DBFS)

    def _name(self, surge: Surge) -> None:
        if not self._looks:
            self._found.append((surge, 0, 0.0))
            return
        _, index, score = min(self._looks, key=lambda look: abs(look[0] - surge.peak_s))
        self._found.append((surge, index, score))
