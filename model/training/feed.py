# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Make batches in processes of their own, a few ahead of the trainer, and hand them over in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty

from model.litert import LiteRtTagger
from model.tagger import TaggerCard
from model.training import shards
from model.training.config import Config
from model.training.crops import Batch, CropMaker

_AHEAD = 6
_TEACHER_CARD = TaggerCard("teacher", "0", "the tagger that labels the crops", "", "")


def open_teacher(path: Path) -> LiteRtTagger:
    """Open the teacher's LiteRT file, on one thread."""
    return LiteRtTagger.open(path, _TEACHER_CARD, lanes=1)


def maker(config: Config, sounds: Path, teacher: Path) -> CropMaker:
    """Open the shards in `sounds` and the teacher's LiteRT file."""
    opened = {name: shards.read(sounds, name) for name in config.crops.shares}
    return CropMaker(config, opened, open_teacher(teacher))


@contextmanager
def batches(
    config: Config, sounds: Path, teacher: Path, first: int, total: int, workers: int
) -> Iterator[Iterator[Batch]]:
    """Yield an iterator over batches `first` to `total` - 1; the processes end with the context.

    Parameters
    ----------
    config, sounds, teacher
        As `maker`.
    first, total
        Number of the first batch, and of all batches of the training.
    workers
        Processes; they change the speed and nothing else.
    """
    context = multiprocessing.get_context("spawn")
    queues: list[Queue[Batch]] = [context.Queue(_AHEAD) for _ in range(workers)]
    processes = [
        context.Process(
            target=_produce,
            args=(config, sounds, teacher, range(first + index, total, workers), total, queue),
            daemon=True,
        )
        for index, queue in enumerate(queues)
    ]
    with _one_thread_each():
        for process in processes:
            process.start()
    try:
        yield (_next(queues[index % workers], processes[index % workers]) for index in range(total - first))
    finally:
        for process in processes:
            process.terminate()
            process.join()
        for queue in queues:
            queue.cancel_join_thread()
            queue.close()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep the linear algebra of a new process on one thread: its products are small and the cores are taken."""
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OPENBLAS_NUM_THREADS"]
        else:
            os.environ["OPENBLAS_NUM_THREADS"] = before


def _next(queue: Queue[Batch], process: multiprocessing.process.BaseProcess) -> Batch:
    while True:
        try:
            return queue.get(timeout=5.0)
        except Empty as error:
            if not process.is_alive():
                raise RuntimeError(f"a process that makes batches ended with {process.exitcode}") from error


def _produce(config: Config, sounds: Path, teacher: Path, numbers: range, total: int, queue: Queue[Batch]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the trainer ends its processes itself
    os.nice(2)
    make = maker(config, sounds, teacher)
    for number in numbers:
        queue.put(make.batch(number, number / total))
