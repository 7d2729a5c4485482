# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The figures of a release: the tagger's own opinion, a plain logistic head and ours, on sound not fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.heads.alarm import AlarmHeads
from model.heads.clips import POSITIVE
from model.heads.evaluate import compare, held_out, scenes
from model.heads.hear import FOLDS, Ear
from model.heads.lessons import CLIPS, OURS, PLAIN, Lessons, fitted, opinion
from model.heads.windows import Windows

PAIR = ("ours", "plain")
MEASURED_PART = "1"


def columns(lessons: Lessons) -> dict[str, Any]:
    """Compare on whole clips of part 1: fitted without the clip's fold, and without its collection.

    Fitting is on training clips alone, scoring on those of both splits.
    """
    chosen = np.array([clip.part == MEASURED_PART for clip in lessons.clips])
    found = {}
    for name, parts in (
        ("folds", np.array([str(clip.fold) for clip in lessons.clips])),
        ("collections", np.array([clip.source for clip in lessons.clips])),
    ):
        found[name] = _column(lessons, parts, chosen)
    return found


def _column(lessons: Lessons, parts: NDArray[np.str_], chosen: NDArray[np.bool_]) -> dict[str, Any]:
    heard = lessons.heard[CLIPS]
    teaches = np.array([clip.split == "train" for clip in lessons.clips])
    raw = opinion(heard.embeddings.shape[1])
    named = {
        "raw": raw.logits(heard.scores, heard.embeddings),
        "plain": held_out(heard, teaches, parts, lambda held: fitted(lessons, held, PLAIN), chosen),
        "ours": held_out(heard, teaches, parts, lambda held: fitted(lessons, held, OURS), chosen),
    }
    recordings = [clip.group for clip, wanted in zip(lessons.clips, chosen, strict=True) if wanted]
    positive = heard.status[chosen] == POSITIVE
    return compare(positive, {name: score[chosen] for name, score in named.items()}, recordings, paired=PAIR)


def folds(lessons: Lessons, ear: Ear, crossed: dict[int, AlarmHeads]) -> dict[str, Any]:
    """Compare on scenes made of the training clips of a fold, with heads fitted without it."""
    teaches = np.array([clip.split == "train" for clip in lessons.clips])
    fold_of = np.array([clip.fold for clip in lessons.clips])
    plain = {fold: fitted(lessons, ~teaches | (fold_of == fold), PLAIN) for fold in FOLDS}
    found = {}
    for length in ("2 s", "1 s"):
        heard = ear.hear(f"folds {length}")
        place = fold_of[heard.parts[:, 0]]
        named = {"raw": opinion(heard.embeddings.shape[1]).logits(heard.scores, heard.embeddings)}
        for name, heads in (("plain", plain), ("ours", crossed)):
            scored = np.zeros_like(named["raw"])
            for fold, one in heads.items():
                mine = heard.chosen(place == fold)
                scored[place == fold] = one.logits(mine.scores, mine.embeddings)
            named[name] = scored
        found[length] = scenes(heard, named)
    return {"scenes": found}


def validation(lessons: Lessons, ear: Ear, heads: AlarmHeads) -> dict[str, Any]:
    """Compare on the validation split: its clips, and scenes made of them."""
    held = np.array([clip.split == "val" for clip in lessons.clips])
    size = lessons.heard[CLIPS].embeddings.shape[1]
    three = {"raw": opinion(size), "plain": fitted(lessons, held, PLAIN), "ours": heads}
    clips = lessons.heard[CLIPS].chosen(held)
    recordings = [clip.group for clip in lessons.clips if clip.split == "val"]
    found: dict[str, Any] = {"clips": compare(clips.status == POSITIVE, _scored(three, clips), recordings, paired=PAIR)}
    for length in ("2 s", "1 s"):
        heard = ear.hear(f"val {length}")
        found[length] = scenes(heard, _scored(three, heard))
    return {"validation": found}


def _scored(heads: dict[str, AlarmHeads], heard: Windows) -> dict[str, NDArray[np.float32]]:
    return {name: one.logits(heard.scores, heard.embeddings) for name, one in heads.items()}
