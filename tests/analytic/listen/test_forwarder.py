# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Passing sound on to a door elsewhere."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from analytic.access import AccessRules
from analytic.delivery.memory import Memory
from analytic.delivery.websocket import WebsocketBus
from analytic.events.types import Source
from analytic.listen.door import ListenDoor, Pcm16
from analytic.listen.forwarder import Forwarder
from analytic.listen.keeper import Backoff
from analytic.listen.listener import Listener
from tests.analytic.listen.conftest import PATIENCE_S, RATE_HZ, Streams, ramp

MICROPHONE = Source("hall", "microphone")


class Service:
    """A door that can go away and come back on the same port."""

    def __init__(self, listener: Listener, token: str | None = None) -> None:
        self._access = AccessRules.of([], [], token)
        self._door = ListenDoor(listener, self._access.allows_token, {}, {"pcm16": Pcm16})
        self.port = 0
        self.open()

    def open(self) -> None:
        self._bus = WebsocketBus("127.0.0.1", self.port, self._access, Memory())
        self._bus.add_door(self._door)
        self.port = self._bus.start()
        self.url = f"ws://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._bus.stop()


@pytest.fixture
def service(listener: Listener) -> Iterator[Service]:
    made = Service(listener)
    yield made
    made.close()


class Told:
    """What a forwarder says, and refusals."""

    def __init__(self) -> None:
        self.said: queue.Queue[str] = queue.Queue()
        self.refused: queue.Queue[Exception] = queue.Queue()

    def say(self, source: str, words: str) -> None:
        assert source == "hall"
        self.said.put(words)

    def until(self, words: str) -> str:
        while words not in (line := self.said.get(timeout=PATIENCE_S)):
            pass
        return line

    def forwarder(self, url: str, token: str | None = None) -> Forwarder:
        return Forwarder(url, token, self.refused.put, self.say, lambda: Backoff(lambda _low, _high: 0.01))


@pytest.fixture
def told() -> Told:
    return Told()


def test_what_is_fed_arrives_to_the_last_sample(service: Service, streams: Streams, told: Told) -> None:
    forwarder = told.forwarder(service.url)
    line = forwarder.connect(MICROPHONE)
    told.until("connected to")
    for piece in np.split(ramp(30_001), [7, 5000, 17_000]):
        forwarder.feed(line, piece)
    forwarder.disconnect(line)
    streams.until(lambda: streams.heard("hall").size == 30_001)
    forwarder.stop()
    assert np.array_equal(streams.heard("hall"), ramp(30_001))


def test_a_service_that_goes_away_is_waited_for_and_of_the_meantime_the_last_second_comes(
    service: Service, streams: Streams, told: Told
) -> None:
    forwarder = told.forwarder(service.url)
    line = forwarder.connect(MICROPHONE)
    told.until("connected to")
    forwarder.feed(line, ramp(RATE_HZ))
    streams.until(lambda: streams.heard("hall").size == RATE_HZ)
    service.close()
    told.until("trying again in 0.0 s")
    for number in range(20):
        forwarder.feed(line, ramp(RATE_HZ // 2, number))
    service.open()
    told.until("connected to")
    forwarder.disconnect(line)
    streams.until(lambda: streams.heard("hall").size == 2 * RATE_HZ)
    assert np.array_equal(
        streams.heard("hall")[RATE_HZ:], np.concatenate([ramp(RATE_HZ // 2, 18), ramp(RATE_HZ // 2, 19)])
    )


def test_nobody_there_is_told_with_the_time_of_the_next_try(service: Service, told: Told) -> None:
    service.close()
    forwarder = told.forwarder(service.url)
    forwarder.connect(MICROPHONE)
    told.until(f"{service.url}/listen/hall: Connection refused; trying again in")
    forwarder.stop()
    service.open()


def test_a_refusal_ends_it(listener: Listener, told: Told) -> None:
    service = Service(listener, "s3cret")
    forwarder = told.forwarder(service.url, "wrong")
    forwarder.connect(MICROPHONE)
    why = str(told.refused.get(timeout=PATIENCE_S))
    assert "refused: a token is needed" in why
    assert "wrong" not in why
    forwarder.stop()
    forwarder = told.forwarder(service.url, "s3cret")
    forwarder.connect(MICROPHONE)
    told.until("connected to")
    forwarder.stop()
    service.close()


def test_a_name_that_is_taken_there_is_waited_for(service: Service, listener: Listener, told: Told) -> None:
    session = listener.connect(Source("hall", "websocket"))
    forwarder = told.forwarder(service.url)
    forwarder.connect(MICROPHONE)
    told.until("Source 'hall' is connected already; trying again")
    listener.disconnect(session)
    told.until("connected to")
    forwarder.stop()


def test_a_network_that_stands_still_keeps_five_seconds_and_never_blocks(told: Told, service: Service) -> None:
    service.close()
    forwarder = told.forwarder(service.url)
    line = forwarder.connect(MICROPHONE)
    for _ in range(100):
        forwarder.feed(line, ramp(1600))
    assert sum(piece.size for piece in line._pieces) == 5 * RATE_HZ
    forwarder.stop()
    service.open()


def test_pauses_of_the_microphone_are_told(told: Told, service: Service) -> None:
    forwarder = told.forwarder(service.url)
    line = forwarder.connect(MICROPHONE)
    forwarder.pause(line, "no more sound", 3.25)
    assert told.until("no more sound") == "no more sound; trying again in 3.2 s"
    forwarder.disconnect(line, "unplugged")
    told.until("unplugged")
    assert threading.active_count() >= 1
