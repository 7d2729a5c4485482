# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The timeline as an Audacity label track: import it beside the recording, and see what was heard where."""

from __future__ import annotations

from analytic.reports.report import Report
from analytic.reports.timeline import Entry, entries
from analytic.reports.wording import number, one_line


def audacity(report: Report) -> str:
    """Return a line for each alarm, surge and class heard, by onset: onset, tab, offset, tab, text, LF.

    Times are seconds with six decimals, as Audacity writes them. What went on to the end ends with the recording.
    """
    return "".join(_line(entry, report.duration_s) for entry in entries(report))


def _line(entry: Entry, end_s: float) -> str:
    offset_s = max(entry.onset_s, end_s if entry.offset_s is None else entry.offset_s)
    return f"{number(entry.onset_s, 6)}\t{number(offset_s, 6)}\t{one_line(_text(entry))}\n"


def _text(entry: Entry) -> str:
    if entry.kind == "alarm":
        return f"ALARM {entry.event_class} ({entry.label} {entry.score:.2f})"
    return f"{entry.label} {entry.score:.2f}" if entry.above_db is None else f"surge {entry.above_db:+.0f} dB"
