# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Score detections: in soundscapes against the truth, in household days by their false alarms.

Recall by class and SNR with Wilson's 95 % interval; false alarms a day with Garwood's 95 % upper bound; how far onsets,
offsets and announcements lie from the truth. How a detection finds an event stands in `benchmarks.scenes.matching`.
A class with fewer than ten distinct recordings is named ``unscored``: its figures tell of those recordings alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from benchmarks.scenes.intervals import at_most_per_day, per_day, wilson
from benchmarks.scenes.matching import Matched, match, names_in
from benchmarks.scenes.truth import Detection, Played, TrueEvent

FEWEST_RECORDINGS = 10

Figures = dict[str, Any]


def score(
    truths: Sequence[Sequence[TrueEvent]],
    detections: Sequence[Sequence[Detection]],
    hours: float,
    *,
    played: Sequence[Sequence[Played]] = (),
    classes: Collection[str] = (),
) -> Figures:
    """Score soundscapes.

    Parameters
    ----------
    truths, detections
        One sequence a soundscape, both in the same order.
    hours
        Length of all soundscapes together; their false alarms are counted over it.
    played
        The distractors of each soundscape, where a detection of what they may hold shall not count as false.
    classes
        Names that stand in the result even if they neither sound nor are detected.

    Returns
    -------
    dict
        JSON-able: ``classes`` by name, ``scored`` together, ``unscored`` by name with their recordings.

    Raises
    ------
    ValueError
        The numbers of soundscapes disagree.
    """
    if len(truths) != len(detections) or len(played) not in (0, len(truths)):
        raise ValueError(f"{len(truths)} truths, {len(detections)} detections, {len(played)} played: not one for one")
    named = {*classes, *names_in(truths, detections)}
    matched = {
        name: [
            match(name, truth, found, others or ()) for truth, found, others in zip_longest(truths, detections, played)
        ]
        for name in sorted(named)
    }
    figures = {name: _of_class(rows, hours) for name, rows in matched.items()}
    scored = [name for name in figures if figures[name]["recordings"] >= FEWEST_RECORDINGS]
    return {
        "soundscapes": len(truths),
        "hours": round(hours, 3),
        "classes": figures,
        "scored": _of_class([row for name in scored for row in matched[name]], hours) | {"names": scored},
        "unscored": {name: figures[name]["recordings"] for name in figures if name not in scored},
    }


def false_alarms(
    detections: Iterable[Detection],
    hours: float,
    *,
    played: Sequence[Played] = (),
    classes: Collection[str] = (),
) -> Figures:
    """Count the false alarms of a stream without any alarm: household days, or the plain pass.

    Parameters
    ----------
    detections
        Of the whole stream.
    hours
        Its length.
    played
        What sounded: a detection of a class that a sound may hold is excused, and a false one is laid to the kind of
        the sounds at that time.
    classes
        Names that stand in the result even if they are not detected.

    Returns
    -------
    dict
        JSON-able: ``classes`` by name and ``all`` together, each with the number, the rate and its upper bound.
    """
    every = list(detections)
    named = sorted({*classes, *(one.event_class for one in every)})
    near = _Near(played)
    matched = {name: [_stream(name, every, near)] for name in named}
    return {
        "hours": round(hours, 3),
        "classes": {name: _rate(rows, hours) | {"at": _kinds(rows, near)} for name, rows in matched.items()},
        "all": _rate([row for rows in matched.values() for row in rows], hours),
    }


def _of_class(rows: Sequence[Matched], hours: float) -> Figures:
    pairs = [pair for row in rows for pair in row.found]
    events = [event for event, _ in pairs] + [event for row in rows for event in row.missed]
    groups = len({event.group for event in events})
    found = [event for event, _ in pairs]
    return {
        "recordings": groups,
        **_recall(len(pairs), len(events)),
        # Events of one recording are no independent trials: the interval as if each recording were tried once.
        "recall_95_by_recordings": wilson(round(groups * len(pairs) / len(events)), groups) if events else None,
        "by_snr_db": {
            f"{snr_db:g}": _recall(_at_snr(found, snr_db), _at_snr(events, snr_db))
            for snr_db in sorted({event.snr_db for event in events})
        },
        **_rate(rows, hours),
        "false_alarms_at_other_alarms": sum(bool(alarms) for row in rows for _, alarms in row.false),
        "repeats": sum(len(row.repeats) for row in rows),
        "onset_error_s": _errors([one.onset_s - event.onset_s for event, one in pairs]),
        "offset_error_s": _errors([one.offset_s - event.offset_s for event, one in pairs]),
        "delay_s": _delays([one.announced_s - event.onset_s for event, one in pairs]),
    }


def _recall(found: int, of: int) -> Figures:
    return {
        "events": of,
        "found": found,
        "recall": round(found / of, 4) if of else None,
        "recall_95": wilson(found, of),
    }


def _at_snr(events: Iterable[TrueEvent], snr_db: float) -> int:
    return sum(event.snr_db == snr_db for event in events)


def _rate(rows: Iterable[Matched], hours: float) -> Figures:
    counted, excused = 0, 0
    for row in rows:
        counted += len(row.false)
        excused += len(row.excused)
    return {
        "false_alarms": counted,
        "false_alarms_per_day": per_day(counted, hours),
        "false_alarms_per_day_at_most": at_most_per_day(counted, hours),
        "excused": excused,
    }


def _errors(errors_s: Sequence[float]) -> Figures | None:
    """Return the median and 95th percentile of the size, and the median with its sign (positive: too late)."""
    if not errors_s:
        return None
    return {
        "median": _rounded(np.median(np.abs(errors_s))),
        "p95": _rounded(np.percentile(np.abs(errors_s), 95)),
        "median_signed": _rounded(np.median(errors_s)),
    }


def _delays(delays_s: Sequence[float]) -> Figures | None:
    if not delays_s:
        return None
    return {"median": _rounded(np.median(delays_s)), "p95": _rounded(np.percentile(delays_s, 95))}


def _rounded(value: np.floating[Any] | float) -> float:
    return round(float(value), 3)


class _Near:
    """Finds the sounds of a long stream that a detection may have meant."""

    _STEP_S = 60.0

    def __init__(self, played: Iterable[Played]) -> None:
        self._by_step: dict[int, list[Played]] = {}
        for one in played:
            for step in range(int(one.onset_s // self._STEP_S), int(one.offset_s // self._STEP_S) + 1):
                self._by_step.setdefault(step, []).append(one)

    def at(self, detection: Detection) -> list[Played]:
        """Return what sounds in the minutes that the detection touches."""
        steps = range(int(detection.onset_s // self._STEP_S) - 1, int(detection.offset_s // self._STEP_S) + 2)
        return [one for step in steps for one in self._by_step.get(step, [])]


def _stream(name: str, detections: Iterable[Detection], near: _Near) -> Matched:
    rows = [match(name, (), [one], near.at(one)) for one in detections if one.event_class == name]
    excused = tuple(one for row in rows for one in row.excused)
    return Matched((), (), (), excused, tuple(one for row in rows for one in row.false))


def _kinds(rows: Iterable[Matched], near: _Near) -> dict[str, int]:
    """Count the kinds of sound that were there at false alarms; more than one kind may be."""
    counted: Counter[str] = Counter()
    for detection in (one for row in rows for one, _ in row.false):
        there = {
            sound.kind
            for sound in near.at(detection)
            if sound.onset_s <= detection.offset_s and sound.offset_s >= detection.onset_s
        }
        counted.update(there or {"background"})
    return dict(counted.most_common())
