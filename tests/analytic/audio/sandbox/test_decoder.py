# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a process can still do once it is confined: compute, talk on its socket, and end."""

from __future__ import annotations

import json
import platform
import re
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from analytic.audio.sandbox import calls, decoder, wire
from analytic.audio.streams import StreamLimits
from analytic.errors import EmptyAudio

ROOT = Path(__file__).parents[4]
# Each attempt answers what it was refused with; None: it was not refused.
TRY = """
    import _thread, ctypes, json, mmap, os, resource, signal, socket, sys
    from pathlib import Path
    from analytic.audio.sandbox import calls, decoder
    libc = ctypes.CDLL(None, use_errno=True)
    folder, told = sys.argv[1], socket.socket(fileno=int(sys.argv[2]))
    before = open(os.path.join(folder, "before"), "wb", buffering=0)
    kept = os.open(os.path.join(folder, "kept"), os.O_RDONLY)
    parent = os.getppid()
    {before}
    decoder.confine(256 << 20, 60)

    def ask(act):
        try:
            act()
        except BaseException as error:
            return f"{{type(error).__name__}} {{getattr(error, 'errno', None)}}"
        return None

    def call(*arguments):
        if libc.syscall(*arguments) < 0:
            raise OSError(ctypes.get_errno(), "refused")

    kept_name = os.path.join(folder, "kept")
    attempts = {{
        "read a file": lambda: open(kept_name),
        "read a file of everybody": lambda: open("/etc/passwd"),
        "write a file": lambda: open(os.path.join(folder, "new"), "w"),
        "write into an open file": lambda: before.write(b"x"),
        "read an open file": lambda: os.read(kept, 1),
        "list a folder": lambda: os.listdir("/"),
        "look at a file": lambda: os.stat("/etc/passwd"),
        "remove a file": lambda: os.unlink(kept_name),
        "rename a file": lambda: os.rename(kept_name, kept_name + "2"),
        "empty a file": lambda: os.truncate(kept_name, 0),
        "make a folder": lambda: os.mkdir(os.path.join(folder, "sub")),
        "link": lambda: os.symlink("/etc/passwd", os.path.join(folder, "link")),
        "change rights": lambda: os.chmod(kept_name, 0o777),
        "change folder": lambda: os.chdir("/"),
        "open a socket": lambda: socket.socket(),
        "open a local socket": lambda: socket.socket(socket.AF_UNIX),
        "pair of sockets": lambda: socket.socketpair(),
        "pipe": lambda: os.pipe(),
        "memory with a name": lambda: os.memfd_create("x"),
        "copy what is open": lambda: os.dup(kept),
        "fork": lambda: os.fork() or os._exit(0),
        "thread": lambda: _thread.start_new_thread(int, ()),
        "program": lambda: os.execv("/bin/true", ["true"]),
        "signal to the parent": lambda: os.kill(parent, 0),
        "end of the parent": lambda: os.kill(parent, signal.SIGTERM),
        "trace the parent": lambda: call(101, 16, parent, 0, 0),
        "read the parent's memory": lambda: call(310, parent, 0, 0, 0, 0, 0),
        "the parent's limits": lambda: resource.prlimit(parent, resource.RLIMIT_CORE, (0, 0)),
        "more files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)),
        "more memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
        "root again": lambda: os.setresuid(0, 0, 0),
        "another root folder": lambda: os.chroot("/"),
        "another namespace": lambda: call(272, 0x10000000),
        "io_uring": lambda: call(425, 8, 0),
        "shared memory": lambda: call(29, 0, 4096, 0o600),
        "keys": lambda: call(250, 0, -3, 0),
        "much memory": lambda: bytearray(1 << 29),
        "some memory": lambda: bytearray(1 << 24),
        "numbers": lambda: sum(range(1000)),
        "its own limits": lambda: resource.getrlimit(resource.RLIMIT_AS),
    }}
    found = {{name: ask(act) for name, act in attempts.items() if name in ({only} or attempts)}}
    told.sendall(json.dumps(found).encode())
    os._exit(0)
"""
ALLOWED = {"some memory", "numbers", "its own limits"}


WITHOUT_A_FILTER = (
    *("read a file", "read a file of everybody", "write a file", "write into an open file", "list a folder"),
    *("open a socket", "open a local socket", "pair of sockets", "pipe", "memory with a name", "copy what is open"),
    *("fork", "thread", "more files", "more memory", "much memory", "root again"),
)


def attempted(folder: Path, before: str = "", only: tuple[str, ...] = ()) -> dict[str, str | None]:
    (folder / "kept").write_text("kept")
    folder.chmod(0o777)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(30)
        command = textwrap.dedent(TRY.format(before=before, only=only))
        done = subprocess.run(
            [sys.executable, "-c", command, str(folder), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
            check=False,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr.decode()
        found: dict[str, str | None] = json.loads(ours.recv(1 << 16))
    assert (folder / "kept").read_text() == "kept"
    assert (folder / "before").read_bytes() == b""
    assert sorted(one.name for one in folder.iterdir()) == ["before", "kept"]
    return found


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of calls are those of x86_64")
def test_a_confined_process_can_do_nothing_but_compute(tmp_path: Path) -> None:
    found = attempted(tmp_path)
    assert {name for name, refusal in found.items() if refusal is None} == ALLOWED
    assert found["much memory"] == "MemoryError None"


def test_where_the_kernel_has_no_filter_of_calls_the_limits_still_hold(tmp_path: Path) -> None:
    found = attempted(tmp_path, "decoder.confine_calls = lambda: False", WITHOUT_A_FILTER)
    assert {name for name, refusal in found.items() if refusal is None} == set()


SPINS = """
    import signal, sys
    from analytic.audio.sandbox import decoder
    decoder.confine(256 << 20, {hard})
    decoder.spend({soft})
    while True:
        pass
"""


@pytest.mark.parametrize(("hard", "soft"), [(60, 1), (1, 60)])
def test_a_process_that_spends_its_time_is_ended(hard: int, soft: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SPINS.format(hard=hard, soft=soft))], cwd=ROOT, check=False, timeout=60
    )
    assert done.returncode in {-signal.SIGKILL, -signal.SIGXCPU}


