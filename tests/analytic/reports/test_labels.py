# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import re

from hypothesis import given

from analytic.reports.labels import audacity
from analytic.reports.report import Report
from tests.analytic.reports import making


def parse(track: str) -> list[tuple[float, float, str]]:
    """Read a label track as Audacity does."""
    lines = [line.split("\t") for line in track.split("\n")[:-1]]
    return [(float(onset), float(offset), text) for onset, offset, text in lines]


def test_each_thing_that_happened_is_a_label() -> None:
    assert audacity(making.report()) == (
        "0.500000\t3.000000\tSpeech 0.88\n"
        "1.000000\t2.500000\tALARM glass_break (Shatter 0.91)\n"
        "1.000000\t1.600000\tsurge +23 dB\n"
    )


def test_nothing_heard_is_an_empty_track() -> None:
    assert audacity(making.empty()) == ""


def test_what_goes_on_ends_with_the_recording() -> None:
    ((_, offset_s, _),) = parse(audacity(making.empty(alarms=(making.alarm(offset_s=None),))))
    assert offset_s == 10


def test_tabs_and_breaks_in_a_name_become_spaces() -> None:
    ((_, _, text),) = parse(audacity(making.empty(heard=(making.sounding(label="a\tb\r\nc"),))))
    assert text == "a b  c 0.88"


@given(making.reports())
def test_any_report_is_a_track_that_can_be_read(report: Report) -> None:
    track = audacity(report)
    labels = parse(track.encode().decode())
    assert len(labels) == len(report.alarms) + len(report.heard) + len(report.surges)
    assert all(0 <= onset_s <= offset_s for onset_s, offset_s, _ in labels)
    assert [onset_s for onset_s, *_ in labels] == sorted(onset_s for onset_s, *_ in labels)
    assert all(re.fullmatch(r"\d+\.\d{6}\t\d+\.\d{6}\t[^\t\r\n]*", line) for line in track.split("\n")[:-1])
