# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A Home Assistant as a child process (hub.py), and what it has told about its entities so far."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HUB = Path(__file__).with_name("hub.py")
START_S = 60.0  # five seconds on an idle machine
STOP_S = 20.0


@dataclass(frozen=True)
class Entity:
    """An entity as Home Assistant shows it; `device` has name, identifiers, manufacturer, model and sw_version."""

    entity_id: str
    state: str
    attributes: dict[str, Any]
    last_changed: str
    unique_id: str | None
    category: str | None
    device: dict[str, Any] | None


@dataclass(frozen=True)
class Firing:
    """An event entity that fired."""

    entity_id: str
    event_type: str
    attributes: dict[str, Any]


class HomeAssistant:
    """The Home Assistant of the environment `venv`, with its files in `folder`, at a broker on this machine.

    `entities`, `firings`, `complaints` (warnings and errors) and `history`, the states that each entity had, grow while
    it runs; `wait_for` waits until they say what a test expects.
    """

    def __init__(self, venv: Path, folder: Path, port: int) -> None:
        self.entities: dict[str, Entity] = {}
        self.firings: list[Firing] = []
        self.complaints: list[str] = []
        self.history: defaultdict[str, list[str]] = defaultdict(list)
        self.version: str | None = None
        self._command = [str(venv / "bin" / "python"), "-I", str(HUB), str(folder), "--port", str(port)]
        self._folder = folder
        self._news = threading.Condition()
        self._ended = True
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Start it, and return when it listens: its birth message is out."""
        self.entities, self.firings, self.complaints, self.version = {}, [], [], None
        self.history.clear()
        self._ended = False
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                cwd=self._folder,
                env={"HOME": str(self._folder), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            )
        self._reader = threading.Thread(target=self._read, name="home-assistant")
        self._reader.start()
        try:
            self.wait_for(lambda home: home.version is not None, START_S)
        except AssertionError:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it in good order; it writes down what it knows of entities and devices."""
        if self._process is None or self._reader is None:
            return
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()  # the end of its input tells it to quit
            self._process.wait(timeout=STOP_S)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait(timeout=STOP_S)
        self._reader.join(timeout=STOP_S)
        self._process.stdout.close()
        self._process = self._reader = None

    def find(self, unique_id: str) -> Entity | None:
        """Return the entity with this unique id. Its entity id is Home Assistant's choice."""
        with self._news:
            return next((entity for entity in self.entities.values() if entity.unique_id == unique_id), None)

    def state(self, unique_id: str) -> str | None:
        """Return the state of the entity with this unique id; None where there is no such entity."""
        entity = self.find(unique_id)
        return entity.state if entity else None

    def wait_for(self, expected: Callable[[HomeAssistant], object], timeout: float = 10.0) -> None:
        """Wait until `expected` of this Home Assistant is true; fail with what it told instead."""
        with self._news:
            self._news.wait_for(lambda: self._ended or bool(expected(self)), timeout)
            if not expected(self):
                raise AssertionError(self._told(timeout))

    @property
    def _errors(self) -> Path:
        return self._folder / "hub.stderr"

    def _told(self, timeout: float) -> str:
        end = "Home Assistant ended" if self._ended else f"not within {timeout} s"
        entities = "".join(f"\n  {entity}" for entity in self.entities.values())
        firings = "".join(f"\n  {firing}" for firing in self.firings)
        complaints = "".join(f"\n  {complaint}" for complaint in self.complaints)
        errors = self._errors.read_text("utf-8", errors="replace").strip()
        return f"{end}; entities:{entities}\nfirings:{firings}\ncomplaints:{complaints}\n{errors}"

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                try:
                    self._take(json.loads(line))
                except ValueError:
                    self.complaints.append(line.rstrip())  # a library of Home Assistant's printed something
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _take(self, told: dict[str, Any]) -> None:
        kind = told.pop("kind")
        if kind == "state":
            self.entities[told["entity_id"]] = Entity(**told)
            self.history[told["entity_id"]].append(told["state"])
        elif kind == "removed":
            self.entities.pop(told["entity_id"], None)
        elif kind == "event":
            self.firings.append(Firing(**told))
        elif kind == "log":
            self.complaints.append(f"{told['level']} {told['logger']}: {told['message']}")
        elif kind == "ready":
            self.version = told["version"]
