# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What long recordings cost: two hours of video by address, an hour of WAV, a kill in the middle, the sandbox's price.

``python -m benchmarks.recordings [--material FOLDER] [PART...]``: all parts, or those named. The service is a process
of its own, and so is everything that it starts; the web server is this process. Without HEARKEN_WEIGHTS the tagger is
the bundled one, without HEARKEN_AUDIO_PACK the video is synthetic.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import requests
import soundfile

from benchmarks import report
from benchmarks.delivery.load import Service
from benchmarks.pack import CHECKPOINT, weights_folder
from benchmarks.recordings_material import CLASSES, EndlessWav, Video, two_hours
from benchmarks.scenes.matching import match
from benchmarks.scenes.truth import Detection, TrueEvent
from demo.sound import smoke_alarm_in_a_room
from tests.analytic.jobs.serving import Recordings

ROUNDS = 200
KILL_AT = 0.4
CLEAR_DB = 12.0
_MOST_S = 1800.0
_INSTALL = """
import sys
from pathlib import Path
from model.store import TaggerStore
TaggerStore(Path(sys.argv[1])).install(Path(sys.argv[2]))
"""


def main(words: Sequence[str]) -> None:
    """Run what is asked, and add it to benchmarks/results/recordings.json."""
    parts: dict[str, Callable[[Bench], dict[str, Any]]] = {
        "video": video,
        "killed": killed,
        "wav": wav,
        "sandbox": sandbox,
    }
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recordings")
    parser.add_argument("--material", type=Path, help="keep the video and the converted tagger in this folder")
    parser.add_argument("parts", nargs="*", choices=[[], *parts], metavar="PART", help=", ".join(parts))
    asked = parser.parse_args(words)
    figures: dict[str, Any] = {}
    with contextlib.suppress(FileNotFoundError):
        known = report.read("recordings")
        figures = {name: known[name] for name in parts if name in known}
    with tempfile.TemporaryDirectory() as folder:
        material = asked.material or Path(folder) / "material"
        material.mkdir(parents=True, exist_ok=True)
        bench = Bench(material, Path(folder))
        for name in asked.parts or parts:
            began = os.getloadavg()
            figures[name] = parts[name](bench) | {"load_average": {"before": began, "after": os.getloadavg()}}
            print(name, figures[name], flush=True)
            report.write("recordings", figures)


class Bench:
    """The video, the tagger, and services that hear it.

    Parameters
    ----------
    material
        Where video and tagger are kept.
    folder
        For what the services keep.
    """

    def __init__(self, material: Path, folder: Path) -> None:
        self._material, self._folder, self._count = material, folder, 0
        self._video: Video | None = None
        self.taggers = ["bundled"]
        if (weights := weights_folder()) is not None:
            self.taggers.insert(0, "mn04_as")
            if not (material / "models").exists():  # in a process of its own: TensorFlow is large
                words = [sys.executable, "-c", _INSTALL, str(material / "models"), str(weights / CHECKPOINT)]
                subprocess.run(words, check=True)

    @property
    def video(self) -> Video:
        """Two hours."""
        if self._video is None:
            self._video = two_hours(self._material)
        return self._video

    @contextlib.contextmanager
    def serving(
        self, tagger: str, server: Recordings | None = None, environment: Mapping[str, str] | None = None
    ) -> Iterator[Process]:
        """Run a service with this tagger, that may fetch from this server."""
        self._count += 1
        data = self._folder / f"data-{self._count}"
        if tagger != "bundled":
            shutil.copytree(self._material / "models", data / "models")
        fetch = {"HEARKEN__FETCH__ENABLED": "1", "HEARKEN__FETCH__ALLOWED": f'["{server.host}"]'} if server else {}
        classes = ",".join(f'"{name}"' for name in CLASSES)
        alerts = {"HEARKEN__ALERTS__ENABLED": f"[{classes}]"}
        service = Process(data, {**alerts, **fetch, **(environment or {})}, self._folder / "service.log")
        service.start()
        try:
            yield service
        finally:
            service.stop()


