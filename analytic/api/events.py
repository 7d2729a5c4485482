# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``/events`` and ``/device``: what has been told, and whose key it is signed with. No framework here."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from analytic.api.parameters import flag, identifier
from analytic.delivery.history import History, Kept, Wanted
from analytic.delivery.signing import Signer
from analytic.errors import EventOpen, InvalidParameter, NotReady, UnknownEvent
from analytic.events.types import Stamp

_MOST = 1000
_USUAL = 50
_SEVERITIES = ("notice", "warning", "critical")
_CLASS = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CURSOR = re.compile(r"[0-9]{1,16}")
_KNOWN = frozenset({"class", "source", "severity", "acknowledged", "limit", "cursor"})


class Events:
    """What the addresses do.

    Parameters
    ----------
    history
        What has been told.
    retract
        Deletes an event, and tells everybody to forget it.
    signer
        Who signs.
    instant
        Returns the time, RFC 3339.
    """

    def __init__(
        self,
        history: History,
        retract: Callable[[str], Stamp],
        signer: Signer,
        instant: Callable[[], str],
    ) -> None:
        self._history = history
        self._retract = retract
        self._signer = signer
        self._instant = instant

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return events, the latest first, and the cursor of the next page.

        Raises
        ------
        BadRequest
            A parameter is not of its form.
        """
        unknown = set(query) - _KNOWN
        if unknown:
            raise InvalidParameter("query", f"only {', '.join(sorted(_KNOWN))}", min(unknown))
        limit = _limit(query.get("limit"))
        acknowledged = query.get("acknowledged")
        cursor = _matching("cursor", "the next_cursor of the page before", _CURSOR, query.get("cursor"))
        wanted = Wanted(
            event_class=_matching("class", "the name of an alert class", _CLASS, query.get("class")),
            source=None if "source" not in query else identifier("source", query["source"]),
            severity=_severity(query.get("severity")),
            acknowledged=None if acknowledged is None else flag("acknowledged", acknowledged),
            before=None if cursor is None else int(cursor),
        )
        found = self._history.events(wanted, limit + 1)
        page = found[:limit]
        return {
            "events": [_shown(kept) for kept in page],
            "next_cursor": str(page[-1].first_seq) if len(found) > limit else None,
        }

    def one(self, event_id: str) -> dict[str, Any]:
        """Return one event.

        Raises
        ------
        UnknownEvent
            None of that id is kept.
        """
        return _shown(self._kept(event_id))

    def acknowledge(self, event_id: str) -> dict[str, Any]:
        """Note that somebody has seen an event; the first time counts.

        Raises
        ------
        UnknownEvent
            None of that id is kept.
        """
        self._kept(event_id)
        kept = self._history.acknowledge(event_id, self._instant())
        if kept is None:
            raise UnknownEvent(event_id)
        return _shown(kept)

    def delete(self, event_id: str) -> dict[str, Any]:
        """Delete an event here, and tell everybody to forget it.

        Raises
        ------
        UnknownEvent, EventOpen, NotReady
            None of that id is kept, it still goes on, or the outbox cannot be written.
        """
        if self._kept(event_id).goes_on:
            raise EventOpen(event_id)
        try:
            stamp = self._retract(event_id)
        except sqlite3.Error as error:
            raise NotReady("the outbox cannot be written; the event is still there") from error
        return {"status": "ok", "deleted": event_id, "message_id": stamp.message_id}

    def device(self) -> dict[str, Any]:
        """Return this device's name and public key."""
        return {"device": self._signer.device, "algorithm": "Ed25519", "public_key": self._signer.public_key}

    def _kept(self, event_id: str) -> Kept:
        found = self._history.event(event_id)
        if found is None:
            raise UnknownEvent(event_id)
        return found


def _shown(kept: Kept) -> dict[str, Any]:
    return {**kept.message, "acknowledged": kept.acknowledged}


def _limit(found: str | None) -> int:
    if found is None:
        return _USUAL
    if not (found.isascii() and found.isdecimal() and len(found) <= len(str(_MOST)) and 1 <= int(found) <= _MOST):
        raise InvalidParameter("limit", f"a number from 1 to {_MOST}", found)
    return int(found)


def _severity(found: str | None) -> str | None:
    if found is not None and found not in _SEVERITIES:
        raise InvalidParameter("severity", f"one of {', '.join(_SEVERITIES)}", found)
    return found


def _matching(name: str, expected: str, form: re.Pattern[str], found: str | None) -> str | None:
    if found is not None and not form.fullmatch(found):
        raise InvalidParameter(name, expected, found)
    return found
