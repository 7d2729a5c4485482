# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The running service and a real Home Assistant: what a person sees there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.sync.client import connect

from analytic.app import Service
from analytic.delivery.signing import Signer
from analytic.settings import load
from model.fake import FakeTagger
from tests.homeassistant.home_assistant import HomeAssistant
from tests.homeassistant.mosquitto import Mosquitto

LOUD = 0.05
CLASSES = ("explosion", "fire", "glass_break", "gunshot", "scream", "smoke_alarm")

Run = Callable[..., Any]


def alarm_where_it_is_loud(waveform: NDArray[np.float32]) -> dict[str, float]:
    return {"Smoke detector, smoke alarm": 0.9} if np.abs(waveform).max() > LOUD else {}


class Home:
    """A Home Assistant that has nothing to complain of, and one device in it."""

    def __init__(self, assistant: HomeAssistant, folder: Path, name: str) -> None:
        self.assistant = assistant
        self.name = name
        self._folder = folder

    @property
    def node(self) -> str:
        return Signer.at(self._folder / "device.key").device[:12]

    def id_of(self, what: str) -> str:
        return f"hearken_{self.node}_{what}"

    def state(self, what: str) -> str | None:
        return self.assistant.state(self.id_of(what))

    def states(self, what: str) -> list[str]:
        """Every state that it had."""
        found = self.assistant.find(self.id_of(what))
        return [] if found is None else self.assistant.history[found.entity_id]

    def wait_for(self, holds: Callable[[], object], timeout: float = 15.0) -> None:
        self.assistant.wait_for(lambda _: holds(), timeout)


@pytest.fixture
def home(home_assistant: HomeAssistant, tmp_path: Path) -> Iterator[Home]:
    (tmp_path / "delivery").mkdir()
    before = len(home_assistant.complaints)
    yield Home(home_assistant, tmp_path / "delivery", tmp_path.name)
    assert home_assistant.complaints[before:] == []


@pytest.fixture
def run(mosquitto: Mosquitto, tmp_path: Path, home: Home) -> Run:
    """Run a service at the broker; `mqtt` as the test says."""

    @contextmanager
    def running(**mqtt: Any) -> Iterator[Service]:
        settings = load(
            http={"port": 0},
            bus={"port": 0},
            service={"analyzer_id": home.name},
            delivery={"dir": str(tmp_path / "delivery")},
            listen={"state_dir": str(tmp_path / "listen"), "backlog_s": 30},
            mqtt={"host": "127.0.0.1", "port": mosquitto.port, **mqtt},
        )
        service = Service(settings, FakeTagger(alarm_where_it_is_loud))
        service.start()
        try:
            yield service
        finally:
            service.stop()

    return running


