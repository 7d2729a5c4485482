# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Files that mean harm: headers that promise too much, formats that pretend, lists that point elsewhere."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.fuzz.seeds import seeds
from tests.analytic.audio.conftest import _silent_flac
from tests.analytic.test_hostile_uploads import WAV, box, encode

PASSWORDS = "/etc/passwd"


class Case(NamedTuple):
    """A file as it is sent."""

    name: str
    content: bytes
    file_name: str = "a.wav"
    media_type: str = "audio/wav"


def bombs() -> Iterator[Case]:
    """Headers that lie, and little that is much."""
    for name, content in {**_wavs(), **_flacs(), **_oggs(), **_mp4s(), **_others()}.items():
        yield Case(name, content)


def _wavs() -> dict[str, bytes]:
    def wav(
        code: int = 1, channels: int = 1, rate_hz: int = 16_000, align: int = 2, bits: int = 16, size: int | None = None
    ) -> bytes:
        body = bytes(range(256)) * 40
        known = struct.pack("<HHIIHH", code, channels, rate_hz, min(rate_hz * align, 0xFFFFFFFF), align, bits)
        data = b"data" + struct.pack("<I", len(body) if size is None else size) + body
        return b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt " + struct.pack("<I", 16) + known + data

    made = {f"WAV of {rate_hz} Hz": wav(rate_hz=rate_hz) for rate_hz in (0, 1, 7_999, 192_001, 2**31 - 1, 2**32 - 1)}
    made |= {
        f"WAV of {count} channels": wav(channels=count, align=min(2 * count, 65_535)) for count in (0, 9, 1_024, 65_535)
    }
    made |= {f"WAV of {bits} bits": wav(bits=bits) for bits in (0, 1, 7, 255, 65_535)}
    made |= {f"WAV with blocks of {align}": wav(align=align) for align in (0, 1, 3, 65_535)}
    made |= {
        f"WAV of code {code}": wav(code=code) for code in (0, 2, 0x11, 0x31, 0x50, 0x55, 0xFF, 0x161, 0xFFFE, 0xFFFF)
    }
    made |= {f"WAV with {size} bytes of sound": wav(size=size) for size in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF)}
    for value in (np.nan, np.inf, -np.inf, 3e38):
        made[f"WAV of {value}"] = encode(np.full(4_000, value), subtype="FLOAT")
        made[f"WAV of {value} in double"] = encode(np.full(4_000, float(value) * 10), subtype="DOUBLE")
    made["WAV with a format of 4 GiB"] = WAV[:16] + struct.pack("<I", 0xFFFFFFFF) + WAV[20:]
    made["WAV of ten thousand chunks"] = WAV[:12] + b"LIST\0\0\0\0" * 10_000 + WAV[12:]
    made["WAV without a format"] = WAV[:12] + WAV[36:]
    made["WAV with a negative size"] = WAV[:4] + b"\xff\xff\xff\xff" + WAV[8:]
    made["RF64 of 2^63 bytes"] = (
        b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<IQQQI", 28, 1 << 62, (1 << 63) - 1, 1 << 62, 0) + WAV[12:]
    )
    return made


def _flacs() -> dict[str, bytes]:
    flac = encode(np.zeros(16_000), form="FLAC")
    made = {}
    for total in (1, 1 << 32, (1 << 36) - 1):
        changed = bytearray(flac)
        changed[21] = changed[21] & 0xF0 | total >> 32
        changed[22:26] = (total & 0xFFFFFFFF).to_bytes(4, "big")
        made[f"FLAC of {total} samples"] = bytes(changed)
    made["FLAC of minutes of 8 channels"] = _silent_flac(90, 192_000, 8)
    made["FLAC of two hours"] = _silent_flac(7_200, 8_000, 1)
    made["FLAC with blocks of none"] = flac[:8] + bytes(4) + flac[12:]
    made["FLAC with a picture of 16 MiB"] = flac[:4] + b"\x06\xff\xff\xff" + flac[4:]
    made["FLAC of metadata alone"] = b"fLaC" + b"\x01\0\0\x04\0\0\0\0" * 5_000
    return made


