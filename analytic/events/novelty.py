# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Two views of how new a window is at a source at this hour, each learnt from class scores alone.

`Records`: how far its classes score above all that they ever scored at about this hour. `Mixtures`: how unlike it is to
all mixtures of classes heard before. Both forget slowly. What an hour is, the caller says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CLASSES = 527
HOURS = 24

_FLOOR = -3.5  # log odds: a class that scores less was not heard
_NEVER = -14.0
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
_SELDOM, _SELDOM_WINDOWS = 0.1, 2.0  # how much a leader never heard at this hour counts less; when it no longer does
_HALF_LIFE_DAYS = 21.0
_FRESH_S = 3 * 86_400.0

Levels = NDArray[np.float32]
Mixture = NDArray[np.uint8]


class Moment(NamedTuple):
    """When, in seconds on any axis that goes on over days; and the hour of the day, 0..23."""

    at_s: float
    hour: int


def log_odds(scores: NDArray[np.float32]) -> Levels:
    """Return probabilities, shape (527,), as log odds, rounded as they are stored: it does not matter whether."""
    clipped = np.clip(scores.astype(np.float32), 1e-6, 1 - 1e-6)
    rounded: Levels = np.log(clipped / (1 - clipped)).astype(np.float16).astype(np.float32)
    return rounded


@dataclass(eq=False)
class Records:
    """The highest score of each class by the hour of the day.

    Attributes
    ----------
    highest
        Log odds, shape (24, 527).
    mean, variance
        Of each class's log odds, over some hours, shape (527,).
    """

    highest: NDArray[np.float16] = field(default_factory=lambda: np.full((HOURS, CLASSES), _NEVER, np.float16))
    mean: Levels = field(default_factory=lambda: np.full(CLASSES, _BOTTOM, np.float32))
    variance: Levels = field(default_factory=lambda: np.ones(CLASSES, np.float32))

    def novelty(self, heard: Levels, hour: int) -> float:
        """Return how far the class that stands out most scores above its record, in its spreads."""
        hours = [(hour + off) % HOURS for off in (-2, -1, 0, 1, 2)]
        near, off = self.highest[hours[1:4]].max(axis=0), self.highest[[hours[0], hours[4]]].max(axis=0)
        record = np.maximum(near, off - np.float16(_OTHER_HOUR / 2))
        record = np.maximum(record, self.highest.max(axis=0) - np.float16(_OTHER_HOUR))
        over = heard - np.maximum(record.astype(np.float32), np.float32(_FLOOR))
        return float((over / (np.sqrt(self.variance) + np.float32(_LEAST_SPREAD))).max())

    def learn(self, heard: Levels, moment: Moment, weight: float) -> None:
        """Take a window into account; `weight` is 1 where 10 s have passed since the last."""
        self.highest[moment.hour] = np.maximum(self.highest[moment.hour], heard.astype(np.float16))
        rate = np.float32(_SPREAD_RATE * weight)
        off = heard - self.mean
        self.mean = self.mean + rate * off
        self.variance = self.variance + rate * (off * off - self.variance)

    def forget(self, days: int) -> None:
        """Let so many days pass."""
        self.highest = np.maximum(self.highest - np.float16(_DAILY_DECAY * days), np.float16(_NEVER))


@dataclass(eq=False)
class Mixtures:
    """The mixtures of classes that were heard: each unlike the others; those not heard for long leave first.

    Attributes
    ----------
    leaders
        A byte a band of four neighbouring classes, shape (512, 132).
    counts
        How often each was heard by the hour of the day, shape (512, 24).
    heard_s
        When last, shape (512,).
    used
        How many there are.
    """

    leaders: Mixture = field(default_factory=lambda: np.zeros((_LEADERS, _BANDS), np.uint8))
    counts: NDArray[np.float16] = field(default_factory=lambda: np.zeros((_LEADERS, HOURS), np.float16))
    heard_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_LEADERS, np.float64))
    used: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.used <= _LEADERS:
            raise ValueError(f"used: 0 to {_LEADERS}, found {self.used}")
        self._levels, self._lengths = _levels(self.leaders)

    def novelty(self, heard: Levels, hour: int) -> float:
        """Return 1 less the likeness of the leader most alike; those seldom heard at about this hour count less."""
        if not self.used:
            return 1.0
        counts = self.counts[: self.used].astype(np.float32)
        often = (
            counts[:, hour]
            + np.float32(0.7) * (counts[:, hour - 1] + counts[:, (hour + 1) % HOURS])
            + np.float32(0.3) * (counts[:, hour - 2] + counts[:, (hour + 2) % HOURS])
        )
        seldom = np.float32(_SELDOM) * np.exp(-often / np.float32(_SELDOM_WINDOWS))
        return 1.0 - float((self._alike(_mixture(heard)) - seldom).max())

    def learn(self, heard: Levels, moment: Moment, weight: float) -> None:
        """Take a window into account; `weight` is 1 where 10 s have passed since the last."""
        place = self._place(_mixture(heard), moment.at_s)
        self.counts[place, moment.hour] = min(float(self.counts[place, moment.hour]) + weight, 1000.0)
        self.heard_s[place] = moment.at_s

    def forget(self, days: int) -> None:
        """Let so many days pass."""
        self.counts = (self.counts * np.float32(0.5 ** (days / _HALF_LIFE_DAYS))).astype(np.float16)

    def _alike(self, mixture: Mixture) -> Levels:
        """Return the cosine with each leader."""
        levels, length = _levels(mixture)
        alike: Levels = (self._levels[: self.used] @ levels) / (self._lengths[: self.used] * length)
        return alike

    def _place(self, mixture: Mixture, at_s: float) -> int:
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


def _mixture(heard: Levels) -> Mixture:
    """Return the highest class of each neighbourhood, a byte each: 0 where none was heard at all."""
    padded = np.full(_BANDS * _BAND, _BOTTOM, np.float32)
    padded[:CLASSES] = heard
    found = np.round(_STEPS * (padded.reshape(_BANDS, _BAND).max(axis=1) - np.float32(_BOTTOM)))
    mixture: Mixture = np.clip(found, 0, 254).astype(np.uint8)
    return mixture


def _levels(mixtures: Mixture) -> tuple[Levels, Levels]:
    """Return mixtures as whole numbers from 1, so that silence is alike to itself, and their lengths as vectors.

    A product of two is below 2 to the 24: float32 gives it exactly, in whatever order it is summed up.
    """
    levels = mixtures.astype(np.float32) + np.float32(1)
    lengths: Levels = np.sqrt((levels * levels).sum(axis=-1))
    return levels, lengths
