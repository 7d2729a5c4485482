# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import contextlib
import json
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers.bands import (
    BANDS,
    MOST_JSON_BYTES,
    RATE_BIT_S,
    BadBandLevels,
    BandEnergies,
    centres_hz,
    edges_hz,
    frame_count,
    hop_samples,
)

RATE_HZ = 16_000
NOMINAL_HZ = [10, 12.5, 16, 20, 25, 31.5, 40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800]
NOMINAL_HZ += [1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000, 6300]


def some(samples: int = 20_000, rate_hz: int = RATE_HZ, seed: int = 1) -> BandEnergies:
    shape = (frame_count(samples, rate_hz), BANDS)
    return BandEnergies(np.random.default_rng(seed).integers(-120, 1, shape, np.int16), rate_hz, samples)


def same(one: BandEnergies, other: BandEnergies) -> bool:
    head = (one.sample_rate_hz, one.samples) == (other.sample_rate_hz, other.samples)
    return head and np.array_equal(one.levels_db, other.levels_db)


def test_the_bands_are_those_of_the_standard_that_fit_below_8_khz() -> None:
    assert len(NOMINAL_HZ) == BANDS == 29
    assert np.allclose(centres_hz(), NOMINAL_HZ, rtol=0.02)
    assert np.allclose(edges_hz()[1:] / edges_hz()[:-1], 10**0.1)
    assert np.allclose(np.sqrt(edges_hz()[1:] * edges_hz()[:-1]), centres_hz())
    assert edges_hz()[-1] < 8000 < edges_hz()[-1] * 10**0.1


@pytest.mark.parametrize(("rate_hz", "hop"), [(16_000, 2000), (44_100, 5512), (1000, 125)])
def test_a_frame_comes_every_125_ms(rate_hz: int, hop: int) -> None:
    assert hop_samples(rate_hz) == hop
    assert [frame_count(samples, rate_hz) for samples in (1, hop, hop + 1)] == [2, 2, 3]


def test_the_rate_is_what_levels_and_time_allow() -> None:
    assert math.isclose(RATE_BIT_S, 29 * 8 * math.log2(121))
    assert round(RATE_BIT_S) == 1605


def test_what_is_sent_is_hardly_more() -> None:
    ten_seconds = some(160_000)
    assert len(ten_seconds.to_bytes()) == 16 + 29 * 81
    assert ten_seconds.duration_s == 10
    assert ten_seconds.sent_bit_s == pytest.approx((16 + 29 * 81) * 8 / 10)


@given(samples=st.integers(1, 100_000), rate_hz=st.integers(1000, 192_000), seed=st.integers(0, 99))
def test_both_forms_give_back_what_went_in(samples: int, rate_hz: int, seed: int) -> None:
    energies = some(samples, rate_hz, seed)
    assert same(BandEnergies.from_bytes(energies.to_bytes()), energies)
    assert same(BandEnergies.from_json(energies.to_json()), energies)
    assert same(BandEnergies.from_json(energies.to_json().encode()), energies)


def test_the_binary_form_is_the_documented_one() -> None:
    energies = some(3000)
    content = energies.to_bytes()
    assert content[:8] == b"HKBE\x01\x1d\x01\x7d"
    assert struct.unpack("<II", content[8:16]) == (16_000, 3000)
    levels = struct.unpack(f"{3 * 29}b", content[16:])
    assert list(levels) == energies.levels_db.ravel().tolist()


def test_the_json_form_is_the_documented_one() -> None:
    energies = some(3000)
    assert json.loads(energies.to_json()) == {
        "version": 1,
        "hop_ms": 125,
        "step_db": 1,
        "sample_rate_hz": 16_000,
        "samples": 3000,
        "levels_db": energies.levels_db.tolist(),
    }


def test_no_hour_is_too_long_for_the_json_form() -> None:
    lowest = np.full((frame_count(3600 * 1000, 1000), BANDS), -120, np.int16)
    energies = BandEnergies(lowest, 1000, 3600 * 1000)
    spaced = json.dumps(json.loads(energies.to_json()))
    assert len(spaced) <= MOST_JSON_BYTES
    assert same(BandEnergies.from_json(spaced), energies)


def test_levels_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        some().levels_db[0, 0] = 0


@pytest.mark.parametrize(
    ("levels", "rate_hz", "samples", "message"),
    [
        (np.zeros((2, 29), np.int32), 16_000, 100, "band levels: type: int16, found int32"),
        (np.zeros((3, 29), np.int16), 16_000, 100, "shape: (2, 29) for 100 samples, found (3, 29)"),
        (np.zeros((2, 28), np.int16), 16_000, 100, "shape: (2, 29) for 100 samples, found (2, 28)"),
        (np.full((2, 29), 1, np.int16), 16_000, 100, "level in dB: -120 to 0, found 1"),
        (np.full((2, 29), -121, np.int16), 16_000, 100, "level in dB: -120 to 0, found -121"),
        (np.zeros((2, 29), np.int16), 999, 100, "sample rate in Hz: 1000 to 192000, found 999"),
        (np.zeros((2, 29), np.int16), 16_000, 0, "length in samples: 1 to 57600000, found 0"),
    ],
)
def test_values_outside_of_their_limits_are_refused(
    levels: np.ndarray, rate_hz: int, samples: int, message: str
) -> None:
    with pytest.raises(BadBandLevels) as refusal:
        BandEnergies(levels, rate_hz, samples)
    assert message in str(refusal.value)


