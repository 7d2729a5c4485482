# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest

from anonymizers.gate.lessons import SILENT, SPOKEN, frame_power
from anonymizers.gate.measure import Heard, recall, wrongly
from anonymizers.gate.pack import Sound, is_held_out
from anonymizers.gate.trials import in_a_room, with_speech, without_speech

RATE_HZ = 16_000


def at_half(probability: np.ndarray) -> np.ndarray:
    return probability >= 0.5


def one(what: str, spoken: int, found: int, frames: int = 100) -> Heard:
    marks = np.full(frames, SILENT, np.uint8)
    marks[:spoken] = SPOKEN
    probability = np.zeros(frames, np.float32)
    probability[:found] = 1.0
    return Heard(what, "alone", "somebody", marks, probability)


def sound(kind: str, seconds: float = 3.0, **given: bool) -> Sound:
    waveform = np.random.default_rng(1).normal(0, 0.1, round(seconds * RATE_HZ)).astype(np.float32)
    return Sound(waveform, kind, f"some/{kind}", f"{kind}.ogg", "val", 4, **given)


def test_recall_counts_spoken_frames_of_each_and_of_all() -> None:
    found = recall([one("a", 50, 45), one("b", 50, 30)], at_half)
    assert found["a"]["alone"] == {"recall": 0.9, "long_misses": 0.0, "frames": 50}
    assert found["b"]["alone"] == {"recall": 0.6, "long_misses": 0.4, "frames": 50}
    assert found["all"]["alone"] == {"recall": 0.75, "long_misses": 0.2, "frames": 100}


def test_what_is_wrongly_taken_is_counted_by_kind() -> None:
    found = wrongly([one("rain", 50, 10), one("rain", 50, 0)], at_half)
    assert found == {
        "rain": {"clips": 2, "seconds": 3.2, "taken": 0.05, "taken_of_loud": 0.1, "clips_touched": 1},
    }


def test_speech_is_tried_alone_and_over_other_sound_at_the_levels_named() -> None:
    sounds = [sound("speech"), sound("other"), sound("other", is_overheard=True)]
    tried = list(with_speech(sounds, np.random.default_rng(2), has_engines=False))
    mine = {trial.condition: trial for trial in tried if trial.what == "some"}
    assert len(mine) == 10
    quiet = mine["alone -45 dBFS"]
    level = frame_power(quiet.waveform)[quiet.marks == SPOKEN].mean()
    assert 10 * np.log10(level) == pytest.approx(-45, abs=0.2)


def test_sound_without_speech_is_tried_as_it_is_and_apart_where_some_was_overheard() -> None:
    tried = list(without_speech([sound("speech"), sound("scream"), sound("other", is_overheard=True)]))
    assert [trial.what for trial in tried] == ["scream", "other, speech overheard"]
    assert np.array_equal(tried[0].waveform, sound("scream").waveform)


def test_a_room_keeps_length_and_energy() -> None:
    dry = sound("speech").waveform
    wet = in_a_room(dry, 0.4, np.random.default_rng(3))
    assert wet.shape == dry.shape
    assert np.square(wet).mean() == pytest.approx(np.square(dry).mean(), rel=0.2)


def test_only_a_fold_of_the_train_split_is_kept_for_the_threshold() -> None:
    assert not is_held_out(sound("rain"))
