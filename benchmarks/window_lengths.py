# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How long a window should be for each class: raw scores of `mn04_as` on the same soundscapes, cut four ways.

An event's score is the highest of the windows that hold some of it. The threshold is the one that so many false
alarms a day allow, counted as stretches of 10 s whose highest window reaches it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytic.events.classes import ALERT_CLASSES
from benchmarks import report
from benchmarks.events.plan import BY_FOLD, PUBLISHED, taggers
from benchmarks.events.streams import CLASSES, Material, Stream
from benchmarks.pack import pack_folder, weights_folder
from benchmarks.scenes.pool import Pool
from benchmarks.scenes.truth import Block, Played, TrueEvent
from model.heads.alarm import logit
from model.labels import index_of
from model.stream import Heard, Stride

STRIDES = {"1 s": Stride(16_000, 8_000), "2 s": Stride(32_000, 8_000), "4 s": Stride(64_000, 16_000)}
STRIDES["10 s"] = Stride(160_000, 40_000)
SCENES = 40
FALSE_PER_DAY = (6, 24, 100)
STRETCH_S = 10.0
_NOTHING = -14.0
_MEMBERS = {alert.name: [index_of(mid) for mid in alert.mids] for alert in ALERT_CLASSES}

Scores = NDArray[np.float64]


def main() -> None:
    """Measure and write benchmarks/results/window_lengths.json."""
    pack = pack_folder()
    if pack is None or weights_folder() is None:
        print("window_lengths: left out, it needs HEARKEN_AUDIO_PACK and HEARKEN_WEIGHTS")
        return
    tagger = taggers()[PUBLISHED]
    pools: dict[Material, Pool] = {}
    found: dict[tuple[str, str], tuple[list[float], list[float]]] = {
        (length, name): ([], []) for length in STRIDES for name in CLASSES
    }
    seconds = 0.0
    for number in range(SCENES):
        material = BY_FOLD[number % len(BY_FOLD)]
        pool = pools.setdefault(material, material.pool(pack))
        (block,) = Stream("scenes", material, number, 1 / 6).blocks(pool)
        seconds += block.waveform.size / 16_000
        heard = tagger.stream(tuple(STRIDES.values())).push(np.clip(block.waveform, -1.0, 1.0))
        for length, stride in STRIDES.items():
            _note(block, [one for one in heard if one.stride == stride], found, length)
    figures = {
        length: {name: _recalls(*found[length, name], days=seconds / 86_400) for name in CLASSES} for length in STRIDES
    }
    facts = {"tagger": PUBLISHED, "soundscapes": SCENES, "false_alarms_per_day": FALSE_PER_DAY, "lengths": figures}
    print(f"wrote {report.write('window_lengths', facts).name}")


def _note(
    block: Block, heard: list[Heard], found: dict[tuple[str, str], tuple[list[float], list[float]]], length: str
) -> None:
    """Add the scores of a soundscape's events, and of its stretches without any."""
    logits = logit(np.stack([one.scores for one in heard]))
    starts_s = np.array([one.window.start for one in heard]) / 16_000
    stops_s = np.array([one.window.stop for one in heard]) / 16_000
    stretches = (stops_s // STRETCH_S).astype(int)
    for name in CLASSES:
        scores = logits[:, _MEMBERS[name]].max(axis=1).astype(np.float64)
        events, others = found[length, name]
        may_hold = np.zeros(scores.size, bool)
        sounds: list[TrueEvent | Played] = [*block.truth, *block.played]
        for sound in sounds:
            mine = isinstance(sound, TrueEvent) and sound.event_class == name
            if mine:
                holding = (stops_s >= sound.onset_s + 0.2) & (starts_s <= sound.offset_s)
                events.append(float(scores[holding].max()) if holding.any() else _NOTHING)
            if mine or name in sound.may_hold:
                may_hold |= (stops_s >= sound.onset_s - 1.0) & (starts_s <= sound.offset_s + 1.0)
        clear = np.where(may_hold, _NOTHING, scores)
        others += [float(clear[stretches == one].max()) for one in np.unique(stretches)]


def _recalls(events: list[float], others: list[float], days: float) -> dict[str, Any]:
    false = np.sort(others)[::-1]
    return {
        "events": len(events),
        "found": {
            str(per_day): round(float(np.mean(np.array(events) > false[int(per_day * days)])), 3)
            for per_day in FALSE_PER_DAY
        },
    }


if __name__ == "__main__":
    main()
