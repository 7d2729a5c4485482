# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One run of atheris over `judge`: ``python -m benchmarks.fuzz.target PROGRESS FOUND [LIBFUZZER ARGUMENTS]``.

What Python raises is kept with its file in the folder FOUND and the run goes on; what ends the process (a crash, a
time-out, too much memory) libFuzzer keeps. PROGRESS is written anew every 500 files.
"""

from __future__ import annotations

import hashlib
import json
import random
import resource
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["analytic.audio", "analytic.errors"]):
    from benchmarks.fuzz.judge import Verdict, judge
from benchmarks.fuzz.seeds import seeds

_EVERY = 500
_ONE_IN = 4
_KINDS = 1_024
_MUCH_MIB = 64
_MOST_ADDRESSES = 4 << 30


class Target:
    """What atheris calls with each file.

    Parameters
    ----------
    progress
        Where the counts go.
    found
        Where files go that raise something.
    """

    def __init__(self, progress: Path, found: Path) -> None:
        self._progress, self._found = progress, found
        self._outcomes: Counter[str] = Counter()
        self._raised: Counter[str] = Counter()
        self._slowest_s, self._peak_mib = 0.0, _peak_mib()
        self._count = 0
        self._notes = _noting()
        self._kinds: set[int] = set()

    def __call__(self, content: bytes) -> None:
        """Judge a file."""
        began = time.process_time()
        try:
            verdict = judge(content)
            outcome = f"clip {verdict.clip}, recording {verdict.stream}"
            self._kinds.add(kind := _kind(verdict))
            self._notes[kind]()
        except MemoryError:
            outcome = "MemoryError"
            self._keep(content, outcome, "")
        except Exception as error:  # noqa: BLE001 - the run goes on, the file is kept
            outcome = "a defect"
            self._keep(content, _signature(error), traceback.format_exc())
        self._slowest_s = max(self._slowest_s, time.process_time() - began)
        if (peak_mib := _peak_mib()) - self._peak_mib > _MUCH_MIB:
            self._keep(content, "much memory", f"{peak_mib - self._peak_mib} MiB more than ever before")
        self._peak_mib = peak_mib
        self._outcomes[outcome] += 1
        self._count += 1
        if not self._count % _EVERY:
            self.save()

    def save(self) -> None:
        """Write the counts."""
        counts: dict[str, Any] = {
            "judged": self._count,
            "kinds": len(self._kinds),
            "outcomes": dict(self._outcomes.most_common()),
            "raised": dict(self._raised),
            "slowest_cpu_s": round(self._slowest_s, 3),
            "peak_mib": self._peak_mib,
        }
        new = self._progress.with_suffix(".new")
        new.write_text(json.dumps(counts), encoding="utf-8")
        new.replace(self._progress)

    def _keep(self, content: bytes, signature: str, trace: str) -> None:
        self._raised[signature] += 1
        if self._raised[signature] > 3:
            return
        name = f"raised-{hashlib.sha256(content).hexdigest()[:16]}"
        (self._found / name).write_bytes(content)
        (self._found / f"{name}.txt").write_text(f"{signature}\n{trace}", encoding="utf-8")


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _noting() -> list[Callable[[], int]]:
    """Return a function for each kind of outcome: entering it counts as a line that is reached.

    The libraries are not instrumented: without this all containers would look alike, and all but a few be dropped.
    """
    names: dict[str, Any] = {}
    exec("\n".join(f"def kind_{one}():\n    return {one}" for one in range(_KINDS)), names)  # noqa: S102 - made here
    return [atheris.instrument_func(names[f"kind_{one}"]) for one in range(_KINDS)]


def _kind(verdict: Verdict) -> int:
    told = (verdict.container, verdict.stream, verdict.samples.bit_length() // 2)
    return zlib.crc32(repr(told).encode()) % _KINDS


def _mutated(content: bytes, most: int, seed: int) -> bytes:
    """Change a file; in one of four cases a seed instead, so that every container stays in play."""
    chance = random.Random(seed)
    if not chance.randrange(_ONE_IN):
        content = chance.choice(list(seeds().values()))[:most]
        for _ in range(chance.randrange(4)):
            content = atheris.Mutate(content, most)
    found: bytes = atheris.Mutate(content, most)
    return found


def _signature(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(where.filename).name}:{where.lineno}"


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESSES, _MOST_ADDRESSES))
    target = Target(Path(sys.argv[1]), Path(sys.argv[2]))
    seeds()
    atheris.Setup([sys.argv[0], *sys.argv[3:]], target, custom_mutator=_mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
