# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np

from model.heads.clips import ALARMS, POSITIVE
from model.heads.library import SYNTHETIC, fill


def test_synthetic_sounds_are_for_training_and_lie_in_every_fold() -> None:
    library = fill([], synthetic=50)
    assert {clip.split for clip in library.clips} == {"train"}
    assert {clip.source for clip in library.clips} == {SYNTHETIC}
    smoke = library.status[:, list(ALARMS).index("smoke_alarm")] == POSITIVE
    folds = np.array([clip.fold for clip in library.clips])
    assert set(folds[smoke]) == {1, 2, 3, 4, 5}
    assert not smoke.all()


def test_sounds_come_back_as_they_are_wanted() -> None:
    waveform = fill([], synthetic=1).waveform(0)
    assert waveform.dtype == np.float32
    assert waveform.shape == (96_000,)
    assert 0.01 < np.abs(waveform).max() <= 1.0
