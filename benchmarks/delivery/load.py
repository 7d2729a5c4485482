# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The service and the load on it: uploads with an alarm, as fast as a few clients send them, and every answer noted."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import requests
import soundfile

from demo.sound import smoke_alarm_in_a_room

_CLIENTS = 3
_SECONDS = 3


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def clip() -> bytes:
    """Make a short sound with an alarm in it, as WAV."""
    content = io.BytesIO()
    sound = smoke_alarm_in_a_room()[: _SECONDS * 16_000].astype(np.float32)
    soundfile.write(content, sound, 16_000, format="WAV")
    return content.getvalue()


class Service:
    """``hearken serve`` on ports that stay the same from one life to the next."""

    def __init__(self, folder: Path, environment: Mapping[str, str], log: Path) -> None:
        self.folder, self.port, self.bus_port = folder, free_port(), free_port()
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, wait: bool = True) -> None:
        """Start it; return when it takes requests, or at once."""
        hearken = Path(sys.executable).with_name("hearken")
        words = ["serve", "--port", str(self.port), "--bus-port", str(self.bus_port), "--data-dir", str(self.folder)]
        with self._log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [hearken, *words], stdout=subprocess.PIPE, stderr=log, env=self._environment, text=True
            )
        if wait:
            self.ready()

    def ready(self) -> None:
        """Wait until it takes requests."""
        assert self._process is not None
        assert self._process.stdout is not None
        if not self._process.stdout.readline().startswith("ready "):
            raise RuntimeError(f"the service does not start; see {self._log}")

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM."""
        self._end(signal.SIGTERM)

    def waiting(self) -> float:
        """Return how many messages wait, over all sinks."""
        text = requests.get(f"{self.url}/metrics", timeout=5).text
        return sum(float(found) for found in re.findall(r"^hearken_outbox_messages\{.*\} (\S+)$", text, re.MULTILINE))

    def not_durable(self) -> float:
        """Return how many messages left without having been kept."""
        text = requests.get(f"{self.url}/metrics", timeout=5).text
        return float(re.findall(r"^hearken_messages_not_durable_total (\S+)$", text, re.MULTILINE)[0])

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=30)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None


class Load:
    """Sends uploads until it is told to stop; what the answers promise is what must arrive."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/model/predict"
        self._clip = clip()
        self.promised: dict[str, int] = {}  # the last message of each event, by its id, and its number
        self.answers = self.failures = 0
        self._lock = threading.Lock()
        self._paused = threading.Event()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(_CLIENTS)]
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """Send nothing for a while."""
        self._paused.set()

    def resume(self) -> None:
        """Go on."""
        self._paused.clear()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        session = requests.Session()
        while not self._stopping.is_set():
            if self._paused.is_set():
                time.sleep(0.02)
                continue
            with contextlib.suppress(requests.RequestException, ValueError, KeyError):
                answer = session.post(self._url, files={"audio": ("a.wav", self._clip, "audio/wav")}, timeout=10)
                alerts = answer.json()["alerts"]
                with self._lock:
                    self.answers += 1
                    for alert in alerts:
                        self.promised[alert["message_id"]] = alert["seq"]
                continue
            self.failures += 1
            time.sleep(0.02)
