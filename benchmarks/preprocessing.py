# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What preprocessing does to the answers: ``python -m benchmarks.preprocessing``, a quarter of an hour on two cores.

Every method, and a chain, on validation clips that are clean, in noise, in hum, or very quiet, with both taggers as
they are in the service. Parts that were heard with the same sources are taken from build/bench-preprocessing, so a run
that was cut off goes on.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from analytic.audio.preprocessing.registry import PREPROCESSORS, Preprocessing
from analytic.events.classes import alert_classes
from benchmarks import preprocessing_figures as figures
from benchmarks import report
from benchmarks.pack import pack_folder, waveform
from benchmarks.preprocessing_sounds import CONDITIONS, Material, noisy_samples
from benchmarks.privacy.measure import prepare, store, taggers
from benchmarks.privacy.utility import Ear, Scores, Sounds
from model.heads.shipped import heads_of
from model.tagger import SAMPLE_RATE_HZ

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "build" / "bench-preprocessing"
CLIPS = 670
NONE = "none"
CHAIN = "wiener,loudness"
METHODS = (NONE, *PREPROCESSORS, CHAIN)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Heard = Mapping[str, Scores]


def main() -> None:
    """Hear all parts and write benchmarks/results/preprocessing.json."""
    if pack_folder() is None:
        print("preprocessing: left out, it needs HEARKEN_AUDIO_PACK (and HEARKEN_WEIGHTS for mn04_as)")
        return
    for name in _THREADS:  # the workers read these when they start; one core each
        os.environ[name] = "1"
    prepare()
    parts = heard(os.cpu_count() or 1)
    print("computing intervals", flush=True)
    print(f"wrote {report.write('preprocessing', measured(parts)).name}")


def heard(workers: int) -> Mapping[tuple[str, str], Heard]:
    """Return what was heard in each condition after each method."""
    sources = digest()
    jobs = [(condition, method) for condition in CONDITIONS for method in METHODS]
    began = time.monotonic()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(one_part, *job, sources): job for job in jobs}
        for number, future in enumerate(as_completed(waiting), 1):
            future.result()
            print(
                f"{time.monotonic() - began:6.0f} s  {number} of {len(jobs)}: {', '.join(waiting[future])}", flush=True
            )
    return {job: one_part(*job, sources) for job in jobs}


def one_part(condition: str, method: str, sources: str) -> Heard:
    """Return both taggers' scores and alarms over all clips, by ``NAME scores`` and ``NAME alarms``."""
    path = CACHE / f"{condition}-{method}-{sources}.npz".replace(" ", "_")
    if path.is_file():
        with np.load(path) as stored:
            return dict(stored)
    clips, ready = material(), Preprocessing.of("" if method == NONE else method)
    found: dict[str, list[Scores]] = {f"{name} {what}": [] for name in taggers() for what in ("scores", "alarms")}
    for index in range(len(clips.clips)):
        sound = ready(clips.sound(index, condition))
        for name, ear in ears().items():
            scores, alarms = ear.hear(sound)
            found[f"{name} scores"].append(scores)
            found[f"{name} alarms"].append(alarms)
    stacked = {name: np.stack(rows) for name, rows in found.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(whole, **stacked)  # type: ignore[arg-type]
    whole.replace(path)
    return stacked


@cache
def material() -> Material:
    """Return the clips."""
    pack = pack_folder()
    assert pack is not None
    return Material.of(pack, CLIPS)


@cache
def ears() -> Mapping[str, Ear]:
    """Open the taggers with their heads."""
    return {name: Ear(store().open(name, lanes=1), classes(), heads_of(name)) for name in taggers()}


def classes() -> tuple[str, ...]:
    """Return the alarms that are on by default."""
    return tuple(alert.name for alert in alert_classes("mn04_as") if alert.enabled)


def measured(parts: Mapping[tuple[str, str], Heard]) -> dict[str, Any]:
    """Turn what was heard into figures."""
    clips = material()
    holds = Sounds((), (), (), classes()).holds(clips.clips)
    kinds = Counter(clips.noise(index, noisy_samples(waveform(one))).kind for index, one in enumerate(clips.clips))
    labels = Counter(label for one in clips.clips for label in one.labels)
    return {
        "clips": len(clips.clips),
        "recordings": len(set(clips.groups)),
        "labels": sum(held >= figures.LEAST_CLIPS for held in labels.values()),
        "clips_with_alarms": int(holds.any(axis=1).sum()),
        "noise": dict(sorted(kinds.items())),
        "cpu_ms_for_10_s": {name: cpu_ms(name) for name in METHODS if name != NONE},
        "taggers": {name: _of_tagger(name, parts, clips, holds) for name in taggers()},
    }


def _of_tagger(
    name: str,
    parts: Mapping[tuple[str, str], Heard],
    clips: Material,
    holds: figures.Flags,
) -> dict[str, Any]:
    clean = parts["clean", NONE]
    unchanged = figures.thresholds(clean[f"{name} alarms"][~holds.any(axis=1)])
    found: dict[str, Any] = {}
    for condition in CONDITIONS:
        noise = [clips.noise_labels(index, condition) for index in range(len(clips.clips))]
        ranked = {method: figures.muted(parts[condition, method][f"{name} scores"], noise) for method in METHODS}
        found[condition] = {
            method: {
                **figures.precision(ranked[method], ranked[NONE], clips.clips, clips.groups),
                "same_top_class_as_clean": figures.same_top(
                    parts[condition, method][f"{name} scores"], clean[f"{name} scores"]
                ),
                **figures.alarms(parts[condition, method][f"{name} alarms"], unchanged, holds, classes()),
            }
            for method in METHODS
        }
    return found


def cpu_ms(method: str, rounds: int = 7) -> float:
    """Return the processor time for 10 s of noise with a tone in it, the least of some rounds."""
    sound = np.random.default_rng(0).normal(0, 0.02, 10 * SAMPLE_RATE_HZ).astype(np.float32)
    sound[:SAMPLE_RATE_HZ] += np.sin(np.arange(SAMPLE_RATE_HZ, dtype=np.float32)) / 2
    ready = Preprocessing.of(method)
    times_s = []
    for _ in range(rounds):
        began_s = time.process_time()
        ready(sound)
        times_s.append(time.process_time() - began_s)
    return round(1000 * min(times_s), 1)


def digest() -> str:
    """Return what stands for the sources of what is heard."""
    files = [*(ROOT / "analytic" / "audio" / "preprocessing").glob("*.py")]
    files.append(ROOT / "benchmarks" / "preprocessing_sounds.py")
    whole = hashlib.sha256(f"{CLIPS} {taggers()}".encode())
    for path in sorted(files):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:12]


if __name__ == "__main__":  # worker processes import this file too
    main()
