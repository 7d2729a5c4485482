# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import inspect
import os
import re
import time
from collections.abc import Callable

import numpy as np
import pytest
from diffprivlib.mechanisms import Laplace
from scipy import stats

from anonymizers.base import Anonymizer, Formal
from anonymizers.laplace_noise import EPSILON, SENSITIVITY, LaplaceNoise, standard_laplace, uniforms

SCALE = 0.0625


def seeded(seed: int = 1) -> LaplaceNoise:
    return LaplaceNoise(random_bytes=np.random.default_rng(seed).bytes)


def test_the_published_scale_is_a_sixteenth() -> None:
    assert SENSITIVITY / EPSILON == SCALE
    assert inspect.signature(LaplaceNoise).parameters["scale"].default == SCALE


def test_uniforms_are_the_top_53_bits_of_each_word() -> None:
    content = np.random.default_rng(5).bytes(8 * 1000)
    words = [int.from_bytes(content[start : start + 8], "little") for start in range(0, len(content), 8)]
    assert uniforms(1000, lambda count: content[:count]).tolist() == [(word >> 11) / 2**53 for word in words]


def test_uniforms_lie_on_the_grid_and_never_reach_1() -> None:
    drawn = uniforms(10_000, np.random.default_rng(6).bytes)
    assert np.array_equal(drawn * 2.0**53, np.rint(drawn * 2.0**53))
    assert uniforms(1, bytes).tolist() == [0.0]
    assert uniforms(1, lambda count: b"\xff" * count).tolist() == [1 - 2.0**-53]


def test_uniforms_are_uniform() -> None:
    assert stats.kstest(uniforms(200_000, np.random.default_rng(7).bytes), "uniform").pvalue > 1e-3


def test_the_sampler_is_diffprivlibs_with_the_sign_of_the_noise_that_it_adds() -> None:
    content = np.random.default_rng(8).bytes(8 * 4 * 5000)
    u1, u2, u3, u4 = uniforms(20_000, lambda count: content[:count]).reshape(4, 5000)
    theirs = [-Laplace._laplace_sampler(*four) for four in zip(u1, u2, u3, u4, strict=True)]
    assert np.allclose(standard_laplace(5000, lambda count: content[:count]), theirs, rtol=0, atol=1e-13)


def test_the_farthest_uniforms_give_finite_noise() -> None:
    assert np.isfinite(standard_laplace(4, lambda count: b"\xff" * count)).all()
    assert np.array_equal(standard_laplace(4, bytes), np.zeros(4))


def test_the_noise_has_the_laplace_distribution() -> None:
    drawn = standard_laplace(200_000, np.random.default_rng(9).bytes)
    assert drawn.dtype == np.float64
    assert stats.kstest(drawn, stats.laplace().cdf).pvalue > 1e-3


def test_its_tails_are_as_heavy_as_the_definition_says() -> None:
    drawn = standard_laplace(1_000_000, np.random.default_rng(10).bytes)
    for side in (drawn, -drawn):
        beyond = np.count_nonzero(side > 6)
        assert stats.binomtest(int(beyond), drawn.size, stats.laplace.sf(6)).pvalue > 1e-3


def test_neighbouring_draws_are_independent() -> None:
    drawn = standard_laplace(100_000, np.random.default_rng(11).bytes)
    assert stats.pearsonr(drawn[:-1], drawn[1:]).pvalue > 1e-3
    assert stats.pearsonr(np.abs(drawn[:-1]), np.abs(drawn[1:])).pvalue > 1e-3


def test_it_draws_what_diffprivlibs_mechanism_draws() -> None:
    mechanism = Laplace(epsilon=EPSILON, sensitivity=SENSITIVITY, random_state=1)
    theirs = [mechanism.randomise(0.25) for _ in range(10_000)]
    ours = seeded().anonymize(np.full(50_000, 0.25, np.float32), 16_000).waveform
    assert stats.ks_2samp(ours, np.clip(theirs, -1, 1)).pvalue > 1e-3


