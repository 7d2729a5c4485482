# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken listen-bus`` as a process of its own, against a bus in this one."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from analytic.access import AccessRules
from analytic.app import make_ids
from analytic.commands.bus import listen
from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.memory import Memory
from analytic.delivery.signing import Signer
from analytic.delivery.websocket import WebsocketBus
from analytic.events.types import AnonymizerName, Event, ModelName, Requestor, Source

WAIT_S = 10.0
FIRE = Event(
    *("0190a5c0-0000-7000-8000-000000000001", "end", "fire", "Fire", "/m/02_41", 0.5, 0.0, 1.0, None, None),
    *(None, Source("kitchen"), Requestor(), ModelName("fake", "0"), AnonymizerName("none")),
)
Process = Callable[..., Any]


class Bus:
    """A bus that can go away and come back on the same port; what was published stays known."""

    def __init__(self, token: str | None = None) -> None:
        self._access = AccessRules.of([], [], token)
        self.memory = Memory()
        self.counts: queue.Queue[int] = queue.Queue()
        self.port = 0
        self.new_id = make_ids()
        self.dispatcher = Dispatcher(self.memory, self.new_id, Signer.ephemeral(), sinks=[self])
        self.publish = self.dispatcher.publish
        self.open()

    name = "bus"

    def accept(self, message: Any) -> None:
        self._bus.accept(message)

    def open(self) -> None:
        self._bus = WebsocketBus("127.0.0.1", self.port, self._access, self.memory, subscribers_changed=self.counts.put)
        self.port = self._bus.start()
        self.url = f"ws://127.0.0.1:{self.port}/events"

    def close(self) -> None:
        self._bus.stop()

    def wait_for_one(self) -> None:
        while self.counts.get(timeout=WAIT_S) != 1:
            pass


@pytest.fixture
def bus() -> Iterator[Bus]:
    made = Bus()
    yield made
    made.close()


@pytest.fixture
def locked() -> Iterator[Bus]:
    made = Bus(token="s3cret")
    yield made
    made.close()


def test_each_message_is_a_line(bus: Bus, process: Process) -> None:
    with process("listen-bus", "--url", bus.url) as listener:
        bus.wait_for_one()
        bus.publish([replace(FIRE, phase="start", offset_s=None), FIRE])
        found = [json.loads(listener.stdout.readline()) for _ in range(2)]
    assert found == bus.memory.messages()


def test_since_start_begins_with_the_past(bus: Bus, process: Process) -> None:
    bus.publish([FIRE, FIRE])
    with process("listen-bus", "--url", f"{bus.url}?classes=fire", "--since", "start") as listener:
        assert [json.loads(listener.stdout.readline())["seq"] for _ in range(2)] == [1, 2]


def test_since_an_id_that_nobody_knows_begins_with_what_came_after_its_time(bus: Bus, process: Process) -> None:
    bus.publish([FIRE])
    unknown_id = bus.new_id()
    bus.publish([FIRE, FIRE])
    with process("listen-bus", "--url", bus.url, "--since", unknown_id) as listener:
        assert [json.loads(listener.stdout.readline())["seq"] for _ in range(2)] == [2, 3]


def test_gaps_and_deletions_are_lines_too(bus: Bus, process: Process) -> None:
    bus.publish([FIRE])
    bus.dispatcher.retract(FIRE.id)
    bus.dispatcher.skip(2)
    with process("listen-bus", "--url", bus.url, "--since", "start") as listener:
        found = [json.loads(listener.stdout.readline()) for _ in range(2)]
    assert [message["phase"] for message in found] == ["deleted", "gap"]


def test_heartbeats_that_the_address_asks_for_are_no_lines(process: Process) -> None:
    paths: list[str] = []

    def speak(connection: ServerConnection) -> None:
        paths.append(connection.request.path if connection.request is not None else "")
        for text in ('{"heartbeat":true}', '{"message_id":"a","seq":1}', '{"heartbeat":true}'):
            connection.send(text)
        with contextlib.suppress(ConnectionClosed):
            connection.recv()

    with serve(speak, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/events?heartbeat=1"
        with process("listen-bus", "--url", url) as listener:
            assert listener.stdout.readline() == '{"message_id":"a","seq":1}\n'
            assert paths == ["/events?heartbeat=1"]
        server.shutdown()
        thread.join(timeout=WAIT_S)


def test_when_the_bus_comes_back_what_was_missed_comes_first_and_once(bus: Bus, process: Process) -> None:
    with process("listen-bus", "--url", bus.url) as listener:
        bus.wait_for_one()
        bus.publish([FIRE])
        assert json.loads(listener.stdout.readline())["seq"] == 1
        bus.close()
        assert "trying again in 0.5 s" in listener.stderr.readline()
        bus.publish([FIRE, FIRE])
        bus.open()
        assert [json.loads(listener.stdout.readline())["seq"] for _ in range(2)] == [2, 3]
        bus.publish([FIRE])
        assert json.loads(listener.stdout.readline())["seq"] == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends(bus: Bus, process: Process, number: signal.Signals) -> None:
    with process("listen-bus", "--url", bus.url) as listener:
        bus.wait_for_one()
        listener.send_signal(number)
        assert listener.wait(timeout=WAIT_S) == (0 if number == signal.SIGINT else -signal.SIGTERM)
        assert "Traceback" not in listener.stderr.read()


def test_when_nobody_reads_its_output_any_more_it_ends(bus: Bus, process: Process) -> None:
    with process("listen-bus", "--url", bus.url) as listener:
        bus.wait_for_one()
        bus.publish([FIRE])
        listener.stdout.readline()
        listener.stdout.close()
        bus.publish([FIRE])
        listener.wait(timeout=WAIT_S)
        assert "trying again" not in listener.stderr.read()


@pytest.mark.parametrize(
    ("path", "since", "said"),
    [
        ("/nowhere", None, "the bus is at /events"),
        ("/events", "yesterday", "since is a message_id or start"),
        ("/events?colour=red", None, "unknown field"),
    ],
)
def test_refused_it_says_why_in_one_line_and_ends_with_2(
    bus: Bus, capsys: pytest.CaptureFixture[str], path: str, since: str | None, said: str
) -> None:
    assert listen(f"ws://127.0.0.1:{bus.port}{path}", since, None) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert said in line


def test_a_wrong_token_is_refused_in_one_line(locked: Bus, capsys: pytest.CaptureFixture[str]) -> None:
    assert listen(locked.url, None, "wrong") == 2
    assert capsys.readouterr().err == f"{locked.url} refused: token required\n"


def test_no_token_is_refused_once_the_bus_has_waited_for_it(
    locked: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("analytic.delivery.websocket._TOKEN_WAIT_S", 0.1)
    assert listen(locked.url, None, None) == 2
    assert capsys.readouterr().err == f"{locked.url} refused: token required\n"


def test_the_right_token_from_the_environment_listens(
    locked: Bus, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARKEN_TOKEN", "s3cret")
    locked.publish([FIRE])
    with process("listen-bus", "--url", locked.url, "--since", "start") as listener:
        assert json.loads(listener.stdout.readline())["seq"] == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/events", "nonsense", "ws://[", "ws://127.0.0.1:99999/events", ""])
def test_an_address_that_is_none_ends_with_2_in_one_line(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert listen(url, None, None) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
