# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import inspect
import itertools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from anonymizers.base import Anonymizer, Empirical
from anonymizers.scramble import SegmentShuffle, below, shuffled

RATE_HZ = 16_000


def ramp(samples: int) -> np.ndarray:
    """Sound whose every sample says where it was: float32, all different."""
    return np.linspace(-1, 1, samples, dtype=np.float32)


class Dealt:
    """Hands out the bytes that it was given, and refuses to make up more."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)

    def __call__(self, count: int) -> bytes:
        piece = next(self._pieces)
        assert len(piece) == count
        return piece


def cut(waveform: np.ndarray, samples: int) -> list[bytes]:
    return [waveform[start : start + samples].tobytes() for start in range(0, waveform.size, samples)]


def test_the_segments_are_all_there_and_each_is_left_as_it_was() -> None:
    waveform = ramp(8 * RATE_HZ)
    answer = SegmentShuffle(random_bytes=np.random.default_rng(1).bytes).anonymize(waveform, RATE_HZ)
    assert Counter(cut(answer.waveform, RATE_HZ)) == Counter(cut(waveform, RATE_HZ))
    assert not np.array_equal(answer.waveform, waveform)
    assert answer.warnings == ()


@given(samples=st.integers(1, 700), segment=st.integers(1, 100), seed=st.integers(0, 99))
def test_the_answer_has_the_same_samples_as_many_and_of_the_same_form(samples: int, segment: int, seed: int) -> None:
    waveform = ramp(samples)
    shuffle = SegmentShuffle("x", segment / 100, np.random.default_rng(seed).bytes)
    answer = shuffle.anonymize(waveform, 100).waveform
    assert (answer.shape, answer.dtype) == (waveform.shape, np.dtype(np.float32))
    assert np.array_equal(np.sort(answer), waveform)
    edges = np.flatnonzero(np.diff(np.searchsorted(waveform, answer)) != 1)
    assert len(edges) < -(-samples // segment)


def test_a_short_last_segment_moves_as_a_whole() -> None:
    waveform = ramp(2 * RATE_HZ + 100)
    answer = SegmentShuffle(random_bytes=Dealt(b"\x00", b"\xff")).anonymize(waveform, RATE_HZ).waveform
    # Algorithm P over three: the last changes places with segment 0, then segment 1 stays.
    assert np.array_equal(answer, np.concatenate([waveform[-100:], waveform[RATE_HZ:-100], waveform[:RATE_HZ]]))


def test_what_goes_in_is_not_written_to() -> None:
    waveform = ramp(5 * RATE_HZ)
    before = waveform.copy()
    SegmentShuffle(random_bytes=np.random.default_rng(1).bytes).anonymize(waveform, RATE_HZ)
    assert np.array_equal(waveform, before)


def test_a_single_segment_is_given_back_with_a_warning() -> None:
    waveform = ramp(RATE_HZ)
    answer = SegmentShuffle("scramble", random_bytes=Dealt()).anonymize(waveform, RATE_HZ)
    assert np.array_equal(answer.waveform, waveform)
    assert answer.warnings == ("scramble changed nothing: 1.00 s of sound is a single segment of 1 s",)


def test_one_sample_more_than_a_segment_makes_two_and_no_warning() -> None:
    answer = SegmentShuffle(random_bytes=Dealt(b"\x00")).anonymize(ramp(RATE_HZ + 1), RATE_HZ)
    assert answer.warnings == ()
    assert answer.waveform[0] == 1.0


def test_the_same_bytes_give_the_same_order_and_others_another() -> None:
    waveform = ramp(10 * RATE_HZ)

    def answer(seed: int) -> bytes:
        shuffle = SegmentShuffle(random_bytes=np.random.default_rng(seed).bytes)
        return shuffle.anonymize(waveform, RATE_HZ).waveform.tobytes()

    assert answer(1) == answer(1)
    assert len({answer(seed) for seed in range(10)}) == 10


def test_each_call_draws_an_order_of_its_own() -> None:
    shuffle = SegmentShuffle(random_bytes=np.random.default_rng(1).bytes)
    waveform = ramp(10 * RATE_HZ)
    answers = {shuffle.anonymize(waveform, RATE_HZ).waveform.tobytes() for _ in range(10)}
    assert len(answers) == 10


def test_with_a_secret_the_same_clip_gets_the_same_order() -> None:
    waveform = ramp(10 * RATE_HZ)
    first = SegmentShuffle(secret=bytes(32)).anonymize(waveform, RATE_HZ).waveform
    shuffle = SegmentShuffle(random_bytes=Dealt(), secret=bytes(32))
    for _ in range(3):
        assert np.array_equal(shuffle.anonymize(waveform.copy(), RATE_HZ).waveform, first)


def test_orders_hang_on_the_secret_and_the_clip() -> None:
    waveform = ramp(10 * RATE_HZ)

    def order(secret: int, level: float) -> tuple[int, ...]:
        sound = (waveform * level).astype(np.float32)
        answer = SegmentShuffle(secret=bytes([secret]) * 32).anonymize(sound, RATE_HZ).waveform
        return tuple(np.rint((answer[::RATE_HZ] / level + 1) * 5).astype(int))

    assert len({order(secret, 1.0) for secret in range(10)}) == 10
    assert len({order(0, level) for level in np.linspace(0.5, 1, 10)}) == 10


def test_with_a_secret_all_orders_of_three_are_equally_likely_over_clips() -> None:
    shuffle = SegmentShuffle(segment_s=0.01, secret=bytes(32))
    drawn = Counter(
        tuple(np.argsort(shuffle.anonymize(np.array([1, 2, 3 + number], np.float32), 100).waveform).tolist())
        for number in range(3000)
    )
    assert stats.chisquare(list(drawn.values())).pvalue > 1e-3
    assert len(drawn) == 6


def test_the_order_comes_from_the_operating_system_unless_told_otherwise() -> None:
    assert inspect.signature(SegmentShuffle).parameters["random_bytes"].default is os.urandom


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 10, 128, 129, 200, 255, 256])
def test_each_number_below_a_limit_is_drawn_by_as_many_bytes(limit: int) -> None:
    hits: Counter[int] = Counter()
    for byte in range(256):
        try:
            hits[below(limit, Dealt(bytes([byte])))] += 1
        except StopIteration:  # this byte is drawn again
            hits[-1] += 1
    refused = hits.pop(-1, 0)
    assert sorted(hits) == list(range(limit))
    assert set(hits.values()) == {(256 - refused) // limit}
    assert refused < 128


@pytest.mark.parametrize("limit", [257, 600, 1000, 40_000])
def test_each_number_below_a_large_limit_is_drawn_by_as_many_pairs_of_bytes(limit: int) -> None:
    hits: Counter[int] = Counter()
    for word in range(1 << 16):
        try:
            hits[below(limit, Dealt(word.to_bytes(2, "little")))] += 1
        except StopIteration:
            hits[-1] += 1
    hits.pop(-1, 0)
    assert sorted(hits) == list(range(limit))
    assert len(set(hits.values())) == 1


def test_what_does_not_fit_is_drawn_again() -> None:
    assert below(3, Dealt(b"\xff", b"\xc0", b"\x40")) == 1


@pytest.mark.parametrize("limit", [2, 3, 6, 7, 100])
def test_numbers_below_a_limit_are_uniform(limit: int) -> None:
    source = np.random.default_rng(limit).bytes
    drawn = np.bincount([below(limit, source) for _ in range(100 * limit)], minlength=limit)
    assert len(drawn) == limit
    assert stats.chisquare(drawn).pvalue > 1e-3


def test_all_orders_are_equally_likely() -> None:
    source = np.random.default_rng(4).bytes
    drawn = Counter(tuple(shuffled(4, source)) for _ in range(12_000))
    orders = list(itertools.permutations(range(4)))
    assert set(drawn) == set(orders)
    assert stats.chisquare([drawn[order] for order in orders]).pvalue > 1e-3


@pytest.mark.parametrize("count", [0, 1])
def test_an_order_of_one_or_none_needs_no_randomness(count: int) -> None:
    assert shuffled(count, Dealt()) == list(range(count))


@pytest.mark.parametrize("segment_s", [0.0, -1.0, float("nan")])
def test_a_segment_without_length_is_refused(segment_s: float) -> None:
    with pytest.raises(ValueError, match="a segment has more than 0 s"):
        SegmentShuffle(segment_s=segment_s)


def test_a_segment_shorter_than_a_sample_is_one_sample() -> None:
    waveform = ramp(50)
    answer = SegmentShuffle(segment_s=1e-9, random_bytes=np.random.default_rng(3).bytes).anonymize(waveform, 8_000)
    assert np.array_equal(np.sort(answer.waveform), waveform)


@pytest.mark.parametrize("name", ["scrample", "scramble"])
def test_it_speaks_under_the_name_it_was_asked_by(name: str) -> None:
    anonymizer: Anonymizer = SegmentShuffle(name)
    assert anonymizer.name == name


def test_it_claims_no_more_than_was_measured() -> None:
    guarantee = SegmentShuffle().guarantee
    assert isinstance(guarantee, Empirical)
    assert "no encryption and no anonymity" in SegmentShuffle().leaks
    assert "differential" not in (SegmentShuffle().leaks + SegmentShuffle().hides).lower()


def test_the_benchmark_that_it_names_lies_in_the_repository() -> None:
    guarantee = SegmentShuffle().guarantee
    assert isinstance(guarantee, Empirical)
    assert (Path(__file__).parents[2] / guarantee.evidence).is_file()


def test_what_it_says_of_its_segments_holds_for_other_lengths_too() -> None:
    assert "one-second" not in SegmentShuffle(segment_s=0.25).hides
