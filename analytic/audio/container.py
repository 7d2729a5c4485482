# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What container the bytes are, and whether its header tells the truth about its length.

Encoders that write into a pipe cannot go back and fill in the length: it stays 0, or the largest number there is. Such
a header is put right here, before the decoder sees it, and the decoder then goes as far as there is sound.
Formats: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF, WAVE); RFC 9639 (FLAC);
RFC 3533 (Ogg).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

from analytic.audio.flac import frames_by_last_header
from analytic.errors import EmptyAudio, NotAudio, printable

Kind = Literal["WAV", "FLAC", "Ogg"]

_RIFF_HEADER_BYTES = 12
_CHUNK_HEADER_BYTES = 8
_FLAC_TOTAL_OFFSET = 21  # low half of the byte: bits 35..32 of the number of samples; the next four bytes: the rest
_FLAC_STREAMINFO_BYTES = 42
_OGG_HEADER_BYTES = 27
_OGG_END_OF_STREAM = 0x04
_OGG_BREAKS_OFF = "the Ogg file breaks off before its end: analysed as far as it goes"
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN")  # that music programs append outside the chunks
_OTHERS = {
    b"ID3": "MP3",
    b"\xff\xfb": "MP3",
    b".snd": "AU",
    b"RF64": "RF64",
    b"RIFX": "RIFX",
    b"caff": "CAF",
    b"\x1aE\xdf\xa3": "Matroska or WebM",
    b"%PDF": "PDF",
    b"PK\x03\x04": "a zip archive",
    b"\x89PNG": "PNG",
}


@dataclass(frozen=True, slots=True)
class Container:
    """Bytes that may go to the decoder.

    Attributes
    ----------
    kind
        By content, whatever the file is called.
    content
        The bytes, their header put right where it lied.
    declared_frames
        What a FLAC header says (None: nothing); for the others the decoder sees to it.
    found_frames
        Where a FLAC file's last frame says that it ends; None if there is none, and for the others.
    warnings
        What was wrong with the header, for the caller.
    """

    kind: Kind
    content: bytes
    declared_frames: int | None = None
    found_frames: int | None = None
    warnings: tuple[str, ...] = ()


def identify(content: bytes) -> Container:
    """Tell the container by its first bytes.

    Raises
    ------
    EmptyAudio
        No bytes at all, or a container without sound.
    NotAudio
        No container that is accepted.
    """
    if not content:
        raise EmptyAudio(0)
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return _wav(content)
    if content[:4] == b"fLaC":
        return _flac(content)
    if content[:4] == b"OggS":
        return Container("Ogg", content, warnings=() if _ogg_ends(content) else (_OGG_BREAKS_OFF,))
    named = next((name for magic, name in _OTHERS.items() if content.startswith(magic)), None)
    if content[4:8] == b"ftyp":
        named = "MP4"
    if content[:4] == b"FORM" and content[8:12] in (b"AIFF", b"AIFC"):
        named = "AIFF"
    raise NotAudio(named or f"bytes that begin with {printable(content[:12].decode('latin-1'))}")


def _wav(content: bytes) -> Container:
    offset = _RIFF_HEADER_BYTES
    while offset + _CHUNK_HEADER_BYTES <= len(content):
        name, size = struct.unpack_from("<4sI", content, offset)
        body = offset + _CHUNK_HEADER_BYTES
        if name == b"data":
            return _wav_data(content, body, size)
        offset = body + size + size % 2
    raise EmptyAudio(len(content))


def _wav_data(content: bytes, body: int, declared: int) -> Container:
    available = len(content) - body
    if declared > available:
        return Container("WAV", content, warnings=(_length_warning("WAV", declared, available),))
    behind = body + declared + declared % 2
    if available == declared or _is_chunk_list(content, behind) or content.startswith(_TAGS, behind):
        return Container("WAV", content)
    mended = bytearray(content)
    struct.pack_into("<I", mended, body - 4, available)
    struct.pack_into("<I", mended, 4, len(content) - 8)
    return Container("WAV", bytes(mended), warnings=(_length_warning("WAV", declared, available),))


def _is_chunk_list(content: bytes, offset: int) -> bool:
    """Tell whether chunks, one after the other, fill the rest of the file (a byte of padding apart)."""
    while offset + _CHUNK_HEADER_BYTES <= len(content):
        name, size = struct.unpack_from("<4sI", content, offset)
        if not all(0x20 <= byte < 0x7F for byte in name):
            return False
        offset += _CHUNK_HEADER_BYTES + size + size % 2
    return len(content) - 1 <= offset <= len(content) + 1


def _length_warning(kind: Kind, declared: int, available: int) -> str:
    return (
        f"the {kind} header declares {declared} bytes of sound, the file holds {available}: analysed as far as it goes"
    )


def _ogg_ends(content: bytes) -> bool:
    """Tell whether the last page is whole and marked as the last of its stream."""
    last = content.rfind(b"OggS")
    if last + _OGG_HEADER_BYTES > len(content):
        return False
    flags, segments = content[last + 5], content[last + 26]
    lacing = content[last + _OGG_HEADER_BYTES :][:segments]
    whole = len(lacing) == segments and last + _OGG_HEADER_BYTES + segments + sum(lacing) <= len(content)
    return whole and bool(flags & _OGG_END_OF_STREAM)


def _flac(content: bytes) -> Container:
    if len(content) < _FLAC_STREAMINFO_BYTES:
        raise EmptyAudio(len(content))
    (low,) = struct.unpack_from(">I", content, _FLAC_TOTAL_OFFSET + 1)
    declared = (content[_FLAC_TOTAL_OFFSET] & 0x0F) << 32 | low
    # Set to "unknown" the decoder reads to the end, whatever the header said; the difference is told afterwards.
    mended = bytearray(content)
    mended[_FLAC_TOTAL_OFFSET] &= 0xF0
    struct.pack_into(">I", mended, _FLAC_TOTAL_OFFSET + 1, 0)
    return Container(
        "FLAC", bytes(mended), declared_frames=declared or None, found_frames=frames_by_last_header(content)
    )
