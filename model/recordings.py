# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Read a folder of labelled recordings: a manifest.csv and the sound files that it names.

The columns used are ``path``, ``audioset_mids`` (semicolon list, may be empty), ``split`` (train or val) and, where
present, ``group`` (the recording that a piece was cut from) and ``part``. Labels are weak: a class not named is
unknown, not absent.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from model.labels import index_of
from model.tagger import SAMPLE_RATE_HZ, Waveform


@dataclass(frozen=True, slots=True)
class Recording:
    """One row of a manifest.

    Attributes
    ----------
    path
        The sound file.
    classes
        Indices of the AudioSet classes that it is labelled with.
    split
        ``train`` or ``val``.
    group
        The recording that it was cut from; its own path where the manifest does not say.
    part
        The part of the pack, or the empty string.
    """

    path: Path
    classes: tuple[int, ...]
    split: str
    group: str
    part: str


def read_manifest(folder: Path) -> list[Recording]:
    """Read `folder`/manifest.csv, in its order.

    Raises
    ------
    FileNotFoundError
        There is no manifest.
    KeyError
        A column is missing, or a label is not among the 527 classes.
    """
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        return [_recording(folder, row) for row in csv.DictReader(stream)]


def _recording(folder: Path, row: dict[str, str]) -> Recording:
    classes = tuple(index_of(mid) for mid in row["audioset_mids"].split(";") if mid)
    return Recording(
        folder / row["path"], classes, row["split"], row.get("group") or row["path"], row.get("part") or ""
    )


def load(path: Path) -> Waveform:
    """Decode a sound file to float32, shape (n,), mono, 16 000 Hz, within -1..1."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if rate_hz != SAMPLE_RATE_HZ:
        mono = soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ)
    waveform: Waveform = np.clip(mono, -1.0, 1.0).astype(np.float32)
    return waveform
