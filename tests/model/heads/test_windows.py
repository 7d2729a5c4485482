# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.frontend import LogMel
from model.heads.clips import ALARMS, POSITIVE, UNKNOWN
from model.heads.library import Library
from model.heads.scenes import TRAINING, Composer, Placed, Scene
from model.heads.windows import joined, of_clips, of_scenes
from model.labels import CLASS_COUNT
from model.tagger import Tagged, Waveform, Window

GUNSHOT = list(ALARMS).index("gunshot")


class Listener:
    """A network that remembers the log-mels it was given."""

    def __init__(self) -> None:
        self.heard: list[NDArray[np.float32]] = []

    def tag(self, waveform: Waveform) -> Tagged:
        whole = (Window(0, waveform.size),)
        return Tagged(whole, np.full((1, CLASS_COUNT), 0.5, np.float32), np.zeros((1, 4), np.float32))

    def logits(self, log_mel: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.heard.append(log_mel.copy())
        return np.zeros((len(log_mel), CLASS_COUNT), np.float32), np.zeros((len(log_mel), 4), np.float32)


def test_windows_are_cut_from_the_scenes_own_log_mel(library: Library) -> None:
    scene = Composer(library, range(len(library.clips)), TRAINING, 1).scene(0)
    listener = Listener()
    windows = of_scenes(listener, library, [scene], 2.0, 0.5)
    heard, whole = np.concatenate(listener.heard), LogMel()(scene.waveform)
    assert len(windows) == len(heard) == 21
    np.testing.assert_array_equal(heard[3], whole[150:350])


def test_a_window_is_an_alarm_where_the_alarm_is(library: Library) -> None:
    shot = next(index for index, one in enumerate(library.status) if one[GUNSHOT] == POSITIVE)
    placed = Placed(shot, 100, np.ones(10, np.float32))  # from 5.0 to 5.5 s
    scene = Scene(np.full(160_000, 0.01, np.float32), (0,), (placed,))
    windows = of_scenes(Listener(), library, [scene], 1.0, 0.25)
    starts = 0.25 * np.arange(len(windows))
    inside = (starts <= 5.0) & (starts >= 4.5)
    outside = (starts >= 5.5) | (starts <= 4.0)
    meaning = windows.status[:, GUNSHOT]
    assert (meaning[inside] == POSITIVE).all()
    assert (meaning[outside] == 0).all()
    assert set(windows.parts[inside].ravel()) == {0, shot, -1}
    assert set(windows.parts[outside].ravel()) == {0, -1}


def test_a_window_with_a_little_of_an_alarm_is_doubtful(library: Library) -> None:
    shot = next(index for index, one in enumerate(library.status) if one[GUNSHOT] == POSITIVE)
    scene = Scene(np.full(160_000, 0.01, np.float32), (0,), (Placed(shot, 38, np.ones(20, np.float32)),))
    windows = of_scenes(Listener(), library, [scene], 2.0, 2.0)
    assert windows.status[0, GUNSHOT] == UNKNOWN
    assert windows.status[1, GUNSHOT] == POSITIVE


def test_clips_are_heard_whole(library: Library) -> None:
    windows = of_clips(Listener(), library, [0, 12])
    np.testing.assert_array_equal(windows.parts[:, 0], [0, 12])
    np.testing.assert_allclose(windows.seconds, [5.0, 0.5])
    assert len(joined([windows, windows])) == 4
    assert len(windows.chosen(np.array([True, False]))) == 1
