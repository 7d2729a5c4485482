# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Apply alarm heads: a linear map on what a tagger gives for a window, then a sigmoid.

For each kind of alarm, with the tagger's embedding x,

    p = sigmoid(weights . clip((x - centre) / spread, -LIMIT, LIMIT) + raw * group + bias),

where group is the highest logit of the AudioSet classes that make the alarm: the tagger's own opinion. A kind without
weights is that opinion alone, calibrated. Features are clipped so that sound unlike any that the heads were fitted on
cannot drive them far.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import BadTaggerFile
from model.labels import CLASS_COUNT
from model.tagger import Scores

LIMIT = 4.0
_LOWEST = 1e-6  # float32 scores are made with an absolute error of 6e-8: below this their logit is noise

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class AlarmHeads:
    """Heads for some kinds of alarm, fitted for one tagger; safe to call from several threads at once.

    Attributes
    ----------
    classes
        Names of the k kinds of alarm, in the order of the answers.
    members
        bool, shape (k, 527), the AudioSet classes that make each alarm; at least one each.
    centre, spread
        float32, shape (e,), of the embeddings; every spread > 0.
    weights
        float32, shape (k, e).
    raw, bias
        float32, shape (k,).

    Raises
    ------
    ValueError
        Naming the first of these that does not hold.
    """

    classes: tuple[str, ...]
    members: NDArray[np.bool_]
    centre: Floats
    spread: Floats
    weights: Floats
    raw: Floats
    bias: Floats

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, scores: Scores, embeddings: Floats) -> Floats:
        """Say how likely each alarm is.

        Parameters
        ----------
        scores
            float32, shape (w, 527), a tagger's scores, within 0..1.
        embeddings
            float32, shape (w, e), of the same windows.

        Returns
        -------
        numpy.ndarray
            float32, shape (w, k), probabilities within 0..1, in the order of `classes`.

        Raises
        ------
        ValueError
            The shapes are others.
        """
        return sigmoid(self.logits(scores, embeddings))

    def logits(self, scores: Scores, embeddings: Floats) -> Floats:
        """Do as `__call__`, without the sigmoid."""
        if scores.shape != (len(scores), CLASS_COUNT) or embeddings.shape != (len(scores), self.centre.size):
            raise ValueError(
                f"heads take scores (w, {CLASS_COUNT}) and embeddings (w, {self.centre.size}), "
                f"found {scores.shape} and {embeddings.shape}"
            )
        features = standardised(embeddings, self.centre, self.spread)
        opinion = group_logits(logit(scores), self.members)
        found: Floats = features @ self.weights.T + self.raw * opinion + self.bias
        return found

    def save(self, path: Path) -> None:
        """Write the heads as a compressed .npz."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays["classes"] = np.array(self.classes)
        with path.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> AlarmHeads:
        """Read heads that `save` wrote.

        Raises
        ------
        BadTaggerFile
            The file cannot be read, or what it holds are no heads.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                arrays = {field.name: stored[field.name] for field in fields(cls)}
            names = arrays.pop("classes")
            if names.ndim != 1 or names.dtype.kind != "U":
                raise ValueError(f"the names of alarms have shape (k,), found {names.dtype} {names.shape}")
            return cls(classes=tuple(str(name) for name in names), **arrays)
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
            raise BadTaggerFile(str(path), f"no alarm heads ({error})") from error


def standardised(embeddings: Floats, centre: Floats, spread: Floats) -> Floats:
    """Centre, scale and clip embeddings, (w, e), to within -LIMIT..LIMIT."""
    features: Floats = np.clip((embeddings - centre) / spread, -LIMIT, LIMIT)
    return features


def sigmoid(logits: Floats) -> Floats:
    """Turn logits into probabilities, float32, precise near 0, without overflow."""
    probabilities: Floats = np.exp(-np.logaddexp(np.float32(0.0), -logits))
    return probabilities


def logit(scores: Scores) -> Floats:
    """Recover a tagger's logits from its scores, (w, 527), within about -14..14."""
    within = np.clip(scores, np.float32(_LOWEST), np.float32(1.0 - _LOWEST))
    opinion: Floats = np.log(within / (1 - within))
    return opinion


def group_logits(logits: Floats, members: NDArray[np.bool_]) -> Floats:
    """Return the highest logit of each group's members: (w, 527) and bool (k, 527) -> (w, k)."""
    groups, columns = np.nonzero(members)
    first = np.searchsorted(groups, np.arange(len(members)))
    highest: Floats = np.maximum.reduceat(logits[:, columns], first, axis=1)
    return highest


def _check(heads: AlarmHeads) -> None:
    count, width = len(heads.classes), heads.centre.size
    if not count or len(set(heads.classes)) != count:
        raise ValueError(f"alarms have names of their own, found {heads.classes}")
    if heads.members.dtype != np.bool_ or heads.members.shape != (count, CLASS_COUNT):
        raise ValueError(f"members are bool ({count}, {CLASS_COUNT}), found {heads.members.shape}")
    if not heads.members.any(axis=1).all():
        raise ValueError("each alarm has a member, found one without")
    shapes = {"centre": (width,), "spread": (width,), "weights": (count, width), "raw": (count,), "bias": (count,)}
    for name, shape in shapes.items():
        found = getattr(heads, name)
        if found.dtype != np.float32 or found.shape != shape or not np.isfinite(found).all():
            raise ValueError(f"{name} is finite float32 {shape}, found {found.dtype} {found.shape}")
    if not (heads.spread > 0).all():
        raise ValueError("every spread is positive")
