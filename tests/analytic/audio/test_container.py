# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest

from analytic.audio.container import Container, identify
from analytic.errors import EmptyAudio, NotAudio

Encode = Callable[..., bytes]

FORMAT = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16_000, 32_000, 2, 16)
SOUND = bytes(range(1, 201))  # 100 frames of 16 bits


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunk(name: bytes, body: bytes, declared: int | None = None) -> bytes:
    return name + struct.pack("<I", len(body) if declared is None else declared) + body + b"\0" * (len(body) % 2)


def data_size(container: Container) -> int:
    at = container.content.index(b"data")
    return int(struct.unpack_from("<I", container.content, at + 4)[0])


def total_samples(content: bytes) -> int:
    return (content[21] & 0x0F) << 32 | int.from_bytes(content[22:26], "big")


def with_total_samples(content: bytes, total: int) -> bytes:
    changed = bytearray(content)
    changed[21] = changed[21] & 0xF0 | total >> 32
    changed[22:26] = (total & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(changed)


@pytest.fixture(scope="module")
def flac(encode: Encode) -> bytes:
    return encode(np.zeros(1_000), form="FLAC")


def test_the_container_is_told_by_content(encode: Encode, flac: bytes) -> None:
    assert identify(encode(np.zeros(100))).kind == "WAV"
    assert identify(flac).kind == "FLAC"
    assert identify(encode(np.zeros(1_000), form="OGG")).kind == "Ogg"


def test_no_bytes_are_empty() -> None:
    with pytest.raises(EmptyAudio, match="0 bytes"):
        identify(b"")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"ID3\x04" + bytes(20), "MP3"),
        (b"\xff\xfb\x90\x00" + bytes(20), "MP3"),
        (b"FORM\0\0\0\x10AIFFCOMM", "AIFF"),
        (b".snd" + bytes(20), "AU"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "RF64"),
        (b"RIFX\0\0\0\x10WAVEfmt ", "RIFX"),
        (b"caff" + bytes(20), "CAF"),
        (b"\x1aE\xdf\xa3" + bytes(20), "Matroska or WebM"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04" + bytes(20), "a zip archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "PNG"),
        (b"\0\0\0\x20ftypisom" + bytes(20), "MP4"),
        (b"<!DOCTYPE html>", "'<!DOCTYPE ht'"),
        (b"\x7fELF" + bytes(20), r"'\x7fELF\x00"),
        (b"RIFF\x10\0\0\0AVI LIST", "'RIFF"),
        (b"R", "'R'"),
    ],
)
def test_what_is_not_accepted_is_named_in_the_refusal(content: bytes, named: str) -> None:
    with pytest.raises(NotAudio) as refusal:
        identify(content)
    assert named in str(refusal.value)
    assert str(refusal.value).isprintable()


def test_amiga_sound_is_not_called_aiff() -> None:
    with pytest.raises(NotAudio) as refusal:
        identify(b"FORM\0\0\0\x108SVXVHDR")
    assert "AIFF" not in str(refusal.value)


def test_an_honest_wav_is_left_as_it_is() -> None:
    content = riff(FORMAT, chunk(b"data", SOUND))
    assert identify(content) == Container("WAV", content)


@pytest.mark.parametrize("behind", [b"LIST", b"id3 ", b"cue ", b"bext"])
def test_a_wav_with_chunks_behind_its_sound_is_honest(behind: bytes) -> None:
    content = riff(FORMAT, chunk(b"data", SOUND), chunk(behind, b"INFOsomething"), chunk(b"junk", b"x" * 30))
    assert identify(content) == Container("WAV", content)


def test_a_wav_whose_sound_has_an_odd_size_and_its_padding_is_honest() -> None:
    content = riff(FORMAT, chunk(b"data", SOUND[:99]))
    assert identify(content) == Container("WAV", content)


def test_a_wav_of_an_odd_size_without_padding_is_honest() -> None:
    content = riff(FORMAT, chunk(b"data", SOUND[:99]))[:-1]
    assert identify(content).warnings == ()


@pytest.mark.parametrize("declared", [0, 1, 2, 50, 101, 198])
def test_a_wav_header_that_declares_too_little_is_put_right(declared: int) -> None:
    container = identify(riff(FORMAT, chunk(b"data", SOUND, declared)))
    assert data_size(container) == 200
    assert struct.unpack_from("<I", container.content, 4)[0] == len(container.content) - 8
    (warning,) = container.warnings
    assert f"declares {declared} bytes" in warning
    assert "holds 200" in warning


@pytest.mark.parametrize("declared", [201, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF])
def test_a_wav_header_that_declares_too_much_is_told(declared: int) -> None:
    (warning,) = identify(riff(FORMAT, chunk(b"data", SOUND, declared))).warnings
    assert f"declares {declared} bytes" in warning
    assert "holds 200" in warning


def test_a_wav_without_a_data_chunk_is_empty() -> None:
    for content in (riff(), riff(FORMAT), riff(FORMAT, chunk(b"LIST", b"INFO"))):
        with pytest.raises(EmptyAudio):
            identify(content)


def test_a_chunk_that_claims_to_reach_past_the_end_leaves_no_sound() -> None:
    with pytest.raises(EmptyAudio):
        identify(riff(FORMAT, chunk(b"LIST", b"INFO", 0xFFFFFFFF), chunk(b"data", SOUND)))


def test_a_flac_goes_to_the_decoder_with_an_unknown_length(flac: bytes) -> None:
    container = identify(flac)
    assert container.declared_frames == 1_000
    assert total_samples(container.content) == 0
    assert container.content == with_total_samples(flac, 0)


@pytest.mark.parametrize("total", [1, 999, 1 << 32, (1 << 36) - 1])
def test_what_a_flac_header_declares_is_kept_to_compare(flac: bytes, total: int) -> None:
    container = identify(with_total_samples(flac, total))
    assert container.declared_frames == total
    assert container.content[:21] == flac[:21]
    assert container.content[21] >> 4 == flac[21] >> 4, "the bits per sample share a byte with the length"
    assert container.content[26:] == flac[26:]


def test_a_flac_header_that_declares_nothing_has_nothing_to_compare(flac: bytes) -> None:
    assert identify(with_total_samples(flac, 0)).declared_frames is None


@pytest.mark.parametrize("size", [4, 21, 22, 25, 41])
def test_a_flac_that_ends_within_its_header_is_empty(flac: bytes, size: int) -> None:
    with pytest.raises(EmptyAudio, match=f"{size} bytes"):
        identify(flac[:size])


@pytest.mark.parametrize("tag", [b"TAG" + bytes(125), b"ID3" + bytes(40_000), b"APETAGEX" + bytes(50)])
def test_a_tag_behind_the_sound_is_not_taken_for_sound(tag: bytes) -> None:
    samples = bytes(3_200)
    header = b"RIFF" + (36 + len(samples)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += (1).to_bytes(2, "little") * 2 + (16_000).to_bytes(4, "little") + (32_000).to_bytes(4, "little")
    header += (2).to_bytes(2, "little") + (16).to_bytes(2, "little") + b"data" + len(samples).to_bytes(4, "little")
    found = identify(header + samples + tag)
    assert found.warnings == ()
    assert found.content.endswith(tag)
