# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``/sources`` and ``/mode``: how live sources fare, why there is an alarm or none, and what mode the home is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from analytic.api.parameters import identifier
from analytic.errors import InvalidParameter, UnknownSource
from analytic.events.modes import Policies
from analytic.events.verdict import Verdict
from analytic.pipeline.live import LiveSource
from model.labels import labels
from model.tagger import top

_TOP = 5
_NO_MODE = object()


class LiveSession(Protocol):
    """What is asked of a source's session."""

    @property
    def live(self) -> LiveSource | None:
        """Its stream, while it has one."""
        ...


class Sources(Protocol):
    """Who runs the live sources."""

    def reports(self) -> list[dict[str, Any]]:
        """Return how every source fares."""
        ...

    def session(self, name: str, /) -> LiveSession | None:
        """Return a source by name."""
        ...

    def forget(self, name: str, /) -> bool:
        """Forget all that was learnt of a source."""
        ...


class NoSources:
    """There are no live sources."""

    def reports(self) -> list[dict[str, Any]]:
        """Return nothing."""
        return []

    def session(self, name: str, /) -> LiveSession | None:
        """Return nothing."""
        del name
        return None

    def forget(self, name: str, /) -> bool:
        """Forget nothing."""
        del name
        return False


def listed(sources: Sources) -> dict[str, Any]:
    """List the live sources."""
    return {"sources": sources.reports()}


def one(sources: Sources, name: str) -> dict[str, Any]:
    """Return one source: its report, what it hears now, and why there is an alarm or none, by class.

    Raises
    ------
    InvalidId, UnknownSource
        The name is no id, or no source is called so.
    """
    identifier("source", name)
    report = next((found for found in sources.reports() if found["id"] == name), None)
    session = sources.session(name)
    if report is None or session is None:
        raise UnknownSource(name)
    live = session.live
    if live is None:
        return {**report, "predictions": [], "explanations": [], "recent": []}
    scores = live.now.scores
    heard = [] if scores is None else [(labels()[index], float(scores[index])) for index in top(scores, _TOP)]
    return {
        **report,
        "predictions": [
            {"label_id": label.mid, "label": label.name, "probability": round(score, 6)} for label, score in heard
        ],
        "explanations": [_explained(verdict) for verdict in live.now.verdicts.copy().values()],
        "recent": [_explained(verdict) for verdict in tuple(live.now.past)[-50:]],
    }


def forget(sources: Sources, name: str) -> dict[str, Any]:
    """Forget all that was learnt of a source.

    Raises
    ------
    InvalidId, UnknownSource, SourceConnected
        The name is no id, nothing is known of it, or its sound is coming in.
    """
    if not sources.forget(identifier("source", name)):
        raise UnknownSource(name)
    return {"status": "ok", "forgotten": name}


def mode(policies: Policies) -> dict[str, Any]:
    """Return the mode, whether somebody set it or the schedule did, and the modes there are."""
    return {"mode": policies.mode, "set": policies.chosen is not None, "modes": sorted(policies.by_mode)}


def set_mode(policies: Policies, body: Any) -> dict[str, Any]:
    """Set the mode, ``{"mode": "away"}``, or leave it to the schedule again, ``{"mode": null}``.

    Raises
    ------
    InvalidParameter
        There is no such mode.
    """
    wanted = body["mode"] if isinstance(body, Mapping) and "mode" in body else _NO_MODE
    if wanted is not None and not (isinstance(wanted, str) and wanted in policies.by_mode):
        found = 'a body without {"mode": ...}' if wanted is _NO_MODE else str(wanted)[:64]
        raise InvalidParameter("mode", f"null or one of {', '.join(sorted(policies.by_mode))}", found)
    policies.choose(wanted)
    return mode(policies)


def _explained(verdict: Verdict) -> dict[str, Any]:
    return {
        "event_class": verdict.event_class,
        "reason": verdict.reason,
        "score": round(verdict.score, 6),
        "threshold": round(verdict.on, 6),
        "sentence": verdict.sentence(),
    }
