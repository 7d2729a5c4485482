# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``python -m benchmarks.privacy [--methods A,B] [--quick] [--speech DIR] [--workers N] [--draw] [--controls]``.

Parts that were measured with the same sources are taken from build/bench-privacy, so a run that was cut off goes on.
Methods that are not named keep the figures that stand in benchmarks/results/privacy.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.privacy import measure, picture, quick, validity
from benchmarks.privacy.attackers import base
from benchmarks.privacy.clips import MAIN
from benchmarks.privacy.controls import controls
from benchmarks.privacy.methods import known_as, names
from benchmarks.privacy.synthesis import CACHE

ROOT = Path(__file__).parents[2]
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_LATER = (
    *("run.py", "controls.py", "home.py", "pauses.py", "picture.py", "table.py", "validity.py"),
    *("veto.py", "veto_picture.py", "veto_table.py"),
)


def main(arguments: Sequence[str]) -> int:
    """Measure, check, write, draw."""
    options = _options(arguments)
    if options.draw:
        print(f"wrote {picture.draw(report.read('privacy')['methods']).name}")
        return 0
    if options.controls:
        known = report.read("privacy")
        print(f"wrote {report.write('privacy', known | {'controls': controls(options.speech)}).name}")
        return 0
    chosen = options.methods.split(",") if options.methods else names()
    if options.quick:
        material = quick.material()
        for name in chosen:
            print(f"{name}: {quick.identified(name, *material):.0%} of the sentences identified", flush=True)
        return 0
    for name in _THREADS:  # the workers read these when they start; one core each
        os.environ[name] = "1"
    measure.prepare()
    found = measured(chosen, options.speech, options.workers)
    methods = {**_kept(), **found}
    if problems := validity.failures(methods):
        print("not published. " + str(validity.NotValid(problems)))
        return 1
    result = {
        "speech": {"sentences": 20, "main_condition": MAIN.name, "synthetic": "espeak-ng"},
        "attackers": {
            "transcribers": [one.name for one in base.transcribers()],
            "voice_readers": [one.name for one in base.voice_readers()],
        },
        "controls": controls(options.speech),
        "methods": methods,
    }
    print(f"wrote {report.write('privacy', result).name}")
    print(f"wrote {picture.draw(methods).name}; python -m benchmarks.tables writes the table into PRIVACY.md")
    return 0


def measured(chosen: Sequence[str], speech: Path | None, workers: int) -> dict[str, Any]:
    """Return the records of methods by their published names, each part in a process of its own."""
    sources = digest()
    jobs = [(name, part) for part in measure.PARTS for name in chosen]
    began = time.monotonic()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(one_part, name, part, speech, sources): (name, part) for name, part in jobs}
        for number, future in enumerate(as_completed(futures), 1):
            name, part = futures[future]
            future.result()
            print(f"{time.monotonic() - began:6.0f} s  {number} of {len(jobs)}: {name}, {part}", flush=True)
    records: dict[str, Any] = {}
    for name in chosen:
        record: dict[str, Any] = {}
        for part in measure.PARTS:
            record |= one_part(name, part, speech, sources)
        records[known_as(name)] = {**record, "worst": worst(record)}
    return records


def one_part(name: str, part: str, speech: Path | None, sources: str) -> dict[str, Any]:
    """Measure a part of a method, or read it where it was measured already."""
    label = f"{name.replace(':', '_')}-{part}-{sources}{'-own' if speech else ''}.json"
    path = CACHE / "parts" / label
    if path.is_file():
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    figures = measure.measure(name, part, speech)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures), encoding="utf-8")
    return figures


def worst(record: dict[str, Any]) -> dict[str, Any]:
    """Return the highest leak of all attackers, levels and rooms; over alarms on its own."""
    condition, sentence = max(record["sentences"].items(), key=lambda one: one[1]["identified"])
    material, voice = min(record["voices"].items(), key=lambda one: one[1]["equal_error_rate"])
    written = record["transcription"].values()
    mixes = record.get("talk_over_alarms_db", {}).values()
    return {
        "identified": sentence["identified"],
        "identified_interval_95": sentence["interval_95"],
        "identified_where": condition,
        "identified_by": sentence["attacker"],
        "identified_from_near_copies": record["many_requests"].get("identified"),
        "word_error_rate": min((one["word_error_rate"] for one in written), default=None),
        "content_words": max((one["content_words"] for one in written), default=None),
        "pins_found": record["pins"]["found"],
        "equal_error_rate": voice["equal_error_rate"],
        "equal_error_rate_interval_95": voice["interval_95"],
        "equal_error_rate_where": material,
        "equal_error_rate_by": voice["attacker"],
        "found_at_1_percent_false_positives": max(
            one["found_at_1_percent_false_positives"] for one in record["voices"].values()
        ),
        "identified_over_alarms": max((one["sentences"]["identified"] for one in mixes), default=None),
        "equal_error_rate_over_alarms": min((one["voices"]["equal_error_rate"] for one in mixes), default=None),
    }


def digest() -> str:
    """Return what stands for the sources of the anonymisers and of this benchmark."""
    files = [*(ROOT / "anonymizers").rglob("*"), *(ROOT / "benchmarks" / "privacy").rglob("*.py")]
    whole = hashlib.sha256()
    for path in sorted(one for one in files if one.is_file() and "__pycache__" not in one.parts):
        if path.name not in _LATER:  # they change no figure of a part
            whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


def _kept() -> dict[str, Any]:
    path = report.RESULTS / "privacy.json"
    return dict(report.read("privacy")["methods"]) if path.is_file() else {}


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.privacy", description=__doc__)
    parser.add_argument("--methods", help="names with commas between, or package.module:Class; all of the registry")
    parser.add_argument("--quick", action="store_true", help="only the short version, which writes nothing")
    parser.add_argument("--speech", type=Path, help="a folder with a folder of sound files for each person")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--controls", action="store_true", help="only measure anew what links natural speakers")
    parser.add_argument("--draw", action="store_true", help="only draw the picture anew")
    return parser.parse_args(arguments)
