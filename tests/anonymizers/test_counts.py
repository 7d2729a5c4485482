# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anonymizers.counts
from anonymizers.audit import epsilon_lower_bound
from anonymizers.counts import EVENT, HOME, daily_cost, daily_counts, fleet_sum, zcdp
from anonymizers.discrete import discrete_gaussian, discrete_laplace

# The audits below draw from the operating system. A sound mechanism is found to cost too much once in a million runs;
# that too little is shown lies further off than six deviations of what sixty runs showed.
SURE = 1 - 1e-6
RUNS = 30_000


@pytest.fixture
def without_noise(monkeypatch: pytest.MonkeyPatch) -> list[Fraction]:
    """No noise is added; the list tells of which size it would have been."""
    sizes = list[Fraction]()

    def none(size: Fraction) -> int:
        sizes.append(size)
        return 0

    monkeypatch.setattr(anonymizers.counts, "discrete_laplace", none)
    monkeypatch.setattr(anonymizers.counts, "discrete_gaussian", none)
    return sizes


def released(count: int, epsilon: Decimal) -> int:
    return daily_counts({"fire": count, "scream": 0}, epsilon).counts["fire"]


def shown(release: Callable[[int], int], delta: float = 0.0, runs: int = RUNS) -> float:
    """What epsilon is at least, by the releases of two neighbouring counts."""
    one, other = ([release(count) for _ in range(runs)] for count in (3, 4))
    return epsilon_lower_bound(one, other, delta, SURE)


