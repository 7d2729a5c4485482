# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The recordings that the speech detector learns from and is measured on, sorted by what they hold.

A folder with a ``manifest.csv``, whose columns ``path``, ``audioset_labels`` (names, semicolon list), ``split`` (train
or val) and ``fold`` are used. Labels are weak: what is not named may still be in it. ``overheard.tsv`` names the
recordings not labelled as speech in which the published tagger mn04_as hears some (a score above 0.3 for Speech or one
of its kinds; a third of the crying babies): nothing is learnt from them, and they are measured apart. Screams are not
among them, for it takes many a scream for speech.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from anonymizers.base import Waveform
from anonymizers.gate.features import SAMPLE_RATE_HZ

OVERHEARD = Path(__file__).parent / "overheard.tsv"

SPEECH = frozenset(
    {
        *("Speech", "Male speech, man speaking", "Female speech, woman speaking", "Child speech, kid speaking"),
        *("Conversation", "Narration, monologue", "Whispering"),
    }
)
SINGING = frozenset({"Singing", "Male singing", "Female singing", "Choir", "Chant", "Humming", "Rapping"})
UNSURE = frozenset(
    {
        *("Crowd", "Hubbub, speech noise, speech babble", "Children playing", "Children shouting", "Cheering"),
        *("Laughter", "Shout", "Yell", "Whoop", "Battle cry", "Radio", "Television", "Inside, public space"),
    }
)
"""Voices may be in these, with or without words: nothing is learnt from them."""

ALARMS = {
    "glass_break": {"Shatter", "Breaking"},
    "scream": {"Screaming"},
    "gunshot": {"Gunshot, gunfire", "Machine gun"},
    "explosion": {"Explosion", "Boom"},
    "fire": {"Fire", "Crackle"},
    "smoke_alarm": {"Smoke detector, smoke alarm", "Fire alarm"},
    "baby_cry": {"Baby cry, infant cry", "Crying, sobbing"},
    "crash": {"Smash, crash"},
    "distress": {"Groan", "Whimper", "Gasp"},
    "siren": {"Siren", "Police car (siren)"},
    "doorbell": {"Doorbell"},
    "knock": {"Knock"},
    "dog_bark": {"Bark", "Dog"},
    "car_alarm": {"Car alarm"},
}
"""What makes each kind of alarm; a clip counts for the first that fits."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """A recording in memory.

    Attributes
    ----------
    waveform
        float32, shape (n,), mono, 16 000 Hz, within -1..1.
    kind
        ``speech``, ``singing``, ``unsure``, the name of an alarm, or ``other``.
    source
        Collection and class folder, such as ``esc10/rain``.
    name
        File name without folders.
    split, fold
        As in the manifest.
    is_overheard
        Whether a tagger hears speech in what is not labelled as speech.
    """

    waveform: Waveform
    kind: str
    source: str
    name: str
    split: str
    fold: int
    is_overheard: bool = False


def read(folder: Path) -> list[Sound]:
    """Read every recording of the folder's manifest.

    Raises
    ------
    ValueError
        One is not of 16 000 Hz.
    """
    found = []
    overheard = {line.partition("\t")[0] for line in OVERHEARD.read_text(encoding="utf-8").splitlines()[1:]}
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            path = Path(row["path"])
            samples, rate_hz = soundfile.read(folder / path, dtype="float32", always_2d=True)
            if rate_hz != SAMPLE_RATE_HZ:
                raise ValueError(f"{path.name} has {rate_hz} Hz, expected {SAMPLE_RATE_HZ}")
            waveform = np.clip(samples.mean(axis=1), -1.0, 1.0).astype(np.float32)
            labels = frozenset(row["audioset_labels"].split(";"))
            source = f"{path.parts[1]}/{path.parts[2]}"
            kind, fold = kind_of(labels), int(row["fold"])
            found.append(Sound(waveform, kind, source, path.name, row["split"], fold, path.name in overheard))
    return [sound for sound in found if sound.waveform.size]


def is_held_out(sound: Sound) -> bool:
    """Return whether it is kept for choosing the threshold: fold 4 of the train split."""
    return sound.split == "train" and sound.fold == 4


def kind_of(labels: frozenset[str]) -> str:
    """Say what a clip with these AudioSet labels counts as."""
    for kind, members in (("speech", SPEECH), ("singing", SINGING), ("unsure", UNSURE), *ALARMS.items()):
        if labels & members:
            return kind
    return "other"
