# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Requests on the DHT: each value of the request topic is answered once, in a thread of its own."""

from __future__ import annotations

import hashlib
import json
import logging
import queue
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from analytic.dht.folder import Folder
from analytic.errors import BadRequest, HearkenError, printable

_LOG = logging.getLogger(__name__)
_MOST_WAITING = 1000
_TEXTS = ("requestor_id", "requestor_type", "request_id", "method")
_LONGEST_ECHO = 256
DESCRIPTION = "Audio anomaly detection results"


class Remembers(Protocol):
    """Remembers what was answered, also when the service starts anew."""

    def has(self, key: str, /) -> bool:
        """Tell whether a request was answered."""
        ...

    def add(self, keys: list[tuple[str, str | None]], /) -> None:
        """Note requests that were answered."""
        ...


@dataclass(frozen=True, slots=True)
class DhtRequest:
    """What is asked, as it came."""

    audio_file: str
    requestor_id: str | None = None
    requestor_type: str | None = None
    request_id: str | None = None
    method: str | None = None


Analyse = Callable[[DhtRequest, Callable[[], bytes]], Mapping[str, Any]]
Publish = Callable[[str, Mapping[str, Any], Callable[[], None]], None]


class DhtRequests:
    """Answers requests.

    Parameters
    ----------
    folder
        Where the files lie.
    analyse
        Analyses a request's sound, of which it is handed the bytes; returns an answer as the REST API gives it.
    publish
        Publishes an answer: its key, its value, and what to call once it is kept.
    answered
        Remembers what was answered.
    """

    def __init__(self, folder: Folder, analyse: Analyse, publish: Publish, answered: Remembers) -> None:
        self._folder = folder
        self._analyse = analyse
        self._publish = publish
        self._answered = answered
        self._under_way: set[str] = set()
        self._lock = threading.Lock()
        self._queue: queue.Queue[tuple[str, Any] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="dht-requests", daemon=True)

    def start(self) -> None:
        """Start answering."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the request under way, and stop; the node keeps the others, and they are read again."""
        while True:
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
        self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def take(self, topic_uuid: str, value: Any) -> None:
        """Take a request; one that was answered, or waits already, is left out. Returns at once."""
        try:
            key = _key(topic_uuid, value)
        except RecursionError:  # a tower of brackets: nothing that could be answered
            return
        with self._lock:
            if key in self._under_way or self._answered.has(key):
                return
            if self._queue.qsize() >= _MOST_WAITING:
                _LOG.warning(
                    "too many requests wait; the node is asked for this one again when it is next connected to"
                )
                return
            self._under_way.add(key)
        self._queue.put((key, value))

    def _run(self) -> None:
        while (found := self._queue.get()) is not None:
            key, value = found
            try:
                self._publish(str(uuid.uuid4()), self._answer(value), lambda key=key: self._done(key))  # type: ignore[misc]
            except Exception:  # noqa: BLE001 - one request must not end the answering of others
                _LOG.exception("an answer cannot be published on the DHT")
                self._done(key)

    def _done(self, key: str) -> None:
        with self._lock:
            self._answered.add([(key, None)])
            self._under_way.discard(key)

    def _answer(self, value: Any) -> dict[str, Any]:
        """Return what is published: the predecessor's form, with ``status`` and ``message`` where it went wrong."""
        fields = value if isinstance(value, dict) else {}
        echoed = {name: _echo(fields.get(name)) for name in (*_TEXTS, "audio_file")}
        result: dict[str, Any] = {"description": DESCRIPTION, **echoed, "predictions": []}
        try:
            request = _read(value)
            answer = self._analyse(request, lambda: self._folder.read(request.audio_file))
        except HearkenError as error:
            return {**result, "status": "error", "message": str(error)}
        except Exception:  # noqa: BLE001 - whoever asked waits for an answer, also where the fault is ours
            _LOG.exception("a request of the DHT failed")
            return {**result, "status": "error", "message": "Internal error; the service's log says more"}
        kept = ("status", "analyzer_id", "analysis_id", "method", "predictions", "warnings")
        return {**result, **{name: answer[name] for name in kept if name in answer}}


def _read(value: Any) -> DhtRequest:
    if not isinstance(value, dict):
        raise BadRequest("a request is an object with audio_file, requestor_id, requestor_type, request_id and method")
    name = value.get("audio_file")
    if not isinstance(name, str):
        raise BadRequest("a request names its audio_file")
    for field in _TEXTS:
        if value.get(field) is not None and not isinstance(value[field], str):
            raise BadRequest(f"{field} is a text, found {printable(str(value[field]))}")
    return DhtRequest(name, **{field: value.get(field) for field in _TEXTS})


def _echo(found: Any) -> str | None:
    """Return a text of a request as it may be published: short, and such that UTF-8 can write it."""
    return found[:_LONGEST_ECHO].encode(errors="replace").decode() if isinstance(found, str) else None


def _key(topic_uuid: str, value: Any) -> str:
    """Return what a request is remembered by: its key and its content, hashed, so that nothing of it is kept."""
    content = json.dumps([topic_uuid, value], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
