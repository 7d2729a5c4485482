# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A quick look at the validation split while training runs: the first 3 s of every recording.

It draws the learning curve; nothing in the training reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.frontend import MEL_BANDS, LogMel
from model.labels import CLASS_COUNT
from model.recordings import load, read_manifest
from model.training.crops import Teacher

_FRAMES = 300
_SAMPLES = 48_000
_AT_ONCE = 20


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out crops.

    Attributes
    ----------
    log_mel
        float32, shape (n, 300, 128).
    teacher
        float32, shape (n, 527), the teacher's logits.
    known
        bool, shape (n, 527), the labels.
    """

    log_mel: NDArray[np.float32]
    teacher: NDArray[np.float32]
    known: NDArray[np.bool_]

    def agreement(self, logits: NDArray[np.float32]) -> dict[str, float]:
        """Compare a student's logits, (n, 527): shares within 0..1 of crops, and label hits over the teacher's."""
        first = logits.argmax(axis=1)
        five = np.argsort(-self.teacher, axis=1)[:, :5]
        ours, theirs = (int(self._hits(scores).sum()) for scores in (logits, self.teacher))
        return {
            "top1_in_teachers_five": float((five == first[:, None]).any(axis=1).mean()),
            "label_hits_ratio": ours / max(1, theirs),
        }

    def _hits(self, logits: NDArray[np.float32]) -> NDArray[np.bool_]:
        five = np.argsort(-logits, axis=1)[:, :5]
        hits: NDArray[np.bool_] = np.any(np.take_along_axis(self.known, five, axis=1), axis=1)
        return hits

    def measure(self, network: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> dict[str, float]:
        """Run `network`, (b, 300, 128) -> logits (b, 527), over all crops and compare."""
        pieces = [network(self.log_mel[first : first + _AT_ONCE]) for first in range(0, len(self.log_mel), _AT_ONCE)]
        return self.agreement(np.concatenate(pieces))


def prepare(folder: Path, teacher: Teacher) -> HeldOut:
    """Decode the validation split of the pack in `folder` and ask the teacher."""
    recordings = [recording for recording in read_manifest(folder) if recording.split == "val"]
    log_mel = np.empty((len(recordings), _FRAMES, MEL_BANDS), np.float32)
    known = np.zeros((len(recordings), CLASS_COUNT), np.bool_)
    front_end = LogMel()
    for row, labels, recording in zip(log_mel, known, recordings, strict=True):
        waveform = load(recording.path)
        front_end(np.tile(waveform, -(-_SAMPLES // waveform.size))[:_SAMPLES], row)
        labels[list(recording.classes)] = True
    logits = [teacher.logits(log_mel[first : first + 3])[0] for first in range(0, len(log_mel), 3)]
    return HeldOut(log_mel, np.concatenate(logits), known)
