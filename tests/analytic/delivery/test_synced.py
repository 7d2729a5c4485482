# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""That a message is on disk before anybody is told of it, as the kernel sees it: the order of the system calls."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[3]
OUTBOX = """
import os, pathlib, sys
from analytic.delivery.database import Database
from analytic.delivery.outbox import Outbox
from tests.analytic.delivery.told import SIGNER, alarm
database = Database(pathlib.Path(sys.argv[1]))
outbox = Outbox(database, ["a"], SIGNER.sign)
for seq in range(1, 31):
    os.write(1, b"begin")
    outbox.commit([alarm(seq)])
    os.write(1, b"kept")
database.close()
"""
SERVICE = """
import io, pathlib, sys, urllib.request
import numpy as np, soundfile
from analytic.app import Service
from analytic.settings import load
from model.fake import FakeTagger
sound = io.BytesIO()
soundfile.write(sound, np.full(16_000, 0.3, np.float32), 16_000, format="WAV")
part = b'--x\\r\\nContent-Disposition: form-data; name="audio"; filename="a.wav"\\r\\n'
body = part + b"Content-Type: audio/wav\\r\\n\\r\\n" + sound.getvalue() + b"\\r\\n--x--\\r\\n"
settings = load(http={"port": 0}, bus={"port": 0}, delivery={"dir": pathlib.Path(sys.argv[1])})
service = Service(settings, FakeTagger.always({"Fire": 0.9}))
service.start()
try:
    for _ in range(3):
        request = urllib.request.Request(service.http_url + "/model/predict", body)
        request.add_header("Content-Type", "multipart/form-data; boundary=x")
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert b'"fire"' in answer.read()
finally:
    service.stop()
"""


class Call(NamedTuple):
    """A system call that has ended: its name, what it was given, and what it returned."""

    name: str
    given: str
    returned: str


def traced(code: str, folder: Path) -> list[Call]:
    """Run code in another process; return its calls, in the order in which they ended."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace, which shows the order of system calls")
    log = folder.with_name("strace.log")
    names = "trace=fsync,fdatasync,pwrite64,write,sendto"
    command = [strace, "-f", "-y", "-s", "40", "-e", names, "-e", "signal=none", "-o", str(log)]
    done = subprocess.run(
        [*command, sys.executable, "-c", code, str(folder)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if "PTRACE" in done.stderr or "ptrace" in done.stderr:
        pytest.skip(f"needs to trace a child process: {done.stderr.splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    return list(ended(log.read_text(encoding="utf-8", errors="replace")))


def ended(log: str) -> list[Call]:
    """Read strace's lines; a call that others interrupted counts where it ended."""
    calls, begun = [], dict[str, tuple[str, str]]()
    for line in log.splitlines():
        process, _, rest = line.partition(" ")
        rest = rest.strip()
        if found := re.fullmatch(r"(\w+)\((.*) <unfinished \.\.\.>", rest):
            begun[process] = found[1], found[2]
        elif found := re.fullmatch(r"<\.\.\. (\w+) resumed>(.*)\) += (.*)", rest):
            name, given = begun.pop(process)
            assert name == found[1]
            calls.append(Call(name, given + found[2], found[3]))
        elif found := re.fullmatch(r"(\w+)\((.*)\) += (.*)", rest):
            calls.append(Call(*found.groups()))
    return calls


def told(calls: list[Call], begin: str, end: str) -> str:
    """Write calls as letters: W for a write to the log, S for its sync, brackets for what begins and what ends."""
    letters = []
    for call in calls:
        if call.name == "pwrite64" and "outbox.sqlite3-wal>" in call.given:
            letters.append("W")
        elif is_sync(call):
            letters.append("S")
        elif call.name in ("write", "sendto") and f', "{begin}' in call.given:
            letters.append("(")
        elif call.name in ("write", "sendto") and f', "{end}' in call.given:
            letters.append(")")
    return "".join(letters)


def is_sync(call: Call) -> bool:
    return call.name in ("fsync", "fdatasync") and "outbox.sqlite3-wal>" in call.given and call.returned == "0"


def test_every_commit_syncs_what_it_wrote_before_it_returns(tmp_path: Path) -> None:
    story = told(traced(OUTBOX, tmp_path / "delivery"), "begin", "kept")
    assert re.fullmatch(r"[WS]*(\((W+S)+\)[WS]*){30}", story), story


def test_an_answer_leaves_after_its_alarms_are_on_disk(tmp_path: Path) -> None:
    story = told(traced(SERVICE, tmp_path / "delivery"), "POST /model/predict", "HTTP/1.1 200")
    assert re.fullmatch(r"[WS]*(\((W+S)+\)[WS]*){3}", story), story


def test_a_call_that_was_interrupted_counts_where_it_ended() -> None:
    log = """\
7 fdatasync(4</d/outbox.sqlite3-wal> <unfinished ...>
8 write(1<pipe:[1]>, "begin", 5) = 5
7 <... fdatasync resumed>) = 0
8 fsync(5</d>) = -1 EIO (Input/output error)
7 +++ exited with 0 +++
"""
    assert [(call.name, is_sync(call)) for call in ended(log)] == [
        ("write", False),
        ("fdatasync", True),
        ("fsync", False),
    ]
