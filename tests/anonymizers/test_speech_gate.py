# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from anonymizers.base import Anonymizer, Empirical
from anonymizers.gate.features import frame_count
from anonymizers.speech_gate import GateSettings, SpeechGate

RATE_HZ = 16_000
SECRET = bytes(range(32))
TIGHT = GateSettings(threshold=0.5, low_threshold=0.2, smoothing_s=0, before_s=0, after_s=0)
SPOKEN = slice(40, 80)  # frames


def hears(*stretches: slice, probability: float = 1.0) -> Any:
    def detector(waveform: np.ndarray) -> np.ndarray:
        found = np.zeros(frame_count(waveform.size), np.float32)
        for stretch in stretches:
            found[stretch] = probability
        return found

    return detector


def seeded(seed: int = 1, **given: Any) -> SpeechGate:
    return SpeechGate(random_bytes=np.random.default_rng(seed).bytes, **given)


def noise(seconds: float = 3.0, level: float = 0.05, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE_HZ)).astype(np.float32)


def samples(frames: slice) -> slice:
    return slice(frames.start * 256, frames.stop * 256)


def test_it_keeps_time_and_claims_what_is_measured() -> None:
    gate: Anonymizer = SpeechGate()
    assert gate.name == "speech_gate"
    assert gate.keeps_time
    assert gate.guarantee == Empirical("benchmarks/results/privacy.json")


def test_sound_in_which_nobody_speaks_is_given_back_as_it_came() -> None:
    sound = noise()
    answer = SpeechGate(detector=hears()).anonymize(sound, RATE_HZ)
    assert answer.waveform is sound
    assert answer.warnings == ()


def test_only_what_is_spoken_and_the_fade_beside_it_changes() -> None:
    sound = noise()
    before = sound.copy()
    found = SpeechGate(settings=TIGHT, detector=hears(SPOKEN)).anonymize(sound, RATE_HZ).waveform
    changed = np.flatnonzero(found != sound)
    assert (changed[0] // 160, changed[-1] // 160) == ((40 * 256 - 160) // 160, (80 * 256 + 159) // 160)
    assert np.array_equal(sound, before)


def test_what_is_said_has_no_part_in_what_is_given_back() -> None:
    sound, other = noise(), noise()
    other[samples(SPOKEN)] = np.sin(np.arange(40 * 256) * 0.3)
    one, two = (
        seeded(settings=TIGHT, detector=hears(SPOKEN)).anonymize(said, RATE_HZ).waveform for said in (sound, other)
    )
    assert np.array_equal(one, two)


def test_with_a_secret_what_is_said_has_no_part_either_and_repeats_are_the_same() -> None:
    sound, other = noise(), noise()
    other[samples(SPOKEN)] = 0.9
    gate = SpeechGate(settings=TIGHT, detector=hears(SPOKEN), secret=SECRET)
    answers = [gate.anonymize(said, RATE_HZ).waveform for said in (sound, sound, other)]
    assert np.array_equal(answers[0], answers[1])
    assert np.array_equal(answers[0], answers[2])


def test_without_a_secret_each_answer_has_noise_of_its_own_from_the_operating_system() -> None:
    gate = SpeechGate(settings=TIGHT, detector=hears(SPOKEN))
    one, two = (gate.anonymize(noise(), RATE_HZ).waveform[samples(SPOKEN)] for _ in range(2))
    assert stats.ks_2samp(one, two).pvalue > 1e-4
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.05
    assert abs(np.corrcoef(one, noise()[samples(SPOKEN)])[0, 1]) < 0.05


def test_the_stretch_is_widened_by_the_times_set() -> None:
    gate = SpeechGate(settings=GateSettings(smoothing_s=0, before_s=0.16, after_s=0.32), detector=hears(SPOKEN))
    assert np.flatnonzero(gate.mask(noise(), RATE_HZ))[[0, -1]].tolist() == [30, 99]


def test_the_mask_by_samples_ends_with_the_sound() -> None:
    gate = SpeechGate(settings=TIGHT, detector=hears(slice(0, None)))
    assert gate.where(noise()[:1000], RATE_HZ).tolist() == [True] * 1000


def test_a_second_opinion_counts_where_it_is_higher() -> None:
    opinion = np.array([0.0, 0.0, 1.0], np.float32)  # thirds of 3 s
    gate = SpeechGate(settings=TIGHT, detector=hears(SPOKEN), speech_score=lambda waveform, rate_hz: opinion)
    masked = gate.mask(noise(), RATE_HZ)
    assert masked[SPOKEN].all()
    assert masked[126:].all()
    assert not masked[80:124].any()


@pytest.mark.parametrize(("alarm", "is_spared"), [(0.9, True), (0.8, False), (0.3, False)])
def test_an_alarm_spares_sound_only_where_it_is_surer_than_speech(alarm: float, is_spared: bool) -> None:
    gate = SpeechGate(
        settings=TIGHT,
        detector=hears(SPOKEN, probability=0.8),
        alert_veto=lambda waveform, rate_hz: np.array([alarm], np.float32),
    )
    assert gate.mask(noise(), RATE_HZ).any() != is_spared
    assert "alarm is spared" in gate.leaks


def test_without_a_veto_nothing_is_spared_and_nothing_is_said_of_it() -> None:
    assert "spared" not in SpeechGate().leaks


def test_the_callables_get_the_sound_and_its_rate() -> None:
    asked = []

    def score(waveform: np.ndarray, rate_hz: int) -> np.ndarray:
        asked.append((waveform.size, rate_hz))
        return np.zeros(1, np.float32)

    SpeechGate(detector=hears(SPOKEN), speech_score=score, alert_veto=score).mask(noise(1), RATE_HZ)
    assert asked == [(16_000, 16_000)] * 2


def test_a_detector_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(63,\), found \(5,\)"):
        SpeechGate(detector=lambda waveform: np.zeros(5, np.float32)).anonymize(noise(1), RATE_HZ)


def test_sound_of_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="takes sound of 16000 Hz, found 44100"):
        SpeechGate().anonymize(noise(1), 44_100)


