# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Uploaded sound is never written anywhere, as long as it is in the house.

The service runs in a process of its own (this file, run as a script) that may not write a byte to any file (the kernel
refuses, RLIMIT_FSIZE is 0; also what C libraries try), whose folder for temporary files is watched, and in which every
opening of a file for writing is noted. The sound is 8-bit samples that are all letters, so that whatever quotes or
escapes it in a log cannot hide it.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

ROOT = Path(__file__).parents[2]
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def serve(spool: str) -> None:
    """Be the service: say where, work until standard input ends, say what was opened for writing."""
    from analytic.api.server import HttpServer
    from analytic.api.uploads import InMemoryRequest
    from analytic.app import Service, forbid_core_dumps
    from analytic.settings import load
    from analytic.telemetry import configure_logging
    from model.fake import FakeTagger

    configure_logging("DEBUG")
    forbid_core_dumps()
    if spool == "framework":
        del InMemoryRequest._get_file_stream
    tagger = FakeTagger(
        _writes_it_down if spool == "tagger" else lambda _waveform: {"Smoke detector, smoke alarm": 0.9}
    )
    service = Service(load(http={"port": 0}, bus={"port": 0}), tagger)
    if spool == "server":
        server: HttpServer = service._http
        del server._options["inbuf_overflow"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    service.start()
    requests.get(f"{service.http_url}/healthz", timeout=5)  # what is imported late is imported now
    opened: list[str] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & WRITES):
                opened.append(str(path))
        elif event in {"tempfile.mkstemp", "tempfile.mkdtemp", "os.mkdir", "sqlite3.connect", "shutil.copyfile"}:
            opened.append(f"{event} {arguments}")

    sys.addaudithook(note)
    print(service.http_url, flush=True)
    sys.stdin.read()
    print(json.dumps(opened), flush=True)
    service.stop()


def _writes_it_down(waveform: np.ndarray[Any, Any]) -> dict[str, float]:
    import logging

    if waveform.any():
        logging.getLogger("leak").warning("heard %r", ((waveform[:64] * 128) + 128).astype(np.uint8).tobytes())
    return {}


@dataclass
class Watched:
    """A service under watch, and what was seen once it has ended."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path
    opened: list[str] = field(default_factory=list)
    said: bytes = b""

    def end(self) -> None:
        """End the service and collect what it opened and said."""
        out, self.said = self.process.communicate(timeout=30)
        self.opened = json.loads(out.splitlines()[-1])

    def left(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
def watched(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    folder = tmp_path / "temporary"
    folder.mkdir()
    environment = os.environ | {
        "TMPDIR": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_CACHE_HOME": str(folder),
    }
    command = [sys.executable, __file__, getattr(request, "param", "")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd=folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().decode().strip()
        assert url, process.stderr.read().decode()
        yield Watched(url, process, folder)
        if process.poll() is None:
            process.kill()


def recognisable_wav(size_bytes: int) -> bytes:
    """Return 8 channels of 8 bits at 48 kHz whose samples are random letters."""
    letters = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8)
    samples = np.random.default_rng(11).choice(letters, size_bytes // 8 * 8).tobytes()
    header = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 8, 48_000, 384_000, 8, 8)
    body = b"WAVE" + header + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def holds_16_bytes_of(said: bytes, sound: bytes) -> bool:
    """Tell whether any 16 bytes of the sound stand in what was said.

    Any 16 bytes in a row hold 8 that begin at a multiple of 8, so those are looked for; they may meet by chance where
    `said` is long and random, which a log of this service is not.
    """
    blocks = np.frombuffer(sound[44 : 44 + (len(sound) - 44) // 8 * 8], np.uint64)
    seen = np.frombuffer(said, np.uint8)
    if seen.size < 8:
        return False
    windows = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(seen, 8)).view(np.uint64).ravel()
    return bool(np.isin(blocks, windows).any())


def post(watched: Watched, sound: bytes) -> requests.Response:
    path = "/model/predict/anonymized_audio/scrample/who/NSSD/which"
    return requests.post(watched.url + path, files={"audio": ("f.wav", sound, "audio/wav")}, timeout=60)


@pytest.mark.parametrize("size_bytes", [3_000_000, 20_000_000])
def test_an_upload_is_analysed_and_nothing_is_written(watched: Watched, size_bytes: int) -> None:
    sound = recognisable_wav(size_bytes)
    answer = post(watched, sound)
    watched.end()
    assert answer.status_code == 200, answer.text
    assert answer.json()["duration_s"] == pytest.approx(size_bytes / 384_000, abs=0.001)
    assert watched.opened == []
    assert watched.left() == []
    assert not holds_16_bytes_of(watched.said, sound)
    assert not holds_16_bytes_of(answer.content, sound)
    assert watched.process.returncode == 0


def test_refused_sound_is_not_written_either(watched: Watched) -> None:
    sound = recognisable_wav(3_000_000)
    for content in (sound[:20] + sound[46:], b"ID3" + sound[44:], sound[44:]):
        assert post(watched, content).status_code == 400
    broken = b"--x\r\n" + sound
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert requests.post(f"{watched.url}/model/predict", data=broken, headers=headers, timeout=30).status_code in {
        400,
        413,
    }
    watched.end()
    assert watched.opened == []
    assert watched.left() == []
    assert not holds_16_bytes_of(watched.said, sound)


@pytest.mark.parametrize("watched", ["framework", "server"], indirect=True)
def test_this_watch_catches_the_temporary_files_of_framework_and_server(watched: Watched) -> None:
    try:
        status = post(watched, recognisable_wav(3_000_000)).status_code
    except requests.ConnectionError:
        status = 0
    watched.end()
    assert status != 200
    assert watched.opened != []


@pytest.mark.parametrize("watched", ["tagger"], indirect=True)
def test_this_watch_catches_sound_in_a_log(watched: Watched) -> None:
    sound = recognisable_wav(800_000)
    mono = b"".join((sound[:22], b"\x01\0", struct.pack("<II", 16_000, 16_000), b"\x01\0", sound[34:]))
    assert requests.post(f"{watched.url}/model/predict", files={"audio": mono}, timeout=30).status_code == 200
    watched.end()
    assert holds_16_bytes_of(watched.said, sound)


def test_16_bytes_at_any_place_are_found() -> None:
    sound = recognisable_wav(100_000)
    for at in range(44, 60):
        assert holds_16_bytes_of(b"before " + sound[at : at + 16] + b" after", sound)
    assert not holds_16_bytes_of(b"nothing of it, and long enough to hold something", sound)
    assert not holds_16_bytes_of(b"", sound)


if __name__ == "__main__":
    serve(sys.argv[1] if len(sys.argv) > 1 else "")
