# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from anonymizers.accountant import BudgetSpent, Caps, Ledger

ROOT = Path(__file__).parents[2]
DAY, QUERY = "2026-01-02", "alarms by class"
NONE, HALF, ONE = Decimal(0), Decimal("0.5"), Decimal(1)

Counts = Mapping[str, int]


class Sampler:
    """Gives another answer at each call, and counts the calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Counts:
        self.calls += 1
        return {"fire": self.calls}


def never() -> Counts:
    raise AssertionError("it was sampled")


def open_at(path: Path, at: float) -> None:
    """Open a ledger at a time, in one process of several."""
    time.sleep(max(0.0, at - time.time()))
    Ledger(path, Caps()).close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stats" / "ledger.sqlite3"


@pytest.fixture
def sample() -> Sampler:
    return Sampler()


@pytest.fixture
def make(path: Path) -> Iterator[Callable[..., Ledger]]:
    """Opens the same file again and again, and closes it in the end."""
    opened: list[Ledger] = []

    def one(requestor: str = "1", home: str = "1", timeout_s: float = 10.0) -> Ledger:
        opened.append(Ledger(path, Caps(Decimal(requestor), Decimal(home)), timeout_s))
        return opened[-1]

    yield one
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(make: Callable[..., Ledger]) -> Ledger:
    return make()


class TestSpending:
    def test_what_is_spent_is_on_disk_before_anything_is_sampled(self, ledger: Ledger, path: Path) -> None:
        def look() -> Counts:
            found = sqlite3.connect(path)
            assert found.execute("SELECT epsilon, answer FROM releases").fetchall() == [("0.5", None)]
            assert found.execute("SELECT requestor FROM given").fetchall() == [("anna",)]
            found.close()
            return {"fire": 1}

        assert ledger.release("anna", DAY, QUERY, HALF, look).counts == {"fire": 1}

    @pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt, SystemExit])
    def test_a_sampler_that_fails_gives_nothing_back(
        self, ledger: Ledger, sample: Sampler, fault: type[BaseException]
    ) -> None:
        def fail() -> Counts:
            raise fault

        with pytest.raises(fault):
            ledger.release("anna", DAY, QUERY, HALF, fail)
        assert ledger.remaining("anna", DAY) == HALF
        assert ledger.remaining("bert", DAY) == HALF
        found = ledger.release("anna", DAY, QUERY, HALF, sample)
        assert (found.counts, found.spent, found.remaining, sample.calls) == ({"fire": 1}, HALF, HALF, 1)
        assert ledger.release("anna", DAY, QUERY, HALF, never).is_repeated

    def test_a_process_that_is_killed_while_it_samples_has_spent(
        self, make: Callable[..., Ledger], path: Path, sample: Sampler
    ) -> None:
        child = f"""
            import os, signal
            from decimal import Decimal
            from pathlib import Path
            from anonymizers.accountant import Caps, Ledger
            ledger = Ledger(Path({str(path)!r}), Caps())
            ledger.release("anna", {DAY!r}, {QUERY!r}, Decimal("0.5"), lambda: os.kill(os.getpid(), signal.SIGKILL))
        """
        lines = "\n".join(line.strip() for line in child.splitlines())
        assert subprocess.run([sys.executable, "-c", lines], cwd=ROOT, check=False).returncode == -signal.SIGKILL
        ledger = make()
        assert ledger.remaining("anna", DAY) == HALF
        found = ledger.release("anna", DAY, QUERY, HALF, sample)
        assert (found.spent, found.is_repeated, sample.calls) == (HALF, False, 1)
        assert ledger.release("anna", DAY, QUERY, HALF, never).counts == found.counts

    @pytest.mark.parametrize("epsilon", ["0", "-1", "NaN", "Infinity", "0.0000001", "0.33333333333333333333"])
    def test_an_epsilon_that_cannot_be_added_up_exactly_is_refused(self, ledger: Ledger, epsilon: str) -> None:
        with pytest.raises(ValueError, match="epsilon"):
            ledger.release("anna", DAY, QUERY, Decimal(epsilon), never)
        assert ledger.remaining("anna", DAY) == 1


class TestRepeats:
    def test_the_same_question_gets_the_same_answer_and_costs_nothing_more(
        self, ledger: Ledger, sample: Sampler
    ) -> None:
        first = ledger.release("anna", DAY, QUERY, HALF, sample)
        again = [ledger.release("anna", DAY, QUERY, Decimal(text), sample) for text in ("0.5", "0.50", "5e-1")]
        assert not first.is_repeated
        assert all((one.counts, one.spent, one.is_repeated) == (first.counts, HALF, True) for one in again)
        assert sample.calls == 1

    def test_another_requestor_pays_itself_and_the_home_pays_once(self, ledger: Ledger, sample: Sampler) -> None:
        first = ledger.release("anna", DAY, QUERY, HALF, sample)
        second = ledger.release("bert", DAY, QUERY, HALF, never)
        assert second.counts == first.counts
        assert (second.spent, second.remaining, second.is_repeated) == (HALF, HALF, True)

    def test_what_has_been_released_is_still_to_be_had_when_the_home_has_nothing_left(
        self, ledger: Ledger, sample: Sampler
    ) -> None:
        ledger.release("anna", DAY, QUERY, ONE, sample)
        found = ledger.release("bert", DAY, QUERY, ONE, never)
        assert (found.counts, found.remaining) == ({"fire": 1}, NONE)

    def test_but_not_beyond_what_the_requestor_may_have(self, make: Callable[..., Ledger], sample: Sampler) -> None:
        ledger = make(requestor="0.5", home="2")
        with pytest.raises(BudgetSpent):
            ledger.release("anna", DAY, QUERY, ONE, never)
        ledger.release("anna", DAY, QUERY, HALF, sample)
        ledger.release("bert", DAY, "another", HALF, sample)
        with pytest.raises(BudgetSpent) as caught:
            ledger.release("anna", DAY, "another", HALF, never)
        assert caught.value.remaining == 0

    def test_another_epsilon_query_or_period_is_another_release(self, ledger: Ledger, sample: Sampler) -> None:
        tenth = Decimal("0.1")
        for period, query, epsilon in [
            (DAY, QUERY, tenth), (DAY, QUERY, Decimal("0.2")), (DAY, "other", tenth), ("2026-01-03", QUERY, tenth),
        ]:  # fmt: skip
            assert not ledger.release("anna", period, query, epsilon, sample).is_repeated
        assert sample.calls == 4
        assert ledger.remaining("anna", DAY) == Decimal("0.6")
        assert ledger.remaining("anna", "2026-01-03") == Decimal("0.9")
        assert ledger.remaining("anna", "2026-01-04") == 1

    def test_an_answer_without_counts_is_an_answer(self, ledger: Ledger) -> None:
        assert ledger.release("anna", DAY, QUERY, HALF, dict).counts == {}
        assert ledger.release("anna", DAY, QUERY, HALF, never).is_repeated


class TestCaps:
    def test_ten_tenths_are_one(self, ledger: Ledger, sample: Sampler) -> None:
        for number in range(10):
            ledger.release("anna", DAY, str(number), Decimal("0.1"), sample)
        assert ledger.remaining("anna", DAY) == 0
        with pytest.raises(BudgetSpent) as caught:
            ledger.release("anna", DAY, "another", Decimal("0.000001"), never)
        assert (caught.value.wanted, caught.value.remaining) == (Decimal("0.000001"), NONE)

    def test_a_requestor_stops_at_its_own(self, make: Callable[..., Ledger], sample: Sampler) -> None:
        ledger = make(requestor="0.7", home="10")
        ledger.release("anna", DAY, QUERY, HALF, sample)
        with pytest.raises(BudgetSpent, match=r"0\.5 was asked for, 0\.2 remains"):
            ledger.release("anna", DAY, "another", HALF, never)
        assert ledger.release("bert", DAY, "another", HALF, sample).remaining == Decimal("0.2")

    def test_all_together_stop_at_that_of_the_home(self, make: Callable[..., Ledger], sample: Sampler) -> None:
        ledger = make(requestor="1", home="1.2")
        ledger.release("anna", DAY, "one", HALF, sample)
        ledger.release("bert", DAY, "two", HALF, sample)
        with pytest.raises(BudgetSpent) as caught:
            ledger.release("carl", DAY, "three", HALF, never)
        assert caught.value.remaining == Decimal("0.2")
        assert ledger.release("carl", DAY, "three", Decimal("0.2"), sample).remaining == 0

    def test_what_was_refused_is_not_noted(self, make: Callable[..., Ledger], sample: Sampler) -> None:
        make().release("anna", DAY, QUERY, Decimal("0.9"), sample)
        with pytest.raises(BudgetSpent):
            make().release("bert", DAY, QUERY, HALF, never)
        assert make(home="2").remaining("bert", DAY) == 1
        assert not make(home="2").release("bert", DAY, QUERY, HALF, sample).is_repeated

    @pytest.mark.parametrize("wrong", [{"requestor": Decimal(0)}, {"home": Decimal("NaN")}, {"home": Decimal(-1)}])
    def test_a_cap_that_is_none_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="a cap is a finite number above 0"):
            Caps(**wrong)


class TestFile:
    def test_a_restart_forgets_nothing(self, make: Callable[..., Ledger], sample: Sampler) -> None:
        before = make()
        first = before.release("anna", DAY, QUERY, HALF, sample)
        before.close()
        after = make()
        assert after.release("anna", DAY, QUERY, HALF, never).counts == first.counts
        after.release("anna", DAY, "another", HALF, sample)
        with pytest.raises(BudgetSpent):
            make().release("bert", DAY, "a third", HALF, never)

    def test_lower_caps_hold_for_what_was_spent_before(self, make: Callable[..., Ledger], sample: Sampler) -> None:
        make().release("anna", DAY, QUERY, HALF, sample)
        lower = make(home="0.3")
        assert lower.remaining("bert", DAY) == 0
        with pytest.raises(BudgetSpent):
            lower.release("bert", DAY, "another", Decimal("0.1"), never)

    def test_it_is_its_owner_s_alone(self, ledger: Ledger, path: Path, sample: Sampler) -> None:
        mask = os.umask(0)
        try:
            ledger.release("anna", DAY, QUERY, HALF, sample)
        finally:
            os.umask(mask)
        files = sorted(path.parent.iterdir())
        assert [file.name for file in files] == ["ledger.sqlite3", "ledger.sqlite3-shm", "ledger.sqlite3-wal"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_while_another_process_holds_it_nothing_is_sampled(self, make: Callable[..., Ledger], path: Path) -> None:
        ledger = make(timeout_s=0.01)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            ledger.release("anna", DAY, QUERY, HALF, never)
        other.execute("ROLLBACK")
        other.close()
        assert ledger.remaining("anna", DAY) == 1

    def test_a_new_file_that_another_process_keeps_is_given_up_in_time(
        self, make: Callable[..., Ledger], path: Path
    ) -> None:
        path.parent.mkdir()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            make(timeout_s=0.01)
        other.execute("ROLLBACK")
        other.close()
        make(timeout_s=0.01)

    def test_on_a_full_disk_nothing_is_sampled(self, ledger: Ledger) -> None:
        ((pages,),) = ledger._connection.execute("PRAGMA page_count").fetchall()
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            ledger.release("anna", DAY, "x" * 100_000, HALF, never)
        assert ledger.remaining("anna", DAY) == 1

    def test_an_answer_that_cannot_be_kept_is_not_told_and_the_next_one_costs_no_more(
        self, make: Callable[..., Ledger], path: Path, sample: Sampler
    ) -> None:
        ledger = make(timeout_s=0.01)
        other = sqlite3.connect(path, isolation_level=None)

        def locked() -> Counts:
            other.execute("BEGIN IMMEDIATE")
            return {"fire": 99}

        with pytest.raises(sqlite3.OperationalError, match="locked"):
            ledger.release("anna", DAY, QUERY, HALF, locked)
        other.execute("ROLLBACK")
        other.close()
        found = ledger.release("anna", DAY, QUERY, HALF, sample)
        assert (found.counts, found.spent) == ({"fire": 1}, HALF)

    def test_a_damaged_file_is_refused_and_stays_as_it_is(self, path: Path, make: Callable[..., Ledger]) -> None:
        path.parent.mkdir()
        path.write_bytes(b"not a ledger" * 1000)
        for _ in range(2):
            with pytest.raises(sqlite3.DatabaseError):
                make()
        assert path.read_bytes() == b"not a ledger" * 1000

    def test_one_in_memory_leaves_no_file(self, tmp_path: Path, sample: Sampler) -> None:
        ledger = Ledger(None, Caps())
        assert ledger.release("anna", DAY, QUERY, HALF, sample).counts == {"fire": 1}
        ledger.close()
        assert list(tmp_path.iterdir()) == []


class TestRace:
    def test_64_threads_get_one_answer(self, ledger: Ledger, sample: Sampler) -> None:
        start = threading.Barrier(64)

        def ask(number: int) -> Counts:
            start.wait()
            return ledger.release(f"r{number % 8}", DAY, QUERY, HALF, sample).counts

        with ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(ask, range(64)))
        assert answers == [{"fire": 1}] * 64
        assert sample.calls == 1

    def test_64_threads_with_ledgers_of_their_own_never_spend_too_much(self, make: Callable[..., Ledger]) -> None:
        ledgers = [make(requestor="1", home="1") for _ in range(8)]
        start = threading.Barrier(64)

        def ask(number: int) -> tuple[str, Counts] | None:
            start.wait()
            query = str(number % 32)
            try:
                found = ledgers[number % 8].release(
                    f"r{number // 16}", DAY, query, Decimal("0.1"), lambda: {"fire": number}
                )
            except BudgetSpent:
                return None
            return query, found.counts

        with ThreadPoolExecutor(64) as pool:
            answers = [answer for answer in pool.map(ask, range(64)) if answer is not None]
        told = dict(answers)
        assert all(told[query] == counts for query, counts in answers)
        assert len(told) == 10

    def test_4_processes_open_new_files_at_once(self, path: Path) -> None:
        with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
            for number in range(50):
                file, at = path.with_name(f"{number}.sqlite3"), time.time() + 0.02
                list(pool.map(open_at, [file] * 4, [at] * 4))

    def test_4_processes_never_spend_too_much_and_tell_the_same(self, path: Path) -> None:
        child = """
            import json, os, sys
            from decimal import Decimal
            from pathlib import Path
            from anonymizers.accountant import BudgetSpent, Caps, Ledger
            ledger = Ledger(Path(sys.argv[1]), Caps(Decimal(5), Decimal(1)))
            told = {}
            sys.stdin.read()
            for number in range(40):
                try:
                    found = ledger.release(sys.argv[2], "day", str(number), Decimal("0.05"), lambda: {"n": os.getpid()})
                except BudgetSpent:
                    continue
                told[number] = found.counts["n"]
            ledger.close()
            print(json.dumps(told))
        """
        lines = "\n".join(line.removeprefix(" " * 12) for line in child.splitlines())
        with contextlib.ExitStack() as stack:
            children = [
                stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, "-c", lines, str(path), f"r{number}"],
                        cwd=ROOT,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                    )
                )
                for number in range(4)
            ]
            for one in children:
                assert one.stdin is not None
                one.stdin.close()  # they all wait for this
                one.stdin = None
            said = [one.communicate(timeout=60)[0] for one in children]
        assert [one.returncode for one in children] == [0] * 4
        told = [json.loads(one) for one in said]
        released: dict[str, int] = {}
        for answers in told:
            assert len(answers) <= 20
            assert all(released.setdefault(number, answer) == answer for number, answer in answers.items())
        assert len(released) == 20


class Model(RuleBasedStateMachine):
    """The ledger beside two dictionaries that say the same in a few lines."""

    CAPS = Caps(Decimal("0.7"), Decimal(1))

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(None, self.CAPS)
        self.released: dict[tuple[str, str, Decimal], int | None] = {}
        self.given: set[tuple[str, tuple[str, str, Decimal]]] = set()
        self.samples = 0

    def spent(self, period: str, requestor: str | None = None) -> Decimal:
        keys = self.released if requestor is None else [key for who, key in self.given if who == requestor]
        return sum((key[2] for key in keys if key[0] == period), Decimal(0))

    @rule(
        requestor=st.sampled_from(["anna", "bert", "carl"]),
        period=st.sampled_from(["monday", "tuesday"]),
        query=st.sampled_from(["one", "two", "three"]),
        thousandths=st.sampled_from([1, 99, 100, 250, 300, 500, 700, 701, 1000]),
        fails=st.booleans(),
    )
    def ask(self, requestor: str, period: str, query: str, thousandths: int, fails: bool) -> None:
        epsilon = Decimal(thousandths) / 1000
        key = (period, query, epsilon)
        allowed = (requestor, key) in self.given or (
            self.spent(period, requestor) + epsilon <= self.CAPS.requestor
            and (key in self.released or self.spent(period) + epsilon <= self.CAPS.home)
        )
        expected = self.released.get(key)

        def sample() -> Counts:
            assert allowed
            assert expected is None
            if fails:
                raise RuntimeError
            self.samples += 1
            return {"fire": self.samples}

        if not allowed:
            with pytest.raises(BudgetSpent) as caught:
                self.ledger.release(requestor, period, query, epsilon, sample)
            assert caught.value.remaining == self.left(requestor, period)
            return
        self.released.setdefault(key, None)
        self.given.add((requestor, key))
        if fails and expected is None:
            with pytest.raises(RuntimeError):
                self.ledger.release(requestor, period, query, epsilon, sample)
            return
        found = self.ledger.release(requestor, period, query, epsilon, sample)
        assert found.is_repeated == (expected is not None)
        assert found.counts["fire"] == (self.samples if expected is None else expected)
        self.released[key] = found.counts["fire"]
        assert (found.spent, found.remaining) == (self.spent(period, requestor), self.left(requestor, period))

    def left(self, requestor: str, period: str) -> Decimal:
        return min(self.CAPS.requestor - self.spent(period, requestor), self.CAPS.home - self.spent(period))

    @precondition(lambda self: self.released)
    @rule()
    def restart(self) -> None:
        """All that is known is in the file: a copy of it goes on as if nothing had been."""
        copy = Ledger(None, self.CAPS)
        self.ledger._connection.backup(copy._connection)
        self.ledger.close()
        self.ledger = copy

    @invariant()
    def nothing_is_above_its_cap(self) -> None:
        for period in ("monday", "tuesday"):
            assert self.spent(period) <= self.CAPS.home
            for requestor in ("anna", "bert", "carl"):
                assert self.spent(period, requestor) <= self.CAPS.requestor
                assert self.ledger.remaining(requestor, period) == self.left(requestor, period)

    def teardown(self) -> None:
        self.ledger.close()


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
