# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from decimal import Decimal
from http import HTTPStatus

import pytest
from flask import Flask
from werkzeug.exceptions import BadRequest, Conflict, HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from analytic import errors
from analytic.api.errors import NOT_ANSWERED, STATUS, body, crash, http_error, refuse, status_of
from analytic.errors import HearkenError, printable

HOSTILE = "evil\n\x1b[31m\0\u202e" + "x" * 500

# One of each leaf, with facts; and what its sentence must hold: the limit and what was found.
EXAMPLES: dict[type[HearkenError], tuple[HearkenError, tuple[str, ...]]] = {
    errors.MissingAudio: (errors.MissingAudio(["sound"]), ("audio", "file", "sound")),
    errors.UnsupportedMediaType: (errors.UnsupportedMediaType("text/plain"), ("text/plain",)),
    errors.UnknownMethod: (errors.UnknownMethod("blur", ("none", "dp_noise")), ("blur", "none", "dp_noise")),
    errors.InvalidId: (errors.InvalidId("request_id", "a b"), ("request_id", "1 to 64", "'a b'", "3 characters")),
    errors.InvalidStartTime: (errors.InvalidStartTime("9", 2.0), ("value outside audio clip",)),
    errors.UnknownLabels: (errors.UnknownLabels(["Beep"]), ("'Beep'", "/model/labels")),
    errors.InvalidParameter: (errors.InvalidParameter("top", "1 to 527", "0"), ("top", "1 to 527", "'0'")),
    errors.NotAudio: (errors.NotAudio("MP3"), ("WAV, FLAC or Ogg", "MP3")),
    errors.UnsupportedEncoding: (errors.UnsupportedEncoding("WAV", "GSM610"), ("GSM610", "WAV")),
    errors.EmptyAudio: (errors.EmptyAudio(44), ("one whole frame", "44 bytes")),
    errors.AudioTooLong: (errors.AudioTooLong(600.0, 3600.0), ("600 s", "3600 s")),
    errors.TooManyChannels: (errors.TooManyChannels(8, 64), ("8", "64")),
    errors.SampleRateOutOfRange: (errors.SampleRateOutOfRange(8_000, 192_000, 1), ("8000", "192000", "found 1 Hz")),
    errors.NotFinite: (errors.NotFinite(1.5), ("NaN or Inf", "1.500 s")),
    errors.AddressRefused: (errors.AddressRefused("only http and https are fetched"), ("http and https",)),
    errors.DecoderFailed: (errors.DecoderFailed("it takes more than 512 MiB"), ("512 MiB",)),
    errors.FetchFailed: (errors.FetchFailed("http://hall/a", "it has 9 bytes"), ("http://hall/a", "9 bytes")),
    errors.UnknownJob: (errors.UnknownJob("report", "0190\n"), ("report", "'0190\\n'")),
    errors.TooManyJobs: (errors.TooManyJobs("16 recordings"), ("16 recordings", "try again")),
    errors.BadFeatures: (errors.BadFeatures("band levels: version: 1, found 7"), ("band levels", "found 7")),
    errors.ForeignHost: (errors.ForeignHost("evil.example"), ("evil.example", "http.allowed_hosts")),
    errors.ForeignOrigin: (errors.ForeignOrigin("http://evil.example"), ("evil.example", "http.allowed_origins")),
    errors.TokenRequired: (errors.TokenRequired(), ("Authorization: Bearer",)),
    errors.Busy: (errors.Busy(1_000), ("1000 bytes", "try again")),
    errors.NotReady: (errors.NotReady("the bus is down"), ("the bus is down",)),
    errors.SourceConnected: (errors.SourceConnected("kitchen"), ("'kitchen'", "connected already")),
    errors.TooManySources: (errors.TooManySources(64), ("64", "listen.max_sources")),
    errors.BudgetExceeded: (
        errors.BudgetExceeded(Decimal("0.5"), Decimal("0.25")),
        ("epsilon 0.5", "0.25 remains", "this day"),
    ),
    errors.UnknownSource: (errors.UnknownSource("kitchen"), ("'kitchen'",)),
    errors.UnknownEvent: (errors.UnknownEvent("0190\n"), ("'0190\\n'",)),
    errors.EventOpen: (errors.EventOpen("0190"), ("'0190'", "still goes on")),
    errors.SourceFailed: (errors.SourceFailed("rtsp://hall", "refused"), ("rtsp://hall", "refused")),
    errors.ExtraMissing: (errors.ExtraMissing("a microphone", "live"), ("a microphone", "hearken[live]")),
}


def leaves(kind: type[HearkenError] = HearkenError) -> Iterator[type[HearkenError]]:
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from leaves(child) if child.__subclasses__() else (child,)


LEAVES = [leaf for leaf in leaves() if not issubclass(leaf, NOT_ANSWERED)]


def test_each_leaf_that_is_answered_has_an_example_here() -> None:
    assert set(EXAMPLES) == set(LEAVES)


@pytest.mark.parametrize("kind", LEAVES)
def test_each_kind_that_is_answered_has_a_status_of_an_error(kind: type[HearkenError]) -> None:
    assert 400 <= status_of(kind) < 600


