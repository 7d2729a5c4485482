# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from analytic.access import AccessRules

MakeApp = Callable[..., Flask]


def ask(app: Flask, method: str = "POST", path: str = "/model/predict", **headers: str | None) -> TestResponse:
    """Send a request whose headers are these; `None` leaves one out; a post here is answered 400 if it is let in."""
    named = {"Host": "localhost", **headers}
    environ = {"REMOTE_ADDR": "127.0.0.1"}
    given = {name.replace("_", "-"): value for name, value in named.items() if value is not None}
    client = app.test_client()
    if named["Host"] is None:
        environ["HTTP_HOST"] = ""
    return client.open(path, method=method, headers=given, environ_overrides=environ)


def let_in(answer: TestResponse) -> bool:
    return answer.status_code not in {401, 403, 421}


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]", "[::1]:5000", "LocalHost"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_loopback_names_are_let_in(make_app: MakeApp, host: str, method: str) -> None:
    assert let_in(ask(make_app(), method, Host=host))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:5000", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.2", "0.0.0.0",
        "[::2]", "", None,
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/healthz", "/model/labels", "/docs", "/swaggerui/swagger-ui.css", "/metrics", "/nowhere"]
)
def test_a_foreign_host_gets_nothing_at_all(make_app: MakeApp, host: str | None, path: str) -> None:
    answer = ask(make_app(), "GET", path, Host=host)
    assert answer.status_code == 421
    assert answer.get_json()["message"].startswith("Host not allowed: ")


@pytest.mark.parametrize(
    "host",
    [
        "localhost:5000, evil.example", "localhost:5000, localhost:5000", "evil.example@localhost",
        "localhost/evil.example", "localhost?evil.example", "localhost#evil.example", "localhost:port",
        "localhost:5000:80",
    ],
)  # fmt: skip
def test_a_host_that_is_not_one_name_and_one_port_is_refused(make_app: MakeApp, host: str) -> None:
    assert ask(make_app(), "GET", "/healthz", Host=host).status_code in {400, 421}


def test_a_host_of_the_settings_is_let_in(make_app: MakeApp) -> None:
    app = make_app(AccessRules.of(["Hub.local"], [], None))
    assert let_in(ask(app, Host="hub.local:5000"))
    assert not let_in(ask(app, Host="hub.local.evil.example"))


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "https://evil.example", "null", "", "file://", "http://localhost:5001",
        "http://localhost", "http://localhost:5000.evil.example", "http://evil.example/localhost:5000",
        "http://localhost:5000@evil.example", "chrome-extension://abcdef", "localhost:5000", "//localhost:5000",
    ],
)  # fmt: skip
def test_a_post_from_a_foreign_origin_is_refused(make_app: MakeApp, origin: str) -> None:
    answer = ask(make_app(), Host="localhost:5000", Origin=origin)
    assert answer.status_code == 403
    assert answer.get_json()["message"].startswith("Origin not allowed: ")


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "https://[x]", "http://]"])
def test_an_origin_that_is_no_address_is_refused_too(make_app: MakeApp, origin: str) -> None:
    assert ask(make_app(), Host="localhost:5000", Origin=origin).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO"])
def test_every_method_that_may_change_state_is_guarded(make_app: MakeApp, method: str) -> None:
    assert ask(make_app(), method, Origin="http://evil.example").status_code == 403


def test_the_same_origin_may_post(make_app: MakeApp) -> None:
    assert let_in(ask(make_app(), Host="localhost:5000", Origin="http://localhost:5000"))
    assert let_in(ask(make_app(), Host="127.0.0.1:5000", Origin="HTTP://127.0.0.1:5000"))


def test_who_is_no_browser_sends_no_origin_and_may_post(make_app: MakeApp) -> None:
    assert let_in(ask(make_app()))


def test_an_origin_of_the_settings_may_post(make_app: MakeApp) -> None:
    app = make_app(AccessRules.of([], ["https://home.example/"], None))
    assert let_in(ask(app, Origin="https://home.example"))
    assert not let_in(ask(app, Origin="http://home.example"))