def patched(at: int, content: bytes) -> bytes:
    good = some(3000).to_bytes()
    return good[:at] + content + good[at + len(content) :]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "length in bytes: at least 16, found 0"),
        (b"HKBE\x01\x1d\x01\x7d", "length in bytes: at least 16, found 8"),
        (patched(0, b"RIFF"), "first bytes: b'HKBE', found b'RIFF'"),
        (patched(4, b"\x02"), "version: 1, found 2"),
        (patched(5, b"\x1c"), "bands: 29, found 28"),
        (patched(6, b"\x00"), "step in dB: 1, found 0"),
        (patched(7, b"\xff"), "time from frame to frame in ms: 125, found 255"),
        (patched(8, b"\x00\x00\x00\x00"), "sample rate in Hz: 1000 to 192000, found 0"),
        (patched(8, b"\xff\xff\xff\xff"), "sample rate in Hz: 1000 to 192000, found 4294967295"),
        (patched(12, b"\x00\x00\x00\x00"), "length in samples: 1 to 57600000, found 0"),
        (patched(12, b"\xff\xff\xff\xff"), "length in samples: 1 to 57600000, found 4294967295"),
        (patched(12, b"\x00\x00\x01\x00"), "length in bytes: 1002, found 103"),
        (patched(16, b"\x01"), "level in dB: -120 to 0, found 1"),
        (patched(16, b"\x80"), "level in dB: -120 to 0, found -128"),
        (some(3000).to_bytes()[:-1], "length in bytes: 103, found 102"),
        (some(3000).to_bytes() + b"\x00", "length in bytes: 103, found 104"),
    ],
)
def test_bytes_that_are_not_this_form_are_refused_with_limit_and_finding(content: bytes, message: str) -> None:
    with pytest.raises(BadBandLevels) as refusal:
        BandEnergies.from_bytes(content)
    assert message in str(refusal.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(BadBandLevels):
        assert BandEnergies.from_bytes(content).to_bytes() == content


@given(at=st.integers(0, 102), value=st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(at: int, value: int) -> None:
    content = patched(at, bytes([value]))
    with contextlib.suppress(BadBandLevels):
        assert BandEnergies.from_bytes(content).to_bytes() == content


def with_changes(**changes: Any) -> str:
    return json.dumps(json.loads(some(3000).to_json()) | changes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "form: JSON, found JSONDecodeError"),
        (b"\xff\xfe", "form: JSON, found"),
        ("[" * 100_000, "form: JSON, found RecursionError"),
        ('{"version": ' + "9" * 5000 + "}", "form: JSON, found ValueError"),
        ("[]", "form: an object, found list"),
        ("null", "form: an object, found NoneType"),
        ("{}", "keys: version, hop_ms, step_db, sample_rate_hz, samples, levels_db, found 0 of them in 0"),
        (with_changes(more=1), "found 6 of them in 7"),
        (with_changes(version=2), "version: 1, found 2"),
        (with_changes(version=True), "version: a whole number, found bool"),
        (with_changes(version=1.0), "version: a whole number, found float"),
        (with_changes(samples="3000"), "samples: a whole number, found str"),
        (with_changes(samples=10**4000), "samples: at most 64 bits, found 13288 bits"),
        (with_changes(samples=-1), "length in samples: 1 to 57600000, found -1"),
        (with_changes(sample_rate_hz=8), "sample rate in Hz: 1000 to 192000, found 8"),
        (with_changes(hop_ms=10), "time from frame to frame in ms: 125, found 10"),
        (with_changes(step_db=3), "step in dB: 1, found 3"),
        (with_changes(levels_db=7), "frames: 3, found int"),
        (with_changes(levels_db=[]), "frames: 3, found 0"),
        (with_changes(levels_db=[[0] * 29] * 2 + [7]), "bands: 29, found int"),
        (with_changes(levels_db=[[0] * 28] * 3), "bands: 29, found 28"),
        (with_changes(levels_db=[[1] * 29] * 3), "level in dB: -120 to 0, found 1"),
        (with_changes(levels_db=[[-200] * 29] * 3), "level in dB: -120 to 0, found -200"),
        (with_changes(levels_db=[[float("nan")] * 29] * 3), "level in dB: a whole number, found float"),
        (with_changes(levels_db=[[None] * 29] * 3), "level in dB: a whole number, found NoneType"),
        (" " * (MOST_JSON_BYTES + 1), f"length in bytes: at most {MOST_JSON_BYTES}, found {MOST_JSON_BYTES + 1}"),
    ],
)
def test_json_that_is_not_this_form_is_refused_with_limit_and_finding(content: str | bytes, message: str) -> None:
    with pytest.raises(BadBandLevels) as refusal:
        BandEnergies.from_json(content)
    assert message in str(refusal.value)
    assert len(str(refusal.value)) < 200


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(key=st.sampled_from(["version", "hop_ms", "step_db", "sample_rate_hz", "samples", "levels_db"]), value=_VALUES)
def test_any_json_is_read_or_refused(key: str, value: Any) -> None:
    content = with_changes(**{key: value})
    with contextlib.suppress(BadBandLevels):
        assert same(BandEnergies.from_json(content), some(3000)) or key in ("sample_rate_hz", "samples")


def test_a_refusal_carries_the_facts() -> None:
    refusal = BadBandLevels("level in dB", "-120 to 0", 7)
    assert (refusal.what, refusal.limit, refusal.found) == ("level in dB", "-120 to 0", 7)
    assert str(refusal) == "band levels: level in dB: -120 to 0, found 7"
