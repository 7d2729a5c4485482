# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Finds sound again in whatever it may have been left: files, logs, databases, messages.

Any 31 bytes in a row are found of a sound's file, and of its samples as 16-bit integers of either byte order and as 32-
and 64-bit floats. They may stand there as they are, in base64, in hex, or as Python or JSON escape bytes. So are six
samples in a row as decimal numbers, integers or of full scale 1 with five decimals or more, whatever stands between
them. Archives and what gzip has packed are opened first.

What is not found: sound that was resampled, mixed, filtered, encrypted or packed otherwise. So give it noise: its bytes
occur nowhere else, and no packing can make them shorter.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

SHORTEST = 31  # so many bytes in a row are always found
NUMBERS = 6
_WORDS = 3  # words of 8 bytes, one after the other, in a block; any SHORTEST bytes hold one that begins at a whole word
_PIECE = 1 << 20
_VARIED = 5  # a block of which fewer bytes are unlike the first is silence or padding
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_FACTORS = np.random.default_rng(6).integers(1 << 62, 1 << 63, 9, np.uint64) | np.uint64(1)
_NO_SAMPLES = np.zeros(0, np.float32)
Hashes = NDArray[np.uint64]


class Writing(NamedTuple):
    """A way to write bytes: how what is searched is made alike, and how many characters a byte then takes at most."""

    stretch: int
    alike: Callable[[bytes], bytes]


WRITINGS = {
    "as they are": Writing(1, lambda content: content),
    "hex": Writing(2, lambda content: content.lower()),
    "base64": Writing(2, lambda content: content.translate(_URL_SAFE)),
    "escaped": Writing(3, lambda content: content.replace(b"\\u00", b"x").replace(b"\\", b"")),
}


@dataclass(frozen=True, eq=False)
class Sound:
    """What is looked for.

    Attributes
    ----------
    file
        The bytes that were sent.
    samples
        What they decode to, float32, shape (n,), within -1..1; empty where they are no sound.
    """

    file: bytes
    samples: NDArray[np.float32]

    @classmethod
    def of_file(cls, content: bytes) -> Sound:
        """Read mono sound out of its container."""
        samples, _ = soundfile.read(io.BytesIO(content), dtype="float32")
        return cls(content, samples)

    @classmethod
    def of_pcm(cls, content: bytes) -> Sound:
        """Take 16-bit samples, little-endian, as live sound is sent."""
        return cls(content, np.frombuffer(content, "<i2").astype(np.float32) / np.float32(32768))

    @classmethod
    def of_bytes(cls, content: bytes) -> Sound:
        """Take bytes that are no sound, such as features that are sent in its place."""
        return cls(content, _NO_SAMPLES)

    @property
    def integers(self) -> NDArray[np.int64]:
        """Samples as 16-bit integers."""
        return np.rint(self.samples.astype(np.float64) * 32768).astype(np.int64)


def forms(sound: Sound) -> Iterator[tuple[str, str, bytes]]:
    """Give every form in which a sound may have been written: its name, its writing, and all of it."""
    integers = np.clip(sound.integers, -32768, 32767)
    raw = {
        "file": sound.file,
        "PCM, little-endian": integers.astype("<i2").tobytes(),
        "PCM, big-endian": integers.astype(">i2").tobytes(),
        "float32": sound.samples.astype("<f4").tobytes(),
        "float64": sound.samples.astype("<f8").tobytes(),
    }
    for name, content in raw.items():
        yield name, "as they are", content
        yield f"{name}, hex", "hex", content.hex().encode()
        yield f"{name}, escaped", "escaped", repr(content)[2:-1].encode()
        for start in range(3):
            yield f"{name}, base64 from byte {start}", "base64", b64encode(content[start:])


