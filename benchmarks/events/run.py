# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``python -m benchmarks.events``: hear, find thresholds, score, write benchmarks/results/events.json.

Thresholds are never chosen on what they are scored on: a fold's come from the other folds; on the validation split, a
half's from the other half. What a tagger ships with comes from all of it: ``--points`` writes that.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from analytic.events.policy import Policy
from benchmarks import event_picture, report
from benchmarks.events import folds
from benchmarks.events.calibrate import ALLOWED, ALLOWED_PLAIN, Heard, Place, curve, points, tallies
from benchmarks.events.detect import (
    EVERY,
    WINDOW_S,
    baseline,
    class_scores,
    detect,
    of_policy,
    rules,
    without_habituation,
)
from benchmarks.events.plan import COLUMNS, FOLDER, Column, heard, taggers
from benchmarks.events.streams import CLASSES, Material, Stream
from benchmarks.events.windows import Windows
from benchmarks.pack import pack_folder, weights_folder
from benchmarks.scenes.event_based import event_f1
from benchmarks.scenes.household import heard_hours
from benchmarks.scenes.pool import Pool
from benchmarks.scenes.scoring import false_alarms, score
from benchmarks.scenes.threshold_free import LibraryMissing, psds
from benchmarks.scenes.truth import Detection
from model.heads import shipped
from model.heads.alarm import AlarmHeads
from model.heads.points import OperatingPoint
from model.stream import StreamingTagger

BASELINES = (0.5, 0.8)
HOP_S = 0.5
MEDIUM = "medium"
WORDS = ("very_low", MEDIUM)
STEADY = f"{MEDIUM}_without_habituation"

Points = Mapping[str, Mapping[str, OperatingPoint]]
Found = list[tuple[Stream, Windows, list[Detection]]]


def main(arguments: Sequence[str]) -> None:
    """Measure the columns that are named, or all; or, with ``--points``, write the operating points of the taggers."""
    pack = pack_folder()
    if pack is None or weights_folder() is None:
        print("events: left out, it needs HEARKEN_AUDIO_PACK and HEARKEN_WEIGHTS")
        return
    chosen = [column for column in COLUMNS if column.name in arguments] or list(COLUMNS)
    named = taggers()
    folds.fit(pack)
    if "--points" in arguments:
        write_points(chosen, named)
        return
    for column in chosen:
        figures = measure(column, named[column.tagger], {})
        (FOLDER / f"{column.name}.json").write_text(json.dumps(figures), encoding="utf-8")
    done = {column.name: FOLDER / f"{column.name}.json" for column in COLUMNS}
    if all(path.is_file() for path in done.values()):
        columns = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in done.items()}
        print(f"wrote {report.write('events', {'classes': list(CLASSES), 'columns': columns}).name}")
        print(f"wrote {event_picture.draw().name}; python -m benchmarks.tables writes the tables into the pages")


def scored(column: Column, tagger: StreamingTagger, pools: dict[Material, Pool]) -> Heard:
    """Return a column's streams with the class scores of heads that were not fitted on them."""
    policy = Policy(rules(dict.fromkeys(EVERY, (0.5, 0.4))))
    ships = shipped.heads_of(column.tagger)
    heads: dict[Material, AlarmHeads] = {}
    rows = []
    for stream, windows in heard(column, tagger, pools):
        mine = heads.setdefault(stream.material, column.heads(stream.material, folds.HEADS, ships))
        rows.append((stream, windows, class_scores(policy, windows, mine)))
    return rows


def write_points(columns: Sequence[Column], named: Mapping[str, StreamingTagger]) -> None:
    """Write the operating points that each tagger ships with: from the column that has its name."""
    for column in columns:
        if column.name != column.tagger:
            continue
        rows = scored(column, named[column.tagger], {})
        curves = {name: curve(tallies(name, rows), rows) for name in EVERY}
        found = {
            name: {word: asdict(point) for word, point in points(name, places).items()}
            for name, places in curves.items()
        }
        path = shipped.FOLDER / f"{column.tagger}.points.json"
        facts = {
            "tagger": column.tagger,
            "allowed_false_alarms_per_household_day": ALLOWED,
            "allowed_false_alarms_per_plain_hour": ALLOWED_PLAIN,
            "points": found,
        }
        path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        print(f"wrote {path.name}", flush=True)
        curves_path = FOLDER / f"{column.name}-curves.json"
        curves_path.write_text(json.dumps({name: [asdict(one) for one in places] for name, places in curves.items()}))


