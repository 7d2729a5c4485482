# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""All sounds that heads are fitted on, decoded: the recordings, and synthetic alarms, bells and beeps beside them.

Of real smoke alarms the training split has one, so synthetic ones stand in for them, and synthetic telephones, beeps
and doorbells for what must not be taken for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.heads.clips import Clip, Status, status
from model.tagger import Waveform
from model.training.synthesis import alarms

SYNTHETIC = "synthetic"
_MAKERS = (
    *(alarms.smoke_alarm, alarms.smoke_alarm, alarms.smoke_alarm, alarms.carbon_monoxide_alarm),
    *(alarms.siren, alarms.doorbell, alarms.telephone, alarms.beeps, alarms.beeps, alarms.chirping_battery),
)
_SECONDS = 6.0
_INT16 = 32_767.0


@dataclass(frozen=True, eq=False)
class Library:
    """Sounds in memory.

    Attributes
    ----------
    clips
        n of them.
    status
        int8, shape (n, k): what each means to each of `clips.ALARMS`.
    samples
        The waveforms as int16.
    """

    clips: tuple[Clip, ...]
    status: Status
    samples: tuple[NDArray[np.int16], ...]

    def waveform(self, index: int) -> Waveform:
        """Return a sound, float32, shape (n,), mono, 16 000 Hz, within -1..1."""
        return self.samples[index].astype(np.float32) / np.float32(_INT16)


def fill(clips: Sequence[Clip], synthetic: int = 250, seed: int = 5) -> Library:
    """Decode `clips`, and make `synthetic` alarms and their like, spread over the folds."""
    waveforms = [clip.waveform() for clip in clips]
    made = list(clips)
    for number in range(synthetic):
        random = np.random.default_rng([seed, number])
        waveform, labels = _MAKERS[number % len(_MAKERS)](random, _SECONDS)
        name = f"{SYNTHETIC}-{number}"
        fold = number // len(_MAKERS) % 5 + 1
        made.append(Clip(Path(name), frozenset(labels), "train", name, SYNTHETIC, fold, SYNTHETIC))
        waveforms.append(np.clip(waveform, -1.0, 1.0))
    table = np.stack([status(clip.labels) for clip in made])
    return Library(tuple(made), table, tuple(np.round(_INT16 * one).astype(np.int16) for one in waveforms))
