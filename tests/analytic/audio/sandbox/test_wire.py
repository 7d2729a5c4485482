# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What service and decoder say to each other: whole, in time, within bounds, and never an object."""

from __future__ import annotations

import io
import json
import pickle
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic import errors
from analytic.audio.sandbox import wire

LENGTHS = struct.Struct(">IQ")
TOLD = [
    errors.NotAudio("found", "expected"),
    errors.UnsupportedEncoding("WAV", "GSM610"),
    errors.EmptyAudio(44),
    errors.AudioTooLong(600.0, 601.5),
    errors.TooManyChannels(8, 9),
    errors.SampleRateOutOfRange(8_000, 192_000, 1),
    errors.NotFinite(0.5),
    errors.DecoderFailed("it takes too long"),
    errors.ExtraMissing("sound in video containers", "video"),
]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]


def received(connection: socket.socket, most: int, deadline: float | None = None) -> tuple[wire.Head, bytes]:
    head, content = wire.receive(connection, most, deadline)
    return head, bytes(content)


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 100])
@pytest.mark.parametrize("head", [{}, {"a": [1, 2.5, None, "é\n"]}, {"task": "clip", "limits": {"most": 1}}])
def test_what_is_sent_is_received(pair: Pair, head: wire.Head, content: bytes) -> None:
    wire.send(pair[0], head, content)
    assert received(pair[1], 1 << 20) == (head, content)


def test_messages_follow_each_other(pair: Pair) -> None:
    for number in range(50):
        wire.send(pair[0], {"number": number}, bytes(number))
    assert [received(pair[1], 100) for _ in range(50)] == [({"number": one}, bytes(one)) for one in range(50)]


def test_a_large_message_arrives_in_pieces(pair: Pair) -> None:
    content = bytes(range(256)) * 40_000
    sender = threading.Thread(target=wire.send, args=(pair[0], {"large": True}, content))
    sender.start()
    found = received(pair[1], len(content), time.monotonic() + 30)
    sender.join()
    assert found == ({"large": True}, content)


NO_MESSAGES = {
    "no JSON": b"no JSON",
    "a list": b"[1]",
    "a number": b"17",
    "text": b'"text"',
    "null": b"null",
    "digits": b"1" * 60_000,
    "depth": b"[" * 60_000,
    "depth in an object": b'{"a":' * 12_000,
    "nothing": b"",
    "a pickle": pickle.dumps({"a": 1}),
    "no text": b"\xff\xfe\xfd",
    "half an object": b'{"a": 1',
}


@pytest.mark.parametrize("what", NO_MESSAGES)
def test_what_is_no_message_breaks_off(pair: Pair, what: str) -> None:
    pair[0].sendall(LENGTHS.pack(len(NO_MESSAGES[what]), 0) + NO_MESSAGES[what])
    with pytest.raises(wire.Broken, match="none"):
        wire.receive(pair[1], 100)


@pytest.mark.parametrize(
    ("head", "content"), [(1 << 16 | 1, 0), ((1 << 32) - 1, 0), (2, 101), (2, 1 << 40), (2, (1 << 64) - 1)]
)
def test_a_message_beyond_its_bounds_is_not_read(pair: Pair, head: int, content: int) -> None:
    pair[0].sendall(LENGTHS.pack(head, content) + b"{}")
    with pytest.raises(wire.Broken, match="too long"):
        wire.receive(pair[1], 100)


@pytest.mark.parametrize("kept", [0, 1, 11, 12, 13, 14, 20])
def test_a_message_that_breaks_off_is_none(pair: Pair, kept: int) -> None:
    pair[0].sendall((LENGTHS.pack(2, 9) + b"{}" + bytes(9))[:kept])
    pair[0].close()
    with pytest.raises(wire.Broken, match="it has ended"):
        wire.receive(pair[1], 100)


@pytest.mark.parametrize("kept", [0, 5, 13, 20])
def test_a_message_that_does_not_come_whole_in_time_is_too_late(pair: Pair, kept: int) -> None:
    pair[0].sendall((LENGTHS.pack(2, 9) + b"{}" + bytes(9))[:kept])
    with pytest.raises(wire.Broken) as late:
        wire.receive(pair[1], 100, time.monotonic() + 0.05)
    assert str(late.value) == wire.TOO_LATE