@pytest.mark.parametrize("kind", NOT_ANSWERED)
def test_a_kind_that_is_never_answered_has_none(kind: type[HearkenError]) -> None:
    with pytest.raises(KeyError, match=kind.__name__):
        status_of(kind)


def test_a_kind_without_a_status_of_its_own_takes_its_ancestor_s() -> None:
    class Odd(errors.BadAudio):
        pass

    assert Odd not in STATUS
    assert status_of(Odd) == HTTPStatus.BAD_REQUEST


def test_what_the_caller_sent_is_400() -> None:
    assert {status_of(kind) for kind in LEAVES if issubclass(kind, errors.BadRequest | errors.BadAudio)} == {400}


def test_who_asked_has_a_status_each() -> None:
    assert status_of(errors.ForeignHost) == 421
    assert status_of(errors.ForeignOrigin) == 403
    assert status_of(errors.TokenRequired) == 401
    assert status_of(errors.NotReady) == 503
    assert (status_of(errors.SourceConnected), status_of(errors.TooManySources)) == (409, 503)
    assert status_of(errors.UnknownSource) == 404
    assert status_of(errors.BudgetExceeded) == 429


def test_what_is_not_there_or_cannot_be_had_has_a_status_each() -> None:
    assert (status_of(errors.UnknownJob), status_of(errors.FetchFailed)) == (404, 502)
    assert refuse(errors.TooManyJobs("16 recordings"))[1:] == (503, {"Retry-After": "10"})


@pytest.mark.parametrize("kind", LEAVES)
def test_the_message_is_one_line_that_names_limit_and_found(kind: type[HearkenError]) -> None:
    error, facts = EXAMPLES[kind]
    message = str(error)
    assert message.isprintable()
    assert [fact for fact in facts if fact not in message] == []
    told, status, _ = refuse(error)
    assert {"status": "error", "message": message}.items() <= told.items()
    assert status == status_of(kind)


def test_only_a_spent_budget_says_more_than_its_sentence() -> None:
    more = {kind: set(refuse(error)[0]) - {"status", "message"} for kind, (error, _) in EXAMPLES.items()}
    assert {kind: fields for kind, fields in more.items() if fields} == {errors.BudgetExceeded: {"remaining"}}
    assert refuse(errors.BudgetExceeded(Decimal(1), Decimal("0.25")))[0]["remaining"] == 0.25


@pytest.mark.parametrize(
    "error",
    [
        errors.MissingAudio([HOSTILE]),
        errors.UnsupportedMediaType(HOSTILE),
        errors.UnknownMethod(HOSTILE, ("none",)),
        errors.InvalidId("source", HOSTILE),
        errors.InvalidStartTime(HOSTILE),
        errors.UnknownLabels([HOSTILE] * 100),
        errors.InvalidParameter("top", "a number", HOSTILE),
        errors.ForeignHost(HOSTILE),
        errors.ForeignOrigin(HOSTILE),
        errors.SourceConnected(HOSTILE),
        errors.UnknownSource(HOSTILE),
        errors.SourceFailed(HOSTILE, "refused"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_foreign_text_cannot_break_or_fill_a_message(error: HearkenError) -> None:
    assert str(error).isprintable()
    assert len(str(error)) < 1_500


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"^ *([A-Z][A-Za-z]+)(?:  |$)", errors.__doc__ or "", re.MULTILINE)

    def walk(kind: type[HearkenError]) -> Iterator[str]:
        yield kind.__name__
        for child in kind.__subclasses__():
            if child.__module__ == errors.__name__:
                yield from walk(child)

    assert drawn == list(walk(HearkenError))


def test_printable_quotes_escapes_and_cuts() -> None:
    assert printable("a b") == "'a b'"
    assert printable("\n\x1b\u00e9") == r"'\n\x1b\xe9'"
    assert printable("x" * 80) == repr("x" * 80)
    assert printable("x" * 81) == repr("x" * 80) + "..."
    assert printable("abc", 2) == "'ab'..."


def answered(error: HTTPException) -> tuple[dict[str, str | float], int]:
    with Flask("errors").test_request_context("/somewhere", method="PUT"):
        content, code, *_ = http_error(error)
    return content, code


def test_an_unknown_address_points_to_the_description() -> None:
    assert answered(NotFound()) == (body("No such address; the API is described at /docs"), 404)


def test_a_wrong_method_is_named() -> None:
    assert answered(MethodNotAllowed(["POST"])) == (body("Method 'PUT' not allowed here"), 405)


def test_the_framework_s_other_refusals_keep_their_status_and_sentence() -> None:
    assert answered(BadRequest("broken")) == (body("broken"), 400)
    assert answered(RequestEntityTooLarge())[1] == 413
    assert answered(Conflict())[1] == 409


def test_a_framework_error_without_a_sentence_has_its_name() -> None:
    bare = HTTPException()
    bare.code = 418
    assert answered(bare) == (body("I'm a Teapot"), 418)


def test_a_fault_of_ours_is_logged_whole_and_told_in_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    with Flask("errors").test_request_context("/"), caplog.at_level(logging.ERROR):
        content, code, _headers = crash(ZeroDivisionError("secret detail"))
    assert code == 500
    assert content == body("Internal error; the service's log says more")
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)
