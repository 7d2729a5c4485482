# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Results as Markdown tables, and rounded for JSON."""

from __future__ import annotations

from typing import Any

DIGITS = 4


def rounded(value: Any) -> Any:
    """Round every float in nested lists and dictionaries to four places."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return value


def table(head: list[str], rows: list[list[str]]) -> str:
    """Draw a Markdown table; the first column is text, the others are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "".join("| " + " | ".join(row) + " |\n" for row in (head, rule, *rows))


def percent(share: float | None) -> str:
    """Write a share within 0..1 as a percentage with one decimal; a dash for None."""
    return "-" if share is None else f"{100 * share:.1f} %"


def between(pair: list[float]) -> str:
    """Write an interval with two decimals."""
    return f"{pair[0]:.2f} to {pair[1]:.2f}"


def markdown(results: dict[str, Any]) -> str:
    """Write a whole evaluation."""
    data = results["data"]
    names = [tagger["name"] for tagger in results["taggers"]]
    sections = [
        f"# Evaluation of {names[0]}\n",
        _clips(data),
        overall(results),
    ]
    if results["agreement"]:
        sections.append(agreement(results))
    sections += [
        "## Alarms\n",
        alarms(results),
        "## Calibration\n",
        calibration(results),
        "## Classes\n",
        classes(results),
    ]
    return "\n".join(sections)


def _clips(data: dict[str, Any]) -> str:
    return (
        f"{data['clips']} clips of {data['recordings']} recordings (split: {data['split']}), "
        f"{data['labelled_clips']} of them labelled, {data['classes_with_clips']} classes. First 10 s of each. "
        f"Labels are weak: a missing one counts as absent.\n"
    )


def overall(results: dict[str, Any]) -> str:
    """Tabulate the figures over all classes, a column for each tagger."""
    named = results["overall"]
    parts = sorted({part for figures in named.values() for part in figures["label_in_top_5_by_part"]})
    rows = [["label in top five", *(percent(figures["label_in_top_5"]) for figures in named.values())]]
    rows += [
        [
            f"label in top five, part {part}",
            *(percent(one["label_in_top_5_by_part"].get(part)) for one in named.values()),
        ]
        for part in parts
    ]
    for title, key in (
        ("mean average precision", "mean_average_precision"),
        ("calibration error", "calibration_error"),
    ):
        rows.append([title, *(f"{figures[key]:.3f}" for figures in named.values())])
    return table(["", *named], rows)


def agreement(results: dict[str, Any]) -> str:
    """Say how far the two taggers agree, as a table."""
    found = results["agreement"]
    ours, theirs = (tagger["name"] for tagger in results["taggers"])
    rows = [
        [f"top class of {ours} is in the top five of {theirs}", percent(found["top_1_in_reference_top_5"])],
        ["same top class", percent(found["top_1_same"])],
        ["top five shared", percent(found["top_5_shared"])],
    ]
    return table(["agreement", "share of clips"], rows)


def alarms(results: dict[str, Any]) -> str:
    """Tabulate the alarms, with 95 % intervals over recordings, and name the thin ones."""
    found = results["alarms"]
    names = [tagger["name"] for tagger in results["taggers"]]
    head = ["alarm", "clips", "recordings"]
    for name in names:
        head += [f"AP {name}", "95 %", f"recall at 1 % {name}", "95 %"]
    rows = []
    for row in found["classes"]:
        cells = [row["alarm"], str(row["clips"]), str(row["recordings"])]
        for name in names:
            figures = row["taggers"][name]
            cells += [f"{figures['average_precision']:.2f}", between(figures["average_precision_interval"])]
            cells += [f"{figures['recall']:.2f}", between(figures["recall_interval"])]
        rows.append(cells)
    text = table(head, rows)
    mean = found["mean"]
    if mean:
        text += f"\nMean average precision of {', '.join(mean['alarms'])}: " + ", ".join(
            f"{name} {figures['average_precision']:.2f} ({between(figures['average_precision_interval'])})"
            for name, figures in mean["taggers"].items()
        )
        text += f"; ratio {mean['ratio']:.2f} ({between(mean['ratio_interval'])}).\n" if "ratio" in mean else ".\n"
    return text + f"\nToo few recordings to score (under five): {', '.join(found['thin']) or 'none'}.\n"


def calibration(results: dict[str, Any]) -> str:
    """Tabulate the reliability diagram of the tagger measured."""
    name = results["taggers"][0]["name"]
    rows = [
        [f"{entry['from']:.1f}", str(entry["pairs"]), f"{entry['mean_score']:.3f}", f"{entry['labelled']:.3f}"]
        for entry in results["reliability"][name]
    ]
    return table([f"{name}: score from", "pairs of clip and class", "mean score", "share labelled"], rows)


def classes(results: dict[str, Any]) -> str:
    """Tabulate every class that a clip is labelled with."""
    names = [tagger["name"] for tagger in results["taggers"]]
    rows = [
        [row["name"], str(row["clips"]), str(row["recordings"])]
        + [f"{row['average_precision'][name]:.2f}" for name in names]
        for row in sorted(results["classes"], key=lambda row: -row["clips"])
    ]
    return table(["class", "clips", "recordings", *(f"AP {name}" for name in names)], rows)
