# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The sounds and the figures of the benchmark of preprocessing, on made-up clips; on the pack where there is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analytic.audio.preprocessing.registry import PREPROCESSORS, Preprocessing
from benchmarks import preprocessing, preprocessing_table, report
from benchmarks.pack import Recording, waveform
from benchmarks.preprocessing_figures import alarms, drawn, muted, precision, same_top, thresholds, weighted_precision
from benchmarks.preprocessing_sounds import CONDITIONS, NOISES, Material, hum, noisy_samples, over, quiet, spread_out
from benchmarks.privacy.utility import average_precision
from benchmarks.scenes.levels import active_level_dbfs, level_dbfs

RATE_HZ = 16_000


def recording(number: int, folder: str = "bark", labels: frozenset[int] = frozenset({0})) -> Recording:
    return Recording(Path(f"{folder}{number}.ogg"), labels, "val", "1", 1, "source", folder)


def scored(clips: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, (clips, 527)).astype(np.float32)


TONE = (0.2 * np.sin(np.arange(RATE_HZ) / 5)).astype(np.float32)


class TestSounds:
    def test_a_clip_stands_in_the_middle_of_noise_that_is_so_much_lower(self) -> None:
        noise = np.random.default_rng(0).normal(0, 1, 3 * RATE_HZ).astype(np.float32)
        mixed = over(TONE, noise, 10.0)
        rest = mixed.copy()
        rest[RATE_HZ : 2 * RATE_HZ] -= TONE
        assert mixed.size == noise.size
        assert level_dbfs(rest) == pytest.approx(active_level_dbfs(TONE) - 10, abs=0.1)

    def test_what_noise_drives_beyond_full_scale_is_scaled_down_not_clipped(self) -> None:
        noise = np.random.default_rng(0).normal(0, 1, RATE_HZ).astype(np.float32)
        loud = 5 * TONE
        mixed = over(loud, noise, 0.0)
        assert np.abs(mixed).max() == 1
        assert np.corrcoef(mixed, loud + noise * 10 ** (active_level_dbfs(loud) / 20))[0, 1] == pytest.approx(1)

    @pytest.mark.parametrize(("clip_s", "with_noise_s"), [(0.5, 2.5), (8.0, 10.0), (9.0, 10.0), (10.0, 10.0)])
    def test_noise_is_heard_for_a_second_before_and_after_but_no_longer_than_a_window(
        self, clip_s: float, with_noise_s: float
    ) -> None:
        assert noisy_samples(np.zeros(round(clip_s * RATE_HZ), np.float32)) == round(with_noise_s * RATE_HZ)

    def test_a_quiet_clip_is_at_minus_55_dbfs_in_16_bits(self) -> None:
        found = quiet(TONE)
        assert active_level_dbfs(found) == pytest.approx(-55, abs=0.1)
        assert np.array_equal(found * 32_768, np.round(found * 32_768))

    def test_hum_is_at_0_dbfs_and_all_of_it_below_half_a_kilohertz(self) -> None:
        sound = hum(RATE_HZ)
        power = np.square(np.abs(np.fft.rfft(sound)))
        assert level_dbfs(sound) == pytest.approx(0, abs=0.01)
        assert power[:450].sum() > 0.999 * power.sum()

    def test_silence_stays_silence(self) -> None:
        assert not quiet(np.zeros(100, np.float32)).any()

    def test_large_folders_give_clips_away_before_small_ones_do(self) -> None:
        clips = [recording(number, "speech") for number in range(90)] + [recording(number) for number in range(5)]
        chosen = spread_out(clips, 30)
        assert [one.folder for one in chosen].count("bark") == 5
        assert len(chosen) == 30
        assert len({one.path for one in chosen}) == 30

    def test_all_clips_are_taken_where_all_fit(self) -> None:
        clips = [recording(number) for number in range(7)]
        assert spread_out(clips, 7) == clips


