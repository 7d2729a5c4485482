# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Undo the 1 s shuffle: put segments into the order in which their edges continue each other best.

As in benchmarks/privacy_baseline.py, for sound of any length: the shorter last segment may have come to lie anywhere,
so every place is tried, and the one is taken whose borders break the sound most. Orders are searched exactly
(R. Bellman, J. ACM 9 (1), 1962).
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from benchmarks.privacy_baseline import AHEAD, CONTEXT, surprise
from model.tagger import SAMPLE_RATE_HZ, Waveform

SEGMENT = SAMPLE_RATE_HZ
MOST = 12
UNLIKELY = 50.0


def unshuffle(sound: Waveform) -> Waveform:
    """Return the sound in its likeliest order, float32, as long as it was."""
    whole, rest = divmod(sound.size, SEGMENT)
    if whole + bool(rest) < 2 or whole > MOST:
        return sound
    place = max(range(whole + 1), key=lambda one: breaks(sound, whole, rest, one)) if rest else 0
    segments = cut(sound, whole, rest, place)
    return np.concatenate([segments[index] for index in order_of(segments, fixed_end=bool(rest))])


def breaks(sound: Waveform, whole: int, rest: int, place: int) -> float:
    """Return how badly the sound goes on, as it came, over the borders that this place of the short segment means."""
    exact = sound.astype(np.float64)
    borders = np.cumsum(lengths_of(whole, rest, place))[:-1]
    within = [one for one in borders if one >= CONTEXT and one + AHEAD <= sound.size]
    return float(np.mean([surprise(exact[:one], exact[one:]) for one in within])) if within else -np.inf


def lengths_of(whole: int, rest: int, place: int) -> list[int]:
    """Return the lengths of the segments in the order they came in."""
    lengths = [SEGMENT] * whole
    if rest:
        lengths.insert(place, rest)
    return lengths


def cut(sound: Waveform, whole: int, rest: int, place: int) -> list[Waveform]:
    """Cut into segments, the short one at this place; it comes last in the list."""
    pieces = np.split(sound, np.cumsum(lengths_of(whole, rest, place))[:-1])
    return [*pieces[:place], *pieces[place + 1 :], pieces[place]] if rest else pieces


def order_of(segments: list[Waveform], *, fixed_end: bool) -> list[int]:
    """Return the order in which the segments continue each other best."""
    count = len(segments)
    exact = [segment.astype(np.float64) for segment in segments]
    cost = np.full((count, count), UNLIKELY)
    for first, second in itertools.permutations(range(count), 2):
        if exact[first].size >= CONTEXT and exact[second].size >= AHEAD:
            cost[first, second] = surprise(exact[first], exact[second])
    return shortest_path(cost, count - 1 if fixed_end else None)[1]


def shortest_path(cost: NDArray[np.float64], end: int | None) -> tuple[float, list[int]]:
    """Return the mean step and the order of the cheapest path through all, shape (n, n), to `end` if there is one."""
    count = len(cost)
    best: dict[tuple[int, int], tuple[float, list[int]]] = {(1 << one, one): (0.0, [one]) for one in range(count)}
    for size in range(2, count + 1):
        for chosen in itertools.combinations(range(count), size):
            members = sum(1 << one for one in chosen)
            for last in chosen:
                before = [(best[members ^ 1 << last, one], one) for one in chosen if one != last]
                total, path = min((found[0] + cost[one, last], found[1]) for found, one in before)
                best[members, last] = (total, [*path, last])
    every = (1 << count) - 1
    total, path = min(best[every, last] for last in ([end] if end is not None else range(count)))
    return total / max(1, count - 1), path
