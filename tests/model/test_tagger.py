# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.errors import BadWaveform
from model.tagger import HOP_SAMPLES, SAMPLE_RATE_HZ, WINDOW_SAMPLES, Window, check_waveform, plan_windows, pool, top

counts = st.integers(1, 5_000)
probabilities = st.floats(0, 1, width=32)


def test_windows_are_10_s_every_5_s_at_16_khz() -> None:
    assert (WINDOW_SAMPLES, HOP_SAMPLES) == (10 * SAMPLE_RATE_HZ, 5 * SAMPLE_RATE_HZ) == (160_000, 80_000)


@given(samples=counts, length=counts, hop=counts)
def test_the_first_window_starts_at_0_and_the_last_ends_at_the_end(samples: int, length: int, hop: int) -> None:
    windows = plan_windows(samples, length, hop)
    assert windows[0].start == 0
    assert windows[-1].stop == samples


@given(samples=counts, length=counts, hop=counts)
def test_all_windows_have_the_asked_length_or_that_of_a_shorter_clip(samples: int, length: int, hop: int) -> None:
    assert {stop - start for start, stop in plan_windows(samples, length, hop)} == {min(length, samples)}


@given(samples=counts, length=counts, hop=counts)
def test_windows_follow_each_other_by_the_hop_and_the_last_by_no_more(samples: int, length: int, hop: int) -> None:
    starts = [window.start for window in plan_windows(samples, length, hop)]
    steps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert all(step == hop for step in steps[:-1])
    assert all(0 < step <= hop for step in steps[-1:])


@given(samples=counts, length=counts, data=st.data())
def test_windows_cover_every_sample_where_the_hop_is_no_longer_than_they_are(
    samples: int, length: int, data: st.DataObject
) -> None:
    hop = data.draw(st.integers(1, length))
    covered = np.zeros(samples, bool)
    for start, stop in plan_windows(samples, length, hop):
        covered[start:stop] = True
    assert covered.all()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.1, [0]),
        (10, [0]),
        (10.1, [0, 0.1]),
        (15, [0, 5]),
        (17, [0, 5, 7]),
        (20, [0, 5, 10]),
        (60, [*range(0, 51, 5)]),
    ],
)
def test_clips_are_cut_as_decided(seconds: float, expected: list[float]) -> None:
    windows = plan_windows(round(seconds * 16_000))
    assert [window.start for window in windows] == [round(start * 16_000) for start in expected]


def test_a_window_is_a_start_and_a_stop() -> None:
    assert plan_windows(7, 4, 2) == (Window(0, 4), Window(2, 6), Window(3, 7))


@given(arrays(np.float32, st.tuples(st.integers(1, 6), st.just(9)), elements=probabilities))
def test_a_clips_score_is_the_highest_of_its_windows(scores: np.ndarray) -> None:
    pooled = pool(scores)
    assert pooled.dtype == np.float32
    assert pooled.tolist() == [max(column) for column in zip(*scores.tolist(), strict=True)]


@given(
    arrays(np.float32, st.integers(1, 40), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]) | probabilities),
    st.integers(1, 50),
)
def test_the_top_are_the_highest_first_and_ties_come_by_index(scores: np.ndarray, count: int) -> None:
    ranked = sorted(range(len(scores)), key=lambda index: (-float(scores[index]), index))
    assert top(scores, count) == ranked[:count]


def test_the_top_are_five_unless_told_otherwise() -> None:
    assert top(np.linspace(0, 1, 527, dtype=np.float32)) == [526, 525, 524, 523, 522]


@pytest.mark.parametrize(
    "good",
    [
        np.zeros(1, np.float32),
        np.array([-1.0, 1.0], np.float32),
        np.linspace(-1, 1, 99, dtype=np.float32)[::-2],
    ],
)
def test_a_waveform_of_the_contract_passes(good: np.ndarray) -> None:
    before = good.copy()
    check_waveform(good)
    assert np.array_equal(good, before)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: np.zeros(4, np.float64), "a waveform is a float32 array, found float64"),
        (lambda: np.zeros(4, np.int16), "a waveform is a float32 array, found int16"),
        (lambda: np.zeros(4, ">f4"), "a waveform is a float32 array, found >f4"),
        (lambda: [0.0, 0.5], "a waveform is a float32 array, found list"),
        (lambda: None, "a waveform is a float32 array, found NoneType"),
        (lambda: np.zeros((4, 2), np.float32), r"a waveform has shape \(n,\) with n >= 1, found \(4, 2\)"),
        (lambda: np.zeros((), np.float32), r"a waveform has shape \(n,\) with n >= 1, found \(\)"),
        (lambda: np.zeros(0, np.float32), r"a waveform has shape \(n,\) with n >= 1, found \(0,\)"),
        (lambda: np.array([0, np.nan, 0], np.float32), r"a waveform is finite and within -1\.\.1, found nan\.\.nan"),
        (lambda: np.array([0, np.inf], np.float32), r"a waveform is finite and within -1\.\.1, found 0\.\.inf"),
        (lambda: np.array([-np.inf, 0], np.float32), r"a waveform is finite and within -1\.\.1, found -inf\.\.0"),
        (lambda: np.array([0.5, 1.5], np.float32), r"a waveform is finite and within -1\.\.1, found 0\.5\.\.1\.5"),
        (lambda: np.array([-1.001], np.float32), r"a waveform is finite and within -1\.\.1, found -1\.001"),
    ],
)
def test_a_waveform_that_breaks_the_contract_is_refused_by_name(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(BadWaveform, match=sentence):
        check_waveform(make())


def test_a_refused_waveform_is_a_value_error_too() -> None:
    with pytest.raises(ValueError, match="shape"):
        check_waveform(np.zeros((1, 1), np.float32))