class TestFigures:
    def test_where_each_clip_counts_once_the_weighted_precision_is_the_plain_one(self) -> None:
        clips = [recording(number, labels=frozenset({number % 4, 4 + number % 9})) for number in range(60)]
        scores = scored(60)
        held = np.array([[index in one.labels for index in range(527)] for one in clips])
        found = [
            weighted_precision(scores[:, label], held[:, label], np.ones((2, 60), np.float32)) for label in range(13)
        ]
        assert np.mean(found) == pytest.approx(average_precision(scores, clips))

    def test_a_clip_that_counts_twice_counts_like_two_clips(self) -> None:
        scores, held = np.array([0.9, 0.8, 0.7], np.float32), np.array([False, True, True])
        (found,) = weighted_precision(scores, held, np.array([[2, 1, 2]], np.float32))
        assert found == pytest.approx((1 / 3 + 2 * 3 / 5) / 3)

    def test_a_label_that_is_not_drawn_has_no_precision(self) -> None:
        assert np.isnan(
            weighted_precision(np.ones(2, np.float32), np.array([True, False]), np.array([[0, 2]], np.float32))
        ).all()

    def test_clips_of_one_recording_are_drawn_together_and_as_often_as_there_are_on_average(self) -> None:
        weights = drawn(["a", "a", "b", "c"], 4000)
        assert np.array_equal(weights[:, 0], weights[:, 1])
        assert weights.mean(axis=0) == pytest.approx(np.ones(4), abs=0.06)

    def test_the_same_scores_differ_by_nothing(self) -> None:
        clips = [recording(number, labels=frozenset({number % 3})) for number in range(30)]
        found = precision(scored(30), scored(30), clips, [str(number) for number in range(30)], rounds=50)
        assert (found["gained"], found["gained_interval_95"]) == (0, [0, 0])

    def test_scores_that_are_right_gain_and_the_interval_holds_the_gain(self) -> None:
        clips = [recording(number, labels=frozenset({number % 3})) for number in range(60)]
        right = scored(60)
        for row, one in zip(right, clips, strict=True):
            row[list(one.labels)] += 0.4
        found = precision(right, scored(60), clips, [str(number) for number in range(60)], rounds=200)
        low, high = found["gained_interval_95"]
        assert 0 < low < found["gained"] < high

    def test_what_the_noise_makes_true_is_ranked_last(self) -> None:
        scores = scored(2)
        found = muted(scores, [frozenset({3, 5}), frozenset()])
        assert found[0, [3, 5]].tolist() == [-1, -1]
        assert np.array_equal(found[1], scores[1])
        assert scores.min() >= 0, "what is handed in stays as it was"

    def test_alarms_are_counted_at_thresholds_of_their_own_and_at_unchanged_ones(self) -> None:
        found = np.concatenate((np.linspace(0, 0.5, 200), [0.6, 0.4]))[:, np.newaxis].astype(np.float32)
        holds = np.zeros((202, 1), bool)
        holds[200:] = True
        figures = alarms(found, np.array([0.3], np.float32), holds, ("siren",))
        assert thresholds(found[:200]) == pytest.approx(0.5 * 197 / 199, abs=1e-4)
        assert (figures["alarm_recall"], figures["alarm_recall_at_unchanged_thresholds"]) == (0.5, 1.0)
        assert figures["others_with_a_false_alarm_there"] == pytest.approx(0.4)

    def test_agreement_is_the_share_of_the_same_highest_class(self) -> None:
        clean = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
        assert same_top(np.array([[0.4, 0.3], [0.6, 0.5]], np.float32), clean) == 0.5


def test_all_methods_are_measured_and_the_chain() -> None:
    first, *methods, chain = preprocessing.METHODS
    assert (first, methods, chain) == ("none", list(PREPROCESSORS), "wiener,loudness")
    assert Preprocessing.of(preprocessing.CHAIN).names == ("wiener", "loudness")


def test_parts_are_heard_anew_when_a_method_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = preprocessing.digest()
    assert preprocessing.digest() == before
    monkeypatch.setattr(preprocessing, "CLIPS", 1)
    assert preprocessing.digest() != before


def test_without_a_pack_the_benchmark_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HEARKEN_AUDIO_PACK", raising=False)
    preprocessing.main()
    assert "needs HEARKEN_AUDIO_PACK" in capsys.readouterr().out


def figures_of(gained: float, low: float, high: float) -> dict[str, object]:
    return {
        "mean_average_precision": 0.5 + gained,
        "gained": gained,
        "gained_interval_95": [low, high],
        "alarm_recall": 0.875,
        "same_top_class_as_clean": 1.0,
    }


def test_the_table_marks_what_differs_for_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "none": figures_of(0, 0, 0),
        "wiener": figures_of(-0.0312, -0.05, -0.01),
        "x": figures_of(0.01, -0.01, 0.03),
    }
    counts = {"clips": 9, "recordings": 7, "labels": 3, "clips_with_alarms": 2}
    result = {**counts, "cpu_ms_for_10_s": {"wiener": 9.87, "x": 1.0}, "taggers": {"small": {"clean": found}}}
    monkeypatch.setattr(report, "read", lambda _name: result)
    measured_on, _, _, _, none, wiener, other = preprocessing_table.table().splitlines()
    assert measured_on == "9 clips of 7 recordings, 3 labels; 2 clips hold an alarm."
    assert none == "| small | none | 50.0 % | 88% | 100% |  |"
    assert wiener == "| small | `wiener` | **-3.1** (-5.0 to -1.0) | 88% | 100% | 9.9 ms |"
    assert other == "| small | `x` | +1.0 (-1.0 to +3.0) | 88% | 100% | 1.0 ms |"


@pytest.fixture(scope="module")
def material(audio_pack: Path) -> Material:
    return Material.of(audio_pack, preprocessing.CLIPS)


class TestOnThePack:
    def test_clips_are_of_the_validation_split_and_bear_labels(self, material: Material) -> None:
        assert 600 <= len(material.clips) <= preprocessing.CLIPS
        assert len(material.groups) == len(material.clips)
        assert all(one.split == "val" and one.labels for one in material.clips)

    def test_noise_is_real_and_of_another_recording(self, material: Material) -> None:
        for index in range(0, len(material.clips), 60):
            noise = material.noise(index, RATE_HZ)
            assert noise.kind in NOISES
            assert noise.groups
            assert material.groups[index] not in noise.groups
            assert material.noise_labels(index, "noise 0 dB").isdisjoint(material.clips[index].labels)

    @pytest.mark.parametrize("condition", CONDITIONS)
    def test_a_clip_sounds_the_same_each_time_and_keeps_to_the_range(self, material: Material, condition: str) -> None:
        once, again = material.sound(5, condition), material.sound(5, condition)
        assert np.array_equal(once, again)
        assert once.dtype == np.float32
        assert np.abs(once).max() <= 1
        assert (once.size > waveform(material.clips[5]).size) == condition.startswith(("noise", "hum"))
