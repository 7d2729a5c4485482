# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What is heard by whom, and where the heads for it lie. ``python -m benchmarks.events.plan`` hears it, resumably."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.events.streams import FOLDS, KINDS, Kind, Material, Stream, streams
from benchmarks.events.windows import Windows, kept
from benchmarks.pack import CHECKPOINT, pack_folder, weights_folder
from benchmarks.scenes.pool import Pool
from model.heads.alarm import AlarmHeads
from model.store import TaggerStore
from model.stream import StreamingTagger

FOLDER = Path("build") / "bench-events"
PUBLISHED, BUNDLED = "mn04_as", "hearken_small"
SCENES, SCENES_VAL = 100, 40
HOUSEHOLD_HOURS = 72.0

VALIDATION = Material(None)
BY_FOLD = tuple(Material(fold) for fold in FOLDS)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table: a tagger on some material."""

    name: str
    tagger: str
    materials: tuple[Material, ...]
    scenes: int
    household_hours: float

    def streams(self) -> list[Stream]:
        """List its streams."""
        return streams(self.materials, self.scenes, self.household_hours)

    def heads(self, material: Material, folder: Path, shipped: AlarmHeads) -> AlarmHeads:
        """Return the heads that were not fitted on this material."""
        if material.fold is None:
            return shipped
        return AlarmHeads.load(folder / f"{self.tagger}-fold{material.fold}.npz")


COLUMNS = (
    Column("mn04_as", PUBLISHED, BY_FOLD, SCENES, HOUSEHOLD_HOURS),
    Column("hearken_small", BUNDLED, (VALIDATION,), SCENES_VAL, HOUSEHOLD_HOURS),
    Column("mn04_as_validation", PUBLISHED, (VALIDATION,), SCENES_VAL, HOUSEHOLD_HOURS / 3),
)


def taggers() -> dict[str, StreamingTagger]:
    """Open both taggers; the published one is converted once and kept.

    Raises
    ------
    FileNotFoundError
        There is no folder with published weights.
    """
    weights = weights_folder()
    if weights is None:
        raise FileNotFoundError("HEARKEN_WEIGHTS names no folder with published weights")
    store = TaggerStore(FOLDER / "models")
    if PUBLISHED not in {one.card.name for one in store.installed()}:
        store.install(weights / CHECKPOINT)
    return {name: store.open(name, lanes=1) for name in (PUBLISHED, BUNDLED)}


def heard(
    column: Column, tagger: StreamingTagger, pools: dict[Material, Pool], kinds: Collection[Kind] = KINDS
) -> Iterator[tuple[Stream, Windows]]:
    """Yield a column's streams of some kinds with what was heard of them.

    Raises
    ------
    FileNotFoundError
        There is no folder with labelled audio.
    """
    pack = pack_folder()
    if pack is None:
        raise FileNotFoundError("HEARKEN_AUDIO_PACK names no folder with labelled audio")
    for stream in column.streams():
        if stream.kind not in kinds:
            continue
        if stream.material not in pools:
            pools[stream.material] = stream.material.pool(pack)
        yield stream, kept(FOLDER / "heard", tagger, stream, pools[stream.material])


def main() -> None:
    """Hear everything that was not heard yet; print a line a stream."""
    named = taggers()
    pools: dict[Material, Pool] = {}
    began = time.monotonic()
    for kind in KINDS:
        for column in COLUMNS:
            if sys.argv[1:] and column.name not in sys.argv[1:]:
                continue
            for stream, windows in heard(column, named[column.tagger], pools, (kind,)):
                print(column.name, stream.name, len(windows.stops_s), round(time.monotonic() - began, 1), flush=True)


if __name__ == "__main__":
    main()