def test_who_lost_more_than_half_of_the_sound_is_told() -> None:
    gate = SpeechGate(settings=TIGHT, detector=hears(slice(0, 100)))
    assert gate.anonymize(noise(2), RATE_HZ).warnings == (
        "speech_gate took out 1.60 s of 2.00 s: no alarm can be heard there",
    )
    assert gate.anonymize(noise(4), RATE_HZ).warnings == ()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"threshold": 1.1}, "thresholds"),
        ({"low_threshold": 0.9, "threshold": 0.8}, "thresholds"),
        ({"low_threshold": -0.1}, "thresholds"),
        ({"threshold": float("nan")}, "thresholds"),
        ({"after_s": -1.0}, "after_s"),
        ({"before_s": float("inf")}, "before_s"),
        ({"fade_s": float("nan")}, "fade_s"),
        ({"silence_dbfs": 0.0}, "silence_dbfs"),
    ],
)
def test_settings_without_sense_are_refused_by_name(given: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        GateSettings(**given)


class TestShipped:
    """With the detector that comes with the package."""

    @pytest.mark.parametrize("size", [1, 2, 100, 255, 256, 257, 513, 5000, 16_000])
    @pytest.mark.parametrize("level", [0.0, 1e-4, 0.1, 1.0])
    def test_any_length_and_level_gives_finite_sound_of_the_same_form(self, size: int, level: float) -> None:
        sound = np.clip(noise(2, 1.0)[:size] * level, -1, 1).astype(np.float32)
        found = SpeechGate().anonymize(sound, RATE_HZ).waveform
        assert (found.shape, found.dtype) == (sound.shape, sound.dtype)
        assert np.isfinite(found).all()
        assert np.abs(found).max() <= 1.0

    def test_no_sound_at_all_is_given_back(self) -> None:
        assert SpeechGate().anonymize(np.empty(0, np.float32), RATE_HZ).waveform.size == 0

    @pytest.mark.parametrize("value", [0.0, 0.5, 1.0, -1.0])
    def test_silence_stays(self, value: float) -> None:
        sound = np.full(3 * RATE_HZ, value, np.float32)
        assert SpeechGate().anonymize(sound, RATE_HZ).waveform is sound

    @pytest.mark.parametrize("level", [0.001, 0.05])
    def test_noise_stays(self, level: float) -> None:
        sound = noise(10, level)
        assert SpeechGate().anonymize(sound, RATE_HZ).waveform is sound

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32), st.integers(1, 30_000), st.floats(-80, 0))
    def test_what_is_gated_twice_differs_by_noise_only(self, seed: int, size: int, level_dbfs: float) -> None:
        random = np.random.default_rng(seed)
        sound = np.clip(random.standard_normal(size) * 10 ** (level_dbfs / 20), -1, 1).astype(np.float32)
        gate = SpeechGate(random_bytes=os.urandom)
        masked = gate.mask(sound, RATE_HZ)
        again = gate.mask(gate.anonymize(sound, RATE_HZ).waveform, RATE_HZ)
        assert not (again & ~masked).mean() > 0.1
