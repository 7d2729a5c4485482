# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""From what a tagger heard to heads: fitted without any set of clips that one likes to hold out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.heads.alarm import AlarmHeads, Floats, group_logits, logit, standardised
from model.heads.clips import ALARMS, POSITIVE, Clip, Status, members
from model.heads.fit import Examples, Logistic, discriminants, regression
from model.heads.windows import Windows, joined

CLIPS, TWO_SECONDS, ONE_SECOND = "clips", "train 2 s", "train 1 s"
ENOUGH_RECORDINGS = 10
_LEAST_SPREAD = 1e-3

Flags = NDArray[np.bool_]

_SHARES = {CLIPS: 1.0, TWO_SECONDS: 0.5, ONE_SECOND: 0.5}
_REFINEMENT = Logistic(_SHARES, ridge=0.03, iterations=30, positives=0.1)
_PLAIN = Logistic({CLIPS: 1.0}, ridge=0.01, iterations=150)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a head is the sum of: how many standard deviations each part counts.

    Attributes
    ----------
    scenes
        The discriminant of clips and scenes, refined by logistic regression on both.
    clips
        Logistic regression on clips alone: it knows less of live sound, and holds up on collections not heard.
    opinion
        The group's logit, the tagger's own opinion.
    shrinkage, refinement, plain
        How the first two are found.
    """

    scenes: float = 1.0
    clips: float = 0.5
    opinion: float = 0.5
    shrinkage: float = 0.05
    refinement: Logistic = _REFINEMENT
    plain: Logistic = _PLAIN


OURS = Recipe()
PLAIN = Recipe(0.0, 1.0, 0.0, plain=replace(_PLAIN, careful=False))
"""Plain logistic regression on whole clips, for comparison."""


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """All that heads may be fitted on.

    Attributes
    ----------
    clips
        The n recordings.
    heard
        Kind of examples to windows; of the kind ``clips`` there is one for each clip, in order.
    """

    clips: tuple[Clip, ...]
    heard: Mapping[str, Windows]

    def without(self, held: Flags) -> tuple[Windows, NDArray[np.str_]]:
        """Return the windows in which no clip of `held`, bool (n,), is heard, and the kind of each."""
        pieces, kinds = [], []
        for kind, windows in self.heard.items():
            kept = ~self.hears(windows, held)
            pieces.append(windows.chosen(kept))
            kinds += [kind] * int(kept.sum())
        return joined(pieces), np.array(kinds)

    def hears(self, windows: Windows, held: Flags) -> Flags:
        """Say of each window whether a clip of `held` is heard in it; sounds beyond the n clips are nobody's."""
        reach = max(int(windows.parts.max(initial=0)), held.size) + 2
        padded = np.zeros(reach, np.bool_)  # its last place stands for "no clip", -1
        padded[: held.size] = held
        found: Flags = np.any(padded[windows.parts], axis=1)
        return found

    def thin(self) -> list[str]:
        """Name the alarms with fewer than `ENOUGH_RECORDINGS` recordings in the training split."""
        status = self.heard[CLIPS].status
        found = []
        for column, name in enumerate(ALARMS):
            alarms = {
                clip.group
                for clip, one in zip(self.clips, status[:, column], strict=True)
                if clip.split == "train" and one == POSITIVE
            }
            if len(alarms) < ENOUGH_RECORDINGS:
                found.append(name)
        return found


def fitted(lessons: Lessons, held: Flags, recipe: Recipe) -> AlarmHeads:
    """Fit heads without the clips `held`, bool (n,); their logits sum standard scores, 0 being the mean of others.

    Alarms with too few recordings get the tagger's own opinion alone.
    """
    windows, kind = lessons.without(held)
    whole = kind == CLIPS
    centre = windows.embeddings[whole].mean(axis=0)
    spread = windows.embeddings[whole].std(axis=0) + np.float32(_LEAST_SPREAD)
    examples = Examples(standardised(windows.embeddings, centre, spread), windows.status, kind)
    found, middle = _summed(examples, recipe)
    opinion = group_logits(logit(windows.scores[whole]), members())
    usual, width = _of_others(opinion, windows.status[whole])
    learnt = np.array([name not in lessons.thin() for name in ALARMS])
    weights = np.where(learnt[:, None], found, 0.0)
    raw = np.where(learnt, recipe.opinion, 1.0) / width
    bias = -np.where(learnt, middle, 0.0) - raw * usual
    return _heads(centre, spread, weights, raw, bias)


def _summed(examples: Examples, recipe: Recipe) -> tuple[Floats, Floats]:
    """Sum the standardised directions: float32 (k, d); and what they answer on other clips, float32 (k,)."""
    whole = examples.chosen(examples.kind == CLIPS)
    found = np.zeros((examples.status.shape[1], examples.features.shape[1]), np.float32)
    parts = []
    if recipe.scenes:
        start = discriminants(examples, _SHARES, recipe.shrinkage)
        parts.append((recipe.scenes, regression(examples, recipe.refinement, start)))
    if recipe.clips:
        parts.append((recipe.clips, regression(whole, recipe.plain, np.zeros_like(found))))
    for share, part in parts:
        _, deviation = _of_others(whole.features @ part.T, whole.status)
        found += np.float32(share) * part / deviation[:, None]
    return found, _of_others(whole.features @ found.T, whole.status)[0]


def opinion(embedding_size: int) -> AlarmHeads:
    """Make heads that answer the tagger's own logits, for comparison."""
    kinds, nothing = len(ALARMS), np.zeros(embedding_size)
    return _heads(nothing, nothing + 1.0, np.zeros((kinds, embedding_size)), np.ones(kinds), np.zeros(kinds))


def _of_others(scores: Floats, status: Status) -> tuple[Floats, Floats]:
    """Return mean and deviation of what is no alarm, each shape (k,)."""
    others = (status != POSITIVE).astype(np.float32)
    mean = (scores * others).sum(axis=0) / others.sum(axis=0)
    deviation = np.sqrt((np.square(scores - mean) * others).sum(axis=0) / others.sum(axis=0)) + 1e-6
    return mean, deviation


def _heads(
    centre: NDArray[np.floating],
    spread: NDArray[np.floating],
    weights: NDArray[np.floating],
    raw: NDArray[np.floating],
    bias: NDArray[np.floating],
) -> AlarmHeads:
    arrays = [array.astype(np.float32) for array in (centre, spread, weights, raw, bias)]
    return AlarmHeads(tuple(ALARMS), members(), *arrays)
