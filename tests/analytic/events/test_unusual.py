# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytic.events.unusual import Tail, UnusualSettings, Usual, When

ONE = UnusualSettings()
DAY_S = 86_400
MONDAY = 738_000
ALARM = 400
EVERY_S = 60  # a window a minute, so that days go by quickly


def scores(**named: float) -> NDArray[np.float32]:
    found = np.full(527, 0.001, np.float32)
    for name, score in named.items():
        found[int(name[1:])] = score
    return found


def ordinary(random: np.random.Generator, hour: int) -> NDArray[np.float32]:
    """A window of a home that talks by day, has one sound for each hour, and is never twice the same."""
    found = scores(**{f"c{10 + hour}": 0.3, **({"c0": 0.8} if 7 <= hour < 22 else {})})
    odds = np.log(found / (1 - found)) + random.normal(0, 0.4, 527)
    noisy: NDArray[np.float32] = (1 / (1 + np.exp(-odds))).astype(np.float32)
    return noisy


def live(usual: Usual, first: int, days: float, wanted: UnusualSettings = ONE) -> list[float]:
    """Hear ordinary days; return the scores."""
    answers = []
    for number in range(int(days * DAY_S / EVERY_S)):
        day, second = divmod(number * EVERY_S, DAY_S)
        random = np.random.default_rng([first + day, second])
        answers.append(usual.hear(When(first + day, float(second)), ordinary(random, second // 3600), wanted))
    return answers


@pytest.fixture(scope="module")
def learnt() -> dict[str, NDArray[Any]]:
    """What is usual after four days."""
    usual = Usual()
    live(usual, MONDAY, 4)
    return usual.arrays()


def same(left: dict[str, NDArray[Any]], right: dict[str, NDArray[Any]]) -> bool:
    return left.keys() == right.keys() and all(
        np.array_equal(left[name], right[name], equal_nan=True) and left[name].dtype == right[name].dtype
        for name in left
    )


def test_no_alarm_before_two_days_were_heard() -> None:
    usual = Usual()
    assert set(live(usual, MONDAY, 2)) == {0.0}
    assert usual.hear(When(MONDAY + 2, 0.0), scores(c400=0.9), ONE) > 0.5


def test_a_sound_never_heard_is_unusual_until_it_was_learnt(learnt: dict[str, NDArray[Any]]) -> None:
    usual = Usual.of(learnt)
    new = scores(c400=0.9, c12=0.3)
    noon = 12 * 3600.0
    assert usual.judge(When(MONDAY + 4, noon), new, ONE) > 0.9
    answers = [usual.hear(When(MONDAY + 4, noon + 10 * number), new, ONE) for number in range(30)]
    assert answers[0] > 0.9
    assert max(answers[10:]) < 0.5, "what sounded a minute ago is usual"


def test_usual_sound_means_few_alarms(learnt: dict[str, NDArray[Any]]) -> None:
    answers = live(Usual.of(learnt), MONDAY + 4, 3)
    assert all(0 <= score <= 1 for score in answers)
    alarms = {number * EVERY_S // 600 for number, score in enumerate(answers) if score >= 0.5}
    assert len(alarms) <= 9, "one a day is wanted; more than nine in three days are as good as impossible"


def test_more_alarms_a_day_wanted_lower_the_bar(learnt: dict[str, NDArray[Any]]) -> None:
    usual, when = Usual.of(learnt), When(MONDAY + 4, 43_200.0)
    new = ordinary(np.random.default_rng(9), 12)
    few, some, many = (usual.judge(when, new, UnusualSettings(wanted)) for wanted in (0.3, 1.0, 3.0))
    assert few < some < many


def test_a_judgement_teaches_nothing(learnt: dict[str, NDArray[Any]]) -> None:
    usual = Usual.of(learnt)
    usual.judge(When(MONDAY + 4, 0.0), scores(c400=0.9), ONE)
    assert same(usual.arrays(), learnt)


def test_the_state_is_small_and_holds_no_objects(learnt: dict[str, NDArray[Any]]) -> None:
    assert sum(array.nbytes for array in learnt.values()) < 200_000
    assert not any(array.dtype.hasobject for array in learnt.values())


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 2.5, 5.0, 40.0, 700.0, 90_000.0, -30.0, -4000.0]),
            st.integers(0, 526),
            st.floats(0, 1, width=32),
        ),
        min_size=1,
        max_size=60,
    ),
    st.data(),
)
def test_stored_and_read_at_any_point_the_answers_are_the_same(
    learnt: dict[str, NDArray[Any]], windows: list[tuple[float, int, float]], data: st.DataObject
) -> None:
    stop = data.draw(st.integers(0, len(windows)))
    whole, cut = Usual.of(learnt), Usual.of(learnt)
    now_s = (MONDAY + 4) * float(DAY_S)
    for number, (step_s, index, score) in enumerate(windows):
        if number == stop:
            cut = Usual.of(cut.arrays())
        now_s += step_s
        day, second = divmod(now_s, DAY_S)
        heard = scores(**{f"c{index}": score})
        assert whole.hear(When(int(day), second), heard, ONE) == cut.hear(When(int(day), second), heard, ONE)
    assert same(whole.arrays(), cut.arrays())


