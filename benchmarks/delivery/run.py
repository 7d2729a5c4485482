# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The three parts: kills, faults, clients; progress on standard output, results in benchmarks/results/delivery.json."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.delivery import fanout
from benchmarks.delivery.world import World

KILLS, LEAST_MESSAGES = 300, 5000
ROUNDS = 5
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
_TMPFS_BYTES = 24 << 20


def main(words: Sequence[str]) -> None:
    """Run what is asked, and add it to the result."""
    parts: dict[str, Callable[[], dict[str, Any]]] = {"kills": kills, "faults": faults, "clients": fanout.measure}
    wanted = words or list(parts)
    figures = {}
    with contextlib.suppress(FileNotFoundError):
        known = report.read("delivery")
        figures = {name: known[name] for name in parts if name in known}
    for name in wanted:
        figures[name] = parts[name]()
        print(name, figures[name], flush=True)
        report.write("delivery", figures)


def kills() -> dict[str, Any]:
    """SIGKILL the service at random moments, also while it starts, and count what is lost."""
    chance = random.Random(5)
    began = time.monotonic()
    with _folder() as folder:
        world = World(folder / "world", folder / "data")
        count = 0
        while count < KILLS or len(world.load.promised) * 2 < LEAST_MESSAGES:
            if chance.random() < 0.1:
                time.sleep(chance.uniform(0.0, 1.5))  # it may not be ready yet
            else:
                world.service.ready() if count else None
                time.sleep(chance.uniform(0.0, 1.0))
            world.service.kill()
            count += 1
            world.service.start(wait=False)
            if count % 20 == 0:
                print(f"kills {count}, promised {len(world.load.promised)}", flush=True)
        world.service.ready()
        world.load.pause()
        drained_s = world.drained()
        found = world.reckoning()
        answers, failures = world.load.answers, world.load.failures
        world.stop()
    return {
        "sigkills": count,
        "uploads_answered": answers,
        "uploads_without_answer": failures,
        **found,
        "drained_after_the_last_kill_s": round(drained_s, 1),
        "took_s": round(time.monotonic() - began),
    }


def faults() -> dict[str, Any]:
    """Let everything around the service fail, each way several times, under load."""
    with _folder() as folder, _small_disk(folder / "disk") as data:
        world = World(folder / "world", data)
        ways: dict[str, Callable[[], None]] = {
            "broker_killed": lambda: _broker_killed(world),
            "broker_paused": lambda: _broker_paused(world),
            "unreachable": lambda: _proxied(world, "refuse", 8.0),
            "swallowed": lambda: _proxied(world, "swallow", 12.0),
            "slow": lambda: _proxied(world, "slow", 8.0),
            "reset": lambda: _proxied(world, "reset", 8.0),
            "disk_full": lambda: _disk_full(world, data),
        }
        found: dict[str, Any] = {}
        for name, way in ways.items():
            found[name] = _rounds(world, way)
            print(name, found[name], flush=True)
        found["left_while_the_disk_was_full"] = _NOT_DURABLE[:]
        found["reckoning"] = world.reckoning()
        world.stop()
    found["clock"] = _clock()
    return found


_NOT_DURABLE: list[dict[str, float]] = []


def _rounds(world: World, way: Callable[[], None]) -> dict[str, Any]:
    drained = []
    before = len(world.told())
    for _ in range(ROUNDS):
        world.load.resume()
        time.sleep(1.0)
        way()
        world.load.pause()
        drained.append(round(world.drained(), 1))
    return {
        "rounds": ROUNDS,
        "messages": len(world.told()) - before,
        "drained_s": {"median": sorted(drained)[len(drained) // 2], "most": max(drained)},
        "lost": world.missing(),
    }


def _broker_killed(world: World) -> None:
    world.broker.kill()
    time.sleep(2.0)
    world.broker.start()


def _broker_paused(world: World) -> None:
    world.broker.pause()
    time.sleep(12.0)
    world.broker.resume()


def _proxied(world: World, mode: Any, seconds: float) -> None:
    world.fail(mode)
    time.sleep(seconds)
    world.recover()


def _disk_full(world: World, data: Path) -> None:
    """Fill the disk; what is told meanwhile must leave all the same."""
    ballast, before = data / "ballast", world.service.not_durable()
    heard = len(world.webhook.messages)
    with ballast.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(b"\0" * 4096)
    time.sleep(5.0)
    _NOT_DURABLE.append(
        {
            "not_durable": world.service.not_durable() - before,
            "arrived_at_the_webhook_meanwhile": len(world.webhook.messages) - heard,
        }
    )
    ballast.unlink()


def _clock() -> dict[str, Any]:
    """Set the service's clock an hour forth and back."""
    if not Path(FAKETIME).exists():
        print("clock: left out, it needs faketime: apt-get install faketime", flush=True)
        return {}
    with _folder() as folder:
        setting = folder / "clock"
        setting.write_text("+0\n", encoding="utf-8")
        world = World(
            folder / "world",
            folder / "data",
            {
                "LD_PRELOAD": FAKETIME,
                "FAKETIME_TIMESTAMP_FILE": str(setting),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            },
        )
        steps = iter(["+3600", "+0", "-3600", "+0", "+3600"] * ROUNDS)

        def jump() -> None:
            setting.write_text(f"{next(steps)}\n", encoding="utf-8")
            time.sleep(2.0)
            world.service.kill()
            world.service.start()
            time.sleep(1.0)

        found = _rounds(world, jump)
        found["reckoning"] = world.reckoning()
        world.stop()
    return found


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        raise SystemExit("the faults need root: they mount a small disk to fill it")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_TMPFS_BYTES}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
