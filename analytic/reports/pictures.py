# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The pictures of a report as PNG: its spectrogram, its levels, its timeline. They share the time axis and the colours.

They are 1320 pixels wide. Each is drawn anew from the report, and the same report gives the same bytes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from analytic.reports import canvas, loudness, ticks
from analytic.reports.canvas import GREY, ORANGE, PALE, SKY, VERMILION, Sheet
from analytic.reports.lanes import Bar
from analytic.reports.report import Report, Spectrogram
from analytic.reports.wording import counted, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPECTRUM_IN, LEVELS_IN, ROW_IN = 3.7, 2.9, 0.24
MOST_LANES, MOST_CLASSES = 6, 20
_FLOOR_DB, _RANGE_DB, _LEAST_TOP_DB = -120.0, 80.0, -60.0
_MANY = 40
_ROW_LABEL = 36


def spectrogram_png(report: Report) -> bytes | None:
    """Draw the mel spectrogram, with the alarms and what was heard longest above it; None where it is gone.

    Raises
    ------
    ExtraMissing
        There is no matplotlib.
    """
    spectrogram = report.spectrogram
    if spectrogram is None:
        canvas.library()
        return None
    with canvas.drawing():
        heard = [Bar(one.onset_s, one.offset_s, one.label, one.score) for one in report.heard]
        lanes = canvas.lanes_of(report, [*canvas.alarm_bars(report), *heard], MOST_LANES)
        strip_in = canvas.strip_in(lanes)
        what = f"mel spectrogram, columns of {spectrogram.step_s:.3g} s"
        if lanes.left_out:
            what += f"; {counted(lanes.left_out, 'sound')} more in the timeline"
        sheet = Sheet(report, what, strip_in + SPECTRUM_IN)
        canvas.draw_lanes(sheet, lanes)
        axes = sheet.axes(strip_in, SPECTRUM_IN)
        _draw_spectrum(sheet, axes, spectrogram)
        _draw_edges(sheet, axes, canvas.alarm_bars(report))
        sheet.time_below(axes)
        return sheet.png()


def _draw_spectrum(sheet: Sheet, axes: Axes, spectrogram: Spectrogram) -> None:
    power_db = np.maximum(np.nan_to_num(spectrogram.power_db, nan=_FLOOR_DB), _FLOOR_DB)
    bands, columns = power_db.shape
    if not power_db.size:
        axes.set_yticks([])
        canvas.say(axes, "too short for a spectrogram")
        return
    top_db = max(_LEAST_TOP_DB, math.ceil(float(power_db.max()) / 10) * 10)
    image = axes.imshow(
        power_db,
        cmap="cividis",
        vmin=max(_FLOOR_DB, top_db - _RANGE_DB),
        vmax=top_db,
        origin="lower",
        aspect="auto",
        extent=(0.0, columns * spectrogram.step_s, -0.5, bands - 0.5),
    )
    axes.set_xlim(0.0, sheet.duration_s)
    axes.set_ylim(-0.5, bands - 0.5)
    along = ticks.of_mel_bands(spectrogram.centres_hz)
    axes.set_yticks(along.places, along.texts)
    axes.set_ylabel(along.name)
    bar = sheet.figure.colorbar(image, cax=sheet.beside(SPECTRUM_IN))
    bar.set_label("power (dB, 0 = sine of full scale)")
    bar.outline.set_visible(False)


def _draw_edges(sheet: Sheet, axes: Axes, alarms: list[Bar]) -> None:
    """Draw a line where an alarm begins and one where it ends; of many only their ends, which hide nothing."""
    short = len(alarms) > _MANY
    for bar in alarms:
        is_narrow = bar.offset_s - bar.onset_s < 4 * sheet.pixel_s
        for edge_s in (bar.onset_s,) if is_narrow else (bar.onset_s, bar.offset_s):
            for low, high in ((0.0, 0.03), (0.97, 1.0)) if short else ((0.0, 1.0),):
                axes.axvline(edge_s, low, high, color=VERMILION, linewidth=1.2)