def post(service: Service, content: bytes, query: str = "") -> dict[str, Any]:
    """Send a recording."""
    boundary = b"boundary"
    head = b'\r\nContent-Disposition: form-data; name="audio"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    request = urllib.request.Request(
        f"{service.http_url}/model/predict{query}",
        b"--" + boundary + head + content + b"\r\n--" + boundary + b"--\r\n",
        {"Content-Type": "multipart/form-data; boundary=boundary"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def pcm(samples: NDArray[np.float32]) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def test_a_recording_with_an_alarm_turns_its_sensor_on_and_off_and_fires_the_event(
    home: Home, run: Run, noise: NDArray[np.float32], encode: Callable[..., bytes]
) -> None:
    with run() as service:
        home.wait_for(lambda: all(home.state(name) == "off" for name in CLASSES))
        home.wait_for(lambda: home.state("alert") == "unknown")
        answer = post(service, encode(noise))
        assert [alert["event_class"] for alert in answer["alerts"]] == ["smoke_alarm"]
        home.wait_for(lambda: home.states("smoke_alarm")[-2:] == ["on", "off"])
        home.wait_for(lambda: home.assistant.firings)
        alert = home.assistant.find(home.id_of("alert"))
        assert alert is not None
        (firing,) = [one for one in home.assistant.firings if one.entity_id == alert.entity_id]
        assert firing.event_type == "smoke_alarm"
        assert firing.attributes["source"] == "upload"
        assert firing.attributes["event_id"] == answer["alerts"][0]["id"]
        assert firing.attributes["severity"] == "critical"
        sensor = home.assistant.find(home.id_of("smoke_alarm"))
        assert sensor is not None
        assert sensor.attributes["device_class"] == "safety"
        assert sensor.attributes["event_id"] == firing.attributes["event_id"]
        assert sensor.device is not None
        assert sensor.device["name"] == home.name
        assert {home.states(name)[-1] for name in CLASSES} == {"off"}


def test_the_hub_tells_who_speaks_and_how_much_waits(home: Home, run: Run) -> None:
    with run():
        home.wait_for(lambda: home.state("model") == "fake 0")
        home.wait_for(lambda: home.state("waiting") == "0")
        home.wait_for(lambda: home.state("sources") == "0")
        for what in ("model", "waiting", "sources"):
            entity = home.assistant.find(home.id_of(what))
            assert entity is not None
            assert entity.category == "diagnostic"


def test_a_live_source_has_a_device_of_its_own_and_its_alarm_lasts_as_long_as_the_sound(
    home: Home, run: Run, noise: NDArray[np.float32]
) -> None:
    with run() as service:
        home.wait_for(lambda: home.state("smoke_alarm") == "off")
        source = f"hearken_{home.node}-hall-2e-1_"
        with connect(f"{service.bus_url.removesuffix('events')}listen/hall.1") as door:
            door.recv()
            door.send(pcm(noise[: 4 * 16_000]))
            home.wait_for(lambda: home.state("smoke_alarm") == "on")
            door.send(pcm(noise[: 4 * 16_000]))  # it may have been lost while that took its time
            home.wait_for(lambda: home.assistant.state(f"{source}status") == "ok")
            level = home.assistant.find(f"{source}level_dbfs")
            assert level is not None
            assert level.attributes["unit_of_measurement"] == "dB"
            assert level.device is not None
            assert level.device["name"] == f"{home.name} hall.1"
            home.wait_for(lambda: home.assistant.state(f"{source}problem") == "off")
            home.wait_for(lambda: float(home.assistant.state(f"{source}last_audio_age_s") or "") >= 0)
            for _ in range(3):
                door.send(pcm(noise[: 4 * 16_000] / np.float32(1000)))
            home.wait_for(lambda: home.state("smoke_alarm") == "off")
            (firing,) = [one for one in home.assistant.firings if one.attributes.get("source") == "hall.1"]
            assert firing.event_type == "smoke_alarm"
            assert firing.attributes["onset"] is not None
        forget(service, "hall.1")
        home.wait_for(lambda: home.assistant.find(f"{source}level_dbfs") is None)
        assert home.state("smoke_alarm") == "off"


def forget(service: Service, source: str) -> None:
    """Delete a source, as soon as the service knows that its connection has ended."""
    request = urllib.request.Request(f"{service.http_url}/sources/{source}", method="DELETE")
    until = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != 409 or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def test_entities_are_gone_where_home_assistant_is_switched_off(home: Home, run: Run) -> None:
    with run():
        home.wait_for(lambda: home.state("smoke_alarm") == "off")
        home.wait_for(lambda: home.state("model") == "fake 0")
    home.wait_for(lambda: home.state("smoke_alarm") == "unavailable")
    with run(homeassistant=False):
        home.wait_for(lambda: all(home.assistant.find(home.id_of(name)) is None for name in (*CLASSES, "model")))
    with run():
        home.wait_for(lambda: home.state("smoke_alarm") == "off")


@pytest.fixture
def killed(mosquitto: Mosquitto, tmp_path: Path, nothing_bundled: Path) -> Iterator[subprocess.Popen[str]]:
    """A service as a process of its own, to be killed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEARKEN__")}
    environment |= {
        "HEARKEN__HTTP__PORT": "0",
        "HEARKEN__BUS__PORT": "0",
        "HEARKEN__DELIVERY__DIR": str(tmp_path / "delivery"),
        "HEARKEN__LISTEN__STATE_DIR": str(tmp_path / "listen"),
        "HEARKEN__MQTT__HOST": "127.0.0.1",
        "HEARKEN__MQTT__PORT": str(mosquitto.port),
    }
    command = [sys.executable, "-c", "from analytic.cli import main; main()", "serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait(10)
    process.stdout.close()


def test_all_is_unavailable_once_the_service_was_killed(home: Home, run: Run, killed: subprocess.Popen[str]) -> None:
    home.wait_for(lambda: home.state("smoke_alarm") == "off")
    killed.kill()
    home.wait_for(lambda: home.state("smoke_alarm") == "unavailable")
    home.wait_for(lambda: home.state("alert") == "unavailable")
    home.wait_for(lambda: home.state("model") == "unavailable")
    killed.wait(10)
    with run():
        home.wait_for(lambda: home.state("smoke_alarm") == "off")
        home.wait_for(lambda: home.state("model") == "fake 0")
