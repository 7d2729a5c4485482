# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What `hearken listen` prints: what is heard to standard output, how the sources are to standard error."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analytic.events.types import Event, Message
from analytic.pipeline.live import LiveSource


def say(source: str, words: str) -> None:
    """Tell a person how a source is."""
    print(f"{source}: {words}", file=sys.stderr, flush=True)


class Printer:
    """Prints what is heard to standard output, and how the sources are to standard error.

    Parameters
    ----------
    as_json
        Whether messages are printed as they are.
    seconds
        Whether times are seconds of sound, not of the clock.
    nobody_reads
        Told when standard output was closed.
    """

    def __init__(self, *, as_json: bool, seconds: bool, nobody_reads: Callable[[], object]) -> None:
        self._as_json = as_json
        self._seconds = seconds
        self._nobody_reads = nobody_reads
        self._lock = threading.Lock()
        self._health: dict[str, tuple[str, str | None]] = {}

    def heard(self, messages: Sequence[Message]) -> None:
        """Print messages."""
        with self._lock:
            try:
                for message in messages:
                    text = json.dumps(message, ensure_ascii=False) if self._as_json else self._line(message)
                    print(text, flush=True)
            except BrokenPipeError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                self._nobody_reads()

    def source(self, report: Mapping[str, Any]) -> None:
        """Print how a source is if that has changed."""
        name, status, error, pause_s = (report[key] for key in ("id", "status", "last_error", "retry_in_s"))
        if error is None and not report["hops"]:
            return  # it has only begun
        before, self._health[name] = self._health.get(name), (status, error)
        if self._health[name] == (before or ("ok", None)):
            return
        again = "" if pause_s is None else f"; trying again in {pause_s:g} s"
        say(name, f"{status} ({error}{again})" if error else status)

    def source_gone(self, name: str) -> None:
        """Forget how a source was."""
        self._health.pop(name, None)

    def _line(self, message: Message) -> str:
        ended = message["offset_s"] is not None
        if self._seconds:
            when = f"{message['offset_s' if ended else 'onset_s']:10.3f} s"
        else:
            when = message["offset" if ended else "onset"]
        what = f"{message['source']['id']}  {message['event_class']}  {message['phase']}"
        lasted = f" after {message['offset_s'] - message['onset_s']:.1f} s" if ended else ""
        return f"{when}  {what}{lasted}  {message['label']} {message['score']:.3f}"


class Told(LiveSource):
    """A source whose messages are printed at full precision: they do not leave this machine."""

    def __init__(self, printer: Printer, /, *of: Any) -> None:
        super().__init__(*of)
        self._printer = printer

    def _publish(self, events: Sequence[Event]) -> list[Message]:
        messages = super()._publish(events)
        self._printer.heard(messages)
        return messages
