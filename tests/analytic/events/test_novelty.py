# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest

from analytic.events.novelty import CLASSES, Levels, Mixtures, Moment, Records, log_odds

NOON, NIGHT = 12, 3
DOOR, DRILL = 200, 400


def heard(**levels: float) -> Levels:
    """Log odds of a window: -7 but for these classes, named as c12=1.5."""
    found = np.full(CLASSES, -7.0, np.float32)
    for name, level in levels.items():
        found[int(name[1:])] = level
    return found


def at(hour: int, day: int = 0) -> Moment:
    return Moment(86_400.0 * day + 3600.0 * hour, hour)


@pytest.fixture
def records() -> Records:
    found = Records()
    found.learn(heard(c200=1.0), at(NOON), 1.0)
    return found


def test_log_odds_are_finite_and_as_they_are_stored() -> None:
    odds = log_odds(np.array([0.0, 0.5, 1.0], np.float32))
    assert np.isfinite(odds).all()
    assert odds[1] == 0.0
    assert (odds.astype(np.float16).astype(np.float32) == odds).all()


class TestRecords:
    def test_a_class_is_new_by_how_far_it_beats_its_record(self, records: Records) -> None:
        assert records.novelty(heard(c200=1.0), NOON) == 0.0
        assert records.novelty(heard(c200=3.0), NOON) > records.novelty(heard(c200=2.0), NOON) > 0

    def test_the_class_that_stands_out_most_counts(self, records: Records) -> None:
        assert records.novelty(heard(c200=0.0, c400=2.0), NOON) == records.novelty(heard(c400=2.0), NOON) > 0

    def test_what_hardly_scores_is_not_new(self, records: Records) -> None:
        assert records.novelty(heard(c400=-3.6), NOON) < 0

    def test_a_record_counts_less_at_another_hour(self, records: Records) -> None:
        same = heard(c200=1.0)
        beside, two_off, far = (records.novelty(same, hour) for hour in (NOON + 1, NOON + 2, NIGHT))
        assert 0.0 == beside < two_off < far
        assert far == pytest.approx(2 * two_off)

    def test_hours_beside_midnight_are_neighbours(self) -> None:
        records = Records()
        records.learn(heard(c200=1.0), at(23), 1.0)
        assert records.novelty(heard(c200=1.0), 0) == 0.0

    def test_a_class_that_varies_needs_more(self) -> None:
        steady, varied = Records(), Records()
        for number in range(400):
            steady.learn(heard(c200=-7.0 if number else 0.0), at(NOON), 1.0)
            varied.learn(heard(c200=0.0 if number % 2 else -7.0), at(NOON), 1.0)
        assert varied.novelty(heard(c200=3.0), NOON) < steady.novelty(heard(c200=3.0), NOON)

    def test_records_fade_with_the_days(self, records: Records) -> None:
        records.forget(20)
        assert records.novelty(heard(c200=1.0), NOON) > 0
        records.forget(100_000 % 365)
        assert records.highest.min() >= -14.0


class TestMixtures:
    def test_all_is_new_at_first_and_known_once_learnt(self) -> None:
        mixtures = Mixtures()
        assert mixtures.novelty(heard(c200=1.0), NOON) == 1.0
        for _ in range(20):
            mixtures.learn(heard(c200=1.0), at(NOON), 1.0)
        assert mixtures.used == 1
        assert mixtures.novelty(heard(c200=1.0), NOON) == pytest.approx(0.0, abs=1e-3)
        assert mixtures.novelty(heard(c400=1.0), NOON) > 0.5

    def test_silence_is_alike_to_silence(self) -> None:
        mixtures = Mixtures()
        for _ in range(3):
            mixtures.learn(heard(), at(NOON), 1.0)
        assert mixtures.used == 1

    def test_what_was_never_heard_at_this_hour_is_a_little_new(self) -> None:
        mixtures = Mixtures()
        for _ in range(50):
            mixtures.learn(heard(c200=1.0), at(NOON), 1.0)
        assert mixtures.novelty(heard(c200=1.0), NIGHT) == pytest.approx(0.1, abs=0.01)
        assert mixtures.novelty(heard(c200=1.0), NOON + 1) < 0.01

    def test_neighbouring_classes_are_one(self) -> None:
        mixtures = Mixtures()
        mixtures.learn(heard(c200=1.0), at(NOON), 1.0)
        mixtures.learn(heard(c203=1.0), at(NOON), 1.0)
        assert mixtures.used == 1

    def test_where_there_is_no_room_the_least_heard_of_late_leaves(self) -> None:
        mixtures = Mixtures()
        levels = [heard(**{f"c{4 * band}": 2.0, f"c{4 * other}": 2.0}) for band in range(40) for other in range(band)]
        for number, level in enumerate(levels[:512]):
            for _ in range(1 if number == 7 else 2):
                mixtures.learn(level, at(NOON), 1.0)
        assert mixtures.used == 512
        mixtures.learn(levels[600], at(NOON), 1.0)
        assert mixtures.used == 512
        assert mixtures.novelty(levels[7], NOON) > 0.3
        assert mixtures.novelty(levels[8], NOON) < 0.2

    def test_counts_halve_in_three_weeks(self) -> None:
        mixtures = Mixtures()
        mixtures.learn(heard(c200=1.0), at(NOON), 1.0)
        mixtures.forget(21)
        assert mixtures.counts[0, NOON] == 0.5

    @pytest.mark.parametrize("used", [-1, 513])
    def test_a_wrong_number_is_refused(self, used: int) -> None:
        with pytest.raises(ValueError, match="used"):
            Mixtures(used=used)
