# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Unusual sound: what is rare at this source at this hour, learnt on the spot from class scores alone.

Two views say how new a window is (`analytic.events.novelty`). The tail says what that means: how many alarms a day so
much novelty would have been in the past week, by the highest novelty of each ten minutes. It is exponential and goes
through their 90th and 99th percentiles, so that the few alarms of the past, which lie beyond, do not raise the bar; and
it is set right by how many alarms there were. The score is 0.5 where it gives the wanted number.

What sounded a minute ago is learnt, so that it becomes usual. The state is all of the past that counts: stored and read
back at any point, the answers are the same to the bit. How well it does stands in docs/unusual.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytic.events.novelty import CLASSES, HOURS, Levels, Mixtures, Moment, Records, log_odds

DAY_S, HOUR_S = 86_400.0, 3_600.0
BLOCK_S = 600.0  # as long as the class's cool-down: one alarm a block at most
_PER_DAY = 144
_KEPT_BLOCKS = 7 * _PER_DAY
_LEARNT_DAYS = 2  # before that there is no alarm; the first day, on which all is new, counts for nothing
_HIGH, _LOW = 0.01, 0.1  # shares of blocks above the two percentiles that the tail goes through
_LEAST_SCALE = 0.05
_EASE, _MOST_EASE = 1.0, 3.0  # how much a day without an alarm raises the rate that is taken for the wanted one; log

_LATER_S = 60.0  # what is going on is not usual yet
_WAITING = 24
_WINDOW_S = 10.0  # a window counts for as much time as is new in it
_MIXTURE_WEIGHT = 20.0  # brings both views to one scale
_LEAST_BEYOND = -1.0


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
class Tail:
    """How often so much novelty is.

    Attributes
    ----------
    blocks
        The highest novelty of each of the last blocks, the newest last; not a number where there was none yet.
    highest, block
        The highest novelty in the block that goes on, and its number; -1 before the first.
    learnt
        How many blocks were heard in all.
    ease
        By how much it is set right: a logarithm, added to that of the wanted rate.
    """

    blocks: Levels = field(default_factory=lambda: np.full(_KEPT_BLOCKS, np.nan, np.float32))
    highest: float = 0.0
    block: int = -1
    learnt: int = 0
    ease: float = 0.0

    def __post_init__(self) -> None:
        self._line = _line(self.blocks)

    def score(self, novelty: float, settings: UnusualSettings) -> float:
        """Return the wanted rate's share in the sum of it and that of so much novelty; 0 where too little is known."""
        if self.learnt < _LEARNT_DAYS * _PER_DAY:
            return 0.0
        start, scale = self._line
        rate = _HIGH * _PER_DAY * math.exp(min(-(novelty - start) / scale - self.ease, 50.0))
        return settings.per_day / (settings.per_day + rate)

    def learn(self, block: int, novelty: float, settings: UnusualSettings) -> None:
        """Note a window's novelty; a block counts when it is over."""
        if block == self.block:
            self.highest = max(self.highest, novelty)
            return
        if self.block >= 0:
            self.learnt += 1
            if (score := self.score(self.highest, settings)) > 0:
                eased = self.ease + _EASE * (1 / _PER_DAY - (score >= 0.5) / settings.per_day)
                self.ease = min(max(eased, -_MOST_EASE), _MOST_EASE)
            if self.learnt > _PER_DAY:
                self.blocks = np.append(self.blocks[1:], np.float32(self.highest))
                self._line = _line(self.blocks)
        self.block, self.highest = block, novelty


@dataclass(eq=False)
class Waiting:
    """Windows that are not learnt yet.

    Attributes
    ----------
    heard
        Log odds, shape (24, 527), the oldest first.
    times
        Shape (24, 2): when each was heard, in seconds over days, and its weight.
    used
        How many there are.
    last_s
        When the last window was heard.
    """

    heard: NDArray[np.float16] = field(default_factory=lambda: np.zeros((_WAITING, CLASSES), np.float16))
    times: NDArray[np.float64] = field(default_factory=lambda: np.zeros((_WAITING, 2), np.float64))
    used: int = 0
    last_s: float = -math.inf

    def __post_init__(self) -> None:
        if not 0 <= self.used <= _WAITING:
            raise ValueError(f"used: 0 to {_WAITING}, found {self.used}")

    def put(self, heard: Levels, now_s: float) -> list[tuple[Levels, float, float]]:
        """Put a window in line; return those that have waited long enough: log odds, time, weight."""
        new_s = now_s - self.last_s
        weight = min(max(new_s, 0.0), _WINDOW_S) / _WINDOW_S
        has_waited = (np.abs(now_s - self.times[: self.used, 0]) >= _LATER_S).tolist()
        ready = max([*has_waited, False].index(False), int(self.used == _WAITING))
        done = [(self.heard[place].astype(np.float32), *self.times[place].tolist()) for place in range(ready)]
        self.heard, self.times = np.roll(self.heard, -ready, axis=0), np.roll(self.times, -ready, axis=0)
        self.used -= ready
        self.heard[self.used] = heard
        self.times[self.used] = now_s, weight
        self.used += 1
        self.last_s = now_s
        return done


