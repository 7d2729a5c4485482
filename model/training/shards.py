# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Training sounds on disk: one long file of 16-bit samples and a table of where each sound lies in it.

`NAME.i16` holds little-endian int16 samples at 16 000 Hz, mono, one sound after another; `NAME.json` holds, for each,
its first sample, its length and the indices of its AudioSet classes (positives only; a class not named is unknown).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.tagger import Waveform

FULL_SCALE = 32_767


@dataclass(frozen=True, eq=False)
class Shard:
    """A shard opened for reading.

    Attributes
    ----------
    name
        What the sounds are.
    samples
        int16, shape (n,), mapped from the file, not read.
    starts, lengths
        int64, shape (sounds,), in samples.
    classes
        A tuple of class indices a sound.
    """

    name: str
    samples: NDArray[np.int16]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    classes: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        """Return the number of sounds."""
        return len(self.lengths)

    def piece(self, sound: int, start: int, length: int) -> Waveform:
        """Return up to `length` samples of a sound from its sample `start` on: float32, shape (n,), within -1..1."""
        first = int(self.starts[sound]) + start
        last = min(first + length, int(self.starts[sound] + self.lengths[sound]))
        return self.samples[first:last].astype(np.float32) * np.float32(1 / FULL_SCALE)


def write(folder: Path, name: str, sounds: Iterable[tuple[Waveform, Iterable[int]]]) -> Shard:
    """Write sounds (waveform, class indices) as the shard `name` and open it."""
    folder.mkdir(parents=True, exist_ok=True)
    starts: list[int] = []
    lengths: list[int] = []
    classes: list[list[int]] = []
    done = 0
    part = folder / f".{name}.i16"
    with part.open("wb") as stream:
        for waveform, present in sounds:
            samples = np.round(np.clip(waveform, -1.0, 1.0) * FULL_SCALE).astype("<i2")
            if not samples.size:
                continue
            stream.write(samples.tobytes())
            starts.append(done)
            lengths.append(samples.size)
            classes.append(sorted(set(present)))
            done += samples.size
    part.replace(folder / f"{name}.i16")
    table = {"starts": starts, "lengths": lengths, "classes": classes}
    (folder / f"{name}.json").write_text(json.dumps(table) + "\n", encoding="utf-8")
    return read(folder, name)


def read(folder: Path, name: str) -> Shard:
    """Open the shard `name`.

    Raises
    ------
    FileNotFoundError
        It has not been written.
    """
    table = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    samples: NDArray[np.int16] = np.memmap(folder / f"{name}.i16", "<i2", "r")
    return Shard(
        name,
        samples,
        np.array(table["starts"], np.int64),
        np.array(table["lengths"], np.int64),
        tuple(tuple(row) for row in table["classes"]),
    )
