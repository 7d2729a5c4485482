# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Evaluate a tagger on labelled recordings: ``python -m model.evaluate FILE --data DIR --out DIR``.

A clip is its recording's first 10 s at their true length, as one window; what is very short is treated as the tagger
treats it. Labels are weak (`model.evaluation`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from model.evaluation import alarms, metrics
from model.labels import CLASS_COUNT, labels
from model.litert import LiteRtTagger
from model.recordings import Recording, load, read_manifest
from model.tagger import WINDOW_SAMPLES, Scores, Tagger, TaggerCard, Window

SPLIT = "val"


def evaluate(
    tagger: Tagger, data_dir: Path, reference: Tagger | None = None, *, split: str | None = SPLIT
) -> dict[str, Any]:
    """Measure a tagger on a folder of labelled recordings.

    Parameters
    ----------
    tagger
        Whom to measure.
    data_dir
        A folder with a ``manifest.csv``, as `model.recordings` says.
    reference
        Another tagger to compare with.
    split
        Which rows of the manifest; None for all.

    Returns
    -------
    dict
        Numbers, strings, lists and dictionaries only, as `write` puts them into JSON: ``data``, ``taggers``,
        ``overall``, ``agreement`` (None without a reference), ``alarms``, ``classes``, ``reliability``.

    Raises
    ------
    FileNotFoundError
        No manifest, or a file that it names is missing.
    ValueError
        The manifest has no row of this split, or two taggers of one name.
    """
    recordings = [one for one in read_manifest(data_dir) if split is None or one.split == split]
    if not recordings:
        raise ValueError(f"{data_dir}/manifest.csv has no row with the split {split!r}")
    taggers = [tagger] if reference is None else [tagger, reference]
    if len({one.card.name for one in taggers}) < len(taggers):
        raise ValueError(f"both taggers are called {tagger.card.name!r}")
    named = hear(taggers, recordings)
    known = np.zeros((len(recordings), CLASS_COUNT), np.bool_)
    for row, recording in zip(known, recordings, strict=True):
        row[list(recording.classes)] = True
    parts = sorted({one.part for one in recordings if one.part})
    in_part = {part: np.array([one.part == part for one in recordings]) for part in parts}
    groups = [one.group for one in recordings]
    ours, *theirs = named.values()
    calibration = {name: metrics.reliability(scores, known) for name, scores in named.items()}
    return {
        "data": _data(recordings, known, groups, split),
        "taggers": [{"name": one.card.name, "version": one.card.version} for one in taggers],
        "overall": {name: _overall(scores, known, in_part, calibration[name]) for name, scores in named.items()},
        "agreement": metrics.agreement(ours, theirs[0]) if theirs else None,
        "alarms": alarms.measure(named, known, groups),
        "classes": _classes(named, known, groups),
        "reliability": calibration,
    }


def hear(taggers: list[Tagger], recordings: list[Recording]) -> dict[str, Scores]:
    """Score the first 10 s of every recording by every tagger: name -> float32, shape (recordings, 527)."""
    scores: dict[str, list[Scores]] = {tagger.card.name: [] for tagger in taggers}
    for recording in recordings:
        waveform = load(recording.path)
        whole = [Window(0, min(waveform.size, WINDOW_SAMPLES))]
        for tagger in taggers:
            scores[tagger.card.name].append(tagger.tag(waveform, whole).scores[0])
    return {name: np.stack(rows) for name, rows in scores.items()}


def _data(recordings: list[Recording], known: metrics.Flags, groups: list[str], split: str | None) -> dict[str, Any]:
    return {
        "split": split or "all",
        "clips": len(recordings),
        "labelled_clips": int(known.any(axis=1).sum()),
        "recordings": len(set(groups)),
        "classes_with_clips": int(known.any(axis=0).sum()),
    }


def _overall(
    scores: Scores, known: metrics.Flags, in_part: dict[str, metrics.Flags], entries: list[dict[str, Any]]
) -> dict[str, Any]:
    labelled = known.any(axis=1)
    hits = metrics.label_hits(scores, known)
    present = np.flatnonzero(known.any(axis=0))
    precisions = [metrics.average_precision(known[:, index], scores[:, index]) for index in present]
    return {
        "mean_average_precision": float(np.mean(precisions)) if precisions else None,
        "label_in_top_5": float(hits[labelled].mean()) if labelled.any() else None,
        "label_in_top_5_by_part": {
            part: float(hits[labelled & inside].mean()) for part, inside in in_part.items() if (labelled & inside).any()
        },
        "calibration_error": metrics.calibration_error(entries),
    }


def _classes(named: dict[str, Scores], known: metrics.Flags, groups: list[str]) -> list[dict[str, Any]]:
    rows = []
    for label in labels():
        present = known[:, label.index]
        if present.any():
            count = len({group for group, has in zip(groups, present, strict=True) if has})
            row: dict[str, Any] = {"index": label.index, "mid": label.mid, "name": label.name}
            row |= {"clips": int(present.sum()), "recordings": count}
            row["average_precision"] = {
                name: metrics.average_precision(present, scores[:, label.index]) for name, scores in named.items()
            }
            rows.append(row)
    return rows


def write(results: dict[str, Any], folder: Path, name: str = "evaluation") -> list[Path]:
    """Write results as `name`.json, .md and .png into `folder`; return the three paths."""
    from model.evaluation import picture, report

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{kind}" for kind in ("json", "md", "png")]
    paths[0].write_text(json.dumps(report.rounded(results), indent=1) + "\n", encoding="utf-8")
    paths[1].write_text(report.markdown(results), encoding="utf-8")
    picture.draw(results, paths[2])
    return paths


def _opened(path: Path) -> LiteRtTagger:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return LiteRtTagger.open(path, TaggerCard(path.stem, digest[:8], "", "", ""), lanes=1)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m model.evaluate", description=__doc__)
    parser.add_argument("tagger", type=Path, help="a LiteRT file")
    parser.add_argument("--reference", type=Path, help="another LiteRT file to compare with")
    parser.add_argument("--data", type=Path, required=True, help="a folder with manifest.csv")
    parser.add_argument("--split", default=SPLIT, help="rows of the manifest to use (default val; 'all' for all)")
    parser.add_argument("--out", type=Path, required=True, help="folder for JSON, Markdown and PNG")
    options = parser.parse_args(arguments)
    reference = _opened(options.reference) if options.reference else None
    split = None if options.split == "all" else options.split
    results = evaluate(_opened(options.tagger), options.data, reference, split=split)
    sys.stdout.writelines(f"{path}\n" for path in write(results, options.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
