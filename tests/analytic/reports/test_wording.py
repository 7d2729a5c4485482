# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.reports.wording import clock, counted, number, one_line, shortened, whole
from tests.analytic.reports import making


@given(making.TEXTS)
def test_a_line_stays_a_line_in_its_direction(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line.isprintable() or "\u202e" not in line
    line.encode()


def test_a_name_that_turns_the_text_around_is_turned_back() -> None:
    assert one_line("invoice\u202egnp.exe") == "invoicegnp.exe"


def test_half_a_character_is_replaced() -> None:
    assert whole("a\ud800b\nc") == "a\ufffdb\nc"


@pytest.mark.parametrize(("text", "short"), [("abcdef", "abcdef"), ("abcdefg", "abcde…"), ("abcd efg", "abcd…")])
def test_long_text_ends_with_an_ellipsis(text: str, short: str) -> None:
    assert shortened(text, 6) == short


@pytest.mark.parametrize(
    ("time_s", "text"),
    [
        (0, "0:00.0"),
        (3.25, "0:03.2"),
        (59.96, "1:00.0"),
        (754.5, "12:34.5"),
        (3599.99, "1:00:00.0"),
        (7384, "2:03:04.0"),
    ],
)
def test_a_time_reads_like_a_clock(time_s: float, text: str) -> None:
    assert clock(time_s) == text


@given(st.floats(-1e6, 1e6))
def test_a_number_has_three_decimals_and_is_never_minus_zero(value: float) -> None:
    text = number(value)
    assert float(text) == pytest.approx(value, abs=0.0005001)
    assert text != "-0.000"
    assert len(text.partition(".")[2]) == 3


def test_no_number_is_no_text() -> None:
    assert number(None) == ""


@pytest.mark.parametrize(("count", "text"), [(0, "0 classes"), (1, "1 class"), (2, "2 classes")])
def test_nouns_follow_their_count(count: int, text: str) -> None:
    assert counted(count, "class", "classes") == text
    assert counted(count, "surge") in ("0 surges", "1 surge", "2 surges")
