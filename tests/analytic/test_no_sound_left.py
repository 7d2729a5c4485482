# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Nothing is left of sound: it is sent through every door of a real service, and then looked for wherever it might be.

The service runs with the tagger that comes with it, logs all it can, and raises alarms on anything. What it keeps,
logs, answers, tells on the bus and posts to a webhook is searched for the sound in every form of `sound_traces`; which
files it held open for writing is watched from outside, which ones Python opened is noted inside. The one file that may
hold sound is what `hearken anonymize` is told to write.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import soundfile
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from anonymizers.band_energy import features
from tests.analytic.delivery.webhook.receiver import Receiver
from tests.analytic.sound_traces import NUMBERS, SHORTEST, WRITINGS, Sound, SoundTraces, forms

ROOT = Path(__file__).parents[2]
RATE_HZ = 16_000
METHODS = ("none", "scrample", "dp_noise", "speech_gate", "speech_gate+reverse_splice")
SHARED = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # others write there too: what is new is searched
SCRIPT = """
import os, sys
noted = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def note(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & WRITES)
        if writes and not isinstance(path, int):
            os.write(noted, os.fsencode(os.path.abspath(os.fspath(path))) + b"\\n")
sys.addaudithook(note)
from analytic.cli import main
main()
"""


def noise(seed: int, seconds: float, level: float = 0.1) -> NDArray[np.float32]:
    return np.clip(np.random.default_rng(seed).normal(0, level, round(seconds * RATE_HZ)), -1, 1).astype(np.float32)


def written(samples: NDArray[np.float32], form: str, subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE_HZ, format=form, subtype=subtype)
    return file.getvalue()


def whole_numbers(samples: NDArray[np.float32]) -> bytes:
    return np.rint(samples * 32767).astype("<i2").tobytes()


SENT: Mapping[str, bytes] = {
    "a WAV of 16 bits": written(noise(1, 2.5), "WAV", "PCM_16"),
    "a WAV of floats": written(noise(2, 2.5), "WAV", "FLOAT"),
    "a FLAC": written(noise(3, 2.5), "FLAC", "PCM_16"),
    "an Ogg": written(noise(4, 2.5), "OGG", "VORBIS"),
}
LIVE = whole_numbers(np.concatenate([noise(5, 3.0, 0.01), noise(6, 2.0, 0.3)]))  # quiet, then a surge
TOO_LARGE = written(noise(7, 16.0), "WAV", "FLOAT")
FEATURES = features(noise(8, 2.5), RATE_HZ).to_bytes()
MOST_BYTES = 1_000_000
SOUNDS = {name: Sound.of_file(content) for name, content in SENT.items()} | {
    "live sound": Sound.of_pcm(LIVE),
    "the too large one": Sound.of_bytes(TOO_LARGE[:150_000]),
    "features": Sound.of_bytes(FEATURES),
}


@dataclass
class Seen:
    """What one run left, and what was seen of it meanwhile."""

    kept: Path
    said: Path
    answers: list[bytes] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    posts: list[bytes] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)
    meanwhile: dict[str, bytes] = field(default_factory=dict)
    hops: int = 0
    new: list[Path] = field(default_factory=list)


def family(process: Path) -> Iterator[Path]:
    """Give a process and all that it started, as folders of /proc."""
    yield process
    for task in process.glob("task/*/children"):
        for child in task.read_text().split():
            yield from family(Path("/proc") / child)


def open_for_writing(process: Path) -> Iterator[str]:
    for one in process.glob("fd/*"):
        with contextlib.suppress(OSError, StopIteration):
            target = str(one.readlink())
            flags = (process / "fdinfo" / one.name).read_text().splitlines()
            mode = int(next(line for line in flags if line.startswith("flags:")).split()[1], 8)
            if target.startswith("/") and not target.startswith("/dev/") and mode & os.O_ACCMODE:
                yield target


