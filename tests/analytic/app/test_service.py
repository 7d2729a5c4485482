# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import contextlib
import json
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import requests
from websockets.sync.client import connect

from analytic.app import Service
from analytic.delivery.signing import BadKey
from analytic.delivery.verifying import Verifier
from analytic.errors import BadSettings
from analytic.folders import FolderTaken
from analytic.settings import Settings, load
from model.errors import TaggerNotInstalled
from model.fake import FakeTagger

WAIT_S = 10.0


def sockets() -> int:
    return len(psutil.Process().net_connections())


def files() -> list[str]:
    return sorted(file.path for file in psutil.Process().open_files())


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


@pytest.fixture(scope="module")
def sound(encode: Callable[..., bytes]) -> bytes:
    """Three seconds in which the tagger hears a smoke alarm."""
    return encode(np.full(48_000, 0.25))


@contextlib.contextmanager
def running(settings: Settings, tagger: FakeTagger) -> Iterator[Service]:
    service = Service(settings, tagger)
    service.start()
    try:
        yield service
    finally:
        service.stop()


def alarm(service: Service, sound: bytes) -> str:
    """Send sound with an alarm in it; return the id of the event."""
    answer = requests.post(f"{service.http_url}/model/predict", files={"audio": ("f.wav", sound)}, timeout=WAIT_S)
    (found,) = answer.json()["alerts"]
    return str(found["id"])


def told(service: Service, since: str = "start") -> list[dict[str, Any]]:
    """All that the bus has told so far; a heartbeat comes when there is no more."""
    with connect(f"{service.bus_url}?since={since}&heartbeat=1", open_timeout=WAIT_S) as bus:
        found = []
        while "heartbeat" not in (message := json.loads(bus.recv(timeout=WAIT_S))):
            found.append(message)
        return found


def kept(service: Service) -> list[str]:
    events = requests.get(f"{service.http_url}/events", timeout=WAIT_S).json()["events"]
    return [event["id"] for event in events]


class TestRestart:
    def test_numbers_go_on_and_events_are_kept(
        self, settings: Settings, alarm_tagger: FakeTagger, sound: bytes
    ) -> None:
        with running(settings, alarm_tagger) as service:
            first = alarm(service, sound)
            device = requests.get(f"{service.http_url}/device", timeout=WAIT_S).json()
            before = told(service)
        with running(settings, alarm_tagger) as service:
            assert told(service) == before
            second = alarm(service, sound)
            assert kept(service) == [second, first]
            assert requests.get(f"{service.http_url}/device", timeout=WAIT_S).json() == device
            after = told(service, before[-1]["message_id"])
        assert [message["id"] for message in after] == [second, second]
        verifier = Verifier(device["public_key"])
        assert [verifier.verify(message) for message in (*before, *after)] == [0, 0, 0, 0]

    def test_a_start_without_alarms_takes_no_number(
        self, settings: Settings, alarm_tagger: FakeTagger, sound: bytes
    ) -> None:
        for _ in range(3):
            with running(settings, alarm_tagger):
                pass
        with running(settings, alarm_tagger) as service:
            alarm(service, sound)
            assert [message["seq"] for message in told(service)] == [1, 2]

    def test_what_was_acknowledged_and_deleted_stays_so(
        self, settings: Settings, alarm_tagger: FakeTagger, sound: bytes
    ) -> None:
        with running(settings, alarm_tagger) as service:
            events = f"{service.http_url}/events"
            first, second = alarm(service, sound), alarm(service, sound)
            requests.post(f"{events}/{first}/acknowledge", timeout=WAIT_S)
            requests.delete(f"{events}/{second}", timeout=WAIT_S)
        with running(settings, alarm_tagger) as service:
            (entry,) = requests.get(f"{service.http_url}/events", timeout=WAIT_S).json()["events"]
            assert entry["id"] == first
            assert entry["acknowledged"]
            assert [message["phase"] for message in told(service)] == ["start", "end", "gap", "gap", "deleted"]


class TestDeletion:
    def test_subscribers_are_told_and_a_replay_has_gaps(self, service: Service, sound: bytes) -> None:
        event = alarm(service, sound)
        with connect(f"{service.bus_url}?since=start", open_timeout=WAIT_S) as bus:
            had = [json.loads(bus.recv(timeout=WAIT_S)) for _ in range(2)]
            answer = requests.delete(f"{service.http_url}/events/{event}", timeout=WAIT_S).json()
            deletion = json.loads(bus.recv(timeout=WAIT_S))
        assert [message["phase"] for message in had] == ["start", "end"]
        assert (deletion["phase"], deletion["id"]) == ("deleted", event)
        assert deletion["message_id"] == answer["message_id"]
        replayed = told(service)
        assert [(message["phase"], message["seq"]) for message in replayed] == [("gap", 1), ("gap", 2), ("deleted", 3)]
        assert [message["message_id"] for message in replayed[:2]] == [message["message_id"] for message in had]
        assert told(service, had[1]["message_id"]) == [deletion]


