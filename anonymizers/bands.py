# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Third-octave band levels over time, and how they travel: features, not sound.

29 bands of a third of an octave, base ten, around 1000 * 10^(k/10) Hz for k = -20..8, 10 Hz to 6.3 kHz (IEC
61260-1:2014, ANSI S1.11): those that lie below 8 kHz whole. One level a band every 125 ms, in whole dB from -120 to 0
re full scale.

The binary form, version 1, little endian, one byte where nothing else is said:

========  =====================================================
bytes     what
========  =====================================================
0..3      ``HKBE``
4         version, 1
5         bands, 29
6         step of the levels in dB, 1
7         time from frame to frame in ms, 125
8..11     sample rate of the sound in Hz, unsigned
12..15    length of the sound in samples, unsigned
16..      frame by frame the levels in dB, signed, lowest band first
========  =====================================================

The JSON form is one object with the same content. Whatever comes in is checked before anything is made of it.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BANDS = 29
LOWEST = -20  # k of the lowest band
HOP_MS = 125
STEP_DB = 1
LEAST_DB, MOST_DB = -120, 0
LEAST_RATE_HZ, MOST_RATE_HZ = 1_000, 192_000
MOST_S = 3600
RATE_BIT_S = BANDS * 1000 / HOP_MS * math.log2((MOST_DB - LEAST_DB) // STEP_DB + 1)
"""No more can be said in this form, whatever the sound: about 1605 bit/s."""

MAGIC = b"HKBE"
VERSION = 1
_HEAD = struct.Struct("<4sBBBBII")
MOST_FRAMES = MOST_S * 1000 // HOP_MS + 1
MOST_BYTES = _HEAD.size + BANDS * MOST_FRAMES
MOST_JSON_BYTES = 1000 + 6 * (BANDS + 1) * MOST_FRAMES  # a level takes up to six: "-120, "; and so does a frame
_KEYS = ("version", "hop_ms", "step_db", "sample_rate_hz", "samples", "levels_db")


class BadBandLevels(ValueError):
    """Band levels that are not what they must be; says what, the limit, and what was found."""

    def __init__(self, what: str, limit: object, found: object) -> None:
        super().__init__(f"band levels: {what}: {limit}, found {found}")
        self.what, self.limit, self.found = what, limit, found


def centres_hz() -> NDArray[np.float64]:
    """Return the exact middle frequencies: float64, shape (29,), 10.0 to 6309.6 Hz."""
    return 1000 * 10 ** (np.arange(LOWEST, LOWEST + BANDS) / 10)


def edges_hz() -> NDArray[np.float64]:
    """Return the frequencies between the bands, the outer ones included: float64, shape (30,), 8.9 to 7079.5 Hz."""
    return 1000 * 10 ** ((2 * np.arange(LOWEST, LOWEST + BANDS + 1) - 1) / 20)


def hop_samples(sample_rate_hz: int) -> int:
    """Return the samples from frame to frame."""
    return round(sample_rate_hz * HOP_MS / 1000)


def frame_count(samples: int, sample_rate_hz: int) -> int:
    """Return the frames of a sound: one around each multiple of 125 ms, the last at or after its end."""
    return -(-samples // hop_samples(sample_rate_hz)) + 1


@dataclass(frozen=True, slots=True, eq=False)
class BandEnergies:
    """What is left of a sound.

    Attributes
    ----------
    levels_db
        int16, shape (frames, 29): mean-square level re full scale in whole dB, -120..0; -120 also stands for less.
        Not to be written to.
    sample_rate_hz
        Of the sound, 1000 to 192 000 Hz.
    samples
        Length of the sound, 1 sample to an hour.

    Raises
    ------
    BadBandLevels
        A value is outside its limits, or the shape does not fit the length.
    """

    levels_db: NDArray[np.int16]
    sample_rate_hz: int
    samples: int

    def __post_init__(self) -> None:
        check_length(self.sample_rate_hz, self.samples)
        shape = (frame_count(self.samples, self.sample_rate_hz), BANDS)
        if self.levels_db.dtype != np.int16:
            raise BadBandLevels("type", "int16", self.levels_db.dtype)
        if self.levels_db.shape != shape:
            raise BadBandLevels("shape", f"{shape} for {self.samples} samples", self.levels_db.shape)
        _check("level in dB", int(self.levels_db.min()), LEAST_DB, MOST_DB)
        _check("level in dB", int(self.levels_db.max()), LEAST_DB, MOST_DB)
        self.levels_db.setflags(write=False)

    @property
    def duration_s(self) -> float:
        """Length of the sound in seconds."""
        return self.samples / self.sample_rate_hz

    @property
    def sent_bit_s(self) -> float:
        """Bits of the binary form for one second of the sound, its head included."""
        return 8 * len(self.to_bytes()) / self.duration_s

    def to_bytes(self) -> bytes:
        """Return the binary form."""
        head = _HEAD.pack(MAGIC, VERSION, BANDS, STEP_DB, HOP_MS, self.sample_rate_hz, self.samples)
        return head + self.levels_db.astype(np.int8).tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> BandEnergies:
        """Read the binary form.

        Raises
        ------
        BadBandLevels
            It is not this form, or a value is outside its limits.
        """
        if len(content) < _HEAD.size:
            raise BadBandLevels("length in bytes", f"at least {_HEAD.size}", len(content))
        magic, version, bands, step_db, hop_ms, sample_rate_hz, samples = _HEAD.unpack_from(content)
        _same("first bytes", magic, MAGIC)
        _same("version", version, VERSION)
        _same("bands", bands, BANDS)
        _same("step in dB", step_db, STEP_DB)
        _same("time from frame to frame in ms", hop_ms, HOP_MS)
        check_length(sample_rate_hz, samples)
        frames = frame_count(samples, sample_rate_hz)
        _same("length in bytes", len(content), _HEAD.size + BANDS * frames)
        levels = np.frombuffer(content, np.int8, offset=_HEAD.size).reshape(frames, BANDS)
        return cls(levels.astype(np.int16), sample_rate_hz, samples)

    def to_json(self) -> str:
        """Return the JSON form: one object on one line."""
        values = (VERSION, HOP_MS, STEP_DB, self.sample_rate_hz, self.samples, self.levels_db.tolist())
        return json.dumps(dict(zip(_KEYS, values, strict=True)), separators=(",", ":"))

    @classmethod
    def from_json(cls, content: str | bytes) -> BandEnergies:
        """Read the JSON form.

        Raises
        ------
        BadBandLevels
            It is not this form, or a value is outside its limits.
        """
        if len(content) > MOST_JSON_BYTES:
            raise BadBandLevels("length in bytes", f"at most {MOST_JSON_BYTES}", len(content))
        try:
            read = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BadBandLevels("form", "JSON", type(error).__name__) from error
        if not isinstance(read, dict):
            raise BadBandLevels("form", "an object", type(read).__name__)
        if set(read) != set(_KEYS):
            raise BadBandLevels("keys", ", ".join(_KEYS), f"{len(set(read) & set(_KEYS))} of them in {len(read)}")
        version, hop_ms, step_db, sample_rate_hz, samples = (_whole(key, read[key]) for key in _KEYS[:-1])
        _same("version", version, VERSION)
        _same("time from frame to frame in ms", hop_ms, HOP_MS)
        _same("step in dB", step_db, STEP_DB)
        check_length(sample_rate_hz, samples)
        return cls(_levels(read["levels_db"], frame_count(samples, sample_rate_hz)), sample_rate_hz, samples)


def _levels(rows: Any, frames: int) -> NDArray[np.int16]:
    if not isinstance(rows, list) or len(rows) != frames:
        raise BadBandLevels("frames", frames, len(rows) if isinstance(rows, list) else type(rows).__name__)
    for row in rows:
        if not isinstance(row, list) or len(row) != BANDS:
            raise BadBandLevels("bands", BANDS, len(row) if isinstance(row, list) else type(row).__name__)
        for level in row:
            _check("level in dB", _whole("level in dB", level), LEAST_DB, MOST_DB)
    return np.array(rows, np.int16)


def _whole(what: str, found: Any) -> int:
    if not isinstance(found, int) or isinstance(found, bool):
        raise BadBandLevels(what, "a whole number", type(found).__name__)
    if found.bit_length() > 64:
        raise BadBandLevels(what, "at most 64 bits", f"{found.bit_length()} bits")
    return found


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise BadBandLevels(what, wanted, found)


def _check(what: str, found: int, least: int, most: int) -> None:
    if not least <= found <= most:
        raise BadBandLevels(what, f"{least} to {most}", found)


def check_length(sample_rate_hz: int, samples: int) -> None:
    """Refuse a sound that has no such features.

    Raises
    ------
    BadBandLevels
        Its rate is outside 1000 to 192 000 Hz, or it is empty or longer than an hour.
    """
    _check("sample rate in Hz", sample_rate_hz, LEAST_RATE_HZ, MOST_RATE_HZ)
    _check("length in samples", samples, 1, MOST_S * sample_rate_hz)
