# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How the windows of a longer clip should become its scores: the highest, the mean, or something between.

Scenes of 30 s and 120 s are made of three and twelve validation clips, each repeated to 10 s, joined end to end at a
random offset. For each pooling: how many of the sounds have a label in the scene's top five, and how often one alarm
among the others is found at 1 % false alarms over scenes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytic.events.classes import ALERT_CLASSES
from benchmarks import report
from benchmarks.accuracy import FALSE_POSITIVES, threshold_at
from benchmarks.pack import CHECKPOINT, Recording, pack_folder, recordings, waveform, weights_folder
from model.labels import index_of
from model.store import TaggerStore
from model.tagger import WINDOW_SAMPLES, Tagger, top

SCENES = {3: 400, 12: 150}  # sounds in a scene: how many scenes
SEED = 5

Scores = NDArray[np.float32]
POOLINGS: dict[str, Callable[[Scores], Scores]] = {
    "highest": lambda scores: scores.max(axis=0),
    "mean": lambda scores: scores.mean(axis=0),
    "root_mean_square": lambda scores: np.sqrt(np.mean(scores**2, axis=0)),
    "linear_softmax": lambda scores: np.sum(scores**2, axis=0) / np.maximum(np.sum(scores, axis=0), 1e-9),
}


def main() -> None:
    """Measure and write the result."""
    pack, weights = pack_folder(), weights_folder()
    if pack is None or weights is None:
        print("pooling: left out, it needs HEARKEN_AUDIO_PACK and HEARKEN_WEIGHTS")
        return
    with tempfile.TemporaryDirectory(prefix="hearken-bench-") as folder:
        store = TaggerStore(Path(folder))
        store.install(weights / CHECKPOINT)
        figures = measure(store.open("mn04_as", lanes=1), recordings(pack))
    print(f"wrote {report.write('pooling', figures).name}")


def measure(tagger: Tagger, every: list[Recording]) -> dict[str, Any]:
    """Return the figures of each pooling on the same scenes."""
    rng = np.random.default_rng(SEED)
    labelled = [one for one in every if one.split == "val" and one.labels]
    return {f"{count}_sounds": _compared(tagger, labelled, count, scenes, rng) for count, scenes in SCENES.items()}


def _compared(
    tagger: Tagger, labelled: list[Recording], count: int, scenes_wanted: int, rng: np.random.Generator
) -> dict[str, Any]:
    alarm_labels = {index_of(mid) for alert in ALERT_CLASSES if alert.enabled for mid in alert.mids}
    alarms = [one for one in labelled if one.labels & alarm_labels]
    others = [one for one in labelled if not one.labels & alarm_labels]
    scenes = [[others[index] for index in rng.integers(len(others), size=count)] for _ in range(scenes_wanted)]
    with_alarm = [[*scene[1:], alarms[rng.integers(len(alarms))]] for scene in scenes]
    heard = [tagger.tag(_joined(scene, rng)).scores for scene in scenes]
    heard_alarm = [tagger.tag(_joined(scene, rng)).scores for scene in with_alarm]
    return {
        "scenes": scenes_wanted,
        "seconds_each": count * 10,
        "poolings": {
            name: {
                "sounds_with_a_label_in_top_five": _in_top_five([act(scores) for scores in heard], scenes),
                "alarms_found_at_1_percent_false": _alarms_found(
                    [act(scores) for scores in heard], [act(scores) for scores in heard_alarm], with_alarm
                ),
            }
            for name, act in POOLINGS.items()
        },
    }


def _joined(scene: list[Recording], rng: np.random.Generator) -> Scores:
    pieces = [np.resize(waveform(one), WINDOW_SAMPLES) for one in scene]
    return np.roll(np.concatenate(pieces), int(rng.integers(WINDOW_SAMPLES))).astype(np.float32)


def _in_top_five(pooled: list[Scores], scenes: list[list[Recording]]) -> float:
    found = [bool(one.labels & set(top(scores))) for scores, scene in zip(pooled, scenes, strict=True) for one in scene]
    return round(float(np.mean(found)), 3)


def _alarms_found(without: list[Scores], with_one: list[Scores], scenes: list[list[Recording]]) -> float:
    """Share of alarms whose own class reaches its threshold at 1 % of the scenes without any alarm."""
    found = []
    for alert in ALERT_CLASSES:
        members = [index_of(mid) for mid in alert.mids]
        if not alert.enabled:
            continue
        threshold = threshold_at(np.array([scores[members].max() for scores in without]), FALSE_POSITIVES)
        found += [
            bool(scores[members].max() >= threshold)
            for scores, scene in zip(with_one, scenes, strict=True)
            if not scene[-1].labels.isdisjoint(members)
        ]
    return round(float(np.mean(found)), 3)


if __name__ == "__main__":
    main()
