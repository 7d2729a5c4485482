# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Alarms that are spared against sentences that then leak: a dot a strength of the veto, a panel a tagger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "privacy-veto.png"
CHANCE = 1 / 20
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#767676"  # Okabe-Ito
CURVES = {
    "speech_gate likelier": (BLUE, "spared where an alarm is likelier than speech"),
    "speech_gate outright": (ORANGE, "spared whatever the probability of speech"),
    "speech_gate+reverse_splice outright": (GREEN, "the same, then reverse_splice"),
}
Spot = tuple[float, float]
NAMED = {
    "speech_gate off": ("no veto: the default", (-14, -44)),
    "plain": ("nothing hidden", (1, 14)),
    "speech_gate likelier 0": ("alert_veto = true", (22, -44)),
}
PLACES = [
    (side * (7 + far), above * (far + 4)) for far in (0, 10, 20, 32, 46) for above in (0, 1, -1) for side in (1, -1)
]


def draw(taggers: Mapping[str, Mapping[str, Any]]) -> Path:
    """Draw the sentences identified over the recall of alarms."""
    mpl.use("agg")
    figure = Figure(figsize=(11, 6), layout="constrained")
    panels = figure.subplots(1, len(taggers), sharey=True, squeeze=False)[0]
    for axes, (name, points) in zip(panels, taggers.items(), strict=True):
        _panel(axes, points)
        axes.set_title(f"heard and spared by {name}", loc="left", fontsize=11)
        axes.set_xlabel("alarms still found by the unchanged tagger (mean of the classes)")
    panels[0].set_ylabel("sentences identified by the worst attacker")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle("Alarms with talk over them that is as loud: what sparing them tells", x=0.01, ha="left")
    for axes, points in zip(panels, taggers.values(), strict=True):
        _label(figure, axes, points)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PICTURE, dpi=120)
    return PICTURE


def _panel(axes: Axes, points: Mapping[str, Any]) -> None:
    for order, (curve, (colour, what)) in enumerate(CURVES.items()):
        line = [place for _, place in _steps(points, curve)]
        above = 2.9 - order / 10  # the first is short, and lies on the others
        axes.plot(*zip(*line, strict=True), "o-", color=colour, markersize=6, linewidth=1, label=what, zorder=above)
    for name, marker in (("speech_gate off", "s"), ("plain", "D")):
        _dot(axes, points[name], marker)
    axes.axhline(CHANCE, color=GREY, linewidth=1, linestyle=":")
    axes.text(0.84, CHANCE * 1.04, "guessing", color=GREY, fontsize=9, ha="right")
    axes.set_yscale("log")
    axes.set_ylim(0.025, 1.4)
    axes.set_yticks([0.05, 0.1, 0.2, 0.5, 1.0], ["5 %", "10 %", "20 %", "50 %", "100 %"])
    axes.minorticks_off()
    axes.set_xlim(0, 0.85)
    axes.set_xticks([0, 0.25, 0.5, 0.75], ["0", "25 %", "50 %", "75 %"])
    for spine in ("top", "right"):
        axes.spines[spine].set_visible(False)


def _dot(axes: Axes, one: Mapping[str, Any], marker: str) -> None:
    x, y = _place(one)
    left, right = one["alarm_recall_interval_95"]
    low, high = one["sentences"]["interval_95"]
    axes.errorbar(
        x,
        y,
        xerr=[[max(0, x - left)], [max(0, right - x)]],
        yerr=[[max(0, y - low)], [max(0, high - y)]],
        fmt=marker,
        color="black",
        ecolor="#bbbbbb",
        elinewidth=1,
        markersize=8,
        zorder=3,
    )


def _label(figure: Figure, axes: Axes, points: Mapping[str, Any]) -> None:
    """Name the dots, each at the first place where it lies on no other name or dot; what has none stays unnamed."""
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    spots = [axes.transData.transform(_place(one)) for one in points.values()]
    taken = [Bbox.from_extents(x - 6, y - 6, x + 6, y + 6) for x, y in spots]
    for text, place, colour, places in _names(points):
        for right, above in places:
            written = axes.annotate(
                text,
                place,
                xytext=(right, above),
                textcoords="offset points",
                ha="left" if right > 0 else "right",
                va="center",
                fontsize=8.5,
                color=colour,
                arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5} if abs(above) > 10 else None,
            )
            written.update_positions(renderer)
            box = Text.get_window_extent(written, renderer)  # without its line
            inside = axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 and axes.bbox.y0 <= box.y0
            if len(places) == 1 or (inside and not any(box.overlaps(other) for other in taken)):
                taken.append(box)
                break
            written.remove()


def _names(points: Mapping[str, Any]) -> list[tuple[str, Spot, str, Sequence[tuple[int, int]]]]:
    """Return what is written, at which dot, in which colour, and where it may stand.

    The first rule moves so little that only its end has a name.
    """
    names: list[tuple[str, Spot, str, Sequence[tuple[int, int]]]] = [
        (text, _place(points[name]), "black", [where]) for name, (text, where) in NAMED.items()
    ]
    named = {place for _, place, _, _ in names}
    for curve, (colour, _) in list(CURVES.items())[1:]:
        steps = together(_steps(points, curve))
        names += [(text, place, colour, PLACES) for text, place in steps.items() if place not in named]
    return names


def _steps(points: Mapping[str, Any], curve: str) -> list[tuple[str, Spot]]:
    """Return the dots of a curve by threshold, from no veto on."""
    names = [f"{curve.split(maxsplit=1)[0]} off", *(name for name in points if name.rpartition(" ")[0] == curve)]
    return [(name.rpartition(" ")[2], _place(points[name])) for name in names]


def together(steps: list[tuple[str, Spot]]) -> dict[str, Spot]:
    """Give steps that lie on one spot one label, the first and the last of them."""
    spots: dict[Spot, list[str]] = {}
    for name, place in steps:
        spots.setdefault(place, []).append(name)
    return {names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}": place for place, names in spots.items()}


def _place(one: Mapping[str, Any]) -> Spot:
    return one["alarm_recall"], one["sentences"]["identified"]
