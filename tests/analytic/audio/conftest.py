# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Hours of silence in a few bytes: FLAC whose every subframe is one constant (RFC 9639, 9.2.3)."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

_BLOCK_FRAMES = 65_535


def _checksum(content: bytes, polynomial: int, bits: int) -> int:
    value, top, mask = 0, 1 << bits - 1, (1 << bits) - 1
    for byte in content:
        value ^= byte << bits - 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
    return value


def _silent_flac(seconds: int, rate_hz: int, channels: int) -> bytes:
    frames = seconds * rate_hz
    packed = rate_hz << 44 | channels - 1 << 41 | 15 << 36 | frames
    streaminfo = struct.pack(">HH6xQ16x", _BLOCK_FRAMES, _BLOCK_FRAMES, packed)
    pieces = [b"fLaC\x80\x00\x00\x22", streaminfo]
    for number in range(-(-frames // _BLOCK_FRAMES)):
        size = min(_BLOCK_FRAMES, frames - number * _BLOCK_FRAMES)
        coded = chr(number if number < 0xD800 else number + 0x800).encode()
        header = b"\xff\xf8\x70" + bytes([channels - 1 << 4 | 0b1000]) + coded + struct.pack(">H", size - 1)
        frame = header + bytes([_checksum(header, 0x07, 8)]) + bytes(3 * channels)
        pieces.append(frame + struct.pack(">H", _checksum(frame, 0x8005, 16)))
    return b"".join(pieces)


@pytest.fixture(scope="session")
def long_flac() -> Callable[..., bytes]:
    """Make 16-bit silence: ``long_flac(seconds, rate_hz=..., channels=...)``, some 40 bytes for 65 535 frames."""
    return _silent_flac
