# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Unusual sound: what is rare at this source at this hour, learnt from class scores alone.

Two views of a window, and a scale for both:

- **records**: how far its classes score above all that they ever scored at about this hour, in spreads of each class;
- **mixtures**: how unlike it is to all mixtures of classes heard before, those seldom heard at this hour least of all;
- **the tail**: how many alarms a day so much novelty would have meant in the past week, by the highest novelty of each
  ten minutes. An exponential tail is put through its 90th and 99th percentiles, so that the few alarms of the past,
  which lie beyond, do not raise the bar. The score is 0.5 where that is the wanted number.

What sounded a minute ago is learnt, so that it becomes usual; what was not heard for weeks is forgotten. Whatever the
state is, it is all of the past that counts: stored and read back at any point, the answers are the same to the bit.
How well it does, and how the numbers below were chosen, stands in docs/unusual.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CLASSES = 527
DAY_S, HOUR_S = 86_400.0, 3_600.0
_HOURS = 24

BLOCK_S = 600.0  # as long as the class's cool-down: one alarm a block at most
_PER_DAY = 144
_KEPT_BLOCKS = 7 * _PER_DAY
_LEARNT_BLOCKS = 2 * _PER_DAY  # before that there is no alarm; the first half, in which all is new, counts for nothing
_HIGH, _LOW = 0.01, 0.1  # shares of blocks above the two percentiles that the tail goes through
_LEAST_SCALE = 0.05
_EASE, _MOST_EASE = 0.5, 3.0  # how fast and how far the tail is set right by the alarms that there were, natural log

_LATER_S = 60.0  # what is going on is not usual yet
_WAITING = 24
_USUAL_WINDOW_S = 10.0  # a window counts for as much time as is new in it, as a share of this

_FLOOR = -3.5  # log odds: a class that scores less was not heard
_BOTTOM = -7.0
_OTHER_HOUR = 2.0  # log odds by which a record of another hour counts less; half of it two hours off
_DAILY_DECAY = 0.05  # log odds that a record loses
_SPREAD_RATE = 0.001
_LEAST_SPREAD = 0.2

