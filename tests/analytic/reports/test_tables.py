# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import csv as reader
import io
import re

import pytest
from hypothesis import given

from analytic.reports.report import Report
from analytic.reports.tables import COLUMNS, csv
from tests.analytic.reports import making

HEADER = "kind,onset_s,offset_s,duration_s,label,label_id,event_class,severity,score,level_dbfs,event_id\r\n"


def rows(report: Report) -> list[dict[str, str]]:
    return list(reader.DictReader(io.StringIO(csv(report), newline="")))


def test_each_thing_that_happened_is_a_line() -> None:
    assert csv(making.report()) == (
        HEADER + "heard,0.500,3.000,2.500,Speech,/m/09x0r,,,0.880,,\r\n"
        "alarm,1.000,2.500,1.500,Shatter,/m/07rjwbb,glass_break,critical,0.912,-3.500,0197-event\r\n"
        "surge,1.000,1.600,0.600,Shatter,/m/07rjwbb,,,0.500,-12.000,\r\n"
    )


def test_nothing_heard_is_a_header() -> None:
    assert csv(making.empty()) == HEADER


def test_it_has_no_byte_order_mark() -> None:
    assert csv(making.report()).encode().startswith(b"kind,")


def test_lines_are_sorted_by_onset() -> None:
    onsets = [float(row["onset_s"]) for row in rows(making.busy(600.0))]
    assert onsets == sorted(onsets)
    assert len(onsets) == 300 + 38 + 100


def test_an_alarm_that_goes_on_has_neither_offset_nor_duration() -> None:
    (row,) = rows(making.empty(alarms=(making.alarm(offset_s=None),)))
    assert (row["onset_s"], row["offset_s"], row["duration_s"]) == ("1.000", "", "")


def test_an_event_that_was_taken_back_is_not_told() -> None:
    taken_back = {"phase": "deleted", "id": "0197-event"}
    assert rows(making.empty(alarms=(taken_back,))) == []


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝"])  # noqa: RUF001
def test_text_that_a_spreadsheet_would_compute_gets_an_apostrophe(begins: str) -> None:
    evil = f'{begins}HYPERLINK("http://evil.example")'
    (row,) = rows(making.empty(heard=(making.sounding(label=evil),)))
    assert row["label"] == f"'{evil}"


def test_negative_numbers_stay_numbers() -> None:
    (row,) = rows(making.empty(surges=(making.surge(),)))
    assert row["level_dbfs"] == "-12.000"


def test_commas_quotes_and_breaks_come_back() -> None:
    label = 'Dishes, "pots",\r\nand pans'
    (row,) = rows(making.empty(heard=(making.sounding(label=label),)))
    assert row["label"] == label


@given(making.reports())
def test_any_report_comes_back_row_by_row(report: Report) -> None:
    written = csv(report).encode().decode()
    read = list(reader.reader(io.StringIO(written, newline="")))
    assert read[0] == list(COLUMNS)
    assert len(read) == 1 + len(report.alarms) + len(report.heard) + len(report.surges)
    for line in read[1:]:
        assert len(line) == len(COLUMNS)
        assert not any(re.match(r"[=+@\t\r]|-(?!\d+\.\d{3}$)", cell) for cell in line), line
