# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Draw docs/pictures/alerts.png: for each class, alarms found against false alarms a day at home, for both taggers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks import report

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "alerts.png"
NOTHING = 0.1  # where a rate of none is drawn on the logarithmic axis
# M. Okabe and K. Ito, "Color Universal Design", 2008.
LOOKS = {"mn04_as": ("#0072B2", "o"), "hearken_small": ("#D55E00", "s")}
TITLES = {"mn04_as": "mn04_as, all recordings", "hearken_small": "hearken_small, validation recordings"}


def draw() -> Path:
    """Draw the committed result; return the picture's path."""
    result = report.read("events")
    figure = Figure(figsize=(9.5, 8.0), layout="constrained")
    axes = figure.subplots(3, 3, sharex=True, sharey=True)
    for panel, name in zip(axes.flat, result["classes"], strict=True):
        for column, (colour, mark) in LOOKS.items():
            _class(panel, result["columns"][column], name, column, colour, mark)
        panel.set_title(name.replace("_", " "), fontsize=10)
        panel.set_xscale("log")
        panel.set_xlim(NOTHING * 0.8, 40)
        panel.set_ylim(-0.02, 1.02)
        panel.set_xticks([NOTHING, 1, 10], ["none", "1", "10"])
        panel.grid(alpha=0.25)
    figure.supxlabel("false alarms a day on household days")
    figure.supylabel("alarms found in soundscapes, all SNRs together (0 to 20 dB)")
    handles, names = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=2, fontsize=9, frameon=False)
    figure.savefig(PICTURE, dpi=110)
    return PICTURE


def _class(panel: Any, column: dict[str, Any], name: str, title: str, colour: str, mark: str) -> None:
    places = [place for place in column["curves"][name] if place["recall"] is not None]
    rates = [max(place["per_day"], NOTHING) for place in places]
    panel.plot(rates, [place["recall"] for place in places], color=colour, label=f"{TITLES[title]}, any threshold")
    figures = column["hearken_medium"]
    _point(panel, figures, name, color=colour, marker=mark, label=f"{TITLES[title]}, medium, as measured")
    _point(panel, column["single_window_0.5"], name, color=colour, marker="x", label=f"{title}, one window over 0.5")


def _point(panel: Any, figures: dict[str, Any], name: str, **look: Any) -> None:
    recall = figures["scenes"]["classes"][name]["recall"]
    if recall is not None:
        rate = figures["household"]["classes"][name]["false_alarms_per_day"]
        panel.plot([max(rate, NOTHING)], [recall], linestyle="none", markersize=7, **look)


if __name__ == "__main__":
    print(f"wrote {draw().name}")
