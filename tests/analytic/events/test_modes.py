# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.events.modes import DAYS, MINUTES_A_DAY, Period, Policies, minutes, mode_at
from analytic.events.policy import Policy
from tests.analytic.events.looking import rule

MONDAY, TUESDAY, SATURDAY, SUNDAY = 0, 1, 5, 6
EVERY_DAY = frozenset(range(7))
OFFICE = Period("away", frozenset({MONDAY, TUESDAY}), minutes("09:00"), minutes("17:30"))
NIGHT = Period("night", EVERY_DAY, minutes("22:30"), minutes("06:00"))


@pytest.mark.parametrize(
    ("day", "time", "holds"),
    [
        (MONDAY, "08:59", False),
        (MONDAY, "09:00", True),
        (MONDAY, "17:29", True),
        (MONDAY, "17:30", False),
        (TUESDAY, "12:00", True),
        (SUNDAY, "12:00", False),
    ],
)
def test_a_period_holds_from_its_beginning_up_to_its_end_on_its_days(day: int, time: str, holds: bool) -> None:
    assert OFFICE.holds(day, minutes(time)) is holds


@pytest.mark.parametrize(
    ("time", "holds"), [("22:29", False), ("22:30", True), ("23:59", True), ("00:00", True), ("05:59", True)]
)
def test_a_period_that_ends_before_it_begins_goes_on_past_midnight(time: str, holds: bool) -> None:
    assert NIGHT.holds(SATURDAY, minutes(time)) is holds
    assert not NIGHT.holds(SATURDAY, minutes("06:00"))


@pytest.mark.parametrize(("begins_on", "next_day"), [(MONDAY, TUESDAY), (SATURDAY, SUNDAY), (SUNDAY, MONDAY)])
def test_past_midnight_the_day_on_which_it_began_counts(begins_on: int, next_day: int) -> None:
    night = Period("night", frozenset({begins_on}), minutes("22:00"), minutes("06:00"))
    assert night.holds(begins_on, minutes("23:00"))
    assert night.holds(next_day, minutes("05:00"))
    assert not night.holds(begins_on, minutes("05:00"))
    assert not night.holds(next_day, minutes("23:00"))


def test_24_00_is_the_end_of_the_day() -> None:
    evening = Period("night", frozenset({MONDAY}), minutes("20:00"), minutes("24:00"))
    assert evening.holds(MONDAY, minutes("23:59"))
    assert not evening.holds(TUESDAY, minutes("00:00"))


@given(st.integers(0, 6), st.integers(0, MINUTES_A_DAY - 1), st.integers(0, 6))
def test_a_period_that_ends_when_it_begins_lasts_a_day(day: int, begins: int, other: int) -> None:
    whole = Period("away", frozenset({day}), begins, begins)
    held = sum(whole.holds(weekday, minute) for weekday in range(7) for minute in range(0, MINUTES_A_DAY, 60))
    assert held == 24
    assert whole.holds(day, begins)
    assert whole.holds(other, begins) is (other == day)


@given(st.sets(st.integers(0, 6)), st.integers(0, MINUTES_A_DAY - 1), st.integers(1, MINUTES_A_DAY - 1))
def test_a_period_holds_as_many_minutes_of_the_week_as_it_is_long(days: set[int], begins: int, length: int) -> None:
    period = Period("away", frozenset(days), begins, (begins + length) % MINUTES_A_DAY)
    expected = {(1440 * day + begins + later) % (7 * 1440) for day in days for later in (0, length // 2, length - 1)}
    just_outside = {(1440 * day + begins + length) % (7 * 1440) for day in days} - {
        (1440 * day + begins) % (7 * 1440) for day in days
    }
    assert all(period.holds(at // 1440, at % 1440) for at in expected)
    assert not any(period.holds(at // 1440, at % 1440) for at in just_outside)


def test_the_first_period_that_holds_gives_the_mode() -> None:
    periods = (NIGHT, OFFICE, Period("home", EVERY_DAY, 0, MINUTES_A_DAY))
    assert mode_at(periods, MONDAY, minutes("23:00"), "?") == "night"
    assert mode_at(periods, MONDAY, minutes("10:00"), "?") == "away"
    assert mode_at(periods, SUNDAY, minutes("10:00"), "?") == "home"


def test_where_none_holds_it_is_the_other_mode() -> None:
    assert mode_at((NIGHT, OFFICE), SUNDAY, minutes("10:00"), "home") == "home"
    assert mode_at((), SUNDAY, 0, "home") == "home"


@pytest.mark.parametrize(
    ("text", "wanted"), [("00:00", 0), ("00:01", 1), ("09:05", 545), ("23:59", 1439), ("24:00", 1440)]
)
def test_a_time_is_minutes_since_midnight(text: str, wanted: int) -> None:
    assert minutes(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "9:00", "24:01", "25:00", "12:60", "12.30", " 12:30", "12:30\n", "12:30:00", "\u0660\u0669:\u0660\u0660"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a time is HH:MM, from 00:00 to 24:00, found"):
        minutes(text)


def test_the_week_begins_on_monday() -> None:
    assert (DAYS[MONDAY], DAYS[SUNDAY], len(DAYS)) == ("mon", "sun", 7)


class TestPolicies:
    HOME, AWAY = Policy([rule()]), Policy([rule(), rule("unusual", (5,), window_s=10.0, hop_s=2.5)])

    def test_the_policy_is_that_of_the_mode_now(self) -> None:
        now = ["home"]
        policies = Policies({"home": self.HOME, "away": self.AWAY}, lambda: now[0])
        assert (policies.mode, policies.now()) == ("home", self.HOME)
        now[0] = "away"
        assert (policies.mode, policies.now()) == ("away", self.AWAY)

    def test_it_knows_the_windows_of_all_modes(self) -> None:
        assert Policies({"home": self.HOME, "away": self.AWAY}, lambda: "home").windows == {(2.0, 0.5), (10.0, 2.5)}

    def test_there_may_be_one_policy_always(self) -> None:
        assert Policies.always(self.HOME).now() is self.HOME
