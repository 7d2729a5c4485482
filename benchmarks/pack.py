# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The folder with labelled audio that HEARKEN_AUDIO_PACK names: its manifest, and a tagger's answers on its clips."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytic.audio.decode import decode
from model.labels import index_of
from model.tagger import WINDOW_SAMPLES, Tagger, pool

CHECKPOINT = "mn04_as_mAP_432.pt"


@dataclass(frozen=True, slots=True)
class Recording:
    """One clip of the pack: its file, label indices (empty: background), split, part, fold and source folder."""

    path: Path
    labels: frozenset[int]
    split: str
    part: str
    fold: int
    collection: str
    folder: str


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A tagger's answers: float32 scores (n, 527) pooled over a clip's first 10 s, embeddings (n, e)."""

    scores: NDArray[np.float32]
    embeddings: NDArray[np.float32]


def pack_folder() -> Path | None:
    """Return the pack's folder, or None where there is none."""
    named = os.environ.get("HEARKEN_AUDIO_PACK")
    return Path(named) if named and (Path(named) / "manifest.csv").is_file() else None


def weights_folder() -> Path | None:
    """Return the folder with published weights, or None where there is none."""
    named = os.environ.get("HEARKEN_WEIGHTS")
    return Path(named) if named and (Path(named) / CHECKPOINT).is_file() else None


def recordings(pack: Path) -> list[Recording]:
    """Read the manifest."""
    with (pack / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [
            Recording(
                pack / row["path"],
                frozenset(index_of(mid) for mid in row["audioset_mids"].split(";") if mid),
                row["split"],
                row["part"],
                int(row["fold"]),
                Path(row["path"]).parts[1],
                Path(row["path"]).parts[2],
            )
            for row in csv.DictReader(file)
        ]


def waveform(recording: Recording) -> NDArray[np.float32]:
    """Decode a recording: float32, its first 10 s at most, as the published figures were had."""
    return decode(recording.path.read_bytes()).clip.waveform[:WINDOW_SAMPLES]


def hear(tagger: Tagger, chosen: list[Recording]) -> Heard:
    """Tag recordings one by one."""
    tagged = [tagger.tag(waveform(recording)) for recording in chosen]
    return Heard(
        np.stack([pool(one.scores) for one in tagged]),
        np.stack([one.embeddings[0] for one in tagged]),
    )
