# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Leak against use: one dot a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "privacy.png"
CHANCE = 1 / 20
GOAL = 0.10
BLUE, GREY = "#0072b2", "#767676"  # Okabe-Ito blue
TAGGER = "hearken_small"
PLACES = [(side * 8, above) for above in (10, -10, 22, -22, 34, -34, 46, -46, 58, -58) for side in (-1, 1)]


def draw(methods: Mapping[str, Any]) -> Path:
    """Draw the worst identification of sentences over the recall of alarms."""
    mpl.use("agg")
    figure = Figure(figsize=(8.4, 5.6), layout="constrained")
    axes = figure.subplots()
    drawn = {name: one for name, one in methods.items() if "detection" in one}
    spots: list[tuple[str, float, float]] = []
    for name, one in sorted(drawn.items(), key=lambda pair: pair[1]["worst"]["identified"]):
        use = one["detection"][TAGGER]
        x, y = use["alarm_recall"], one["worst"]["identified"]
        low, high = one["worst"]["identified_interval_95"]
        left, right = use["alarm_recall_interval_95"]
        axes.errorbar(
            x,
            y,
            xerr=[[max(0, x - left)], [max(0, right - x)]],
            yerr=[[max(0, y - low)], [max(0, high - y)]],
            fmt="o",
            color=BLUE,
            ecolor="#9cc7e2",
            elinewidth=1,
            markersize=7,
        )
        spots.append((name, x, y))
    for level, what in ((CHANCE, "guessing"), (GOAL, "goal")):
        axes.axhline(level, color=GREY, linewidth=1, linestyle="--" if what == "goal" else ":")
        axes.text(0.005, level * 1.04, what, color=GREY, fontsize=9)
    axes.set_yscale("log")
    axes.set_ylim(0.025, 1.15)
    axes.set_yticks([0.05, 0.1, 0.2, 0.5, 1.0], ["5 %", "10 %", "20 %", "50 %", "100 %"])
    axes.minorticks_off()
    axes.set_xlim(0, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.set_xlabel("alarms still found by the unchanged tagger (mean of the classes)")
    axes.set_ylabel("sentences identified by the worst attacker")
    axes.set_title("What leaks, and what still works: right and low is good", loc="left")
    for spine in ("top", "right"):
        axes.spines[spine].set_visible(False)
    _label(figure, axes, spots)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURE, dpi=120)
    return PICTURE


def _label(figure: Figure, axes: Axes, spots: Sequence[tuple[str, float, float]]) -> None:
    """Write each name beside its dot, at the first place where it lies on no other name or dot."""
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    dots = [axes.transData.transform(place) for _, *place in spots]
    taken = [Bbox.from_extents(x - 8, y - 8, x + 8, y + 8) for x, y in dots]
    for name, x, y in spots:
        text = None
        for right, above in PLACES:
            if text is not None:
                text.remove()
            text = axes.annotate(
                name,
                (x, y),
                xytext=(right, above),
                textcoords="offset points",
                ha="left" if right > 0 else "right",
                va="center",
                family="monospace",
                fontsize=9,
                arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6} if abs(above) > 12 else None,
            )
            box = text.get_window_extent(renderer)
            inside = axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 and box.y0 >= axes.bbox.y0
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