@pytest.mark.parametrize("level", [0.0, -0.5])
def test_what_is_added_to_the_sound_has_the_stated_scale(level: float) -> None:
    waveform = np.full(100_000, level, np.float32)
    added = seeded().anonymize(waveform, 16_000).waveform - waveform
    inside = added[np.abs(added) < 0.4]
    law = stats.laplace(scale=SCALE)
    assert stats.kstest(inside, lambda x: (law.cdf(x) - law.cdf(-0.4)) / (law.cdf(0.4) - law.cdf(-0.4))).pvalue > 1e-3
    assert inside.size > 0.99 * added.size


def test_the_noise_of_every_block_is_its_own() -> None:
    noise = seeded().anonymize(np.zeros(100_000, np.float32), 16_000).waveform
    assert len(np.unique(noise)) > 0.9 * noise.size


def test_what_leaves_the_range_is_clipped_to_it() -> None:
    top = seeded().anonymize(np.ones(50_000, np.float32), 16_000).waveform
    bottom = seeded().anonymize(-np.ones(50_000, np.float32), 16_000).waveform
    assert top.max() == 1.0
    assert bottom.min() == -1.0
    assert stats.binomtest(int(np.count_nonzero(top == 1.0)), top.size, 0.5).pvalue > 1e-3
    assert stats.binomtest(int(np.count_nonzero(bottom == -1.0)), bottom.size, 0.5).pvalue > 1e-3


@pytest.mark.parametrize("samples", [1, 16_383, 16_384, 16_385, 40_000])
def test_float32_goes_in_and_as_much_comes_out(samples: int) -> None:
    waveform = np.linspace(-1, 1, samples, dtype=np.float32)
    before = waveform.copy()
    answer = seeded().anonymize(waveform, 16_000)
    assert (answer.waveform.shape, answer.waveform.dtype) == ((samples,), np.dtype(np.float32))
    assert answer.warnings == ()
    assert np.count_nonzero(answer.waveform == waveform) < 1 + 0.1 * samples
    assert np.abs(answer.waveform).max() <= 1.0
    assert np.array_equal(waveform, before)


def test_the_same_bytes_give_the_same_noise_and_each_call_draws_its_own() -> None:
    waveform = np.zeros(1000, np.float32)
    noise = seeded()
    first, second = noise.anonymize(waveform, 16_000).waveform, noise.anonymize(waveform, 16_000).waveform
    assert np.array_equal(first, seeded().anonymize(waveform, 16_000).waveform)
    assert not np.array_equal(first, second)


def test_with_a_secret_repeats_of_one_clip_do_not_average_out() -> None:
    waveform = np.zeros(40_000, np.float32)
    noise = LaplaceNoise(secret=bytes(32))
    answers = np.stack([noise.anonymize(waveform.copy(), 16_000).waveform for _ in range(4)])
    assert np.array_equal(answers, np.broadcast_to(answers[0], answers.shape))
    assert answers.mean(axis=0).std() == pytest.approx(2**0.5 * SCALE, rel=0.05)


def other_secret() -> np.ndarray:
    return LaplaceNoise(secret=bytes([1]) * 32).anonymize(np.zeros(40_000, np.float32), 16_000).waveform


def other_clip() -> np.ndarray:
    return LaplaceNoise(secret=bytes(32)).anonymize(np.full(40_000, 1e-9, np.float32), 16_000).waveform


def other_scale() -> np.ndarray:
    return LaplaceNoise(secret=bytes(32), scale=2 * SCALE).anonymize(np.zeros(40_000, np.float32), 16_000).waveform


@pytest.mark.parametrize("other", [other_secret, other_clip, other_scale])
def test_another_secret_clip_or_scale_has_noise_of_its_own(other: Callable[[], np.ndarray]) -> None:
    noise = LaplaceNoise(secret=bytes(32)).anonymize(np.zeros(40_000, np.float32), 16_000).waveform
    assert stats.pearsonr(noise, other()).pvalue > 1e-3


