# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Attack what was said: which of twenty sentences, any words, PINs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.privacy.attackers import digits, sphinx, words
from benchmarks.privacy.attackers.base import Transcriber
from benchmarks.privacy.clips import MAIN, Condition, trimmed
from benchmarks.privacy.features import Frames, cepstra, cepstra_together
from benchmarks.privacy.inverters.choice import REPEATS, Inverter, averaged, inverters
from benchmarks.privacy.material import Hide, Size, Spoken, sentences
from benchmarks.privacy.methods import Method
from benchmarks.privacy.metrics import guessing, interval, word_error_rate, words_found
from benchmarks.privacy.sentences import SENTENCES, STOP_WORDS
from benchmarks.privacy.sentences import words as words_of
from model.tagger import Waveform

POOLED = 4
Predictions = dict[str, list[int]]


def looks(sound: Waveform) -> Frames:
    """Return the cepstra of what is left after cutting silence off both ends."""
    return cepstra(trimmed(sound))


def known_sentences(spoken: Spoken, condition: Condition, *through: Hide, most: int | None = None) -> words.Templates:
    """Return the attacker's recordings of all sentences, passed through these one after the other.

    Of each sentence there are `most` recordings, or all.
    """
    chosen = [index for index in range(len(spoken.known)) if most is None or index % spoken.each < most]
    frames = [looks(_through(spoken.clip("known", index, condition), through)) for index in chosen]
    return words.templates(frames, [spoken.known[index].sentence for index in chosen])


def _through(sound: Waveform, through: Sequence[Hide]) -> Waveform:
    for one in through:
        sound = one(sound)
    return sound


class Listening:
    """Collects what every attacker takes sounds for."""

    def __init__(self, truth: NDArray[np.int64]) -> None:
        self.truth = truth
        self.found: Predictions = {}

    def hear(self, label: str, candidates: Sequence[Sequence[Waveform]], known: words.Templates) -> None:
        """Let all ways to compare decide. Of several candidates for one sound, the best fits count."""
        for several in candidates:
            each = [words.costs(looks(one), known) for one in several]
            best = {name: np.min([one[name] for one in each], axis=0) for name in each[0]}
            self._note(label, words.identify(best))

    def pool(self, label: str, repeats: Sequence[Sequence[Waveform]], known: words.Templates) -> None:
        """Let them decide from several answers to the same sound: costs are added up."""
        for several in repeats:
            each = [words.costs(looks(one), known) for one in several]
            total = {name: np.sum([one[name] for one in each], axis=0) for name in each[0]}
            self._note(label, words.identify(total))

    def _note(self, label: str, identified: Mapping[str, int]) -> None:
        for name, sentence in identified.items():
            self.found.setdefault(f"{label}, {name}", []).append(sentence)

    def figures(self, *, every: bool = False) -> dict[str, Any]:
        """Return the share that the best attacker got right, with what the luckiest of as many guesses."""
        right = {name: np.array(found) == self.truth[: len(found)] for name, found in self.found.items()}
        best = max(right, key=lambda name: float(right[name].mean()))
        length = max(len(found) for found in self.found.values())
        full = np.array([found for found in self.found.values() if len(found) == length])
        result: dict[str, Any] = {
            "identified": round(float(right[best].mean()), 4),
            "interval_95": interval(right[best].astype(float), self.truth[: right[best].size]),
            "attacker": best,
            "clips": int(right[best].size),
            "attackers": len(right),
            "luckiest_guess": guessing(full, self.truth[:length]),
        }
        if every:
            result["by_attacker"] = _best_by_label(right)
        return result


def _best_by_label(right: Mapping[str, NDArray[np.bool_]]) -> dict[str, float]:
    """Return for each kind of attacker the share that its best way of comparing got right."""
    found: dict[str, float] = {}
    for name, hits in right.items():
        label = next(name[: -len(way) - 2] for way in words.NAMES if name.endswith(f", {way}"))
        found[label] = max(found.get(label, 0.0), round(float(hits.mean()), 4))
    return found


def identification(name: str, ours: Method, theirs: Method, spoken: Spoken, condition: Condition) -> Listening:
    """Attack sentences in one condition with all inverters."""
    heard = Listening(sentences(spoken.tried))
    hidden = [ours(one) for one in spoken.clips("tried", condition)]
    clean = known_sentences(spoken, condition)
    hear_plainly(heard, hidden, clean, known_sentences(spoken, condition, theirs))
    for label, choice in inverters(name).items():
        tried = [choice.invert(one) for one in hidden]
        heard.hear(f"ignorant, {label}", tried, clean)
        if choice.retrain:
            undone = known_sentences(spoken, condition, theirs, lambda one, undo=choice.invert: undo(one)[0])  # type: ignore[misc]
            heard.hear(f"semi-informed, {label}", tried, undone)
    return heard


