# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.events.types import Event, Message, Requestor, Stamp, deletion, gap, gap_in_place_of, is_event
from model.labels import labels

STAMP = Stamp("0190a5c0-0000-7000-8000-000000000002", 7, "0123456789abcdef0123456789abcdef", "2026-01-01T12:00:00Z")
EVENT_ID = "0190a5c0-0000-7000-8000-000000000001"
FitsSchema = Callable[[Message], bool]


def test_a_coarse_event_has_its_score_to_a_twentieth_and_its_times_to_the_second(closed_event: Event) -> None:
    coarse = closed_event.coarse()
    assert (coarse.score, coarse.onset_s, coarse.offset_s, coarse.peak_dbfs) == (0.85, 2.0, 11.0, -3.0)


def test_a_coarse_event_is_otherwise_the_same(closed_event: Event) -> None:
    same = {
        "score": closed_event.score,
        "onset_s": closed_event.onset_s,
        "offset_s": closed_event.offset_s,
        "peak_dbfs": closed_event.peak_dbfs,
    }
    assert replace(closed_event.coarse(), **same) == closed_event  # type: ignore[arg-type]


def test_what_is_unknown_stays_unknown_when_coarse(closed_event: Event) -> None:
    coarse = replace(closed_event, offset_s=None, peak_dbfs=None).coarse()
    assert (coarse.offset_s, coarse.peak_dbfs) == (None, None)


def test_the_times_of_day_of_a_coarse_event_are_to_the_second_too(closed_event: Event) -> None:
    live = replace(closed_event, onset="2026-01-02T03:04:05.678Z", offset="2026-01-02T03:04:15.1Z").coarse()
    assert live.onset is not None
    assert live.offset is not None
    assert "." not in live.onset + live.offset


@given(score=st.floats(0, 1), onset=st.floats(0, 1e5), length=st.floats(0, 1e5))
def test_coarse_is_near_within_bounds_and_on_the_grid(
    closed_event: Event, score: float, onset: float, length: float
) -> None:
    coarse = replace(closed_event, score=score, onset_s=onset, offset_s=onset + length).coarse()
    assert 0.05 <= coarse.score <= 1, "an alarm is never told as 0"
    assert abs(coarse.score - max(score, 0.05)) <= 0.025 + 1e-9
    assert len(repr(coarse.score)) <= 4, "two decimals, no stray digits that would tell more"
    assert coarse.onset_s == int(coarse.onset_s)
    assert abs(coarse.onset_s - onset) <= 0.5
    assert coarse.offset_s is not None
    assert coarse.offset_s >= coarse.onset_s
    assert coarse.coarse() == coarse, "once coarse, always the same"


def test_an_event_cannot_be_changed(closed_event: Event) -> None:
    with pytest.raises(FrozenInstanceError):
        closed_event.score = 1.0  # type: ignore[misc]


def test_a_message_has_the_fields_of_the_contract_and_its_severity(closed_event: Event) -> None:
    assert closed_event.to_message(STAMP) == {
        "message_id": STAMP.message_id,
        "id": closed_event.id,
        "seq": 7,
        "device": "0123456789abcdef0123456789abcdef",
        "time": "2026-01-01T12:00:00Z",
        "durable": True,
        "phase": "end",
        "event_class": "smoke_alarm",
        "severity": "warning",
        "label": "Smoke detector, smoke alarm",
        "mid": "/m/01y3hg",
        "score": 0.8349,
        "onset_s": 1.5001,
        "offset_s": 11.4,
        "onset": None,
        "offset": None,
        "peak_dbfs": -3.4,
        "source": {"id": "kitchen", "type": "microphone"},
        "requestor_id": "ada",
        "requestor_type": "person",
        "request_id": "r1",
        "model": {"name": "mn04_as", "version": "0.0.1"},
        "anonymizer": {"method": "scrample", "mode": "server"},
        "signature": None,
    }


def test_a_message_survives_json(closed_event: Event) -> None:
    message = closed_event.to_message(STAMP)
    assert json.loads(json.dumps(message)) == message


def test_messages_of_every_precision_and_phase_fit_the_schema(closed_event: Event, fits_schema: FitsSchema) -> None:
    nobody = replace(closed_event, requestor=Requestor(), peak_dbfs=None)
    for event in (
        closed_event,
        closed_event.coarse(),
        replace(closed_event, phase="start", offset_s=None),
        replace(closed_event, phase="start", offset_s=None).coarse(),
        nobody,
    ):
        assert fits_schema(event.to_message(STAMP))