def test_a_deadline_that_has_passed_still_takes_what_is_there(pair: Pair) -> None:
    wire.send(pair[0], {"a": 1})
    assert received(pair[1], 100, time.monotonic() - 5) == ({"a": 1}, b"")


def test_sending_to_nobody_breaks_off(pair: Pair) -> None:
    pair[1].close()
    with pytest.raises(wire.Broken, match="it has ended"):
        wire.send(pair[0], {}, bytes(1 << 20))


def test_sending_to_who_does_not_take_it_is_too_late(pair: Pair) -> None:
    pair[0].settimeout(0.05)
    with pytest.raises(wire.Broken) as late:
        wire.send(pair[0], {}, bytes(10 << 20))
    assert str(late.value) == wire.TOO_LATE


@pytest.mark.parametrize("error", TOLD, ids=lambda error: type(error).__name__)
def test_an_error_comes_back_with_its_facts_and_its_sentence(error: errors.HearkenError) -> None:
    back = wire.raised(json.loads(json.dumps(wire.told(error))))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def test_all_kinds_of_bad_audio_that_decoding_raises_can_be_told() -> None:
    kinds = {kind.__name__ for kind in errors.BadAudio.__subclasses__()} - {"BadFeatures"}
    assert kinds | {"ExtraMissing"} == set(wire._KINDS) == set(wire._FACTS)


def test_an_error_of_another_tree_is_told_in_its_words() -> None:
    back = wire.raised(wire.told(errors.BadSettings("a setting")))
    assert isinstance(back, errors.DecoderFailed)
    assert "a setting" in str(back)


HEADS = [
    {},
    {"error": None},
    {"error": "BadSettings", "facts": ["x"]},
    {"error": "SystemExit", "facts": [1]},
    {"error": "__import__", "facts": ["os"]},
    {"error": "NotAudio"},
    {"error": "NotAudio", "facts": "ab"},
    {"error": "NotAudio", "facts": []},
    {"error": "NotAudio", "facts": [1]},
    {"error": "NotAudio", "facts": [[1], {}]},
    {"error": "NotFinite", "facts": ["soon"]},
    {"error": "AudioTooLong", "facts": ["x", None]},
    {"error": "AudioTooLong", "facts": [10**400, 1]},
    {"error": ["NotAudio"], "facts": ["x", "y"]},
    {"error": {"a": 1}, "facts": [1]},
]


@pytest.mark.parametrize("head", HEADS)
def test_an_error_that_is_none_is_a_decoder_s_failure(head: wire.Head) -> None:
    assert isinstance(wire.raised(head), errors.DecoderFailed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.sampled_from([*wire._KINDS, "BadRequest", ""]), JSON | st.lists(JSON, max_size=4))
def test_whatever_a_head_says_is_an_error_that_can_be_shown(kind: str, facts: object) -> None:
    error = wire.raised({"error": kind, "facts": facts})
    assert isinstance(error, errors.BadAudio | errors.ExtraMissing)
    assert str(error).isprintable()
    assert len(str(error)) < 2_000


def test_nothing_on_the_wire_is_ever_unpickled(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[object] = []
    monkeypatch.setattr(pickle, "loads", loaded.append)
    monkeypatch.setattr(pickle, "load", loaded.append)
    file = io.BytesIO()
    pickle.dump(ValueError("x"), file)
    pair[0].sendall(LENGTHS.pack(file.tell(), 0) + file.getvalue())
    with pytest.raises(wire.Broken):
        wire.receive(pair[1], 100)
    assert not loaded


def test_words_are_cut_and_without_what_cannot_be_shown() -> None:
    assert wire.words("a\nb\x1b[0m\u202ec" + "x" * 99, 8) == "ab[0m"
    assert wire.words(None, 10) == "None"
    assert wire.words("é" * 30, 10) == "é" * 10
