# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``make bench``: all measurements, or those named: ``python -m benchmarks speed accuracy``."""

from __future__ import annotations

import json
import sys

from benchmarks import accuracy, live, pooling, privacy_baseline, report, speed

ALL = {
    "speed": speed.main,
    "accuracy": lambda: accuracy.main([]),
    "pooling": pooling.main,
    "privacy_baseline": privacy_baseline.main,
    "live": live.main,
}


def main(names: list[str]) -> int:
    """Run the measurements and print what they wrote."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"benchmarks: there is no {unknown[0]}; known: {', '.join(ALL)}", file=sys.stderr)
        return 2
    for name in names or ALL:
        ALL[name]()
        if (report.RESULTS / f"{name}.json").is_file():
            figures = {key: value for key, value in report.read(name).items() if key != "machine"}
            print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
