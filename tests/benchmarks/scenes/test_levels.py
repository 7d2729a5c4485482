# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scenes import levels


def test_the_level_of_a_full_sine_is_three_decibels_below_full_scale() -> None:
    sine = np.sin(np.arange(16_000) * 0.3).astype(np.float32)
    assert levels.level_dbfs(sine) == pytest.approx(-3.01, abs=0.01)
    assert levels.active_level_dbfs(np.pad(sine, 16_000)) == pytest.approx(-3.01, abs=0.05)


def test_silence_has_no_active_part() -> None:
    silence = np.zeros(1000, np.float32)
    assert levels.audible_span(silence) == (0, 0)
    assert levels.level_dbfs(silence) == pytest.approx(-120)
    assert levels.active_level_dbfs(silence) == pytest.approx(-120)
    assert levels.snr_db(silence, silence) == -np.inf


def test_nothing_at_all_is_silent() -> None:
    assert levels.audible_span(np.zeros(0, np.float32)) == (0, 0)


def test_a_sound_is_audible_from_twenty_decibels_below_its_loudest() -> None:
    sound = np.concatenate([np.full(1600, value, np.float32) for value in (0.0, 0.005, 0.2, 1.0, 0.05, 0.0)])
    assert levels.audible_span(sound) == (3200, 6400)


def test_the_last_shorter_frame_counts() -> None:
    assert levels.audible_span(np.ones(170, np.float32)) == (0, 170)


def test_snr_is_taken_where_the_event_is_active() -> None:
    event = np.concatenate([np.full(1600, 0.1, np.float32), np.zeros(1600, np.float32)])
    rest = np.concatenate([np.full(1600, 0.01, np.float32), np.ones(1600, np.float32)])
    assert levels.snr_db(event, rest) == pytest.approx(20.0, abs=1e-3)
