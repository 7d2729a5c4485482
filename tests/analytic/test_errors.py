# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import inspect
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic import errors

HOSTILE = "a\nb\r\x1b[31m\u2028<script>\x00"

# One of each, with the facts it carries.
MADE: list[tuple[errors.HearkenError, dict[str, object]]] = [
    (errors.MissingAudio(["image", "audio2"]), {"found": ("image", "audio2")}),
    (errors.UnsupportedMediaType("text/html"), {"found": "text/html"}),
    (errors.UnknownMethod(HOSTILE, ("none", "scrample")), {"found": HOSTILE, "known": ("none", "scrample")}),
    (errors.InvalidId("request_id", HOSTILE), {"field": "request_id", "found": HOSTILE}),
    (errors.InvalidStartTime("12", 10.0), {"found": "12", "duration_s": 10.0}),
    (errors.UnknownLabels([HOSTILE, "Speeech"]), {"found": (HOSTILE, "Speeech")}),
    (errors.InvalidParameter("top", "a number", HOSTILE), {"name": "top", "expected": "a number", "found": HOSTILE}),
    (errors.NotAudio("a PNG image"), {"found": "a PNG image"}),
    (errors.UnsupportedEncoding("WAV", "GSM610"), {"container": "WAV", "encoding": "GSM610"}),
    (errors.EmptyAudio(44), {"size_bytes": 44}),
    (errors.AudioTooLong(600.0, 601.2), {"limit_s": 600.0, "found_s": 601.2}),
    (errors.TooManyChannels(8, 9), {"limit": 8, "found": 9}),
    (errors.SampleRateOutOfRange(8000, 192_000, 4000), {"lowest_hz": 8000, "highest_hz": 192_000, "found_hz": 4000}),
    (errors.NotFinite(1.25), {"at_s": 1.25}),
    (
        errors.BudgetExceeded(Decimal("0.5"), Decimal("0.25")),
        {"wanted": Decimal("0.5"), "remaining": Decimal("0.25")},
    ),
    (errors.AddressRefused("only http and https are fetched"), {"reason": "only http and https are fetched"}),
    (errors.DecoderFailed("it has ended"), {"reason": "it has ended"}),
    (errors.FetchFailed(HOSTILE, "no connection"), {"address": HOSTILE, "reason": "no connection"}),
    (errors.UnknownJob("job", HOSTILE), {"what": "job", "found": HOSTILE}),
    (errors.TooManyJobs("16 recordings"), {"limit": "16 recordings"}),
    (errors.BadFeatures("band levels: version: 1, found 7"), {}),
    (errors.ForeignHost(HOSTILE), {"found": HOSTILE}),
    (errors.ForeignOrigin(HOSTILE), {"found": HOSTILE}),
    (errors.TokenRequired(), {}),
    (errors.Busy(1_000), {"limit_bytes": 1_000}),
    (errors.SourceConnected(HOSTILE), {"name": HOSTILE}),
    (errors.TooManySources(64), {"limit": 64}),
    (errors.UnknownSource(HOSTILE), {"name": HOSTILE}),
    (errors.UnknownEvent(HOSTILE), {"event_id": HOSTILE}),
    (errors.EventOpen(HOSTILE), {"event_id": HOSTILE}),
    (errors.SourceFailed(HOSTILE, "refused"), {"address": HOSTILE, "reason": "refused"}),
    (errors.ExtraMissing("A microphone", "microphone"), {"what": "A microphone", "extra": "microphone"}),
    (errors.NotReady("the websocket bus is down"), {"reason": "the websocket bus is down"}),
]
each = pytest.mark.parametrize(("error", "facts"), MADE, ids=[type(error).__name__ for error, _ in MADE])


@each
def test_an_error_carries_its_facts(error: errors.HearkenError, facts: dict[str, object]) -> None:
    assert {name: getattr(error, name) for name in facts} == facts


@each
def test_the_sentence_is_one_line_of_printable_text(error: errors.HearkenError, facts: dict[str, object]) -> None:
    assert str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("error", "numbers"),
    [
        (errors.EmptyAudio(44), ["44 bytes"]),
        (errors.AudioTooLong(600.0, 601.2), ["600 s", "601 s"]),
        (errors.TooManyChannels(8, 9), ["8", "9"]),
        (errors.SampleRateOutOfRange(8000, 192_000, 4000), ["8000", "192000 Hz", "4000 Hz"]),
        (errors.NotFinite(1.25), ["1.250 s"]),
        (errors.InvalidId("request_id", "x" * 65), ["64 characters", "65 characters"]),
    ],
)
def test_the_sentence_names_the_limit_and_what_was_found(error: errors.HearkenError, numbers: list[str]) -> None:
    assert [number for number in numbers if number not in str(error)] == []


def test_every_leaf_of_the_tree_is_tried_here() -> None:
    leaves = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.HearkenError) and not kind.__subclasses__()
    }
    assert leaves - {errors.BadSettings} == {type(error) for error, _ in MADE}


def test_an_unknown_method_lists_the_known_ones() -> None:
    assert str(errors.UnknownMethod("hide", ("none", "scrample"))).endswith("known methods: none, scrample")


def test_the_sentences_of_the_predecessors_are_kept() -> None:
    assert str(errors.UnsupportedMediaType("text/html")) == "Invalid file type/extension: text/html"
    assert str(errors.InvalidStartTime("12", 10.0)) == "Invalid start time: value outside audio clip"


def test_missing_sound_says_what_was_there_instead() -> None:
    assert "found: audio2, image" in str(errors.MissingAudio(["image", "audio2"]))
    assert "found: none" in str(errors.MissingAudio([]))


def test_ten_unknown_labels_are_named_and_no_more() -> None:
    error = errors.UnknownLabels([f"name-{number}" for number in range(1000)])
    assert "name-9'" in str(error)
    assert "name-10" not in str(error)
    assert len(error.found) == 1000


@given(st.text())
def test_printable_text_is_short_ascii_without_control_characters(text: str) -> None:
    shown = errors.printable(text)
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= 80 * len("\\U00010000") + len("''...")


def test_what_is_cut_ends_in_dots() -> None:
    assert errors.printable("x" * 5, limit=5) == "'xxxxx'"
    assert errors.printable("x" * 6, limit=5) == "'xxxxx'..."
