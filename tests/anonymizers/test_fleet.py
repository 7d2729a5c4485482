# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Sums over a fleet: what they cost a home adds up over days, and never beyond the caps."""

from __future__ import annotations

import datetime as dt
import math
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import anonymizers.fleet
from anonymizers.counts import HOME, zcdp
from anonymizers.fleet import WINDOW_DAYS, FleetBudgetSpent, FleetCaps, FleetLedger

ROOT = Path(__file__).parents[2]
DAY = dt.date(2026, 1, 31)
HOMES = [{"fire": 1, "scream": 9}, {"fire": 2}, {}]
CLASSES = ("fire", "scream")
DELTA = 1e-6
A_TENTH = 0.5  # costs about a tenth of the window's cap

Make = Callable[..., FleetLedger]


def after(days: int) -> dt.date:
    return DAY + dt.timedelta(days)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fleet" / "ledger.sqlite3"


@pytest.fixture
def make(path: Path) -> Iterator[Make]:
    """Opens the same file again and again, and closes it in the end."""
    made: list[FleetLedger] = []

    def open_(window: float = 0.05, lifetime: float = 0.5) -> FleetLedger:
        made.append(FleetLedger(path, FleetCaps(window, lifetime)))
        return made[-1]

    yield open_
    for ledger in made:
        ledger.close()


def ask(ledger: FleetLedger, day: dt.date = DAY, epsilon: float = A_TENTH, **other: Any) -> Any:
    given_ = {"homes": HOMES, "classes": CLASSES, "cap": 3, **other}
    return ledger.release(day, epsilon=epsilon, **given_)


