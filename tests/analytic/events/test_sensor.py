# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytic.events.level import BLOCK_S, BLOCK_SAMPLES, Levels, measure
from analytic.events.sensor import SensorReport, SensorSettings, SensorState, step

Row = tuple[float, int, int]
ROOM: list[Row] = [(-50.0, 0, 0), (-55.0, 0, 0)]
SILENCE: list[Row] = [(-120.0, 0, BLOCK_SAMPLES)] * 2
COVERED: list[Row] = [(-80.0, 0, 5), (-80.4, 0, 5)]
CLIPPED: list[Row] = [(-3.0, 40, 40)] + [(-10.0, 0, 0)] * 19
SQUARE_WAVE: list[Row] = [(-3.0, 0, BLOCK_SAMPLES)] * 2


def lasting(rows: list[Row], length_s: float) -> list[Row]:
    blocks = round(length_s / BLOCK_S)
    return (rows * (blocks // len(rows) + 1))[:blocks]


def levels_of(rows: list[Row]) -> Levels:
    table = np.array(rows).reshape(-1, 3)
    return Levels(table[:, 0], table[:, 0], table[:, 1].astype(np.int64), table[:, 2].astype(np.int64))


class Source:
    """A source that starts at 1000 s; what it hears takes its time."""

    def __init__(self, **chosen: float) -> None:
        self.settings = SensorSettings(**chosen)  # type: ignore[arg-type]
        self.start_s = self.now_s = 1000.0
        self.state = SensorState.starting(self.now_s)
        self.reports: list[SensorReport] = []

    def hears(self, rows: list[Row], length_s: float, at_once: bool = False) -> list[tuple[str, float]]:
        """Push the rows twice a second, or at once; return the changes of status and when they came."""
        blocks = lasting(rows, length_s)
        return self.takes([blocks] if at_once else [blocks[at : at + 10] for at in range(0, len(blocks), 10)])

    def takes(self, pushes: Iterable[list[Row]]) -> list[tuple[str, float]]:
        before = len(self.reports)
        for rows in pushes:
            self.now_s += len(rows) * BLOCK_S
            self.state, reports = step(self.state, levels_of(rows), self.now_s, self.settings)
            self.reports += reports
        return [(report.status, round(report.since_s - self.start_s, 6)) for report in self.reports[before:]]

    def waits(self, length_s: float) -> list[tuple[str, float]]:
        self.now_s += length_s
        self.state, reports = step(self.state, None, self.now_s, self.settings)
        self.reports += reports
        return [(report.status, round(report.since_s - self.start_s, 6)) for report in reports]


def test_a_room_is_well_and_there_is_nothing_to_report() -> None:
    source = Source()
    assert source.hears(ROOM, 300) == []
    report = source.state.report(source.now_s + 0.25)
    assert (report.status, report.since_s, report.clipped_share) == ("ok", 1000, 0)
    assert report.last_audio_age_s == pytest.approx(0.25)
    assert report.level_dbfs == pytest.approx(-51.8, abs=0.1), "the mean power of -50 and -55 dBFS"


def test_samples_that_do_not_move_for_2_s_are_silence() -> None:
    source = Source()
    source.hears(ROOM, 10)
    assert source.hears(SILENCE, 1.95) == []
    assert source.hears(SILENCE, 0.05) == [("silent", 12)]


def test_digital_zeros_and_a_constant_are_silence_and_a_square_wave_is_none() -> None:
    for waveform in (np.zeros(40 * BLOCK_SAMPLES, np.float32), np.full(40 * BLOCK_SAMPLES, 0.3, np.float32)):
        _, (report,) = step(SensorState.starting(0), measure(waveform), 2.0)
        assert report.status == "silent"
    assert Source().hears(SQUARE_WAVE, 30) == []


def test_silence_is_over_when_sound_has_lasted_for_5_s() -> None:
    source = Source()
    source.hears(SILENCE, 3)
    assert source.hears(ROOM, 4.9) == []
    assert source.hears(ROOM, 0.1) == [("ok", 8)]


def test_a_microphone_whose_gate_opens_now_and_then_stays_silent() -> None:
    source = Source()
    source.hears(SILENCE, 3)
    assert [source.hears(ROOM, 4) + source.hears(SILENCE, 1) for _ in range(20)] == [[]] * 20


def test_a_twentieth_of_clipped_blocks_in_10_s_is_clipping() -> None:
    source = Source()
    assert source.hears(CLIPPED, 9.95) == []
    assert source.hears(ROOM, 0.05) == [("clipping", 10)]
    assert source.reports[-1].clipped_share == pytest.approx(0.05)


def test_clipping_is_over_5_s_after_the_share_has_fallen_below_half() -> None:
    source = Source()
    source.hears(CLIPPED, 10)
    assert source.hears(ROOM, 20) == [("ok", 20)], "four of the last 10 s clip at 16 s; five seconds are 16..20"


def test_a_share_between_half_the_limit_and_the_limit_changes_nothing() -> None:
    fewer = CLIPPED + ROOM * 5
    ill, well = Source(), Source()
    ill.hears(CLIPPED, 10)
    assert (ill.hears(fewer, 90), well.hears(fewer, 90)) == ([], [])


def test_a_low_level_that_hardly_changes_for_60_s_is_a_deaf_microphone() -> None:
    source = Source()
    assert source.hears(COVERED, 59.95) == []
    assert source.hears(COVERED, 0.05) == [("deaf", 60)]
    assert source.reports[-1].level_dbfs == pytest.approx(-80.2, abs=0.05)


def test_steady_noise_that_is_louder_or_a_low_level_that_changes_is_not_deaf() -> None:
    assert Source().hears([(-74.0, 0, 0)], 120) == []
    assert Source().hears(lasting(COVERED, 30) + [(-78.0, 0, 0)] * 20, 200) == []


def test_what_is_too_uneven_to_begin_deafness_may_still_go_on_with_it() -> None:
    uneven: list[Row] = [(-80.0, 0, 0)] * 20 + [(-82.0, 0, 0)] * 20
    deaf, well = Source(), Source()
    deaf.hears(COVERED, 60)
    assert (deaf.hears(uneven, 180), well.hears(uneven, 180)) == ([], [])


def test_white_noise_is_steady_from_second_to_second() -> None:
    noise = np.random.default_rng(2).normal(0, 1e-4, 61 * 20 * BLOCK_SAMPLES).astype(np.float32)
    _, reports = step(SensorState.starting(0), measure(noise), 61.0)
    assert [report.status for report in reports] == ["deaf"]


def test_one_knock_shows_that_a_microphone_hears() -> None:
    source = Source()
    source.hears(COVERED, 60)
    assert source.hears([(-40.0, 0, 0)], 0.05) + source.hears(COVERED, 10.95) == [("ok", 65)]


def test_no_sound_for_more_than_10_s_is_a_loss() -> None:
    source = Source()
    source.hears(ROOM, 5)
    assert source.waits(10) == []
    assert source.waits(0.5) == [("lost", 15)]
    assert source.waits(500) == []
    assert source.state.report(source.now_s).last_audio_age_s == pytest.approx(510.5)


def test_a_source_that_never_gives_sound_is_lost() -> None:
    assert Source().waits(11) == [("lost", 10)]


def test_a_loss_that_nobody_looked_at_is_told_when_sound_comes_back() -> None:
    source = Source()
    source.hears(ROOM, 5)
    source.now_s += 30
    assert source.hears(ROOM, 6) == [("lost", 15), ("ok", 40)]


def test_sound_that_comes_late_and_all_at_once_is_no_loss() -> None:
    assert Source().hears(ROOM, 60, at_once=True) == []


def test_a_source_that_comes_back_for_moments_stays_lost() -> None:
    source = Source()
    source.waits(11)
    assert [source.hears(ROOM, 4) + source.waits(11) for _ in range(5)] == [[]] * 5
    assert source.state.since_s == 1010


def test_a_source_that_comes_back_silent_is_silent_without_delay() -> None:
    source = Source()
    source.waits(11)
    assert source.hears(SILENCE, 3) == [("silent", 13)]


def test_a_graver_fault_takes_over_at_once_and_a_lesser_one_waits() -> None:
    source = Source()
    often = CLIPPED[:10]
    assert source.hears(often, 10) == [("clipping", 5)]
    assert source.hears(SILENCE, 2) == [("silent", 12)]
    assert source.hears(often, 20) == [("clipping", 17)]


def test_an_hour_of_changing_sound_changes_the_status_rarely() -> None:
    source = Source()
    rng = np.random.default_rng(1)
    for length_s in rng.exponential(3, 400):
        source.hears([ROOM, SILENCE, CLIPPED][rng.integers(3)], length_s)
    worse = ("silent", "clipping")
    recoveries = [report.since_s for report in source.reports if report.status == "ok"]
    assert recoveries
    assert all(later - before >= 5 for before, later in pairwise(recoveries))
    assert {report.status for report in source.reports} <= {"ok", *worse}
    assert all(before.status != after.status for before, after in pairwise(source.reports))


def test_the_state_is_bounded() -> None:
    source = Source()
    source.hears(ROOM, 3600, at_once=True)
    assert len(json.dumps(source.state.to_json())) < 2000


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([ROOM, SILENCE, COVERED, CLIPPED]), st.integers(1, 200)), min_size=1, max_size=6
    ),
    st.lists(st.integers(0, 1200), max_size=5),
)
def test_a_stream_that_is_cut_stored_and_taken_up_again_has_the_same_reports(
    pieces: list[tuple[list[Row], int]], cuts: list[int]
) -> None:
    rows = [row for sound, blocks in pieces for row in lasting(sound, blocks * BLOCK_S)]
    whole, cut = Source(deaf_s=5), Source(deaf_s=5)
    borders = [0, *sorted(min(at, len(rows)) for at in cuts), len(rows)]
    for start, stop in pairwise(borders):
        cut.state = SensorState.from_json(json.loads(json.dumps(cut.state.to_json())))
        cut.takes([rows[start:stop]])
    whole.takes([rows])
    assert [report.status for report in cut.reports] == [report.status for report in whole.reports]
    for one, other in zip(cut.reports, whole.reports, strict=True):
        assert one.since_s == pytest.approx(other.since_s)
        assert (one.level_dbfs, one.clipped_share) == (other.level_dbfs, other.clipped_share)
