# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The clips that scenes are made of: read from a labelled pack, decoded once and kept."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenes.kinds import background_of, kind_of
from benchmarks.scenes.labels import events_in, may_hold
from benchmarks.scenes.levels import audible_span
from model.labels import find
from model.recordings import load
from model.tagger import Waveform


@dataclass(frozen=True, slots=True)
class Clip:
    """One row of the manifest, and what it is for a scene.

    Attributes
    ----------
    path
        Relative to the pack.
    group
        The recording that it was cut from; all its pieces share it.
    length_s
        As the manifest says.
    kind
        What it is at home (`benchmarks.scenes.kinds`).
    background
        What background it can be, if any.
    events
        The alert classes of which it is an event.
    may_hold
        Those that it is or may be (`benchmarks.scenes.labels`).
    """

    path: str
    group: str
    length_s: float
    kind: str
    background: str | None
    events: frozenset[str]
    may_hold: frozenset[str]


@dataclass(eq=False)
class Pool:
    """Clips to draw from. What was decoded stays in memory, 16 bits a sample: 115 MB an hour of recordings."""

    pack: Path
    clips: tuple[Clip, ...]
    _decoded: dict[str, NDArray[np.int16]] = field(default_factory=dict, repr=False)

    def events(self, alert: str) -> tuple[Clip, ...]:
        """Return the clips that are events of an alert class."""
        return tuple(clip for clip in self.clips if alert in clip.events)

    def non_alarms(self, classes: Collection[str]) -> tuple[Clip, ...]:
        """Return the clips that neither are nor may be events of these alert classes."""
        return tuple(clip for clip in self.clips if clip.may_hold.isdisjoint(classes))

    def backgrounds(self, classes: Collection[str]) -> dict[str, tuple[Clip, ...]]:
        """Return those of `non_alarms` that can be a background, by its kind."""
        found: dict[str, list[Clip]] = {}
        for clip in self.non_alarms(classes):
            if clip.background is not None:
                found.setdefault(clip.background, []).append(clip)
        return {kind: tuple(clips) for kind, clips in sorted(found.items())}

    def waveform(self, clip: Clip) -> Waveform:
        """Return a clip, float32, shape (n,), mono, 16 000 Hz, within -1..1."""
        return self._samples(clip).astype(np.float32) * np.float32(1 / 32767)

    def audible(self, clip: Clip) -> Waveform:
        """Return a clip without the silence before and after it (`levels.audible_span`); it may be empty."""
        waveform = self.waveform(clip)
        start, stop = audible_span(waveform)
        return waveform[start:stop]

    def _samples(self, clip: Clip) -> NDArray[np.int16]:
        if clip.path not in self._decoded:
            waveform = load(self.pack / clip.path)
            self._decoded[clip.path] = np.round(waveform * 32767).astype(np.int16)
        return self._decoded[clip.path]


def read_pool(pack: Path, *, split: str | None, folds: Collection[int] | None) -> Pool:
    """Read the manifest of a pack; decode nothing yet.

    Parameters
    ----------
    pack
        The folder with ``manifest.csv``.
    split
        Only ``train`` or only ``val``; None takes both.
    folds
        Only these; None takes all.
    """
    with (pack / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if split in (None, row["split"]) and (folds is None or int(row["fold"]) in folds)
        ]
    return Pool(pack, tuple(_clip(row) for row in rows))


def _clip(row: dict[str, str]) -> Clip:
    labels = (find(mid) for mid in row["audioset_mids"].split(";") if mid)
    names = [label.name for label in labels if label]
    return Clip(
        row["path"],
        row["group"],
        float(row["seconds"]),
        kind_of(names),
        background_of(names),
        events_in(names),
        may_hold(names),
    )
