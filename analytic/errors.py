# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What the service refuses: one tree, drawn here. Errors carry facts; the sentence is computed from them.

HearkenError
    BadRequest                  what the caller sent
        MissingAudio
        UnsupportedMediaType
        UnknownMethod
        InvalidId
        InvalidStartTime
        UnknownLabels
        InvalidParameter
        AddressRefused
    BadAudio                    what was in the file
        NotAudio
        UnsupportedEncoding
        EmptyAudio
        AudioTooLong
        TooManyChannels
        SampleRateOutOfRange
        NotFinite
        DecoderFailed
        BadFeatures
    Refused                     who asked
        ForeignHost
        ForeignOrigin
        TokenRequired
    BadSettings                 what the operator set
    NotReady                    not now
    Busy                        too much at once
    NoRoom                      no such source now
        SourceConnected
        TooManySources
    BudgetExceeded              statistics that would tell too much
    UnknownSource               a live source that is not there
    UnknownEvent                an event that is not kept
    EventOpen                   an event that still goes on
    SourceFailed                a live source that cannot be opened, or ended
    FetchFailed                 a recording that cannot be fetched
    UnknownJob                  a job, or a report, that is not kept
    TooManyJobs                 more recordings at once than wait
    ExtraMissing                an optional package that is not installed

The REST layer gives each a status (`analytic.api.errors`), and a test walks this tree to see that it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


class HearkenError(Exception):
    """Anything the service refuses; the message is for the person who asked."""


class BadRequest(HearkenError):
    """The request itself cannot be answered."""


class MissingAudio(BadRequest):
    """No file in the field `audio` or `file`."""

    def __init__(self, found: Sequence[str]) -> None:
        names = ", ".join(printable(name, 40)[1:-1] for name in sorted(found)[:10]) or "none"
        super().__init__(f"no sound was sent: expected a file in the multipart field audio (or file), found: {names}")
        self.found = tuple(found)


class UnsupportedMediaType(BadRequest):
    """The file's declared media type is not one of sound."""

    def __init__(self, found: str) -> None:
        super().__init__(f"Invalid file type/extension: {printable(found)[1:-1]}")
        self.found = found


class UnknownMethod(BadRequest):
    """No anonymiser of that name."""

    def __init__(self, found: str, known: Sequence[str]) -> None:
        super().__init__(f"Unknown method: {printable(found)}; known methods: {', '.join(known)}")
        self.found, self.known = found, tuple(known)


class InvalidId(BadRequest):
    """A name in the request's path is not of the form that ids have."""

    def __init__(self, field: str, found: str) -> None:
        super().__init__(
            f"Invalid {field}: 1 to 64 characters of A-Z a-z 0-9 . _ - are allowed, "
            f"found {printable(found)} ({len(found)} characters)"
        )
        self.field, self.found = field, found


class InvalidStartTime(BadRequest):
    """The start time lies outside the clip, or is no number of seconds."""

    def __init__(self, found: str, duration_s: float | None = None) -> None:
        super().__init__("Invalid start time: value outside audio clip")
        self.found, self.duration_s = found, duration_s


class UnknownLabels(BadRequest):
    """Names in `filter` that are no AudioSet class."""

    def __init__(self, found: Sequence[str]) -> None:
        named = ", ".join(printable(name) for name in found[:10])
        super().__init__(
            f"Unknown label in filter: {named}; use the names or ids of /model/labels, "
            "and put a name that holds a comma in double quotes"
        )
        self.found = tuple(found)


class InvalidParameter(BadRequest):
    """A query parameter is not of its form."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(f"Invalid {name}: expected {expected}, found {printable(found)}")
        self.name, self.expected, self.found = name, expected, found


class AddressRefused(BadRequest):
    """An address that is not fetched; the message says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Address refused: {reason}")
        self.reason = reason


class BadAudio(HearkenError):
    """The file cannot be analysed."""


class NotAudio(BadAudio):
    """The bytes are no container that is accepted, whatever the file is called."""

    def __init__(self, found: str, expected: str = "WAV, FLAC or Ogg (Vorbis, Opus)") -> None:
        super().__init__(f"Unreadable audio: expected {expected}, found {found}")
        self.found, self.expected = found, expected


class UnsupportedEncoding(BadAudio):
    """An accepted container with an encoding that is not."""

    def __init__(self, container: str, encoding: str) -> None:
        super().__init__(f"Unsupported encoding: {encoding} in {container}")
        self.container, self.encoding = container, encoding


