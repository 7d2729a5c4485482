# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken listen``: files and standard input here, signals, and passing on to a service."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile

from analytic.access import AccessRules
from analytic.commands.listen import named
from analytic.commands.printing import Printer
from analytic.delivery.memory import Memory
from analytic.delivery.websocket import WebsocketBus
from analytic.errors import HearkenError
from analytic.listen.door import ListenDoor, Pcm16
from analytic.listen.listener import Listener
from analytic.listen.remembered import Remembered

WAIT_S = 15.0
SCHEMA = Path(__file__).parents[3] / "analytic" / "events" / "event.schema.json"
Hearken = Callable[..., Any]
Process = Callable[..., Any]


@pytest.fixture
def kitchen(tmp_path: Path) -> str:
    """A file of 4 s."""
    path = tmp_path / "kitchen.wav"
    soundfile.write(path, np.random.default_rng(4).normal(0, 0.05, 64_000), 16_000)
    return str(path)


def pcm(seconds: float) -> bytes:
    return np.random.default_rng(0).integers(-2000, 2000, round(seconds * 16_000)).astype("<i2").tobytes()


def test_a_phase_is_a_line_with_the_time_in_the_sound(hearken: Hearken, kitchen: str) -> None:
    done = hearken("listen", kitchen, "--fast")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "     0.000 s  kitchen  smoke_alarm  start  Smoke detector, smoke alarm 0.900",
        "     4.000 s  kitchen  smoke_alarm  end after 4.0 s  Smoke detector, smoke alarm 0.900",
    ]
    assert done.stderr == ""


def test_json_lines_are_messages_at_full_precision(hearken: Hearken, kitchen: str) -> None:
    done = hearken("listen", kitchen, "--fast", "--json", "--name", "cellar")
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    for message in messages:
        jsonschema.validate(message, json.loads(SCHEMA.read_text()))
    assert [message["phase"] for message in messages] == ["start", "end"]
    assert messages[0]["source"] == {"id": "cellar", "type": "file"}
    assert messages[0]["peak_dbfs"] != round(messages[0]["peak_dbfs"])


def test_several_files_one_after_the_other(hearken: Hearken, kitchen: str) -> None:
    done = hearken("listen", kitchen, kitchen, "--fast")
    names = [line.split("  ")[-4].strip() for line in done.stdout.splitlines()]
    assert names == ["kitchen", "kitchen", "kitchen-2", "kitchen-2"]