@contextmanager
def watching(process: int, held: set[str]) -> Iterator[None]:
    """Note which regular files a process and its children hold open for writing, all the while."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.005):
            with contextlib.suppress(OSError):  # one of them has just ended
                for one in family(Path(f"/proc/{process}")):
                    held.update(open_for_writing(one))

    thread = threading.Thread(target=look, name="who holds what open")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def listening(url: str, frames: list[bytes]) -> Iterator[None]:
    """Keep what is told on the bus until it closes."""

    def take() -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = bus.recv()
                frames.append(frame if isinstance(frame, bytes) else frame.encode())

    with connect(url, max_size=None) as bus:
        thread = threading.Thread(target=take, name="bus")
        thread.start()
        yield
        thread.join(timeout=60)


def environment(folder: Path, webhook: str) -> dict[str, str]:
    kept = folder / "kept"
    temporary = kept / "temporary"
    temporary.mkdir(parents=True)
    sensitive = dict.fromkeys(("smoke_alarm", "glass_break", "scream"), 1e-6)
    return {name: value for name, value in os.environ.items() if not name.startswith("HEARKEN")} | {
        "TMPDIR": str(temporary),
        "HOME": str(kept / "home"),
        **{f"XDG_{what}_HOME": str(kept / what.lower()) for what in ("CONFIG", "DATA", "STATE", "CACHE")},
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HEARKEN__SERVICE__LOG_LEVEL": "DEBUG",
        "HEARKEN__HTTP__MAX_BODY_BYTES": str(MOST_BYTES),
        "HEARKEN__ALERTS__ENABLED": json.dumps([*sensitive, "surge", "unusual"]),
        "HEARKEN__ALERTS__THRESHOLDS": json.dumps(sensitive),
        "HEARKEN__DELIVERY__WEBHOOKS": json.dumps({"phone": {"url": webhook}}),
    }


def post_all(url: str, seen: Seen) -> None:
    """Send everything to the REST API."""

    def post(path: str, expected: int = 200, **content: Any) -> None:
        answer = requests.post(f"{url}/model/{path}", timeout=60, **content)
        assert answer.status_code == expected, answer.text
        seen.answers.append(answer.content + str(answer.headers).encode())

    for number, (name, content) in enumerate(SENT.items()):
        for method in METHODS if number == 0 else METHODS[number : number + 1]:
            post(
                f"predict/anonymized_audio/{method}/me/person/{number}?timeline=1&surges=1&explain=1&source=room",
                files={"audio": (f"{name}.wav", content, "application/octet-stream")},
            )
        post("predict", files={"file": content})
    post("predict/features?surges=1", data=FEATURES, headers={"Content-Type": "application/octet-stream"})
    first, second = SENT["a WAV of 16 bits"], SENT["a FLAC"]
    not_a_number = SENT["a WAV of floats"][:-400] + np.full(100, np.nan, "<f4").tobytes()
    for broken in (first[44:], b"RIFF" + first[8:], b"ID3" + first[44:], second[:50] + second[90:], not_a_number):
        post("predict", 400, files={"audio": broken})
    post("predict", 400, files={"audio": ("clip.txt", first, "text/plain")})
    post("predict", 400, files={"sound": first})
    post("predict/features", 400, data=first, headers={"Content-Type": "application/octet-stream"})
    post("predict", 400, data={"audio": first.hex()[:100_000]})
    with contextlib.suppress(requests.ConnectionError):  # it may hang up before all of it is sent
        post("predict", 413, files={"audio": TOO_LARGE})
    for path in ("events", "sources", "metrics", "model/metadata", "stats/daily"):
        seen.answers.append(requests.get(f"{url}/{path}", timeout=60).content)


def speak_live(url: str, bus: str, seen: Seen) -> None:
    """Send live sound, and wait until it was heard."""
    with connect(bus.replace("/events", "/listen/hall")) as door:
        door.recv(timeout=60)
        for start in range(0, len(LIVE), 6400):
            door.send(LIVE[start : start + 6400])
        while seen.hops < 7:
            report = requests.get(f"{url}/sources/hall", timeout=60)
            seen.answers.append(report.content)
            seen.hops = report.json()["hops"]


def run_commands(given: Path, kept: Path, said: Path, settings: dict[str, str]) -> None:
    """Tag and anonymise files; only what is anonymised may be written, and beside what was given."""
    given.mkdir()
    for name, content in zip(("wav", "flac"), (SENT["a WAV of 16 bits"], SENT["a FLAC"]), strict=True):
        (given / f"sound.{name}").write_bytes(content)
    commands = (
        ("tag", "--json", "--anonymizer", "scrample", str(given / "sound.wav"), str(given / "sound.flac")),
        ("anonymize", str(given / "sound.wav"), str(given / "hidden.wav"), "--method", "scrample"),
    )
    running = []
    for words in commands:
        with (said / f"{words[0]}.log").open("wb") as log:
            command = [sys.executable, "-c", SCRIPT, str(said / f"{words[0]}.opened"), *words]
            running.append(subprocess.Popen(command, stdout=log, stderr=log, env=settings, cwd=kept))
    assert [one.wait(timeout=60) for one in running] == [0, 0], [one.read_text() for one in said.glob("*.log")]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Run everything once."""
    folder = tmp_path_factory.mktemp("left")
    seen = Seen(folder / "kept", folder / "said")
    seen.said.mkdir()
    before = {path for shared in SHARED for path in shared.iterdir()}
    receiver = Receiver()
    receiver.start()
    settings = environment(folder, receiver.url)
    command = [sys.executable, "-c", SCRIPT, str(seen.said / "serve.opened"), "serve", "--port", "0", "--bus-port", "0"]
    command += ["--data-dir", str(seen.kept / "everything")]
    with (
        (seen.said / "serve.log").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=settings, cwd=seen.kept) as service,
    ):
        try:
            assert service.stdout is not None
            _, url, bus = service.stdout.readline().decode().split()
            with watching(service.pid, seen.held), listening(bus, seen.frames):
                post_all(url, seen)
                speak_live(url, bus, seen)
                run_commands(folder / "given", seen.kept, seen.said, settings)
                receiver.wait_until(lambda: any(b'"hall"' in one.body for one in receiver.posts))
                seen.meanwhile = {str(one): one.read_bytes() for one in seen.kept.rglob("*") if one.is_file()}
                service.send_signal(signal.SIGTERM)
                assert service.wait(timeout=60) == 0
            (seen.said / "serve.out").write_bytes(service.stdout.read())
        finally:
            service.kill()
            receiver.stop()
    seen.posts = [str(one.headers).encode() + one.body for one in receiver.posts]
    seen.opened = [line for one in seen.said.glob("*.opened") for line in one.read_text().splitlines()]
    seen.new = [path for shared in SHARED for path in set(shared.iterdir()) - before]
    return seen


