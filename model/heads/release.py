# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Fit, calibrate, measure and write the heads of a tagger.

``python -m model.heads.release mn04_as --pack FOLDER --models FOLDER`` writes NAME.npz, NAME.json and HEADS.md into
model/weights/heads (or `--out`); `--folds FOLDER` writes five more heads there, NAME-fold1.npz to NAME-fold5.npz, each
fitted and calibrated without a fold, for measuring on that fold; `--cache FOLDER` keeps what the tagger heard.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.heads import measure
from model.heads.alarm import AlarmHeads
from model.heads.calibrate import PRIOR, calibrated
from model.heads.card import card
from model.heads.clips import ALARMS, Clip, read_clips
from model.heads.hear import FOLDS, Ear
from model.heads.lessons import CLIPS, ENOUGH_RECORDINGS, ONE_SECOND, OURS, TWO_SECONDS, Lessons, fitted
from model.heads.windows import Windows, joined
from model.store import BUNDLED, Installed, TaggerStore

FOLDER = BUNDLED / "heads"


def main(arguments: Sequence[str]) -> None:
    """Do what the module's docstring says."""
    options = _options(arguments)
    store = TaggerStore(options.models)
    tagger = store.find(options.tagger)
    clips = read_clips(options.pack)
    ear = Ear(store.open(options.tagger, lanes=1), options.tagger, clips, options.cache)
    bundled = any(one.card.name == options.tagger for one in store.bundled())
    lessons = Lessons(tuple(clips), {kind: ear.hear(kind) for kind in (CLIPS, TWO_SECONDS, ONE_SECOND)})
    if bundled:
        heads, crossed = _of_learner(lessons, ear), None
        figures = measure.validation(lessons, ear, heads)
    else:
        heads, crossed = _of_stranger(lessons)
        figures = measure.columns(lessons) | measure.folds(lessons, ear, crossed)
        figures |= measure.validation(lessons, ear, heads)
    options.out.mkdir(parents=True, exist_ok=True)
    heads.save(options.out / f"{options.tagger}.npz")
    text = json.dumps(describe(tagger, lessons, bundled) | {"figures": figures}, indent=1)
    (options.out / f"{options.tagger}.json").write_text(text + "\n", encoding="utf-8")
    (options.out / "HEADS.md").write_text(card(options.out), encoding="utf-8")
    if options.folds and crossed:
        options.folds.mkdir(parents=True, exist_ok=True)
        for fold, one in crossed.items():
            one.save(options.folds / f"{options.tagger}-fold{fold}.npz")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m model.heads.release")
    parser.add_argument("tagger")
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--folds", type=Path)
    parser.add_argument("--cache", type=Path)
    return parser.parse_args(arguments)


def _of_stranger(lessons: Lessons) -> tuple[AlarmHeads, dict[int, AlarmHeads]]:
    """Fit heads of a tagger that never heard the recordings: on all that train, and without each fold.

    Calibration goes by what each fold's heads answer on that fold, of the whole for the first, of the other folds for
    heads without a fold.
    """
    without = {fold: fitted(lessons, held(lessons.clips, fold), OURS) for fold in FOLDS}
    logits, status, folds = _unheard(lessons, without)
    heads = calibrated(fitted(lessons, held(lessons.clips, None), OURS), logits, status)
    crossed = {fold: calibrated(one, logits[folds != fold], status[folds != fold]) for fold, one in without.items()}
    return heads, crossed


def _unheard(
    lessons: Lessons, without: dict[int, AlarmHeads]
) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.int64]]:
    """Score each fold's training windows with the heads fitted without it: logits, status, fold."""
    logits, status, folds = [], [], []
    for fold, heads in without.items():
        inside = np.array([clip.fold == fold and clip.split == "train" for clip in lessons.clips])
        for windows in lessons.heard.values():
            mine = windows.chosen(lessons.hears(windows, inside))
            logits.append(heads.logits(mine.scores, mine.embeddings))
            status.append(mine.status)
            folds.append(np.full(len(mine), fold))
    return np.concatenate(logits), np.concatenate(status), np.concatenate(folds)


def _of_learner(lessons: Lessons, ear: Ear) -> AlarmHeads:
    """Fit heads of a tagger that was trained on the training split: calibration goes by the validation split."""
    heads = fitted(lessons, held(lessons.clips, None), OURS)
    whole = lessons.heard[CLIPS].chosen(np.array([clip.split == "val" for clip in lessons.clips]))
    unheard: Windows = joined([whole, ear.hear("val 2 s"), ear.hear("val 1 s")])
    return calibrated(heads, heads.logits(unheard.scores, unheard.embeddings), unheard.status)


def held(clips: Sequence[Clip], fold: int | None) -> NDArray[np.bool_]:
    """Say which clips are not fitted on: the validation split, and a fold."""
    return np.array([clip.split == "val" or clip.fold == fold for clip in clips])


def describe(tagger: Installed, lessons: Lessons, bundled: bool) -> dict[str, Any]:
    """Say whose heads they are, and how they were made."""
    clips = sum(clip.split == "train" for clip in lessons.clips)
    windows = sum(len(one) for kind, one in lessons.heard.items() if kind != CLIPS)
    return {
        "tagger": tagger.card.name,
        "sha256": tagger.sha256,
        "checkpoint_sha256": tagger.checkpoint_sha256,
        "fitted_on": f"{clips} clips of the training split, and {windows} windows of 1 and 2 s of scenes made of them",
        "features": "standardised embedding, within -4..4; highest logit of the alarm's AudioSet classes",
        "head": {
            "scenes": "linear discriminant of clips and scenes, refined by logistic regression",
            "clips": "logistic regression on clips",
            "opinion": "the group's logit",
            "standard_deviations": [OURS.scenes, OURS.clips, OURS.opinion],
        },
        "calibration": {
            "method": "Platt, smoothed targets",
            "prior": PRIOR,
            "on": "validation split" if bundled else "folds of the training split not fitted on",
        },
        "unscored": lessons.thin(),
        "unscored_means": f"fewer than {ENOUGH_RECORDINGS} training recordings: the calibrated group logit alone",
        "left_out_of_fitting": {name: list(alarm.doubtful) for name, alarm in ALARMS.items() if alarm.doubtful},
        "tagger_heard_training_split": bundled,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
