# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a tagger gave for each long window of a household's days, kept a file a day: a week takes long to hear.

A household's week holds few planted events. So half of the kinds are tried instead: in a copy of some minutes one is
put on top, and only the windows that hear it are tagged. What was tried was not part of the week, so nothing learns it.

``python -m benchmarks.events.weeks`` hears what was not heard yet.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.events.plan import BUNDLED, FOLDER, PUBLISHED, taggers
from benchmarks.events.streams import Material
from benchmarks.pack import pack_folder
from benchmarks.scenes import levels
from benchmarks.scenes.alarms import Alarm, draw_clip
from benchmarks.scenes.day import HOUR_S, blocks
from benchmarks.scenes.pool import Clip, Pool, read_pool
from benchmarks.scenes.seams import faded
from benchmarks.scenes.soundscape import put_alarm
from benchmarks.scenes.stream import BLOCK_S
from benchmarks.scenes.truth import UNUSUAL, Block, Played, TrueEvent
from benchmarks.scenes.underlay import Underlay
from benchmarks.scenes.week import EVERY_CLASS, PLANTED_SNR_DB, SPARE_KINDS, Week
from model.heads.alarm import logit
from model.stream import StreamingTagger, Stride
from model.tagger import Waveform, Window

WEEK = 7
DAY_S = 24 * HOUR_S
STRIDE = Stride(160_000, 160_000)  # a quarter of what is heard live, so that a week is heard in minutes
TRIED_HOP = 80_000
WINDOW_S = 10.0
TRIED_PER_DAY = 150
_RATE_HZ = 16_000
_LONGEST_S = 10.0
_FOLDER = FOLDER / "weeks"


@dataclass(frozen=True, slots=True)
class Household:
    """A household, and who hears how many of its days: nobody who was trained on its recordings."""

    tagger: str
    seed: int
    days: int

    @property
    def name(self) -> str:
        """A name for files."""
        return f"{self.tagger}-{self.seed}"

    def pool(self, pack: Path) -> Pool:
        """Return its recordings: all for a tagger that met none, else the validation split."""
        return Material(None).pool(pack) if self.tagger == BUNDLED else read_pool(pack, split=None, folds=None)


HOUSEHOLDS = (
    Household(PUBLISHED, 1, 7),
    Household(PUBLISHED, 2, 7),
    Household(PUBLISHED, 3, 7),
    Household(BUNDLED, 4, 5),
)


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """What was heard: `stops_s`, float64, (w,), from the begin of the week; `logits` and `embeddings`, float16."""

    stops_s: NDArray[np.float64]
    logits: NDArray[np.float16]
    embeddings: NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class HeardDay:
    """What was heard on one day.

    Attributes
    ----------
    windows
        Of the day as it was.
    truth, played
        What was planted, and what else began, times from the begin of the week.
    tried
        Events on top of a copy, and with what was heard of them, by the event's place (`tried_of`, shape (w,)).
    """

    windows: Windows
    truth: tuple[TrueEvent, ...]
    played: tuple[Played, ...]
    tried: tuple[TrueEvent, ...]
    tried_of: NDArray[np.intp]
    tried_windows: Windows


def hear(household: Household, tagger: StreamingTagger, pool: Pool) -> Iterator[HeardDay]:
    """Yield day after day what a tagger hears in windows of 10 s."""
    trial = Trial(pool, household.seed)
    ear = tagger.stream((STRIDE,))
    day = _Day()
    for block in trial.blocks():
        day.truth += block.truth
        day.played += block.played
        for one in ear.push(np.clip(block.waveform, -1.0, 1.0)):
            day.here.add(one.window.stop / _RATE_HZ, one.scores, one.embedding)
        if (tried := trial.on_top(block)) is not None:
            event, waveform = tried
            for window in _hearing(event, block.start_s):
                tagged = tagger.tag(waveform, [window])
                day.tried_of.append(len(day.tried))
                day.there.add(block.start_s + window.stop / _RATE_HZ, tagged.scores[0], tagged.embeddings[0])
            day.tried.append(event)
        if (block.start_s + BLOCK_S) % DAY_S == 0:
            yield day.heard()
            day = _Day()
        if block.start_s + BLOCK_S >= household.days * DAY_S:
            return