MACHINES = ("x86_64", "aarch64")
# Where the kernel's headers for C programs have the numbers; Debian's package linux-libc-dev has both.
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_filter_allows_what_it_lists_and_compares_each_call_with_all_of_it(machine: str) -> None:
    column = MACHINES.index(machine)
    architecture, other = (calls.ARCHITECTURES[one] for one in (machine, MACHINES[1 - column]))
    allowed = [numbers[column] for numbers in calls.ALLOWED.values()]
    limits = calls.OWN_LIMITS["prlimit64"][column]
    steps = calls.steps_on(machine)
    assert len(steps) == 8 * (len(set(allowed)) + 9)
    for number in range(1_024):
        assert decided(steps, number, architecture) == (number in allowed or number == limits)
    assert not decided(steps, allowed[0], other)
    assert not decided(steps, allowed[0] | 0x40000000, architecture), "the same number of the x32 calls"
    assert not decided(steps, limits, architecture, first_argument=1)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_the_kernel_s(machine: str) -> None:
    header, column = HEADERS[machine], MACHINES.index(machine)
    if not header.is_file():
        pytest.skip(f"needs {header} (the package linux-libc-dev)")
    lines = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text(encoding="utf-8"), re.MULTILINE)
    known = {name: int(number) for name, number in lines}
    ours = {name: numbers[column] for name, numbers in (calls.ALLOWED | calls.OWN_LIMITS).items()}
    assert ours == {name: known[name] for name in ours}


def decided(steps: bytes, number: int, architecture: int, first_argument: int = 0) -> bool:
    """Run a filter as the kernel does."""
    data = {0: number, 4: architecture, 16: first_argument}
    held, place = 0, 0
    while True:
        code = int.from_bytes(steps[8 * place : 8 * place + 2], "little")
        yes, no = steps[8 * place + 2], steps[8 * place + 3]
        value = int.from_bytes(steps[8 * place + 4 : 8 * place + 8], "little")
        if code == 0x20:
            held = data[value]
        elif code == 0x15:
            place += yes if held == value else no
        else:
            return value == 0x7FFF0000
        place += 1


def test_an_unknown_machine_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert not calls.confine_calls()


def test_small_blocks_are_put_together() -> None:
    blocks = [np.full(1_000, number, np.float32) for number in range(40)]
    gathered = list(decoder._gathered(iter(blocks)))
    assert [one.size for one in gathered] == [17_000, 17_000, 6_000]
    np.testing.assert_array_equal(np.concatenate(gathered), np.concatenate(blocks))
    assert list(decoder._gathered(iter([]))) == []


@pytest.mark.parametrize(
    "task",
    [
        {"task": "clip", "cpu_s": 100_000, "limits": {}},
        {"task": "stream", "size": 0, "seekable": True, "limits": {"max_duration_s": 1.0}},
    ],
)
def test_a_decoder_that_finds_nothing_says_so_and_ends(task: wire.Head, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "spend", lambda _cpu_s: None)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, task)
        if task["task"] == "stream":
            wire.send(ours, {})
        decoder.serve(theirs)
        head, _ = wire.receive(ours, 100)
        if "read" in head:
            head, _ = wire.receive(ours, 100)
    assert isinstance(wire.raised(head), EmptyAudio)


def test_a_decoder_ends_when_the_service_has_gone() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        wire.send(ours, {"task": "stream", "size": 100, "seekable": True, "limits": {}})
        ours.close()
        decoder.serve(theirs)


def test_a_decoder_ends_when_the_service_has_no_more_bytes() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, {"task": "stream", "size": 100, "seekable": True, "limits": {}})
        wire.send(ours, {"failed": True})
        decoder.serve(theirs)
        assert wire.receive(ours, 100)[0] == {"read": [0, 1 << 16]}
        theirs.close()
        with pytest.raises(wire.Broken):
            wire.receive(ours, 100)


def test_what_is_asked_of_the_service_is_bounded() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, {}, b"abc")
        assert decoder._Asked(theirs, None, False).read_at(5, 1 << 30) == b"abc"
        assert wire.receive(ours, 100)[0] == {"read": [5, 1 << 20]}


def test_the_limits_of_a_recording_come_over_whole() -> None:
    limits = StreamLimits(1.5, 2, 8_000, 48_000)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, {"limits": {name: getattr(limits, name) for name in limits.__dataclass_fields__}})
        assert StreamLimits(**wire.receive(theirs, 100)[0]["limits"]) == limits
