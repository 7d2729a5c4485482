# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from analytic.access import AccessRules
from analytic.api import application
from analytic.api.predict import Predictor
from analytic.api.stats import DailyCounts, Stats
from analytic.errors import BudgetExceeded, InvalidParameter, NotReady
from analytic.pipeline import Pipeline
from tests.analytic.api.conftest import Switchboard

FIRST, LAST = dt.date(2026, 1, 2), dt.date(2026, 1, 30)
RULES = AccessRules.of([], [], "right", {"uni": "for-the-uni", "city": "for-the-city"})


class Releases:
    """Notes who asks for what; raises what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dt.date, Decimal]] = []
        self.fault: Exception | None = None

    def __call__(self, requestor: str, day: dt.date, epsilon: Decimal) -> DailyCounts:
        self.asked.append((requestor, day, epsilon))
        if self.fault is not None:
            raise self.fault
        return DailyCounts(
            {"fire": 2, "scream": 0},
            "one event",
            "geometric",
            epsilon,
            0.0,
            2.0,
            Decimal("0.5"),
            Decimal("0.25"),
            False,
        )


@pytest.fixture
def releases() -> Releases:
    return Releases()


@pytest.fixture
def stats(releases: Releases) -> Stats:
    return Stats(releases, lambda: (FIRST, LAST), Decimal("0.5"))


@pytest.fixture
def make_client(
    pipeline: Pipeline, predictor: Predictor, switchboard: Switchboard, stats: Stats
) -> Callable[[AccessRules], FlaskClient]:
    def make(access: AccessRules) -> FlaskClient:
        doors = application.Doors(
            pipeline, predictor, access, switchboard.metrics, lambda: None, 2_000_000, stats=stats
        )
        app: Flask = application.create(doors)
        return app.test_client()

    return make


@pytest.fixture
def client(make_client: Callable[[AccessRules], FlaskClient]) -> FlaskClient:
    return make_client(RULES)


def ask(client: FlaskClient, token: str | None, path: str = "/stats/daily", method: str = "GET") -> TestResponse:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.open(path, method=method, headers=headers)


class TestQuestion:
    def test_yesterday_is_meant_where_no_day_is_named_and_the_usual_epsilon(
        self, stats: Stats, releases: Releases
    ) -> None:
        stats.daily("uni", {})
        assert releases.asked == [("uni", LAST, Decimal("0.5"))]

    @pytest.mark.parametrize("day", [FIRST, LAST])
    def test_the_first_day_and_the_last_may_be_asked_for(self, stats: Stats, releases: Releases, day: dt.date) -> None:
        stats.daily("uni", {"date": day.isoformat(), "epsilon": "0.125"})
        assert releases.asked == [("uni", day, Decimal("0.125"))]

    @pytest.mark.parametrize(
        "date",
        ["2026-01-01", "2026-01-31", "2025-01-15", "9999-12-31", "2026-02-30", "20260115", "2026-W03-4", "2026-1-15",
         "", "yesterday", " 2026-01-15", "2026-01-15T00:00", "\u0662\u0660\u0662\u0666-01-15"],
    )  # fmt: skip
    def test_another_day_is_refused_and_the_bounds_are_told(self, stats: Stats, releases: Releases, date: str) -> None:
        with pytest.raises(InvalidParameter, match=r"is over .* from 2026-01-02 to 2026-01-30") as caught:
            stats.daily("uni", {"date": date})
        assert caught.value.name == "date"
        assert releases.asked == []

    @pytest.mark.parametrize("query", [{}, {"date": "2026-01-30"}])
    def test_where_no_day_is_kept_whole_none_is_released(self, releases: Releases, query: dict[str, str]) -> None:
        stats = Stats(releases, lambda: (LAST + dt.timedelta(1), LAST), Decimal("0.5"))
        with pytest.raises(InvalidParameter, match=r"there is none: delivery\.kept_days"):
            stats.daily("uni", query)
        assert releases.asked == []

    @pytest.mark.parametrize(
        "epsilon",
        ["0", "0.000", "-1", "+1", "1e1", "100", "0.0001", ".5", "1.", "", "NaN", "inf", "0,5", " 1", "\u0665"],
    )
    def test_an_epsilon_that_is_none_is_refused(self, stats: Stats, releases: Releases, epsilon: str) -> None:
        with pytest.raises(InvalidParameter, match="above 0 with at most three decimals") as caught:
            stats.daily("uni", {"epsilon": epsilon})
        assert caught.value.name == "epsilon"
        assert releases.asked == []

    def test_a_parameter_that_nobody_knows_is_refused(self, stats: Stats, releases: Releases) -> None:
        with pytest.raises(InvalidParameter, match="only date, epsilon"):
            stats.daily("uni", {"day": "2026-01-15"})
        assert releases.asked == []


class TestAnswer:
    def test_it_holds_the_counts_and_all_that_one_must_know_of_them(self, client: FlaskClient) -> None:
        answer = ask(client, "for-the-uni", "/stats/daily?date=2026-01-15&epsilon=0.50")
        assert answer.status_code == 200
        assert answer.get_json() == {
            "date": "2026-01-15",
            "counts": {"fire": 2, "scream": 0},
            "unit": "one event",
            "mechanism": "geometric",
            "epsilon": 0.5,
            "delta": 0.0,
            "scale": 2.0,
            "requestor": "uni",
            "spent": 0.5,
            "remaining": 0.25,
            "repeated": False,
        }

    def test_a_spent_budget_is_429_and_says_what_remains(self, client: FlaskClient, releases: Releases) -> None:
        releases.fault = BudgetExceeded(Decimal("0.5"), Decimal("0.25"))
        answer = ask(client, "for-the-uni")
        assert answer.status_code == 429
        body: dict[str, Any] = answer.get_json()
        assert (body["status"], body["remaining"]) == ("error", 0.25)
        assert "epsilon 0.5 was asked for, 0.25 remains" in body["message"]

    def test_a_ledger_that_cannot_be_used_is_503(self, client: FlaskClient, releases: Releases) -> None:
        releases.fault = NotReady("the privacy ledger cannot be used, so nothing is told")
        answer = ask(client, "for-the-uni")
        assert answer.status_code == 503
        assert answer.get_json()["message"] == "Not ready: the privacy ledger cannot be used, so nothing is told"

    def test_a_question_that_is_not_of_its_form_is_400(self, client: FlaskClient) -> None:
        assert ask(client, "for-the-uni", "/stats/daily?date=today").status_code == 400

    def test_it_is_described(self, client: FlaskClient) -> None:
        described = client.get("/swagger.json").get_json()["paths"]["/stats/daily"]["get"]
        assert [one["name"] for one in described["parameters"]] == ["date", "epsilon"]
        assert set(described["responses"]) >= {"400", "429", "503"}


class TestWhoAsks:
    def test_an_analyst_is_known_by_its_token(self, client: FlaskClient, releases: Releases) -> None:
        for token in ("for-the-uni", "for-the-city", "right"):
            assert ask(client, token).status_code == 200
        assert [who for who, *_ in releases.asked] == ["uni", "city", "owner"]

    @pytest.mark.parametrize("token", [None, "wrong", "uni", "for-the-un", "for-the-unix", "FOR-THE-UNI"])
    def test_nobody_else_gets_in(self, client: FlaskClient, releases: Releases, token: str | None) -> None:
        assert ask(client, token).status_code == 401
        assert releases.asked == []

    def test_without_a_token_of_ours_everybody_is_the_owner(
        self, make_client: Callable[[AccessRules], FlaskClient], releases: Releases
    ) -> None:
        client = make_client(AccessRules())
        assert ask(client, None).status_code == 200
        assert ask(client, "whatever").status_code == 200
        assert [who for who, *_ in releases.asked] == ["owner", "owner"]

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
    def test_there_is_nothing_to_change(self, client: FlaskClient, releases: Releases, method: str) -> None:
        assert ask(client, "for-the-uni", method=method).status_code == 405
        assert releases.asked == []