@pytest.fixture(scope="module")
def traces() -> SoundTraces:
    return SoundTraces(SOUNDS)


def test_there_is_something_to_search(seen: Seen) -> None:
    assert seen.hops >= 7
    told = [json.loads(frame) for frame in seen.frames]
    assert {"smoke_alarm", "glass_break", "scream"} <= {one["event_class"] for one in told}
    assert {"hall", "room", "upload"} <= {one["source"]["id"] for one in told}
    assert all(asked in b"".join(seen.answers) for asked in (b'"timeline"', b'"surges"', b'"explanations"'))
    assert len(seen.posts) > 5
    log = (seen.said / "serve.log").read_text()
    assert '"level": "debug"' in log
    kept = {path.name for path in seen.kept.rglob("*") if path.is_file()}
    assert {"outbox.sqlite3", "ledger.sqlite3", "habits-hall.npz"} <= kept, kept
    assert any(path.endswith("-wal") for path in seen.meanwhile)


def test_nothing_of_it_is_on_disk(seen: Seen, traces: SoundTraces) -> None:
    assert traces.in_folder(seen.kept) == {}
    assert [path for path, content in seen.meanwhile.items() if traces.in_bytes(content)] == []


def test_nothing_of_it_is_in_a_log_or_on_a_terminal(seen: Seen, traces: SoundTraces) -> None:
    assert traces.in_folder(seen.said) == {}


def test_nothing_of_it_is_told(seen: Seen, traces: SoundTraces) -> None:
    for told in (seen.frames, seen.posts, seen.answers):
        assert traces.in_bytes(b"\n".join(told)) == set()


def test_no_file_is_open_for_writing_but_those_that_are_known(seen: Seen) -> None:
    known = (str(seen.kept / "everything"), str(seen.said), "/memfd:held-stderr ")  # what the tagger says at its start
    assert [path for path in seen.held if not path.startswith(known)] == []
    assert any("outbox" in path for path in seen.held), "the watch sees what is open"


def test_python_opened_no_other_file_either(seen: Seen) -> None:
    known = (str(seen.kept / "everything"), str(seen.said), "/dev/null")
    hidden = str(seen.kept.parent / "given" / "hidden.wav")
    assert [path for path in seen.opened if not path.startswith(known)] == [hidden]


def test_the_folders_for_temporary_files_stay_empty(seen: Seen, traces: SoundTraces) -> None:
    assert list((seen.kept / "temporary").iterdir()) == []
    for path in seen.new:
        with contextlib.suppress(OSError):  # somebody else's, gone or not for us
            if path.is_file() and path.stat().st_size < 1 << 26:
                assert traces.in_bytes(path.read_bytes()) == set(), path


