# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Errors as answers: ``{"status": "error", "message": ...}`` with a status for each kind, and never a stack trace."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from flask import request
from werkzeug.exceptions import HTTPException

from analytic import errors

_LOG = logging.getLogger(__name__)

STATUS: Mapping[type[errors.HearkenError], HTTPStatus] = MappingProxyType(
    {
        errors.BadRequest: HTTPStatus.BAD_REQUEST,
        errors.BadAudio: HTTPStatus.BAD_REQUEST,
        errors.ForeignHost: HTTPStatus.MISDIRECTED_REQUEST,
        errors.ForeignOrigin: HTTPStatus.FORBIDDEN,
        errors.TokenRequired: HTTPStatus.UNAUTHORIZED,
        errors.NotReady: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.SourceConnected: HTTPStatus.CONFLICT,
        errors.NoRoom: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.BudgetExceeded: HTTPStatus.TOO_MANY_REQUESTS,
        errors.UnknownSource: HTTPStatus.NOT_FOUND,
        errors.UnknownEvent: HTTPStatus.NOT_FOUND,
        errors.EventOpen: HTTPStatus.CONFLICT,
        errors.SourceFailed: HTTPStatus.BAD_GATEWAY,
        errors.FetchFailed: HTTPStatus.BAD_GATEWAY,
        errors.UnknownJob: HTTPStatus.NOT_FOUND,
        errors.TooManyJobs: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.ExtraMissing: HTTPStatus.NOT_IMPLEMENTED,
    }
)
NOT_ANSWERED = (errors.BadSettings,)
"""Kinds that end the service before it answers anybody."""

Body = dict[str, str | float]
Answer = tuple[Body, HTTPStatus, dict[str, str]]
_HEADERS: Mapping[type[errors.HearkenError], dict[str, str]] = MappingProxyType(
    {
        errors.TokenRequired: {"WWW-Authenticate": "Bearer"},
        errors.Busy: {"Retry-After": "1"},
        errors.TooManyJobs: {"Retry-After": "10"},
    }
)


def status_of(kind: type[errors.HearkenError]) -> HTTPStatus:
    """Return the status of a kind of error: its own, or its nearest ancestor's.

    Raises
    ------
    KeyError
        None of them has one.
    """
    for ancestor in kind.__mro__:
        if ancestor in STATUS:
            return STATUS[ancestor]
    raise KeyError(kind.__name__)


def body(message: str) -> Body:
    """Return the documented body of an error."""
    return {"status": "error", "message": message}


def refuse(error: errors.HearkenError) -> Answer:
    """Answer a refusal of ours."""
    told = body(str(error))
    if isinstance(error, errors.BudgetExceeded):
        told["remaining"] = float(error.remaining)
    return told, status_of(type(error)), _HEADERS.get(type(error), {})


def http_error(error: HTTPException) -> Answer:
    """Answer what the framework refuses: no such path, wrong method, a body that cannot be read."""
    code = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if code == HTTPStatus.NOT_FOUND:
        return body("No such address; the API is described at /docs"), code, {}
    if code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = getattr(error, "valid_methods", None) or ()
        return (
            body(f"Method {errors.printable(request.method, 20)} not allowed here"),
            code,
            {"Allow": ", ".join(allowed)},
        )
    return body(error.description or code.phrase), code, {}


def crash(error: Exception) -> Answer:
    """Answer a fault of ours: logged whole, told in one sentence."""
    _LOG.error("request failed", exc_info=error, extra={"endpoint": request.endpoint})
    return body("Internal error; the service's log says more"), HTTPStatus.INTERNAL_SERVER_ERROR, {}
