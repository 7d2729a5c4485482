# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How right the answers are on real recordings: labels in the top five, alarms at their thresholds, ESC-10.

The pack's labels are weak: they come from folders and file names, a missing one means unknown. A clip counts as
without a class here when the class is not among its labels, so some false alarms are none.
``python -m benchmarks.accuracy --calibrate [--tagger NAME]`` prints thresholds of the alert classes: from the training
split, or for a bundled tagger, which was trained on that, from the validation split.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from analytic.events.classes import AlertClass, alert_classes
from benchmarks import report
from benchmarks.pack import CHECKPOINT, Recording, hear, pack_folder, recordings, weights_folder
from model.labels import index_of
from model.store import TaggerStore
from model.tagger import Tagger, top

FALSE_POSITIVES = 0.01
BUNDLED = "hearken_small"
AUTHORS_TOP_FIVE = 0.774
ESC_COLLECTION = "esc10"

Flags = NDArray[np.bool_]


def main(arguments: list[str]) -> None:
    """Measure on the validation split and write the result, or print thresholds."""
    pack, weights = pack_folder(), weights_folder()
    if pack is None or weights is None:
        print("accuracy: left out, it needs HEARKEN_AUDIO_PACK and HEARKEN_WEIGHTS")
        return
    with tempfile.TemporaryDirectory(prefix="hearken-bench-") as folder:
        store = TaggerStore(Path(folder))
        store.install(weights / CHECKPOINT)
        if "--calibrate" in arguments:
            name = arguments[-1] if "--tagger" in arguments[-2:] else "mn04_as"
            split = "train" if name == "mn04_as" else "val"
            calibrate(store.open(name, lanes=1), [one for one in recordings(pack) if one.split == split])
            return
        tagger = store.open("mn04_as", lanes=1)
        print(f"wrote {report.write('accuracy', measure(tagger, recordings(pack))).name}")
        bundled = measure(store.open(BUNDLED, lanes=1), recordings(pack))
        print(f"wrote {report.write('accuracy_bundled', bundled).name}")


def measure(tagger: Tagger, every: list[Recording]) -> dict[str, Any]:
    """Return all figures of the validation split, and ESC-10 over its folds."""
    clips = [one for one in every if one.split == "val"]
    heard = hear(tagger, clips).scores
    scores = heard[[bool(one.labels) for one in clips]]
    labelled = [one for one in clips if one.labels]
    hits = np.array([bool(set(top(row)) & one.labels) for row, one in zip(scores, labelled, strict=True)])
    parts = np.array([one.part for one in labelled])
    return {
        "tagger": tagger.card.name,
        "label_in_top_five": {
            "clips": len(labelled),
            "share": round(float(hits.mean()), 4),
            "interval_95": proportion_interval(int(hits.sum()), hits.size),
            "by_part": {part: round(float(hits[parts == part].mean()), 4) for part in sorted(set(parts))},
            "authors_own_code": AUTHORS_TOP_FIVE,
        },
        "alert_classes": {alert.name: _alarms(alert, heard, clips) for alert in alert_classes(tagger.card.name)},
        "esc10": _esc10(tagger, [one for one in every if one.collection == ESC_COLLECTION]),
    }


def _alarms(alert: AlertClass, scores: NDArray[np.float32], clips: list[Recording]) -> dict[str, Any]:
    score, has = _scores_and_labels(alert, scores, clips)
    found, false = int((score[has] >= alert.threshold).sum()), int((score[~has] >= alert.threshold).sum())
    at_one_percent = threshold_at(score[~has], FALSE_POSITIVES)
    return {
        "on_by_default": alert.enabled,
        "threshold": alert.threshold,
        "clips_with": int(has.sum()),
        "recall": round(found / int(has.sum()), 3) if has.any() else None,
        "recall_interval_95": proportion_interval(found, int(has.sum())) if has.any() else None,
        "false_positives": round(false / int((~has).sum()), 4),
        "recall_at_1_percent_false_positives": (
            round(float((score[has] >= at_one_percent).mean()), 3) if has.any() else None
        ),
    }


def _scores_and_labels(
    alert: AlertClass, scores: NDArray[np.float32], clips: list[Recording]
) -> tuple[NDArray[np.float32], Flags]:
    members = [index_of(mid) for mid in alert.mids]
    return scores[:, members].max(axis=1), np.array([not one.labels.isdisjoint(members) for one in clips])


def threshold_at(scores_without: NDArray[np.float32], false_positives: float) -> float:
    """Return the lowest threshold that at most this share of the clips without the class reach."""
    ordered = np.sort(scores_without)[::-1]
    return float(np.nextafter(ordered[int(false_positives * ordered.size)], np.float32(1.0)))


def calibrate(tagger: Tagger, clips: list[Recording]) -> None:
    """Print each class's threshold at 1 % false positives on these clips, two figures exact."""
    scores = hear(tagger, clips).scores
    for alert in alert_classes(tagger.card.name):
        score, has = _scores_and_labels(alert, scores, clips)
        threshold = threshold_at(score[~has], FALSE_POSITIVES)
        recall = f"{(score[has] >= threshold).mean():.2f} of {has.sum()}" if has.any() else "no clips"
        print(f"{alert.name:12} {threshold:.2g} (now {alert.threshold}), recall there {recall}")


def _esc10(tagger: Tagger, clips: list[Recording]) -> dict[str, Any]:
    """Cross-validate a logistic regression on embeddings over the official folds."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    embeddings = hear(tagger, clips).embeddings
    names = np.array([one.folder for one in clips])
    folds = np.array([one.fold for one in clips])
    right = np.zeros(len(clips), bool)
    for fold in sorted(set(folds)):
        held_out = folds == fold
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
        classifier.fit(embeddings[~held_out], names[~held_out])
        right[held_out] = classifier.predict(embeddings[held_out]) == names[held_out]
    return {
        "clips": len(clips),
        "classes": len(set(names)),
        "accuracy": round(float(right.mean()), 4),
        "by_fold": [round(float(right[folds == fold].mean()), 4) for fold in sorted(set(folds))],
    }


def proportion_interval(found: int, of: int) -> list[float]:
    """Return the 95 % interval of a proportion (C. Clopper, E. Pearson, Biometrika 26, 1934)."""
    low = float(beta.ppf(0.025, found, of - found + 1)) if found else 0.0
    high = float(beta.ppf(0.975, found + 1, of - found)) if found < of else 1.0
    return [round(low, 3), round(high, 3)]


if __name__ == "__main__":
    main(sys.argv[1:])
