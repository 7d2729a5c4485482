# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What service and decoder say to each other over a socket: a JSON head, and bytes behind it. Never pickled objects."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

from analytic import errors

TOO_LATE = "it took too long"
_LENGTHS = struct.Struct(">IQ")
_MOST_HEAD = 1 << 16
_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        errors.NotAudio,
        errors.UnsupportedEncoding,
        errors.EmptyAudio,
        errors.AudioTooLong,
        errors.TooManyChannels,
        errors.SampleRateOutOfRange,
        errors.NotFinite,
        errors.DecoderFailed,
        errors.ExtraMissing,
    )
}
_FACTS = {
    "NotAudio": ("found", "expected"),
    "UnsupportedEncoding": ("container", "encoding"),
    "EmptyAudio": ("size_bytes",),
    "AudioTooLong": ("limit_s", "found_s"),
    "TooManyChannels": ("limit", "found"),
    "SampleRateOutOfRange": ("lowest_hz", "highest_hz", "found_hz"),
    "NotFinite": ("at_s",),
    "DecoderFailed": ("reason",),
    "ExtraMissing": ("what", "extra"),
}

Head = dict[str, Any]


class Broken(Exception):
    """The other side has gone, or says what it may not."""


def send(connection: socket.socket, head: Head, content: bytes | memoryview = b"") -> None:
    """Send a message.

    Raises
    ------
    Broken
        The other side has gone, or takes nothing in time.
    """
    text = json.dumps(head).encode()
    try:
        connection.sendall(_LENGTHS.pack(len(text), memoryview(content).nbytes) + text)
        if content:
            connection.sendall(content)
    except OSError as error:
        raise Broken(_reason(error)) from error


def receive(connection: socket.socket, most: int, deadline: float | None = None) -> tuple[Head, bytearray]:
    """Receive a message with at most `most` bytes behind its head, whole before `deadline` by the monotonic clock.

    Raises
    ------
    Broken
        The other side has gone, says nothing in time, or something that is no message.
    """
    text_length, length = _LENGTHS.unpack(_exactly(connection, _LENGTHS.size, deadline))
    if text_length > _MOST_HEAD or length > most:
        raise Broken("a message that is too long")
    try:
        head = json.loads(_exactly(connection, text_length, deadline))
    except (ValueError, RecursionError) as error:
        raise Broken("a message that is none") from error
    if not isinstance(head, dict):
        raise Broken("a message that is none")
    return head, _exactly(connection, length, deadline)


def _exactly(connection: socket.socket, count: int, deadline: float | None) -> bytearray:
    found = bytearray(count)
    view, at = memoryview(found), 0
    while at < count:
        try:
            if deadline is not None:
                connection.settimeout(max(1e-3, deadline - time.monotonic()))
            got = connection.recv_into(view[at:])
        except OSError as error:
            raise Broken(_reason(error)) from error
        if not got:
            raise Broken("it has ended")
        at += got
    return found


def _reason(error: OSError) -> str:
    return TOO_LATE if isinstance(error, TimeoutError) else "it has ended"


def told(error: errors.HearkenError) -> Head:
    """Return an error as a message's head."""
    name = type(error).__name__
    facts = [getattr(error, fact) for fact in _FACTS.get(name, ())]
    return {"error": name, "facts": facts} if facts else {"error": "DecoderFailed", "facts": [str(error)]}


def raised(head: Head) -> errors.HearkenError:
    """Return the error that a head tells; what it tells is foreign, and cut to what an error may hold."""
    kind, facts = _KINDS.get(str(head.get("error"))), head.get("facts")
    expected = len(_FACTS.get(str(head.get("error")), ()))
    if kind is None or not isinstance(facts, list) or len(facts) != expected:
        return errors.DecoderFailed("it cannot be decoded")
    plain = [words(one, 200) if isinstance(one, str) else one for one in facts if isinstance(one, str | int | float)]
    try:
        found: errors.HearkenError = kind(*plain)
        return found
    except (TypeError, ValueError, ArithmeticError):
        return errors.DecoderFailed("it cannot be decoded")


def words(told: object, most: int) -> str:
    """Return what the other side says in words, cut, and without what cannot be shown."""
    return "".join(one for one in str(told)[:most] if one.isprintable())