class TestRelease:
    def test_it_says_what_it_hides_and_what_all_thirty_days_cost(self, make: Make) -> None:
        ledger = make()
        first, second = ask(ledger), ask(ledger, after(1))
        assert (first.release.cost.unit, first.release.cost.mechanism) == (HOME, "discrete Gaussian")
        rho = zcdp(A_TENTH, DELTA)
        assert first.spent_30d == pytest.approx(rho)
        assert second.spent_30d == pytest.approx(2 * rho)
        assert second.remaining_30d == pytest.approx(0.05 - 2 * rho)
        assert first.epsilon_30d == pytest.approx(A_TENTH)
        assert second.epsilon_30d == pytest.approx(2 * rho + 2 * math.sqrt(2 * rho * math.log(1e6)))

    def test_the_caps_are_those_of_the_documentation(self) -> None:
        caps = FleetCaps()
        for rho, epsilon in ((caps.window_rho, 1.71), (caps.lifetime_rho, 5.76)):
            assert rho + 2 * math.sqrt(rho * math.log(1e6)) == pytest.approx(epsilon, abs=0.005)

    @pytest.mark.parametrize(("epsilon", "window", "lifetime"), [(0.3, 31, 310), (0.5, 11, 112)])
    def test_so_many_fit_as_the_documentation_says(self, epsilon: float, window: int, lifetime: int) -> None:
        caps, rho = FleetCaps(), zcdp(epsilon, DELTA)
        assert (int(caps.window_rho / rho), int(caps.lifetime_rho / rho)) == (window, lifetime)
        page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
        assert str(window) in page
        assert str(lifetime) in page

    def test_the_noise_is_as_the_documentation_says(self, make: Make) -> None:
        cost = ask(make(), epsilon=0.3, classes=list("abcdef")).release.cost
        page = (ROOT / "PRIVACY.md").read_text(encoding="utf-8")
        assert f"off by {cost.scale:.0f} (standard deviation, epsilon 0.3, six classes" in page

    def test_homes_are_clipped_before_noise(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("anonymizers.counts.discrete_gaussian", lambda variance: 0)
        assert ask(make()).release.counts == {"fire": 3, "scream": 3}

    def test_the_same_question_gets_the_same_answer_and_costs_once(self, make: Make) -> None:
        ledger = make()
        first = ask(ledger)
        again = ask(ledger, classes=["scream", "fire", "fire"], homes=[{"fire": 3}])
        assert (first.is_repeated, again.is_repeated) == (False, True)
        assert again.release == first.release
        assert again.spent_30d == first.spent_30d
        assert ask(make()).release == first.release, "also after a restart"

    @pytest.mark.parametrize("other", [{"cap": 2}, {"classes": ["fire"]}, {"epsilon": 0.4}, {"delta": 1e-7}])
    def test_another_question_costs_anew(self, make: Make, other: dict[str, Any]) -> None:
        ledger = make()
        assert ask(ledger, **other).spent_30d < ask(ledger).spent_30d

    @pytest.mark.parametrize(
        "wrong",
        [
            {"cap": 0},
            {"classes": []},
            {"epsilon": 0.0},
            {"epsilon": math.inf},
            {"delta": 1e-5},
            {"homes": [{"fire": 0.5}]},
        ],
    )
    def test_what_is_wrong_is_refused_and_costs_nothing(self, make: Make, wrong: dict[str, Any]) -> None:
        ledger = make()
        with pytest.raises(ValueError, match=r"cap|class|epsilon|delta|count"):
            ask(ledger, **wrong)
        assert ledger.remaining(DAY) == 0.05


class TestCaps:
    def test_thirty_days_in_a_row_are_capped_whichever_they_are(self, make: Make) -> None:
        ledger = make(window=1.001 * 3 * zcdp(1.0, DELTA), lifetime=99.0)
        for days in (0, 10, 29):
            ask(ledger, after(days), 1.0)
        for days in (0, 15, 28, 29):
            with pytest.raises(FleetBudgetSpent) as refused:
                ask(ledger, after(days), 1.0, cap=1)
            assert refused.value.wanted == pytest.approx(zcdp(1.0, DELTA))
            assert 0 <= refused.value.remaining < 1e-3
        ask(ledger, after(30), 1.0)  # the first is 30 days ago
        with pytest.raises(FleetBudgetSpent):
            ask(ledger, after(31), 1.0)
        ask(ledger, after(-20), 1.0)  # no 30 days with it hold more than it and the first

    def test_so_is_the_lifetime(self, make: Make) -> None:
        ledger = make(window=99.0, lifetime=1.001 * 3 * zcdp(1.0, DELTA))
        for days in (0, 1000, 2000):
            ask(ledger, after(days), 1.0)
        for days in (1, 500, 5000):
            with pytest.raises(FleetBudgetSpent):
                ask(make(99.0, 1.001 * 3 * zcdp(1.0, DELTA)), after(days), 1.0)
        assert ask(ledger, after(1000), 1.0).is_repeated, "what is known stays known"

    @given(st.lists(st.tuples(st.integers(0, 80), st.sampled_from([0.3, 0.5, 0.8, 1.0])), max_size=40))
    def test_no_thirty_days_ever_cost_more(self, asked: list[tuple[int, float]]) -> None:
        ledger = FleetLedger(None, FleetCaps(0.05, 0.12))
        spent: dict[tuple[int, float], float] = {}
        for days, epsilon in asked:
            rho = zcdp(epsilon, DELTA)
            trial = spent | {(days, epsilon): rho}
            sums = [
                sum(one for (day, _), one in trial.items() if first <= day < first + WINDOW_DAYS)
                for first in range(days - WINDOW_DAYS + 1, days + 1)
            ]
            allowed = max(sums) <= 0.05 and sum(trial.values()) <= 0.12
            try:
                ask(ledger, after(days), epsilon, homes=())
            except FleetBudgetSpent:
                assert not allowed
            else:
                assert allowed
                spent = trial
        ledger.close()

    @pytest.mark.parametrize("caps", [(0.0, 1.0), (1.0, 0.0), (math.nan, 1.0), (1.0, math.inf)])
    def test_a_cap_that_is_none_is_refused(self, caps: tuple[float, float]) -> None:
        with pytest.raises(ValueError, match="a cap is a finite number above 0"):
            FleetCaps(*caps)


class TestFile:
    def test_it_is_the_owners_alone(self, make: Make, path: Path) -> None:
        ask(make())
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}

    def test_what_was_spent_before_a_failure_stays_spent_and_is_answered_later(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ledger = make()
        with monkeypatch.context() as broken:
            broken.setattr(anonymizers.fleet, "with_noise", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                ask(ledger)
        spent = 0.05 - ledger.remaining(DAY)
        assert spent == pytest.approx(zcdp(A_TENTH, DELTA))
        found = ask(ledger)
        assert (found.spent_30d, found.is_repeated) == (pytest.approx(spent), False)

    def test_while_another_process_writes_nothing_is_released(self, path: Path) -> None:
        ledger = FleetLedger(path, timeout_s=0.01)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            ask(ledger)
        other.execute("ROLLBACK")
        other.close()
        assert ledger.remaining(DAY) == 0.05
        ledger.close()

    def test_a_damaged_file_is_refused(self, path: Path) -> None:
        path.parent.mkdir()
        path.write_bytes(b"not a ledger" * 1000)
        with pytest.raises(sqlite3.DatabaseError):
            FleetLedger(path)

    def test_64_threads_never_spend_too_much(self, make: Make) -> None:
        ledgers = [make() for _ in range(4)]
        start = threading.Barrier(64)

        def one(number: int) -> Any:
            start.wait()
            try:
                return ask(ledgers[number % 4], after(number % 32 // 4), A_TENTH, cap=1 + number % 4)
            except FleetBudgetSpent:
                return None

        with ThreadPoolExecutor(64) as pool:
            found = [answer for answer in pool.map(one, range(64)) if answer is not None]
        assert 0 < len(found) < 64
        assert max(answer.spent_30d for answer in found) <= 0.05
        assert ledgers[0].remaining(DAY) < zcdp(A_TENTH, DELTA), "all of it is spent"
