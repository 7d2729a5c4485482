# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers.base import Anonymizer, Nothing, Waveform
from anonymizers.reverse_splice import Pieces, ReverseSplice, cuts, render, shuffled_in_groups

RATE_HZ = 16_000
SECRET = bytes(range(32))


def noise(samples: int, seed: int = 1) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).normal(size=samples)).clip(-1, 1).astype(np.float32)


def ramp(samples: int) -> np.ndarray:
    """Sound whose every sample says where it was: float32, all different."""
    return np.linspace(-1, 1, samples, dtype=np.float32)


def came_from(answer: np.ndarray, samples: int) -> np.ndarray:
    return np.rint((answer.astype(np.float64) + 1) / 2 * (samples - 1)).astype(int)


def gate_of(*regions: tuple[int, int]) -> object:
    def gate(waveform: Waveform, sample_rate_hz: int) -> np.ndarray:
        assert sample_rate_hz == RATE_HZ
        mask = np.zeros(waveform.size, bool)
        for start, stop in regions:
            mask[start:stop] = True
        return mask

    return gate


def method(secret: bytes | None = SECRET, **parameters: object) -> ReverseSplice:
    return ReverseSplice(secret=secret, **parameters)  # type: ignore[arg-type]


@settings(deadline=None)
@given(samples=st.integers(1, 30_000), rate_hz=st.sampled_from([100, 8000, 16_000]), seed=st.integers(0, 99))
def test_float32_goes_in_and_as_much_comes_out_no_louder(samples: int, rate_hz: int, seed: int) -> None:
    waveform = np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)
    before = waveform.copy()
    found = method(None, random_bytes=np.random.default_rng(seed).bytes).anonymize(waveform, rate_hz).waveform
    assert (found.shape, found.dtype) == (waveform.shape, np.dtype(np.float32))
    assert np.abs(found).max() <= np.abs(waveform).max() * (1 + 1e-6)
    assert np.array_equal(waveform, before)


@settings(deadline=None)
@given(samples=st.integers(1, 30_000), seed=st.integers(0, 99))
def test_without_cross_fades_every_sample_is_there_once(samples: int, seed: int) -> None:
    waveform = ramp(samples)
    splice = method(None, fade_s=0.0, random_bytes=np.random.default_rng(seed).bytes)
    assert np.array_equal(np.sort(splice.anonymize(waveform, RATE_HZ).waveform), waveform)


def test_each_piece_is_reversed_and_as_long_as_it_may_be() -> None:
    samples = 10 * RATE_HZ
    source = came_from(method(fade_s=0.0).anonymize(ramp(samples), RATE_HZ).waveform, samples)
    steps = np.diff(source)
    joints = np.flatnonzero(steps != -1)
    lengths = np.diff(np.concatenate(([-1], joints, [samples - 1])))
    assert lengths.min() >= 1600
    assert lengths.max() <= 4000 + 4000  # two pieces may stay neighbours, and then read on
    assert 35 < len(lengths) < 100


def test_what_is_cross_faded_is_no_more_than_the_joints() -> None:
    samples = 10 * RATE_HZ
    hard = method(fade_s=0.0).anonymize(noise(samples), RATE_HZ).waveform
    soft = method().anonymize(noise(samples), RATE_HZ).waveform
    differ = np.flatnonzero(hard != soft)
    pieces = 1 + np.count_nonzero(np.diff(differ) > 1)
    assert differ.size <= pieces * 160 < 100 * 160
    assert np.mean(soft**2) == pytest.approx(np.mean(noise(samples) ** 2), rel=0.05)


def test_cross_fades_leave_no_clicks() -> None:
    waveform = (0.5 * np.sin(2 * np.pi * 100 * np.arange(5 * RATE_HZ) / RATE_HZ)).astype(np.float32)
    hard, soft = (method(fade_s=fade_s).anonymize(waveform, RATE_HZ).waveform for fade_s in (0.0, 0.01))
    steepest = 0.5 * 2 * np.pi * 100 / RATE_HZ
    assert np.abs(np.diff(hard)).max() > 3 * steepest
    assert np.abs(np.diff(soft)).max() < 2 * steepest


