# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Levels and surges, drawn into axes whose limits are set: seconds across, dBFS up."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analytic.reports import canvas
from analytic.reports.canvas import GREY, INK, ORANGE, SKY, Sheet
from analytic.reports.report import LevelTrack, Loudness

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOT: dict[str, Any] = {"markersize": 5, "markeredgecolor": INK, "markeredgewidth": 0.6}
_COLUMNS = 1200
_FLOOR_DB = -120.0
_MANY = 40


def bottom_dbfs(levels: LevelTrack) -> float:
    """Return where the axis ends: below all but the quietest fiftieth, so that a gap of silence does not flatten it."""
    if not levels.rms_dbfs:
        return _FLOOR_DB
    lowest = float(np.percentile(levels.rms_dbfs, 2.0))
    return min(-40.0, max(_FLOOR_DB, math.floor((lowest - 3.0) / 10) * 10))


def draw_levels(axes: Axes, levels: LevelTrack) -> None:
    """Draw RMS as an area and the peaks as a line; of long recordings at most 1200 steps, with their highest peaks."""
    bottom, _ = axes.get_ylim()
    if not levels.rms_dbfs:
        canvas.say(axes, "too short for a level")
        return
    many = math.ceil(len(levels.rms_dbfs) / _COLUMNS)
    edges = np.append(np.arange(0, len(levels.rms_dbfs), many), len(levels.rms_dbfs)) * levels.step_s
    power = np.array([part.mean() for part in _parts(np.power(10.0, np.asarray(levels.rms_dbfs) / 10), many)])
    peaks = np.array([part.max() for part in _parts(np.asarray(levels.peak_dbfs), many)])
    rms_dbfs = np.maximum(10 * np.log10(np.maximum(power, 1e-12)), bottom)
    axes.stairs(rms_dbfs, edges, baseline=bottom, fill=True, color=SKY, linewidth=0)
    if peaks.max() <= _FLOOR_DB:
        canvas.say(axes, "digital silence")
    axes.stairs(np.maximum(peaks, bottom), edges, baseline=None, color=GREY, linewidth=0.8)


def _parts(values: NDArray[np.float64], many: int) -> list[NDArray[np.float64]]:
    return np.split(values, range(many, values.size, many))


def draw_surges(sheet: Sheet, axes: Axes, surges: Iterable[Loudness]) -> None:
    """Draw a span and a peak with its prominence for each surge, and the number where there is room for it."""
    ordered = sorted(surges, key=lambda one: (-one.prominence_db, one.peak_s))
    thin = 0.8 if len(ordered) > _MANY else 1.6
    for surge in ordered:
        long_s = max(surge.offset_s - surge.onset_s, 2 * sheet.pixel_s)
        axes.axvspan(surge.onset_s, surge.onset_s + long_s, color=ORANGE, alpha=0.25, linewidth=0)
        foot_dbfs = surge.peak_dbfs - surge.prominence_db
        axes.vlines(surge.peak_s, foot_dbfs, surge.peak_dbfs, color=ORANGE, linewidth=thin)
    places = [(surge.peak_s, surge.peak_dbfs) for surge in ordered]
    axes.plot(*zip(*places, strict=True) if places else ([], []), "o", color=ORANGE, **DOT, clip_on=False, zorder=4)
    pixels = [(at_s / sheet.pixel_s, _up_px(axes, dbfs)) for at_s, dbfs in places]
    for index in readable(pixels):
        axes.annotate(
            f"{ordered[index].prominence_db:.0f}",
            places[index],
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            size=canvas.LABEL_SIZE,
            bbox={"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 0.6},
            zorder=5,
        )


def _up_px(axes: Axes, dbfs: float) -> float:
    bottom, top = axes.get_ylim()
    return (dbfs - bottom) / (top - bottom) * axes.bbox.height


def readable(dots: list[tuple[float, float]]) -> list[int]:
    """Return which dots, in pixels, can bear a number above them that lies on no other dot and no number before it."""
    numbered: list[int] = []
    for index, (x, y) in enumerate(dots):
        on_dot = any(
            abs(x - other_x) < 18 and -2 < other_y - y < 30
            for other, (other_x, other_y) in enumerate(dots)
            if other != index
        )
        on_number = any(abs(x - dots[other][0]) < 26 and abs(y - dots[other][1]) < 20 for other in numbered)
        if not on_dot and not on_number:
            numbered.append(index)
    return numbered
