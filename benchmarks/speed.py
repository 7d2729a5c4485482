# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a 10 s clip costs: front end, network, whole path, the same network as a ``tf.function``, and a POST.

What is compared is timed in turn in one run. Our own path always runs on one thread (BLAS and LiteRT); TensorFlow runs
once as it comes, with a thread for each core, and once on one thread, in processes of their own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.report import in_turn, spread

ROUNDS = 200
POSTS = 300
STARTS = 5
BUNDLED = "hearken_small"
CLIENTS = (1, 4, 16)
RATE_S = 5.0
CHECKPOINT = "mn04_as_mAP_432.pt"
ONE_BLAS_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def main() -> None:
    """Measure in fresh processes, so that thread counts are set before any library is loaded; write the result."""
    figures = _worker("as_it_comes")
    figures["path"]["tf_on_one_thread"] = _worker("one_thread")["path"]["tf_one_thread"]
    figures["other_backends"] = {name: _backend(name) for name in ("tensorflow", "vggish")}
    print(f"wrote {report.write('speed', figures).name}")


def _worker(tensorflow_threads: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.speed", tensorflow_threads]
    environment = {**os.environ, **ONE_BLAS_THREAD}
    run = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(run.stdout)
    return figures


def measure(tensorflow_threads: str) -> dict[str, Any]:
    """Measure in this process; return the figures."""
    import tensorflow as tf

    from benchmarks.poster import noise

    if tensorflow_threads == "one_thread":
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    sound = noise()
    with tempfile.TemporaryDirectory(prefix="hearken-bench-") as folder:
        models = Path(folder)
        network = _network(models)
        path = {f"tf_{tensorflow_threads}": _path(models, network, sound)}
        if tensorflow_threads == "one_thread":
            return {"path": path}
        return {
            "clip_s": 10.0,
            "rounds": ROUNDS,
            "path": path,
            "litert_threads": _threads(models, sound),
            "service": _service_figures(models, sound),
        }


def _network(models: Path) -> Any:
    """Install the published tagger, or the same network with random weights, and return its Keras twin."""
    from model import convert, mobilenet
    from model.store import TaggerStore
    from model.tagger import TaggerCard

    weights = os.environ.get("HEARKEN_WEIGHTS")
    network = convert.load_checkpoint(Path(weights) / CHECKPOINT) if weights else mobilenet.build(0.4)
    TaggerStore(models).add(convert.to_litert(network), TaggerCard("mn04_as", "bench", "", "", ""))
    return network


def _path(models: Path, network: Any, sound: Any) -> dict[str, Any]:
    """Time the parts of the path and the ``tf.function`` twin in turn."""
    import numpy as np
    import tensorflow as tf

    from model.frontend import LogMel
    from model.store import TaggerStore

    tagger = TaggerStore(models).open("mn04_as", lanes=1, threads=1)
    bundled = TaggerStore(models).open(BUNDLED, lanes=1, threads=1)
    front_end = LogMel()
    log_mel = front_end(sound)
    twin = tf.function(lambda picture: network(picture, training=False)["logits"])
    picture = tf.constant(log_mel[None, :, :, None])
    batch = np.ascontiguousarray(log_mel[None])
    acts: dict[str, Callable[[], object]] = {
        "front_end": lambda: front_end(sound),
        "network": lambda: tagger.logits(batch),
        "waveform_to_scores": lambda: tagger.tag(sound),
        "tf_function_network_alone": lambda: twin(picture).numpy(),
    }
    for act in acts.values():
        act()
    times = in_turn(acts, ROUNDS)
    # The two taggers by themselves: whoever comes after an act of its own network finds its weights in the cache.
    taggers = in_turn({"mn04_as": acts["waveform_to_scores"], BUNDLED: lambda: bundled.tag(sound)}, ROUNDS)
    timelines = in_turn(
        {"scores": acts["waveform_to_scores"], "scores_and_timeline": lambda: _hear(tagger, sound)}, ROUNDS
    )
    return {
        "ms": {name: spread(values) for name, values in times.items()},
        "timeline_in_turn_ms": {name: spread(values) for name, values in timelines.items()},
        "ratio_with_timeline_over_scores_alone": _ratio(timelines, "scores_and_timeline", "scores"),
        "ratio_waveform_to_scores_over_tf_function": _ratio(times, "waveform_to_scores", "tf_function_network_alone"),
        "taggers_in_turn_ms": {name: spread(values) for name, values in taggers.items()},
        "ratio_bundled_over_mn04_as": _ratio(taggers, BUNDLED, "mn04_as"),
    }


def _hear(tagger: Any, sound: Any) -> Any:
    """Hear a clip as the pipeline does: its own scores, and windows of 2 s for timeline and alarms."""
    from analytic.pipeline.clips import CLIP
    from model.stream import SHORT

    stream = tagger.stream((CLIP, SHORT))
    return stream.push(sound) + stream.finish()


def _ratio(times: dict[str, list[float]], one: str, other: str) -> float:
    """Return the median ratio of two acts, pair by pair."""
    return round(statistics.median(a / b for a, b in zip(times[one], times[other], strict=True)), 3)


def _threads(models: Path, sound: Any) -> dict[str, Any]:
    """Time one clip with LiteRT on one and on two threads in turn."""
    from model.store import TaggerStore

    one = TaggerStore(models).open("mn04_as", lanes=1, threads=1)
    two = TaggerStore(models).open("mn04_as", lanes=1, threads=2)
    times = in_turn({"one_thread": lambda: one.tag(sound), "two_threads": lambda: two.tag(sound)}, ROUNDS)
    return {"ms": {name: spread(values) for name, values in times.items()}}


def _service_figures(models: Path, sound: Any) -> dict[str, Any]:
    """Time a POST against the hearing alone and against a bare handler, in turn; memory and cold start."""
    from benchmarks.poster import Poster, as_wav
    from model.store import TaggerStore

    content = as_wav(sound)
    tagger = TaggerStore(models).open("mn04_as", lanes=1, threads=1)
    hearken = [str(Path(sys.executable).parent / "hearken"), "serve", "--port", "0", "--bus-port", "0"]
    starts = []
    for _ in range(STARTS):
        began = time.perf_counter()
        with _running(hearken, models):
            starts.append(time.perf_counter() - began)
    with (
        _running(hearken, models) as (service, pid),
        _running([sys.executable, "-m", "benchmarks.bare"], models) as (bare, _),
        Poster(service, content) as post,
        Poster(bare, content) as post_bare,
    ):
        acts: dict[str, Callable[[], object]] = {
            "post": post,
            "hear": lambda: _hear(tagger, sound),
            "post_to_bare_handler": post_bare,
        }
        times = in_turn(acts, POSTS)
        rates = {str(clients): _clips_per_second(service, clients) for clients in CLIENTS}
        memory = _memory(pid)
    return {
        "ms": {name: spread(values) for name, values in times.items()},
        "post_adds_ms": round(statistics.median(times["post"]) - statistics.median(times["hear"]), 3),
        "clips_per_second_by_clients": rates,
        "resident_mib": memory["VmRSS"],
        "resident_peak_mib": memory["VmHWM"],
        "ready_after_s": {"median": round(statistics.median(starts), 3), "longest": round(max(starts), 3)},
    }


@contextmanager
def _running(command: list[str], models: Path) -> Iterator[tuple[str, int]]:
    environment = {**os.environ, "HEARKEN__MODELS__DIR": str(models)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            if not words or words[0] != "ready":
                raise SystemExit(f"{command[0]} did not start")
            yield words[1], process.pid
        finally:
            process.terminate()


def _clips_per_second(url: str, clients: int) -> float:
    """Count the clips of several clients at once; they run in a process of their own, on the same machine."""
    command = [sys.executable, "-m", "benchmarks.poster", url, str(clients), str(RATE_S)]
    return float(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))


def _backend(name: str) -> dict[str, Any]:
    """Measure another backend in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.backends", name]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(run.stdout)
    return figures


def _memory(pid: int) -> dict[str, float]:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return {name: round(int(fields[name].split()[0]) / 1024, 1) for name in ("VmRSS", "VmHWM")}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
