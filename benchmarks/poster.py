# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A client that posts one clip over a kept-alive connection; many at once with ``python -m benchmarks.poster``."""

from __future__ import annotations

import http.client
import io
import json
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import soundfile
from numpy.typing import NDArray


class Poster:
    """Posts a file to ``/model/predict``.

    Parameters
    ----------
    url
        The service, such as ``http://127.0.0.1:5000``.
    content
        The file.
    """

    def __init__(self, url: str, content: bytes) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"))
        self._body = (
            b'--part\r\nContent-Disposition: form-data; name="audio"; filename="clip.wav"\r\n'
            b"Content-Type: audio/wav\r\n\r\n" + content + b"\r\n--part--\r\n"
        )

    def __enter__(self) -> Poster:
        self()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def __call__(self) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=part"}
        self._connection.request("POST", "/model/predict", self._body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise SystemExit(f"{response.status}: {answer[:200]!r}")


def noise() -> NDArray[np.float32]:
    """Make 10 s of quiet noise: float32, shape (160000,), 16 000 Hz."""
    return np.random.default_rng(1).normal(0, 0.05, 160_000).astype(np.float32)


def as_wav(sound: NDArray[np.float32]) -> bytes:
    """Write a sound as a 16-bit WAV file in memory."""
    file = io.BytesIO()
    soundfile.write(file, sound, 16_000, format="WAV", subtype="PCM_16")
    return file.getvalue()


def clips_per_second(url: str, clients: int, seconds: float) -> float:
    """Post from `clients` connections at once for about `seconds`; return the clips answered a second."""
    content = as_wav(noise())
    until = time.perf_counter() + seconds
    done: list[int] = []

    def keep_posting() -> None:
        count = 0
        with Poster(url, content) as post:
            while time.perf_counter() < until:
                post()
                count += 1
        done.append(count)

    began = time.perf_counter()
    threads = [threading.Thread(target=keep_posting) for _ in range(clients)]
    _each(threads, threading.Thread.start)
    _each(threads, threading.Thread.join)
    return round(sum(done) / (time.perf_counter() - began), 1)


def _each(threads: list[threading.Thread], act: Callable[[threading.Thread], None]) -> None:
    for thread in threads:
        act(thread)


if __name__ == "__main__":
    print(json.dumps(clips_per_second(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
