# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How well unusual sound is told: false alarms a day and events found, in composed households' weeks.

``python -m benchmarks.unusual`` hears the weeks first if need be (`benchmarks.events.weeks`; an hour or more), and
writes ``results/unusual.json``; with ``--heard`` it measures those that were heard whole. The numbers of the detector
were chosen on the households `CHOSEN_ON` (all on the first, how fast the tail is set right on both), so these stand
apart. All figures are from the third day on.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytic.events.classes import below
from analytic.events.judging import Look
from analytic.events.policy import Policy
from analytic.events.rules import Rule
from analytic.events.state import State
from analytic.events.unusual import UnusualSettings, Usual, When
from benchmarks import report
from benchmarks.events import weeks
from benchmarks.events.plan import BUNDLED, PUBLISHED
from benchmarks.events.weeks import DAY_S, HOUSEHOLDS, WINDOW_S, HeardDay, Household
from benchmarks.scenes.intervals import at_most_per_day, per_day, wilson
from benchmarks.scenes.week import PLANTED_SNR_DB
from model.heads.alarm import sigmoid

CHOSEN_ON = HOUSEHOLDS[:2]
WANTED_PER_DAY = (0.3, 1.0, 3.0, 10.0)
LEARNING_DAYS = 2
BASELINE_FROM = (0.0, 0.2, 0.4)  # the highest class's least score
_SOME_MONDAY = 738_000
_RULE = Rule(
    "unusual", (0,), window_s=WINDOW_S, hop_s=WINDOW_S, off=below(0.5), release_s=10.0, cool_down_s=600.0, lag_s=0.0
)
_ODD_HOURS = 60  # sounds of the day that are tried at night
_LOUD = 0.3

Judge = Callable[[When, NDArray[np.float32], bool], float]


@dataclass(slots=True)
class Found:
    """What became of one household: days heard, and (found, SNR in dB) of what was tried or planted, by kind."""

    hours: float = 0.0
    false: list[tuple[str, ...]] = field(default_factory=list)
    tried: list[tuple[bool, float, str]] = field(default_factory=list)
    planted: list[tuple[bool, float, str]] = field(default_factory=list)
    at_odd_hours: list[bool] = field(default_factory=list)
    ms: float = 0.0


def usual(settings: UnusualSettings) -> Judge:
    """Return the detector."""
    state = Usual()

    def judge(when: When, scores: NDArray[np.float32], learns: bool) -> float:
        return state.hear(when, scores, settings) if learns else state.judge(when, scores, settings)

    return judge


def new_top_class(least: float = 0.0) -> Judge:
    """Return the baseline: the highest class was never the highest before the last minute, and scores enough."""
    seen: dict[int, float] = {}

    def judge(when: When, scores: NDArray[np.float32], learns: bool) -> float:
        now_s, top = DAY_S * when.day + when.second, int(scores.argmax())
        first_s = seen.setdefault(top, now_s) if learns else seen.get(top, now_s)
        return float(now_s - first_s < 60.0 and scores[top] >= least)

    return judge


def measure(household: Household, judge: Judge) -> Found:
    """Run a detector over a household."""
    found, policy, state = Found(), Policy([_RULE]), State()
    daytime: list[NDArray[np.float32]] = []
    random = np.random.default_rng(household.seed)
    began = time.process_time()
    windows = 0
    for number, day in enumerate(weeks.kept(household)):
        counts, starts = number >= LEARNING_DAYS, []
        scores = sigmoid(day.windows.logits.astype(np.float32))
        tries = _Tries(day)
        odd = _odd_hours(random, day, daytime) if counts else {}
        for place, stop_s in enumerate(day.windows.stops_s.tolist()):
            when = _when(stop_s)
            tries.judge(stop_s, judge)
            if place in odd:
                found.at_odd_hours.append(judge(when, odd[place], False) >= _RULE.on)
            score = np.array([judge(when, scores[place], True)], np.float32)
            look = Look(stop_s - WINDOW_S, stop_s, WINDOW_S, False, score, scores[place])
            step = policy.step(state, look)
            state = step.state
            starts += [stop_s for one in step.transitions if one.phase == "start"]
        windows += len(scores) + tries.windows
        daytime += _loud(day, scores)
        if counts:
            _count(found, day, starts, tries)
    found.ms = (time.process_time() - began) * 1e3 / max(windows, 1)
    return found


class _Tries:
    """The events that are tried on a day: each is judged just before the window that ends when one of its own does."""

    def __init__(self, day: HeardDay) -> None:
        self._stops = day.tried_windows.stops_s
        self._scores = sigmoid(day.tried_windows.logits.astype(np.float32))
        self._of = day.tried_of
        self._next = 0
        self.windows = len(self._stops)
        self.found = np.zeros(len(day.tried), bool)

    def judge(self, until_s: float, judge: Judge) -> None:
        while self._next < self.windows and self._stops[self._next] <= until_s:
            score = judge(_when(float(self._stops[self._next])), self._scores[self._next], False)
            self.found[self._of[self._next]] |= score >= _RULE.on
            self._next += 1


