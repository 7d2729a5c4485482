# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A nursery whose decoders do what a recording's first word says: the nursery that stands in for the real one.

What they may not do they cannot: they are confined as the real ones are. A recording without such a word is decoded.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable

import numpy as np

from analytic.audio.decode import AudioLimits
from analytic.audio.sandbox import decoder, nursery, wire
from analytic.audio.streams import StreamLimits
from analytic.errors import DecoderFailed, HearkenError

LENGTHS = struct.Struct(">IQ")
FACTS = {"container": "WAV", "encoding": "PCM_16", "sample_rate_hz": 16_000, "channels": 1}
CLIP = {"decoded": True, **FACTS, "warnings": []}
ABOUT = {"about": {**FACTS, "declared_s": None}}
SECOND = np.zeros(16_000, np.float32).tobytes()
WORD_BYTES = 32

Act = Callable[[socket.socket], object]


def says(head: object, content: bytes = b"", length: int | None = None) -> Act:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    size = len(content) if length is None else length
    return lambda connection: connection.sendall(LENGTHS.pack(len(text), size) + text + content)


def _spin(_connection: socket.socket) -> None:
    while True:
        pass


def _eat(_connection: socket.socket) -> None:
    raise MemoryError(bytes(1 << 30))


def _eat_in_c(connection: socket.socket) -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    while block := libc.malloc(1 << 20):
        ctypes.memset(block, 1, 1 << 20)
    os.kill(os.getpid(), signal.SIGKILL) if connection.fileno() < 0 else ctypes.string_at(0)


def _ask_on(connection: socket.socket) -> None:
    while True:
        wire.send(connection, {"read": [0, 10]})
        wire.receive(connection, 1 << 20)


def _ask_out_of_bounds(connection: socket.socket) -> None:
    for place, count in ((-5, 10), (1 << 70, 10), (0, -1), (0, 1 << 70)):
        wire.send(connection, {"read": [place, count]})
        wire.receive(connection, 1 << 20)


def _in_order(*acts: Act) -> Act:
    def on(connection: socket.socket) -> None:
        for act in acts:
            act(connection)

    return on


def _repeat(*acts: Act) -> Act:
    def on(connection: socket.socket) -> None:
        for act in acts[:-1]:
            act(connection)
        while True:
            acts[-1](connection)

    return on


def _drip(connection: socket.socket) -> None:
    connection.sendall(LENGTHS.pack(1 << 15, 0))
    while True:
        connection.sendall(b" ")
        until = time.monotonic() + 0.02
        while time.monotonic() < until:  # it may not sleep: that call is not among those it is left
            pass


def _floats(*values: float) -> bytes:
    return np.array(values, np.float32).tobytes()


def _error(kind: str, *facts: object) -> Act:
    return says({"error": kind, "facts": list(facts)})


BOTH: dict[str, Act] = {
    "crash": lambda _connection: ctypes.string_at(0),
    "abort": lambda _connection: os.abort(),
    "leave": lambda _connection: os._exit(0),
    "shut": lambda connection: connection.close(),
    "hang": lambda connection: connection.recv(1),
    "spin": _spin,
    "drip": _drip,
    "eat": _eat,
    "eat in C": _eat_in_c,
    "half a head": lambda connection: connection.sendall(LENGTHS.pack(100, 0) + b"{"),
    "half a length": lambda connection: connection.sendall(b"\0\0"),
    "no JSON": says(b"no JSON"),
    "no object": says([1, 2]),
    "a number": says(b"1" * 60_000),
    "depth": says(b"[" * 60_000),
    "a pickle": says(pickle.dumps({"decoded": True})),
    "bytes that are no text": says(b"\xff" * 100),
    "a head too long": says(b" " * ((1 << 16) + 1)),
    "sound too long": says(CLIP, b"", 1 << 40),
    "less sound than said": _in_order(says(CLIP, SECOND, len(SECOND) + 4), lambda connection: connection.close()),
    "an error of no kind": _error("SystemExit", 1),
    "an error of another tree": _error("BadSettings", "x"),
    "an error without facts": says({"error": "NotAudio"}),
    "an error with others' facts": _error("AudioTooLong", "x", "y"),
    "an error with lists": _error("NotAudio", [1], {}),
    "an error with a huge number": says(b'{"error": "AudioTooLong", "facts": [1' + b"0" * 400 + b", 1]}"),
    "an error that is none": says({"error": None, "facts": None}),
}

