# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What the card says beside the evaluation: the data's licences, ESC-10's fold 5, the network's speed."""

from __future__ import annotations

import csv
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.frontend import MEL_BANDS, frame_count
from model.litert import LiteRtTagger
from model.recordings import load
from model.tagger import WINDOW_SAMPLES, Tagger, Window

ROUNDS = 40
CALLS = 5


def licences(pack: Path) -> dict[str, Any]:
    """Count the train split's clips by licence, and by source repository with its licences."""
    with (pack / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == "train"]
    sources: dict[str, Counter[str]] = {}
    for row in rows:
        sources.setdefault(row["source_repo"], Counter())[row["licence"]] += 1
    ordered = sorted(sources.items(), key=lambda entry: (-sum(entry[1].values()), entry[0]))
    return {
        "clips": len(rows),
        "hours": sum(float(row["seconds"]) for row in rows) / 3600,
        "licences": dict(Counter(row["licence"] for row in rows).most_common()),
        "sources": [
            {"repository": name, "clips": sum(counts.values()), "licences": sorted(counts)} for name, counts in ordered
        ],
    }


def esc10_fold_5(tagger: Tagger, pack: Path) -> dict[str, Any]:
    """Fit a classifier on the embeddings of ESC-10's folds 1 to 4 and test it on fold 5, which nobody trained on.

    K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", ACM Multimedia 2015.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with (pack / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if "ESC-10" in row["source_repo"]]
    embeddings = np.stack([_embedding(tagger, pack / row["path"]) for row in rows])
    kinds = np.array([row["source_path"].split("/")[0] for row in rows])
    held_out = np.array([row["fold"] == "5" for row in rows])
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    classifier.fit(embeddings[~held_out], kinds[~held_out])
    right = classifier.predict(embeddings[held_out]) == kinds[held_out]
    return {"clips": int(held_out.sum()), "right": int(right.sum()), "accuracy": float(right.mean())}


def _embedding(tagger: Tagger, path: Path) -> NDArray[np.float32]:
    waveform = load(path)
    embedding: NDArray[np.float32] = tagger.tag(waveform, [Window(0, min(waveform.size, WINDOW_SAMPLES))]).embeddings[0]
    return embedding


def speeds(taggers: list[LiteRtTagger]) -> dict[str, float]:
    """Time the networks alone, milliseconds for 10 s of sound on one thread: name -> the median of the rounds' best.

    The taggers take turns, so that what else the machine does falls on all alike.
    """
    log_mel = np.random.default_rng(1).normal(0, 0.5, (1, frame_count(WINDOW_SAMPLES), MEL_BANDS)).astype(np.float32)
    taken: dict[str, list[float]] = {tagger.card.name: [] for tagger in taggers}
    for _ in range(ROUNDS):
        for tagger in taggers:
            best = float("inf")
            for _ in range(CALLS):
                began = time.perf_counter()
                tagger.logits(log_mel)
                best = min(best, time.perf_counter() - began)
            taken[tagger.card.name].append(1000 * best)
    return {name: float(np.median(rounds)) for name, rounds in taken.items()}
