# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Draw a training: ``python -m model.training.plot FOLDER`` writes curve.png from its progress.jsonl."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

BLUE, ORANGE = "#0072B2", "#D55E00"  # M. Okabe, K. Ito, "Color Universal Design", 2008


def read(log: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Read a progress file: the lines with losses, and those with figures on held-out crops, both by batch.

    A batch that was made again after a resumption counts once, as it was last.
    """
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    losses = {line["batch"]: line for line in lines if "binary" in line}
    seen = {line["batch"]: line for line in lines if "top1_in_teachers_five" in line}
    return [losses[batch] for batch in sorted(losses)], [seen[batch] for batch in sorted(seen)]


def minutes(log: Path) -> float:
    """Return how long a training took, in minutes, its resumed stretches added up."""
    total = last = 0.0
    for line in log.read_text(encoding="utf-8").splitlines():
        seconds = json.loads(line).get("seconds", last)
        if seconds < last:  # started again
            total += last
        last = seconds
    return (total + last) / 60


def draw(log: Path, path: Path) -> None:
    """Draw losses and held-out agreement against crops seen."""
    losses, seen = read(log)
    figure = Figure(figsize=(10, 4.2), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    crops = [line["crops"] / 1000 for line in losses]
    for key, colour, style, label in (
        ("binary", BLUE, "-", "sigmoids (527 classes summed)"),
        ("ordered", ORANGE, "--", "softmax (order)"),
    ):
        left.plot(crops, [line[key] for line in losses], color=colour, linestyle=style, label=label)
    left.set(xlabel="crops seen (thousands)", ylabel="divergence from the teacher (nats)", yscale="log")
    left.yaxis.set_major_formatter(ScalarFormatter())
    left.yaxis.set_minor_formatter(ScalarFormatter())
    left.set_title("Training crops")
    left.legend()
    crops = [line["crops"] / 1000 for line in seen]
    for key, colour, marker, label in (
        ("top1_in_teachers_five", BLUE, "o", "top class in the teacher's top five"),
        ("label_hits_ratio", ORANGE, "s", "label in top five, over the teacher's"),
    ):
        right.plot(crops, [100 * line[key] for line in seen], color=colour, marker=marker, markersize=4, label=label)
    right.set(xlabel="crops seen (thousands)", ylabel="share (%)")
    right.axhline(100, color="0.7", linewidth=1)
    right.set_title("First 3 s of each validation clip, averaged weights")
    right.legend(loc="lower right")
    figure.savefig(path)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m model.training.plot", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of model.training.distill")
    folder = parser.parse_args(arguments).folder
    draw(folder / "progress.jsonl", folder / "curve.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