def test_a_tone_keeps_its_pitch() -> None:
    waveform = (0.5 * np.sin(2 * np.pi * 3100 * np.arange(4 * RATE_HZ) / RATE_HZ)).astype(np.float32)
    found = method().anonymize(waveform, RATE_HZ).waveform
    assert abs(np.argmax(np.abs(np.fft.rfft(found))) / 4 - 3100) < 10


def test_no_piece_leaves_its_group() -> None:
    samples = 10 * RATE_HZ
    for seed in range(20):
        found = method(bytes([seed]) * 16).anonymize(ramp(samples), RATE_HZ).waveform
        moved_s = np.abs(came_from(found, samples) - np.arange(samples)) / RATE_HZ
        assert moved_s.max() <= 2.0 + 2 * 0.25
        assert moved_s.mean() > 0.3


@given(
    samples=st.integers(0, 100_000), shortest=st.integers(1, 2000), more=st.integers(0, 3000), seed=st.integers(0, 99)
)
def test_cuts_are_between_the_shortest_and_the_longest(samples: int, shortest: int, more: int, seed: int) -> None:
    longest = 2 * shortest + more
    edges = cuts(samples, shortest, longest, np.random.default_rng(seed).bytes)
    assert (edges[0], edges[-1]) == (0, samples)
    lengths = np.diff(edges)
    if samples < shortest:
        assert lengths.tolist() == [samples]
    else:
        assert shortest <= lengths.min() <= lengths.max() <= longest


def test_cuts_are_spread_evenly_over_their_range() -> None:
    edges = cuts(10_000_000, 1600, 4000, np.random.default_rng(1).bytes)
    counts, _ = np.histogram(np.diff(edges)[:-2], 12, (1600, 4000))
    assert counts.min() > 0.8 * counts.mean()


def test_pieces_change_places_within_their_group_only() -> None:
    edges = np.arange(0, 161) * 2000
    source = np.random.default_rng(3).bytes
    orders = np.stack([shuffled_in_groups(edges, 32_000, source) for _ in range(400)])
    assert np.array_equal(np.sort(orders, axis=1), np.tile(np.arange(160), (400, 1)))
    assert np.array_equal(orders // 16, np.tile(np.arange(160) // 16, (400, 1)))
    counts = np.bincount(orders[:, 5], minlength=16)
    assert counts[:16].min() > 8  # 25 each on average
    assert counts[16:].sum() == 0


def test_a_sound_shorter_than_a_group_is_one() -> None:
    source = np.random.default_rng(3).bytes
    firsts = {int(shuffled_in_groups(np.arange(6) * 2000, 32_000, source)[0]) for _ in range(100)}
    assert firsts == {0, 1, 2, 3, 4}


def test_a_sound_too_short_to_cut_is_reversed() -> None:
    waveform = ramp(1000)
    assert np.array_equal(method().anonymize(waveform, RATE_HZ).waveform, waveform[::-1])


def test_rendering_turns_and_moves() -> None:
    waveform = np.arange(10, dtype=np.float32)
    pieces = Pieces(np.array([4, 0]), np.array([6, 4]), np.array([True, False]))
    assert render(waveform, pieces, 0).tolist() == [9, 8, 7, 6, 5, 4, 0, 1, 2, 3]


def test_a_cross_fade_goes_from_one_piece_to_the_next() -> None:
    waveform = np.repeat(np.array([0, 1], np.float32), 1000)
    halves_changed = Pieces(np.array([1000, 0]), np.array([1000, 1000]), np.array([False, False]))
    found = render(waveform, halves_changed, 80)
    assert (found[:920] == 1).all()
    assert (found[1080:] == 0).all()
    assert (np.diff(found[920:1080]) < 0).all()
    assert found[999] + found[1000] == pytest.approx(1)


def test_outside_of_the_gate_nothing_changes_and_inside_all_does() -> None:
    waveform = noise(6 * RATE_HZ)
    regions = ((20_000, 50_000), (60_000, 61_000))
    found = method(gate=gate_of(*regions)).anonymize(waveform, RATE_HZ).waveform
    changed = found != waveform
    inside = np.zeros(waveform.size, bool)
    for start, stop in regions:
        inside[start:stop] = True
    at_edges = np.zeros(waveform.size, bool)
    for edge in np.ravel(regions):
        at_edges[edge - 80 : edge + 80] = True
    assert not changed[~inside & ~at_edges].any()
    assert changed[inside].mean() > 0.98
    assert np.array_equal(found[60_080:60_920], waveform[60_080:60_920][::-1])


def test_a_gate_that_finds_nothing_changes_nothing_and_says_so() -> None:
    waveform = noise(RATE_HZ)
    found = method(gate=gate_of()).anonymize(waveform, RATE_HZ)
    assert np.array_equal(found.waveform, waveform)
    assert found.warnings == ("reverse_splice changed nothing: its gate found no speech",)


def test_a_gate_over_everything_is_like_none() -> None:
    waveform = noise(5 * RATE_HZ)
    whole = method(gate=gate_of((0, waveform.size))).anonymize(waveform, RATE_HZ).waveform
    assert np.array_equal(whole, method().anonymize(waveform, RATE_HZ).waveform)


@settings(deadline=None, max_examples=50)
@given(samples=st.integers(1, 5000), seed=st.integers(0, 99), often=st.floats(0, 1))
def test_a_gate_that_flickers_does_no_harm(samples: int, seed: int, often: float) -> None:
    waveform = noise(samples)
    mask = np.random.default_rng(seed).random(samples) < often
    found = method(gate=lambda _waveform, _rate_hz: mask).anonymize(waveform, RATE_HZ).waveform
    assert found.shape == waveform.shape
    assert np.abs(found).max() <= np.abs(waveform).max() * (1 + 1e-6)


@pytest.mark.parametrize("mask", [np.ones(10, bool), np.ones(100, np.float32), np.ones((100, 1), bool)])
def test_a_gate_that_answers_in_another_form_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"a gate gives bool of shape \(100,\), found"):
        method(gate=lambda _waveform, _rate_hz: mask).anonymize(noise(100), RATE_HZ)


