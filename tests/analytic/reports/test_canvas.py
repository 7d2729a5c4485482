# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import sys

import pytest

from analytic.errors import ExtraMissing
from analytic.reports import canvas
from tests.analytic.reports import making


def test_what_the_font_cannot_draw_becomes_a_box_and_nothing_breaks_the_line() -> None:
    assert canvas.drawable("a\n\tb 台\ud800\u202e") == "a b □\ufffd"


def test_a_long_title_is_cut_to_its_width() -> None:
    short = canvas.fitted("kitchen " * 100, 4.0, 12.0, bold=True)
    assert short.endswith("…")
    assert 300 < canvas.width_px(short, 12.0, bold=True) <= 4.0 * canvas.DPI


def test_a_title_that_fits_is_whole() -> None:
    assert canvas.fitted("kitchen.wav", 4.0, 12.0) == "kitchen.wav"


def test_an_open_alarm_is_drawn_to_the_end() -> None:
    (bar,) = canvas.alarm_bars(making.report(alarms=(making.alarm(offset_s=None),)))
    assert bar.offset_s == 10.0


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were() -> None:
    mpl = canvas.library()
    before = dict(mpl.rcParams)
    with canvas.drawing():
        assert mpl.rcParams["text.parse_math"] is False
    assert dict(mpl.rcParams) == before


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        ExtraMissing, match=r"pictures in reports needs the extra reports: pip install 'hearken\[reports\]'"
    ):
        canvas.library()
