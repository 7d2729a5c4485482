# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Sound to measure the speech gate on: nothing in it was learnt from.

Speech of held-out speakers and of engines never learnt from, alone at four levels, and at -26 dBFS over held-out
recordings without speech, every second time in a room; and every held-out recording without speech, as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from anonymizers.base import Waveform
from anonymizers.gate import voices
from anonymizers.gate.features import HOP_SAMPLES, SAMPLE_RATE_HZ
from anonymizers.gate.lessons import SPOKEN, Marks, frame_power, marks
from anonymizers.gate.pack import Sound

LEVELS_DBFS = (-15, -25, -35, -45)
RATIOS_DB = (20, 10, 5, 0, -5, -10)
SPEECH_DBFS = -26.0
_LONGEST = 6 * SAMPLE_RATE_HZ // HOP_SAMPLES * HOP_SAMPLES
_EACH = 40  # utterances of a collection at most
_SAID = 6  # sentences a made voice


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One piece of sound.

    Attributes
    ----------
    what
        Collection or engine that speaks, or the kind of a recording without speech.
    condition
        Such as ``alone -25 dBFS``, ``over 5 dB``, or ``as it is``.
    voice
        Who speaks, or the recording's source and name.
    waveform
        float32, shape (n,), mono, 16 000 Hz, within -1..1.
    marks
        uint8, shape (frames,): SPOKEN where the clean speech sounds; for sound without speech, where it is loud.
    """

    what: str
    condition: str
    voice: str
    waveform: Waveform
    marks: Marks


def without_speech(sounds: Sequence[Sound]) -> Iterator[Trial]:
    """Yield every recording that is not labelled as speech."""
    for sound in sounds:
        if sound.kind != "speech":
            level = frame_power(sound.waveform)
            loud = (level > level.max() * 1e-3).astype(np.uint8) * SPOKEN
            what = f"{sound.kind}, speech overheard" if sound.is_overheard else sound.kind
            yield Trial(what, "as it is", f"{sound.source}/{sound.name}", sound.waveform, loud)


def utterances(
    sounds: Sequence[Sound], random: np.random.Generator, has_engines: bool = True
) -> list[tuple[str, str, Waveform]]:
    """Gather what is said: collection or engine, who, waveform of 6 s at most."""
    said = []
    sources = sorted({sound.source for sound in sounds if sound.kind == "speech"})
    for source in sources:
        mine = [sound for sound in sounds if sound.kind == "speech" and sound.source == source]
        chosen = [mine[index] for index in random.permutation(len(mine))[:_EACH]]
        said += [(source.partition("/")[0], sound.name, sound.waveform) for sound in chosen]
    if voices.is_installed("espeak-ng"):
        said += [("espeak-ng", "held out", voices.held_out_voice(random)) for _ in range(_EACH)]
    for name, (program, speak, speakers) in voices.ENGINES.items():
        if has_engines and voices.is_installed(program):
            said += [
                (name, speaker, speak(voices.sentence(random), speaker)) for speaker in speakers for _ in range(_SAID)
            ]
    return [(what, who, waveform[:_LONGEST]) for what, who, waveform in said if waveform.size > HOP_SAMPLES]


def with_speech(sounds: Sequence[Sound], random: np.random.Generator, has_engines: bool = True) -> Iterator[Trial]:
    """Yield each utterance under all conditions."""
    grounds = [
        sound.waveform
        for sound in sounds
        if sound.kind == "other" and not sound.is_overheard and sound.waveform.size > 2 * SAMPLE_RATE_HZ
    ]
    for what, who, clean in utterances(sounds, random, has_engines):
        found = marks(clean)
        if not (found == SPOKEN).any():
            continue
        spoken = clean / np.sqrt(frame_power(clean)[found == SPOKEN].mean())
        for level_dbfs in LEVELS_DBFS:
            yield Trial(what, f"alone {level_dbfs} dBFS", who, _rounded(spoken * 10 ** (level_dbfs / 20)), found)
        for ratio_db in RATIOS_DB:
            heard = spoken
            if random.random() < 0.5:
                heard = in_a_room(spoken, float(random.uniform(0.2, 0.7)), random)
            ground = _looped(grounds[int(random.integers(len(grounds)))], clean.size)
            level = frame_power(ground)
            ground = ground / np.sqrt(level[level >= level.max() * 1e-3].mean() + 1e-12) * 10 ** (-ratio_db / 20)
            yield Trial(what, f"over {ratio_db} dB", who, _rounded((heard + ground) * 10 ** (SPEECH_DBFS / 20)), found)


def in_a_room(waveform: Waveform, room_s: float, random: np.random.Generator) -> Waveform:
    """Add the answer of a room with this reverberation time, as loud as the direct sound."""
    time_s = np.arange(round(room_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = random.standard_normal(time_s.size) * 10 ** (-3 * time_s / room_s)
    tail[:80] = 0.0
    tail /= np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    heard: Waveform = (fftconvolve(waveform, tail)[: waveform.size] * np.sqrt(0.5)).astype(np.float32)
    return heard


def _looped(sound: Waveform, samples: int) -> Waveform:
    return np.resize(sound, samples)


def _rounded(waveform: Waveform) -> Waveform:
    """Limit to full scale and round to 16 bits, as sound comes in."""
    peak = float(np.abs(waveform).max())
    rounded: Waveform = (np.rint(waveform / max(peak, 1.0) * 32767) / 32768).astype(np.float32)
    return rounded
