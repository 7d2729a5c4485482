# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What other backends would cost: ``python -m benchmarks.backends NAME`` prints one JSON line about a fresh process.

``tensorflow``: the same network served by TensorFlow. ``vggish``: a network of VGGish's size, as the predecessor ran on
ten patches of 0.96 s (S. Hershey et al., "CNN architectures for large-scale audio classification", ICASSP 2017), with
random weights. Both start from the log-mel.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 30
VGGISH_PATCHES, VGGISH_FRAMES, VGGISH_BANDS = 10, 96, 64
VGGISH_CONVOLUTIONS = ((64,), (128,), (256, 256), (512, 512))
VGGISH_UNITS = (4096, 4096, 128)


def main(name: str) -> None:
    """Load a backend, time it, and print time until the first answer, time an answer, and memory."""
    began = time.perf_counter()
    answer = {"tensorflow": tensorflow, "vggish": vggish}[name]()
    answer()
    ready_s = time.perf_counter() - began
    times = []
    for _ in range(ROUNDS):
        at = time.perf_counter()
        answer()
        times.append((time.perf_counter() - at) * 1e3)
    figures = {
        "first_answer_after_s": round(ready_s, 2),
        "ms": round(statistics.median(times), 2),
        "resident_mib": resident_mib(),
    }
    print(json.dumps(figures))


def tensorflow() -> Callable[[], object]:
    """Return the network on a log-mel of 10 s, as a ``tf.function``."""
    import numpy as np
    import tensorflow as tf

    from model import mobilenet
    from model.frontend import MEL_BANDS

    network = mobilenet.build(0.4)
    serve = tf.function(lambda log_mel: network(log_mel, training=False)["logits"])
    log_mel = tf.constant(np.zeros((1, 1000, MEL_BANDS, 1), np.float32))
    return lambda: serve(log_mel).numpy()


def vggish() -> Callable[[], object]:
    """Return a VGGish-sized network on the ten patches of 10 s, as a ``tf.function``."""
    import keras
    import numpy as np
    import tensorflow as tf
    from keras import layers

    network = keras.Sequential([keras.Input((VGGISH_FRAMES, VGGISH_BANDS, 1))])
    for group in VGGISH_CONVOLUTIONS:
        for channels in group:
            network.add(layers.Conv2D(channels, 3, padding="same", activation="relu"))
        network.add(layers.MaxPooling2D(2))
    network.add(layers.Flatten())
    for units in VGGISH_UNITS:
        network.add(layers.Dense(units, activation="relu"))
    serve = tf.function(lambda patches: network(patches, training=False))
    patches = tf.constant(np.zeros((VGGISH_PATCHES, VGGISH_FRAMES, VGGISH_BANDS, 1), np.float32))
    return lambda: serve(patches).numpy()


def resident_mib() -> float:
    """Return this process's resident memory in MiB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return round(int(fields["VmRSS"].split()[0]) / 1024, 1)


if __name__ == "__main__":
    main(sys.argv[1])
