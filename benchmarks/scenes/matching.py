# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which detection found which true event, and what the other detections were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.scenes.truth import Detection, Played, TrueEvent

COLLAR_S = 1.0


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of the events and detections of one class in one soundscape.

    Attributes
    ----------
    found
        Each event that was found, with the detection that found it.
    missed
        Events without one.
    repeats
        Further detections of an event that was found already: a nuisance, not a false alarm.
    excused
        Detections at a sound that is or may be of their class besides its own: neither right nor wrong.
    false
        All the others, with the alert classes of the alarms that sounded meanwhile, if any.
    """

    found: tuple[tuple[TrueEvent, Detection], ...]
    missed: tuple[TrueEvent, ...]
    repeats: tuple[Detection, ...]
    excused: tuple[Detection, ...]
    false: tuple[tuple[Detection, tuple[str, ...]], ...]


def match(
    event_class: str, truth: Sequence[TrueEvent], detections: Sequence[Detection], played: Sequence[Played] = ()
) -> Matched:
    """Match the events and detections of one class.

    A detection can find an event when it overlaps the event's span, widened by a collar of 1 s at both ends. Events are
    served in order of their onset, each by the first such detection to end that is still free; each detection serves
    one event.
    """
    events = sorted((one for one in truth if one.event_class == event_class), key=lambda one: one.onset_s)
    free = sorted((one for one in detections if one.event_class == event_class), key=lambda one: one.offset_s)
    found, missed = [], []
    for event in events:
        server = next((one for one in free if overlap(one, event)), None)
        if server is None:
            missed.append(event)
        else:
            free.remove(server)
            found.append((event, server))
    repeats = [one for one in free if any(overlap(one, event) for event in events)]
    others = [one for one in free if one not in repeats]
    doubtful: list[TrueEvent | Played] = [
        *(one for one in truth if event_class in one.may_hold),
        *_holding(event_class, played),
    ]
    excused = [one for one in others if any(overlap(one, sound) for sound in doubtful)]
    false = [(one, _alarms_at(one, truth)) for one in others if one not in excused]
    return Matched(tuple(found), tuple(missed), tuple(repeats), tuple(excused), tuple(false))


def overlap(detection: Detection, sound: TrueEvent | Played) -> bool:
    """Say whether a detection overlaps a sound widened by the collar at both ends."""
    return detection.onset_s <= sound.offset_s + COLLAR_S and detection.offset_s >= sound.onset_s - COLLAR_S


def names_in(truths: Iterable[Iterable[TrueEvent]], detections: Iterable[Iterable[Detection]]) -> set[str]:
    """Return the classes that sound or are detected in any soundscape."""
    sounding = {event.event_class for truth in truths for event in truth}
    return sounding | {one.event_class for row in detections for one in row}


def _holding(event_class: str, played: Iterable[Played]) -> list[Played]:
    return [one for one in played if event_class in one.may_hold]


def _alarms_at(detection: Detection, truth: Iterable[TrueEvent]) -> tuple[str, ...]:
    return tuple(sorted({event.event_class for event in truth if overlap(detection, event)}))
