# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Train a student on crops that a teacher labels: ``python -m model.training.distill --help``.

A training lives in a folder: ``config.toml`` (what it is), ``checkpoint.npz`` (where it is), ``progress.jsonl`` (a line
every few batches). Started again on the same folder it goes on where it stopped, with the same batches. Ended by
SIGTERM it finishes its batch and writes a checkpoint first.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.training import config as configuration
from model.training import feed, heldout
from model.training.student import Student

REPORT_EVERY = 50


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    options = _parser().parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    kept = options.folder / "config.toml"
    if options.config is not None and options.config.resolve() != kept.resolve():
        shutil.copyfile(options.config, kept)
    config = configuration.load(kept)
    student = Student(config, config.batches)
    checkpoint = options.folder / "checkpoint.npz"
    if checkpoint.exists():
        student.restore(checkpoint)
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    try:
        train(student, config, options, stop)
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def train(student: Student, config: configuration.Config, options: argparse.Namespace, stop: threading.Event) -> None:
    """Learn batch after batch until the last one, the end of the time given, or until `stop` is set."""
    log = options.folder / "progress.jsonl"
    seen = None
    if options.pack is not None:
        seen = heldout.prepare(options.pack, feed.open_teacher(options.teacher))
    began = time.monotonic()
    losses: list[tuple[float, float]] = []
    waited = 0.0
    with feed.batches(config, options.sounds, options.teacher, student.done, config.batches, options.workers) as source:
        ends = began + 60 * options.minutes
        while student.done < config.batches and time.monotonic() < ends and not stop.is_set():
            asked = time.monotonic()
            batch = next(source)
            waited += time.monotonic() - asked
            losses.append(student.learn(batch))
            if student.done % REPORT_EVERY == 0 or student.done == config.batches:
                binary, ordered = np.mean(losses, axis=0)
                line = {"batch": student.done, "crops": student.crops, "seconds": time.monotonic() - began}
                line |= {"binary": float(binary), "ordered": float(ordered), "waited": waited}
                _write(log, line)
                losses.clear()
            if student.done % options.checkpoint_every == 0:
                _checkpoint(student, options.folder, log, seen)
    _checkpoint(student, options.folder, log, seen)


def _checkpoint(student: Student, folder: Path, log: Path, seen: heldout.HeldOut | None) -> None:
    student.save(folder / "checkpoint.npz")
    network = student.averaged()
    network.save_weights(folder / f"averaged-{student.done:06d}.weights.h5")
    if seen is not None:

        def logits(log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
            answer: NDArray[np.float32] = network(log_mel[..., None], training=False)["logits"].numpy()
            return answer

        _write(log, {"batch": student.done, "crops": student.crops, **seen.measure(logits)})


def _write(log: Path, line: dict[str, Any]) -> None:
    with log.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model.training.distill", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the training lives; an existing one goes on")
    parser.add_argument("--config", type=Path, help="TOML file, copied into the folder; default: the folder's own")
    parser.add_argument("--sounds", type=Path, required=True, help="folder of shards (python -m model.training.sounds)")
    parser.add_argument("--teacher", type=Path, required=True, help="the teacher's LiteRT file")
    parser.add_argument(
        "--pack", type=Path, help="labelled recordings, for the learning curve on their validation split"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that make batches (default 1)")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long; the training can go on later")
    parser.add_argument("--checkpoint-every", type=int, default=500, help="batches between checkpoints (default 500)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