def _oggs() -> dict[str, bytes]:
    made = {}
    for codec in ("VORBIS", "OPUS"):
        ogg = encode(np.random.default_rng(1).normal(0, 0.1, 16_000), form="OGG", subtype=codec)
        for granule in (0, 1, 1 << 40, (1 << 63) - 1, (1 << 64) - 1):
            made[f"{codec} that ends at {granule}"] = _with_granules(ogg, granule, last=True)
            made[f"{codec} always at {granule}"] = _with_granules(ogg, granule, last=False)
    return made


def _with_granules(ogg: bytes, granule: int, last: bool) -> bytes:
    changed, places = bytearray(ogg), []
    at = ogg.find(b"OggS")
    while at >= 0:
        places.append(at)
        at = ogg.find(b"OggS", at + 4)
    for place, following in zip(places, [*places[1:], len(ogg)], strict=True):
        if last and following != len(ogg):
            continue
        changed[place + 6 : place + 14] = struct.pack("<Q", granule)
        changed[place + 22 : place + 26] = bytes(4)
        changed[place + 22 : place + 26] = struct.pack("<I", _ogg_checksum(bytes(changed[place:following])))
    return bytes(changed)


def _ogg_checksum(page: bytes) -> int:
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


def _mp4s() -> dict[str, bytes]:
    mp4 = seeds()["m4a"]
    made = {}
    for kind in (b"moov", b"trak", b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"mdat", b"esds"):
        at = mp4.index(kind)
        for size in (0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF):
            made[f"MP4 with {kind.decode()} of {size} bytes"] = _put(mp4, at - 4, ">I", size)
    for kind, offset in (
        (b"stts", 8),
        (b"stts", 12),
        (b"stsc", 8),
        (b"stsc", 16),
        (b"stsz", 12),
        (b"stsz", 8),
        (b"stco", 8),
    ):
        for count in (0, 0x10000000, 0xFFFFFFFF):
            made[f"MP4 with {kind.decode()} of {count} at {offset}"] = _put(mp4, mp4.index(kind) + offset, ">I", count)
    for offset, what in ((12, "created"), (16, "ticks"), (20, "duration")):
        for value in (0, 1, 0xFFFFFFFF):
            made[f"MP4 {what} {value}"] = _put(mp4, mp4.index(b"mdhd") + 4 + offset - 4, ">I", value)
    sound = mp4.index(b"mp4a") + 4
    for channels in (0, 9, 65_535):
        made[f"MP4 of {channels} channels"] = _put(mp4, sound + 16, ">H", channels)
    for rate_hz in (0, 1, 0xFFFF):
        made[f"MP4 of {rate_hz} Hz"] = _put(mp4, sound + 24, ">I", rate_hz << 16)
    made["MP4 of boxes within boxes"] = mp4[:28] + _nested(3_000)
    made["MP4 of ten thousand tracks"] = mp4[:28] + box(b"moov", box(b"trak", b"") * 10_000)
    made["MP4 of 2^63 bytes"] = mp4[:28] + b"\0\0\0\x01mdat" + struct.pack(">Q", (1 << 63) - 1) + bytes(99)
    return made


def _put(content: bytes, at: int, form: str, value: int) -> bytes:
    changed = bytearray(content)
    struct.pack_into(form, changed, at, value)
    return bytes(changed)


def _nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = box(b"moov", content)
    return content


