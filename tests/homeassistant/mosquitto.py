# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A Mosquitto broker of one's own: a child process on a free port of this machine, open to everybody on it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

START_S = 10.0


def find() -> str | None:
    """Return where Mosquitto is: Debian keeps it in a folder that is not on everybody's path."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


class Mosquitto:
    """A broker in `folder`, which takes its settings and its log.

    With `persistence`, a folder, it writes every change there and finds it again after `kill` and `start`, on the same
    port. It acknowledges a message a moment before it writes it down: `wait_until_kept` tells when it has. `settings`
    are more lines of its settings; of one that is there already, theirs counts.
    """

    def __init__(
        self, binary: str, folder: Path, *, persistence: Path | None = None, settings: Sequence[str] = ()
    ) -> None:
        self.host = "127.0.0.1"
        self.port = _free_port()
        self._binary = binary
        self._settings = folder / "mosquitto.conf"
        self._log = folder / "mosquitto.log"
        self._kept = persistence / "mosquitto.db" if persistence is not None else None
        self._process: subprocess.Popen[bytes] | None = None
        # As root it would become the user `mosquitto`, who may not write into the folders of the tests.
        lines = [f"listener {self.port} {self.host}", "allow_anonymous true", "user root", "log_dest stderr"]
        if persistence is not None:
            lines += ["persistence true", f"persistence_location {persistence}/"]
            lines += ["autosave_on_changes true", "autosave_interval 1"]
        replaced = {line.split()[0] for line in settings}
        lines = [line for line in lines if line.split()[0] not in replaced] + list(settings)
        self._settings.write_text("\n".join(lines) + "\n", "utf-8")

    @property
    def log(self) -> str:
        """Everything that it has written so far."""
        return self._log.read_text("utf-8", errors="replace")

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        with self._log.open("ab") as log:
            command = [self._binary, "-c", str(self._settings)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until = time.monotonic() + START_S
        while not self._takes_connections():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"Mosquitto did not start:\n{self.log}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it in good order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def kill(self) -> None:
        """Stop it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def pause(self) -> None:
        """Let it do nothing, as a machine does that hangs: its connections stay open."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def write_down(self) -> None:
        """Have it write what it holds, also where it does not by itself."""
        self._signal(signal.SIGUSR1)

    def wait_until_kept(self, text: str, timeout: float = 10.0) -> None:
        """Wait until a text, such as a topic or a payload, is on the disk."""
        assert self._kept is not None
        until = time.monotonic() + timeout
        while not (self._kept.exists() and text.encode() in self._kept.read_bytes()):
            if time.monotonic() > until:
                raise AssertionError(f"Mosquitto did not write down {text!r} within {timeout} s:\n{self.log}")
            time.sleep(0.02)

    def _signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(which)

    def _takes_connections(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
