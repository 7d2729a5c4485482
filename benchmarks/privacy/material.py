# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Who says what to whom: which voices are the attacker's, what is on file, what is on trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from benchmarks.pack import pack_folder, recordings, waveform
from benchmarks.privacy.clips import MAIN, SENTENCE_S, Condition, at_level, in_clip
from benchmarks.privacy.sentences import DIGITS, SENTENCES, pins, spoken
from benchmarks.privacy.synthesis import halves, say, voices
from model.tagger import SAMPLE_RATE_HZ, Waveform

PIN_S = 4.0
DIGIT_S = 1.2
HALF_S = 4.5
Hide = Callable[[Waveform], Waveform]


class Size(NamedTuple):
    """How much is measured."""

    voices: int
    known: int
    trials: int
    few_trials: int
    transcribed: int
    pins: int
    repeated: int
    natural: int
    alarms_a_class: int
    other_clips: int


WHOLE = Size(40, 10, 4, 2, 10, 100, 20, 80, 8, 160)
QUICK = Size(40, 10, 1, 1, 0, 0, 0, 0, 0, 0)


class Said(NamedTuple):
    """A voice, and which sentence it says."""

    voice: int
    sentence: int


@dataclass(frozen=True)
class Spoken:
    """Synthetic speech: the attacker's recordings, recordings on file, and those on trial.

    Attributes
    ----------
    theirs, ours
        Voices of the attacker, and of those it is after.
    known, filed, tried
        What they say: the attacker's voices; ours on file; ours on trial.
    """

    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    known: tuple[Said, ...]
    filed: tuple[Said, ...]
    tried: tuple[Said, ...]

    @classmethod
    def of(cls, size: Size) -> Spoken:
        """Deal out sentences: each voice on trial says others than it says on file.

        Raises
        ------
        EspeakMissing
            Nobody can speak here.
        """
        theirs, ours = halves(voices(size.voices))
        count = len(SENTENCES)
        known = [Said((3 * s + k) % len(theirs), s) for s in range(count) for k in range(size.known)]
        tried = [Said(v, (v + 5 * k) % count) for k in range(size.trials) for v in range(len(ours))]
        filed = [Said(v, (v + 2 + 5 * k) % count) for k in range(4) for v in range(len(ours))]
        return cls(tuple(theirs), tuple(ours), tuple(known), tuple(filed), tuple(tried))

    @property
    def each(self) -> int:
        """How many of the attacker's recordings there are of a sentence; they stand together."""
        return len(self.known) // len(SENTENCES)

    def clips(self, which: str, condition: Condition = MAIN, most: int | None = None) -> list[Waveform]:
        """Return `known`, `filed` or `tried` as clips of 6 s."""
        said: Sequence[Said] = getattr(self, which)
        return [self.clip(which, index, condition) for index in range(len(said[:most]))]

    def clip(self, which: str, index: int, condition: Condition = MAIN) -> Waveform:
        """Return one of them."""
        names = self.theirs if which == "known" else self.ours
        seed = {"known": 1_000_000, "filed": 2_000_000, "tried": 3_000_000}[which]
        one: Said = getattr(self, which)[index]
        speech = at_level(say(SENTENCES[one.sentence], names[one.voice]), condition)
        return in_clip(speech, SENTENCE_S, seed + index)

    def pins(self, count: int) -> list[tuple[str, Waveform]]:
        """Return PINs that our voices say."""
        return [
            (pin, in_clip(at_level(say(spoken(pin), self.ours[index % len(self.ours)]), MAIN), PIN_S, index))
            for index, pin in enumerate(pins(count))
        ]

    def digits(self, most: int = 6) -> list[list[Waveform]]:
        """Return all ten digits as each of some of the attacker's voices says them."""
        return [
            [
                in_clip(at_level(say(digit, voice), MAIN), DIGIT_S, 10 * index + number)
                for number, digit in enumerate(DIGITS)
            ]
            for index, voice in enumerate(self.theirs[:most])
        ]


class Natural(NamedTuple):
    """Natural speech: two pieces of the same recording by each of many people.

    Attributes
    ----------
    known
        The attacker's people: a list of (person, sound).
    filed, tried
        Others: one sound each on file, one on trial, in the same order.
    source
        What it is.
    """

    known: list[tuple[int, Waveform]]
    filed: list[Waveform]
    tried: list[Waveform]
    source: str


def natural(size: Size, folder: Path | None = None) -> Natural | None:
    """Return LibriSpeech of the pack, or a folder with a folder of sound files a person; None where there is neither.

    Two pieces come from one recording, so that room and microphone help the attacker: this overstates the leak.
    """
    if size.natural == 0:
        return None
    if folder is not None:
        people = [_two_halves(_read(sorted(one.iterdir()))) for one in sorted(folder.iterdir()) if one.is_dir()]
        whole = [one for one in people if one is not None]
        half = len(whole) // 2
        return _natural(whole[:half], whole[half:], "a folder of your own")
    pack = pack_folder()
    if pack is None:
        return None
    speech = [one for one in recordings(pack) if one.collection == "librispeech"]
    found: dict[str, list[tuple[Waveform, Waveform]]] = {"train": [], "val": []}
    for one in speech:
        if one.split == "val" or len(found["train"]) < size.natural:
            pair = _two_halves(waveform(one))
            found[one.split] += [pair] if pair is not None else []
    return _natural(found["train"], found["val"], "LibriSpeech, validation split")


def _natural(
    theirs: list[tuple[Waveform, Waveform]], ours: list[tuple[Waveform, Waveform]], source: str
) -> Natural | None:
    if len(theirs) < 4 or len(ours) < 4:
        return None
    known = [(person, sound) for person, pair in enumerate(theirs) for sound in pair]
    return Natural(known, [pair[0] for pair in ours], [pair[1] for pair in ours], source)


def _two_halves(sound: Waveform) -> tuple[Waveform, Waveform] | None:
    samples = round(HALF_S * SAMPLE_RATE_HZ)
    if sound.size < 2 * samples:
        return None
    return at_level(sound[:samples], MAIN), at_level(sound[-samples:], MAIN)


def _read(files: Sequence[Path]) -> Waveform:
    sounds = []
    for path in files[:8]:
        sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        sounds.append(soxr.resample(sound.mean(axis=1), rate_hz, SAMPLE_RATE_HZ))
    return np.concatenate(sounds).astype(np.float32) if sounds else np.zeros(0, np.float32)


def people(said: Sequence[Said]) -> NDArray[np.int64]:
    """Return who speaks."""
    return np.array([one.voice for one in said])


def sentences(said: Sequence[Said]) -> NDArray[np.int64]:
    """Return what is said."""
    return np.array([one.sentence for one in said])