@dataclass(eq=False)
class Usual:
    """What is usual at one source; it changes with each window, and begins empty.

    Attributes
    ----------
    records, mixtures, tail, waiting
        See there.
    day
        The day up to which it has forgotten; -1 before the first.
    """

    records: Records = field(default_factory=Records)
    mixtures: Mixtures = field(default_factory=Mixtures)
    tail: Tail = field(default_factory=Tail)
    waiting: Waiting = field(default_factory=Waiting)
    day: int = -1

    def hear(self, when: When, scores: NDArray[np.float32], settings: UnusualSettings) -> float:
        """Return how unusual a window of 10 s that ended at `when` is, and learn from it.

        Parameters
        ----------
        when
            It may go back, as clocks do; nothing is forgotten for it.
        scores
            float32, shape (527,), probabilities within 0..1.
        settings
            The threshold's.

        Returns
        -------
        float
            0 (usual) to 1; 0.5 is the threshold. 0 until two days were heard.
        """
        now_s = DAY_S * when.day + when.second
        heard = log_odds(scores)
        novelty = self._novelty(when, heard)
        self.tail.learn(int(now_s // BLOCK_S), novelty, settings)
        for old, at_s, weight in self.waiting.put(heard, now_s):
            self._learn(old, at_s, weight)
        return self.tail.score(novelty, settings)

    def judge(self, when: When, scores: NDArray[np.float32], settings: UnusualSettings) -> float:
        """Return what `hear` would, but for the tail's last block, and learn nothing."""
        return self.tail.score(self._novelty(when, log_odds(scores)), settings)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole state, below 200 kB, as arrays by name."""
        found = {f"{part}.{one.name}": getattr(held, one.name) for part, held in self._parts() for one in fields(held)}
        return {name: np.array(value) for name, value in {**found, "day": self.day}.items()}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Usual:
        """Return what `arrays` gave.

        Raises
        ------
        ValueError
            It is something else.
        """
        new = cls()
        right = new.arrays()
        if set(arrays) != set(right):
            raise ValueError(f"no stored habits: {', '.join(sorted(set(arrays) ^ set(right)))}")
        for name, like in right.items():
            found = arrays[name]
            if found.shape != like.shape or found.dtype != like.dtype:
                raise ValueError(f"{name}: {like.dtype} of shape {like.shape}, found {found.dtype} {found.shape}")
            if name not in ("tail.blocks", "waiting.last_s") and not np.isfinite(found).all():
                raise ValueError(f"{name}: not finite")
        plain: dict[str, Any] = {name: found.copy() if found.ndim else found.item() for name, found in arrays.items()}
        parts = {
            part: type(held)(**{one.name: plain[f"{part}.{one.name}"] for one in fields(held)})
            for part, held in new._parts()
        }
        return cls(**parts, day=plain["day"])

    def _parts(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in ("records", "mixtures", "tail", "waiting")]

    def _novelty(self, when: When, heard: Levels) -> float:
        hour = int(when.second // HOUR_S) % HOURS
        beyond = max(self.records.novelty(heard, hour), _LEAST_BEYOND)
        return beyond + _MIXTURE_WEIGHT * self.mixtures.novelty(heard, hour)

    def _learn(self, heard: Levels, at_s: float, weight: float) -> None:
        day, second = divmod(at_s, DAY_S)
        days = min(int(day) - self.day, 365) if self.day >= 0 else 0
        if days > 0:
            self.records.forget(days)
            self.mixtures.forget(days)
        self.day = max(self.day, int(day))
        moment = Moment(at_s, int(second // HOUR_S))
        self.records.learn(heard, moment, weight)
        self.mixtures.learn(heard, moment, weight)


def _line(blocks: Levels) -> tuple[float, float]:
    """Return the 99th percentile, and the scale of an exponential tail through it and the 90th."""
    known = np.sort(blocks[np.isfinite(blocks)])[::-1]
    if not known.size:
        return 0.0, 1.0
    high, low = (float(known[int(share * known.size)]) for share in (_HIGH, _LOW))
    return high, max((high - low) / math.log(_LOW / _HIGH), _LEAST_SCALE)
