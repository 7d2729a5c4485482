# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What the pictures of a report share: a sheet with a title, axes placed in inches, time below, lanes above.

matplotlib (the extra `reports`) is imported only when something is drawn, never with pyplot, whose figures outlive
their caller. Its settings and fonts are shared by the whole process, so one picture is drawn at a time, with the
settings that it ships with: a picture looks the same on every machine, and the same report gives the same bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from analytic.errors import ExtraMissing
from analytic.reports import ticks
from analytic.reports.lanes import Bar, Lanes, laid
from analytic.reports.report import Report
from analytic.reports.timeline import alarms
from analytic.reports.wording import one_line, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 120
WIDTH_IN = 11.0
LEFT_IN, RIGHT_IN, TOP_IN, BOTTOM_IN = 0.8, 0.95, 0.72, 0.62
LANE_IN, STRIP_GAP_IN = 0.25, 0.06
_GAP_PX = 8.0
# Okabe and Ito's colours, which people of all kinds of colour vision can tell apart.
ORANGE, SKY, GREEN, BLUE, VERMILION = "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00"
INK, GREY, PALE = "#222222", "#666666", "#dddddd"
_STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 9.0,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign is a dollar sign
    "legend.frameon": False,
}
_drawing = threading.Lock()


def library() -> Any:
    """Return matplotlib.

    Raises
    ------
    ExtraMissing
        It is not there.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise ExtraMissing("pictures in reports", "reports") from error
    return mpl


@contextmanager
def drawing() -> Iterator[None]:
    """Draw one picture at a time, with matplotlib's own settings and ours.

    Raises
    ------
    ExtraMissing
        There is no matplotlib.
    """
    mpl = library()
    with _drawing, mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


class Sheet:
    """A white sheet, 11 inches wide, with the recording's title on top; to be used while `drawing`.

    Parameters
    ----------
    report
        Whose title and duration count.
    what
        What is drawn, below the title.
    height_in
        Of all that lies between title and time axis, in inches.
    left_in
        Of the margin.
    """

    def __init__(self, report: Report, what: str, height_in: float, left_in: float = LEFT_IN) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.duration_s = report.duration_s if report.duration_s > 0 else 1.0
        self._left_in, self._body_in = left_in, height_in
        self._height_in = TOP_IN + height_in + BOTTOM_IN
        self.figure = Figure(figsize=(WIDTH_IN, self._height_in), dpi=DPI, facecolor="white")
        self._canvas = FigureCanvasAgg(self.figure)
        title = fitted(report.title or report.id, WIDTH_IN - left_in - RIGHT_IN, 12.0, bold=True)
        left = left_in / WIDTH_IN
        self.figure.text(left, self._up(0.16), title, size=12.0, weight="bold", va="top")
        self.figure.text(left, self._up(0.43), what, color=GREY, va="top")

    def _up(self, below_top_in: float) -> float:
        return 1.0 - below_top_in / self._height_in

    def axes(self, below_in: float, height_in: float) -> Axes:
        """Return axes over the whole time, from `below_in` inches below the title's block on."""
        width_in = WIDTH_IN - self._left_in - RIGHT_IN
        bottom_in = BOTTOM_IN + self._body_in - below_in - height_in
        axes = self._placed(self._left_in, bottom_in, width_in, height_in)
        axes.set_xlim(0.0, self.duration_s)
        return axes

    def beside(self, height_in: float, width_in: float = 0.14) -> Axes:
        """Return narrow axes to the right of the lowest `height_in` inches, as a colour bar needs."""
        return self._placed(WIDTH_IN - RIGHT_IN + 0.12, BOTTOM_IN, width_in, height_in)

    def _placed(self, left_in: float, bottom_in: float, width_in: float, height_in: float) -> Axes:
        across, up = WIDTH_IN, self._height_in
        return self.figure.add_axes((left_in / across, bottom_in / up, width_in / across, height_in / up))

    def time_below(self, axes: Axes) -> None:
        """Write the time below axes."""
        along = ticks.of_time(self.duration_s)
        axes.set_xticks(along.places, along.texts)
        axes.set_xlabel(along.name)

    def legend(self, handles: list[Any]) -> None:
        """Put a legend at the right, level with the line below the title."""
        self.figure.legend(
            handles=handles,
            loc="upper right",
            bbox_to_anchor=(1.0 - RIGHT_IN / WIDTH_IN, self._up(0.42)),
            ncols=max(1, len(handles)),
            borderpad=0.0,
            borderaxespad=0.0,
            columnspacing=1.4,
            handlelength=1.4,
        )

    @property
    def pixel_s(self) -> float:
        """How long a pixel is, in seconds."""
        return self.duration_s / ((WIDTH_IN - self._left_in - RIGHT_IN) * DPI)

    def png(self) -> bytes:
        """Return the sheet as a PNG picture that says neither when nor with what it was drawn."""
        file = BytesIO()
        self._canvas.print_png(file, metadata={"Software": None})  # type: ignore[no-untyped-call]
        return file.getvalue()


