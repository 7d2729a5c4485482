# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Measure the speech gate as it is shipped: ``python -m anonymizers.gate.release PACK``.

Writes ``speech.json`` and the card ``GATE.md`` beside the weights. Needs espeak-ng, flite, festival (voices kallpc16k,
kdlpc16k, us-slt-hts, italp16k, czech-dita and suopuhe-mv) and SVOX pico; an engine that is not installed is left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizers.gate import card, measure, pack, trials
from anonymizers.gate.network import WEIGHTS, SpeechDetector
from anonymizers.speech_gate import GateSettings, SpeechGate

FIGURES = WEIGHTS.with_suffix(".json")
CARD = WEIGHTS.parent / "GATE.md"
SAMPLED = ("speech", "baby_cry", "dog_bark", "glass_break", "other")

THRESHOLDS = ((0.2, 0.1), (0.35, 0.15), (0.5, 0.2), (0.7, 0.3), (0.85, 0.3), (0.9, 0.3), (0.95, 0.4))

_SEED = 5
_TIMED = 30


def main(arguments: list[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="Measure the speech gate as it is shipped.")
    parser.add_argument("pack", type=Path, help="folder with labelled audio")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    given = parser.parse_args(arguments)
    detector = SpeechDetector.load(given.weights)
    sounds = pack.read(given.pack)
    sys.stderr.write(f"{len(sounds)} recordings\n")
    FIGURES.write_text(json.dumps(figures(given.weights, detector, sounds), indent=1) + "\n", encoding="utf-8")
    CARD.write_text(card.card(json.loads(FIGURES.read_text(encoding="utf-8"))), encoding="utf-8")


def figures(weights: Path, detector: SpeechDetector, sounds: Sequence[pack.Sound]) -> dict[str, Any]:
    """Return all that the card tells: figures of the validation split, thresholds on the fold kept for them."""
    settings = GateSettings()
    chosen_on = _heard([sound for sound in sounds if pack.is_held_out(sound)], detector, has_engines=False)
    sounds = [sound for sound in sounds if sound.split == "val"]
    speaking, silent = _heard(sounds, detector)
    masked = masks(settings)
    return {
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "bytes": weights.stat().st_size,
        "parameters": sum(np.asarray(getattr(detector, name)).size for name in detector.__dataclass_fields__),
        "settings": asdict(settings),
        "speech": measure.recall(speaking, masked),
        "without_speech": measure.wrongly(silent, masked),
        "other_thresholds": [
            _at(GateSettings(threshold=high, low_threshold=low), *chosen_on) for high, low in THRESHOLDS
        ],
        "cost_ms": {"detector": _cost_ms(detector), "gate": _cost_ms(_talk_of(sounds, detector))},
        "sample": {sound.name: sample(sound, detector) for sound in sampled(sounds)},
    }


def masks(settings: GateSettings) -> Callable[[NDArray[np.float32]], NDArray[np.bool_]]:
    """Return what turns probabilities into the mask of a gate with these settings."""

    def masked(probability: NDArray[np.float32]) -> NDArray[np.bool_]:
        gate = SpeechGate(settings=settings, detector=lambda _: probability)
        return gate.mask(np.zeros(probability.size * 256, np.float32), 16_000)

    return masked


def sampled(sounds: Sequence[pack.Sound]) -> list[pack.Sound]:
    """Return the two first recordings of the validation split of some kinds, by name."""
    chosen = []
    for kind in SAMPLED:
        mine = [sound for sound in sounds if sound.kind == kind and sound.split == "val" and not sound.is_overheard]
        chosen += sorted(mine, key=lambda sound: sound.name)[:2]
    return chosen


def sample(sound: pack.Sound, detector: SpeechDetector) -> dict[str, float]:
    """Return what a copy of the weights must find again."""
    gate = SpeechGate(detector=detector)
    return {
        "mean_probability": round(float(detector(sound.waveform).mean()), 4),
        "taken": round(float(gate.mask(sound.waveform, 16_000).mean()), 4),
    }


def _heard(
    sounds: Sequence[pack.Sound], detector: SpeechDetector, has_engines: bool = True
) -> tuple[list[measure.Heard], list[measure.Heard]]:
    """Let the detector hear speech in all conditions, and sound without it."""
    speaking = measure.heard(trials.with_speech(sounds, np.random.default_rng(_SEED), has_engines), detector)
    return speaking, measure.heard(trials.without_speech(sounds), detector)


def _at(settings: GateSettings, speaking: list[measure.Heard], silent: list[measure.Heard]) -> dict[str, Any]:
    masked = masks(settings)
    spoken, wrong = measure.recall(speaking, masked)["all"], measure.wrongly(silent, masked)
    return {
        "threshold": settings.threshold,
        "low_threshold": settings.low_threshold,
        "recall": {condition: cell["recall"] for condition, cell in spoken.items()},
        "taken": {kind: row["taken"] for kind, row in wrong.items()},
    }


def _talk_of(sounds: Sequence[pack.Sound], detector: SpeechDetector) -> Callable[[NDArray[np.float32]], object]:
    """Return the whole gate's work, on speech with pauses."""
    gate = SpeechGate(detector=detector)
    spoken = [sound.waveform for sound in sounds if sound.source == "librispeech/speech"]
    pause = np.random.default_rng(_SEED).normal(0, 0.001, 16_000).astype(np.float32)
    talk = np.concatenate([part for waveform in spoken[:5] for part in (waveform[:16_000], pause)])[:160_000]
    return lambda waveform: gate.anonymize(talk if talk.size else waveform, 16_000)


def _cost_ms(work: Callable[[NDArray[np.float32]], object]) -> float:
    """Return the shortest of many runs on 10 s, of processor time of this thread."""
    sound = np.random.default_rng(_SEED).normal(0, 0.05, 160_000).astype(np.float32)
    taken = []
    for _ in range(_TIMED):
        started = time.thread_time()
        work(sound)
        taken.append(time.thread_time() - started)
    return round(1000 * min(taken), 1)


if __name__ == "__main__":
    main()