def test_the_same_clip_gets_the_same_answer_and_other_secrets_and_clips_others() -> None:
    waveform = noise(4 * RATE_HZ)
    other = waveform.copy()
    other[0] = np.nextafter(other[0], np.float32(2))
    first = method().anonymize(waveform, RATE_HZ).waveform
    assert np.array_equal(first, method().anonymize(waveform.copy(), RATE_HZ).waveform)
    for found in (method(bytes(32)).anonymize(waveform, RATE_HZ), method().anonymize(other, RATE_HZ)):
        assert np.mean(np.abs(found.waveform - first) > 1e-3) > 0.5


def test_without_a_secret_each_call_draws_anew() -> None:
    waveform, splice = noise(4 * RATE_HZ), ReverseSplice()
    assert not np.array_equal(
        splice.anonymize(waveform, RATE_HZ).waveform, splice.anonymize(waveform, RATE_HZ).waveform
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"shortest_s": 0.01}, "shortest piece: 0.05 to 0.25 s, found 0.01"),
        ({"shortest_s": 0.2}, "longest piece: 0.4 to 0.5 s, found 0.25"),
        ({"longest_s": 0.6}, "longest piece: 0.2 to 0.5 s, found 0.6"),
        ({"group_s": 0.1}, "group of pieces: 0.5 to 10 s, found 0.1"),
        ({"fade_s": -0.01}, "cross-fade: 0 to 0.05 s, found -0.01"),
        ({"fade_s": float("nan")}, "cross-fade: 0 to 0.05 s, found nan"),
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        method(None, **parameters)


def test_it_claims_no_more_than_is_measured_and_says_whether_it_has_a_gate() -> None:
    anonymizer: Anonymizer = ReverseSplice()
    assert (anonymizer.name, anonymizer.keeps_time) == ("reverse_splice", False)
    assert anonymizer.guarantee == Nothing()
    assert "all sound" in anonymizer.hides
    gated = method(gate=gate_of())
    assert "what its gate takes for speech" in gated.hides
    assert "speech that the gate misses" in gated.leaks