def _others() -> dict[str, bytes]:
    mp3, flv, made = seeds()["mp3"], seeds()["flv"], {}
    made["MP3 with a tag of 256 MiB"] = b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + mp3
    made["MP3 with a tag of tags"] = (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)) * 2_000 + mp3
    made["MP3 of headers alone"] = b"\xff\xfb\x90\x64" * 5_000
    made["AAC of frames without length"] = b"\xff\xf1\x50\x80\0\x1f\xfc" * 3_000
    made["Matroska of 2^56 bytes"] = b"\x1aE\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xfe" + bytes(99)
    made["Matroska in itself"] = (b"\x1aE\xdf\xa3\x80" + b"\x18S\x80g\x01\xff\xff\xff\xff\xff\xff\xff") * 2_000
    made["FLV a day later"] = flv[:17] + flv[17:].replace(flv[-14:-10], b"\x7f\xff\xff\xff")
    made["AIFF of a strange rate"] = seeds()["aiff"].replace(b"\x40\x0b\xfa\0", b"\x7f\xff\xff\xff")
    made["CAF of 2^63 bytes"] = seeds()["caf"][:-50] + b"data" + b"\x7f" + b"\xff" * 57
    made["AMR of one byte"] = b"#!AMR\n\x3c"
    made["TTA of 2^32 samples"] = _put(seeds()["tta"], 14, "<I", 0xFFFFFFFF)
    made["WavPack of 2^32 samples"] = _put(seeds()["wv"], 12, "<I", 0xFFFFFFFE)
    made["WavPack with a block of 4 GiB"] = _put(seeds()["wv"], 4, "<I", 0xFFFFFFFF)
    return made


def confusions() -> Iterator[Case]:
    """What is not what it is called, or several things at once."""
    other = {
        "HTML": b"<!doctype html><html><script>alert(1)</script></html>",
        "PDF": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>",
        "zip": b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(500),
        "gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + bytes(500),
        "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\6\0\0\0",
        "GIF": b"GIF89a\xff\xff\xff\xff\xf7\0\0",
        "ELF": b"\x7fELF\2\1\1" + bytes(500),
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "script": b"#!/bin/sh\ncat /etc/passwd\n",
        "pickle": b"\x80\x04\x95\x1c\0\0\0\0\0\0\0\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
        "class": b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(100),
    }
    for name, content in other.items():
        for file_name, media_type in (("a.wav", "audio/wav"), ("a.mp4", "application/octet-stream")):
            yield Case(f"{name} as {file_name}", content, file_name, media_type)
        yield Case(f"{name} behind RIFF", b"RIFF\xff\xff\0\0WAVE" + content)
        yield Case(f"sound, then {name}", WAV + content)
    for name, content in seeds().items():
        yield Case(f"{name} as FLAC", content, "a.flac", "audio/flac")
    for name in (
        "../../etc/passwd",
        "a\x00.wav",
        "<script>.wav",
        "a" * 5_000,
        "\x1b[31m.wav",
        "a.wav;rm -rf",
        "%2e%2e%2f",
    ):
        yield Case(f"a file called {name[:20]!a}", WAV, name.replace("\x00", "%00").replace("\x1b", "%1b"))


def playlists(canary: str) -> Iterator[Case]:
    """Lists and containers that point to a server, and to a file."""
    for what, target in {"a server": f"{canary}/a.wav", "a file": f"file://{PASSWORDS}", "a path": PASSWORDS}.items():
        hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n"
        texts = {
            "m3u8": hls,
            "m3u8 with a key": hls.replace("#EXTINF", f'#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF'),
            "m3u8 of lists": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{target}\n",
            "m3u8 with a map": hls.replace("#EXTINF", f'#EXT-X-MAP:URI="{target}"\n#EXTINF'),
            "m3u": f"{target}\n",
            "concat": f"ffconcat version 1.0\nfile '{target}'\n",
            "concat without a head": f"file '{target}'\n",
            "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
            "mpd": (
                '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
                f"<Representation id='1' bandwidth='1'><BaseURL>{target}</BaseURL></Representation></AdaptationSet>"
                "</Period></MPD>"
            ),
            "an entity": f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{target}">]><MPD>&e;</MPD>',
            "ram": f"{target}\n.RAM\n",
            "pls": f"[playlist]\nFile1={target}\nNumberOfEntries=1\nVersion=2\n",
            "asx": f'<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
            "wpl": f'<?wpl version="1.0"?><smil><body><seq><media src="{target}"/></seq></body></smil>',
            "xspf": f"<playlist><trackList><track><location>{target}</location></track></trackList></playlist>",
            "an ASF reference": f"[Reference]\nRef1={target}\n",
            "a QuickTime link": f'<?quicktime type="application/x-quicktime-media-link"?><embed src="{target}"/>',
            "avisynth": f'AVISource("{target}")\n',
            "image2": f"{target}%d.png\n",
        }
        for name, text in texts.items():
            yield Case(f"{name} to {what}", text.encode(), "a.m3u8", "application/octet-stream")
            yield Case(f"{name} to {what} as WAV", text.encode())
        yield Case(f"MOV with its sound in {what}", _referring(target), "a.mov", "application/octet-stream")
        yield Case(f"Matroska that goes on in {what}", _linked(target), "a.mkv", "application/octet-stream")
        yield Case(f"m3u8 to {what} in an ID3 tag", b"ID3\x04\0\0\0\0\0\0" + hls.encode(), "a.mp3", "audio/wav")


