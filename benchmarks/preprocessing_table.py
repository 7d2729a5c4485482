# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What preprocessing does to the answers, as docs/preprocessing.md quotes it: a row for each tagger and method."""

from __future__ import annotations

from typing import Any

from benchmarks import report

_NONE = "none"


def table() -> str:
    """Say on what was measured, then what there is without preprocessing, and what each method changes."""
    result = report.read("preprocessing")
    conditions = list(next(iter(result["taggers"].values())))
    head = (
        "tagger",
        "method",
        *conditions,
        "alarms found",
        "same highest class",
        "10 s of sound",
    )
    rows = [
        _row(tagger, method, found, result["cpu_ms_for_10_s"].get(method))
        for tagger, found in result["taggers"].items()
        for method in found[conditions[0]]
    ]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    measured_on = (
        f"{result['clips']} clips of {result['recordings']} recordings, {result['labels']} labels; "
        f"{result['clips_with_alarms']} clips hold an alarm."
    )
    return "\n".join((measured_on, "", *lines))


def _row(tagger: str, method: str, found: dict[str, Any], cpu_ms: float | None) -> list[str]:
    figures = [found[condition][method] for condition in found]
    return [
        tagger,
        method if method == _NONE else f"`{method}`",
        *(f"{100 * one['mean_average_precision']:.1f} %" if method == _NONE else gained(one) for one in figures),
        ", ".join(f"{one['alarm_recall']:.0%}" for one in figures),
        ", ".join(f"{one['same_top_class_as_clean']:.0%}" for one in figures),
        "" if cpu_ms is None else f"{cpu_ms:.1f} ms",
    ]


def gained(figures: dict[str, Any]) -> str:
    """Return a difference in percentage points with its interval, in bold where the interval leaves 0 out."""
    low, high = (100 * end for end in figures["gained_interval_95"])
    points = f"{100 * figures['gained']:+.1f}"
    marked = f"**{points}**" if low > 0 or high < 0 else points
    return f"{marked} ({low:+.1f} to {high:+.1f})"
