# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import peak_prominences

from analytic.events.level import BLOCK_S
from analytic.events.surges import Surge, SurgeSettings, SurgeStart, SurgeState, find_surges, finish, step

Track = NDArray[np.float64]
QUIET_DBFS = -60.0


def seconds(level_dbfs: float, length_s: float) -> list[float]:
    return [level_dbfs] * round(length_s * 20)


def track(*pieces: list[float]) -> Track:
    return np.array([level for piece in pieces for level in piece])


def one_surge(*pieces: list[float]) -> Surge:
    (surge,) = find_surges(track(*pieces))
    return surge


def test_a_bang_in_a_quiet_room_is_a_surge() -> None:
    decay = [-20.0, -18.0, -30.0, -40.0, -50.0, -58.0]
    surge = one_surge(seconds(QUIET_DBFS, 5), decay, seconds(QUIET_DBFS, 2))
    assert (surge.onset_s, surge.offset_s) == pytest.approx((5, 5.25)), "-58 is below half the threshold"
    assert (surge.peak_s, surge.attack_s) == pytest.approx((5.075, 0.05))
    assert (surge.peak_dbfs, surge.background_dbfs, surge.prominence_db) == (-18, QUIET_DBFS, 42)


def test_times_count_from_the_start_of_the_track() -> None:
    levels = track(seconds(QUIET_DBFS, 3), seconds(-20, 1), seconds(QUIET_DBFS, 1))
    assert find_surges(levels, start_s=100.0)[0].onset_s == pytest.approx(103)


def test_a_rise_by_the_threshold_is_a_surge_and_a_smaller_one_is_none() -> None:
    assert one_surge(seconds(-50, 3), seconds(-38, 1), seconds(-50, 1)).peak_dbfs == -38
    assert find_surges(track(seconds(-50, 3), seconds(-38.1, 1), seconds(-50, 1))) == []


def test_what_stands_out_but_is_quiet_in_itself_is_none() -> None:
    assert find_surges(track(seconds(-90, 3), seconds(-51, 1), seconds(-90, 1))) == []


def test_a_slow_rise_is_no_surge_and_a_quick_one_tells_how_long_it_took() -> None:
    slowly, quickly = np.arange(-60, -20, 1.0).tolist(), np.arange(-60, -20, 2.0).tolist()
    assert find_surges(track(seconds(QUIET_DBFS, 3), slowly, seconds(-20, 1))) == []
    surge = one_surge(seconds(QUIET_DBFS, 3), quickly, seconds(-20, 1), seconds(QUIET_DBFS, 1))
    assert surge.attack_s == pytest.approx(0.3)


def test_a_click_is_too_short() -> None:
    assert find_surges(track(seconds(QUIET_DBFS, 3), [-20.0], seconds(QUIET_DBFS, 1))) == []
    assert len(find_surges(track(seconds(QUIET_DBFS, 3), [-20.0, -20.0], seconds(QUIET_DBFS, 1)))) == 1


def test_a_level_between_half_the_threshold_and_the_threshold_keeps_a_surge_open() -> None:
    surge = one_surge(seconds(QUIET_DBFS, 3), seconds(-30, 0.2), seconds(-54, 2), seconds(-54.1, 2))
    assert surge.offset_s == pytest.approx(5.2)


def test_what_comes_back_before_the_release_is_the_same_surge_and_after_it_another() -> None:
    def bangs(apart_s: float) -> list[Surge]:
        bang = seconds(-20, 0.2)
        return find_surges(
            track(seconds(QUIET_DBFS, 3), bang, seconds(QUIET_DBFS, apart_s), bang, seconds(QUIET_DBFS, 1))
        )

    assert [len(bangs(apart_s)) for apart_s in (1.45, 1.5)] == [1, 2]


def test_a_fan_that_is_switched_on_is_one_surge_cut_at_its_longest_and_then_background() -> None:
    fan = seconds(-35, 32)
    bang = seconds(-20, 0.3)
    levels = track(seconds(QUIET_DBFS, 60), fan, bang, seconds(-35, 2))
    switched_on, over_the_fan = find_surges(levels)
    assert (switched_on.onset_s, switched_on.offset_s) == pytest.approx((60, 90))
    assert switched_on.prominence_db == 0, "it never fell"
    assert (over_the_fan.onset_s, over_the_fan.background_dbfs) == pytest.approx((92, -35))


def test_a_long_surge_does_not_raise_the_background_of_the_next() -> None:
    surges = find_surges(
        track(seconds(QUIET_DBFS, 40), seconds(-20, 20), seconds(QUIET_DBFS, 2), seconds(-20, 1), seconds(-60, 1))
    )
    assert [surge.background_dbfs for surge in surges] == [QUIET_DBFS, QUIET_DBFS]


def test_steady_noise_has_no_surges() -> None:
    levels = np.random.default_rng(3).normal(-45, 2.5, 20 * 120)
    assert find_surges(levels) == []


def test_nothing_is_known_before_the_warmup() -> None:
    levels = track(seconds(QUIET_DBFS, 1.5), seconds(-20, 0.3), seconds(QUIET_DBFS, 1))
    assert find_surges(levels) == []
    assert find_surges(np.empty(0)) == []


