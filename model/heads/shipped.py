# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The alarm heads that come with the package, each for one tagger."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from model.heads.alarm import AlarmHeads
from model.heads.points import Points, load

FOLDER = Path(__file__).parent.parent / "weights" / "heads"


@dataclass(frozen=True, slots=True, eq=False)
class ShippedHeads:
    """Heads with their operating points by class and sensitivity."""

    heads: AlarmHeads
    points: Points


def heads_of(tagger: str) -> AlarmHeads:
    """Return the heads for the tagger of this name.

    Raises
    ------
    BadTaggerFile
        There are none, or their file is not what it should be.
    """
    return AlarmHeads.load(FOLDER / f"{tagger}.npz")


def shipped(tagger: str, folder: Path | None = None) -> ShippedHeads | None:
    """Return the heads for the tagger of this name that have operating points, or None where there are none.

    Raises
    ------
    BadTaggerFile
        Their files are not what they should be.
    """
    folder = folder or FOLDER
    heads, points = folder / f"{tagger}.npz", folder / f"{tagger}.points.json"
    if not heads.is_file() or not points.is_file():
        return None
    found = load(points)
    return ShippedHeads(_only(AlarmHeads.load(heads), found), found)


def _only(heads: AlarmHeads, names: Collection[str]) -> AlarmHeads:
    """Keep the heads of these classes: on a head without operating points no threshold could be put."""
    kept = [index for index, name in enumerate(heads.classes) if name in names]
    return replace(
        heads,
        classes=tuple(heads.classes[index] for index in kept),
        members=heads.members[kept],
        weights=heads.weights[kept],
        raw=heads.raw[kept],
        bias=heads.bias[kept],
    )
