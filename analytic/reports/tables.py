# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The timeline as CSV (RFC 4180), for spreadsheets and programs.

It is sent as UTF-8 without a byte order mark: the header, the ids and the names of AudioSet's classes are ASCII, which
every spreadsheet reads right without one, while a mark would make the first column's name unknown to most programs.
"""

from __future__ import annotations

from collections.abc import Iterator
from csv import writer
from io import StringIO

from analytic.reports.report import Report
from analytic.reports.timeline import Entry, entries
from analytic.reports.wording import number, whole

COLUMNS = (
    *("kind", "onset_s", "offset_s", "duration_s", "label", "label_id", "event_class", "severity", "score"),
    *("level_dbfs", "event_id"),
)
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 -- so spreadsheets in Japanese begin a formula
_BREAKS = ("\t", "\r", "\n")


def csv(report: Report) -> str:
    """Return a line for each alarm, surge and class heard, by onset; lines end with CR LF."""
    file = StringIO(newline="")
    lines = writer(file, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    lines.writerows(rows(report))
    return file.getvalue()


def rows(report: Report) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each line, in the order of `COLUMNS`."""
    return (_cells(entry) for entry in entries(report))


def _cells(entry: Entry) -> tuple[str, ...]:
    duration_s = None if entry.offset_s is None else entry.offset_s - entry.onset_s
    return (
        entry.kind,
        number(entry.onset_s),
        number(entry.offset_s),
        number(duration_s),
        _harmless(entry.label),
        _harmless(entry.label_id),
        _harmless(entry.event_class),
        _harmless(entry.severity),
        number(entry.score),
        number(entry.level_dbfs),
        _harmless(entry.event_id),
    )


def _harmless(text: str) -> str:
    """Keep text from being taken for a formula, which might run a command or call an address (CWE-1236)."""
    begins = text.lstrip()
    return "'" + whole(text) if begins.startswith(_FORMULA) or text.startswith(_BREAKS) else whole(text)