CLIPS: dict[str, Act] = {
    "no sound": says(CLIP),
    "three bytes": says(CLIP, b"abc"),
    "no number": says(CLIP, _floats(0, np.nan)),
    "infinite": says(CLIP, _floats(0, np.inf)),
    "loud": says(CLIP, _floats(0, 1.5)),
    "loud below": says(CLIP, _floats(0, -1.0001)),
    "no facts": says({"decoded": True}, SECOND),
    "channels without end": says(CLIP | {"channels": float("inf")}, SECOND),
    "a rate that is none": says(CLIP | {"sample_rate_hz": float("nan")}, SECOND),
    "a rate in words": says(CLIP | {"sample_rate_hz": "many"}, SECOND),
    "warnings that are none": says(CLIP | {"warnings": 5}, SECOND),
    "warnings by name": says(CLIP | {"warnings": {"a": 1}}, SECOND),
}

STREAMS: dict[str, Act] = {
    "nothing about it": says({"about": None}),
    "a list about it": says({"about": [1]}),
    "an empty about": says({"about": {}}),
    "sound first": says({"block": 4}, SECOND),
    "the end first": says({"end": True}),
    "it lasts for ever": says({"about": ABOUT["about"] | {"declared_s": float("inf")}}),
    "it lasts less than nothing": says({"about": ABOUT["about"] | {"declared_s": -1}}),
    "it lasts no number": says({"about": ABOUT["about"] | {"declared_s": float("nan")}}),
    "asks on": _ask_on,
    "asks for infinity": says({"read": [float("inf"), 1]}),
    "asks for words": says({"read": ["a", 1]}),
    "asks for nothing": says({"read": []}),
    "asks for three": says({"read": [1, 2, 3]}),
    "asks for a number": says({"read": 5}),
    "empty blocks": _repeat(says(ABOUT), says({"block": 0})),
    "loud blocks": _repeat(says(ABOUT), says({"block": 2}, _floats(0, 2))),
    "odd blocks": _repeat(says(ABOUT), says({"block": 1}, b"abc")),
    "blocks of no number": _repeat(says(ABOUT), says({"block": 2}, _floats(0, np.nan))),
    "blocks too long": _repeat(says(ABOUT), says({"block": 1}, b"", 1 << 30)),
    "warnings that are none": _repeat(says(ABOUT), says({"end": True, "warnings": 5})),
    "silence after the about": _in_order(says(ABOUT), lambda connection: connection.recv(1)),
}

SPECIAL: dict[str, Act] = {
    "asks out of bounds": _in_order(
        _ask_out_of_bounds, says(ABOUT), says({"block": 16_000}, SECOND), says({"end": True})
    ),
    "blocks without end": _repeat(says(ABOUT), says({"block": 16_000}, SECOND)),
    "words that cannot be shown": says(
        CLIP | {"container": "\x1b[31m" + "x" * 999, "warnings": ["a\nb\x00", 5] + ["x" * 501] * 110}, SECOND
    ),
    "an error that cannot be shown": _error("NotAudio", "a\nb\x1b[31m\u202e", "x" * 60_000),
    "who": lambda connection: wire.send(connection, wire.told(DecoderFailed(str(os.getpid())))),
}


def serve(connection: socket.socket) -> None:
    """Do what the recording says; decode what says nothing."""
    head, content = wire.receive(connection, decoder.MOST_CONTENT)
    is_clip = head["task"] == "clip"
    asked = decoder._Asked(connection, head.get("size"), head.get("seekable", False))
    word = (bytes(content) if is_clip else asked.read_at(0, WORD_BYTES)).decode("latin-1").strip("\0")
    act = BOTH.get(word) or SPECIAL.get(word) or (CLIPS if is_clip else STREAMS).get(word)
    if is_clip:
        decoder.spend(head["cpu_s"])
    try:
        if act is not None:
            act(connection)
        elif is_clip:
            decoder._clip(connection, bytes(content), AudioLimits(**head["limits"]))
        else:
            decoder._stream(connection, asked, StreamLimits(**head["limits"]))
    except HearkenError as error:
        wire.send(connection, wire.told(error))
    except MemoryError:
        wire.send(connection, wire.told(DecoderFailed("decoding it takes more memory than it is given")))


if __name__ == "__main__":
    decoder.serve = serve
    nursery.main(*map(int, sys.argv[1:]))
