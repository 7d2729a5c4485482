# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How far off onsets are, by how faint a trace may still be the begin of a sound: alarms, and the timeline's labels.

On the soundscapes of ``make bench-events``, with the operating points that ship at medium sensitivity. The trace was
chosen with `mn04_as`, by heads that were not fitted on what they hear; the bundled tagger's column is for looking only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytic.events.classes import ALERT_CLASSES
from analytic.events.odds import moved
from analytic.events.policy import Policy
from analytic.events.timeline import ON, Span, timeline
from benchmarks import report
from benchmarks.events import folds
from benchmarks.events.detect import WINDOW_S, class_scores, detect, of_policy, rules
from benchmarks.events.plan import COLUMNS, Column, heard, taggers
from benchmarks.events.streams import CLASSES, Kind
from benchmarks.events.windows import Windows
from benchmarks.pack import pack_folder, weights_folder
from benchmarks.scenes.matching import match
from benchmarks.scenes.truth import TrueEvent
from model.heads.shipped import heads_of, shipped
from model.labels import index_of
from model.stream import StreamingTagger

TRACES = (0.0, 2.0, 3.0, 4.0, 5.0)  # units of log odds below the threshold
CLEAR_DB = 12.0
_SCENES: tuple[Kind, ...] = ("scenes",)
_MEMBERS = {alert.name: [index_of(mid) for mid in alert.mids] for alert in ALERT_CLASSES}


def main() -> None:
    """Measure and write benchmarks/results/onsets.json."""
    if pack_folder() is None or weights_folder() is None:
        print("onsets: left out, it needs HEARKEN_AUDIO_PACK and HEARKEN_WEIGHTS")
        return
    named = taggers()
    columns = [column for column in COLUMNS if column.name == column.tagger]
    facts = {
        "clear_db": CLEAR_DB,
        "timeline_on": ON,
        "columns": {column.name: _measure(column, named[column.tagger]) for column in columns},
    }
    print(f"wrote {report.write('onsets', facts).name}")


def _measure(column: Column, tagger: StreamingTagger) -> dict[str, Any]:
    ships = shipped(column.tagger)
    assert ships is not None
    made = rules({name: (by["medium"].on, by["medium"].off) for name, by in ships.points.items()})
    alarms: dict[float, list[float]] = {trace: [] for trace in TRACES}
    labels: dict[float, list[float]] = {trace: [] for trace in TRACES}
    every, events = Policy(rules(dict.fromkeys(_MEMBERS, (0.5, 0.4)))), 0
    for stream, windows in heard(column, tagger, {}, _SCENES):
        heads = column.heads(stream.material, folds.HEADS, heads_of(column.tagger))
        scores = class_scores(every, windows, heads)
        events += len(list(_clear(windows)))
        for trace in TRACES:
            policy = Policy(made, trace)
            found = detect(policy, windows, of_policy(policy, scores))
            for name in CLASSES:
                pairs = match(name, windows.truth, found, windows.played).found
                alarms[trace] += [one.onset_s - event.onset_s for event, one in pairs if event.snr_db >= CLEAR_DB]
            labels[trace] += _of_labels(windows, trace)
    return {
        "events": events,
        "alarms": {f"{trace:g}": _errors(errors) for trace, errors in alarms.items()},
        "labels": {f"{trace:g}": _errors(errors) for trace, errors in labels.items()},
    }


def _clear(windows: Windows) -> Iterator[TrueEvent]:
    return (one for one in windows.truth if one.snr_db >= CLEAR_DB and one.event_class in CLASSES)


def _of_labels(windows: Windows, trace: float) -> list[float]:
    """Return by how much the first label that tells of each event is off, where one does."""
    stops_s = windows.stops_s.tolist()
    starts_s = [stop_s - WINDOW_S for stop_s in stops_s]
    members = sorted({index for name in CLASSES for index in _MEMBERS[name]})
    scores = np.zeros_like(windows.scores)
    scores[:, members] = windows.scores[:, members]
    spans = timeline(scores, starts_s, stops_s, trace=min(moved(ON, -trace), ON / 2))
    errors = []
    for event in _clear(windows):
        mine = [span for span in spans if span.label_index in _MEMBERS[event.event_class] and _meets(span, event)]
        if mine:
            errors.append(min(span.onset_s for span in mine) - event.onset_s)
    return errors


def _meets(span: Span, event: TrueEvent) -> bool:
    return span.onset_s <= event.offset_s and span.offset_s >= event.onset_s


def _errors(found: Sequence[float]) -> dict[str, float | int]:
    errors = np.array(found)
    return {
        "found": errors.size,
        "median_s": round(float(np.median(np.abs(errors))), 3),
        "mean_signed_s": round(float(errors.mean()), 3),
        "within_0.2_s": _share(np.abs(errors) <= 0.2),
        "within_0.5_s": _share(np.abs(errors) <= 0.5),
        "early_by_1_s": _share(errors < -1),
    }


def _share(chosen: NDArray[np.bool_]) -> float:
    return round(float(chosen.mean()), 3)


if __name__ == "__main__":
    main()
