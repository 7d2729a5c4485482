# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A video at an address, heard by the service as it is run: a process of its own, killed in the middle as well."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import soxr
from numpy.typing import NDArray
from websockets.sync.client import connect

from analytic.audio.bytes_at import Held
from analytic.audio.streams import StreamLimits, open_stream
from demo.sound import smoke_alarm_in_a_room
from tests.analytic.jobs.serving import Recordings
from tests.analytic.sound_traces import Sound, SoundTraces

pytest.importorskip("av", reason="video needs the extra video")
from tests.analytic.jobs.media import video

pytestmark = pytest.mark.slow
RATE_HZ, VIDEO_RATE_HZ = 16_000, 48_000
LENGTH_S, ALARMS_S = 75, (10.0, 55.0)
WAIT_S = 60.0
SECRET = "token=s3cr3t-0f-the-camera"


@pytest.fixture(scope="module")
def night() -> NDArray[np.float32]:
    """Quiet noise with a smoke alarm of 10 s twice in it: shape (n, 2), 48 kHz."""
    sound = np.random.default_rng(2).normal(0, 0.001, LENGTH_S * RATE_HZ)
    for number, onset_s in enumerate(ALARMS_S):
        alarm = smoke_alarm_in_a_room(number)
        sound[round(onset_s * RATE_HZ) :][: alarm.size] += alarm
    wide = soxr.resample(sound, RATE_HZ, VIDEO_RATE_HZ).clip(-1, 1).astype(np.float32)
    return np.stack([wide, 0.8 * wide], axis=1)


@pytest.fixture(scope="module")
def mp4(night: NDArray[np.float32]) -> bytes:
    made = video([night])
    assert made.index(b"moov") > made.index(b"mdat"), "the index stands at the end, as cameras write it"
    return made


@pytest.fixture(scope="module")
def webm(night: NDArray[np.float32]) -> bytes:
    return video([night[:, :1]], "webm", picture="libvpx", codec="libopus")


class Running:
    """`hearken serve` on free ports, over a folder of its own."""

    def __init__(self, folder: Path, server: Recordings) -> None:
        self.folder, self.log = folder / "data", folder / "log"
        self._environment = os.environ | {
            "HEARKEN__FETCH__ENABLED": "1",
            "HEARKEN__FETCH__ALLOWED": json.dumps([server.host]),
            "HEARKEN__SERVICE__LOG_LEVEL": "DEBUG",
            "TMPDIR": str(folder),
        }
        self.url = self.bus_url = ""
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        words = ["serve", "--port", "0", "--bus-port", "0", "--data-dir", str(self.folder)]
        hearken = Path(sys.executable).with_name("hearken")
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [hearken, *words], stdout=subprocess.PIPE, stderr=log, env=self._environment, text=True
            )
        assert self.process.stdout is not None
        ready, *urls = self.process.stdout.readline().split() or ["not ready"]
        assert ready == "ready", self.log.read_text(encoding="utf-8")
        self.url, self.bus_url = urls

    def end(self, kill: bool = False) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill() if kill else self.process.terminate()
            self.process.communicate(timeout=30)

    def get(self, path: str) -> requests.Response:
        answer = requests.get(self.url + path, timeout=WAIT_S)
        assert answer.status_code == 200, answer.text
        return answer

    def analyse(self, address: str) -> str:
        answer = requests.post(f"{self.url}/analyze/url", json={"url": address, "source": "hall"}, timeout=WAIT_S)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job"]["id"])

    def done(self, job: str) -> dict[str, Any]:
        told: dict[str, Any] = {"ended": None}
        while not told["ended"]:
            told = self.get(f"/jobs/{job}?wait=30").json()["job"]
        assert told["state"] == "done", told
        return told

    def told(self) -> list[dict[str, Any]]:
        """All that the bus has told; a heartbeat comes when there is no more."""
        with connect(f"{self.bus_url}?since=start&heartbeat=1", open_timeout=WAIT_S) as bus:
            found = []
            while "heartbeat" not in (message := json.loads(bus.recv(timeout=WAIT_S))):
                found.append(message)
            return found


