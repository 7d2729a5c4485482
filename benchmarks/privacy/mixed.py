# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Talk over an alarm: is the alarm still found, and is the talk still understood?

What is spared for an alarm's sake, these attackers hear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.privacy import content, speakers
from benchmarks.privacy.attackers.base import VoiceReader
from benchmarks.privacy.clips import MAIN
from benchmarks.privacy.material import Size, Spoken, people
from benchmarks.privacy.methods import Method
from benchmarks.privacy.utility import SPEECH_OVER_ALARM_DB, Ear, Mix, Sounds, mixes, recall
from model.tagger import Waveform


def measure(
    ours: Method,
    theirs: Method,
    spoken: Spoken,
    size: Size,
    material: Sounds,
    ears: Mapping[str, Ear],
    readers: Sequence[VoiceReader],
) -> dict[str, Any]:
    """Return for each level of the talk over the alarm: alarms found, sentences identified, voices linked."""
    clean = content.known_sentences(spoken, MAIN)
    same = content.known_sentences(spoken, MAIN, theirs)
    voices = speakers.synthetic(spoken)
    known = [theirs(one) for one in voices.known]
    filed = [theirs(one) for one in voices.filed]
    found: dict[str, Any] = {}
    for over_db in SPEECH_OVER_ALARM_DB:
        mixed = mixes(material, spoken, size, over_db)
        hidden = [ours(one.sound) for one in mixed]
        heard = content.Listening(np.array([one.said.sentence for one in mixed]))
        content.hear_plainly(heard, hidden, clean, same)
        found[f"{over_db:g}"] = {
            "alarm_recall": {name: alarms_found(ear, material, mixed, hidden) for name, ear in ears.items()},
            "sentences": heard.figures(),
            "voices": linked(voices, known, filed, mixed, hidden, readers),
        }
    return found


def alarms_found(ear: Ear, material: Sounds, mixed: Sequence[Mix], hidden: Sequence[Waveform]) -> dict[str, Any]:
    """Return the recall of the alarms that are talked over."""
    alarms = np.stack([ear.hear(one)[1] for one in hidden])
    holds = material.holds(material.alarms)[[one.alarm for one in mixed]]
    return recall(alarms >= ear.thresholds, holds, material.classes)


def linked(
    voices: speakers.Voices,
    known: list[Waveform],
    filed: list[Waveform],
    mixed: Sequence[Mix],
    hidden: Sequence[Waveform],
    readers: Sequence[VoiceReader],
) -> dict[str, Any]:
    """Return how well voices on file are found in the mixes."""
    whole = len(mixed) // voices.people * voices.people
    assert np.array_equal(people([one.said for one in mixed[:whole]]) % voices.people, np.arange(whole) % voices.people)
    found = {}
    for reader in readers:
        clean = [speakers.kept(reader, sounds) for sounds in (voices.known, voices.filed)]
        after = [speakers.kept(reader, sounds) for sounds in (known, filed, hidden[:whole])]
        for attacker, scores in speakers.compared(clean, after, voices).items():
            found[f"{attacker}, {reader.name}"] = scores
    return speakers.figures(found)
