# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import math

import jsonschema
import pytest

from analytic.api.describe import event_schema
from analytic.events.judging import Transition
from analytic.events.rules import Rule, Severity
from analytic.events.types import AnonymizerName, Requestor, Source, Stamp
from analytic.pipeline.telling import Teller, instant
from model.fake import FAKE_CARD
from model.labels import index_of
from tests.analytic.pipeline.runs import DEVICE, NOON

FIRE = Rule("fire", (index_of("/m/02_41"),), severity="critical")
LIVE = Teller(FAKE_CARD, AnonymizerName("none"), Source("kitchen", "microphone"), Requestor(), NOON, live=True)
UPLOAD = Teller(FAKE_CARD, AnonymizerName("scrample"), Source("upload"), Requestor("ada", "person", "r1"))


def transition(onset_s: float, offset_s: float | None = None, rule: Rule = FIRE) -> Transition:
    return Transition("start" if offset_s is None else "end", rule, 1, onset_s, offset_s, 0.5, rule.members[0])


def test_the_times_of_a_live_source_are_utc_to_the_millisecond() -> None:
    event = LIVE.event(transition(NOON + 1.25, NOON + 61.5), "id", -12.34)
    assert (event.onset, event.offset) == ("2026-01-01T12:00:01.250Z", "2026-01-01T12:01:01.500Z")
    assert (event.onset_s, event.offset_s) == (1.25, 61.5)
    assert event.peak_dbfs == -12.3


def test_an_open_event_has_no_offset() -> None:
    event = LIVE.event(transition(NOON), "id", -12.0)
    assert (event.phase, event.onset, event.offset, event.offset_s) == ("start", "2026-01-01T12:00:00.000Z", None, None)


def test_what_began_before_the_stream_began_counts_from_its_beginning_and_keeps_its_wall_clock_time() -> None:
    event = LIVE.event(transition(NOON - 5, NOON + 1), "id", -12.0)
    assert (event.onset_s, event.onset) == (0.0, "2026-01-01T11:59:55.000Z")


def test_an_upload_has_no_wall_clock_times() -> None:
    event = UPLOAD.event(transition(1.0, 2.0), "id", -12.0)
    assert (event.onset, event.offset, event.onset_s, event.offset_s) == (None, None, 1.0, 2.0)
    assert (event.anonymizer.method, event.requestor.requestor_id) == ("scrample", "ada")


@pytest.mark.parametrize("peak_dbfs", [None, -math.inf, math.nan])
def test_a_level_that_is_none_is_unknown(peak_dbfs: float | None) -> None:
    assert UPLOAD.event(transition(1.0), "id", peak_dbfs).peak_dbfs is None


@pytest.mark.parametrize("severity", ["critical", "warning", "notice"])
def test_the_severity_is_that_of_the_rule_and_the_message_fits_the_schema(severity: Severity) -> None:
    event = LIVE.event(transition(NOON, NOON + 1, Rule("fire", (5,), severity=severity)), event_id := an_id(), -12.0)
    message = event.to_message(Stamp(event_id, 1, DEVICE, "2026-01-01T12:00:00Z"))
    jsonschema.validate(message, event_schema(), format_checker=jsonschema.FormatChecker())
    assert message["severity"] == severity


def an_id() -> str:
    return "019b7a3c-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("unix_s", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (NOON + 0.9996, "2026-01-01T12:00:00.999Z"),
        (1_772_323_199.5, "2026-02-28T23:59:59.500Z"),
    ],
)
def test_an_instant_is_written_as_rfc_3339(unix_s: float, text: str) -> None:
    assert instant(unix_s) == text
