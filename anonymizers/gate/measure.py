# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How much speech the gate takes out, and how much else: frames of 16 ms, after widening."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymizers.gate.lessons import SPOKEN, Marks
from anonymizers.gate.masking import Mask, runs
from anonymizers.gate.trials import Trial

LONG_FRAMES = 10

Probability = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A trial without its sound: what a gate needs to be tried with other settings."""

    what: str
    condition: str
    voice: str
    marks: Marks
    probability: Probability


def heard(trials: Iterable[Trial], detector: Callable[[NDArray[np.float32]], Probability]) -> list[Heard]:
    """Let the detector hear all trials."""
    return [Heard(one.what, one.condition, one.voice, one.marks, detector(one.waveform)) for one in trials]


def recall(trials: Sequence[Heard], masked: Callable[[Probability], Mask]) -> dict[str, dict[str, Any]]:
    """Return, by who speaks and condition, how much of the speech is taken out.

    ``recall`` is the share of spoken frames taken out, ``frames`` their number, ``long_misses`` the share that is left
    in stretches of 160 ms and more, in which a syllable can be understood.
    """
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for one in trials:
        spoken = one.marks == SPOKEN
        left = ~masked(one.probability) & spoken
        long = sum(stop - first for first, stop in runs(left) if stop - first >= LONG_FRAMES)
        for what in (one.what, "all"):
            cell = found[what][one.condition]
            for index, count in enumerate((left.sum(), long, spoken.sum())):
                cell[index] += int(count)
    return {
        what: {
            condition: {
                "recall": round(1 - left / frames, 4),
                "long_misses": round(long / frames, 4),
                "frames": frames,
            }
            for condition, (left, long, frames) in row.items()
        }
        for what, row in found.items()
    }


def wrongly(trials: Sequence[Heard], masked: Callable[[Probability], Mask]) -> dict[str, dict[str, Any]]:
    """Return, by kind of sound without speech, the share of frames taken out, of all and of the loud ones (30 dB)."""
    found: dict[str, list[float]] = defaultdict(lambda: [0.0] * 6)
    for one in trials:
        mask, loud = masked(one.probability), one.marks == SPOKEN
        row = (1, mask.size, mask.sum(), loud.sum(), (mask & loud).sum(), mask.any())
        found[one.what] = [old + new for old, new in zip(found[one.what], map(float, row), strict=True)]
    return {
        kind: {
            "clips": int(clips),
            "seconds": round(frames * 0.016, 1),
            "taken": round(taken / frames, 4),
            "taken_of_loud": round(taken_loud / max(loud, 1), 4),
            "clips_touched": int(touched),
        }
        for kind, (clips, frames, taken, loud, taken_loud, touched) in sorted(found.items())
    }