def test_at_real_speed_times_are_the_clocks_and_it_ends_with_the_file(process: Process, kitchen: str) -> None:
    with process("listen", kitchen, tagger="fake") as running:
        lines = [running.stdout.readline(), running.stdout.readline()]
        assert running.wait(timeout=WAIT_S) == 0
    assert lines[0][:2] == "20"
    assert "Z  kitchen  smoke_alarm  start  Smoke" in lines[0]
    assert "Z  kitchen  smoke_alarm  end after 4.0 s  Smoke" in lines[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_is_open_and_the_command_with_0(process: Process, number: signal.Signals) -> None:
    with process("listen", "-", "--name", "hall", tagger="fake") as running:
        running.stdin.buffer.write(pcm(4.0))
        running.stdin.buffer.flush()
        assert "hall  smoke_alarm  start" in running.stdout.readline()
        running.send_signal(number)
        assert running.wait(timeout=WAIT_S) == 0
        assert "hall  smoke_alarm  end" in running.stdout.readline()
        assert "Traceback" not in running.stderr.read()


def test_when_nobody_reads_its_output_any_more_it_ends(process: Process) -> None:
    with process("listen", "-", tagger="fake") as running:
        running.stdout.close()
        running.stdin.buffer.write(pcm(4.0))
        running.stdin.buffer.flush()
        assert running.wait(timeout=WAIT_S) == 0
        assert "Traceback" not in running.stderr.read()


def test_digital_silence_is_told_on_standard_error(hearken: Hearken, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "dead.wav", np.zeros(64_000), 16_000)
    done = hearken("listen", str(tmp_path / "dead.wav"), "--fast")
    assert done.stderr.splitlines() == ["dead: silent"]


@pytest.mark.parametrize("more", [[], ["--fast"], ["--loop"], ["--to", "ws://127.0.0.1:1"]])
def test_a_source_that_cannot_be_opened_ends_it_with_2_and_one_line(hearken: Hearken, more: list[str]) -> None:
    done = hearken("listen", "/nowhere/kitchen.wav", *more)
    assert done.exit_code == 2
    told = [line for line in done.stderr.splitlines() if "trying again" not in line]
    assert [line for line in told if line.startswith("hearken:")] == [
        "hearken: '/nowhere/kitchen.wav': No such file or directory"
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ftp://u:hunter2@x/y"], "ftp:// is not known"),
        (["a.wav", "--fast", "--loop"], "would never end"),
        (["mic:", "--fast"], "files, or - for standard input"),
        (["a.wav", "--to", "ws://x", "--json"], "for analysing here"),
        (["a.wav", "--to", "ws://x", "--fast"], "for analysing here"),
        (["a.wav", "--to", "http://x"], "expected ws://HOST:PORT"),
        (["a.wav", "--to", "ws://x?token=hunter2"], "the token with --token"),
        (["a.wav", "--to", "ws://u:hunter2@x"], "the token with --token"),
        (["-", "-"], "standard input once"),
        (["a.wav", "b.wav", "--name", "x", "--name", "x"], "each once"),
        (["a.wav", "--name", "x", "--name", "y"], "at most one for each source"),
        (["a.wav", "--name", "../x"], "Invalid name"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(hearken: Hearken, words: list[str], said: str) -> None:
    done = hearken("listen", *words)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert said in line
    assert "hunter2" not in line


def test_names_come_from_the_addresses_and_are_never_twice_there() -> None:
    texts = ["mic:", "mic:", "a/kitchen.wav", "rtsp://u:p@cam/x", "kitchen.flac"]
    found = [name for name, _ in named(texts, ["hall"])]
    assert found == ["hall", "mic", "kitchen", "cam", "kitchen-2"]
    assert [name for name, _ in named(["mic:", "mic:"], ["mic"])] == ["mic", "mic-2"]
    with pytest.raises(HearkenError):
        named(["mic:"], ["a b"])


class TestPrinter:
    def report(self, **fields: Any) -> dict[str, Any]:
        return {"id": "hall", "status": "ok", "last_error": None, "retry_in_s": None, "hops": 5, **fields}

    def test_health_is_told_when_it_changes(self, capsys: pytest.CaptureFixture[str]) -> None:
        printer = Printer(as_json=False, seconds=False, nobody_reads=lambda: None)
        printer.source(self.report(hops=0, status="lost"))
        printer.source(self.report())
        printer.source(self.report(status="deaf"))
        printer.source(self.report(status="deaf"))
        printer.source(self.report(status="lost", last_error="unplugged", retry_in_s=2.5))
        printer.source(self.report(status="lost", last_error="unplugged", retry_in_s=1.5))
        printer.source(self.report())
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.splitlines() == ["hall: deaf", "hall: lost (unplugged; trying again in 2.5 s)", "hall: ok"]


class Service:
    """A service's door, whose sources note how much they heard."""

    def __init__(self, token: str | None) -> None:
        self.heard: dict[str, int] = {}
        self.listener = Listener(self._open, Remembered(None))
        access = AccessRules.of([], [], token)
        self.bus = WebsocketBus("127.0.0.1", 0, access, Memory())
        self.bus.add_door(ListenDoor(self.listener, access.allows_token, {}, {"pcm16": Pcm16}))
        self.listener.start()
        self.url = f"ws://127.0.0.1:{self.bus.start()}"

    def _open(self, source: Any, began: float, *_: Any) -> Any:
        def push(samples: Any) -> list[Any]:
            self.heard[source.id] = self.heard.get(source.id, 0) + samples.size
            return []

        nothing = {"finish": list, "memory": dict, "now": SimpleNamespace(level_dbfs=-50.0), "heard_until": began}
        return SimpleNamespace(push=push, **nothing)

    def stop(self) -> None:
        self.bus.stop()
        self.listener.stop()


@pytest.fixture(params=[None, "s3cret"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    made = Service(request.param)
    made.token = request.param  # type: ignore[attr-defined]
    yield made
    made.stop()


def test_passed_on_it_is_heard_there(hearken: Hearken, service: Any, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.random.default_rng(0).normal(0, 0.05, 16_000), 16_000)
    token = ["--token", service.token] if service.token else []
    done = hearken("listen", str(tmp_path / "short.wav"), "--name", "hall", "--to", service.url, *token)
    assert done.exit_code == 0
    assert done.stdout == ""
    assert done.stderr.splitlines() == [f"hall: connected to {service.url}/listen/hall"]
    service.bus.stop()
    service.listener.stop()
    assert 8_000 <= service.heard["hall"] <= 16_000  # a busy machine connects late
    service.stop = lambda: None


def test_refused_it_ends_with_2_and_one_line(hearken: Hearken, kitchen: str) -> None:
    service = Service("s3cret")
    done = hearken("listen", kitchen, "--to", service.url, "--token", "wrong")
    service.stop()
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert "refused: a token is needed" in line
    assert "wrong" not in line