class TestDailyCounts:
    @pytest.mark.parametrize("epsilon", [Decimal("0.5"), Decimal(1)])
    def test_an_audit_finds_no_more_than_the_claim_and_not_much_less(self, epsilon: Decimal) -> None:
        found = shown(partial(released, epsilon=epsilon))
        assert found <= epsilon
        assert found >= 0.6 * float(epsilon)

    def test_an_audit_catches_half_the_noise(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(anonymizers.counts, "discrete_laplace", lambda scale: discrete_laplace(scale / 2))
        assert shown(partial(released, epsilon=Decimal(1)), runs=RUNS // 3) > 1.4

    def test_an_audit_catches_noise_that_was_forgotten(self, without_noise: list[Fraction]) -> None:
        assert shown(partial(released, epsilon=Decimal(1)), runs=RUNS // 3) > 5

    def test_every_count_gets_noise_of_scale_one_over_epsilon(self, without_noise: list[Fraction]) -> None:
        daily_counts({"fire": 3, "scream": 0}, Decimal("0.3"))
        assert without_noise == [Fraction(10, 3)] * 2

    def test_every_count_gets_noise_of_its_own(self) -> None:
        found = daily_counts({str(number): 1000 for number in range(200)}, Decimal("0.1")).counts
        assert len(set(found.values())) > 20

    def test_the_deviation_at_epsilon_one_is_as_published(self) -> None:
        found = np.array([*daily_counts({str(number): 1000 for number in range(20_000)}, Decimal(1)).counts.values()])
        assert found.std() == pytest.approx(1.36, abs=0.05)
        assert (found == 1000).mean() == pytest.approx(0.46, abs=0.02)

    @given(
        st.dictionaries(st.text(max_size=3), st.integers(0, 50), max_size=4), st.sampled_from(["0.001", "0.5", "10"])
    )
    def test_classes_stay_and_counts_are_whole_and_not_negative(self, counts: dict[str, int], epsilon: str) -> None:
        found = daily_counts(counts, Decimal(epsilon)).counts
        assert list(found) == list(counts)
        assert all(isinstance(count, int) and count >= 0 for count in found.values())

    def test_it_says_what_it_hides_and_what_it_costs(self) -> None:
        cost = daily_counts({"fire": 1}, Decimal("0.5")).cost
        assert (cost.unit, cost.mechanism) == (EVENT, "two-sided geometric")
        assert (cost.epsilon, cost.delta, cost.scale) == (0.5, 0.0, 2.0)
        assert cost == daily_cost(Decimal("0.5"))

    @pytest.mark.parametrize("epsilon", [0, -1, math.inf, math.nan, Decimal("NaN"), Decimal("Infinity"), Decimal(0)])
    def test_an_epsilon_that_is_none_is_refused(self, epsilon: Any) -> None:
        with pytest.raises(ValueError, match="epsilon"):
            daily_counts({"fire": 1}, epsilon)

    @pytest.mark.parametrize("count", [-1, 1.5, "1", None])
    def test_a_count_that_is_none_is_refused_before_anything_is_drawn(
        self, count: Any, without_noise: list[Fraction]
    ) -> None:
        with pytest.raises(ValueError, match="scream"):
            daily_counts({"fire": 1, "scream": count}, Decimal(1))
        assert without_noise == []


class TestPage:
    """docs/statistics.md, held to the formula of the noise."""

    PAGE = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")

    def test_the_table_for_analysts_is_true(self) -> None:
        rows = [[cell.strip(" %") for cell in line.split("|")[1:-1]] for line in self.PAGE.splitlines() if "| " in line]
        assert len(rows) == 6
        for epsilon, deviation, *shares, within, empty in rows[2:]:
            ratio = math.exp(-float(epsilon))
            near = [(1 - ratio) / (1 + ratio) * (1 + 2 * sum(ratio**n for n in range(1, k + 1))) for k in range(100)]
            assert float(deviation) == pytest.approx(math.sqrt(2 * ratio) / (1 - ratio), rel=0.01)
            assert [int(share) for share in shares] == [round(100 * near[k]) for k in (0, 1, 3)]
            assert int(within) == next(k for k, share in enumerate(near) if share >= 0.95)
            assert int(empty.removesuffix("% of the days")) == round(100 * ratio / (1 + ratio))

    def test_so_is_what_an_empty_class_shows_on_average(self) -> None:
        for epsilon, average in ((0.5, "0.96"), (1.0, "0.43")):
            ratio = math.exp(-epsilon)
            assert f"{ratio / (1 - ratio**2):.2f}" == average
            assert average in self.PAGE

    def test_so_are_the_figures_of_fleets(self) -> None:
        assert round(fleet_sum([], "abcdef", 3, 1.0, 1e-6).cost.scale) == 39
        assert "the deviation is 39 on each sum" in self.PAGE


class TestZcdp:
    @pytest.mark.parametrize(
        ("rho", "epsilon"),
        [(0.005, 0.53), (0.01, 0.75), (0.05, 1.71), (0.1, 2.45), (0.3, 4.37), (0.5, 5.76), (1, 8.43)],
    )
    def test_it_inverts_the_published_table(self, rho: float, epsilon: float) -> None:
        assert rho + 2 * math.sqrt(rho * math.log(1e6)) == pytest.approx(epsilon, abs=0.005)
        assert zcdp(rho + 2 * math.sqrt(rho * math.log(1e6)), 1e-6) == pytest.approx(rho, rel=1e-9)

    @given(st.floats(1e-6, 20), st.floats(1e-12, 1e-6))
    def test_what_it_gives_implies_what_was_asked(self, epsilon: float, delta: float) -> None:
        rho = zcdp(epsilon, delta)
        assert rho + 2 * math.sqrt(rho * math.log(1 / delta)) == pytest.approx(epsilon, rel=1e-9)


@cache
def _gaussian_table(variance: Fraction, most: int = 400) -> np.ndarray[Any, np.dtype[np.float64]]:
    weights = np.exp(-(np.arange(-most, most + 1.0) ** 2) / (2 * float(variance)))
    table: np.ndarray[Any, np.dtype[np.float64]] = weights / weights.sum()
    return table


def exact_epsilon(variance: Fraction, shift: int, delta: float) -> float:
    """What the discrete Gaussian costs for a change by `shift`, summed up over all that it can release (theorem 7 of
    the paper that it is from)."""
    table = _gaussian_table(variance)
    moved = np.roll(table, shift)  # what is rolled over the edge is nothing at all
    low, high = 0.0, 50.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        if np.maximum(0, table - math.exp(middle) * moved).sum() > delta:
            low = middle
        else:
            high = middle
    return high


class TestDiscreteGaussian:
    DELTA = 0.05  # where an audit of so many runs sees well

    def test_an_audit_finds_no_more_than_it_costs_and_not_much_less(self) -> None:
        cost = exact_epsilon(Fraction(1), 1, self.DELTA)
        found = shown(lambda count: count + discrete_gaussian(Fraction(1)), self.DELTA)
        assert 0.6 * cost <= found <= cost

    def test_that_is_within_what_zero_concentration_promises(self) -> None:
        for variance in (Fraction(1), Fraction(4), Fraction(100)):
            rho = 1 / (2 * float(variance))
            for delta in (1e-6, 1e-3, self.DELTA):
                assert exact_epsilon(variance, 1, delta) <= rho + 2 * math.sqrt(rho * math.log(1 / delta))

    def test_an_audit_catches_half_the_noise(self) -> None:
        cost = exact_epsilon(Fraction(1), 1, self.DELTA)
        assert shown(lambda count: count + discrete_gaussian(Fraction(1, 4)), self.DELTA) > cost


class TestFleetSum:
    def test_each_home_is_clipped_before_noise(self, without_noise: list[Fraction]) -> None:
        homes = [{"fire": 1000, "scream": 2}, {"fire": 1}, {"fire": -5, "other": 9}, {}]
        assert fleet_sum(homes, ["fire", "scream"], 3, 1.0, 1e-6).counts == {"fire": 4, "scream": 2}

    def test_the_noise_hides_a_home_that_changes_every_class_by_the_cap(self, without_noise: list[Fraction]) -> None:
        cost = fleet_sum([], ["a", "b", "c", "d"], 3, 1.71, 1e-6).cost
        assert without_noise == [without_noise[0]] * 4
        rho = 36 / (2 * float(without_noise[0]))  # 3 * sqrt(4) squared
        assert rho == pytest.approx(0.05, rel=0.01)
        assert cost.scale == pytest.approx(math.sqrt(without_noise[0]))
        assert (cost.unit, cost.mechanism, cost.epsilon, cost.delta) == (HOME, "discrete Gaussian", 1.71, 1e-6)

    def test_a_class_that_is_named_twice_is_one(self, without_noise: list[Fraction]) -> None:
        assert fleet_sum([{"fire": 5}], ["fire", "fire"], 3, 1.0, 1e-6).counts == {"fire": 3}
        once = list(without_noise)
        fleet_sum([{"fire": 5}], ["fire"], 3, 1.0, 1e-6)
        assert without_noise == once * 2

    def test_an_audit_finds_no_more_than_the_claim(self) -> None:
        """All classes of a home at once: its change by the cap in each adds up over the classes."""
        classes, cap, delta = ["a", "b"], 2, 1e-6
        rest = [dict.fromkeys(classes, 2)] * 50

        def release(epsilon: float, homes: list[dict[str, int]]) -> int:
            return sum(fleet_sum([*rest, *homes], classes, cap, epsilon, delta).counts.values())

        def audit(epsilon: float, seen_delta: float) -> float:
            one, other = (
                [release(epsilon, homes) for _ in range(RUNS // 3)] for homes in ([], [dict.fromkeys(classes, 9)])
            )
            return epsilon_lower_bound(one, other, seen_delta, SURE)

        epsilon = 6.0
        rho = zcdp(epsilon, delta)
        found = audit(epsilon, delta)
        assert 0.1 * epsilon <= found <= epsilon  # sixty runs: 1.42 on average, deviation 0.1
        at_05 = rho + 2 * math.sqrt(rho * math.log(1 / 0.05))  # the same rho, where the audit sees well
        assert audit(epsilon, 0.05) <= at_05

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"cap": 0}, "cap"),
            ({"epsilon": 0.0}, "epsilon"),
            ({"epsilon": math.nan}, "epsilon"),
            ({"delta": 0.0}, "delta"),
            ({"delta": 1e-5}, "delta"),
            ({"delta": math.nan}, "delta"),
            ({"classes": []}, "class"),
            ({"homes": [{"fire": 1.5}]}, "fire"),
        ],
    )
    def test_what_is_wrong_is_refused(self, wrong: dict[str, Any], said: str) -> None:
        right: dict[str, Any] = {"homes": [], "classes": ["fire"], "cap": 1, "epsilon": 1.0, "delta": 1e-6}
        with pytest.raises(ValueError, match=said):
            fleet_sum(**{**right, **wrong})

    def test_homes_are_looked_at_once(self, without_noise: list[Fraction]) -> None:
        def homes() -> Iterator[dict[str, int]]:
            yield {"fire": 1}
            yield {"fire": 2}

        assert fleet_sum(homes(), iter(["fire"]), 3, 1.0, 1e-6).counts == {"fire": 3}