def hear_plainly(heard: Listening, hidden: Sequence[Waveform], clean: words.Templates, same: words.Templates) -> None:
    """Attack sounds as they were sent."""
    heard.hear("ignorant", [[one] for one in hidden], clean)
    heard.hear("semi-informed", [[one] for one in hidden], same)


def repeated_requests(name: str, ours: Method, spoken: Spoken, size: Size) -> dict[str, Any]:
    """Attack with many answers: to one sound, and to copies of it that differ in the last bit of a sample."""
    sounds = spoken.clips("tried", most=size.repeated)
    same = all(np.array_equal(ours(one), ours(one)) for one in sounds[:3])
    answers = [[ours(_copy(one, number)) for number in range(REPEATS)] for one in sounds]
    result: dict[str, Any] = {"same_clip_same_answer": same, "requests": REPEATS}
    if all(np.array_equal(several[0], several[-1]) for several in answers[:3]):
        return result | {"same_copy_same_answer": True}
    clean = known_sentences(spoken, MAIN)
    heard = Listening(sentences(spoken.tried))
    averages = [averaged(several) for several in answers]
    heard.hear(f"average of {REPEATS} copies", [[one] for one in averages], clean)
    heard.pool(f"{POOLED} copies", [several[:POOLED] for several in answers], clean)
    for label, choice in inverters(name).items():
        if not choice.search:
            heard.hear(f"average of {REPEATS} copies, {label}", [choice.invert(one) for one in averages], clean)
    return result | {"same_copy_same_answer": False, **heard.figures(every=True)}


def _copy(sound: Waveform, number: int) -> Waveform:
    copied = sound.copy()
    copied[number] = np.nextafter(copied[number], np.float32(0))
    return copied


def transcription(
    name: str, ours: Method, spoken: Spoken, size: Size, writers: Sequence[Transcriber]
) -> dict[str, Any]:
    """Attack with any words: the fewest word errors and the most content words that any attacker gets."""
    said = spoken.tried[: size.transcribed]
    hidden = [ours(one) for one in spoken.clips("tried", most=size.transcribed)]
    spoken_words = [words_of(SENTENCES[one.sentence]) for one in said]
    content = [[word for word in one if word not in STOP_WORDS] for one in spoken_words]
    found: dict[str, Any] = {}
    for writer in writers:
        for label, invert in _plain(name).items():
            written = [writer.transcribe(trimmed(invert(one)[0])) for one in hidden]
            right = np.array([words_found(wanted, got) for wanted, got in zip(content, written, strict=True)])
            counts = np.array([len(wanted) for wanted in content])
            found[f"{writer.name}, {label}"] = {
                "word_error_rate": round(word_error_rate(spoken_words, written), 4),
                "content_words": round(float(right.sum() / counts.sum()), 4),
                "content_words_interval_95": interval(right / counts, sentences(said)),
            }
    return found


def _plain(name: str) -> dict[str, Inverter]:
    return {"as sent": lambda one: [one]} | {
        label: choice.invert for label, choice in inverters(name).items() if not choice.search
    }


def pin_recovery(name: str, ours: Method, theirs: Method, spoken: Spoken, size: Size) -> dict[str, Any]:
    """Attack PINs: with a grammar, and with recordings of single digits by other voices."""
    asked = spoken.pins(size.pins)
    hidden = [ours(sound) for _, sound in asked]
    by_voice = spoken.digits()
    knowledge = {
        "ignorant": by_voice,
        "semi-informed": [[theirs(one) for one in voice] for voice in by_voice],
    }
    right: dict[str, int] = {}
    for label, invert in _plain(name).items():
        tried = [invert(one)[0] for one in hidden]
        for attacker, voices in knowledge.items():
            frames = [one for voice in voices for one in cepstra_together([trimmed(sound) for sound in voice])]
            known = words.templates(frames, list(range(10)) * len(voices))
            heard = [digits.pin(looks(one), known) for one in tried]
            right[f"{attacker}, recordings of digits, {label}"] = _equal(heard, asked)
        if sphinx.available():
            right[f"pocketsphinx, {label}"] = _equal([sphinx.pin(trimmed(one)) for one in tried], asked)
    best = max(right, key=lambda one: right[one])
    return {"of": len(asked), "found": right[best], "attacker": best, "by_attacker": right}


def _equal(heard: Sequence[str], asked: Sequence[tuple[str, Waveform]]) -> int:
    return sum(found == pin for found, (pin, _) in zip(heard, asked, strict=True))