def test_the_noise_of_a_secret_has_the_laplace_distribution() -> None:
    noise = LaplaceNoise(secret=bytes(32)).anonymize(np.zeros(100_000, np.float32), 16_000).waveform
    assert stats.kstest(noise, stats.laplace(scale=SCALE).cdf).pvalue > 1e-3
    assert stats.pearsonr(noise[:-16_384], noise[16_384:]).pvalue > 1e-3


@pytest.mark.parametrize(
    ("secret", "said"),
    [(None, "repeated requests with one recording average"), (bytes(32), "slightly changed copies of a recording")],
)
def test_it_says_what_averages_the_noise_out(secret: bytes | None, said: str) -> None:
    assert said in LaplaceNoise(secret=secret).leaks


def test_the_noise_comes_from_the_operating_system_unless_told_otherwise() -> None:
    assert inspect.signature(LaplaceNoise).parameters["random_bytes"].default is os.urandom
    waveform = np.zeros(100, np.float32)
    assert not np.array_equal(
        LaplaceNoise().anonymize(waveform, 16_000).waveform, LaplaceNoise().anonymize(waveform, 16_000).waveform
    )


def test_four_words_are_drawn_for_each_sample() -> None:
    asked: list[int] = []

    def source(count: int) -> bytes:
        asked.append(count)
        return bytes(count)

    LaplaceNoise(random_bytes=source).anonymize(np.zeros(20_000, np.float32), 16_000)
    assert sum(asked) == 20_000 * 4 * 8


@pytest.mark.parametrize("scale", [SCALE, 0.1, 1.0])
def test_the_guarantee_is_for_one_sample_and_2_over_the_scale(scale: float) -> None:
    guarantee = LaplaceNoise(scale=scale).guarantee
    assert isinstance(guarantee, Formal)
    assert guarantee.epsilon == pytest.approx(2 / scale)
    assert guarantee.delta == 0.0
    assert guarantee.unit.startswith("one sample")
    assert f"{scale:g}" in guarantee.mechanism


def test_the_claimed_epsilon_bounds_the_worst_ratio_of_densities() -> None:
    guarantee = LaplaceNoise().guarantee
    assert isinstance(guarantee, Formal)
    at = np.linspace(-3, 3, 2001)
    loss = stats.laplace(-1, SCALE).logpdf(at) - stats.laplace(1, SCALE).logpdf(at)
    assert np.abs(loss).max() == pytest.approx(guarantee.epsilon) == pytest.approx(32)


def test_it_says_what_the_bound_adds_up_to() -> None:
    leaks = LaplaceNoise().leaks
    assert "epsilon is 32 for a single sample" in leaks
    assert "512,000 for one second" in leaks
    assert "No word, person or event is protected" in leaks


def test_it_says_how_loud_the_noise_is() -> None:
    noise = seeded().anonymize(np.zeros(100_000, np.float32), 16_000).waveform
    said = re.search(r"standard deviation ([\d.]+)", LaplaceNoise().hides)
    assert said
    assert float(said[1]) == round(float(noise.std()), 2)


def test_what_it_says_of_its_loudness_holds_for_other_scales_too() -> None:
    assert "0.09" not in LaplaceNoise(scale=0.25).hides


@pytest.mark.parametrize("scale", [0.0, -0.1, float("nan")])
def test_noise_without_a_scale_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="the noise has a scale above 0"):
        LaplaceNoise(scale=scale)


def test_it_speaks_under_its_published_name() -> None:
    anonymizer: Anonymizer = LaplaceNoise()
    assert anonymizer.name == "dp_noise"


def test_ten_seconds_of_sound_take_well_under_a_second() -> None:
    waveform = np.zeros(160_000, np.float32)
    took = []
    for _ in range(3):
        started = time.perf_counter()
        LaplaceNoise().anonymize(waveform, 16_000)
        took.append(time.perf_counter() - started)
    assert min(took) < 0.5