def fitted(text: str, width_in: float, size: float, *, bold: bool = False) -> str:
    """Return text as it can be drawn, with an ellipsis where it is wider than `width_in`."""
    text = drawable(text)
    longest = len(text)
    while longest > 1 and width_px(shortened(text, longest), size, bold=bold) > width_in * DPI:
        longest -= max(1, longest // 20)
    return shortened(text, longest)


def drawable(text: str) -> str:
    """Return text in one line of at most 300 characters, with a box for each that the font does not have."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    fonts = [get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight))) for weight in ("normal", "bold")]
    line = shortened(" ".join(one_line(text).split()), 300)
    return "".join(letter if all(font.get_char_index(ord(letter)) for font in fonts) else "□" for letter in line)


def width_px(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide text is on a sheet, in pixels."""
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    renderer = RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]
    wide, _, _ = renderer.get_text_width_height_descent(text, font, False)  # type: ignore[no-untyped-call]
    return float(wide)


LABEL_SIZE = 8.0


def lanes_of(report: Report, bars: Iterable[Bar], most: int) -> Lanes:
    """Lay bars in lanes for a sheet with the usual margins."""
    duration_s = report.duration_s if report.duration_s > 0 else 1.0
    pixel_s = duration_s / ((WIDTH_IN - LEFT_IN - RIGHT_IN) * DPI)
    drawn = (bar._replace(label=shortened(drawable(bar.label), 48)) for bar in bars)
    return laid(
        drawn, duration_s, most, _GAP_PX * pixel_s, lambda text: width_px(text, LABEL_SIZE, bold=True) * pixel_s
    )


def alarm_bars(report: Report) -> list[Bar]:
    """Return the alarms as bars; what still goes on lasts to the end."""
    return [
        Bar(
            one.onset_s,
            report.duration_s if one.offset_s is None else one.offset_s,
            f"ALARM {one.event_class}",
            one.score,
            True,
        )
        for one in alarms(report)
    ]


def strip_in(lanes: Lanes) -> float:
    """Return how much height lanes take above the axes below them, in inches."""
    return len(lanes.lanes) * LANE_IN + STRIP_GAP_IN if lanes.lanes else 0.0


def draw_lanes(sheet: Sheet, lanes: Lanes) -> None:
    """Draw lanes of bars, each with its name above it, at the top of a sheet."""
    if not lanes.lanes:
        return
    axes = sheet.axes(0.0, len(lanes.lanes) * LANE_IN)
    axes.set_axis_off()
    axes.set_ylim(len(lanes.lanes), 0)
    for row, lane in enumerate(lanes.lanes):
        for group in lane:
            colour = VERMILION if group.is_alarm else BLUE
            spans = [(bar.onset_s, max(bar.offset_s - bar.onset_s, 2 * sheet.pixel_s)) for bar in group.bars]
            axes.broken_barh(spans, (row + 0.74, 0.18), facecolors=colour, linewidth=0)
            axes.text(
                group.label_s,
                row + 0.56,
                group.text,
                size=LABEL_SIZE,
                color=colour,
                weight="bold" if group.is_alarm else "normal",
            )


def say(axes: Axes, text: str) -> None:
    """Write text into the middle of axes that have nothing to show."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY, backgroundcolor="white")