class SoundTraces:
    """Looks for sounds.

    Parameters
    ----------
    sounds
        By name.
    """

    def __init__(self, sounds: Mapping[str, Sound]) -> None:
        self._names: list[str] = []
        known: dict[str, list[tuple[int, Hashes]]] = {writing: [] for writing in WRITINGS}
        numbers: list[tuple[int, Hashes]] = []
        for name, sound in sounds.items():
            for form, writing, written in forms(sound):
                stretch, alike = WRITINGS[writing]
                known[writing].append((len(self._names), _hashes(alike(written), stretch, 8 * stretch)))
                self._names.append(f"{name}: {form}")
            numbers.append((len(self._names), _in_sixes(sound.integers)))
            self._names.append(f"{name}: decimal numbers")
        self._known = {writing: _sorted(several) for writing, several in known.items()}
        self._numbers = _sorted(numbers)

    def in_bytes(self, content: bytes) -> set[str]:
        """Return which forms of which sounds stand in there."""
        found = self._in_numbers(content)
        for opened in _opened(content):
            found |= self.in_bytes(opened)
        for writing, (stretch, alike) in WRITINGS.items():
            variant, overlap = alike(content), (SHORTEST + 1) * stretch
            for start in range(0, len(variant), _PIECE):
                hashes = _hashes(variant[start : start + _PIECE + overlap], stretch)
                found |= self._met(hashes, self._known[writing])
        return found

    def in_folder(self, folder: Path) -> dict[str, set[str]]:
        """Return the same for every file under a folder that holds any, by path."""
        found = {str(path): self.in_bytes(path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()}
        return {path: traces for path, traces in found.items() if traces}

    def _in_numbers(self, content: bytes) -> set[str]:
        values = np.array([float(one[:40]) for one in _NUMBER.findall(content)])
        values = np.where(np.abs(values) < 1e6, values, 1e6)
        whole = np.where(values == np.rint(values), values, 1e6)
        each = (self._met(_in_sixes(np.rint(read).astype(np.int64)), self._numbers) for read in (whole, values * 32768))
        return set().union(*each)

    def _met(self, hashes: Hashes, known: tuple[Hashes, NDArray[np.int64]]) -> set[str]:
        keys, owners = known
        first, last = (np.searchsorted(keys, hashes, side) for side in ("left", "right"))
        met = np.flatnonzero(first < last)
        return {self._names[owner] for at in met for owner in owners[first[at] : last[at]]}


def _sorted(several: Sequence[tuple[int, Hashes]]) -> tuple[Hashes, NDArray[np.int64]]:
    """Return all hashes in order, and whose each is."""
    hashes = np.concatenate([one for _, one in several])
    owners = np.concatenate([np.full(one.size, owner) for owner, one in several])
    order = np.argsort(hashes)
    return hashes[order], owners[order]


def _hashes(content: bytes, stretch: int, step: int = 1) -> Hashes:
    """Return a number for each block that begins at a multiple of `step`, the same for the same blocks."""
    words = _WORDS * stretch
    if len(content) < 8 * words:
        return np.zeros(0, np.uint64)
    letters = np.frombuffer(content, np.uint8)
    heads = _mixed(np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(letters, 8)).view(np.uint64).ravel())
    count = len(content) - 8 * words + 1
    sums = np.zeros(len(range(0, count, step)), np.uint64)
    for word in range(words):
        sums += heads[8 * word :][:count:step] * _FACTORS[word]
    if step == 1:
        return sums
    blocks = np.lib.stride_tricks.sliding_window_view(letters, 8 * words)[::step]
    kept: Hashes = sums[(blocks != blocks[:, :1]).sum(axis=1) >= _VARIED]
    return kept


def _mixed(words: Hashes) -> Hashes:
    """Spread what the bits of a word say over all its bits (SplitMix64: G. Steele and others, OOPSLA 2014)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = words ^ (words >> np.uint64(31))
    return mixed


def _in_sixes(values: NDArray[np.int64]) -> Hashes:
    """Return a number for each six values in a row, the same for the same ones; not where they are nearly equal."""
    if values.size < NUMBERS:
        return np.zeros(0, np.uint64)
    in_row = np.lib.stride_tricks.sliding_window_view(values, NUMBERS)
    sums = (in_row.astype(np.uint64) * _FACTORS[:NUMBERS]).sum(axis=1, dtype=np.uint64)
    kept: Hashes = sums[np.ptp(in_row, axis=1) > NUMBERS]
    return kept


def _opened(content: bytes) -> Iterator[bytes]:
    """Give what is packed in there."""
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield archive.read(name)