def _count(found: Found, day: HeardDay, starts: Sequence[float], tries: _Tries) -> None:
    found.hours += 24.0
    for event in day.truth:
        hit = any(event.onset_s <= stop_s <= event.offset_s + WINDOW_S for stop_s in starts)
        found.planted.append((hit, event.snr_db, event.kind))
    for hit, event in zip(tries.found.tolist(), day.tried, strict=True):
        found.tried.append((hit, event.snr_db, event.kind))
    for stop_s in starts:
        if any(event.onset_s <= stop_s <= event.offset_s + WINDOW_S for event in day.truth):
            continue
        here = {one.kind for one in day.played if one.onset_s < stop_s and one.offset_s > stop_s - WINDOW_S}
        found.false.append(tuple(sorted(here)) or ("background",))


def _odd_hours(
    random: np.random.Generator, day: HeardDay, daytime: Sequence[NDArray[np.float32]]
) -> dict[int, NDArray[np.float32]]:
    """Return sounds of earlier days' daytime, by the place of a window between 1 and 4 in the night."""
    stops = day.windows.stops_s % DAY_S
    night = np.flatnonzero((stops > 3600) & (stops < 4 * 3600))
    places = random.choice(night, _ODD_HOURS // 5, replace=False).tolist()
    return {place: daytime[int(random.integers(len(daytime)))] for place in places}


def _loud(day: HeardDay, scores: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    stops = day.windows.stops_s % DAY_S
    return list(scores[(stops > 9 * 3600) & (stops < 20 * 3600) & (scores.max(axis=1) > _LOUD)][::20])


def _when(stop_s: float) -> When:
    day, second = divmod(stop_s, DAY_S)
    return When(_SOME_MONDAY + int(day), second)


def figures(all_found: Sequence[Found]) -> dict[str, Any]:
    """Return what is reported of some households together."""
    hours = sum(one.hours for one in all_found)
    false = [kinds for one in all_found for kinds in one.false]
    tried = [row for one in all_found for row in one.tried]
    planted = [row for one in all_found for row in one.planted]
    odd = [hit for one in all_found for hit in one.at_odd_hours]
    return {
        "days": hours / 24,
        "false_alarms": len(false),
        "false_alarms_per_day": per_day(len(false), hours),
        "at_most_per_day": at_most_per_day(len(false), hours),
        "false_alarms_at": dict(Counter(kind for kinds in false for kind in kinds).most_common()),
        "tried": _share([hit for hit, *_ in tried]),
        "tried_by_snr_db": {
            f"{snr_db:g}": _share([hit for hit, of, _ in tried if of == snr_db]) for snr_db in PLANTED_SNR_DB
        },
        "tried_by_kind": {
            kind: _share([hit for hit, _, of in tried if of == kind]) for kind in sorted({of for *_, of in tried})
        },
        "planted": _share([hit for hit, *_ in planted]),
        "familiar_sound_at_an_odd_hour": _share(odd),
    }


def _share(hits: Sequence[bool]) -> dict[str, Any]:
    found = sum(hits)
    share = round(found / len(hits), 4) if hits else None
    return {"found": found, "of": len(hits), "share": share, "interval": wilson(found, len(hits))}


def detectors() -> Iterator[tuple[str, Callable[[], Judge]]]:
    """Yield what is measured."""
    for wanted in WANTED_PER_DAY:
        settings = UnusualSettings(wanted)
        yield f"unusual_per_day_{wanted:g}", lambda settings=settings: usual(settings)  # type: ignore[misc]
    for least in BASELINE_FROM:
        yield f"new_top_class_from_{least:g}", lambda least=least: new_top_class(least)  # type: ignore[misc]


def main() -> None:
    """Hear, measure, write and print."""
    if "--heard" not in sys.argv[1:]:
        weeks.main()
    heard = [one for one in HOUSEHOLDS if weeks.is_kept(one)]
    groups = {
        "chosen_on": [one for one in heard if one in CHOSEN_ON],
        "mn04_as": [one for one in heard if one.tagger == PUBLISHED and one not in CHOSEN_ON],
        "hearken_small": [one for one in heard if one.tagger == BUNDLED],
    }
    result: dict[str, Any] = {
        "households": {name: [one.name for one in group] for name, group in groups.items()},
        "learning_days": LEARNING_DAYS,
        "window_s": WINDOW_S,
        "hop_s": weeks.STRIDE.hop / 16_000,
        "state_bytes": sum(array.nbytes for array in Usual().arrays().values()),
    }
    for name, group in groups.items():
        result[name] = {}
        if not group:
            continue
        for detector, make in detectors():
            measured = [measure(one, make()) for one in group]
            result[name][detector] = {**figures(measured), "ms_a_window": round(max(one.ms for one in measured), 3)}
            row = result[name][detector]
            print(name, detector, row["false_alarms_per_day"], row["tried"]["share"], flush=True)
    report.write("unusual", result)


if __name__ == "__main__":
    main()
