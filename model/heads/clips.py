# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The labelled recordings, and what each means to each kind of alarm: it is one, it is none, or nobody knows.

Labels are weak: a missing one is unknown. `ALARMS` therefore says for each kind which labels make a recording one,
and which make it doubtful: those recordings neither teach nor count as negatives in fitting.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.evaluation.alarms import GROUPS
from model.labels import CLASS_COUNT, find, index_of
from model.recordings import load
from model.tagger import WINDOW_SAMPLES, Waveform

NEGATIVE, POSITIVE, UNKNOWN = 0, 1, -1

Status = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Clip:
    """One row of the manifest.

    Attributes
    ----------
    path
        The sound file.
    labels
        Names of the AudioSet classes that it is labelled with; none for a background.
    split
        ``train`` or ``val``.
    group, source
        The recording that it was cut from, and the collection that this came from.
    fold
        1 to 5; a group lies in one.
    part
        The part of the pack.
    """

    path: Path
    labels: frozenset[str]
    split: str
    group: str
    source: str
    fold: int
    part: str

    def waveform(self) -> Waveform:
        """Decode its first 10 s."""
        return load(self.path)[:WINDOW_SAMPLES]


@dataclass(frozen=True, slots=True)
class Alarm:
    """What makes a recording an alarm of one kind: any label of `any_of`, or all labels of `all_of`, none of `but`.

    A recording with a label of `doubtful` that is not one is left out of the fitting.
    """

    any_of: tuple[str, ...]
    all_of: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()

    def status(self, labels: frozenset[str]) -> int:
        """Return POSITIVE, NEGATIVE or UNKNOWN."""
        wanted = not labels.isdisjoint(self.any_of) or (bool(self.all_of) and labels.issuperset(self.all_of))
        if wanted and labels.isdisjoint(self.but):
            return POSITIVE
        return UNKNOWN if wanted or not labels.isdisjoint(self.doubtful) else NEGATIVE


_SHOTS = ("Gunshot, gunfire", "Machine gun", "Fusillade", "Artillery fire")
_VOICES = ("Shout", "Yell", "Whoop", "Battle cry", "Children shouting", "Children playing", "Groan")

ALARMS: Mapping[str, Alarm] = {
    "glass_break": Alarm(("Shatter",), ("Breaking", "Glass"), doubtful=("Breaking", "Smash, crash", "Crack")),
    "scream": Alarm(("Screaming",), doubtful=(*_VOICES, "Wail, moan", "Whimper", "Cheering", "Crowd")),
    "gunshot": Alarm(_SHOTS, doubtful=("Cap gun",)),
    "explosion": Alarm(("Explosion", "Boom"), but=_SHOTS),
    "fire": Alarm(("Fire", "Crackle")),
    "smoke_alarm": Alarm(("Smoke detector, smoke alarm", "Fire alarm"), doubtful=("Alarm", "Buzzer")),
    "baby_cry": Alarm(("Baby cry, infant cry",), doubtful=("Crying, sobbing", "Whimper", "Child speech, kid speaking")),
    "crash": Alarm(
        ("Smash, crash", "Skidding", "Tire squeal", "Bang", "Thump, thud"),
        doubtful=("Slam", "Explosion", "Breaking", "Shatter", "Clatter", "Whack, thwack", "Thunk", *_SHOTS),
    ),
    "distress": Alarm(
        ("Shout", "Yell", "Groan", "Crying, sobbing"),
        but=("Baby cry, infant cry",),
        doubtful=("Screaming", "Whimper", "Cheering", "Crowd", *_VOICES),
    ),
    "siren": Alarm(("Siren",), doubtful=("Alarm",)),
    "doorbell": Alarm(("Doorbell",), doubtful=("Chime", "Ding", "Buzzer")),
    "knock": Alarm(("Knock",), doubtful=("Tap", "Hammer", "Whack, thwack")),
    "dog_bark": Alarm(("Bark",), doubtful=("Dog", "Canidae, dogs, wolves")),
    "car_alarm": Alarm(("Car alarm",), doubtful=("Alarm",)),
}


def read_clips(folder: Path) -> list[Clip]:
    """Read `folder`/manifest.csv, in its order.

    Raises
    ------
    FileNotFoundError, KeyError
        There is no manifest; or a column or a class is missing.
    """
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        return [_clip(folder, row) for row in csv.DictReader(stream)]


def _clip(folder: Path, row: Mapping[str, str]) -> Clip:
    labels = frozenset(name for name in row["audioset_labels"].split(";") if name)
    for name in labels:
        if find(name) is None:
            raise KeyError(name)
    source = Path(row["path"]).parts[1]
    return Clip(folder / row["path"], labels, row["split"], row["group"], source, int(row["fold"]), row["part"])


def status(labels: frozenset[str]) -> Status:
    """Say what a recording with these labels means to each of `ALARMS`: int8, shape (k,)."""
    return np.array([alarm.status(labels) for alarm in ALARMS.values()], np.int8)


def members() -> NDArray[np.bool_]:
    """Return the AudioSet classes that make up each of `ALARMS`: bool, shape (k, 527)."""
    table = np.zeros((len(ALARMS), CLASS_COUNT), np.bool_)
    for row, name in zip(table, ALARMS, strict=True):
        row[[index_of(mid) for mid in GROUPS[name]]] = True
    return table
