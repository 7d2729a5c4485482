# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a tagger gave for each long window of a household's week, kept a file a day: a week takes minutes to hear.

``python -m benchmarks.events.weeks`` hears what was not heard yet.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.events.plan import BUNDLED, FOLDER, PUBLISHED, taggers
from benchmarks.events.streams import Material
from benchmarks.pack import pack_folder
from benchmarks.scenes.household import household_week
from benchmarks.scenes.pool import Pool, read_pool
from benchmarks.scenes.truth import Played, TrueEvent
from model.heads.alarm import logit
from model.stream import Stride, StreamingTagger

DAYS = 7
DAY_S = 86_400.0
STRIDE = Stride(160_000, 80_000)  # every 5 s: what is due every 2.5 s is tried on what is due every 5 s
_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Household:
    """A household, and who hears it: nobody who was trained on its recordings."""

    tagger: str
    seed: int
    days: int = DAYS

    @property
    def name(self) -> str:
        """A name for files."""
        return f"{self.tagger}-{self.seed}"

    def pool(self, pack: Path) -> Pool:
        """Return its recordings: all for a tagger that met none, else the validation split."""
        return Material(None).pool(pack) if self.tagger == BUNDLED else read_pool(pack, split=None, folds=None)


HOUSEHOLDS = (Household(PUBLISHED, 1), Household(PUBLISHED, 2), Household(PUBLISHED, 3), Household(BUNDLED, 4))


@dataclass(frozen=True, slots=True, eq=False)
class HeardDay:
    """What was heard on one day.

    Attributes
    ----------
    stops_s
        float64, shape (w,), the windows' ends, seconds from the begin of the week.
    logits, embeddings
        float16, shapes (w, 527) and (w, e).
    truth, played
        What was planted, and what else began, times from the begin of the week.
    """

    stops_s: NDArray[np.float64]
    logits: NDArray[np.float16]
    embeddings: NDArray[np.float16]
    truth: tuple[TrueEvent, ...]
    played: tuple[Played, ...]


def hear(household: Household, tagger: StreamingTagger, pool: Pool) -> Iterator[HeardDay]:
    """Yield day after day what a tagger hears in windows of 10 s."""
    ear = tagger.stream((STRIDE,))
    stops, logits, embeddings = [], [], []
    truth: list[TrueEvent] = []
    played: list[Played] = []
    for block in household_week(pool, household.seed, household.days):
        truth += block.truth
        played += block.played
        heard = ear.push(np.clip(block.waveform, -1.0, 1.0))
        stops += [one.window.stop / _RATE_HZ for one in heard]
        logits += [logit(one.scores).astype(np.float16) for one in heard]
        embeddings += [one.embedding.astype(np.float16) for one in heard]
        if (block.start_s + 60.0) % DAY_S == 0:
            yield HeardDay(np.array(stops), np.stack(logits), np.stack(embeddings), tuple(truth), tuple(played))
            stops, logits, embeddings, truth, played = [], [], [], [], []


def kept(household: Household, folder: Path = FOLDER / "weeks") -> Iterator[HeardDay]:
    """Yield the days of a household that were heard before, from their files."""
    for day in range(household.days):
        with np.load(_path(folder, household, day), allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            yield HeardDay(
                stored["stops_s"],
                stored["logits"],
                stored["embeddings"],
                tuple(TrueEvent(**_typed(one)) for one in facts["truth"]),
                tuple(Played(**_typed(one)) for one in facts["played"]),
            )


def is_kept(household: Household, folder: Path = FOLDER / "weeks") -> bool:
    """Tell whether all days of a household were heard."""
    return all(_path(folder, household, day).is_file() for day in range(household.days))


def _path(folder: Path, household: Household, day: int) -> Path:
    return folder / f"{household.name}-day{day}.npz"


def _keep(folder: Path, household: Household, day: int, heard: HeardDay) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(folder, household, day)
    temporary = path.with_suffix(".part")
    facts = {"truth": [_plain(one) for one in heard.truth], "played": [_plain(one) for one in heard.played]}
    with temporary.open("wb") as file:
        np.savez(
            file,
            stops_s=heard.stops_s,
            logits=heard.logits,
            embeddings=heard.embeddings,
            facts=np.array(json.dumps(facts)),
        )
    temporary.replace(path)


def _plain(one: TrueEvent | Played) -> dict[str, Any]:
    return {**asdict(one), "may_hold": sorted(one.may_hold)}


def _typed(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "may_hold": frozenset(one["may_hold"])}


def main() -> None:
    """Hear all households that were not heard yet; print a line a day."""
    pack = pack_folder()
    if pack is None:
        raise FileNotFoundError("HEARKEN_AUDIO_PACK names no folder with labelled audio")
    named = taggers()
    began = time.monotonic()
    for household in HOUSEHOLDS:
        if is_kept(household):
            continue
        for day, heard in enumerate(hear(household, named[household.tagger], household.pool(pack))):
            _keep(FOLDER / "weeks", household, day, heard)
            print(household.name, day, len(heard.truth), round(time.monotonic() - began, 1), flush=True)


if __name__ == "__main__":
    main()