def test_a_state_read_twice_is_not_shared(learnt: dict[str, NDArray[Any]]) -> None:
    before = {name: array.copy() for name, array in learnt.items()}
    live(Usual.of(learnt), MONDAY + 4, 0.2)
    assert same(before, learnt)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mixtures.used", np.array(600)),
        ("waiting.used", np.array(-1)),
        ("records.mean", np.zeros(526, np.float32)),
        ("records.mean", np.full(527, np.nan, np.float32)),
        ("records.mean", np.zeros(527, np.float64)),
        ("tail.ease", np.array(math.inf)),
        ("sound", np.zeros(3)),
    ],
)
def test_what_is_no_state_is_refused(learnt: dict[str, NDArray[Any]], name: str, value: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match=name.rsplit(".", maxsplit=1)[-1]):
        Usual.of({**learnt, name: value})
    with pytest.raises(ValueError, match="no stored habits"):
        Usual.of({})


@pytest.mark.parametrize("wanted", [0.0, -1.0, math.inf, math.nan])
def test_a_wanted_rate_is_above_0(wanted: float) -> None:
    with pytest.raises(ValueError, match="per_day"):
        UnusualSettings(wanted)


def test_a_clock_that_goes_back_changes_no_memory_of_the_days(learnt: dict[str, NDArray[Any]]) -> None:
    usual = Usual.of(learnt)
    for number in range(30):
        usual.hear(When(MONDAY - 100, 10.0 * number), scores(), ONE)
    assert usual.day == learnt["day"]
    assert usual.records.highest.max() == learnt["records.highest"].max()


def test_after_a_year_away_it_goes_on(learnt: dict[str, NDArray[Any]]) -> None:
    usual = Usual.of(learnt)
    assert all(0 <= score <= 1 for score in live(usual, MONDAY + 400, 0.1))


def test_however_fast_windows_come_few_wait() -> None:
    usual = Usual()
    for number in range(100):
        usual.hear(When(MONDAY, 0.1 * number), scores(), ONE)
    assert usual.waiting.used <= 24


class TestTail:
    @staticmethod
    def filled(random: np.random.Generator, days: float, wanted: UnusualSettings = ONE) -> tuple[Tail, int]:
        """A tail of exponential novelties of blocks, and how many of them were alarms."""
        tail, alarms = Tail(), 0
        for block in range(int(144 * days)):
            novelty = float(random.exponential())
            alarms += tail.score(novelty, wanted) >= 0.5
            tail.learn(block, novelty, wanted)
        return tail, alarms

    @pytest.mark.parametrize("wanted", [0.3, 1.0, 3.0])
    def test_as_many_alarms_as_wanted_where_all_days_are_alike(self, wanted: float) -> None:
        days = 400
        _, alarms = self.filled(np.random.default_rng(1), days, UnusualSettings(wanted))
        assert alarms / days == pytest.approx(wanted, rel=0.25)

    def test_the_score_rises_with_novelty(self) -> None:
        tail, _ = self.filled(np.random.default_rng(2), 10)
        rising = [tail.score(novelty, ONE) for novelty in np.linspace(-5, 50, 30).tolist()]
        assert rising == sorted(rising)
        assert rising[0] < 0.01
        assert rising[-1] > 0.99

    def test_blocks_that_are_all_alike_make_no_division_by_nothing(self) -> None:
        tail = Tail()
        for block in range(500):
            tail.learn(block, 1.0, ONE)
        assert 0 < tail.score(1.0, ONE) < 1
        assert tail.score(100.0, ONE) == pytest.approx(1.0)

    def test_the_first_day_does_not_count(self) -> None:
        tail = Tail()
        for block in range(400):
            tail.learn(block, 100.0 if block < 144 else float(block % 7), ONE)
        assert np.nanmax(tail.blocks) < 10

    def test_one_block_counts_once_with_its_highest(self) -> None:
        tail = Tail()
        for block in range(300):
            for novelty in (0.0, float(block), 1.0):
                tail.learn(block, novelty, ONE)
        assert tail.learnt == 299
        assert tail.blocks[-1] == 298.0