@pytest.fixture
def server(mp4: bytes, webm: bytes) -> Iterator[Recordings]:
    with Recordings({"night.mp4": mp4, "night.webm": webm}) as running:
        yield running


@pytest.fixture
def service(server: Recordings, tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, server)
    running.start()
    yield running
    running.end()


def onsets(report: dict[str, Any]) -> list[float]:
    assert {alarm["event_class"] for alarm in report["alarms"]} == {"smoke_alarm"}
    return [alarm["onset_s"] for alarm in report["alarms"]]


def is_not_left(service: Running, content: bytes) -> None:
    """Check that nothing of a video lies in what the service kept or said; of a piece of it, which stands for all."""
    heard = np.concatenate(list(open_stream(Held(content), StreamLimits()).blocks))
    first = round(ALARMS_S[0] * RATE_HZ)
    traces = SoundTraces({"video": Sound(content[100_000:120_000], heard[first : first + RATE_HZ])})
    assert traces.in_folder(service.folder) == {}
    assert traces.in_bytes(service.log.read_bytes()) == set()
    own = (service.folder, service.log)
    beside = [path for path in service.folder.parent.rglob("*") if path.is_file()]
    assert [path for path in beside if not any(path.is_relative_to(one) for one in own)] == [], "no temporary files"


@pytest.mark.parametrize("name", ["night.mp4", "night.webm"])
def test_what_sounds_in_a_video_is_found_told_and_reported_and_nothing_of_it_is_kept(
    service: Running, server: Recordings, name: str
) -> None:
    job = service.done(service.analyse(f"{server.address(name)}?{SECRET}"))
    assert job["alarms"] == 2
    assert job["heard_s"] == pytest.approx(LENGTH_S, abs=0.1)
    answer = service.get(job["report"]).json()
    report, links = answer["report"], answer["links"]
    assert onsets(report) == pytest.approx(ALARMS_S, abs=0.5)
    assert (report["sample_rate_hz"], report["channels"]) == (VIDEO_RATE_HZ, 2 if name == "night.mp4" else 1)
    assert {alarm["source"]["id"] for alarm in report["alarms"]} == {"hall"}
    events = service.get("/events").json()["events"]
    assert {event["id"] for event in events} == {alarm["id"] for alarm in report["alarms"]}
    assert [message["phase"] for message in service.told()] == ["start", "end"] * 2
    forms = {form: service.get(path).content for form, path in links.items()}
    assert set(forms) == {"csv", "json", "txt", "html", "spectrogram.png", "levels.png", "timeline.png"}
    assert all(content.startswith(b"\x89PNG") for form, content in forms.items() if form.endswith("png"))
    assert json.loads(forms["json"])["id"] == job["id"]
    assert "Smoke" in str(list(csv.DictReader(io.StringIO(forms["csv"].decode()))))
    assert b"Smoke" in forms["html"]
    service.end()
    is_not_left(service, server.contents[name])
    kept = [path.read_bytes() for path in service.folder.rglob("*") if path.is_file()]
    assert not [content for content in (*kept, service.log.read_bytes()) if SECRET.encode() in content]
    assert SECRET in server.asked[0]


def test_killed_in_the_middle_it_is_finished_after_the_next_start_and_told_once(
    service: Running, server: Recordings, webm: bytes
) -> None:
    server.hold(len(webm) // 2)
    job = service.analyse(f"{server.address('night.webm')}?{SECRET}")
    assert server.held.wait(WAIT_S)
    running = service.get(f"/jobs/{job}").json()["job"]
    assert running["state"] == "running"
    service.end(kill=True)
    server.release()
    service.start()
    assert service.done(job)["alarms"] == 2
    report = service.get(f"/reports/{job}").json()["report"]
    assert onsets(report) == pytest.approx(ALARMS_S, abs=0.5)
    assert [message["phase"] for message in service.told()] == ["start", "end"] * 2
    assert len(service.get("/events").json()["events"]) == 2
    service.end()
    is_not_left(service, webm)
    service.start()
    assert service.get(f"/reports/{job}").json()["report"] == report, "and it is there after another start"
    assert len(service.told()) == 4