def measure(column: Column, tagger: StreamingTagger, pools: dict[Material, Pool]) -> dict[str, Any]:
    """Score one column: our alarms at two sensitivities, and at one of them without habituation; single windows."""
    rows = scored(column, tagger, pools)
    tallied = {name: tallies(name, rows) for name in CLASSES}
    print(f"{column.name}: thresholds tried", flush=True)
    found: dict[str, Found] = {word: [] for word in (*WORDS, STEADY)}
    for chosen, others in parts(column, rows):
        by_class = {name: points(name, curve(tallied[name], others)) for name in CLASSES}
        made = {word: rules({name: (by[word].on, by[word].off) for name, by in by_class.items()}) for word in WORDS}
        made[STEADY] = without_habituation(made[MEDIUM])
        for word, mine in made.items():
            policy = Policy(mine)
            found[word] += [
                (stream, windows, detect(policy, windows, of_policy(policy, scores)))
                for stream, windows, scores in chosen
            ]
        print(f"{column.name}: {len(found[MEDIUM])} of {len(rows)} streams", flush=True)
    result = {
        "tagger": column.tagger,
        "material": [one.name for one in column.materials],
        "curves": {name: _drawn(curve(tallied[name], rows)) for name in CLASSES},
        **{f"hearken_{word}": figures_of(found[word]) for word in found},
        "event_f1_at_medium": event_based(found[MEDIUM]),
        "psds": threshold_free(rows),
    }
    for threshold in BASELINES:
        policy = Policy(baseline(threshold))
        plain = [
            (stream, windows, detect(policy, windows, class_scores(policy, windows, None)))
            for stream, windows, _ in rows
        ]
        result[f"single_window_{threshold:g}"] = figures_of(plain)
    return result


def _drawn(places: Sequence[Place]) -> list[dict[str, float | None]]:
    """Return a curve as it is drawn: the threshold, false alarms a day at home, and what is found."""
    return [
        {
            "on": round(place.on, 4),
            "per_day": round(place.per_day, 3),
            "recall": round(place.found / place.events, 4) if place.events else None,
        }
        for place in places
    ]


def parts(column: Column, rows: Heard) -> Iterator[tuple[Heard, Heard]]:
    """Yield streams with those that their thresholds may come from."""
    if len(column.materials) > 1:
        for material in column.materials:
            yield (
                [row for row in rows if row[0].material == material],
                [row for row in rows if row[0].material != material],
            )
        return
    plain = [row for row in rows if row[0].kind == "plain"]
    halves = [[row for row in rows if row[0].kind != "plain" and row[0].number % 2 == half] for half in (0, 1)]
    yield halves[0] + plain, halves[1] + plain
    yield halves[1], halves[0] + plain


def figures_of(found: Found) -> dict[str, Any]:
    """Return recall, false alarms and errors."""
    scenes = [(windows, detections) for stream, windows, detections in found if stream.kind == "scenes"]
    hours = sum(windows.seconds for windows, _ in scenes) / 3600
    result = {
        "scenes": score(
            [windows.truth for windows, _ in scenes],
            [detections for _, detections in scenes],
            hours,
            played=[windows.played for windows, _ in scenes],
            classes=CLASSES,
        )
    }
    for kind in ("household", "plain"):
        rows = [(windows, detections) for stream, windows, detections in found if stream.kind == kind]
        if rows:
            result[kind] = _one_stream(rows)
    return result


def event_based(found: Found) -> dict[str, Any]:
    """Return event-based F1 at medium sensitivity: onsets within 0.2 s and 1 s."""
    scenes = [(windows.truth, detections) for stream, windows, detections in found if stream.kind == "scenes"]
    truths = [[one for one in truth if one.event_class in CLASSES] for truth, _ in scenes]
    figures = {}
    for collar_s in (0.2, 1.0):
        scored_f1 = event_f1(truths, [detections for _, detections in scenes], collar_s=collar_s, offsets=False)
        figures[f"onset_within_{collar_s:g}_s"] = {"micro": scored_f1["micro"], "macro_f1": scored_f1["macro_f1"]}
    return figures


def threshold_free(rows: Heard) -> dict[str, Any] | str:
    """Return PSDS of the heads' scores over the soundscapes, a window's score standing for the hop at its middle."""
    scenes = [(windows, scores) for stream, windows, scores in rows if stream.kind == "scenes"]
    columns = [EVERY.index(name) for name in CLASSES]
    values, edges = [], []
    for windows, scores in scenes:
        middle_s = windows.stops_s - WINDOW_S / 2
        steps = np.concatenate([[0.0], middle_s[1:] - HOP_S / 2, [windows.seconds]])
        values.append(scores[:, columns].astype(np.float64))
        edges.append(steps)
    try:
        return psds([windows.truth for windows, _ in scenes], values, edges, CLASSES)
    except LibraryMissing as error:
        return f"left out: {error}"


def _one_stream(rows: Sequence[tuple[Windows, list[Detection]]]) -> dict[str, Any]:
    """Count the false alarms of several streams as if they followed each other."""
    start_s, detections, played = 0.0, [], []
    for windows, found in rows:
        detections += [
            one._replace(
                onset_s=one.onset_s + start_s, offset_s=one.offset_s + start_s, announced_s=one.announced_s + start_s
            )
            for one in found
        ]
        played += [_later(one, start_s) for one in windows.played]
        start_s += windows.seconds + 60.0
    hours = sum(windows.seconds for windows, _ in rows) / 3600
    return {
        **false_alarms(detections, hours, played=played, classes=CLASSES),
        "distinct_hours": round(heard_hours(played), 2),
    }


def _later(one: Any, by_s: float) -> Any:
    return replace(one, onset_s=one.onset_s + by_s, offset_s=one.offset_s + by_s)


if __name__ == "__main__":
    main(sys.argv[1:])
