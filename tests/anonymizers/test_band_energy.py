# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers.band_energy import BadBandLevels, BandEnergies, BandEnergy, features, synthesise
from anonymizers.bands import BANDS, centres_hz, edges_hz, frame_count
from anonymizers.base import Anonymizer, Nothing

RATE_HZ = 16_000
SECRET = bytes(range(32))


def noise(seconds: float, seed: int = 1, level: float = 0.1) -> np.ndarray:
    sound = level * np.random.default_rng(seed).normal(size=int(seconds * RATE_HZ))
    return sound.clip(-1, 1).astype(np.float32)


def tone(frequency_hz: float, seconds: float = 2.0, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def power(levels_db: np.ndarray) -> np.ndarray:
    """Return the power of levels, silence left out: float64, of the same shape."""
    return np.where(levels_db > -120, 10 ** (levels_db.astype(float) / 10), 0)


def directly(waveform: np.ndarray, frame: int) -> np.ndarray:
    """Compute one frame's levels by definition, from a transform of many points: float64, shape (29,)."""
    start = (frame - 1) * 2000
    window = np.sin(np.pi * (np.arange(4000) + 0.5) / 4000)
    spectrum = np.fft.fft(waveform[start : start + 4000].astype(float) * window, 400_000)
    frequency_hz = np.fft.fftfreq(400_000, 1 / RATE_HZ)
    density = np.abs(spectrum) ** 2 / (400_000 * np.sum(window**2))
    bands = [
        density[(np.abs(frequency_hz) >= low) & (np.abs(frequency_hz) < high)].sum()
        for low, high in itertools.pairwise(edges_hz())
    ]
    levels: np.ndarray = 10 * np.log10(bands)
    return levels


@pytest.mark.parametrize("frame", [1, 4, 7])
def test_the_levels_are_those_of_a_direct_computation(frame: int) -> None:
    waveform = np.cumsum(noise(1.0, level=0.01), dtype=np.float32) * np.float32(0.1) + noise(1.0, 2, 0.01)
    found = features(waveform, RATE_HZ).levels_db[frame].astype(float)
    expected = directly(waveform, frame)
    assert np.abs(found - expected)[10:].max() < 1.5  # from 100 Hz on
    assert np.abs(found - expected)[6:].max() < 3  # from 40 Hz on
    assert power(found)[10:].sum() == pytest.approx(power(expected)[10:].sum(), rel=0.1)


@pytest.mark.parametrize("band", range(10, 29))
def test_a_tone_lies_in_its_band_at_its_level(band: int) -> None:
    levels = features(tone(float(centres_hz()[band])), RATE_HZ).levels_db[2:-2]
    assert np.array_equal(levels.argmax(axis=1), np.full(len(levels), band))
    assert np.abs(levels[:, band] - 10 * np.log10(0.125)).max() <= 1
    others = np.delete(levels, [band - 1, band, band + 1][: 3 if band < 28 else 2], axis=1)
    assert others.max() < -9 - 25


@pytest.mark.parametrize("level", [0.001, 0.1, 0.5])
def test_white_noise_has_the_power_of_its_bands(level: float) -> None:
    waveform = (level * np.random.default_rng(3).uniform(-1, 1, 20 * RATE_HZ)).astype(np.float32)
    expected = level**2 / 3 * np.diff(edges_hz()) / 8000
    found = power(features(waveform, RATE_HZ).levels_db).mean(axis=0)
    assert np.allclose(10 * np.log10(found)[10:], 10 * np.log10(expected)[10:], rtol=0, atol=0.7)


def test_silence_has_the_lowest_level_and_stays_silence() -> None:
    energies = features(np.zeros(5000, np.float32), RATE_HZ)
    assert np.array_equal(energies.levels_db, np.full((4, 29), -120))
    assert not synthesise(energies, np.random.default_rng(1).bytes).any()


def test_the_loudest_sound_stays_within_the_levels() -> None:
    loudest = np.sign(tone(1000.0)).astype(np.float32)
    assert features(loudest, RATE_HZ).levels_db.max() <= 0
    assert features(np.ones(1, np.float32), RATE_HZ).levels_db.max() <= 0


def test_the_ends_are_as_loud_as_the_middle() -> None:
    levels = features(tone(1000.0, 1.0), RATE_HZ).levels_db
    assert np.abs(levels[:, 20].astype(int) - levels[4, 20]).max() <= 1


def test_sound_of_another_rate_has_the_same_levels() -> None:
    at_48 = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)).astype(np.float32)
    ours = features(tone(1000.0, 1.0), RATE_HZ).levels_db
    assert np.abs(features(at_48, 48_000).levels_db[:, 18:23] - ours[:, 18:23]).max() <= 1


