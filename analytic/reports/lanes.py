# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Bars with names, laid in lanes so that none lies on another: what matters most first, the rest is counted.

Bars of one class that follow each other closely share a name. How wide a name is, in seconds, is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple


class Bar(NamedTuple):
    """Something that lasted: when, what, how sure (0..1), and whether it is an alarm."""

    onset_s: float
    offset_s: float
    label: str
    score: float
    is_alarm: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Bars of one class with one name.

    Attributes
    ----------
    bars
        By onset.
    label_s, label_offset_s
        Where the name begins and ends.
    """

    bars: tuple[Bar, ...]
    label_s: float
    label_offset_s: float

    @property
    def text(self) -> str:
        """The name, with the highest score of the bars."""
        return named(self.bars[0].label, max(bar.score for bar in self.bars))

    @property
    def is_alarm(self) -> bool:
        """Whether it is an alarm."""
        return self.bars[0].is_alarm

    @property
    def begin_s(self) -> float:
        """Where its first bar or its name begins."""
        return min(self.label_s, self.bars[0].onset_s)

    @property
    def end_s(self) -> float:
        """Where its last bar or its name ends."""
        return max(self.label_offset_s, *(bar.offset_s for bar in self.bars))

    @property
    def weight(self) -> tuple[bool, float]:
        """How much it matters: alarms first, then what is heard for long and for sure."""
        return self.is_alarm, sum((bar.offset_s - bar.onset_s) * bar.score for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Lanes:
    """Groups in lanes, top to bottom, and how many bars found no place."""

    lanes: tuple[tuple[Group, ...], ...]
    left_out: int


def named(label: str, score: float) -> str:
    """Return what is written at a bar."""
    return f"{label} {score:.2f}"


def laid(bars: Iterable[Bar], end_s: float, most: int, gap_s: float, width_s: Callable[[str], float]) -> Lanes:
    """Lay bars in at most `most` lanes.

    Parameters
    ----------
    bars
        In any order; what lies beyond 0..`end_s` is cut.
    end_s
        Where the lanes end.
    gap_s
        What is left free between neighbours.
    width_s
        How wide a text is.
    """
    lanes: list[list[Group]] = []
    left_out = 0
    for group in sorted(
        _grouped(bars, end_s, gap_s, width_s), key=lambda one: (one.weight, -one.begin_s), reverse=True
    ):
        free = next((lane for lane in lanes if _fits(group, lane, gap_s)), None)
        if free is None and len(lanes) < most:
            free = []
            lanes.append(free)
        if free is None:
            left_out += len(group.bars)
        else:
            free.append(group)
    return Lanes(tuple(tuple(sorted(lane, key=lambda one: one.begin_s)) for lane in lanes), left_out)


def _fits(group: Group, lane: list[Group], gap_s: float) -> bool:
    return all(group.end_s + gap_s <= one.begin_s or one.end_s + gap_s <= group.begin_s for one in lane)


def _grouped(bars: Iterable[Bar], end_s: float, gap_s: float, width_s: Callable[[str], float]) -> list[Group]:
    groups = []
    inside = [_cut(bar, end_s) for bar in bars if bar.onset_s <= end_s and bar.offset_s >= 0]
    for (_, label), of_label in groupby(sorted(inside, key=_kind), key=_kind):
        width = width_s(named(label, 0.0))  # all digits are equally wide
        together: list[Bar] = []
        busy_until = 0.0
        for bar in sorted(of_label):
            if together and bar.onset_s > busy_until + gap_s:
                groups.append(_group(together, width, end_s))
                together = []
            busy_until = max(bar.offset_s, busy_until if together else bar.onset_s + width)
            together.append(bar)
        groups.append(_group(together, width, end_s))
    return groups


def _kind(bar: Bar) -> tuple[bool, str]:
    return bar.is_alarm, bar.label


def _cut(bar: Bar, end_s: float) -> Bar:
    onset_s = max(0.0, bar.onset_s)
    return bar._replace(onset_s=onset_s, offset_s=max(onset_s, min(end_s, bar.offset_s)))


def _group(bars: list[Bar], width_s: float, end_s: float) -> Group:
    label_s = max(0.0, min(bars[0].onset_s, end_s - width_s))
    return Group(tuple(bars), label_s, label_s + width_s)
