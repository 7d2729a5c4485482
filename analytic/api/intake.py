# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What is decided about a request before its body is read: may it come in at all, and is there room for it.

waitress reads a whole body before the application sees the request. So that neither strangers nor many large uploads at
once fill the memory, its parser asks here as soon as the headers are complete: host, origin and token first, then a
budget of body bytes that all requests share. A refusal is answered at once, in the documented form.
"""

from __future__ import annotations

import json
import threading
import weakref
from typing import Any

from waitress.parser import HTTPRequestParser
from waitress.utilities import Error

from analytic.access import AccessRules
from analytic.api import errors
from analytic.api.guard import admit
from analytic.errors import Busy, HearkenError


class Budget:
    """Bytes that may be held at once, shared by all requests.

    Parameters
    ----------
    most
        How many.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._held = 0
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """How many bytes are reserved now."""
        return self._held

    def reserve(self, more: int) -> bool:
        """Reserve `more` bytes, or none; tell whether there was room."""
        with self._lock:
            if self._held + more > self.most:
                return False
            self._held += more
            return True

    def release(self, count: int) -> None:
        """Give back what was reserved."""
        with self._lock:
            self._held -= count


class _Reservation:
    """What one request holds of the budget; given back once."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held = 0

    def grow_to(self, count: int) -> bool:
        more = max(0, count - self._held)
        if not self._budget.reserve(more):
            return False
        self._held += more
        return True

    def give_back(self) -> None:
        self._budget.release(self._held)
        self._held = 0


class _Refusal(Error):
    """A refusal that waitress sends in place of the application."""

    def __init__(self, error: HearkenError) -> None:
        super().__init__(str(error))
        self._error = error

    def to_response(self, ident: str | None = None) -> Any:
        """Return status, headers and the documented body."""
        del ident
        body, status, headers = errors.refuse(self._error)
        listed = [("Content-Type", "application/json"), *headers.items()]
        return f"{status.value} {status.phrase}", listed, json.dumps(body).encode()


def parser(access: AccessRules, budget: Budget) -> type[HTTPRequestParser]:
    """Return the class of request parsers that keep these rules and this budget."""

    class Parser(HTTPRequestParser):
        path: str

        def __init__(self, adjustments: Any) -> None:
            super().__init__(adjustments)
            self._reservation = _Reservation(budget)
            self._checked = False
            # A client that goes away in the middle leaves a parser that nobody closes.
            self._finalizer = weakref.finalize(self, self._reservation.give_back)

        def received(self, data: bytes) -> int:
            consumed: int = super().received(data)
            if self.headers_finished and not self.error:
                try:
                    self._check()
                except HearkenError as refusal:
                    self.error = _Refusal(refusal)
                    self.completed = True
            return consumed

        def _check(self) -> None:
            if not self._checked:
                self._checked = True
                header = self.headers.get
                admit(
                    str(self.command),
                    str(self.path),
                    header("HOST"),
                    header("ORIGIN"),
                    header("SEC_FETCH_SITE"),
                    header("AUTHORIZATION"),
                    access,
                )
            if not self._reservation.grow_to(max(self.content_length, self.body_bytes_received)):
                raise Busy(budget.most)

        def close(self) -> None:
            super().close()
            self._reservation.give_back()

    return Parser
