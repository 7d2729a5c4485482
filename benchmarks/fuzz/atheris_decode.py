# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``python -m benchmarks.fuzz.atheris_decode SECONDS``: guided files through `judge`, in runs that add up.

Needs the extra `fuzz`. The corpus lies in build/fuzz/corpus and begins with the seeds; what crashes, hangs, takes more
than 2 GiB or raises lies in build/fuzz/found. Each run of at most ten minutes adds a line to build/fuzz/atheris.json.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.fuzz.seeds import seeds

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "fuzz"
CORPUS, FOUND, RUNS = FOLDER / "corpus", FOLDER / "found", FOLDER / "atheris.json"
_SLICE_S = 600
_LEAST_S = 5
_LIMITS = ("-max_len=16384", "-timeout=60", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1")
_WORDS = (
    *(b"RIFF", b"WAVE", b"fmt ", b"data", b"fact", b"LIST", b"RF64", b"ds64", b"fLaC", b"OggS", b"OpusHead"),
    *(b"OpusTags", b"\x01vorbis", b"FORM", b"AIFF", b"COMM", b"SSND", b".snd", b"caff", b"desc", b"ftyp", b"moov"),
    *(b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"mdat", b"dref", b"url "),
    *(b"moof", b"traf", b"trun", b"\x1aE\xdf\xa3", b"\x18S\x80g", b"\x16T\xaek", b"\x1fC\xb6u", b"ID3\x04"),
    *(b"\xff\xfb", b"\xff\xf1", b"FLV\x01", b"#EXTM3U\n", b"ffconcat "),
    *(b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00"),
)


def run(seconds: float) -> None:
    """Run for so long, in slices; one that ends early is followed by the next."""
    for folder in (CORPUS, FOUND):
        folder.mkdir(parents=True, exist_ok=True)
    for name, content in seeds().items():
        (CORPUS / f"seed-{name}").write_bytes(content)
    words = FOLDER / "words.dict"
    words.write_text("".join(f'"{_escaped(one)}"\n' for one in _WORDS), encoding="ascii")
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > _LEAST_S:
        _slice(round(min(left, _SLICE_S)), words)


def _slice(seconds: int, words: Path) -> None:
    progress = FOLDER / "progress.json"
    progress.unlink(missing_ok=True)
    arguments = [f"-max_total_time={seconds}", f"-dict={words}", f"-artifact_prefix={FOUND}/", *_LIMITS, str(CORPUS)]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fuzz.target", str(progress), str(FOUND), *arguments],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    told = done.stderr.decode("utf-8", "replace")
    (FOLDER / "last-run.log").write_text(told, encoding="utf-8")
    counts = json.loads(progress.read_text(encoding="utf-8")) if progress.exists() else {}
    one = {"seconds": round(time.monotonic() - began, 1), "ended": done.returncode, **_figures(told), **counts}
    RUNS.write_text(json.dumps([*runs(), one], indent=1) + "\n", encoding="utf-8")
    print({name: value for name, value in one.items() if name != "outcomes"}, flush=True)


def runs() -> list[dict[str, Any]]:
    """Return all runs so far."""
    found: list[dict[str, Any]] = json.loads(RUNS.read_text(encoding="utf-8")) if RUNS.exists() else []
    return found


def _figures(told: str) -> dict[str, Any]:
    """Read libFuzzer's figures: executions, lines (edges) of our code reached, features, files in the corpus."""
    figures: dict[str, Any] = {}
    executed = re.findall(r"stat::number_of_executed_units: (\d+)", told)
    status = re.findall(r"#(\d+)\s+\S+\s+cov: (\d+) ft: (\d+) corp: (\d+)/", told)
    if executed or status:
        figures["executions"] = int(executed[-1] if executed else status[-1][0])
    if status:
        figures |= dict(zip(("edges", "features", "corpus"), map(int, status[-1][1:]), strict=True))
    figures["artifacts"] = re.findall(r"Test unit written to \S*?([^/\s]+)$", told, re.MULTILINE)
    return figures


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    run(float(sys.argv[1]))
