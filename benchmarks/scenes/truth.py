# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What truly sounds, and what was detected: the words that the generator, the runner and the scoring share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from model.tagger import Waveform

UNUSUAL = "unusual"  # the event class of a sound that the household never made before


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """An event that should be found.

    Attributes
    ----------
    event_class
        Name of the alert class, or `UNUSUAL`.
    onset_s, offset_s
        Begin and end of its audible part, seconds from the begin of the stream.
    snr_db
        Its level over that of all that sounds at the same time (`benchmarks.scenes.levels.snr_db`).
    group
        The recording that its clip was cut from.
    path
        The clip, relative to the pack.
    may_hold
        Further alert classes that the same sound is or may be (a gunshot is an explosion too): a detection of these
        is neither right nor wrong.
    kind
        Of an `UNUSUAL` event: what it is, such as ``glass_break`` or ``tools``.
    """

    event_class: str
    onset_s: float
    offset_s: float
    snr_db: float
    group: str
    path: str
    may_hold: frozenset[str] = frozenset()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """A sound that is no alarm.

    Attributes
    ----------
    kind
        Such as ``speech`` or ``kitchen`` (`benchmarks.scenes.kinds`).
    onset_s, offset_s
        Where it lies, seconds from the begin of the stream.
    level_dbfs
        Its level over its audible part.
    group, path
        The recording, and the clip relative to the pack.
    may_hold
        Alert classes, other than those asked for, that it is or may be: a detection of these is not false.
    """

    kind: str
    onset_s: float
    offset_s: float
    level_dbfs: float
    group: str
    path: str
    may_hold: frozenset[str] = frozenset()


class Detection(NamedTuple):
    """What a detector said: class, span, score 0..1, and when it could say so; seconds from the begin of the stream."""

    event_class: str
    onset_s: float
    offset_s: float
    score: float
    announced_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Soundscape:
    """A waveform, float32, shape (n,), mono, 16 000 Hz, within -1..1, and all that sounds in it.

    `classes` are the alert classes that were asked for; `background` is the kind of its background.
    """

    waveform: Waveform
    truth: tuple[TrueEvent, ...]
    distractors: tuple[Played, ...]
    classes: tuple[str, ...]
    background: str


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The next stretch of an endless stream: float32, shape (n,), mono, 16 000 Hz, within -1..1.

    Attributes
    ----------
    waveform
        60 s of sound; the last block of a stream may be shorter.
    start_s
        Seconds from the begin of the stream; blocks follow each other without a gap.
    hour
        Hour of the day at its begin, 0..23.
    played
        The sounds that begin in this block, times from the begin of the stream.
    truth
        The planted events that begin in this block, likewise (only in `household_week`).
    """

    waveform: Waveform
    start_s: float
    hour: int
    played: tuple[Played, ...] = ()
    truth: tuple[TrueEvent, ...] = ()
