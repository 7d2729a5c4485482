# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``python -m benchmarks.fuzz.files [COUNT]``: files that hypothesis makes, each decoded in a confined child.

The children are forked from this process, as the sandbox's are from its nursery, with the same limits. The same files
are made each time. Counts go to build/fuzz/files.json, files that are not decoded rightly to build/fuzz/found.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from analytic.audio.sandbox import decoder
from analytic.audio.sandbox.hatching import SandboxLimits
from analytic.audio.sandbox.nursery import rehearse
from benchmarks.fuzz.judge import judge
from benchmarks.fuzz.seeds import seeds

FOLDER = Path(__file__).parents[2] / "build" / "fuzz"
COUNT = 20_000
_LIMITS = SandboxLimits()
_HEADER = 200
_BATCH = 500
_NUMBERS = (0, 1, 2, 9, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_MAGIC = (b"", b"RIFF\x24\0\0\0WAVE", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0", b"fLaC\0\0\0\x22", b"OggS\0\x02")
_MAGIC_TOO = (
    b"\0\0\0\x18ftypisom",
    b"\x1aE\xdf\xa3",
    b"ID3\x04",
    b"\xff\xfb\x90\x64",
    b"FLV\x01\x04",
    b"caff\0\1",
    b"G@",
)


@st.composite
def _files(draw: st.DrawFn) -> bytes:
    """Noise behind a beginning that is known, or a valid file: bytes changed, numbers written over, cut and joined."""
    kind = draw(st.sampled_from(("noise", "bytes", "numbers", "numbers", "joined", "cut")))
    if kind == "noise":
        magic: bytes = draw(st.sampled_from(_MAGIC + _MAGIC_TOO))
        return magic + draw(st.binary(max_size=400))
    content = bytearray(draw(_valid()))
    if kind == "bytes":
        for place, value in draw(st.lists(st.tuples(_places(content), st.integers(0, 255)), min_size=1, max_size=12)):
            content[place] = value
    elif kind == "numbers":
        for place, number in draw(st.lists(st.tuples(_places(content), _numbers()), min_size=1, max_size=4)):
            content[place : place + len(number)] = number
    elif kind == "joined":
        other = draw(_valid())
        cut, resumed = draw(st.integers(0, len(content))), draw(st.integers(0, len(other)))
        return bytes(content[:cut]) + draw(st.binary(max_size=32)) + other[resumed:]
    else:
        return bytes(content[: draw(st.integers(1, len(content)))])
    return bytes(content)


def _valid() -> st.SearchStrategy[bytes]:
    return st.sampled_from(list(seeds().values()))


def _places(content: bytearray) -> st.SearchStrategy[int]:
    return st.integers(0, min(_HEADER, len(content)) - 1) | st.integers(0, len(content) - 1)


def _numbers() -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda value, size, order: value.to_bytes(8, "little")[:size][::order],
        st.sampled_from(_NUMBERS),
        st.sampled_from((2, 4, 8)),
        st.sampled_from((1, -1)),
    )


class Tally:
    """Counts what came of the files."""

    def __init__(self, found: Path) -> None:
        found.mkdir(parents=True, exist_ok=True)
        self._found = found
        self._outcomes: Counter[str] = Counter()
        self._defects: Counter[str] = Counter()
        self._cpu_s: list[float] = []
        self._grown_mib: list[float] = []

    def take(self, content: bytes) -> None:
        """Decode a file in a child, and count what it says."""
        told = in_a_child(content)
        outcome = str(told["outcome"])
        self._outcomes[outcome] += 1
        if told["defect"]:
            self._defects[outcome] += 1
            (self._found / f"file-{hashlib.sha256(content).hexdigest()[:16]}").write_bytes(content)
        self._cpu_s.append(float(told["cpu_s"]))
        self._grown_mib.append(float(told["grown_mib"]))

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self._outcomes.values())

    def figures(self) -> dict[str, Any]:
        """Return the counts."""
        times = sorted(self._cpu_s)
        return {
            "files": self.count,
            "outcomes": dict(self._outcomes.most_common()),
            "defects": dict(self._defects),
            "median_cpu_ms": round(1e3 * times[len(times) // 2], 2),
            "p99_cpu_ms": round(1e3 * times[len(times) * 99 // 100], 2),
            "slowest_cpu_s": round(times[-1], 3),
            "most_grown_mib": round(max(self._grown_mib), 1),
        }


def in_a_child(content: bytes) -> dict[str, Any]:
    """Decode a file in a confined child; return what came of it, whether that is a defect, its time and memory."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        ours.close()
        _judged(content, theirs)
    theirs.close()
    told = b""
    with ours:
        ours.settimeout(_LIMITS.clip_s)
        try:
            told = ours.recv(1 << 16)
        except TimeoutError:
            os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if told:
        found: dict[str, Any] = json.loads(told)
        return found
    return {"outcome": f"ended with {status}", "defect": True, "cpu_s": 0.0, "grown_mib": 0.0}


def _judged(content: bytes, answer: socket.socket) -> NoReturn:
    defect = False
    try:
        decoder.confine(_LIMITS.memory_bytes, round(_LIMITS.clip_s))
        began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            verdict = judge(content)
            outcome = f"clip {verdict.clip}, recording {verdict.stream}"
        except MemoryError:
            outcome = "MemoryError"
        except Exception as error:  # noqa: BLE001 - counted
            outcome, defect = f"{type(error).__name__}: {error}"[:200], True
        told = {
            "outcome": outcome,
            "defect": defect,
            "cpu_s": time.process_time() - began,
            "grown_mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        }
        answer.sendall(json.dumps(told).encode())
    finally:
        os._exit(0)


def _batch(number: int, count: int, tally: Tally) -> None:
    """Make and decode some files: hypothesis remembers all that it made in one go."""

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_files())
    def every(content: bytes) -> None:
        tally.take(content)

    every()


def main(count: int = COUNT) -> None:
    """Make and decode so many files."""
    rehearse()
    seeds()
    tally = Tally(FOLDER / "found")
    began = time.monotonic()

    for number in range(-(-count // _BATCH)):
        _batch(number, min(_BATCH, count - number * _BATCH), tally)
        gc.collect()  # nothing else does since `rehearse`, and what is large is slow to fork
        print(tally.count, "files", flush=True)
    figures = {"seconds": round(time.monotonic() - began, 1), **tally.figures()}
    (FOLDER / "files.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
