# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Speech of espeak-ng: voices that differ, half of them the attacker's; kept in build/bench-privacy."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from benchmarks.privacy.clips import trimmed
from benchmarks.privacy.features import voice_statistics
from benchmarks.privacy.sentences import SENTENCES
from model.tagger import SAMPLE_RATE_HZ, Waveform

CACHE = Path(__file__).parents[2] / "build" / "bench-privacy"
_VARIANTS = """
f2 m3 m1 f1 m7 f3 m2 f4 m4 f5 m5 m6 m8 Alex Alicia Andrea Andy Annie AnxiousAndy Denis Diogo Gene Gene2 Henrique Hugo
Jacky Lee Marco Mario Michael Mike Nguyen RicishayMax RicishayMax2 RicishayMax3 Tweaky adam anika antonio aunty belinda
benjamin boris caleb david ed edward edward2 grandma grandpa gustave iven iven2 iven3 iven4 john kaukovalta linda
marcelo max michel miguel norbert pablo paul pedro quincy rob robert sandro steph steph2 steph3 travis victor
"""
VARIANTS = tuple(_VARIANTS.split())
WORDS_A_MINUTE = 130
VOICES = 40
SIMILAR = 0.8  # cosine of two voices' centroids from which they count as one


class EspeakMissing(Exception):
    """There is no espeak-ng here."""

    def __init__(self) -> None:
        super().__init__("synthetic speech needs espeak-ng: apt-get install espeak-ng")


def say(text: str, variant: str) -> Waveform:
    """Speak: float32, shape (n,), 16 000 Hz, without silence at the ends. The same text and voice give the same sound.

    Raises
    ------
    EspeakMissing
        There is none.
    """
    kept = CACHE / "speech" / f"{hashlib.sha256(f'{WORDS_A_MINUTE}|{variant}|{text}'.encode()).hexdigest()[:20]}.npy"
    if kept.is_file():
        return _load(kept)
    program = shutil.which("espeak-ng")
    if program is None:
        raise EspeakMissing
    spoken = subprocess.run(
        [program, "-v", f"en-us+{variant}", "-s", str(WORDS_A_MINUTE), "--stdout", text],
        capture_output=True,
        check=True,
    )
    sound, rate_hz = soundfile.read(io.BytesIO(spoken.stdout), dtype="float32")
    made = trimmed(soxr.resample(sound, rate_hz, SAMPLE_RATE_HZ).astype(np.float32))
    kept.parent.mkdir(parents=True, exist_ok=True)
    np.save(kept, np.round(np.clip(made, -1, 1) * 32767).astype(np.int16))
    return _load(kept)


def _load(path: Path) -> Waveform:
    samples: NDArray[np.int16] = np.load(path)
    return samples.astype(np.float32) / np.float32(32768)


def voices(count: int = VOICES) -> list[str]:
    """Return variants of which no two sound alike, in the order of VARIANTS.

    A voice is the mean of its statistics over three sentences, standardised over all voices.
    """
    centroids = np.stack([_centroid(variant) for variant in VARIANTS])
    centroids = (centroids - centroids.mean(axis=0)) / (centroids.std(axis=0) + 1e-9)
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    return [VARIANTS[index] for index in different(centroids @ centroids.T, count, SIMILAR)]


def different(similarity: NDArray[np.float64], count: int, similar: float) -> list[int]:
    """Take indices in their order, each unless it is `similar` to one that was taken, up to `count` of them."""
    taken: list[int] = []
    for index in range(len(similarity)):
        if len(taken) < count and all(similarity[index, other] < similar for other in taken):
            taken.append(index)
    return taken


def _centroid(variant: str) -> NDArray[np.float64]:
    centroid: NDArray[np.float64] = np.mean(
        [voice_statistics(say(SENTENCES[index], variant)) for index in (0, 7, 14)], axis=0
    )
    return centroid


def halves(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the attacker's voices and those it is tested on."""
    return list(names[0::2]), list(names[1::2])