def test_every_one_of_the_527_classes_fits_the_schema(closed_event: Event, fits_schema: FitsSchema) -> None:
    for label in labels():
        assert fits_schema(replace(closed_event, label=label.name, mid=label.mid).to_message(STAMP))


@pytest.mark.parametrize(
    ("field", "stray"),
    [
        ("message_id", "1"),
        ("message_id", "0190a5c0-0000-4000-8000-000000000002"),
        ("id", None),
        ("seq", 0),
        ("seq", 1.5),
        ("seq", 2**53),
        ("device", "0123456789ABCDEF0123456789ABCDEF"),
        ("device", "0123"),
        ("time", None),
        ("time", "2026-01-01"),
        ("time", "2026-01-01 12:00:00Z"),
        ("time", "2026-01-01T12:00:00"),
        ("time", "2026-01-01T12:00:00+01:00"),
        ("durable", "yes"),
        ("durable", None),
        ("signature", ""),
        ("signature", "A" * 87),
        ("first_seq", 7),
        ("phase", "begin"),
        ("phase", "deleted"),
        ("phase", "gap"),
        ("event_class", "Smoke Alarm"),
        ("event_class", ""),
        ("mid", "01y3hg"),
        ("score", 1.01),
        ("score", -0.01),
        ("score", "0.5"),
        ("onset_s", None),
        ("onset_s", -1),
        ("offset_s", "later"),
        ("onset", 12),
        ("onset", "noon"),
        ("offset", "2026-01-01T12:00:00.Z"),
        ("peak_dbfs", 0.5),
        ("source", "kitchen"),
        ("source", {"id": "kitchen"}),
        ("source", {"id": "kitchen", "type": "upload", "address": "here"}),
        ("model", {"name": "mn04_as"}),
        ("anonymizer", {"method": "none", "mode": "elsewhere"}),
        ("predictions", []),
    ],
)
def test_the_schema_refuses_a_stray(closed_event: Event, fits_schema: FitsSchema, field: str, stray: Any) -> None:
    assert not fits_schema({**closed_event.to_message(STAMP), field: stray})


def test_the_schema_misses_every_field_that_is_left_out(closed_event: Event, fits_schema: FitsSchema) -> None:
    message = closed_event.to_message(STAMP)
    for field in message:
        assert not fits_schema({key: value for key, value in message.items() if key != field}), field


class TestWhatTellsOfNoEvent:
    @pytest.mark.parametrize("message", [gap(STAMP, 3), gap(STAMP, 7), deletion(STAMP, EVENT_ID)])
    def test_it_fits_the_schema_signed_or_not_durable_or_not(self, message: Message, fits_schema: FitsSchema) -> None:
        assert fits_schema(message)
        assert fits_schema({**message, "signature": "A" * 86, "durable": False})
        assert not is_event(message)

    @pytest.mark.parametrize("message", [gap(STAMP, 3), deletion(STAMP, EVENT_ID)])
    def test_the_schema_misses_every_field_and_refuses_every_other(
        self, message: Message, fits_schema: FitsSchema, closed_event: Event
    ) -> None:
        for field in message:
            assert not fits_schema({key: value for key, value in message.items() if key != field}), field
        for field, value in closed_event.to_message(STAMP).items():
            if field not in message:
                assert not fits_schema({**message, field: value}), field

    @pytest.mark.parametrize(
        "stray", [gap(STAMP, 0), gap(STAMP, -1), deletion(STAMP, "kitchen"), {**gap(STAMP, 1), "id": EVENT_ID}]
    )
    def test_the_schema_refuses_a_stray(self, stray: Message, fits_schema: FitsSchema) -> None:
        assert not fits_schema(stray)

    @pytest.mark.parametrize("phase", ["start", "update", "end"])
    def test_an_event_is_one_in_every_phase(self, closed_event: Event, phase: Any, fits_schema: FitsSchema) -> None:
        message = replace(closed_event, phase=phase, offset_s=None).to_message(STAMP)
        assert is_event(message)
        assert fits_schema(message)

    @pytest.mark.parametrize("durable", [True, False])
    def test_a_gap_in_the_place_of_a_message_has_its_stamp_and_nothing_else_of_it(
        self, closed_event: Event, durable: bool, fits_schema: FitsSchema
    ) -> None:
        stamp = STAMP._replace(durable=durable)
        for message in (closed_event.to_message(stamp), deletion(stamp, EVENT_ID), gap(stamp, 7)):
            assert gap_in_place_of(message) == gap(stamp, 7)
            assert gap_in_place_of(message, 2) == gap(stamp, 2)
            assert fits_schema(gap_in_place_of(message, 2))
