# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Start the service, subscribe to its bus, post one recording three ways, show what comes back, stop.

``python -m demo [FILE]``: without a file, a sound made by `demo.sound`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.table import Table
from websockets.sync.client import ClientConnection, connect

from demo.sound import as_wav, smoke_alarm_in_a_room

METHODS = ("none", "scrample", "dp_noise")
HEARKEN = str(Path(sys.executable).parent / "hearken")
ANSWER_TIMEOUT_S = 30.0
MESSAGE_TIMEOUT_S = 5.0
TIMELINE_ROWS = 6

console = Console(highlight=False, emoji=False)


def main(arguments: list[str]) -> int:
    """Run the demo; return its exit code."""
    try:
        name, content = _sound(arguments)
    except OSError as error:
        print(f"demo: {arguments[0]}: {error.strerror}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    with _service() as (http_url, bus_url), connect(bus_url) as bus:
        console.print(f"The service runs at {http_url}, its bus at {bus_url}.", soft_wrap=True)
        answers = [_post(http_url, name, content, method) for method in METHODS]
        refused = [answer for answer in answers if answer["status"] != "ok"]
        if refused:
            print(f"demo: {refused[0]['message']}", file=sys.stderr)
            return 2
        _show_answers(name, answers)
        _show_timeline(answers[0])
        _show_messages(list(_told(bus, {alert["id"] for answer in answers for alert in answer["alerts"]})))
    console.print(f"Stopped cleanly after {time.perf_counter() - began:.1f} s.")
    return 0


def _sound(arguments: list[str]) -> tuple[str, bytes]:
    if arguments:
        return Path(arguments[0]).name, Path(arguments[0]).read_bytes()
    return "a smoke alarm in a room with people talking, made here", as_wav(smoke_alarm_in_a_room())


@contextmanager
def _service() -> Iterator[tuple[str, str]]:
    """Run a service of its own on free ports; yield its two addresses."""
    command = [HEARKEN, "serve", "--port", "0", "--bus-port", "0"]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile(mode="w+") as log:
        environment = _environment(folder)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment) as process:
            try:
                words = (process.stdout.readline() if process.stdout else "").split()
                if len(words) != 3 or words[0] != "ready":
                    log.seek(0)
                    raise SystemExit(f"demo: the service did not start: {log.read().strip()}")
                yield words[1], words[2]
            finally:
                process.terminate()
                process.wait(timeout=10)


def _environment(folder: str) -> dict[str, str]:
    """Return an environment without a hub's settings and state: the demo's smoke alarm must reach nobody's phone."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("HEARKEN__MODELS__") or not name.startswith("HEARKEN")
    }
    return kept | {"XDG_CONFIG_HOME": folder, "XDG_STATE_HOME": folder}


def _post(http_url: str, name: str, content: bytes, method: str) -> dict[str, Any]:
    response = requests.post(
        f"{http_url}/model/predict/demo/{method}/me/person/1?timeline=1",
        files={"audio": (name, content, "application/octet-stream")},
        timeout=ANSWER_TIMEOUT_S,
    )
    if response.headers["Content-Type"] != "application/json":  # the web server's own answer, to too large a body
        return {"status": "error", "message": f"HTTP {response.status_code}: {response.reason}"}
    answer: dict[str, Any] = response.json()
    return answer


def _show_answers(name: str, answers: list[dict[str, Any]]) -> None:
    tagger = answers[0]["model"]["name"]
    console.print(
        f"\nThe tagger {tagger} listened to {name} ({answers[0]['duration_s']:.1f} s):\n", markup=False, soft_wrap=True
    )
    table = Table(box=None, pad_edge=False)
    for answer in answers:
        table.add_column(answer["method"], overflow="fold")
    for row in zip(*(answer["predictions"] for answer in answers), strict=True):
        table.add_row(*(f"{found['probability']:.2f} {found['label']}" for found in row))
    console.print(table)


def _show_timeline(answer: dict[str, Any]) -> None:
    console.print("\nWhen it was heard, without an anonymiser:\n")
    table = Table(box=None, pad_edge=False)
    for heading, justify in (("from", "right"), ("to", "right"), ("score", "right"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for span in sorted(answer["timeline"], key=lambda span: -span["score"])[:TIMELINE_ROWS]:
        table.add_row(f"{span['onset_s']:.1f} s", f"{span['offset_s']:.1f} s", f"{span['score']:.2f}", span["label"])
    console.print(table)


def _told(bus: ClientConnection, awaited: set[str]) -> Iterator[str]:
    """Yield what arrives on the bus until every one of these events has ended."""
    while awaited:
        text = str(bus.recv(MESSAGE_TIMEOUT_S))
        yield text
        message = json.loads(text)
        if message["phase"] == "end":
            awaited.discard(message["id"])


def _show_messages(messages: list[str]) -> None:
    """Show what arrived: the start of each alarm, and its end."""
    if not messages:
        console.print("\nNo alarm was raised for this sound, so nothing arrived on the bus.\n")
        return
    alarms = len({json.loads(message)["id"] for message in messages})
    console.print(f"\n{alarms} alarms arrived on the bus, {len(messages)} messages; the first two:\n")
    for message in messages[:2]:
        console.print(message, style="red", markup=False, soft_wrap=True)
    console.print()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
