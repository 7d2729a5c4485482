# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""All that is measured of one method, in three parts that can run on their own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pack import CHECKPOINT, pack_folder, weights_folder
from benchmarks.privacy import content, mixed, speakers, utility
from benchmarks.privacy.attackers.base import transcribers, voice_readers
from benchmarks.privacy.clips import MAIN, OTHERS
from benchmarks.privacy.material import WHOLE, Size, Spoken, natural
from benchmarks.privacy.methods import ATTACKER, HOUSEHOLD, Method, known_as
from benchmarks.privacy.synthesis import CACHE
from model.store import TaggerStore
from model.tagger import SAMPLE_RATE_HZ

FEW_KNOWN = 5  # recordings of a sentence that pass through the method, beside the main condition
PARTS = ("words", "voices", "cost")
BUNDLED, PUBLISHED = "hearken_small", "mn04_as"


def measure(name: str, part: str, speech: Path | None = None) -> dict[str, Any]:
    """Return one part's figures of a method."""
    ours, theirs, published = Method(name, HOUSEHOLD), Method(name, ATTACKER), known_as(name)
    spoken = Spoken.of(WHOLE)
    if part == "words":
        return words(published, ours, theirs, spoken, WHOLE)
    if part == "voices":
        return voices(published, ours, theirs, spoken, WHOLE, speech)
    return cost(ours, theirs, spoken, WHOLE)


def words(name: str, ours: Method, theirs: Method, spoken: Spoken, size: Size) -> dict[str, Any]:
    """Attack what was said."""
    few = len(spoken.ours) * size.few_trials
    found = {MAIN.name: content.identification(name, ours, theirs, spoken, MAIN).figures(every=True)}
    for condition in OTHERS:
        hidden = [ours(one) for one in spoken.clips("tried", condition, few)]
        heard = content.Listening(np.array([one.sentence for one in spoken.tried[:few]]))
        clean = content.known_sentences(spoken, condition)
        same = content.known_sentences(spoken, condition, theirs, most=FEW_KNOWN)
        content.hear_plainly(heard, hidden, clean, same)
        found[condition.name] = heard.figures()
    return {
        "sentences": found,
        "many_requests": content.repeated_requests(name, ours, spoken, size),
        "transcription": content.transcription(name, ours, spoken, size, transcribers()),
        "pins": content.pin_recovery(name, ours, theirs, spoken, size),
    }


def voices(name: str, ours: Method, theirs: Method, spoken: Spoken, size: Size, speech: Path | None) -> dict[str, Any]:
    """Attack who spoke."""
    readers = voice_readers()
    material = {"synthetic": speakers.synthetic(spoken)}
    people = natural(size, speech)
    if people is not None:
        material["natural"] = speakers.of_people(people)
    return {
        "voices": {label: speakers.linkability(name, ours, theirs, one, readers) for label, one in material.items()}
    }


def cost(ours: Method, theirs: Method, spoken: Spoken, size: Size) -> dict[str, Any]:
    """Measure what is lost, and attack talk over alarms; nothing but the time without recordings."""
    result: dict[str, Any] = {"cpu_ms_for_10_s": cpu_ms(ours)}
    pack = pack_folder()
    if pack is None:
        return result
    material = utility.sounds(pack, size)
    ears = {name: utility.Ear.of(store().open(name, lanes=1), material) for name in taggers()}
    result["detection"] = {name: utility.cost(ear, material, ours) for name, ear in ears.items()}
    result["talk_over_alarms_db"] = mixed.measure(ours, theirs, spoken, size, material, ears, voice_readers())
    return result


def cpu_ms(ours: Method, rounds: int = 5) -> float:
    """Return the processor time of 10 s of speech and noise, the least of some rounds."""
    sound = np.random.default_rng(0).normal(0, 0.02, 10 * SAMPLE_RATE_HZ).astype(np.float32)
    talk = Spoken.of(WHOLE).clips("tried", most=1)[0]
    times = []
    for number in range(rounds):
        sound[number : number + talk.size] = talk
        began = time.process_time()
        ours(sound)
        times.append(time.process_time() - began)
    return round(1000 * min(times), 1)


def store() -> TaggerStore:
    """Return where taggers are kept for this benchmark."""
    return TaggerStore(CACHE / "models")


def taggers() -> list[str]:
    """Return the bundled tagger, and the published one where its weights are."""
    return [BUNDLED, *([PUBLISHED] if weights_folder() is not None else [])]


def prepare() -> None:
    """Install what all methods share: the published tagger."""
    weights = weights_folder()
    if weights is not None and not any(one.card.name == PUBLISHED for one in store().installed()):
        (CACHE / "models").mkdir(parents=True, exist_ok=True)
        store().install(weights / CHECKPOINT)
