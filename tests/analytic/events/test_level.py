# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.audio.clip import to_seconds
from analytic.events.level import (
    BLOCK_S,
    BLOCK_SAMPLES,
    BLOCKS_A_SECOND,
    Background,
    Levels,
    Samples,
    attack_near,
    measure,
    nothing,
    push,
    to_dbfs,
)

TIMES = np.arange(BLOCK_SAMPLES) / BLOCK_SAMPLES


def tone(cycles: float, amplitude: float, blocks: int = 1) -> Samples:
    """A sine with so many cycles a block."""
    times = np.arange(blocks * BLOCK_SAMPLES) / BLOCK_SAMPLES
    return (amplitude * np.sin(2 * np.pi * cycles * times + 0.1)).astype(np.float32)


def noise(seed: int, size: int) -> Samples:
    return np.random.default_rng(seed).uniform(-0.9, 0.9, size).astype(np.float32)


def in_one_piece(levels: list[Levels]) -> list[list[float]]:
    tracks = ("rms_dbfs", "peak_dbfs", "clipped", "constant")
    return [np.concatenate([getattr(piece, track) for piece in levels]).tolist() for track in tracks]


def test_a_block_lasts_as_long_as_it_says() -> None:
    assert to_seconds(BLOCK_SAMPLES) == BLOCK_S
    assert pytest.approx(1) == BLOCKS_A_SECOND * BLOCK_S


def test_a_full_scale_sine_is_3_db_below_full_scale_and_a_square_wave_is_at_it() -> None:
    assert measure(tone(20, 1.0)).rms_dbfs == pytest.approx([-3.01], abs=0.01)
    assert measure(np.sign(tone(20, 1.0))).rms_dbfs == pytest.approx([0])


def test_the_peak_is_the_highest_absolute_sample() -> None:
    waveform = np.zeros(BLOCK_SAMPLES, np.float32)
    waveform[7] = -0.5
    assert measure(waveform).peak_dbfs == pytest.approx([-6.02], abs=0.01)


def test_a_constant_offset_is_no_sound() -> None:
    offset = measure(np.full(BLOCK_SAMPLES, 0.1, np.float32))
    assert offset.rms_dbfs.tolist() == [-120]
    assert measure(tone(20, 0.1) + np.float32(0.1)).rms_dbfs == pytest.approx(measure(tone(20, 0.1)).rms_dbfs, abs=1e-3)


def test_silence_is_at_the_floor_and_does_not_move() -> None:
    silence = measure(np.zeros(2 * BLOCK_SAMPLES, np.float32))
    assert (silence.rms_dbfs.tolist(), silence.peak_dbfs.tolist()) == ([-120, -120], [-120, -120])
    assert (silence.constant.tolist(), silence.clipped.tolist()) == ([800, 800], [0, 0])


def test_what_is_below_the_floor_is_at_the_floor() -> None:
    assert to_dbfs([0, 1e-9, 1e-6, 1]).tolist() == [-120, -120, -120, 0]


def test_three_neighbours_at_full_scale_are_clipped_and_two_are_not() -> None:
    waveform = tone(20, 0.1, blocks=3)
    waveform[100:102] = 1
    waveform[BLOCK_SAMPLES + 100 : BLOCK_SAMPLES + 103] = -0.9995
    waveform[2 * BLOCK_SAMPLES + 100 : 2 * BLOCK_SAMPLES + 107] = [1, 1, 1, -1, -1, -1, -1]
    assert measure(waveform).clipped.tolist() == [0, 3, 7]


def test_a_plateau_below_full_scale_is_clipped() -> None:
    (clipped,) = measure(np.clip(tone(5, 0.9), -0.5, 0.7)).clipped
    assert clipped == sum((tone(5, 0.9) >= np.float32(0.7)) | (tone(5, 0.9) <= np.float32(-0.5)))


def test_a_clean_tone_of_16_bits_is_not_clipped_however_loud() -> None:
    for cycles in (2.5, 5, 50, 200):
        of_16_bits = (np.round(tone(cycles, 0.99) * 32768) / 32768).astype(np.float32)
        assert measure(of_16_bits).clipped.tolist() == [0]


def test_quiet_sound_in_few_bits_has_no_plateau() -> None:
    assert measure(np.round(tone(5, 3)) / np.float32(128)).clipped.tolist() == [0]


def test_a_constant_at_full_scale_is_clipped_and_one_below_is_not() -> None:
    assert measure(np.ones(BLOCK_SAMPLES, np.float32)).clipped.tolist() == [800]
    assert measure(np.full(BLOCK_SAMPLES, 0.5, np.float32)).clipped.tolist() == [0]


def test_runs_of_equal_samples_are_counted_from_three_on() -> None:
    waveform = noise(1, BLOCK_SAMPLES)
    waveform[10:12], waveform[20:25] = 0.5, 0.25
    assert measure(waveform).constant.tolist() == [5]


def test_an_unfinished_block_is_not_measured_but_kept() -> None:
    left, levels = push(nothing(), noise(1, BLOCK_SAMPLES + 30))
    assert (left.size, len(levels), len(measure(noise(1, 799)))) == (30, 1, 0)