def test_what_is_written_on_demand_does_hold_sound(seen: Seen, traces: SoundTraces) -> None:
    found = traces.in_folder(seen.kept.parent / "given")
    assert {Path(path).name for path in found} == {"sound.wav", "sound.flac", "hidden.wav"}


FORMS = [form for form, _, _ in forms(Sound.of_pcm(b""))]
SOUND = Sound.of_pcm(whole_numbers(noise(9, 0.5)))
FILLER = np.random.default_rng(10).bytes(5000)


@pytest.fixture(scope="module")
def tracer() -> SoundTraces:
    return SoundTraces({"it": SOUND})


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_found_wherever_a_piece_of_it_begins(tracer: SoundTraces, form: str) -> None:
    writing, content = next((writing, content) for name, writing, content in forms(SOUND) if name == form)
    characters = 4 if writing == "escaped" else WRITINGS[writing].stretch  # with its backslash
    length, rng = (SHORTEST + 1) * characters - 1, np.random.default_rng(12)
    for start in rng.integers(0, len(content) - length, 20):
        piece = content[start : start + length]
        at = int(rng.integers(0, len(FILLER)))
        assert f"it: {form}" in tracer.in_bytes(FILLER[:at] + piece + FILLER[at:]), (start, piece)


@pytest.mark.parametrize(
    "write",
    [
        lambda values: json.dumps([int(one) for one in values]),
        lambda values: json.dumps([int(one) / 32768 for one in values], indent=1),
        str,
        lambda values: str(values.astype(np.float32) / np.float32(32768)),
        lambda values: ";".join(f"{one / 32768:.5f}" for one in values),
        lambda values: "\n".join(f"{one / 32768:.8e}" for one in values),
    ],
)
def test_six_samples_as_numbers_are_found(tracer: SoundTraces, write: Callable[[NDArray[np.int64]], str]) -> None:
    for start in (0, 1234, SOUND.integers.size - NUMBERS):
        log = f'{{"level": "debug", "at": 17.25, "heard": {write(SOUND.integers[start : start + NUMBERS])}}}'
        assert tracer.in_bytes(log.encode()) == {"it: decimal numbers"}


@pytest.mark.parametrize(
    "hide",
    [
        lambda piece, _folder: gzip.compress(piece),
        lambda piece, _folder: _as_npz(piece),
        lambda piece, folder: _in_database(folder, piece),
        lambda piece, _folder: json.dumps({"heard": repr(piece)}).encode(),
        lambda piece, _folder: json.dumps({"heard": piece.decode("latin-1")}).encode(),
        lambda piece, _folder: json.dumps({"heard": piece.hex().upper()}).encode(),
        lambda piece, _folder: urlsafe_b64encode(piece),
    ],
)
def test_it_is_found_in_what_packs_or_escapes_it(
    tracer: SoundTraces, tmp_path: Path, hide: Callable[[bytes, Path], bytes]
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(hide(SOUND.file[1001:1401], tmp_path))
    assert str(tmp_path / "deep" / "file") in tracer.in_folder(tmp_path)


def _as_npz(piece: bytes) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, habits=np.frombuffer(piece, np.uint8))
    return file.getvalue()


def _in_database(folder: Path, piece: bytes) -> bytes:
    """Return the write-ahead log of a database that a piece was just put into."""
    with contextlib.closing(sqlite3.connect(folder / "some.db")) as database:
        database.execute("pragma journal_mode=wal")
        database.execute("create table heard (what blob)")
        database.execute("insert into heard values (?)", (piece,))
        database.commit()
        return (folder / "some.db-wal").read_bytes()


def test_other_sound_is_not_taken_for_it(tracer: SoundTraces) -> None:
    other = Sound.of_pcm(whole_numbers(noise(11, 0.5)))
    for form, _, content in forms(other):
        assert tracer.in_bytes(content) == set(), form
    assert tracer.in_bytes(json.dumps(other.integers.tolist()).encode()) == set()
    assert tracer.in_bytes(b"0, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0" + bytes(1000)) == set()


def test_of_nothing_nothing_is_found() -> None:
    nothing = SoundTraces({"silence": Sound.of_pcm(bytes(2000))})
    assert nothing.in_bytes(bytes(2000) + b"0 0 0 0 0 0 0 0") == set()