def test_reading_from_a_foreign_page_is_left_to_the_browser_which_shows_it_nothing(make_app: MakeApp) -> None:
    answer = ask(make_app(), "GET", "/model/labels", Origin="http://evil.example")
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
@pytest.mark.parametrize("path", ["/stats/daily", "/stats/daily?date=2026-01-02", "/stats/nowhere"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site ", "cross-site, none", "", "who-knows"])
def test_an_image_in_a_page_elsewhere_spends_no_statistics(
    make_app: MakeApp, site: str, path: str, method: str
) -> None:
    answer = ask(make_app(), method, path, Sec_Fetch_Site=site)
    assert answer.status_code == 403
    if method != "HEAD":
        said = answer.get_json()["message"]
        assert said.startswith("Origin not allowed: 'a page elsewhere (Sec-Fetch-Site: ")
        assert "http.allowed_origins" in said


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:5001"])
@pytest.mark.parametrize("site", ["cross-site", "same-origin", "none", None])
def test_nor_does_a_script_there(make_app: MakeApp, origin: str, site: str | None) -> None:
    for rules in (AccessRules(), AccessRules(token="right")):
        answer = ask(make_app(rules), "GET", "/stats/daily", Origin=origin, Sec_Fetch_Site=site)
        assert answer.status_code == 403


@pytest.mark.parametrize("site", [None, "same-origin", "none"])
def test_who_types_the_address_and_who_is_no_browser_reads_statistics(make_app: MakeApp, site: str | None) -> None:
    assert let_in(ask(make_app(), "GET", "/stats/daily", Sec_Fetch_Site=site))


def test_a_page_that_the_settings_allow_reads_statistics_too(make_app: MakeApp) -> None:
    app = make_app(AccessRules.of([], ["https://home.example"], None))
    allowed = {"Origin": "https://home.example", "Sec_Fetch_Site": "cross-site"}
    assert let_in(ask(app, "GET", "/stats/daily", **allowed))
    assert not let_in(ask(app, "GET", "/stats/daily", Sec_Fetch_Site="cross-site"))


@pytest.mark.parametrize("path", ["/model/labels", "/healthz", "/docs", "/events"])
def test_what_costs_nothing_to_read_is_not_asked_where_the_page_is(make_app: MakeApp, path: str) -> None:
    answer = ask(make_app(), "GET", path, Sec_Fetch_Site="cross-site")
    assert let_in(answer)
    answer.close()


GUARDED = [
    "/model/labels",
    "/model/metadata",
    "/metrics",
    "/schemas/event.json",
    "/nowhere",
]


@pytest.mark.parametrize("path", ["/", "/docs", "/swagger.json", "/swaggerui/swagger-ui.css"])
def test_the_description_of_the_api_needs_no_token(make_app: MakeApp, path: str) -> None:
    answer = ask(make_app(AccessRules(token="right")), "GET", path)
    assert answer.status_code in (200, 302)
    answer.close()


@pytest.mark.parametrize("path", GUARDED)
def test_where_there_is_a_token_every_request_must_show_it(make_app: MakeApp, path: str) -> None:
    app = make_app(AccessRules(token="right"))
    assert ask(app, "GET", path).status_code == 401
    assert ask(app, "GET", path, Authorization="Bearer wrong").status_code == 401
    assert let_in(ask(app, "GET", path, Authorization="Bearer right"))


ANALYSTS = AccessRules(token="right", analysts={"uni": "for-the-uni"})


@pytest.mark.parametrize("path", ["/stats/daily", "/stats/", "/stats/nowhere"])
def test_statistics_open_to_an_analyst_and_to_the_owner(make_app: MakeApp, path: str) -> None:
    app = make_app(ANALYSTS)
    assert ask(app, "GET", path).status_code == 401
    assert ask(app, "GET", path, Authorization="Bearer wrong").status_code == 401
    for token in ("for-the-uni", "right"):
        assert let_in(ask(app, "GET", path, Authorization=f"Bearer {token}"))


@pytest.mark.parametrize(
    "path",
    [
        *GUARDED, "/events", "/sources", "/mode", "/stats", "/statsx/daily", "//stats/daily", "/STATS/daily",
        "/model/../stats/daily", "/./stats/daily", "/events/../stats/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_analyst_s_token_opens_nothing_else(make_app: MakeApp, method: str, path: str) -> None:
    answer = ask(make_app(ANALYSTS), method, path, Authorization="Bearer for-the-uni")
    assert answer.status_code in (401, 404)  # where a client takes the dots out of a path, nothing is there
    assert answer.get_json()["status"] == "error"


@pytest.mark.parametrize("path", ["/stats/../events", "/stats/%2e%2e/events", "/stats//../events", "/stats/daily/../"])
def test_nor_does_a_path_that_only_begins_with_statistics(make_app: MakeApp, path: str) -> None:
    assert ask(make_app(ANALYSTS), "GET", path, Authorization="Bearer for-the-uni").status_code in (401, 404)


@pytest.mark.parametrize(
    "shown",
    ["right", "Basic right", "Bearer", "Bearer ", "Bearer rightx", "Bearer rig", "Bearer RIGHT", "Bearer \xe9"],
)
def test_no_other_word_opens(make_app: MakeApp, shown: str) -> None:
    answer = ask(make_app(AccessRules(token="right")), Authorization=shown)
    assert answer.status_code == 401
    assert answer.get_json()["message"] == "Token required: send it as `Authorization: Bearer <token>`"


@pytest.mark.parametrize("shown", ["Bearer right", "bearer right", "Bearer  right "])
def test_the_scheme_may_be_written_as_one_likes(make_app: MakeApp, shown: str) -> None:
    assert let_in(ask(make_app(AccessRules(token="right")), Authorization=shown))


def test_a_missing_token_is_challenged_as_http_asks(make_app: MakeApp) -> None:
    answer = ask(make_app(AccessRules(token="right")))
    assert answer.headers.get("WWW-Authenticate", "").startswith("Bearer")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_token_but_the_right_host(make_app: MakeApp, path: str) -> None:
    app = make_app(AccessRules(token="right"))
    assert ask(app, "GET", path).status_code == 200
    assert ask(app, "GET", path, Host="evil.example").status_code == 421


@pytest.mark.parametrize("path", ["/healthz/", "/healthz/../model/labels", "/readyz.", "/HEALTHZ"])
def test_what_only_looks_like_health_needs_a_token(make_app: MakeApp, path: str) -> None:
    answer = ask(make_app(AccessRules(token="right")), "GET", path)
    assert answer.status_code == 401 or answer.get_json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/", "/model/labels", "/model/predict", "/metrics", "/nowhere"])
def test_every_answer_tells_browsers_to_run_and_keep_nothing(make_app: MakeApp, path: str) -> None:
    for host in ("localhost", "evil.example"):
        headers = ask(make_app(), "GET", path, Host=host).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


def test_only_the_documentation_may_run_its_own_scripts(make_app: MakeApp) -> None:
    policy = ask(make_app(), "GET", "/docs").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "*" not in policy
