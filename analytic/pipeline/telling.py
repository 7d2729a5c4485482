# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a policy decided -> events with names and ids, ready for the buses."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from analytic.events.judging import Transition
from analytic.events.level import FLOOR_DBFS
from analytic.events.types import AnonymizerName, Event, ModelName, Requestor, Source
from model.labels import labels
from model.tagger import TaggerCard


@dataclass(frozen=True, slots=True)
class Teller:
    """Who speaks of whose sound.

    Attributes
    ----------
    card
        The tagger.
    anonymizer
        The anonymiser.
    source, requestor
        Where the sound is from, and who asked.
    zero_s
        The time on the policy's axis that events count their seconds from.
    live
        Whether that axis is Unix time and known to be right, so that events have wall-clock times.
    """

    card: TaggerCard
    anonymizer: AnonymizerName
    source: Source
    requestor: Requestor
    zero_s: float = 0.0
    live: bool = False

    def event(self, transition: Transition, event_id: str, peak_dbfs: float | None) -> Event:
        """Return the event of a transition."""
        label = labels()[transition.label_index]
        return Event(
            id=event_id,
            phase=transition.phase,
            event_class=transition.rule.name,
            label=label.name,
            mid=label.mid,
            score=transition.score,
            onset_s=self._since_start(transition.onset_s) or 0.0,
            offset_s=self._since_start(transition.offset_s),
            onset=self._instant(transition.onset_s),
            offset=self._instant(transition.offset_s),
            peak_dbfs=round(peak_dbfs, 1) if peak_dbfs is not None and peak_dbfs > FLOOR_DBFS else None,
            source=self.source,
            requestor=self.requestor,
            model=ModelName(self.card.name, self.card.version),
            anonymizer=self.anonymizer,
            severity=transition.rule.severity,
        )

    def _since_start(self, time_s: float | None) -> float | None:
        return None if time_s is None else max(0.0, round(time_s - self.zero_s, 3))

    def _instant(self, time_s: float | None) -> str | None:
        if time_s is None or not self.live:
            return None
        return instant(time_s)


def instant(unix_s: float) -> str:
    """Write Unix time as RFC 3339, UTC, to the millisecond."""
    return dt.datetime.fromtimestamp(unix_s, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