class TestTheFolder:
    def test_a_second_service_on_it_is_refused_and_harms_nothing(
        self, settings: Settings, alarm_tagger: FakeTagger, sound: bytes
    ) -> None:
        with running(settings, alarm_tagger) as service:
            before = sockets(), files()
            with pytest.raises(FolderTaken, match="another Hearken has this folder"):
                Service(settings, alarm_tagger)
            assert (sockets(), files()) == before
            assert alarm(service, sound) in kept(service)

    def test_a_second_one_on_its_jobs_is_refused_and_leaves_nothing_open(
        self, settings: Settings, alarm_tagger: FakeTagger, tmp_path: Path
    ) -> None:
        other = settings.model_copy(update={"delivery": settings.delivery.model_copy(update={"dir": tmp_path / "o"})})
        with running(settings, alarm_tagger):
            before = sockets(), files(), threading.active_count()
            second = Service(other, alarm_tagger)
            with pytest.raises(FolderTaken, match=r"jobs\.dir"):
                second.start()
            assert (sockets(), files(), threading.active_count()) == before

    def test_each_has_its_own(self, alarm_tagger: FakeTagger, sound: bytes, tmp_path: Path) -> None:
        def at(name: str) -> Settings:
            own = tmp_path / name
            return load(http={"port": 0}, bus={"port": 0}, delivery={"dir": own}, jobs={"dir": own / "jobs"})

        with running(at("one"), alarm_tagger) as one, running(at("other"), alarm_tagger) as other:
            event = alarm(one, sound)
            assert (kept(one), kept(other)) == ([event], [])

    @pytest.mark.parametrize("section", ["http", "bus"])
    def test_a_busy_port_leaves_it_free(self, alarm_tagger: FakeTagger, taken: int, section: str) -> None:
        free: dict[str, Any] = {"http": {"port": 0}, "bus": {"port": 0}}
        before = sockets(), files()
        with pytest.raises(OSError, match=str(taken)):
            Service(load(**{**free, section: {"port": taken}}), alarm_tagger).start()
        assert (sockets(), files()) == before
        with running(load(**free), alarm_tagger):
            pass
        assert (sockets(), files()) == before

    def test_nothing_in_it_is_for_others(self, settings: Settings, alarm_tagger: FakeTagger, sound: bytes) -> None:
        with running(settings, alarm_tagger) as service:
            alarm(service, sound)
            folder = settings.delivery.dir
            assert folder.stat().st_mode & 0o077 == 0
            found = {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir()}
        assert {"device.key", "outbox.sqlite3", "last-number"} <= set(found)
        assert set(found.values()) == {0}

    def test_a_key_that_others_may_read_stops_the_start_and_leaves_nothing_open(
        self, settings: Settings, alarm_tagger: FakeTagger
    ) -> None:
        Service(settings, alarm_tagger).stop()
        key = settings.delivery.dir / "device.key"
        key.chmod(0o644)
        before = sockets(), files()
        with pytest.raises(BadKey, match="others may read"):
            Service(settings, alarm_tagger)
        assert (sockets(), files()) == before
        key.chmod(0o600)
        Service(settings, alarm_tagger).stop()

    def test_one_that_cannot_be_made_is_an_oserror(self, alarm_tagger: FakeTagger, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        before = sockets(), files()
        with pytest.raises(OSError, match="file"):
            Service(load(http={"port": 0}, bus={"port": 0}, delivery={"dir": tmp_path / "file"}), alarm_tagger)
        assert (sockets(), files()) == before


class TestALostOutbox:
    @pytest.fixture
    def before(self, settings: Settings, alarm_tagger: FakeTagger, sound: bytes) -> dict[str, Any]:
        """The last message of an outbox that has been lost since."""
        with running(settings, alarm_tagger) as service:
            alarm(service, sound)
            last = told(service)[-1]
        for path in settings.delivery.dir.glob("outbox*"):
            path.unlink()
        return last

    def test_numbers_never_go_back_and_a_gap_tells(
        self, settings: Settings, alarm_tagger: FakeTagger, sound: bytes, before: dict[str, Any]
    ) -> None:
        with running(settings, alarm_tagger) as service:
            alarm(service, sound)
            key = requests.get(f"{service.http_url}/device", timeout=WAIT_S).json()["public_key"]
            gap, *messages = told(service)
        assert (gap["phase"], gap["first_seq"]) == ("gap", 1)
        assert gap["seq"] > before["seq"]
        verifier = Verifier(key, last_seq=before["seq"])
        assert [verifier.verify(message) for message in (gap, *messages)] == [0, 0, 0]

    def test_nor_where_the_first_start_after_it_fails(
        self,
        settings: Settings,
        alarm_tagger: FakeTagger,
        sound: bytes,
        before: dict[str, Any],
        taken: int,
    ) -> None:
        for _ in range(3):
            with pytest.raises(OSError, match=str(taken)):
                Service(load(http={"port": taken}, bus={"port": 0}), alarm_tagger)
        with running(settings, alarm_tagger) as service:
            alarm(service, sound)
            assert all(message["seq"] > before["seq"] for message in told(service))
            assert [message["phase"] for message in told(service)] == ["gap", "start", "end"]
