# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How long a FLAC stream really is, from its last frame's own header, without decoding (RFC 9639, 9.1).

The stream's header may say anything; decoding minutes of eight channels to find out takes seconds. Each frame begins
with a sync code, its size, its number and a checksum, so the last one in the file tells where the sound ends.
"""

from __future__ import annotations

import struct

_SYNC = b"\xff\xf8"  # the lowest bit tells a number of samples (1) from a number of frames (0)
_SEARCHED_BYTES = 2 << 20  # the largest frame: 8 channels of 65,535 samples of 24 bits
_MIN_BLOCK_OFFSET = 8
_LONGEST_HEADER_BYTES = 17
_CHANNELS_RESERVED_FROM = 11
_RATE_INVALID = 15


def frames_by_last_header(content: bytes) -> int | None:
    """Return the number of sample frames up to the end of the last FLAC frame; None if no frame header is found."""
    (fixed_block,) = struct.unpack_from(">H", content, _MIN_BLOCK_OFFSET)
    lowest = max(0, len(content) - _SEARCHED_BYTES)
    at = content.rfind(b"\xff", lowest)
    while at >= 0:
        found = _end_of_frame(content[at : at + _LONGEST_HEADER_BYTES], fixed_block)
        if found is not None:
            return found
        at = content.rfind(b"\xff", lowest, at)
    return None


def _end_of_frame(header: bytes, fixed_block: int) -> int | None:
    """Return where the frame with this header ends, in sample frames; None if it is no frame header."""
    if len(header) < 6 or header[1] & 0xFE != _SYNC[1]:
        return None
    block_code, rate_code = header[2] >> 4, header[2] & 0x0F
    if block_code == 0 or rate_code == _RATE_INVALID or header[3] >> 4 >= _CHANNELS_RESERVED_FROM or header[3] & 1:
        return None
    coded = _coded_number(header[4:])
    if coded is None:
        return None
    number, used = coded
    tail = 4 + used
    block_bytes = {6: 1, 7: 2}.get(block_code, 0)
    end = tail + block_bytes + {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if len(header) <= end or _crc8(header[:end]) != header[end]:
        return None
    block = _block_size(block_code, header[tail : tail + block_bytes])
    return (number if header[1] & 1 else number * fixed_block) + block


def _block_size(code: int, stored: bytes) -> int:
    if stored:
        return int.from_bytes(stored, "big") + 1
    if code == 1:
        return 192
    return 576 << (code - 2) if code < 6 else 256 << (code - 8)


def _coded_number(stored: bytes) -> tuple[int, int] | None:
    """Read a number coded as UTF-8 codes characters, up to 7 bytes; return it and the bytes used."""
    first = stored[0]
    if first < 0x80:
        return first, 1
    used = 8 - (first ^ 0xFF).bit_length()
    if not 2 <= used <= 7 or len(stored) < used or any(byte & 0xC0 != 0x80 for byte in stored[1:used]):
        return None
    number = first & (0x7F >> used)
    for byte in stored[1:used]:
        number = number << 6 | byte & 0x3F
    return number, used


def _crc8(header: bytes) -> int:
    """Return the checksum with polynomial x^8 + x^2 + x + 1."""
    register = 0
    for byte in header:
        register ^= byte
        for _ in range(8):
            register = (register << 1 ^ 0x07) & 0xFF if register & 0x80 else register << 1
    return register
