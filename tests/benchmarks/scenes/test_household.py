# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scenes.alarms import Alarm
from benchmarks.scenes.day import blocks
from benchmarks.scenes.household import heard_hours, household, household_week, material_hours, plain
from benchmarks.scenes.pool import Pool
from benchmarks.scenes.stream import Planned
from benchmarks.scenes.truth import Played
from benchmarks.scenes.underlay import Underlay
from benchmarks.scenes.week import EVERY_CLASS, Week
from tests.benchmarks.scenes.conftest import CLIPS

ALARMS = {"of glass_a", "of glass_b", "of shot", "of smoke", "of blast", "of yell", "of alarm"}


def test_blocks_follow_each_other_by_the_hour(pool: Pool) -> None:
    made = [(block.start_s, block.waveform.size, block.hour) for block in household(pool, 1, 1.035, start_hour=23)]
    assert [start_s for start_s, _, _ in made] == [60.0 * number for number in range(63)]
    assert [size for _, size, _ in made] == [960_000] * 62 + [96_000]
    assert [hour for _, _, hour in made] == [23] * 60 + [0] * 3


def test_a_household_is_the_same_each_time_and_another_seed_is_another(pool: Pool) -> None:
    first, again, other = (list(household(pool, seed, 0.1, start_hour=18)) for seed in (1, 1, 2))
    assert all(
        np.array_equal(a.waveform, b.waveform) and a.played == b.played for a, b in zip(first, again, strict=True)
    )
    assert not np.array_equal(first[0].waveform, other[0].waveform)


def test_no_alarm_sounds_in_a_household(pool: Pool) -> None:
    played = [one for block in household(pool, 1, 1, start_hour=18) for one in block.played]
    assert {one.group for one in played}.isdisjoint(ALARMS)
    assert {"speech", "kitchen", "steps", "doors"} <= {one.kind for one in played}
    assert any("knock" in one.may_hold for one in played), "a door may hold a knock, and says so"


def test_the_night_is_quieter_than_the_evening(pool: Pool) -> None:
    def median_dbfs(start_hour: int) -> float:
        powers = [np.mean(block.waveform**2) for block in household(pool, 1, 0.25, start_hour=start_hour)]
        return float(10 * np.log10(np.median(powers)))

    assert -75 < median_dbfs(2) < -50
    assert median_dbfs(19) > median_dbfs(2) + 4


def test_the_plain_pass_plays_every_clip_that_is_no_alarm_once(pool: Pool) -> None:
    made = list(plain(pool))
    played = [one for block in made for one in block.played]
    assert len(played) == len({one.path for one in played}) == len(CLIPS) - len(ALARMS)
    total_s = sum(block.waveform.size for block in made) / 16_000
    assert total_s == pytest.approx(3600 * material_hours(pool) - 0.05 * (len(played) - 1), abs=0.01)
    assert heard_hours(played) == pytest.approx(material_hours(pool), rel=1e-6)


def test_a_clip_heard_twice_is_no_more_material() -> None:
    once, longer = (Played("speech", 0.0, length_s, -40, "g", "p") for length_s in (3.0, 4.0))
    assert heard_hours([once, longer, once]) == pytest.approx(4 / 3600)


class TestWeek:
    DAY_S = 24 * 3600.0

    def test_it_yields_blocks_from_midnight_on(self, pool: Pool) -> None:
        first = next(household_week(pool, 5, 3))
        assert (first.start_s, first.hour, first.truth) == (0.0, 0, ())
        assert np.abs(first.waveform).max() > 0

    def test_what_is_planted_was_never_heard_before_and_comes_once(self, pool: Pool) -> None:
        week = Week.of(pool, 5, 4, EVERY_CLASS)
        heard = {planned.clip.group for number in range(96) for planned in week.plan_hour(number)}
        planted = [(60.0 * block, found) for block in range(4 * 1440) if (found := week.plant(60.0 * block))]
        kinds = [alarm.event_class for _, (_, alarm) in planted]
        assert len(kinds) > 3
        assert len(set(kinds)) == len(kinds)
        assert heard.isdisjoint(alarm.clip.group for _, (_, alarm) in planted)
        assert min(start_s for start_s, _ in planted) >= self.DAY_S
        assert all(into_s + alarm.waveform.size / 16_000 <= 60 for _, (into_s, alarm) in planted)

    def test_a_household_does_without_some_kinds(self, pool: Pool) -> None:
        left = {frozenset(clip.kind for clip in Week.of(pool, seed, 1, ()).own.clips) for seed in range(5)}
        assert len({kind for kinds in left for kind in kinds} & {"tools", "pets", "weather"}) < 3
        assert all("speech" in kinds for kinds in left)

    def test_the_days_have_the_same_recordings_at_the_same_hours(self, pool: Pool) -> None:
        week = Week.of(pool, 5, 3, EVERY_CLASS)
        days = [sorted(week.plan_hour(24 * day), key=lambda planned: planned.onset_s) for day in range(3)]
        assert days[0][0].onset_s != days[1][0].onset_s - self.DAY_S, "but not to the second"
        by_hour = [
            np.bincount([int(one.onset_s // 3600) - 24 * day for one in days[day]], minlength=26)[:24]
            for day in range(3)
        ]
        assert np.corrcoef(by_hour[0], by_hour[2])[0, 1] > 0.3

    def test_a_planted_event_is_told_in_the_block_where_it_begins(self, pool: Pool) -> None:
        clip = pool.events("glass_break")[0]
        alarm = Alarm("glass_break", pool.audible(clip), 6400, 12.0, clip)
        made = blocks(
            pool,
            Underlay(pool, EVERY_CLASS, np.random.default_rng(1)),
            lambda _: [],
            hours=0.05,
            plant=lambda start_s: (5.0, alarm) if start_s == 60.0 else None,
        )
        truth = [block.truth for block in made]
        assert [len(events) for events in truth] == [0, 1, 0]
        assert (truth[1][0].onset_s, truth[1][0].kind, truth[1][0].snr_db) == (65.0, "glass_break", 12.0)


def test_a_sound_runs_on_over_the_edge_of_a_block(pool: Pool) -> None:
    clip = next(clip for clip in pool.clips if clip.path == "drill.wav")
    quiet = Underlay(pool, EVERY_CLASS, np.random.default_rng(1))
    first, second = blocks(pool, quiet, lambda _: [Planned(59.0, clip, -20.0)], hours=2 / 60)
    assert first.played[0].onset_s == 59.0
    assert second.played == ()
    for part in (first.waveform[-15_000:], second.waveform[:15_000]):
        assert 10 * np.log10(np.mean(part**2)) == pytest.approx(-20.0, abs=0.5)
