# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``python -m benchmarks.fuzz.keep FOLDER...``: of the files there, the smallest of each kind, for the tests to keep.

A kind is what came of a file: as a clip, as a recording, and which container and encoding that was. They go to
tests/analytic/audio/corpus, at most 200 KiB in all; those whose name begins with "hungry" or "once" stay there.
"""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

from benchmarks.fuzz.judge import judge

KEPT = Path(__file__).parents[2] / "tests" / "analytic" / "audio" / "corpus"
MOST_BYTES = 200 << 10
BY_HAND = ("hungry", "once")
_MOST_ADDRESSES = 3 << 30


def main(folders: list[Path]) -> None:
    """Choose, and write."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESSES, _MOST_ADDRESSES))
    smallest: dict[str, bytes] = {}
    for path in (path for folder in folders for path in sorted(folder.iterdir())):
        content = path.read_bytes()
        try:
            kind = _kind(content)
        except MemoryError:
            continue
        if kind not in smallest or len(content) < len(smallest[kind]):
            smallest[kind] = content
    for old in KEPT.iterdir():
        if not old.name.startswith(BY_HAND):
            old.unlink()
    left = MOST_BYTES - sum(path.stat().st_size for path in KEPT.iterdir())
    for kind, content in sorted(smallest.items(), key=lambda one: len(one[1])):
        if len(content) > left:
            break
        left -= len(content)
        (KEPT / kind).write_bytes(content)
    print(f"{len(list(KEPT.iterdir()))} of {len(smallest)} kinds, {MOST_BYTES - left} bytes")


def _kind(content: bytes) -> str:
    verdict = judge(content)
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{verdict.container or 'none'} {verdict.clip} {verdict.stream}")


if __name__ == "__main__":
    main([Path(one) for one in sys.argv[1:]])
