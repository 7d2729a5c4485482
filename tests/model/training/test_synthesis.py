# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from model.labels import find
from model.tagger import Waveform, check_waveform
from model.training.synthesis import alarms, medley, music, noises
from model.training.synthesis.tones import chirp, fade, oscillator, place

MAKERS = [maker for maker, _ in medley.SHARES]


def loudness(waveform: Waveform, frame: int = 800) -> NDArray[np.float64]:
    frames = waveform[: waveform.size // frame * frame].reshape(-1, frame).astype(np.float64)
    levels: NDArray[np.float64] = np.sqrt(np.mean(frames**2, axis=1))
    return levels


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("seed", range(8))
def test_a_sound_is_a_waveform_of_the_asked_length_with_known_names(maker: medley.Maker, seed: int) -> None:
    waveform, names = maker(np.random.default_rng(seed), 3.0)
    clipped = np.clip(waveform, -1.0, 1.0)
    check_waveform(clipped)
    assert waveform.shape == (48_000,)
    assert np.abs(waveform).max() > 0.01
    assert all(find(name) is not None for name in names)


@pytest.mark.parametrize("maker", MAKERS)
def test_the_same_seed_makes_the_same_sound(maker: medley.Maker) -> None:
    one, other = (maker(np.random.default_rng(9), 2.0)[0] for _ in range(2))
    assert np.array_equal(one, other)


def test_a_temporal_three_sounds_three_times_and_pauses() -> None:
    waveform = alarms.pattern(np.random.default_rng(1), (3100.0, "sine"), 12.0, 0.5, 0.5, 3, 1.5)
    sounding = loudness(waveform) > 0.05
    starts = np.flatnonzero(np.diff(sounding.astype(int)) == 1) * 0.05
    gaps = np.round(np.diff(starts), 1)
    assert set(gaps.tolist()) == {1.0, 2.5}
    assert 0.3 < sounding.mean() < 0.45


@pytest.mark.parametrize("shape", ["sine", "square", "sawtooth", "triangle"])
def test_an_oscillator_sounds_at_its_frequency(shape: str) -> None:
    spectrum = np.abs(np.fft.rfft(oscillator(np.full(16_000, 440.0), shape, 0.5)))
    assert spectrum.argmax() == 440


def test_a_square_has_odd_harmonics_only() -> None:
    spectrum = np.abs(np.fft.rfft(oscillator(np.full(16_000, 520.0), "square", 0.5)))
    assert spectrum[1560] == pytest.approx(spectrum[520] / 3, rel=0.01)
    assert spectrum[1040] < 1e-3 * spectrum[520]


def test_a_chirp_ends_where_it_should() -> None:
    sweep = chirp(500.0, 4000.0, 1.0)
    crossings = np.flatnonzero(np.diff(np.sign(sweep)) != 0)
    ends = [16_000 / (2 * np.diff(part).mean()) for part in (crossings[:10], crossings[-40:])]
    assert ends == pytest.approx([500.0, 4000.0], rel=0.1)


def test_a_fade_starts_and_ends_in_silence() -> None:
    faded = fade(np.ones(1_000, np.float32), 0.01)
    assert (faded[0], faded[-1], faded[500]) == (0.0, 0.0, 1.0)


def test_what_does_not_fit_is_dropped() -> None:
    out = np.zeros(16_000, np.float32)
    place(out, np.ones(8_000, np.float32), 0.75)
    place(out, np.ones(8_000, np.float32), 2.0)
    assert out.sum() == 4_000


def test_pink_noise_loses_three_decibels_an_octave() -> None:
    gain = np.linspace(20.0, 8000.0, 400) ** -0.5
    power = np.abs(np.fft.rfft(noises.shaped_noise(np.random.default_rng(2), 160_000, gain))) ** 2
    low, high = power[10_000:20_000].mean(), power[20_000:40_000].mean()  # 1 to 2 and 2 to 4 kHz
    assert 10 * np.log10(low / high) == pytest.approx(3.0, abs=0.3)


def test_the_medley_names_smoke_alarms() -> None:
    smoke = find("Smoke detector, smoke alarm")
    assert smoke is not None
    drawn = list(medley.sounds(np.random.default_rng(4), 40))
    assert sum(smoke.index in classes for _, classes in drawn) >= 5


def test_a_midi_file_holds_its_events_in_order() -> None:
    written = music.midi_file([(500, b"\x80\x3c\x00"), (0, b"\x90\x3c\x64")], 1_000)
    header, kind, tracks, division = struct.unpack(">4xIHHH", written[:14])
    assert (header, kind, tracks, division) == (6, 0, 1, 500)
    assert written[22:] == b"\x00\x90\x3c\x64" + b"\x83\x74\x80\x3c\x00" + b"\x83\x74\xff\x2f\x00"
    assert struct.unpack(">I", written[18:22]) == (len(written) - 22,)


@pytest.mark.parametrize("maker", [music.melody, music.beats])
def test_notes_stay_within_a_piece_and_within_midi(maker: music.NoteMaker) -> None:
    for seed in range(60):
        for start, length, pitch, velocity in maker(np.random.default_rng(seed)):
            assert 0 <= start < start + length <= 4_000
            assert 0 <= pitch <= 127
            assert 0 <= velocity <= 127
