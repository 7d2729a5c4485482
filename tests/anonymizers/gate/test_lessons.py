# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest

from anonymizers.gate.features import BANDS
from anonymizers.gate.lessons import DOUBTFUL, FRAMES, SILENT, SPOKEN, Lessons, frame_power, marks
from anonymizers.gate.pack import Sound

RATE_HZ = 16_000


def burst(level: float = 0.1, before_s: float = 1.0, loud_s: float = 1.0, after_s: float = 1.0) -> np.ndarray:
    random = np.random.default_rng(1)
    parts = [(before_s, level * 1e-4), (loud_s, level), (after_s, level * 1e-4)]
    return np.concatenate([random.normal(0, part, round(length * RATE_HZ)) for length, part in parts]).astype(
        np.float32
    )


def sounds() -> list[Sound]:
    random = np.random.default_rng(2)

    def sound(kind: str, seconds: float, is_overheard: bool = False) -> Sound:
        waveform = random.normal(0, 0.1, round(seconds * RATE_HZ)).astype(np.float32)
        return Sound(waveform, kind, f"some/{kind}", f"{kind}.ogg", "train", 1, is_overheard)

    return [sound("speech", 3), sound("scream", 1), sound("other", 6), sound("other", 0.3)]


def test_the_power_of_a_frame_is_its_mean_square() -> None:
    assert frame_power(np.full(512, 0.5, np.float32)).tolist() == [0.25, 0.25]


def test_what_is_loud_in_clean_speech_is_spoken_and_its_edges_are_doubtful() -> None:
    found = marks(burst())
    assert (found[64:124] == SPOKEN).all()
    assert (found[:50] == SILENT).all()
    assert (found[-50:] == SILENT).all()
    assert found[60] == DOUBTFUL


@pytest.mark.parametrize("level", [0.3, 0.003])
def test_how_loud_speech_is_does_not_matter(level: float) -> None:
    assert np.array_equal(marks(burst(level)), marks(burst(0.1)))


def test_the_noise_of_a_recording_is_not_speech() -> None:
    noisy = burst() + np.random.default_rng(3).normal(0, 0.02, 3 * RATE_HZ).astype(np.float32)
    found = marks(noisy)
    assert (found[64:124] == SPOKEN).all()
    assert not (found[:50] == SPOKEN).any()


def test_silence_holds_no_speech() -> None:
    assert (marks(np.zeros(RATE_HZ, np.float32)) == SILENT).all()


def test_lessons_have_one_form_and_are_finite() -> None:
    lessons = Lessons(sounds(), [burst()], np.random.default_rng(4))
    kinds = set()
    for _ in range(60):
        seen, what, weights = lessons.lesson()
        assert (seen.shape, what.shape, weights.shape) == ((FRAMES, BANDS), (FRAMES,), (FRAMES,))
        assert np.isfinite(seen).all()
        assert (weights[what == DOUBTFUL] == 0).all()
        kinds |= set(what.tolist())
    assert kinds == {SILENT, SPOKEN, DOUBTFUL}


def test_lessons_repeat_with_their_seed() -> None:
    one, two = (Lessons(sounds(), [burst()], np.random.default_rng(5)).lesson() for _ in range(2))
    for index in range(3):
        assert np.array_equal(one[index], two[index])
