# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``python -m benchmarks.fuzz [SECONDS]``: both kinds of files, guided ones for so long (an hour), then the results.

With 0 seconds what was counted before, in build/fuzz, becomes benchmarks/results/fuzz.json.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import Counter
from typing import Any

from analytic.audio.sandbox.nursery import rehearse
from benchmarks.fuzz import atheris_decode, files, keep
from benchmarks.report import write

_HOUR_S = 3_600
_ENDS = ("crash", "timeout", "oom")


def main(seconds: int = _HOUR_S) -> None:
    """Decode files of both kinds, if there is time for it, and write what came of them."""
    if seconds:
        files.main()
        if importlib.util.find_spec("atheris"):
            atheris_decode.run(seconds)
        else:
            print("atheris is missing: pip install 'hearken[fuzz]'")
    guided = {**_guided(atheris_decode.runs()), "ended_a_run_and_what_they_do_now": _replayed()}
    once = sorted(path.name for path in keep.KEPT.iterdir() if path.name.startswith(keep.BY_HAND))
    print(write("fuzz", {"files": _files(), "guided": guided, "defects_kept_as_tests": once}))


def _files() -> dict[str, Any]:
    path = files.FOLDER / "files.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _guided(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Add runs up; a run that ended early found something, or was too large."""
    outcomes: Counter[str] = Counter()
    raised: Counter[str] = Counter()
    for one in runs:
        outcomes.update(one.get("outcomes", {}))
        raised.update(one.get("raised", {}))
    return {
        "seconds": round(sum(one["seconds"] for one in runs), 1),
        "runs": len(runs),
        "executions": sum(one.get("executions", 0) for one in runs),
        "edges_reached": max((one.get("edges", 0) - one.get("kinds", 0) for one in runs), default=0),
        "kinds_of_outcome_reached": max((one.get("kinds", 0) for one in runs), default=0),
        "features": max((one.get("features", 0) for one in runs), default=0),
        "crashes": _named("crash", runs),
        "timeouts": _named("timeout", runs),
        "out_of_memory": _named("oom", runs),
        "raised": dict(raised.most_common()),
        "slowest_cpu_s": max((one.get("slowest_cpu_s", 0.0) for one in runs), default=0.0),
        "outcomes": dict(outcomes.most_common()),
    }


def _replayed() -> dict[str, str]:
    """Return what now comes of the files that ended a run, decoded in a confined child as the service does."""
    rehearse()
    ended = [path for path in sorted(atheris_decode.FOUND.glob("*-*")) if path.name.startswith(_ENDS)]
    return {path.name: str(files.in_a_child(path.read_bytes())["outcome"]) for path in ended}


def _named(kind: str, runs: list[dict[str, Any]]) -> int:
    return sum(name.startswith(kind) for one in runs for name in one.get("artifacts", ()))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