class EmptyAudio(BadAudio):
    """Not one whole frame of sound."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"Empty audio: not one whole frame in {size_bytes} bytes")
        self.size_bytes = size_bytes


class AudioTooLong(BadAudio):
    """More sound than a request may hold."""

    def __init__(self, limit_s: float, found_s: float) -> None:
        super().__init__(
            f"Audio too long: at most {limit_s:g} s are analysed in one request, found {found_s:.0f} s or more; "
            "send longer recordings in pieces"
        )
        self.limit_s, self.found_s = limit_s, found_s


class TooManyChannels(BadAudio):
    """More channels than are mixed."""

    def __init__(self, limit: int, found: int) -> None:
        super().__init__(f"Too many channels: at most {limit} are mixed, found {found}")
        self.limit, self.found = limit, found


class SampleRateOutOfRange(BadAudio):
    """A sample rate outside what is resampled."""

    def __init__(self, lowest_hz: int, highest_hz: int, found_hz: int) -> None:
        super().__init__(f"Sample rate out of range: {lowest_hz} to {highest_hz} Hz are accepted, found {found_hz} Hz")
        self.lowest_hz, self.highest_hz, self.found_hz = lowest_hz, highest_hz, found_hz


class NotFinite(BadAudio):
    """NaN or Inf among the samples."""

    def __init__(self, at_s: float) -> None:
        super().__init__(f"Audio not finite: NaN or Inf near {at_s:.3f} s")
        self.at_s = at_s


class DecoderFailed(BadAudio):
    """The process that decodes gave up: it crashed, or what it was asked takes more than it is given."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Unreadable audio: {reason}")
        self.reason = reason


class BadFeatures(BadAudio):
    """Features sent in place of sound that are not what they must be; the message says why."""


class Refused(HearkenError):
    """Whoever asked may not."""


class ForeignHost(Refused):
    """The `Host` header names somebody else: a rebinding page, or a name that is not allowed yet."""

    def __init__(self, found: str) -> None:
        super().__init__(f"Host not allowed: {printable(found)}; the operator can add it to http.allowed_hosts")
        self.found = found


class ForeignOrigin(Refused):
    """A page of another origin sent a request that changes state."""

    def __init__(self, found: str) -> None:
        super().__init__(f"Origin not allowed: {printable(found)}; the operator can add it to http.allowed_origins")
        self.found = found


class TokenRequired(Refused):
    """No token, or not the right one."""

    def __init__(self) -> None:
        super().__init__("Token required: send it as `Authorization: Bearer <token>`")


class BadSettings(HearkenError):
    """The service cannot start so; the message names the setting."""


class NotReady(HearkenError):
    """The service cannot answer now."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Not ready: {reason}")
        self.reason = reason


class Busy(HearkenError):
    """More bytes of uploads are on their way at once than the service holds."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"Busy: at most {limit_bytes} bytes of uploads are held at once; try again in a second")
        self.limit_bytes = limit_bytes


class NoRoom(HearkenError):
    """A live source cannot come in now."""


class SourceConnected(NoRoom):
    """Sound of this source is already coming in, or it must not while it is asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Source {printable(name)} is connected already")
        self.name = name


class TooManySources(NoRoom):
    """There are as many live sources as there may be."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} live sources are there already, as many as listen.max_sources allows")
        self.limit = limit


class BudgetExceeded(HearkenError):
    """What is asked would spend more of the privacy budget than there is."""

    def __init__(self, wanted: Decimal, remaining: Decimal) -> None:
        super().__init__(f"Privacy budget spent: epsilon {wanted} was asked for, {remaining} remains for this day")
        self.wanted, self.remaining = wanted, remaining


class UnknownSource(HearkenError):
    """No live source is called so."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown source: {printable(name)}")
        self.name = name


class UnknownEvent(HearkenError):
    """No event of that id is kept."""

    def __init__(self, event_id: str) -> None:
        super().__init__(f"Unknown event: {printable(event_id)}")
        self.event_id = event_id


class EventOpen(HearkenError):
    """An event that still goes on cannot be deleted: its end would tell of it again."""

    def __init__(self, event_id: str) -> None:
        super().__init__(f"Event {printable(event_id)} still goes on: delete it when it has ended")
        self.event_id = event_id


class SourceFailed(HearkenError):
    """A live source cannot be opened, or its sound has ended against expectation."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{printable(address)}: {reason}")
        self.address, self.reason = address, reason


class FetchFailed(HearkenError):
    """A recording that cannot be fetched from its address, or broke off on the way."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{printable(address, 300)[1:-1]}: {reason}")
        self.address, self.reason = address, reason


class UnknownJob(HearkenError):
    """No job, or no report, of that id is kept."""

    def __init__(self, what: str, found: str) -> None:
        super().__init__(f"Unknown {what}: {printable(found)}")
        self.what, self.found = what, found


class TooManyJobs(HearkenError):
    """As many recordings wait as may."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"Busy: {limit} wait already; try again when one has ended")
        self.limit = limit


class ExtraMissing(HearkenError):
    """What is asked needs an optional package."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra {extra}: pip install 'hearken[{extra}]'")
        self.what, self.extra = what, extra


def printable(text: str, limit: int = 80) -> str:
    """Quote foreign text so that it can stand in a message or a log: escapes for control characters, cut at `limit`."""
    quoted = ascii(text[:limit])
    return quoted if len(text) <= limit else f"{quoted}..."
