# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import numpy as np

from model.heads.alarm import AlarmHeads
from model.heads.clips import POSITIVE, Clip, read_clips
from model.heads.evaluate import average_precision
from model.heads.library import fill
from model.heads.release import FOLDER, held
from model.heads.windows import of_clips
from model.store import Installed, TaggerStore


def test_the_validation_split_is_never_fitted_on() -> None:
    clips = [Clip(Path(), frozenset(), split, "", "", fold, "1") for split in ("train", "val") for fold in (1, 2)]
    assert held(clips, None).tolist() == [False, False, True, True]
    assert held(clips, 2).tolist() == [False, True, True, True]


def test_the_shipped_heads_find_babies_and_fires_in_recordings_they_never_heard(
    audio_pack: Path, mn04: Installed
) -> None:
    clips = [clip for clip in read_clips(audio_pack) if clip.split == "val" and clip.part == "1"]
    tagger = TaggerStore(mn04.path.parent).open("mn04_as", lanes=1)
    windows = of_clips(tagger, fill(clips, synthetic=0), range(len(clips)))
    heads = AlarmHeads.load(FOLDER / "mn04_as.npz")
    found = heads(windows.scores, windows.embeddings)
    for name in ("baby_cry", "fire"):
        column = heads.classes.index(name)
        positive = np.asarray(windows.status[:, column] == POSITIVE)
        assert average_precision(positive, found[:, column])[0] > 0.75
