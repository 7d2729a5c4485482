# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Results as a picture: the reliability diagram, and the alarms' average precision with intervals.

Colours: M. Okabe, K. Ito, "Color Universal Design", 2008; shapes differ too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00")
MARKERS = ("o", "s")


def draw(results: dict[str, Any], path: Path) -> None:
    """Draw an evaluation into a PNG file."""
    figure = Figure(figsize=(11, 4.8), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    calibration, found = figure.subplots(1, 2)
    names = [tagger["name"] for tagger in results["taggers"]]
    _reliability(calibration, names, results["reliability"])
    _alarms(found, names, results["alarms"]["classes"])
    figure.savefig(path)


def _reliability(axes: Axes, names: list[str], reliability: dict[str, Any]) -> None:
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1, label="as often right as it says")
    for name, colour, marker in zip(names, COLOURS, MARKERS, strict=False):
        entries = reliability[name]
        mean, share = ([entry[key] for entry in entries] for key in ("mean_score", "labelled"))
        axes.plot(mean, share, color=colour, marker=marker, label=name)
    axes.set(xlabel="score (probability)", ylabel="share of pairs labelled", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title("Reliability (weak labels: the truth lies higher)")
    axes.legend()


def _alarms(axes: Axes, names: list[str], rows: list[dict[str, Any]]) -> None:
    for index, (name, colour, marker) in enumerate(zip(names, COLOURS, MARKERS, strict=False)):
        place = [position + 0.2 * (index - 0.5 * (len(names) - 1)) for position in range(len(rows))]
        figures = [row["taggers"][name] for row in rows]
        middle = [one["average_precision"] for one in figures]
        low = [max(0.0, one["average_precision"] - one["average_precision_interval"][0]) for one in figures]
        high = [max(0.0, one["average_precision_interval"][1] - one["average_precision"]) for one in figures]
        axes.errorbar(middle, place, xerr=[low, high], color=colour, marker=marker, linestyle="", capsize=3, label=name)
    axes.set_yticks(range(len(rows)), [f"{row['alarm']} ({row['recordings']})" for row in rows])
    axes.set(xlabel="average precision, with 95 % interval over recordings", xlim=(0, 1))
    axes.invert_yaxis()
    axes.set_title("Alarms (recordings with it)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)
