# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What every request passes before, and every answer after: host, origin, token; headers that browsers obey."""

from __future__ import annotations

from flask import Flask, Request, Response, request

from analytic.access import AccessRules, bearer
from analytic.errors import ForeignHost, ForeignOrigin, TokenRequired

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/", "/docs", "/form", "/form.css", "/form.js", "/swagger.json", "/healthz", "/readyz"})
OPEN_FOLDER = "/swaggerui/"
STATS_FOLDER = "/stats/"
NO_OTHER_SITE = frozenset({"same-origin", "none"})
_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
)


def install(app: Flask, access: AccessRules) -> None:
    """Put the guard before and after every request of `app`."""

    @app.before_request
    def check_request() -> None:
        check(request, access)

    @app.after_request
    def harden(response: Response) -> Response:
        docs = request.path == "/docs" or request.path.startswith("/swaggerui")
        response.headers.setdefault("Content-Security-Policy", _DOCS_POLICY if docs else _POLICY)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def check(asked: Request, access: AccessRules) -> None:
    """Let a request through, or not; raises as `admit` does."""
    header = asked.headers.get
    admit(
        asked.method,
        asked.path,
        header("Host"),
        header("Origin"),
        header("Sec-Fetch-Site"),
        header("Authorization"),
        access,
    )


def admit(
    method: str,
    path: str,
    host: str | None,
    origin: str | None,
    fetch_site: str | None,
    authorization: str | None,
    access: AccessRules,
) -> None:
    """Let a request with these headers through, or not.

    The pages that describe the API and the probes need no token: they tell nothing of this home. Asking for statistics
    spends what may be told of a day, so it is guarded as what changes state is, and an image in a foreign page, which
    names no origin, is known by `Sec-Fetch-Site`. Browsers send that over HTTPS and to this machine itself.

    Raises
    ------
    ForeignHost, ForeignOrigin, TokenRequired
        Whichever comes first.
    """
    if not access.allows_host(host):
        raise ForeignHost(host or "")
    spends = path.startswith(STATS_FOLDER)
    if (spends or method not in SAFE_METHODS) and not access.allows_origin(origin, host):
        raise ForeignOrigin(origin or "")
    if spends and origin is None and fetch_site is not None and fetch_site.strip().casefold() not in NO_OTHER_SITE:
        raise ForeignOrigin(f"a page elsewhere (Sec-Fetch-Site: {fetch_site})")
    is_open = method in SAFE_METHODS and (path in OPEN_PATHS or path.startswith(OPEN_FOLDER))
    shown = bearer(authorization)
    allows = access.analyst(shown) is not None if spends else access.allows_token(shown)
    if not is_open and not allows:
        raise TokenRequired