def test_what_lies_above_half_the_rate_has_no_level() -> None:
    sound = np.random.default_rng(4).uniform(-1, 1, 8000).astype(np.float32)
    assert (features(sound, 8000).levels_db[:, 27:] == -120).all()


@pytest.mark.parametrize(("samples", "rate_hz"), [(10, 0), (10, 200_000), (0, 16_000)])
def test_sound_without_such_features_is_refused(samples: int, rate_hz: int) -> None:
    with pytest.raises(BadBandLevels):
        features(np.zeros(samples, np.float32), rate_hz)


def test_the_synthesis_has_the_energies_that_it_was_made_of() -> None:
    rng = np.random.default_rng(5)
    slope = (-50 + rng.integers(-6, 7, BANDS).cumsum()).astype(np.int16)
    levels = np.tile(slope, (frame_count(20 * RATE_HZ, RATE_HZ), 1))
    again = features(synthesise(BandEnergies(levels, RATE_HZ, 20 * RATE_HZ), rng.bytes), RATE_HZ).levels_db
    error_db = 10 * np.log10(power(again)[1:-1].mean(axis=0)) - slope
    assert np.abs(error_db)[13:].max() < 1.5  # from 200 Hz on
    assert np.median(np.abs(error_db)) < 0.7


def test_the_synthesis_follows_the_levels_in_time() -> None:
    waveform = np.concatenate((np.zeros(RATE_HZ), noise(1.0), np.zeros(RATE_HZ))).astype(np.float32)
    found = BandEnergy(secret=SECRET).anonymize(waveform, RATE_HZ).waveform
    middle = found[RATE_HZ : 2 * RATE_HZ]
    assert not found[: RATE_HZ - 4000].any()
    assert np.sum(middle**2) > 0.9 * np.sum(found**2)
    assert np.mean(middle**2) == pytest.approx(np.mean(waveform[RATE_HZ : 2 * RATE_HZ] ** 2), rel=0.3)


@pytest.mark.parametrize("frequency_hz", [440.0, 3100.0])
def test_a_tone_becomes_noise_of_its_third_octave(frequency_hz: float) -> None:
    found = BandEnergy(secret=SECRET).anonymize(tone(frequency_hz), RATE_HZ).waveform
    spectrum = np.abs(np.fft.rfft(found)) ** 2
    frequency = np.fft.rfftfreq(found.size, 1 / RATE_HZ)
    inside = (frequency > frequency_hz / 10**0.1) & (frequency < frequency_hz * 10**0.1)
    assert spectrum[inside].sum() > 0.95 * spectrum.sum()
    assert spectrum.max() < 0.2 * spectrum.sum()


def test_the_waveform_is_made_of_the_features_alone() -> None:
    waveform, draw = noise(2.0), np.random.default_rng(6).bytes(10**6)
    sent = BandEnergies.from_bytes(features(waveform, RATE_HZ).to_bytes())
    expected = synthesise(sent, lambda count: draw[:count])
    found = BandEnergy(random_bytes=lambda count: draw[:count]).anonymize(waveform, RATE_HZ).waveform
    assert np.array_equal(found, expected)


@settings(deadline=None, max_examples=50)
@given(samples=st.integers(1, 20_000), rate_hz=st.sampled_from([1000, 8000, 16_000, 44_100]), seed=st.integers(0, 99))
def test_float32_goes_in_and_as_much_comes_out_within_the_range(samples: int, rate_hz: int, seed: int) -> None:
    waveform = np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)
    before = waveform.copy()
    found = BandEnergy(secret=SECRET).anonymize(waveform, rate_hz).waveform
    assert (found.shape, found.dtype) == (waveform.shape, np.dtype(np.float32))
    assert np.abs(found).max() <= 1
    assert np.array_equal(waveform, before)


def test_the_same_clip_gets_the_same_answer_and_other_secrets_and_clips_others() -> None:
    waveform = noise(1.0)
    other = waveform.copy()
    other[0] = np.nextafter(other[0], np.float32(2))

    def answer(sound: np.ndarray, secret: bytes | None = SECRET) -> np.ndarray:
        return BandEnergy(secret=secret).anonymize(sound, RATE_HZ).waveform

    assert np.array_equal(answer(waveform), answer(waveform.copy()))
    for found in (answer(waveform, bytes(32)), answer(other), answer(waveform, None)):
        assert abs(np.corrcoef(found, answer(waveform))[0, 1]) < 0.2


def test_it_claims_no_more_than_is_measured_and_tells_its_rate() -> None:
    anonymizer: Anonymizer = BandEnergy()
    assert (anonymizer.name, anonymizer.keeps_time) == ("band_energy", True)
    assert anonymizer.guarantee == Nothing()
    assert "1,605 bit/s" in anonymizer.hides
    assert "not alone" in anonymizer.leaks
