# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""How soon an alarm is told: from the onset of a recording to the message in a consumer's hands, and what of that is
the score's own rise.

Each of the streams has quiet noise and a recording every 12 s, of each of the classes in turn. They are played into a
running service at real speed; and heard once more without one, to see when the score first reached the threshold:
before that no rule can tell an alarm.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from websockets.sync.client import connect

from analytic.app import Service, make_pipeline, make_tagger
from analytic.settings import Settings, load
from benchmarks.scenes.pool import Pool
from model.stream import SHORT

SPACING_S = 12.0
EVENTS, STREAMS = 12, 36
SENSITIVITY = "very_high"  # the delay is that of what is told: the more is told, the better it is known
ONE_WINDOW, CONFIRMED = ("gunshot", "glass_break"), ("scream", "smoke_alarm", "baby_cry", "fire")
NAMES = (*ONE_WINDOW, *CONFIRMED)
RATE_HZ = 16_000
BLOCK = 1_600


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """12 s of a stream, float32, shape (n,), mono, 16 000 Hz, within -1..1, and at which sample a recording sets in."""

    event_class: str
    onset: int
    waveform: NDArray[np.float32]


def pieces(number: int, pool: Pool) -> Iterator[Piece]:
    """Yield a stream piece by piece, always the same for its number."""
    random = np.random.default_rng([3, number])
    for event in range(EVENTS):
        name = NAMES[(number + event) % len(NAMES)]
        clips = pool.events(name)
        sound = pool.audible(clips[int(random.integers(len(clips)))])
        sound = sound * np.float32(0.3 / max(float(np.abs(sound).max()), 1e-6))
        piece = random.normal(0, 0.001, round(SPACING_S * RATE_HZ)).astype(np.float32)
        onset = round(random.uniform(3.0, 5.0) * RATE_HZ)
        room = min(sound.size, piece.size - onset - RATE_HZ)
        piece[onset : onset + room] += sound[:room]
        yield Piece(name, onset, np.clip(piece, -1, 1))


def delays(pool: Pool) -> dict[str, Any]:
    """Measure how soon alarms are told, and how soon their scores were there."""
    with tempfile.TemporaryDirectory(prefix="hearken-bench-") as folder:
        settings = load(
            http={"port": 0},
            bus={"port": 0},
            alerts={"enabled": NAMES, "sensitivity": SENSITIVITY},
            listen={"state_dir": Path(folder), "max_sources": STREAMS},
        )
        played, messages = told(settings, pool)
        there = scored(settings, pool)
    figures: dict[str, Any] = {"events": len(played), "streams": STREAMS, "sensitivity": SENSITIVITY}
    for word, names in (("one_window", ONE_WINDOW), ("confirmed", CONFIRMED)):
        figures[word] = _group(names, played, messages, there)
        figures[word]["by_class"] = {name: _group((name,), played, messages, there) for name in names}
    return figures


def told(settings: Settings, pool: Pool) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Play the streams into a running service; return what was played, and the messages that came."""
    service = Service(settings)
    service.start()
    try:
        subscriber = _Subscriber(service.bus_url)
        base = service.bus_url.removesuffix("events")
        played: list[dict[str, Any]] = []
        threads = [
            threading.Thread(target=_play, args=(f"{base}listen/s{number}", number, pool, played))
            for number in range(STREAMS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(3.0)
        subscriber.close()
    finally:
        service.stop()
    return played, subscriber.messages


def scored(settings: Settings, pool: Pool) -> list[tuple[str, float]]:
    """Hear the streams without a service; return for each recording how long after its onset a window first counted.

    Recordings whose score never reached the threshold are left out. The time is that of the window's end: what the
    network and the service need comes on top.
    """
    hearing = make_pipeline(settings, make_tagger(settings.models)).hearing
    policy = hearing.policies.now()
    columns = {rule.name: (place, rule.on) for place, rule in enumerate(policy.rules)}
    found = []
    for number in range(STREAMS):
        ear = hearing.tagger.stream((SHORT,))
        for at, piece in enumerate(pieces(number, pool)):
            onset_s = at * SPACING_S + piece.onset / RATE_HZ
            column, on = columns[piece.event_class]
            for look in hearing.looks(policy, ear.push(piece.waveform), 0.0):
                if look.stop_s > onset_s and look.scores[column] >= on:
                    found.append((piece.event_class, look.stop_s - onset_s))
                    break
    return found


def _play(url: str, number: int, pool: Pool, played: list[dict[str, Any]]) -> None:
    with connect(url) as connection:
        connection.recv()
        began = time.monotonic() + number * 0.137
        sent = 0
        for piece in pieces(number, pool):
            onset = None
            for first in range(0, piece.waveform.size, BLOCK):
                pause = began + (sent + BLOCK) / RATE_HZ - time.monotonic()
                if pause > 0:
                    time.sleep(pause)
                connection.send((piece.waveform[first : first + BLOCK] * 32767).astype("<i2").tobytes())
                sent += BLOCK
                if onset is None and first + BLOCK > piece.onset:
                    # The moment at which the onset's sample was spoken, not the one at which its block was sent.
                    onset = time.monotonic() - (first + BLOCK - piece.onset) / RATE_HZ
            played.append({"source": url.rpartition("/")[2], "event_class": piece.event_class, "onset": onset})


class _Subscriber:
    """Subscribes to the bus and notes when each start came."""

    def __init__(self, url: str) -> None:
        self.messages: list[dict[str, Any]] = []
        self._connection = connect(url)
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        for text in self._connection:
            message = json.loads(text)
            if message["phase"] == "start":
                self.messages.append({**message, "came": time.monotonic()})

    def close(self) -> None:
        """Stop."""
        self._connection.close()
        self._thread.join()


def _group(
    names: tuple[str, ...],
    played: list[dict[str, Any]],
    messages: list[dict[str, Any]],
    there: list[tuple[str, float]],
) -> dict[str, Any]:
    chosen = [one for one in played if one["event_class"] in names]
    found = []
    for one in chosen:
        came = [
            message["came"] - one["onset"]
            for message in messages
            if message["source"]["id"] == one["source"]
            and message["event_class"] == one["event_class"]
            and 0 < message["came"] - one["onset"] < SPACING_S
        ]
        if came:
            found.append(min(came))
    return {
        "classes": list(names),
        "played": len(chosen),
        "told": len(found),
        **_spread(found),
        "score_there": _spread([after_s for name, after_s in there if name in names]),
    }


def _spread(found_s: list[float]) -> dict[str, float | None]:
    return {
        "median_s": round(float(np.median(found_s)), 3) if found_s else None,
        "p95_s": round(float(np.percentile(found_s, 95)), 3) if found_s else None,
    }
