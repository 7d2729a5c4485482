# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from analytic.errors import ExtraMissing
from analytic.reports.pictures import levels_png, spectrogram_png, timeline_png
from analytic.reports.report import LevelTrack, Report, Spectrogram
from tests.analytic.reports import making

Draw = Callable[[Report], bytes | None]
DRAWS = pytest.mark.parametrize("draw", [spectrogram_png, levels_png, timeline_png])
WIDE_PX, TITLE_AND_TIME_PX = 1320, 161


def pixels(png: bytes | None) -> NDArray[np.float32]:
    """Decode a picture: shape (height, width, 4), 0..1."""
    assert png is not None
    return np.asarray(imread(io.BytesIO(png), format="png"))


def high_px(png: bytes | None) -> int:
    found = pixels(png)
    assert found.shape[1] == WIDE_PX
    return len(found)


def is_coloured(png: bytes | None, colour: str) -> bool:
    """Tell whether a picture has a pixel of just this colour, written #rrggbb."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
    return bool((np.rint(pixels(png)[..., :3] * 255) == wanted).all(axis=-1).any())


@pytest.fixture(scope="module", autouse=True)
def fonts_found() -> None:
    """The first picture of a process also reads matplotlib's fonts."""
    levels_png(making.report())


@DRAWS
@pytest.mark.parametrize("duration_s", [3.0, 10.0, 600.0, 7200.0])
@pytest.mark.parametrize("make", [making.empty, making.report, making.busy])
def test_it_is_drawn_within_three_seconds_however_long_and_busy(
    draw: Draw, duration_s: float, make: Callable[[float], Report]
) -> None:
    report = make(duration_s)
    began = time.thread_time()
    png = draw(report)
    assert time.thread_time() - began < 3
    assert TITLE_AND_TIME_PX + 80 < high_px(png) < 2000


@DRAWS
def test_the_same_report_gives_the_same_bytes(draw: Draw) -> None:
    assert draw(making.busy(60.0)) == draw(making.busy(60.0))


@DRAWS
def test_it_says_neither_when_nor_with_what_it_was_drawn(draw: Draw) -> None:
    png = draw(making.report())
    assert png is not None
    assert not any(chunk in png for chunk in (b"tEXt", b"iTXt", b"tIME"))


def test_lanes_and_rows_make_a_picture_as_high_as_it_must_be() -> None:
    bare = high_px(spectrogram_png(making.empty()))
    assert bare == pytest.approx(TITLE_AND_TIME_PX + 3.7 * 120, abs=1)
    assert high_px(spectrogram_png(making.report())) == pytest.approx(bare + (2 * 0.25 + 0.06) * 120, abs=1)
    assert high_px(timeline_png(making.busy(60.0))) == pytest.approx(TITLE_AND_TIME_PX + 23 * 0.24 * 120, abs=1)


def test_alarms_are_vermilion_and_surges_orange() -> None:
    alarm, surge = making.empty(alarms=(making.alarm(),)), making.empty(surges=(making.surge(),))
    assert all(is_coloured(draw(alarm), "#d55e00") for draw in (spectrogram_png, levels_png))
    assert is_coloured(levels_png(surge), "#e69f00")
    assert not any(is_coloured(draw(making.empty()), "#d55e00") for draw in (spectrogram_png, levels_png, timeline_png))


def test_where_the_spectrogram_is_gone_there_is_no_picture_of_it() -> None:
    assert spectrogram_png(making.report(spectrogram=None)) is None


@pytest.mark.parametrize("shape", [(64, 0), (0, 10), (1, 1), (128, 5000)])
def test_a_spectrogram_of_any_size_is_drawn(shape: tuple[int, int]) -> None:
    centres_hz = np.linspace(100.0, 7000.0, shape[0])
    report = making.report(spectrogram=Spectrogram(0.125, centres_hz, np.full(shape, -60, np.float32)))
    assert high_px(spectrogram_png(report)) > 500


@DRAWS
def test_silence_is_drawn(draw: Draw) -> None:
    silent = Spectrogram(0.125, np.linspace(100.0, 7000.0, 64), np.full((64, 80), -120, np.float32))
    report = making.empty(levels=LevelTrack(1.0, (-120.0,) * 10, (-120.0,) * 10), spectrogram=silent)
    assert high_px(draw(report)) > TITLE_AND_TIME_PX


@DRAWS
def test_a_recording_without_length_or_levels_is_drawn(draw: Draw) -> None:
    assert draw(replace(making.empty(), duration_s=0.0, levels=LevelTrack(1.0, (), ())))


@DRAWS
@pytest.mark.parametrize(
    "text", ["", making.HOSTILE, "$\\frac{1}$ $ 5", "a\udcff\n\x00b", "m" * 5000, "\u0627" * 50, "e\u0301" * 9]
)
def test_no_title_or_label_keeps_it_from_being_drawn(draw: Draw, text: str) -> None:
    hostile = making.report(title=text, heard=(making.sounding(label=text),), alarms=(making.alarm(name=text),))
    assert high_px(draw(hostile)) > TITLE_AND_TIME_PX


@DRAWS
def test_several_threads_draw_the_same(draw: Draw) -> None:
    with ThreadPoolExecutor(3) as threads:
        assert len(set(threads.map(draw, [making.report() for _ in range(6)]))) == 1


def test_what_a_person_has_set_for_matplotlib_changes_nothing() -> None:
    plain = timeline_png(making.report())
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30, "text.parse_math": True}):
        assert timeline_png(making.report()) == plain


@DRAWS
def test_without_matplotlib_the_extra_is_named(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ExtraMissing, match=r"hearken\[reports\]"):
        draw(making.report(spectrogram=None))
