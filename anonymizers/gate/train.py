# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Make the speech detector: ``python -m anonymizers.gate.train PACK WORK``.

PACK is the folder with labelled audio (its train split is learnt from, but for fold 4, on which the threshold is
chosen), WORK one for what lies between: lessons in parts, so that a run that was cut off goes on where it stopped.
After each epoch the weights are written; ``--begin`` goes on from some. Needs espeak-ng and the tensorflow extra.
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anonymizers.base import Waveform
from anonymizers.gate import pack, voices
from anonymizers.gate.lessons import DOUBTFUL, FRAMES, SPOKEN, Lessons
from anonymizers.gate.network import WEIGHTS, SpeechDetector

_PART = 1000
_MADE = 1500
_SEED = 20_26


def main(arguments: list[str] | None = None) -> None:
    """Make lessons, fit, write the weights."""
    parser = argparse.ArgumentParser(description="Make the speech detector.")
    parser.add_argument("pack", type=Path, help="folder with labelled audio")
    parser.add_argument("work", type=Path, help="folder for what lies between")
    parser.add_argument("--lessons", type=int, default=24, help="thousands of lessons")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--begin", type=Path, help="weights to go on from")
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate at the beginning")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args(arguments)
    work = given.work
    work.mkdir(parents=True, exist_ok=True)

    def told(line: str) -> None:
        with (work / "progress.txt").open("a", encoding="utf-8") as stream:
            stream.write(f"{datetime.now():%H:%M:%S} {line}\n")  # noqa: DTZ005 - for the person who waits
        sys.stderr.write(f"{line}\n")

    parts = [work / f"lessons-{number:03}.npz" for number in range(given.lessons)]
    missing = [(number, path) for number, path in enumerate(parts) if not path.is_file()]
    if missing:
        sounds = [sound for sound in pack.read(given.pack) if sound.split == "train" and not pack.is_held_out(sound)]
        made = _made(work / "made.npz")
        told(f"{len(sounds)} recordings, {len(made)} made utterances")
        for number, path in missing:
            _save(path, Lessons(sounds, made, np.random.default_rng([_SEED, number])))
            told(f"lessons {number + 1} of {given.lessons} thousand")

    from anonymizers.gate import fit  # Keras takes seconds to import

    fit.seed(_SEED)
    model = fit.network(FRAMES)
    if given.begin:
        fit.begin(model, SpeechDetector.load(given.begin))

    def after(epoch: int, result: str) -> None:
        fit.detector(model).save(given.out)
        told(f"epoch {epoch + 1} of {given.epochs}: {result}, wrote {given.out.name}")

    fit.fit(model, _load(parts), given.epochs, (given.rate, 3e-5), after)


def _made(path: Path) -> list[Waveform]:
    if not path.is_file():
        random = np.random.default_rng(_SEED)
        made = [voices.lesson_voice(random) for _ in range(_MADE)]
        made = [waveform for waveform in made if waveform.size > 4000]
        ends = np.cumsum([waveform.size for waveform in made])
        np.savez(path, samples=(np.concatenate(made) * 32767).astype(np.int16), ends=ends)
    with np.load(path) as stored:
        samples: NDArray[np.float32] = stored["samples"].astype(np.float32) / 32768
        return np.split(samples, stored["ends"][:-1])


def _save(path: Path, lessons: Lessons) -> None:
    seen, what, weights = zip(*(lessons.lesson() for _ in range(_PART)), strict=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as stream:
        np.savez(
            stream,
            seen=np.stack(seen).astype(np.float16),
            what=np.stack(what),
            weights=np.stack(weights).astype(np.float16),
        )
    partial.replace(path)


def _load(parts: list[Path]) -> tuple[NDArray[np.float16], NDArray[np.float32], NDArray[np.float32]]:
    stored = [np.load(path) for path in parts]
    seen = np.concatenate([part["seen"] for part in stored])
    what = np.concatenate([part["what"] for part in stored])
    weights = np.concatenate([part["weights"] for part in stored]).astype(np.float32)
    weights[what == DOUBTFUL] = 0.0
    return seen, (what == SPOKEN).astype(np.float32), weights


if __name__ == "__main__":
    main()
