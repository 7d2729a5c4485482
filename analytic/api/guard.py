# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What every request passes before, and every answer after: host, origin, token; headers that browsers obey."""

from __future__ import annotations

from flask import Flask, Request, Response, request

from analytic.access import AccessRules, bearer
from analytic.errors import ForeignHost, ForeignOrigin, TokenRequired

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/", "/docs", "/swagger.json", "/healthz", "/readyz"})
OPEN_FOLDER = "/swaggerui/"
STATS_FOLDER = "/stats/"
_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
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
        response.headers["Content-Security-Policy"] = _DOCS_POLICY if docs else _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def check(asked: Request, access: AccessRules) -> None:
    """Let a request through, or not; raises as `admit` does."""
    header = asked.headers.get
    admit(asked.method, asked.path, header("Host"), header("Origin"), header("Authorization"), access)


def admit(
    method: str, path: str, host: str | None, origin: str | None, authorization: str | None, access: AccessRules
) -> None:
    """Let a request with these headers through, or not.

    The pages that describe the API and the probes need no token: they tell nothing of this home.

    Raises
    ------
    ForeignHost, ForeignOrigin, TokenRequired
        Whichever comes first.
    """
    if not access.allows_host(host):
        raise ForeignHost(host or "")
    if method not in SAFE_METHODS and not access.allows_origin(origin, host):
        raise ForeignOrigin(origin or "")
    is_open = method in SAFE_METHODS and (path in OPEN_PATHS or path.startswith(OPEN_FOLDER))
    shown = bearer(authorization)
    allows = access.analyst(shown) is not None if path.startswith(STATS_FOLDER) else access.allows_token(shown)
    if not is_open and not allows:
        raise TokenRequired
