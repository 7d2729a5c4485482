# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken serve`` as a process of its own, with a tagger that hears a smoke alarm in everything."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

Process = Callable[..., Any]
FREE_PORTS = ("--port", "0", "--bus-port", "0")
READY = re.compile(r"ready (http://127\.0\.0\.1:\d+) (ws://127\.0\.0\.1:\d+/events)\n")


def addresses(service: Any) -> tuple[str, str]:
    """Wait for the line that says it is ready."""
    line = service.stdout.readline()
    match = READY.fullmatch(line)
    assert match, (line, service.stderr.read())
    return match[1], match[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_one_line_answers_and_ends_cleanly_when_told(process: Process, number: signal.Signals) -> None:
    with process("serve", *FREE_PORTS, tagger="fake") as service:
        http, bus = addresses(service)
        with urllib.request.urlopen(f"{http}/readyz", timeout=10) as answer:
            assert json.load(answer) == {"status": "ok"}
        with connect(bus, open_timeout=10) as subscriber:
            service.send_signal(number)
            with pytest.raises(ConnectionClosed) as closed:
                subscriber.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
        assert service.wait(timeout=15) == 0
        assert service.stdout.read() == "", "one line and no other"
        assert not {json.loads(line)["level"] for line in service.stderr.read().splitlines()} & {"error", "critical"}


def test_an_open_connection_does_not_hold_it_up(process: Process) -> None:
    with process("serve", *FREE_PORTS, tagger="fake") as service, contextlib.ExitStack() as stack:
        http, _ = addresses(service)
        host, _, port = http.removeprefix("http://").partition(":")
        kept = HTTPConnection(host, int(port), timeout=10)
        stack.callback(kept.close)
        kept.request("GET", "/healthz")
        assert kept.getresponse().read()
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=15) == 0


def test_told_twice_it_ends_as_cleanly(process: Process) -> None:
    with process("serve", *FREE_PORTS, tagger="fake") as service:
        addresses(service)
        service.send_signal(signal.SIGINT)
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=15) == 0


def test_its_memory_stays_out_of_core_files(process: Process) -> None:
    with process("serve", *FREE_PORTS, tagger="fake") as service:
        addresses(service)
        assert psutil.Process(service.pid).rlimit(psutil.RLIMIT_CORE) == (0, 0)


def test_its_log_is_json_lines_whatever_it_is_asked(process: Process) -> None:
    with process("serve", *FREE_PORTS, tagger="fake") as service:
        http, _ = addresses(service)
        for target in ("/model/metadata", "/%0a%1b[31m", "/model/predict/%0a/b/c/d/e"):
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(http + target, timeout=10).close()
        service.send_signal(signal.SIGTERM)
        _, err = service.communicate(timeout=10)
        assert all(json.loads(line)["event"] for line in err.splitlines())
