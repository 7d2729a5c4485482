# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What happened when: alarms, surges and what was heard, in one list by onset, as the forms of a report tell it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from analytic.events.types import is_event
from analytic.reports.report import Report

Kind = Literal["alarm", "surge", "heard"]
_ORDER = {"alarm": 0, "surge": 1, "heard": 2}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes
    ----------
    kind
        What it is.
    onset_s, offset_s
        Seconds from the start of the recording; the offset is None where it went on to the end.
    label, label_id
        The AudioSet class: of an alarm the highest within it, of a surge the highest around its peak.
    score
        Of that class, 0..1.
    event_class, severity, event_id
        Of an alarm; empty for the others.
    level_dbfs
        Of an alarm its highest sample, where known; of a surge its loudest 50 ms; None for what was heard.
    above_db
        How far a surge's peak stands above the background before it; None for the others.
    """

    kind: Kind
    onset_s: float
    offset_s: float | None
    label: str
    label_id: str
    score: float
    event_class: str = ""
    severity: str = ""
    event_id: str = ""
    level_dbfs: float | None = None
    above_db: float | None = None


def entries(report: Report) -> list[Entry]:
    """Return all that happened, by onset; of what begins together, alarms first, then surges."""
    found = [*alarms(report), *surges(report), *heard(report)]
    return sorted(found, key=lambda entry: (entry.onset_s, _ORDER[entry.kind], entry.label))


def alarms(report: Report) -> Iterator[Entry]:
    """Yield the alarms."""
    for message in report.alarms:
        if is_event(dict(message)):
            yield Entry(
                "alarm",
                message["onset_s"],
                message["offset_s"],
                message["label"],
                message["mid"],
                message["score"],
                message["event_class"],
                message["severity"],
                message["id"],
                message["peak_dbfs"],
            )


def surges(report: Report) -> Iterator[Entry]:
    """Yield the surges."""
    for one in report.surges:
        above_db = one.peak_dbfs - one.background_dbfs
        yield Entry(
            "surge",
            one.onset_s,
            one.offset_s,
            one.label,
            one.mid,
            one.score,
            level_dbfs=one.peak_dbfs,
            above_db=above_db,
        )


def heard(report: Report) -> Iterator[Entry]:
    """Yield the classes that were heard."""
    for one in report.heard:
        yield Entry("heard", one.onset_s, one.offset_s, one.label, one.mid, one.score)
