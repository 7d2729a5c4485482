# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

import anonymizers.counts
from analytic.app import Service
from analytic.app.statistics import Statistics, make_analysts
from analytic.delivery.database import Database
from analytic.delivery.history import History
from analytic.delivery.outbox import Outbox
from analytic.errors import BadSettings, BudgetExceeded, NotReady
from analytic.settings import Settings, load
from anonymizers.accountant import Ledger
from model.fake import FakeTagger
from tests.analytic.delivery.told import NOON, SIGNER, Clock, alarm, event_id

WAIT_S = 10.0
HOUR_S, DAY_S = 3600.0, 86_400.0
CLASSES = ("fire", "glass_break", "scream")
HALF = Decimal("0.5")
TODAY = dt.date(2026, 1, 1)
YESTERDAY = TODAY - dt.timedelta(1)


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """This machine stands in Greenwich, until a test moves it."""

    def stand_in(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    stand_in("UTC")
    yield stand_in
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def without_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anonymizers.counts, "discrete_laplace", lambda _scale: 0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database(None)
    yield made
    made.close()


@pytest.fixture
def outbox(database: Database, clock: Clock) -> Outbox:
    return Outbox(database, (), SIGNER.sign, now=clock)


@pytest.fixture
def hear(outbox: Outbox, clock: Clock) -> Callable[..., None]:
    """Have events begin at a Unix time."""
    numbers = iter(range(1, 1000))

    def put(at: float, *classes: str) -> None:
        clock.now, now = at, clock.now
        outbox.commit([alarm(next(numbers), event_class=name) for name in classes])
        clock.now = now

    return put


@pytest.fixture
def make(
    settings: Settings, database: Database, clock: Clock, utc: Callable[[str], None]
) -> Iterator[Callable[..., Statistics]]:
    with contextlib.ExitStack() as ends:

        def one(classes: tuple[str, ...] = CLASSES, **sections: Any) -> Statistics:
            made = Statistics(load(**sections), History(database, SIGNER.sign, clock), classes, clock)
            ends.callback(made.close)
            return made

        yield one


@pytest.fixture
def statistics(make: Callable[..., Statistics]) -> Statistics:
    return make()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the ledger lies."""
    return tmp_path / "state" / "hearken" / "stats"


class TestCounts:
    def test_every_class_is_counted_on_its_day_also_where_there_was_none(
        self, statistics: Statistics, hear: Callable[..., None], without_noise: None
    ) -> None:
        hear(NOON - DAY_S, "fire", "fire", "scream")
        hear(NOON - 2 * DAY_S, "fire")
        hear(NOON, "scream")
        found = statistics.release("uni", YESTERDAY, HALF)
        assert found.counts == {"fire": 2, "glass_break": 0, "scream": 1}
        assert (found.unit, found.mechanism) == ("one event, of one class, on one day", "two-sided geometric")
        assert (found.epsilon, found.delta, found.scale) == (HALF, 0.0, 2.0)
        assert (found.spent, found.remaining, found.is_repeated) == (HALF, HALF, False)

    def test_a_class_that_is_no_longer_known_is_not_named(
        self, statistics: Statistics, hear: Callable[..., None], without_noise: None
    ) -> None:
        hear(NOON - DAY_S, "purr")
        assert list(statistics.release("uni", YESTERDAY, HALF).counts) == list(CLASSES)

    def test_an_event_that_goes_on_over_midnight_belongs_to_the_day_on_which_it_began(
        self, statistics: Statistics, outbox: Outbox, clock: Clock, without_noise: None
    ) -> None:
        midnight = NOON - 12 * HOUR_S
        for number, phase, at in [(1, "start", -1.0), (2, "update", 1.0), (3, "end", 60.0)]:
            clock.now = midnight + at
            outbox.commit([alarm(number, phase, event=1)])
        clock.now = NOON + DAY_S
        days = [statistics.release("uni", day, HALF).counts["fire"] for day in (YESTERDAY, TODAY)]
        assert days == [1, 0]

    def test_noise_is_added(self, make: Callable[..., Statistics]) -> None:
        statistics = make(tuple(f"class_{number}" for number in range(100)))
        assert len(set(statistics.release("uni", YESTERDAY, HALF).counts.values())) > 1

    def test_what_is_deleted_before_is_not_counted_and_what_is_deleted_later_changes_nothing(
        self, statistics: Statistics, database: Database, hear: Callable[..., None], without_noise: None
    ) -> None:
        hear(NOON - DAY_S, "fire", "fire")
        with database.transaction() as connection:
            connection.execute("DELETE FROM events WHERE id = ?", (event_id(1),))
        first = statistics.release("uni", YESTERDAY, HALF)
        assert first.counts["fire"] == 1
        with database.transaction() as connection:
            connection.execute("DELETE FROM events")
        assert statistics.release("uni", YESTERDAY, HALF).counts == first.counts
        assert statistics.release("uni", YESTERDAY, Decimal("0.25")).counts["fire"] == 0


class TestBudget:
    def test_the_same_question_gets_the_same_answer_and_another_epsilon_is_a_new_release(
        self, make: Callable[..., Statistics]
    ) -> None:
        statistics = make(tuple(f"class_{number}" for number in range(60)))
        first = statistics.release("uni", YESTERDAY, HALF)
        again = [statistics.release(who, YESTERDAY, Decimal("0.50")) for who in ("uni", "uni", "city")]
        assert all(one.counts == first.counts and one.is_repeated for one in again)
        other = statistics.release("uni", YESTERDAY, Decimal("0.3"))
        assert not other.is_repeated
        assert other.counts != first.counts
        assert (other.spent, other.remaining) == (Decimal("0.8"), Decimal("0.2"))

    def test_other_classes_are_another_question(self, make: Callable[..., Statistics]) -> None:
        assert make().release("uni", YESTERDAY, HALF).remaining == HALF
        assert not make((*CLASSES, "purr")).release("uni", YESTERDAY, HALF).is_repeated
        with pytest.raises(BudgetExceeded):
            make(CLASSES[:1]).release("uni", YESTERDAY, HALF)

    def test_beyond_the_caps_is_refused_with_what_remains(self, make: Callable[..., Statistics]) -> None:
        statistics = make(stats={"requestor_cap": 0.75, "home_cap": "1"})
        statistics.release("uni", YESTERDAY, HALF)
        with pytest.raises(BudgetExceeded) as caught:
            statistics.release("uni", YESTERDAY, Decimal("0.300"))
        assert (str(caught.value.wanted), str(caught.value.remaining)) == ("0.3", "0.25")
        statistics.release("city", YESTERDAY, Decimal("0.4"))
        with pytest.raises(BudgetExceeded) as caught:
            statistics.release("city", YESTERDAY, Decimal(10))
        assert (str(caught.value.wanted), str(caught.value.remaining)) == ("10", "0.1")

    def test_days_do_not_add_up(self, statistics: Statistics) -> None:
        for back in range(1, 20):
            statistics.release("uni", TODAY - dt.timedelta(back), Decimal(1))

    def test_a_restart_keeps_the_answer_and_what_was_spent(self, make: Callable[..., Statistics]) -> None:
        classes = tuple(f"class_{number}" for number in range(60))
        before = make(classes)
        first = before.release("uni", YESTERDAY, HALF)
        before.close()
        again = make(classes).release("uni", YESTERDAY, HALF)
        assert (again.counts, again.spent, again.is_repeated) == (first.counts, HALF, True)


class TestFaults:
    @pytest.fixture(autouse=True)
    def nothing_is_sampled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def drawn(_scale: object) -> int:
            raise AssertionError("it was sampled")

        monkeypatch.setattr(anonymizers.counts, "discrete_laplace", drawn)

    def test_a_ledger_that_another_process_holds_is_said_and_nothing_is_sampled(
        self, statistics: Statistics, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("analytic.app.statistics.Ledger", lambda path, caps: Ledger(path, caps, timeout_s=0.01))
        folder.mkdir(parents=True)
        other = sqlite3.connect(folder / "ledger.sqlite3", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(NotReady, match="the privacy ledger cannot be used, so nothing is told"):
            statistics.release("uni", YESTERDAY, HALF)
        other.close()

    def test_a_full_disk_is_said_and_nothing_is_sampled(
        self, statistics: Statistics, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_given: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(Ledger, "_spend", full)
        with pytest.raises(NotReady, match="ledger"):
            statistics.release("uni", YESTERDAY, HALF)

    def test_a_damaged_ledger_is_not_begun_anew(self, statistics: Statistics, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "ledger.sqlite3").write_bytes(b"damaged" * 1000)
        for _ in range(2):
            with pytest.raises(NotReady, match="ledger"):
                statistics.release("uni", YESTERDAY, HALF)
        assert (folder / "ledger.sqlite3").read_bytes() == b"damaged" * 1000

    def test_a_folder_that_cannot_be_made_is_said(self, make: Callable[..., Statistics], tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        statistics = make(stats={"dir": tmp_path / "file" / "stats"})
        with pytest.raises(NotReady, match="ledger"):
            statistics.release("uni", YESTERDAY, HALF)

    def test_a_history_that_cannot_be_read_is_said(self, statistics: Statistics, database: Database) -> None:
        with database.transaction() as connection:
            connection.execute("DROP TABLE events")
        with pytest.raises(NotReady, match="nothing is told"):
            statistics.release("uni", YESTERDAY, HALF)

    def test_who_never_asks_gets_no_ledger(self, statistics: Statistics, folder: Path) -> None:
        statistics.days()
        statistics.close()
        statistics.close()
        assert not folder.exists()


def unix(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


class TestDays:
    def test_a_day_may_be_asked_for_once_it_is_over_and_while_it_is_kept_whole(
        self, make: Callable[..., Statistics], clock: Clock
    ) -> None:
        assert make().days() == (dt.date(2025, 12, 3), YESTERDAY)
        assert make(delivery={"kept_days": 2}).days() == (YESTERDAY, YESTERDAY)
        assert make(delivery={"kept_days": 1}).days() == (TODAY, YESTERDAY)
        clock.now = unix("2026-01-01T00:00:00+00:00")
        assert make(delivery={"kept_days": 2}).days() == (YESTERDAY, YESTERDAY)
        clock.now -= 0.001
        assert make(delivery={"kept_days": 2}).days()[1] == YESTERDAY - dt.timedelta(1)

    @pytest.mark.parametrize(
        ("zone", "day", "hours"),
        [
            ("Europe/Berlin", dt.date(2026, 3, 29), 23),
            ("Europe/Berlin", dt.date(2026, 10, 25), 25),
            ("America/Havana", dt.date(2026, 3, 8), 23),  # there is no midnight on that day
            ("America/Havana", dt.date(2026, 11, 1), 25),  # and two on that one
            ("Australia/Lord_Howe", dt.date(2026, 4, 5), 24.5),
            ("Asia/Kolkata", dt.date(2026, 3, 29), 24),
        ],
    )
    def test_each_event_lies_in_one_day_however_long_that_is(
        self,
        statistics: Statistics,
        hear: Callable[..., None],
        clock: Clock,
        utc: Callable[[str], None],
        without_noise: None,
        zone: str,
        day: dt.date,
        hours: float,
    ) -> None:
        utc(zone)
        begins = dt.datetime.combine(day, dt.time()).timestamp()
        first = begins - 30 * HOUR_S
        halves = [first + half * HOUR_S / 2 for half in range(2 * 90)]
        for at in halves:
            hear(at, "fire")
        clock.now = begins + 5 * DAY_S
        counts = {}
        for shift in range(-3, 4):
            one = day + dt.timedelta(shift)
            counts[one] = statistics.release("uni", one, HALF).counts["fire"]
        assert counts[day] == 2 * hours
        assert sum(counts.values()) == len(halves)


class TestAnalysts:
    def test_each_has_a_token_of_its_own(self) -> None:
        stats = load(stats={"tokens": {"uni": "one", "city": "two"}}).stats
        assert make_analysts(stats, "main") == {"uni": "one", "city": "two"}
        assert make_analysts(load().stats, None) == {}

    def test_without_a_main_token_theirs_would_keep_nobody_out(self) -> None:
        with pytest.raises(BadSettings, match=r"set http\.token too"):
            make_analysts(load(stats={"tokens": {"uni": "s3cret"}}).stats, None)

    def test_the_main_token_is_not_theirs(self) -> None:
        with pytest.raises(BadSettings, match=r"stats\.tokens\.uni is http\.token") as caught:
            make_analysts(load(stats={"tokens": {"uni": "s3cret"}}).stats, "s3cret")
        assert "s3cret" not in str(caught.value)


class TestService:
    @pytest.fixture
    def settings(self) -> Settings:
        return load(
            http={"port": 0, "token": "right"},
            bus={"port": 0},
            stats={"tokens": {"uni": "for-the-uni", "city": "for-the-city"}},
        )

    @pytest.fixture
    def yesterday(self) -> dt.date:
        """The day before today, and not one that ends while the test runs."""
        return dt.datetime.now().astimezone().date() - dt.timedelta(1)

    @pytest.fixture
    def heard(self, settings: Settings, yesterday: dt.date) -> None:
        """Three events of yesterday lie in the folder, and one of the day before."""
        noon = dt.datetime.combine(yesterday, dt.time(12)).timestamp()
        clock, database = Clock(noon - DAY_S), Database(settings.delivery.dir)
        outbox = Outbox(database, (), SIGNER.sign, now=clock)
        outbox.commit([alarm(1, event_class="smoke_alarm")])
        clock.now = noon
        outbox.commit([alarm(number, event_class="smoke_alarm") for number in (2, 3)])
        outbox.commit([alarm(4, event_class="scream")])
        database.close()

    @staticmethod
    def ask(service: Service, token: str | None = "for-the-uni", path: str = "/stats/daily") -> requests.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return requests.get(f"{service.http_url}{path}", headers=headers, timeout=WAIT_S)

    def test_yesterday_is_counted(self, heard: None, without_noise: None, service: Service, yesterday: dt.date) -> None:
        found = self.ask(service).json()
        assert found["date"] == yesterday.isoformat()
        assert {name: count for name, count in found["counts"].items() if count} == {"scream": 1, "smoke_alarm": 2}
        assert len(found["counts"]) > 5
        assert (found["requestor"], found["epsilon"], found["spent"], found["remaining"]) == ("uni", 0.5, 0.5, 0.5)

    def test_answers_stay_until_the_budget_ends_and_over_a_restart(
        self, heard: None, settings: Settings, alarm_tagger: FakeTagger
    ) -> None:
        service = Service(settings, alarm_tagger)
        service.start()
        try:
            first = self.ask(service).json()
            assert self.ask(service).json() == {**first, "repeated": True}
            assert self.ask(service, "for-the-city").json()["counts"] == first["counts"]
            assert self.ask(service, path="/stats/daily?epsilon=0.25").json()["remaining"] == 0.25
            spent = self.ask(service, path="/stats/daily?epsilon=0.3")
            assert (spent.status_code, spent.json()["remaining"]) == (429, 0.25)
        finally:
            service.stop()
        service = Service(settings, alarm_tagger)
        service.start()
        try:
            assert self.ask(service).json()["counts"] == first["counts"]
            assert self.ask(service, path="/stats/daily?epsilon=0.3").status_code == 429
        finally:
            service.stop()

    def test_an_event_that_is_deleted_later_changes_nothing_of_what_was_released(
        self, heard: None, without_noise: None, service: Service
    ) -> None:
        first = self.ask(service).json()
        headers = {"Authorization": "Bearer right"}
        deleted = requests.delete(f"{service.http_url}/events/{event_id(2)}", headers=headers, timeout=WAIT_S)
        assert deleted.status_code == 200
        assert self.ask(service).json()["counts"] == first["counts"]
        assert self.ask(service, path="/stats/daily?epsilon=0.1").json()["counts"]["smoke_alarm"] == 1

    def test_the_main_token_asks_as_the_owner(self, service: Service) -> None:
        assert self.ask(service, "right").json()["requestor"] == "owner"

    def test_an_analyst_gets_statistics_and_nothing_else(self, service: Service) -> None:
        described = self.ask(service, path="/swagger.json").json()["paths"]
        others = {path for path in described if "{" not in path} - {"/stats/daily", "/healthz", "/readyz"}
        assert {"/events", "/sources", "/device", "/mode", "/model/metadata"} <= others
        for path in [*others, "/metrics", "/events/x", "/stats", "/stats/../events", "/stats/%2e%2e/events"]:
            assert self.ask(service, path=path).status_code in (401, 404), path
        assert self.ask(service, None).status_code == 401
        assert self.ask(service, path="/events").status_code == 401

    def test_nor_does_its_token_open_the_bus(self, service: Service) -> None:
        with (
            connect(f"{service.bus_url}?since=start&token=for-the-uni", open_timeout=WAIT_S) as bus,
            pytest.raises(ConnectionClosedError, match="token required"),
        ):
            bus.recv(timeout=WAIT_S)
        door = service.bus_url.replace("/events", "/listen/hall?token=for-the-uni")
        with pytest.raises(InvalidStatus, match="401"):
            connect(door, open_timeout=WAIT_S)

    def test_a_service_without_room_for_its_ledger_hears_alarms_all_the_same(
        self, alarm_tagger: FakeTagger, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_bytes(b"")
        service = Service(load(http={"port": 0}, bus={"port": 0}, stats={"dir": tmp_path / "file"}), alarm_tagger)
        service.start()
        try:
            assert self.ask(service, None, "/readyz").status_code == 200
            answer = self.ask(service, None)
            assert answer.status_code == 503
            assert "privacy ledger" in answer.json()["message"]
        finally:
            service.stop()

    def test_analysts_without_a_main_token_stop_the_start(self, alarm_tagger: FakeTagger) -> None:
        with pytest.raises(BadSettings, match=r"http\.token"):
            Service(load(http={"port": 0}, bus={"port": 0}, stats={"tokens": {"uni": "one"}}), alarm_tagger)
