# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Operating points: for each class the threshold that a number of false alarms a day allows.

A class's curve is made by running its rule over all streams at one threshold after another, from the highest down.
False alarms a day are those of the household days; the plain pass, which is far louder and fuller than a home, only
bounds them. A point is the lowest threshold within its bounds, or where a word asks for it a margin above that.
Every alarm counts, however many there were of late: what habituation saves comes on top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytic.events.policy import Policy
from benchmarks.events.detect import EVERY, detect, rules, without_habituation
from benchmarks.events.streams import KINDS, Kind, Stream
from benchmarks.events.windows import Windows
from benchmarks.scenes.matching import match
from benchmarks.scenes.scoring import false_alarms
from model.heads.points import OperatingPoint, off_of

# False alarms a day on household days that each word allows. None: not one in all of the material.
ALLOWED: Mapping[str, float] = {"very_low": 0.0, "low": 0.5, "medium": 1.0, "high": 4.0, "very_high": 16.0}
# ... and on the plain pass, where every hour holds some 800 recordings, an hour.
ALLOWED_PLAIN: Mapping[str, float] = {"very_low": 0.5, "low": 2.0, "medium": 4.0, "high": 12.0, "very_high": 40.0}
STEP = 0.25
LOGITS = np.arange(6.0, -5.01, -STEP)
# How far above its threshold a word lies, log odds: none in the material is not none at home. Tried within the
# calibration folds, three against the fourth: this takes false alarms on the fourth from 0.6 to below 0.1 a day and
# class, in the median of five tries.
MARGIN: Mapping[str, float] = {"very_low": 0.75}
WITHOUT_MARGIN = ("fire", "smoke_alarm")  # to miss one is worse than to raise one too many

Scores = NDArray[np.float32]
Heard = Sequence[tuple[Stream, Windows, Scores]]


@dataclass(frozen=True, slots=True)
class Place:
    """One threshold of a class, and what it gives.

    Attributes
    ----------
    on
        The threshold.
    per_day
        False alarms on household days.
    plain_per_hour
        ... and on the plain pass, an hour.
    found, events
        Of the events of all soundscapes.
    """

    on: float
    per_day: float
    plain_per_hour: float
    found: int
    events: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What one threshold of a class gives in each stream, by the stream's name: false alarms, found, events."""

    on: float
    by_stream: Mapping[str, tuple[int, int, int]]


def tallies(name: str, heard: Heard) -> list[Tally]:
    """Run a class's rule, without habituation, over streams with class scores, from the highest threshold down."""
    column = EVERY.index(name)
    mine = [(stream, windows, scores[:, [column]]) for stream, windows, scores in heard]
    found: list[Tally] = []
    for logit in LOGITS.tolist():
        on = 1 / (1 + float(np.exp(-logit)))
        policy = Policy(without_habituation(rules({name: (on, off_of(on))})))
        found.append(
            Tally(on, {stream.name: _tally(name, policy, stream, windows, scores) for stream, windows, scores in mine})
        )
        (place,) = curve(found[-1:], heard)
        if place.per_day > 2 * ALLOWED["very_high"] or place.plain_per_hour > 2 * ALLOWED_PLAIN["very_high"]:
            break
    return found


def _tally(name: str, policy: Policy, stream: Stream, windows: Windows, scores: Scores) -> tuple[int, int, int]:
    detections = detect(policy, windows, scores)
    if stream.kind == "scenes":
        matched = match(name, windows.truth, detections, windows.played)
        return 0, len(matched.found), len(matched.found) + len(matched.missed)
    counted = false_alarms(detections, windows.seconds / 3600, played=windows.played, classes=(name,))
    return counted["classes"][name]["false_alarms"], 0, 0


def curve(found: Sequence[Tally], heard: Heard) -> list[Place]:
    """Return the curve of a class over some of the streams that were tallied."""
    hours = {kind: sum(windows.seconds for stream, windows, _ in heard if stream.kind == kind) / 3600 for kind in KINDS}
    return [_place(tally, heard, hours) for tally in found]


def _place(tally: Tally, heard: Heard, hours: Mapping[Kind, float]) -> Place:
    false = dict.fromkeys(KINDS, 0)
    found = events = 0
    for stream, _, _ in heard:
        wrong, right, there = tally.by_stream[stream.name]
        false[stream.kind] += wrong
        found, events = found + right, events + there
    return Place(
        on=tally.on,
        per_day=false["household"] * 24 / hours["household"] if hours["household"] else 0.0,
        plain_per_hour=false["plain"] / hours["plain"] if hours["plain"] else 0.0,
        found=found,
        events=events,
    )


def points(name: str, places: Sequence[Place]) -> dict[str, OperatingPoint]:
    """Return a class's operating points by sensitivity: each the lowest threshold within bounds, a margin above.

    The curve is read from above, and left where it first passes the bounds.
    """
    chosen = {}
    for word, allowed in ALLOWED.items():
        within = []
        for place in places:
            if place.per_day > allowed or place.plain_per_hour > ALLOWED_PLAIN[word]:
                break
            within.append(place)
        margin = 0 if name in WITHOUT_MARGIN else round(MARGIN.get(word, 0.0) / STEP)
        place = within[max(0, len(within) - 1 - margin)] if within else places[0]
        chosen[word] = OperatingPoint(
            on=round(place.on, 6),
            off=round(off_of(place.on), 6),
            false_alarms_per_day=round(place.per_day, 3),
            recall=round(place.found / place.events, 4) if place.events else None,
        )
    return chosen
