# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What live sound costs, and how soon an alarm is told: how many sources one core carries, and from onset to consumer.

``python -m benchmarks live``; both with the bundled tagger, which is of mn04_as's shape. The first part holds this
process to one core. The second (`benchmarks.delays`) needs labelled recordings.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytic.app import make_pipeline, make_tagger
from analytic.events.types import Source
from analytic.listen.listener import Listener
from analytic.listen.remembered import Remembered
from analytic.pipeline import LiveSource, Pipeline
from analytic.settings import load
from benchmarks import report
from benchmarks.delays import delays
from benchmarks.pack import pack_folder
from benchmarks.scenes.pool import read_pool
from model.stream import LONG, SHORT
from model.tagger import Window

HOP = 8_000
HOP_S = 0.5
ROUNDS = 40
SOURCES = (100, 150, 200, 250)
RUN_S = 30.0
Sound = NDArray[np.float32]


def main() -> None:
    """Measure both and write benchmarks/results/live.json."""
    figures: dict[str, Any] = {"capacity": capacity()}
    pack = pack_folder()
    if pack is None:
        print("live: the delay is left out, it needs HEARKEN_AUDIO_PACK")
    else:
        figures["delay"] = delays(read_pool(pack, split="val", folds=None))
    print(f"wrote {report.write('live', figures).name}")


def capacity() -> dict[str, Any]:
    """Measure what a hop costs, incrementally and recomputed, and let one core carry more and more sources."""
    with one_core():
        settings = load(models={"lanes": 1})
        tagger = make_tagger(settings.models)
        pipeline = make_pipeline(settings, tagger)
        noise = np.random.default_rng(0).normal(0, 0.02, 60 * 16_000).astype(np.float32)
        live = LiveSource(pipeline, Source("one", "websocket"), time.time())
        for first in range(0, noise.size // 2, HOP):
            live.push(noise[first : first + HOP])
        incremental = _median_ms(lambda at: live.push(noise[at : at + HOP]))

        def recompute(at: int) -> None:
            tagger.tag(noise[at : at + LONG.length], [Window(0, LONG.length)])
            tagger.tag(noise[at : at + SHORT.length], [Window(0, SHORT.length)])

        recomputed = _median_ms(recompute)
        runs = []
        for sources in SOURCES:
            runs.append(carried(pipeline, noise, sources))
            if runs[-1]["hops_late"] or runs[-1]["dropped_s"]:
                break
        whole = [run["sources"] for run in runs if not run["hops_late"] and not run["dropped_s"]]
        return {
            "hop_s": HOP_S,
            "hop_ms": incremental,
            "hop_ms_if_every_window_were_recomputed": recomputed,
            "sources_by_cost": int(HOP_S * 1e3 / incremental["mean"]),
            "sources_by_cost_if_recomputed": int(HOP_S * 1e3 / recomputed["mean"]),
            "sources_carried": max(whole, default=0),
            "runs": runs,
        }


def _median_ms(act: Any) -> dict[str, float]:
    times = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        act((number % 50) * HOP)
        times.append((time.perf_counter() - began) * 1e3)
    return {"mean": round(statistics.fmean(times), 3), "median": round(statistics.median(times), 3)}


def carried(pipeline: Pipeline, noise: Sound, sources: int) -> dict[str, Any]:
    """Feed so many sources at real speed, one worker, for half a minute."""
    listener = Listener(
        lambda source, began, memory, on_levels: LiveSource(pipeline, source, began, memory, None, on_levels),
        Remembered(None),
        max_sources=sources,
        backlog_s=5.0,
    )
    listener.start()
    sessions = [listener.connect(Source(f"s{number}", "websocket")) for number in range(sources)]
    began = time.monotonic()
    processor = time.process_time()
    waited: list[float] = []
    hops = round(RUN_S / HOP_S)
    for hop in range(hops):
        for number, session in enumerate(sessions):
            due = began + (hop + number / sources) * HOP_S
            pause = due - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            at = ((hop + number) % 100) * HOP
            listener.feed(session, noise[at : at + HOP])
        waited.append(max(session.report(time.time())["waiting_s"] for session in sessions))
    used = time.process_time() - processor
    took = time.monotonic() - began
    listener.stop()
    return {
        "sources": sources,
        "seconds": round(took, 1),
        "processor_share": round(used / took, 3),
        "longest_wait_s": max(waited),
        "hops_late": sum(wait > 2 * HOP_S for wait in waited),
        "dropped_s": round(sum(session.counts.dropped_samples for session in sessions) / 16_000, 2),
        "hops": sum(session.counts.hops for session in sessions),
        "hops_fed": hops * sources,
    }


@contextmanager
def one_core() -> Iterator[None]:
    """Hold this process, and the threads that it starts, to one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


if __name__ == "__main__":
    main()