def levels_png(report: Report) -> bytes:
    """Draw how loud it was, with the surges marked and the alarms shaded.

    Raises
    ------
    ExtraMissing
        There is no matplotlib.
    """
    with canvas.drawing():
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        lanes = canvas.lanes_of(report, canvas.alarm_bars(report), MOST_LANES)
        strip_in = canvas.strip_in(lanes)
        sheet = Sheet(report, "level over time", strip_in + LEVELS_IN)
        canvas.draw_lanes(sheet, lanes)
        axes = sheet.axes(strip_in, LEVELS_IN)
        axes.set_ylim(loudness.bottom_dbfs(report.levels), 0.0)
        axes.set_ylabel("level (dBFS)")
        axes.grid(axis="y", color=PALE, linewidth=0.6)
        axes.set_axisbelow(True)
        for bar in canvas.alarm_bars(report):
            end_s = max(bar.offset_s, bar.onset_s + 2 * sheet.pixel_s)
            axes.axvspan(bar.onset_s, end_s, color=VERMILION, alpha=0.22, linewidth=0)
        loudness.draw_levels(axes, report.levels)
        loudness.draw_surges(sheet, axes, report.surges)
        sheet.time_below(axes)
        handles: list[Any] = [Patch(color=SKY, label="RMS"), Line2D([], [], color=GREY, linewidth=0.8, label="peak")]
        if report.surges:
            dot = Line2D([], [], color=ORANGE, marker="o", **loudness.DOT)
            dot.set_label("surge, with its prominence in dB")
            handles.append(dot)
        if report.alarms:
            handles.append(Patch(color=VERMILION, alpha=0.35, label="alarm"))
        sheet.legend(handles)
        return sheet.png()


def timeline_png(report: Report) -> bytes:
    """Draw what was heard when: a row for each alarm class, then for each of the classes heard longest.

    Raises
    ------
    ExtraMissing
        There is no matplotlib.
    """
    with canvas.drawing():
        from matplotlib.patches import Patch

        alarm_rows = _rows(canvas.alarm_bars(report))
        heard = _rows(Bar(one.onset_s, one.offset_s, one.label, one.score) for one in report.heard)
        rows = [*alarm_rows[:MOST_CLASSES], *heard[:MOST_CLASSES]]
        labels = [shortened(canvas.drawable(row[0].label), _ROW_LABEL) for row in rows]
        widest_px = max((canvas.width_px(label, 9.0, bold=True) for label in labels), default=0.0)
        left_out = len(alarm_rows) + len(heard) - len(rows)
        what = "what was heard when"
        if left_out:
            what += f"; {counted(left_out, 'more class', 'more classes')} in the CSV"
        height_in = max(3, len(rows)) * ROW_IN
        sheet = Sheet(report, what, height_in, max(canvas.LEFT_IN, 0.25 + widest_px / canvas.DPI))
        axes = sheet.axes(0.0, height_in)
        axes.set_ylim(max(3, len(rows)) - 0.5, -0.5)
        _draw_rows(sheet, axes, rows, labels)
        sheet.time_below(axes)
        if rows:
            shades = (0.25, 0.5, 0.75, 1.0)
            handles: list[Any] = [Patch(color=_shade(canvas.BLUE, one), label=f"{one:g}") for one in shades]
            sheet.legend([Patch(alpha=0.0, label="score"), *handles])
        else:
            canvas.say(axes, "nothing was heard")
        return sheet.png()


def _rows(bars: Iterable[Bar]) -> list[list[Bar]]:
    """Return bars by their label, those that lasted longest in all first."""
    rows = defaultdict(list)
    for bar in bars:
        rows[bar.label].append(bar)
    return sorted(rows.values(), key=lambda row: (-sum(bar.offset_s - bar.onset_s for bar in row), row[0].label))


def _shade(colour: str, score: float) -> tuple[float, float, float]:
    """Return a colour thinned by white, the more the lower the score; no grid shines through it."""
    from matplotlib.colors import to_rgb

    strength = 0.15 + 0.85 * min(1.0, max(0.0, score))
    red, green, blue = (1.0 - strength * (1.0 - part) for part in to_rgb(colour))
    return red, green, blue


def _draw_rows(sheet: Sheet, axes: Axes, rows: list[list[Bar]], labels: list[str]) -> None:
    axes.set_yticks(range(len(rows)), labels)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    for place, (row, written) in enumerate(zip(rows, axes.get_yticklabels(), strict=True)):
        colour = VERMILION if row[0].is_alarm else canvas.BLUE
        if row[0].is_alarm:
            written.set(color=VERMILION, weight="bold")
        axes.axhline(place, color=PALE, linewidth=0.6, zorder=0)
        spans = [(bar.onset_s, max(bar.offset_s - bar.onset_s, 2 * sheet.pixel_s)) for bar in row]
        shades = [_shade(colour, bar.score) for bar in row]
        axes.broken_barh(spans, (place - 0.32, 0.64), facecolors=shades, linewidth=0)
