# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest

from model.heads.clips import NEGATIVE
from model.heads.library import Library
from model.heads.scenes import EVALUATION, FRAME, TRAINING, Composer, Placed, Plan


@pytest.fixture(params=[TRAINING, EVALUATION], ids=["training", "evaluation"])
def plan(request: pytest.FixtureRequest) -> Plan:
    found = request.param
    assert isinstance(found, Plan)
    return found


def test_a_scene_is_continuous_sound_of_the_length_asked_for(library: Library, plan: Plan) -> None:
    scene = Composer(library, range(len(library.clips)), plan, 1).scene(0)
    assert scene.waveform.dtype == np.float32
    assert scene.waveform.size == plan.seconds * 16_000
    assert np.abs(scene.waveform).max() <= 1.0
    frames = np.square(scene.waveform.reshape(-1, FRAME)).mean(axis=1)
    assert frames.min() > 0.0


def test_the_same_number_makes_the_same_scene(library: Library, plan: Plan) -> None:
    composers = [Composer(library, range(len(library.clips)), plan, 1) for _ in range(2)]
    first, again = (composer.scene(4) for composer in composers)
    other = composers[0].scene(5)
    np.testing.assert_array_equal(first.waveform, again.waveform)
    assert not np.array_equal(first.waveform, other.waveform)


def test_a_scene_holds_only_the_sounds_it_may(library: Library) -> None:
    fold = [index for index, clip in enumerate(library.clips) if clip.fold == 2]
    composer = Composer(library, fold, TRAINING, 1)
    for number in range(5):
        scene = composer.scene(number)
        assert {*scene.backgrounds, *(one.clip for one in scene.placed)} <= set(fold)


def test_no_background_is_an_alarm(library: Library) -> None:
    composer = Composer(library, range(len(library.clips)), TRAINING, 1)
    for number in range(5):
        for background in composer.scene(number).backgrounds:
            assert (library.status[background] == NEGATIVE).all()


def test_how_far_a_sound_is_inside_a_window() -> None:
    burst = Placed(0, 10, np.array([1, 1, 1, 1], np.float32))
    assert burst.share(10, 14) == 1.0
    assert burst.share(0, 40) == 1.0  # all of its energy
    assert burst.share(12, 40) == 0.5
    assert burst.share(20, 40) == 0.0


def test_a_long_sound_is_inside_a_window_that_it_fills() -> None:
    long = Placed(0, 0, np.ones(400, np.float32))
    assert long.share(100, 120) == 1.0
