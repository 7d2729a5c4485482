# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.tagger import Waveform, check_waveform
from model.training import augment
from model.training.rooms import response
from model.training.synthesis.tones import oscillator

seeds = st.integers(0, 2**32 - 1)


def tone(frequency_hz: float, samples: int = 16_000) -> Waveform:
    return oscillator(np.full(samples, frequency_hz), "sine", 0.5)


def peak_hz(waveform: Waveform) -> float:
    return float(np.abs(np.fft.rfft(waveform)).argmax() * 16_000 / waveform.size)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.0, 1.6, 2.0])
def test_a_tone_at_another_speed_has_another_pitch(speed: float) -> None:
    played = augment.at_speed(tone(1000.0), speed, 8_000)
    assert played.dtype == np.float32
    assert played.shape == (min(8_000, int(15_999 / speed) + 1),)
    assert peak_hz(played) == pytest.approx(1000.0 * speed, abs=3.0)


@given(seed=seeds, length=st.integers(1, 5_000))
def test_a_filled_sound_is_as_long_as_asked_and_holds_the_sound(seed: int, length: int) -> None:
    sound = np.linspace(0.1, 0.9, length, dtype=np.float32)
    filled = augment.fill(np.random.default_rng(seed), sound, 4_000)
    assert filled.shape == (4_000,)
    assert set(sound[:4_000].tolist()) & set(filled.tolist())


@given(seed=seeds)
def test_no_level_clips(seed: int) -> None:
    loud = augment.at_level(np.random.default_rng(seed), tone(300.0), 30.0)
    check_waveform(np.clip(loud, -1, 1).astype(np.float32))
    assert np.abs(loud).max() <= 1.0 + 1e-6


@pytest.mark.parametrize("ratio_db", [-6.0, 0.0, 12.0])
def test_a_mixture_has_the_asked_ratio(ratio_db: float) -> None:
    first, second = tone(500.0), 0.1 * tone(2000.0)
    added = augment.mixed(first, second.astype(np.float32), ratio_db) - first
    assert 10 * np.log10(np.sum(first**2) / np.sum(added**2)) == pytest.approx(ratio_db, abs=0.01)


def test_silence_mixed_in_changes_nothing() -> None:
    assert np.array_equal(augment.mixed(tone(500.0), np.zeros(16_000, np.float32), 0.0), tone(500.0))


@given(seed=seeds, equalise=st.booleans(), room=st.booleans())
def test_space_keeps_length_and_kind(seed: int, equalise: bool, room: bool) -> None:
    sound = tone(700.0, 6_000)
    heard = augment.through_space(np.random.default_rng(seed), sound, equalise=equalise, room=room)
    assert (heard.shape, heard.dtype) == (sound.shape, np.dtype(np.float32))
    assert np.isfinite(heard).all()


def test_the_same_seed_gives_the_same_sound() -> None:
    one, other = (
        augment.through_space(np.random.default_rng(5), tone(700.0), equalise=True, room=True) for _ in range(2)
    )
    assert np.array_equal(one, other)


@given(seed=seeds)
def test_a_mask_blanks_at_most_one_band_and_one_stretch(seed: int) -> None:
    log_mel = np.random.default_rng(1).normal(size=(200, 128)).astype(np.float32)
    masked = log_mel.copy()
    augment.masked(np.random.default_rng(seed), masked)
    changed = masked != log_mel
    assert changed.all(axis=0).sum() <= 16
    assert changed.all(axis=1).sum() <= 25


@pytest.mark.parametrize("ratio_db", [0.0, 10.0])
def test_a_room_dies_away_behind_the_direct_sound(ratio_db: float) -> None:
    room = response(np.random.default_rng(3), 0.4, ratio_db)
    late = room.astype(np.float64)
    late[0] = 0.0
    assert room.shape == (6_400,)
    assert room[0] == 1.0
    assert -10 * np.log10(np.sum(late**2)) == pytest.approx(ratio_db, abs=0.1)
    assert np.sum(late[3_200:] ** 2) < 0.01 * np.sum(late**2)