_BAND = 4  # classes of a neighbourhood of the tree of classes, whose highest is looked at
_BANDS = -(-CLASSES // _BAND)
_LEADERS = 512
_ALIKE = 0.85  # cosine
_STEPS = 16  # of a stored level, for a unit of log odds
_SELDOM, _SELDOM_WINDOWS = (
    0.1,
    2.0,
)  # how much a leader never heard at this hour counts less, and when it no longer does
_HALF_LIFE_DAYS = 21.0
_FRESH_S = 3 * DAY_S
_MIXTURE_WEIGHT = 20.0  # brings both views to one scale

Levels = NDArray[np.float32]


class When(NamedTuple):
    """Local time: the number of the day, and seconds since midnight."""

    day: int
    second: float


@dataclass(frozen=True, slots=True)
class UnusualSettings:
    """How many alarms a day are wanted where all is usual.

    Raises
    ------
    ValueError
        `per_day` is not above 0.
    """

    per_day: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.per_day < math.inf:
            raise ValueError(f"per_day is above 0, found {self.per_day}")


@dataclass(eq=False)
class Usual:
    """What is usual at one source; it changes with each window. Begins empty.

    Attributes
    ----------
    records
        The highest score of each class by the hour of the day, log odds.
    mean, variance
        Of each class's log odds, over some hours.
    leaders, counts, heard_s
        Mixtures of classes, one byte a band; how often each was heard by the hour of the day, and when last.
    waiting, waiting_s
        Windows not learnt yet; when each was heard, and how much time it counts for.
    blocks
        The highest novelty of each of the last blocks, the newest last; not a number where there was none yet.
    highest, block
        The highest novelty in the block that goes on, and its number; -1 before the first.
    used, pending, learnt_blocks
        How many leaders and waiting windows there are, and blocks were heard in all.
    first_day, day, last_s
        The day of the first window, that up to which forgetting was done, and when the last window was heard.
    """

    records: NDArray[np.float16] = field(default_factory=lambda: np.full((_HOURS, CLASSES), -14.0, np.float16))
    mean: Levels = field(default_factory=lambda: np.full(CLASSES, _BOTTOM, np.float32))
    variance: Levels = field(default_factory=lambda: np.ones(CLASSES, np.float32))
    leaders: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((_LEADERS, _BANDS), np.uint8))
    counts: NDArray[np.float16] = field(default_factory=lambda: np.zeros((_LEADERS, _HOURS), np.float16))
    heard_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_LEADERS, np.float64))
    waiting: NDArray[np.float16] = field(default_factory=lambda: np.zeros((_WAITING, CLASSES), np.float16))
    waiting_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros((_WAITING, 2), np.float64))
    blocks: Levels = field(default_factory=lambda: np.full(_KEPT_BLOCKS, np.nan, np.float32))
    highest: float = 0.0
    block: int = -1
    used: int = 0
    pending: int = 0
    learnt_blocks: int = 0
    ease: float = 0.0
    first_day: int = 0
    day: int = 0
    last_s: float = 0.0

    def __post_init__(self) -> None:
        self._levels, self._lengths = _levels(self.leaders)
        self._tail = _tail(self.blocks)

    def hear(self, when: When, scores: NDArray[np.float32], settings: UnusualSettings) -> float:
        """Return how unusual a window of 10 s that ended at `when` is, and learn from it.

        Parameters
        ----------
        when
            It may go back, as clocks do; then nothing is forgotten for it.
        scores
            float32, shape (527,), probabilities within 0..1.
        settings
            The threshold's.

        Returns
        -------
        float
            0 (usual) to 1; 0.5 is the threshold. 0 until two days were learnt.
        """
        now_s = DAY_S * when.day + when.second
        if self.block < 0:
            self.first_day = self.day = when.day
            self.last_s = now_s - _USUAL_WINDOW_S
        heard = _log_odds(scores)
        novelty = self._novelty(when, heard)
        self._rank(int(now_s // BLOCK_S), novelty, settings)
        self._wait(now_s, heard)
        return self._score(novelty, settings)

    def judge(self, when: When, scores: NDArray[np.float32], settings: UnusualSettings) -> float:
        """Return how unusual a window would be, and learn nothing."""
        return self._score(self._novelty(when, _log_odds(scores)), settings)

    def _novelty(self, when: When, heard: Levels) -> float:
        """Return how new a window is, on a scale of its own, for log odds as float32, shape (527,)."""
        hour = int(when.second // HOUR_S) % _HOURS
        return max(self._beyond_records(hour, heard), -1.0) + _MIXTURE_WEIGHT * self._unlike(hour, _mixture(heard))

    def _score(self, novelty: float, settings: UnusualSettings) -> float:
        """Return the score of so much novelty: the wanted rate's share in it and the rate of the past together."""
        if self.learnt_blocks < _LEARNT_BLOCKS or self.day - self.first_day < _LEARNT_BLOCKS // _PER_DAY:
            return 0.0
        start, scale = self._tail
        rate = _HIGH * _PER_DAY * math.exp(min(-(novelty - start) / scale - self.ease, 50.0))
        return settings.per_day / (settings.per_day + rate)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole state, below 200 kB, as arrays by name."""
        return {one.name: np.array(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Usual:
        """Return what `arrays` gave.

        Raises
        ------
        ValueError
            It is something else.
        """
        right = cls().arrays()
        if set(arrays) != set(right):
            raise ValueError(f"no stored habits: {', '.join(sorted(set(arrays) ^ set(right)))}")
        for name, like in right.items():
            found = arrays[name]
            if found.shape != like.shape or found.dtype != like.dtype:
                raise ValueError(f"{name}: {like.dtype} of shape {like.shape}, found {found.dtype} {found.shape}")
            if name != "blocks" and not np.isfinite(found).all():
                raise ValueError(f"{name}: not finite")
        plain: dict[str, Any] = {name: found.copy() if found.ndim else found.item() for name, found in arrays.items()}
        within = {"used": _LEADERS, "pending": _WAITING}
        if wrong := [name for name, most in within.items() if not 0 <= plain[name] <= most]:
            raise ValueError(f"{wrong[0]}: found {plain[wrong[0]]}")
        return cls(**plain)

    def _beyond_records(self, hour: int, heard: Levels) -> float:
        """Return how far the class that stands out most scores above its record, in its spreads."""
        hours = [(hour + offset) % _HOURS for offset in (-2, -1, 0, 1, 2)]
        near, off = self.records[hours[1:4]].max(axis=0), self.records[[hours[0], hours[4]]].max(axis=0)
        record = np.maximum(near, off - np.float16(_OTHER_HOUR / 2))
        record = np.maximum(record, self.records.max(axis=0) - np.float16(_OTHER_HOUR))
        over = heard - np.maximum(record.astype(np.float32), np.float32(_FLOOR))
        return float((over / (np.sqrt(self.variance) + np.float32(_LEAST_SPREAD))).max())

    def _unlike(self, hour: int, mixture: NDArray[np.uint8]) -> float:
        """Return 1 less the likeness of the leader most alike, each less by how seldom it was heard at this hour."""
        if not self.used:
            return 1.0
        alike = self._alike(mixture)
        counts = self.counts[: self.used].astype(np.float32)
        often = (
            counts[:, hour]
            + np.float32(0.7) * (counts[:, hour - 1] + counts[:, (hour + 1) % _HOURS])
            + np.float32(0.3) * (counts[:, hour - 2] + counts[:, (hour + 2) % _HOURS])
        )
        return 1.0 - float((alike - np.float32(_SELDOM) * np.exp(-often / np.float32(_SELDOM_WINDOWS))).max())

    def _alike(self, mixture: NDArray[np.uint8]) -> Levels:
        """Return the cosine with each leader."""
        levels, length = _levels(mixture)
        alike: Levels = (self._levels[: self.used] @ levels) / (self._lengths[: self.used] * length)
        return alike

    def _rank(self, block: int, novelty: float, settings: UnusualSettings) -> None:
        """Note the block's highest novelty; when it is over, it counts for the tail, and for how well that foretold."""
        if block == self.block:
            self.highest = max(self.highest, novelty)
            return
        if self.block >= 0:
            self.learnt_blocks += 1
            if (score := self._score(self.highest, settings)) > 0:
                eased = self.ease + _EASE * (1 / _PER_DAY - (score >= 0.5) / settings.per_day)
                self.ease = min(max(eased, -_MOST_EASE), _MOST_EASE)
            if self.learnt_blocks > _LEARNT_BLOCKS // 2:
                self.blocks = np.append(self.blocks[1:], np.float32(self.highest))
                self._tail = _tail(self.blocks)
        self.block, self.highest = block, novelty

    def _wait(self, now_s: float, heard: Levels) -> None:
        """Put a window in line, and learn those that have waited long enough."""
        over = self.pending == _WAITING
        waited = np.abs(now_s - self.waiting_s[: self.pending, 0]) >= _LATER_S
        ready = max(int(np.argmin(waited)) if not waited.all() else self.pending, int(over))
        for place in range(ready):
            self._learn(self.waiting[place].astype(np.float32), *self.waiting_s[place].tolist())
        self.pending -= ready
        if ready:
            self.waiting = np.roll(self.waiting, -ready, axis=0)
            self.waiting_s = np.roll(self.waiting_s, -ready, axis=0)
        counts_for = min(max(now_s - self.last_s, 0.0), _USUAL_WINDOW_S) / _USUAL_WINDOW_S
        self.waiting[self.pending] = heard
        self.waiting_s[self.pending] = now_s, counts_for
        self.pending += 1
        self.last_s = now_s

    def _learn(self, heard: Levels, at_s: float, weight: float) -> None:
        day, second = divmod(at_s, DAY_S)
        hour = int(second // HOUR_S)
        self._forget(int(day))
        self.records[hour] = np.maximum(self.records[hour], heard.astype(np.float16))
        rate = np.float32(_SPREAD_RATE * weight)
        off = heard - self.mean
        self.mean = self.mean + rate * off
        self.variance = self.variance + rate * (off * off - self.variance)
        mixture = _mixture(heard)
        place = self._place(mixture, at_s)
        self.counts[place, hour] = min(float(self.counts[place, hour]) + weight, 1000.0)
        self.heard_s[place] = at_s

    def _place(self, mixture: NDArray[np.uint8], at_s: float) -> int:
        """Return the leader that a mixture is alike to; itself where there is none, in place of the least heard."""
        if self.used:
            alike = self._alike(mixture)
            best = int(alike.argmax())
            if alike[best] >= _ALIKE:
                return best
        if self.used < _LEADERS:
            place = self.used
            self.used += 1
        else:
            fresh = np.exp2(-np.clip((at_s - self.heard_s) / _FRESH_S, 0.0, 60.0))
            place = int((self.counts.sum(axis=1, dtype=np.float32) * fresh).argmin())
        self.leaders[place] = mixture
        self._levels[place], self._lengths[place] = _levels(mixture)
        self.counts[place] = 0
        return place

    def _forget(self, day: int) -> None:
        days = min(day - self.day, 365)
        if days > 0:
            self.records = np.maximum(self.records - np.float16(_DAILY_DECAY * days), np.float16(-14.0))
            self.counts = (self.counts * np.float32(0.5 ** (days / _HALF_LIFE_DAYS))).astype(np.float16)
            self.day = day


def _log_odds(scores: NDArray[np.float32]) -> Levels:
    """Return log odds, rounded as they are stored, so that it does not matter whether they were."""
    clipped = np.clip(scores.astype(np.float32), 1e-6, 1 - 1e-6)
    return np.log(clipped / (1 - clipped)).astype(np.float16).astype(np.float32)


def _mixture(heard: Levels) -> NDArray[np.uint8]:
    """Return the highest class of each neighbourhood, a byte each: 0 where none was heard at all."""
    padded = np.full(_BANDS * _BAND, _BOTTOM, np.float32)
    padded[:CLASSES] = heard
    found = np.round(_STEPS * (padded.reshape(_BANDS, _BAND).max(axis=1) - np.float32(_BOTTOM)))
    mixture: NDArray[np.uint8] = np.clip(found, 0, 254).astype(np.uint8)
    return mixture


def _levels(mixtures: NDArray[np.uint8]) -> tuple[Levels, Levels]:
    """Return mixtures as whole numbers from 1, so that silence is alike to itself, and their lengths as vectors.

    A product of two is below 2 to the 24: float32 gives it exactly, in whatever order it is summed up.
    """
    levels = mixtures.astype(np.float32) + np.float32(1)
    return levels, np.sqrt((levels * levels).sum(axis=-1))


def _tail(blocks: Levels) -> tuple[float, float]:
    """Return the 99th percentile, and the scale of an exponential tail through it and the 90th."""
    known = np.sort(blocks[np.isfinite(blocks)])[::-1]
    if not known.size:
        return 0.0, 1.0
    high, low = (float(known[int(share * known.size)]) for share in (_HIGH, _LOW))
    return high, max((high - low) / math.log(_LOW / _HIGH), _LEAST_SCALE)
