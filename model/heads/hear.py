# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a tagger hears in the recordings and in scenes made of them: minutes of work, kept in a folder if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np

from model.heads.clips import Clip
from model.heads.lessons import CLIPS, ONE_SECOND, TWO_SECONDS
from model.heads.library import SYNTHETIC, Library, fill
from model.heads.scenes import EVALUATION, TRAINING, Composer, Plan
from model.heads.windows import Network, Windows, joined, of_clips, of_scenes

FOLDS = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Set:
    """A set of scenes: how they are made, of which clips, how many of each fold (of all, for the validation split)."""

    plan: Plan
    split: str
    synthetic: bool
    scenes: int
    seed: int
    seconds: float
    hop_s: float


SETS = {
    TWO_SECONDS: Set(TRAINING, "train", True, 800, 1, 2.0, 1.0),
    ONE_SECOND: Set(TRAINING, "train", True, 800, 1, 1.0, 1.0),
    "folds 2 s": Set(EVALUATION, "train", False, 150, 2, 2.0, 0.5),
    "folds 1 s": Set(EVALUATION, "train", False, 150, 2, 1.0, 0.5),
    "val 2 s": Set(EVALUATION, "val", False, 300, 3, 2.0, 0.5),
    "val 1 s": Set(EVALUATION, "val", False, 300, 3, 1.0, 0.5),
}


class Ear:
    """A tagger that hears sets of sounds.

    Parameters
    ----------
    network
        The tagger.
    name
        What its files are called in `folder`.
    clips
        The recordings.
    folder
        Where what was heard is kept, and found again; None keeps nothing.
    """

    def __init__(self, network: Network, name: str, clips: Sequence[Clip], folder: Path | None) -> None:
        self._network, self._name, self._clips, self._folder = network, name, tuple(clips), folder

    @cached_property
    def _library(self) -> Library:
        return fill(self._clips)

    def hear(self, what: str) -> Windows:
        """Return what was heard of the set `what`: ``clips``, or one of `SETS`."""
        kept = self._folder and self._folder / f"{self._name}-{what}.npz"
        if kept and kept.is_file():
            with np.load(kept, allow_pickle=False) as stored:
                return Windows(*(stored[field.name] for field in fields(Windows)))
        heard = self._whole() if what == CLIPS else self._scenes(SETS[what])
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            arrays = {field.name: getattr(heard, field.name) for field in fields(Windows)}
            np.savez(kept, allow_pickle=False, **arrays)
        return heard

    def _whole(self) -> Windows:
        return of_clips(self._network, self._library, range(len(self._clips)))

    def _scenes(self, wanted: Set) -> Windows:
        pieces = []
        for place, chosen in enumerate(self._chosen(wanted)):
            composer = Composer(self._library, chosen, wanted.plan, 10 * wanted.seed + place)
            scenes = map(composer.scene, range(wanted.scenes))
            pieces.append(of_scenes(self._network, self._library, scenes, wanted.seconds, wanted.hop_s))
        return joined(pieces)

    def _chosen(self, wanted: Set) -> list[list[int]]:
        """Say which sounds of the library make up the scenes: a list a fold, or one of the validation split."""
        sounds = [
            (index, clip.fold)
            for index, clip in enumerate(self._library.clips)
            if clip.split == wanted.split and (wanted.synthetic or clip.source != SYNTHETIC)
        ]
        if wanted.split == "val":
            return [[index for index, _ in sounds]]
        return [[index for index, fold in sounds if fold == one] for one in FOLDS]