def _referring(target: str) -> bytes:
    """A QuickTime film whose samples lie elsewhere, in three ways of saying so."""
    path = target.encode()
    alias = bytes(10) + b"\0\x01" + bytes(138) + struct.pack(">HH", 2, len(path)) + path + struct.pack(">HH", 0xFFFF, 0)
    references = (
        box(b"url ", bytes(4) + path + b"\0")
        + box(b"alis", bytes(4) + alias)
        + box(b"rsrc", bytes(4) + path)
        + box(b"urn ", bytes(4) + path + b"\0" + path + b"\0")
    )
    return _replaced(
        seeds()["mov"],
        (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"),
        bytes(4) + struct.pack(">I", 4) + references,
    )


def _replaced(content: bytes, path: tuple[bytes, ...], inner: bytes) -> bytes:
    """A file in which a box, and those around it, are as large as the box's new content makes them."""
    made, at = b"", 0
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big") or len(content) - at
        kind, body = content[at + 4 : at + 8], content[at + 8 : at + size]
        if kind == path[0]:
            body = _replaced(body, path[1:], inner) if len(path) > 1 else inner
        made += box(kind, body)
        at += max(8, size)
    return made


def _linked(target: str) -> bytes:
    """A Matroska file that says what comes before and after it."""
    whole, name = seeds()["pcm.mkv"], target.encode()
    tracks = whole.index(b"\x16T\xaek")

    def element(identity: bytes, body: bytes) -> bytes:
        return identity + struct.pack(">Q", len(body) | 1 << 56) + body

    info = element(
        b"\x15I\xa9f",
        element(b"\x2a\xd7\xb1", b"\x0f\x42\x40")
        + element(b"\x73\xa4", bytes(16))
        + element(b"\x3c\xb9\x23", b"\1" * 16)
        + element(b"\x3c\x83\xab", name)
        + element(b"\x3e\xb9\x23", b"\2" * 16)
        + element(b"\x3e\x83\xbb", name)
        + element(b"\x73\x84", name),
    )
    head = element(b"\x1aE\xdf\xa3", element(b"B\x82", b"matroska"))
    return head + b"\x18S\x80g\x01" + b"\xff" * 7 + info + whole[tracks:]


def truncations() -> Iterator[Case]:
    """The beginnings of valid files."""
    for name, content in seeds().items():
        for share in (0.02, 0.2, 0.6, 0.97):
            yield Case(f"{share} of {name}", content[: max(1, int(len(content) * share))])


def flips(seed: int = 1) -> Iterator[Case]:
    """Valid files with a few bits turned over, most of them in the first hundred bytes."""
    chance = random.Random(seed)
    for name, content in seeds().items():
        for number, count in enumerate((1, 8, 64)):
            changed = bytearray(content)
            for _ in range(count):
                reach = min(len(changed), 100) if chance.random() < 0.6 else len(changed)
                changed[chance.randrange(reach)] ^= 1 << chance.randrange(8)
            yield Case(f"{name} with {count} bits flipped ({number})", bytes(changed))