class Process(Service):
    """``hearken serve``, and how much memory it takes with what it has started."""

    def processes(self) -> Iterator[tuple[int, float, float, float]]:
        """Give the service's process, then its children: pid, resident memory, share of it in MB, seconds of CPU."""
        assert self._process is not None
        whole = psutil.Process(self._process.pid)
        for one in (whole, *whole.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                memory, times = one.memory_full_info(), one.cpu_times()
                yield one.pid, memory.rss / 2**20, memory.pss / 2**20, times.user + times.system

    def analyse(self, address: str) -> str:
        """Have a recording analysed; return its job's id."""
        answer = requests.post(f"{self.url}/analyze/url", json={"url": address}, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["job"]["id"])

    def job(self, name: str, wait_s: float = 0.0) -> dict[str, Any]:
        """Return what is known of a job, once it has ended or so many seconds have passed."""
        answer = requests.get(f"{self.url}/jobs/{name}?wait={wait_s:g}", timeout=wait_s + 30)
        answer.raise_for_status()
        return dict(answer.json()["job"])

    def done(self, name: str, until: Callable[[dict[str, Any]], bool] = lambda _job: False) -> dict[str, Any]:
        """Wait for a job's end, or until something holds; return it."""
        began = time.monotonic()
        while time.monotonic() - began < _MOST_S:
            job = self.job(name, 1.0)
            if job["state"] == "done" or until(job):
                return job
            if job["ended"]:
                raise RuntimeError(f"the job is {job['state']}: {job['message']}")
        raise RuntimeError("the job takes too long")


class Watch:
    """Looks at a service's memory and processor time twice a second while something runs."""

    def __init__(self, service: Process) -> None:
        self._service, self._stop = service, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._memory: list[tuple[float, float, float]] = []
        self._cpu_s: dict[int, tuple[float, float]] = {}
        self._first = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            found = list(self._service.processes())
            self._first = found[0][0]
            self._memory.append((found[0][1], max(one[1] for one in found[1:]), sum(one[2] for one in found)))
            for pid, _, _, cpu_s in found:
                began_s, _ = self._cpu_s.get(pid, (cpu_s, cpu_s))
                self._cpu_s[pid] = began_s, cpu_s
            self._stop.wait(0.5)

    def figures(self) -> dict[str, Any]:
        """Return memory at the begin, in the middle of each fifth of the time and at most, and seconds of CPU."""
        service, child, whole = zip(*self._memory, strict=True)
        fifths = [round(service[len(service) * (2 * place + 1) // 10]) for place in range(5)]
        spent = {pid: last - first for pid, (first, last) in self._cpu_s.items()}
        own_s = spent.pop(self._first)
        return {
            "service_mb": {"begin": round(service[0]), "fifths": fifths, "most": round(max(service))},
            "largest_child_mb": round(max(child)),
            "all_by_share_mb": {"begin": round(whole[0]), "most": round(max(whole))},
            "cpu_s": {"service": round(own_s, 1), "decoders": round(sum(spent.values()), 1)},
        }


def video(bench: Bench) -> dict[str, Any]:
    """Two hours of video by address, with each tagger."""
    found: dict[str, Any] = {"made_of": bench.video.made_of, "megabytes": round(len(bench.video.content) / 2**20)}
    with Recordings({"night.mp4": bench.video.content}) as server:
        for tagger in bench.taggers:
            with bench.serving(tagger, server) as service:
                began = time.monotonic()
                with Watch(service) as watch:
                    name = service.analyse(server.address("night.mp4"))
                    job = service.done(name)
                wall_s = time.monotonic() - began
                answer = requests.get(f"{service.url}/reports/{name}", timeout=60).json()
                found[tagger] = {
                    "wall_s": round(wall_s, 1),
                    "times_real_time": round(job["heard_s"] / wall_s, 1),
                    **watch.figures(),
                    **found_again(bench.video, answer["report"]),
                    "render_ms": rendered(service, answer["links"]),
                }
                print(tagger, found[tagger], flush=True)
    return found


def found_again(made: Video, told: Mapping[str, Any]) -> dict[str, Any]:
    """Compare a report's alarms with what was planted: recall, false alarms, and how far the onsets are off."""
    detections = [
        Detection(one["event_class"], one["onset_s"], one["offset_s"], one["score"], one["offset_s"])
        for one in told["alarms"]
    ]
    rows = {name: match(name, made.truth, detections) for name in CLASSES}
    pairs = [pair for row in rows.values() for pair in row.found]
    planted = sum(len(row.found) + len(row.missed) for row in rows.values())
    return {
        "planted": planted,
        "found": len(pairs),
        "by_class": {name: f"{len(row.found)} of {len(row.found) + len(row.missed)}" for name, row in rows.items()},
        "of_those_at_12_db_or_more": f"{len(_clear(event for event, _ in pairs))} of {len(_clear(made.truth))}",
        "alarms_elsewhere": sum(len(row.false) for row in rows.values()),
        "onset_error_s": {
            "all": _errors(found.onset_s - event.onset_s for event, found in pairs),
            "at_12_db_or_more": _errors(
                found.onset_s - event.onset_s for event, found in pairs if event.snr_db >= CLEAR_DB
            ),
        },
        "timeline_entries": len(told["heard"]),
        "surges": len(told["surges"]),
    }


def _clear(events: Iterable[TrueEvent]) -> list[TrueEvent]:
    return [event for event in events if event.snr_db >= CLEAR_DB]


def _errors(found: Iterable[float]) -> dict[str, float] | None:
    errors = list(found)
    if not errors:
        return None
    sizes = sorted(map(abs, errors))
    return {
        "median": round(statistics.median(sizes), 3),
        "p90": round(sizes[int(0.9 * (len(sizes) - 1))], 3),
        "within_half_a_second": round(sum(one <= 0.5 for one in sizes) / len(sizes), 3),
        "mean_signed": round(statistics.mean(errors), 3),
    }


def rendered(service: Process, links: Mapping[str, str]) -> dict[str, float]:
    """Return how long each form of a report takes, the median of three, in ms."""
    acts = {form: (lambda path=path: requests.get(service.url + path, timeout=60)) for form, path in links.items()}
    return {form: round(statistics.median(times), 1) for form, times in report.in_turn(acts, 3).items()}


def killed(bench: Bench) -> dict[str, Any]:
    """SIGKILL in the middle of the two hours, and a new start: what the second run makes of it."""
    with Recordings({"night.mp4": bench.video.content}) as server, bench.serving(bench.taggers[0], server) as service:
        name = service.analyse(server.address("night.mp4"))
        at = service.done(name, lambda job: (job["progress"] or 0) >= KILL_AT)
        service.kill()
        service.start()
        began = time.monotonic()
        job = service.done(name)
        finished_s = time.monotonic() - began
        told = requests.get(f"{service.url}/reports/{name}", timeout=60).json()["report"]
        events = requests.get(f"{service.url}/events?limit=500", timeout=60).json()["events"]
        ids = [event["id"] for event in events]
    return {
        "killed_at": round(at["progress"], 3),
        "state": job["state"],
        "finished_after_the_start_s": round(finished_s, 1),
        "alarms": len(told["alarms"]),
        "events_told": len(ids),
        "told_twice": len(ids) - len(set(ids)),
        "alarms_not_told": len({one["id"] for one in told["alarms"]} - set(ids)),
    }


def wav(bench: Bench) -> dict[str, Any]:
    """Take an hour of WAV, 48 kHz in stereo, by address."""
    content: Any = EndlessWav(3600)
    with Recordings({"hour.wav": content}) as server, bench.serving(bench.taggers[0], server) as service:
        began = time.monotonic()
        with Watch(service) as watch:
            service.done(service.analyse(server.address("hour.wav")))
        wall_s = time.monotonic() - began
    return {
        "megabytes": round(len(content) / 2**20),
        "wall_s": round(wall_s, 1),
        "times_real_time": round(3600 / wall_s, 1),
        **watch.figures(),
    }


def sandbox(bench: Bench) -> dict[str, Any]:
    """POST /model/predict of 10 s with and without the sandbox, in turn."""
    file = io.BytesIO()
    soundfile.write(file, smoke_alarm_in_a_room(), 16_000, format="WAV", subtype="PCM_16")
    found: dict[str, Any] = {"rounds": ROUNDS}
    with (
        bench.serving(bench.taggers[0]) as inside,
        bench.serving(bench.taggers[0], environment={"HEARKEN__AUDIO__SANDBOX": "0"}) as here,
        requests.Session() as session,
    ):

        def ask(service: Process) -> None:
            files = {"audio": ("f.wav", file.getvalue(), "audio/wav")}
            session.post(f"{service.url}/model/predict", files=files, timeout=60).raise_for_status()

        acts = {"with": lambda: ask(inside), "without": lambda: ask(here)}
        report.in_turn(acts, 20)
        times = report.in_turn(acts, ROUNDS)
    found |= {f"{name}_ms": report.spread(values) for name, values in times.items()}
    found["difference_ms"] = report.spread([a - b for a, b in zip(times["with"], times["without"], strict=True)])
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