def test_sound_of_more_than_a_minute_is_measured_block_by_block_too() -> None:
    waveform = noise(4, 1203 * BLOCK_SAMPLES)
    end = measure(waveform[1198 * BLOCK_SAMPLES :])
    assert in_one_piece([measure(waveform)])[0][1198:] == end.rms_dbfs.tolist()


def test_what_is_kept_does_not_change_with_the_caller_s_buffer() -> None:
    buffer = np.full(10, 0.5, np.float32)
    left, _ = push(nothing(), buffer)
    buffer[:] = 0
    assert left.tolist() == [0.5] * 10
    with pytest.raises(ValueError, match="read-only"):
        left[0] = 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9), st.lists(st.integers(0, 1700), max_size=8), st.sampled_from([1.0, 1.5]))
def test_a_stream_in_pieces_of_any_size_has_the_same_blocks(seed: int, sizes: list[int], gain: float) -> None:
    waveform = np.clip(gain * noise(seed, sum(sizes)), -1, 1)
    left, found = nothing(), [measure(nothing())]
    for piece in np.split(waveform, np.cumsum(sizes)):
        left, levels = push(left, piece)
        found.append(levels)
    assert in_one_piece(found) == in_one_piece([measure(waveform)])
    assert left.tolist() == waveform[waveform.size - waveform.size % BLOCK_SAMPLES :].tolist()


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, BLOCK_SAMPLES])
def test_a_waveform_that_is_not_finite_is_refused(wrong: float, place: int) -> None:
    waveform = noise(1, BLOCK_SAMPLES + 1)
    waveform[place] = wrong
    with pytest.raises(ValueError, match="finite"):
        push(nothing(), waveform)


def test_two_channels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(n,\); found \(5, 2\)"):
        push(nothing(), np.zeros((5, 2), np.float32))


def background_after(levels: list[float], warmup_s: int = 1) -> Background:
    background = Background()
    for level in levels:
        background = background.heard(level, window_s=10, percentile=30, warmup_s=warmup_s)
    return background


def test_there_is_no_background_before_the_warmup() -> None:
    assert background_after([-50.0] * 39, warmup_s=2).dbfs is None
    assert background_after([-50.0] * 40, warmup_s=2).dbfs == -50


def test_less_than_half_of_each_second_leaves_no_trace() -> None:
    assert background_after(([-50.0] * 11 + [-10.0] * 9) * 10).dbfs == -50


def test_the_background_rises_when_seven_tenths_are_loud_and_falls_when_three_tenths_are_quiet() -> None:
    def mixed(before: float, after: float, seconds: int) -> float | None:
        return background_after([before] * 200 + [after] * 20 * seconds).dbfs

    assert [mixed(-50, -30, seconds) for seconds in (7, 8)] == [-50, -30]
    assert [mixed(-30, -50, seconds) for seconds in (2, 3)] == [-30, -50]


def test_the_background_is_bounded_and_survives_json() -> None:
    background = background_after([-50.0 + index % 7 for index in range(2005)])
    assert (len(background.history), len(background.second)) == (10, 5)
    assert Background.from_json(json.loads(json.dumps(asdict(background)))) == background


def track(*levels: float) -> Samples:
    return np.array(levels, np.float32)


def test_the_steepest_rise_begins_where_the_loud_block_begins() -> None:
    levels = track(-50, -50, -45, -45, -20, -21, -22, -50, -49)
    assert attack_near(levels, 0, 0.45) == pytest.approx(0.2)
    assert attack_near(levels, 7, 7.45, track_start_s=7) == pytest.approx(7.2)


def test_a_block_that_is_loud_for_its_last_fifth_tells_when_the_sound_began() -> None:
    waveform = tone(40, 0.001, blocks=6)
    waveform[2 * BLOCK_SAMPLES + 640 :] += tone(40, 0.5, blocks=4)[640:]
    assert attack_near(measure(waveform).rms_dbfs, 0, 0.3) == pytest.approx(0.14, abs=0.002)


def test_only_the_span_counts() -> None:
    levels = track(-50, -20, -50, -50, -40, -40)
    assert attack_near(levels, 0.15, 0.3) == pytest.approx(0.2)


def test_nothing_rises_by_6_db() -> None:
    assert attack_near(track(-50, -48, -46, -44.5, -43), 0, 0.25) is None
    assert attack_near(track(-20, -40, -60), 0, 0.15) is None


def test_a_microphone_that_is_switched_on_is_no_attack() -> None:
    assert attack_near(track(-120, -120, -76, -76), 0, 0.2) is None


@pytest.mark.parametrize(("start_s", "stop_s"), [(0, 0), (0.1, 0.1), (5, 6), (-3, -1), (0.05, 0.1), (0.1, 0.05)])
def test_a_span_with_fewer_than_two_blocks_has_no_attack(start_s: float, stop_s: float) -> None:
    assert attack_near(track(-50, -20, -50), start_s, stop_s) is None


@given(st.lists(st.floats(-120, 0), max_size=20), st.floats(-1, 2), st.floats(-1, 2))
def test_an_attack_lies_within_the_span(levels: list[float], start_s: float, stop_s: float) -> None:
    found = attack_near(np.array(levels), start_s, stop_s)
    assert found is None or start_s <= found <= stop_s