class Trial:
    """A household's week in which half of the kinds that it lacks are planted, and the others tried on top of it."""

    def __init__(self, pool: Pool, seed: int) -> None:
        self._pool, self._seed = pool, seed
        self._week = Week.of(pool, seed, WEEK, EVERY_CLASS)
        self._random = np.random.default_rng([seed, 6])
        own = {clip.kind for clip in self._week.own.clips}
        kinds = (*EVERY_CLASS, *(kind for kind in SPARE_KINDS if kind not in own))
        there = {kind: clips for kind in kinds if (clips := _of_kind(pool, kind))}
        self._tried: Mapping[str, tuple[Clip, ...]] = {kind: there[kind] for kind in [*there][seed % 2 :: 2]}

    def blocks(self) -> Iterator[Block]:
        """Yield the week, without the planted events of the kinds that are tried."""

        def plant(start_s: float) -> tuple[float, Alarm] | None:
            planted = self._week.plant(start_s)
            return None if planted is None or planted[1].event_class in self._tried else planted

        underlay = Underlay(self._week.own, EVERY_CLASS, np.random.default_rng([self._seed, 4]))
        for block in blocks(self._week.own, underlay, self._week.plan_hour, hours=24.0 * WEEK, plant=plant):
            yield replace(block, truth=tuple(replace(event, event_class=UNUSUAL) for event in block.truth))

    def on_top(self, block: Block) -> tuple[TrueEvent, Waveform] | None:
        """Return, for some blocks, an event and the block with it; times from the begin of the week."""
        if block.truth or self._random.random() >= TRIED_PER_DAY * BLOCK_S / DAY_S:
            return None
        kinds = list(self._tried)
        kind = kinds[self._random.integers(len(kinds))]
        clip = draw_clip(self._random, self._tried[kind])
        snr_db = PLANTED_SNR_DB[self._random.integers(len(PLANTED_SNR_DB))]
        sound = self._pool.audible(clip)[: levels.count(_LONGEST_S)]
        if not sound.size:
            return None
        waveform = block.waveform.copy()
        alarm = Alarm(kind, faded(sound), levels.audible_span(sound)[1], snr_db, clip)
        event = put_alarm(waveform, float(self._random.uniform(WINDOW_S, 45.0)), alarm)
        moved = replace(
            event,
            event_class=UNUSUAL,
            kind=kind,
            onset_s=block.start_s + event.onset_s,
            offset_s=block.start_s + event.offset_s,
        )
        return moved, np.clip(waveform, -1.0, 1.0)


def _of_kind(pool: Pool, kind: str) -> tuple[Clip, ...]:
    if kind in EVERY_CLASS:
        return pool.events(kind)
    return tuple(clip for clip in pool.non_alarms(EVERY_CLASS) if clip.kind == kind)


def _hearing(event: TrueEvent, start_s: float) -> list[Window]:
    """Return the windows, one every `TRIED_HOP`, that lie in the block and hear the event."""
    length = STRIDE.length
    first, last = (levels.count(time_s - start_s) for time_s in (event.onset_s, event.offset_s))
    stops = range(length, levels.count(BLOCK_S) + 1, TRIED_HOP)
    return [Window(stop - length, stop) for stop in stops if stop > first and stop - length < last]


class _Rows:
    """Windows in the making."""

    def __init__(self) -> None:
        self._stops: list[float] = []
        self._logits: list[NDArray[np.float16]] = []
        self._embeddings: list[NDArray[np.float16]] = []

    def add(self, stop_s: float, scores: NDArray[np.float32], embedding: NDArray[np.float32]) -> None:
        self._stops.append(stop_s)
        self._logits.append(logit(scores).astype(np.float16))
        self._embeddings.append(embedding.astype(np.float16))

    def windows(self) -> Windows:
        return Windows(np.array(self._stops), np.stack(self._logits), np.stack(self._embeddings))


class _Day:
    """A day in the making."""

    def __init__(self) -> None:
        self.here, self.there = _Rows(), _Rows()
        self.truth: list[TrueEvent] = []
        self.played: list[Played] = []
        self.tried: list[TrueEvent] = []
        self.tried_of: list[int] = []

    def heard(self) -> HeardDay:
        return HeardDay(
            self.here.windows(),
            tuple(self.truth),
            tuple(self.played),
            tuple(self.tried),
            np.array(self.tried_of, np.intp),
            self.there.windows(),
        )


def kept(household: Household, folder: Path = _FOLDER) -> Iterator[HeardDay]:
    """Yield the days of a household that were heard before, from their files."""
    for day in range(household.days):
        if not _path(folder, household, day).is_file():
            return
        with np.load(_path(folder, household, day), allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            yield HeardDay(
                Windows(stored["stops_s"], stored["logits"], stored["embeddings"]),
                tuple(TrueEvent(**_typed(one)) for one in facts["truth"]),
                tuple(Played(**_typed(one)) for one in facts["played"]),
                tuple(TrueEvent(**_typed(one)) for one in facts["tried"]),
                stored["tried_of"],
                Windows(stored["tried_stops_s"], stored["tried_logits"], stored["tried_embeddings"]),
            )


def is_kept(household: Household, folder: Path = _FOLDER) -> bool:
    """Tell whether all days of a household were heard."""
    return all(_path(folder, household, day).is_file() for day in range(household.days))


def _path(folder: Path, household: Household, day: int) -> Path:
    return folder / f"{household.name}-day{day}.npz"


def _keep(folder: Path, household: Household, day: int, heard: HeardDay) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(folder, household, day)
    temporary = path.with_suffix(".part")
    facts = {
        name: [_plain(one) for one in found]
        for name, found in (("truth", heard.truth), ("played", heard.played), ("tried", heard.tried))
    }
    with temporary.open("wb") as file:
        np.savez(
            file,
            stops_s=heard.windows.stops_s,
            logits=heard.windows.logits,
            embeddings=heard.windows.embeddings,
            tried_of=heard.tried_of,
            tried_stops_s=heard.tried_windows.stops_s,
            tried_logits=heard.tried_windows.logits,
            tried_embeddings=heard.tried_windows.embeddings,
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
            _keep(_FOLDER, household, day, heard)
            print(
                household.name, day, len(heard.truth), len(heard.tried), round(time.monotonic() - began, 1), flush=True
            )


if __name__ == "__main__":
    main()
