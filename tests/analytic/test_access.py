# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytic.access import OWNER, AccessRules, bearer, host_name, is_loopback

HOME = AccessRules.of(["Hub.Home.Example ", "[FD00::7]"], ["https://Panel.example/ "], "s3cret")


@pytest.mark.parametrize(
    "header",
    [
        "localhost",
        "LocalHost",
        "localhost:5000",
        "127.0.0.1",
        "127.0.0.1:80",
        "[::1]",
        "[::1]:5000",
        "hub.home.example",
        "HUB.HOME.EXAMPLE:8765",
        "[fd00::7]:5000",
        " localhost ",
    ],
)
def test_a_host_of_ours_is_allowed_with_or_without_port_in_any_case(header: str) -> None:
    assert HOME.allows_host(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        ":5000",
        "evil.example",
        "evil.example:5000",
        "localhost.evil.example",
        "evil.localhost",
        "127.0.0.2",
        "127.0.0.1.evil.example",
        "::1",
        "[::1",
        "::1]",
        "[::2]",
        "fd00::7",
        "localhost, evil.example",
        "localhost\tevil.example",
        "http://localhost",
    ],
)
def test_a_host_of_somebody_else_is_refused(header: str | None) -> None:
    assert not HOME.allows_host(header)


@pytest.mark.parametrize(
    "header",
    [
        "evil.example@localhost",
        "localhost/evil.example",
        "localhost?evil.example",
        "localhost#evil.example",
        "localhost:evil.example",
        "localhost:123456",
    ],
)
def test_what_is_no_name_with_an_optional_port_is_refused(header: str) -> None:
    assert host_name(header) == ""
    assert not HOME.allows_host(header)


@given(st.text())
def test_no_host_header_makes_the_rules_stumble(header: str) -> None:
    assert HOME.allows_host(header) == (host_name(header) in HOME.hosts)


def test_the_loopback_names_are_always_ours() -> None:
    assert AccessRules.of([], [], None).hosts == {"localhost", "127.0.0.1", "::1"}


def test_no_origin_is_no_browser_and_allowed() -> None:
    assert HOME.allows_origin(None, "localhost:5000")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:5000", "localhost:5000"),
        ("https://localhost:5000", "localhost:5000"),
        ("HTTP://LocalHost:5000", "localhost:5000"),
        ("http://[::1]:5000", "[::1]:5000"),
        ("https://panel.example", "localhost:5000"),
        ("https://PANEL.example", None),
    ],
)
def test_the_origin_that_is_asked_itself_and_the_allowed_ones_are_allowed(origin: str, host: str | None) -> None:
    assert HOME.allows_origin(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example", "localhost:5000"),
        ("http://localhost:5001", "localhost:5000"),
        ("http://localhost", "localhost:5000"),
        ("http://panel.example", "localhost:5000"),
        ("https://panel.example:8443", "localhost:5000"),
        ("https://panel.example.evil.example", "localhost:5000"),
        ("null", "localhost:5000"),
        ("", "localhost:5000"),
        ("file://localhost:5000", "localhost:5000"),
        ("http://localhost:5000", None),
        ("localhost:5000", "localhost:5000"),
    ],
)
def test_any_other_origin_is_refused(origin: str, host: str | None) -> None:
    assert not HOME.allows_origin(origin, host)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://\u2100"])
def test_an_origin_that_cannot_be_read_is_refused(origin: str) -> None:
    assert not HOME.allows_origin(origin, "localhost:5000")


@given(st.text().map(lambda text: f"http://{text}"), st.text())
def test_no_origin_makes_the_rules_stumble(origin: str, host: str) -> None:
    HOME.allows_origin(origin, host)


def test_the_token_itself_is_allowed_and_nothing_else() -> None:
    assert HOME.allows_token("s3cret")
    for shown in (None, "", "s3cre", "s3cret ", "S3CRET", "s3crét"):
        assert not HOME.allows_token(shown)


@given(st.text(st.characters(exclude_categories=())))
@example("\ud800")
def test_no_token_makes_the_rules_stumble(shown: str) -> None:
    assert HOME.allows_token(shown) == (shown == "s3cret")


def test_without_a_token_of_ours_any_is_allowed() -> None:
    open_rules = AccessRules.of([], [], None)
    assert open_rules.allows_token(None)
    assert open_rules.allows_token("whatever")


ANALYSTS = AccessRules.of([], [], "s3cret", {"uni": "for-the-uni", "city": "for-the-city"})


@pytest.mark.parametrize(
    ("shown", "who"),
    [
        ("for-the-uni", "uni"),
        ("for-the-city", "city"),
        ("s3cret", OWNER),
        ("for-the-un", None),
        ("uni", None),
        ("", None),
        (None, None),
    ],
)
def test_an_analyst_is_known_by_its_token_and_the_owner_by_the_main_one(shown: str | None, who: str | None) -> None:
    assert ANALYSTS.analyst(shown) == who


def test_an_analyst_s_token_is_not_the_token() -> None:
    assert not ANALYSTS.allows_token("for-the-uni")


def test_without_a_token_of_ours_whoever_is_no_analyst_is_the_owner() -> None:
    open_rules = AccessRules.of([], [], None, {"uni": "for-the-uni"})
    assert [open_rules.analyst(shown) for shown in ("for-the-uni", "whatever", None)] == ["uni", OWNER, OWNER]


@given(st.text(st.characters(exclude_categories=())))
@example("\ud800")
def test_no_token_makes_the_rules_for_analysts_stumble(shown: str) -> None:
    assert (ANALYSTS.analyst(shown) is None) == (shown not in ("s3cret", "for-the-uni", "for-the-city"))


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer s3cret", "s3cret"),
        ("bearer s3cret", "s3cret"),
        ("BEARER   s3cret ", "s3cret"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic czNjcmV0", None),
        ("s3cret", None),
        ("", None),
        (None, None),
    ],
)
def test_the_token_is_what_follows_bearer(header: str | None, token: str | None) -> None:
    assert bearer(header) == token


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_loopback_is_reached_from_this_machine_alone(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "", "192.168.1.4", "fd00::7", "hub.home.example", "localhost.evil.example", "127.0.0.1:80"],
)
def test_everything_else_is_not(host: str) -> None:
    assert not is_loopback(host)
