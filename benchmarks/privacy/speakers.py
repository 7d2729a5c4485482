# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Attack who speaks: tell, for a voice on file and one on trial, whether they are the same.

Ignorant: clean speech on file. Lazy-informed: speech on file passed through the method with the attacker's key.
Semi-informed: the discriminant of voices learnt from other people's speech through the method as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.privacy.attackers.base import VoiceReader
from benchmarks.privacy.attackers.embeddings import Embeddings
from benchmarks.privacy.attackers.voices import cosines, fit
from benchmarks.privacy.clips import MAIN, Condition, trimmed
from benchmarks.privacy.inverters.choice import inverters
from benchmarks.privacy.material import Natural, Spoken, people
from benchmarks.privacy.methods import Method
from benchmarks.privacy.metrics import equal_error_rate, speaker_interval, split, true_positives_at
from benchmarks.privacy.synthesis import CACHE
from model.tagger import Waveform


class Voices(NamedTuple):
    """Sounds of known voices, and of voices on file and on trial.

    Attributes
    ----------
    known, who
        The attacker's sounds, and whose each is.
    filed, tried
        Sounds of the n voices it is after: voice after voice, then again, as often as there are sounds of each.
    people
        n.
    """

    known: list[Waveform]
    who: NDArray[np.int64]
    filed: list[Waveform]
    tried: list[Waveform]
    people: int


def synthetic(spoken: Spoken, condition: Condition = MAIN) -> Voices:
    """Return synthetic voices."""
    clips = (spoken.clips(which, condition) for which in ("known", "filed", "tried"))
    known, filed, tried = clips
    return Voices(known, people(spoken.known), filed, tried, len(spoken.ours))


def of_people(speech: Natural) -> Voices:
    """Return natural voices."""
    return Voices(
        [sound for _, sound in speech.known],
        np.array([person for person, _ in speech.known]),
        speech.filed,
        speech.tried,
        len(speech.tried),
    )


def linkability(
    name: str, ours: Method, theirs: Method, voices: Voices, readers: Sequence[VoiceReader]
) -> dict[str, Any]:
    """Return the lowest equal error rate of all attackers, and the highest share found at 1 % false positives."""
    undo: dict[str, Callable[[Waveform], Waveform]] = {"as sent": lambda sound: sound}
    undo |= {
        label: lambda sound, choice=choice: choice.invert(sound)[0]  # type: ignore[misc]
        for label, choice in inverters(name).items()
        if choice.retrain  # the others leave the voice as it is
    }
    known, filed, tried = (
        [theirs(one) for one in voices.known],
        [theirs(one) for one in voices.filed],
        [ours(one) for one in voices.tried],
    )
    found: dict[str, NDArray[np.float64]] = {}
    for reader in readers:
        clean = [kept(reader, sounds) for sounds in (voices.known, voices.filed)]
        for label, invert in undo.items():
            hidden = [kept(reader, [invert(one) for one in sounds]) for sounds in (known, filed, tried)]
            for attacker, scores in compared(clean, hidden, voices).items():
                found[f"{attacker}, {reader.name}, {label}"] = scores
    return figures(found)


def compared(
    clean: Sequence[Embeddings], hidden: Sequence[Embeddings], voices: Voices
) -> dict[str, NDArray[np.float64]]:
    """Return the scores of all attackers with one reader: shape (on file, on trial, trials) each."""
    known, filed, tried = hidden
    on_trial = _by_voice(tried, voices.people)
    on_clean, on_hidden = fit(clean[0], voices.who), fit(known, voices.who)
    clean_file, hidden_file = (_by_voice(one, voices.people) for one in (clean[1], filed))
    return {
        "ignorant": cosines(clean_file.mean(1), on_trial),
        "ignorant, discriminant": cosines(on_clean(clean_file).mean(1), on_clean(on_trial)),
        "lazy-informed": cosines(hidden_file.mean(1), on_trial),
        "lazy-informed, discriminant": cosines(on_clean(hidden_file).mean(1), on_clean(on_trial)),
        "semi-informed": cosines(on_hidden(hidden_file).mean(1), on_hidden(on_trial)),
    }


def figures(found: dict[str, NDArray[np.float64]]) -> dict[str, Any]:
    """Return the worst of several attackers."""
    errors = {name: equal_error_rate(*split(scores)) for name, scores in found.items()}
    shares = {name: true_positives_at(*split(scores)) for name, scores in found.items()}
    worst, sharpest = min(errors, key=lambda name: errors[name]), max(shares, key=lambda name: shares[name])
    by_knowledge: dict[str, float] = {}
    for name, error in errors.items():
        knowledge = name.partition(",")[0]
        by_knowledge[knowledge] = min(by_knowledge.get(knowledge, 1.0), round(error, 4))
    return {
        "equal_error_rate": round(errors[worst], 4),
        "interval_95": speaker_interval(found[worst], equal_error_rate),
        "attacker": worst,
        "found_at_1_percent_false_positives": round(shares[sharpest], 4),
        "voices": len(found[worst]),
        "attackers": len(found),
        "by_knowledge": by_knowledge,
        "luckiest_guess": luckiest(found),
    }


def luckiest(found: dict[str, NDArray[np.float64]], rounds: int = 60) -> float:
    """Return the lowest equal error rate of as many attackers that do not know who is on trial: the 5th percentile."""
    rng = np.random.default_rng(0)
    count = len(next(iter(found.values())))
    best = []
    for _ in range(rounds):
        order = rng.permutation(count)
        best.append(min(equal_error_rate(*split(scores[:, order])) for scores in found.values()))
    return round(float(np.quantile(best, 0.05)), 4)


def kept(reader: VoiceReader, sounds: Iterable[Waveform]) -> Embeddings:
    """Return what a reader makes of sounds, silence at both ends cut off; clean speech is read once for all methods."""
    cut = [trimmed(one) for one in sounds]
    digest = hashlib.sha256(reader.name.encode())
    for one in cut:
        digest.update(one.tobytes())
    path = CACHE / "embeddings" / f"{digest.hexdigest()[:24]}.npy"
    if path.is_file():
        stored: Embeddings = np.load(path)
        return stored
    found = reader.embed(cut)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, found)
    return found


def _by_voice(embeddings: Embeddings, count: int) -> Embeddings:
    """Turn rows, voice after voice and then again, into shape (voices, sounds of each, d)."""
    return embeddings.reshape(-1, count, embeddings.shape[1]).transpose(1, 0, 2)
