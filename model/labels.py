# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The 527 AudioSet classes: index, id and name.

Source of the facts: J. Gemmeke et al., "Audio Set: An ontology and human-labeled dataset for audio events",
ICASSP 2017; the class list is credited to Google, CC BY 4.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

CLASS_COUNT = 527


@dataclass(frozen=True, slots=True)
class Label:
    """One AudioSet class: its place in the score vector, its id (``/m/...``) and its English name."""

    index: int
    mid: str
    name: str


@cache
def labels() -> tuple[Label, ...]:
    """Return the 527 classes in score order."""
    table = resources.files("model").joinpath("audioset.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines()[1:])
    return tuple(Label(int(index), mid, name) for index, mid, name in rows)


@cache
def _by_key() -> dict[str, Label]:
    found = {label.name.casefold(): label for label in labels()}
    found.update((label.mid.casefold(), label) for label in labels())
    return found


def find(key: str) -> Label | None:
    """Find a class by its id or its name, whatever the case and the blanks around it; None if there is none."""
    return _by_key().get(key.strip().casefold())


def index_of(mid: str) -> int:
    """Return the score index of an AudioSet id.

    Raises
    ------
    KeyError
        The id is not among the 527.
    """
    label = _by_key().get(mid.casefold())
    if label is None or label.mid != mid:
        raise KeyError(mid)
    return label.index
