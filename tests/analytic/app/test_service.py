# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.sync.client import connect

from analytic.app import Service
from analytic.errors import BadSettings
from analytic.settings import Settings, load
from model.errors import TaggerNotInstalled
from model.fake import FakeTagger


def sockets() -> int:
    return len(psutil.Process().net_connections())


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


class TestService:
    def test_it_answers_on_both_addresses(self, service: Service) -> None:
        with urllib.request.urlopen(f"{service.http_url}/readyz", timeout=10) as answer:
            assert json.load(answer) == {"status": "ok"}
        with connect(service.bus_url, open_timeout=10):
            pass
        assert service.http_url.startswith("http://127.0.0.1:")
        assert service.bus_url.startswith("ws://127.0.0.1:")
        assert service.bus_url.endswith("/events")

    def test_after_the_end_both_ports_are_free_and_ending_again_does_no_harm(
        self, settings: Settings, alarm_tagger: FakeTagger
    ) -> None:
        before = sockets()
        service = Service(settings, alarm_tagger)
        service.start()
        service.stop()
        service.stop()
        ports = [int(url.split(":")[2].split("/")[0]) for url in (service.http_url, service.bus_url)]
        assert [is_free(port) for port in ports] == [True, True]
        assert sockets() == before

    def test_one_that_never_started_leaves_nothing_open(self, settings: Settings, alarm_tagger: FakeTagger) -> None:
        before = sockets()
        service = Service(settings, alarm_tagger)
        service.stop()
        service.stop()
        assert sockets() == before

    def test_a_busy_http_port_is_an_oserror_that_leaves_nothing_open(
        self, alarm_tagger: FakeTagger, taken: int
    ) -> None:
        before = sockets()
        with pytest.raises(OSError, match=str(taken)):
            Service(load(http={"port": taken}, bus={"port": 0}), alarm_tagger)
        assert sockets() == before

    def test_a_busy_bus_port_is_an_oserror_that_leaves_nothing_open(self, alarm_tagger: FakeTagger, taken: int) -> None:
        before = sockets()
        service = Service(load(http={"port": 0}, bus={"port": taken}), alarm_tagger)
        with pytest.raises(OSError, match=str(taken)):
            service.start()
        assert sockets() == before
        service.stop()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"alerts": {"enabled": ["fier"]}},
            {"alerts": {"mode": "dusk"}},
            {"alerts": {"rules": {"fire": {"confirm": 9, "among": 3}}}},
            {"http": {"token_file": "/nowhere/token"}},
        ],
        ids=["alert class", "mode", "rule", "token file"],
    )
    def test_wrong_settings_are_refused_before_anything_is_opened(
        self, alarm_tagger: FakeTagger, wrong: dict[str, Any]
    ) -> None:
        before = sockets()
        with pytest.raises(BadSettings):
            Service(load(**{"http": {"port": 0}, "bus": {"port": 0}, **wrong}), alarm_tagger)
        assert sockets() == before

    def test_without_a_tagger_nothing_is_opened(self, tmp_path: Path) -> None:
        before = sockets()
        with pytest.raises(TaggerNotInstalled):
            Service(load(http={"port": 0}, bus={"port": 0}, models={"dir": tmp_path}))
        assert sockets() == before

    def test_a_tagger_that_fails_when_it_warms_up_leaves_nothing_open(self, settings: Settings) -> None:
        def deaf(_waveform: Any) -> dict[str, float]:
            raise RuntimeError("no memory")

        before = sockets()
        service = Service(settings, FakeTagger(deaf))
        with pytest.raises(RuntimeError, match="no memory"):
            service.start()
        left = sockets()
        service.stop()
        assert left == before