def test_a_start_is_told_before_its_end_is_known() -> None:
    state, changes = step(SurgeState(), track(seconds(QUIET_DBFS, 3), seconds(-20, 0.05)))
    assert changes == ()
    state, changes = step(state, track(seconds(-20, 0.05)))
    assert changes == (SurgeStart(60 * BLOCK_S, QUIET_DBFS),)
    state, changes = step(state, track(seconds(QUIET_DBFS, 1.5)))
    assert [type(change) for change in changes] == [Surge]
    assert finish(state) is None


def test_the_end_of_the_sound_ends_an_open_surge() -> None:
    assert one_surge(seconds(QUIET_DBFS, 3), seconds(-20, 1), seconds(QUIET_DBFS, 0.2)).offset_s == pytest.approx(4)
    assert find_surges(track(seconds(QUIET_DBFS, 3), [-20.0])) == []


def test_the_prominence_is_the_one_that_scipy_finds() -> None:
    levels = track(seconds(-50, 3), [-52.0, -30.0, -25.0, -60.0, -20.0, -41.0, -25.0, -58.0], seconds(-47, 1))
    (surge,) = find_surges(levels)
    (prominence,), *_ = peak_prominences(levels, [int(levels.argmax())])
    assert surge.prominence_db == prominence == 38


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold_db": 0},
        {"threshold_db": math.nan},
        {"attack_s": 0.01},
        {"attack_s": 30},
        {"release_s": 0},
        {"shortest_s": math.inf},
        {"percentile": 101},
        {"warmup_s": 0},
        {"warmup_s": 41},
    ],
)
def test_a_setting_that_makes_no_sense_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SurgeSettings(**wrong)


@pytest.mark.parametrize("levels", [np.zeros((2, 2)), np.array([math.nan]), np.array([-math.inf])])
def test_levels_of_another_shape_or_not_finite_are_refused(levels: Track) -> None:
    with pytest.raises(ValueError, match="finite"):
        step(SurgeState(), levels)


def test_the_state_is_bounded() -> None:
    levels = np.random.default_rng(5).choice([-60.0, -20.0], 4000)
    state, _ = step(SurgeState(), levels)
    assert len(json.dumps(state.to_json())) < 1500


PIECES = st.lists(
    st.tuples(st.sampled_from([-80.0, -60.0, -52.0, -45.0, -30.0, -10.0]), st.integers(1, 30)), max_size=20
)
CHOSEN = st.builds(
    SurgeSettings,
    attack_s=st.sampled_from([0.05, 0.5, 1.5]),
    release_s=st.sampled_from([0.05, 0.5, 1.0]),
    shortest_s=st.sampled_from([0.05, 0.1, 1.0]),
    longest_s=st.sampled_from([1.52, 3.0]),
    window_s=st.just(5),
    warmup_s=st.just(1),
)


def played(pieces: list[tuple[float, int]]) -> Track:
    return np.array(seconds(QUIET_DBFS, 1) + [level for level, blocks in pieces for _ in range(blocks)])


@settings(max_examples=80, deadline=None)
@given(PIECES, CHOSEN, st.lists(st.integers(0, 400), max_size=5))
def test_a_stream_that_is_cut_stored_and_taken_up_again_has_the_same_surges(
    pieces: list[tuple[float, int]], chosen: SurgeSettings, cuts: list[int]
) -> None:
    levels = played(pieces)
    whole = step(SurgeState(7.0), levels, chosen)
    state = SurgeState(7.0)
    found: list[SurgeStart | Surge] = []
    for piece in np.split(levels, sorted(cuts)):
        state = SurgeState.from_json(json.loads(json.dumps(state.to_json())))
        state, changes = step(state, piece, chosen)
        found.extend(changes)
    assert (state, tuple(found)) == whole


@settings(max_examples=80, deadline=None)
@given(PIECES, CHOSEN)
def test_surges_do_not_overlap_and_each_start_has_its_end(
    pieces: list[tuple[float, int]], chosen: SurgeSettings
) -> None:
    levels = played(pieces)
    state, changes = step(SurgeState(), levels, chosen)
    starts = [change.onset_s for change in changes if isinstance(change, SurgeStart)]
    surges = find_surges(levels, chosen)
    assert starts == [surge.onset_s for surge in surges]
    assert (finish(state) is not None) == (len(changes) % 2 == 1), "starts and ends take turns"
    assert all(before.offset_s <= after.onset_s for before, after in pairwise(surges))
    for surge in surges:
        check(surge, levels, chosen)


def check(surge: Surge, levels: Track, chosen: SurgeSettings) -> None:
    assert 0 <= surge.onset_s < surge.peak_s < surge.offset_s <= len(levels) * 0.05 + 1e-9
    assert chosen.shortest_s - 1e-9 <= surge.offset_s - surge.onset_s <= chosen.longest_s + 1e-9
    within = levels[round(surge.onset_s * 20) : round(surge.offset_s * 20)]
    assert surge.peak_dbfs == within.max() == levels[int(surge.peak_s * 20)]
    assert surge.peak_dbfs >= max(surge.background_dbfs + chosen.threshold_db, chosen.minimum_dbfs)
    assert 0 < surge.attack_s <= chosen.attack_s + 1e-9
    assert 0 <= surge.prominence_db <= surge.peak_dbfs - levels.min()
