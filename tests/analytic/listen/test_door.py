# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The websocket door, on a real server: who may come in, and what becomes of the sound."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

import model.store
from analytic.access import AccessRules
from analytic.app import Service, make_tagger
from analytic.delivery.memory import Memory
from analytic.delivery.websocket import WebsocketBus
from analytic.listen.browser import Webm
from analytic.listen.door import ListenDoor, Pcm16
from analytic.listen.listener import Listener
from analytic.listen.remembered import Remembered
from analytic.settings import Settings
from analytic.telemetry import configure_logging
from demo.sound import smoke_alarm_in_a_room
from model.fake import FakeTagger
from tests.analytic.listen.conftest import PATIENCE_S, Streams, is_like, tone
from tests.analytic.listen.media import encoded


@contextmanager
def door(listener: Listener, token: str | None = None, **tokens: str) -> Iterator[str]:
    access = AccessRules.of([], [], token)
    made = ListenDoor(listener, access.allows_token, tokens, {"pcm16": Pcm16, "webm": Webm})
    bus = WebsocketBus("127.0.0.1", 0, access, Memory())
    bus.add_door(made)
    port = bus.start()
    try:
        yield f"ws://127.0.0.1:{port}/listen/"
    finally:
        bus.stop()


def pcm(samples: np.ndarray) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


@given(content=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400), max_size=12))
def test_messages_of_any_size_give_the_same_samples(content: bytes, cuts: list[int]) -> None:
    unpack, edges = Pcm16(), [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    parts = [unpack.push(content[start:stop]) for start, stop in pairwise(edges)]
    found = np.concatenate([*parts, unpack.close()])
    assert found.dtype == np.float32
    assert np.array_equal(found, np.frombuffer(content[: len(content) // 2 * 2], "<i2") / np.float32(32768))
    assert found.size == 0 or np.abs(found).max() <= 1


@pytest.mark.parametrize("size", [1, 333, 32_000])
def test_sound_reaches_its_source_whatever_the_messages(listener: Listener, streams: Streams, size: int) -> None:
    content = pcm(tone(0.5 if size == 1 else 2.0))
    with door(listener) as url:
        with connect(f"{url}kitchen") as client:
            assert json.loads(client.recv()) == {"type": "listening", "source": "kitchen"}
            for start in range(0, len(content), size):
                client.send(content[start : start + size])
        streams.until(lambda: streams.heard("kitchen").size == len(content) // 2)
    assert np.array_equal(streams.heard("kitchen") * 32768, np.frombuffer(content, "<i2"))
    assert streams.opened[0].source.type == "websocket"


def test_what_a_browser_records_reaches_its_source(listener: Listener, streams: Streams) -> None:
    content = encoded(tone(3.0, rate_hz=48_000), "webm")
    with door(listener) as url:
        with connect(f"{url}kitchen?format=webm") as client:
            for start in range(0, len(content), 2000):
                client.send(content[start : start + 2000])
        streams.until(lambda: streams.heard("kitchen").size > 47_000)
    assert is_like(streams.heard("kitchen"), tone(3.0))


def closed(client: Any) -> tuple[str, int, str]:
    """The error's message, the code, and the reason."""
    message = json.loads(client.recv(PATIENCE_S))
    assert message["type"] == "error"
    with pytest.raises(ConnectionClosed) as ended:
        client.recv(PATIENCE_S)
    assert ended.value.rcvd is not None
    return message["message"], ended.value.rcvd.code, ended.value.rcvd.reason


def test_text_is_refused(listener: Listener) -> None:
    with door(listener) as url, connect(f"{url}kitchen") as client:
        client.recv()
        client.send("hello")
        assert closed(client) == ("sound comes in binary messages", 1007, "sound comes in binary messages")


def test_bytes_that_are_no_webm_are_refused_and_the_report_says_so(listener: Listener) -> None:
    with door(listener) as url, connect(f"{url}kitchen?format=webm") as client:
        client.recv()
        client.send(b"RIFF no webm")
        assert closed(client)[:2] == ("'?format=webm': these bytes are no WebM with Opus sound in it", 1007)
    assert "no WebM" in listener.reports()[0]["last_error"]


def test_a_source_has_one_connection_at_a_time(listener: Listener, streams: Streams) -> None:
    with door(listener) as url, connect(f"{url}kitchen") as first:
        first.recv()
        with connect(f"{url}kitchen") as second:
            assert closed(second)[:2] == ("Source 'kitchen' is connected already", 1013)
        first.send(pcm(tone(0.5)))
        streams.until(lambda: streams.heard("kitchen").size == 8000)


def test_there_are_so_many_sources_and_no_more(streams: Streams) -> None:
    listener = Listener(streams.open, Remembered(None), max_sources=1)
    with door(listener) as url, connect(f"{url}a") as first:
        first.recv()
        with connect(f"{url}b") as second:
            assert closed(second)[1] == 1013
    listener.stop()


@pytest.mark.parametrize("place", ["", "a/b", "a%20b", "%2e%2e%2f", "x" * 65, "kitchen?format=mp3", "a%0ab"])
def test_other_paths_are_refused_at_the_handshake(listener: Listener, place: str) -> None:
    with door(listener) as url, pytest.raises(InvalidStatus, match="400"), connect(url + place):
        pass


@pytest.mark.parametrize(
    ("service", "own", "shown", "may"),
    [
        (None, None, None, True),
        (None, None, "anything", True),
        (None, "mine", None, False),
        (None, "mine", "wrong", False),
        (None, "mine", "mine", True),
        ("all", None, None, False),
        ("all", None, "wrong", False),
        ("all", None, "all", True),
        ("all", "mine", None, False),
        ("all", "mine", "wrong", False),
        ("all", "mine", "mine", True),
        ("all", "mine", "all", True),
    ],
)
@pytest.mark.parametrize("where", ["query", "header"])
def test_who_may_send_as_a_source(
    listener: Listener, service: str | None, own: str | None, shown: str | None, may: bool, where: str
) -> None:
    tokens = {} if own is None else {"kitchen": own}
    with door(listener, service, **tokens) as url:
        query = f"?token={shown}" if shown and where == "query" else ""
        headers = {"Authorization": f"Bearer {shown}"} if shown and where == "header" else {}
        if may:
            with connect(f"{url}kitchen{query}", additional_headers=headers) as client:
                assert json.loads(client.recv())["type"] == "listening"
        else:
            with (
                pytest.raises(InvalidStatus, match="401"),
                connect(f"{url}kitchen{query}", additional_headers=headers),
            ):
                pass


def test_the_token_of_one_source_opens_no_other(listener: Listener) -> None:
    with (
        door(listener, "all", kitchen="mine") as url,
        pytest.raises(InvalidStatus, match="401"),
        connect(f"{url}cellar?token=mine"),
    ):
        pass


def test_a_foreign_page_is_refused(listener: Listener) -> None:
    with (
        door(listener) as url,
        pytest.raises(InvalidStatus, match="403"),
        connect(f"{url}kitchen", origin=Origin("https://evil.example")),
    ):
        pass


def test_the_bundled_tagger_hears_a_smoke_alarm_through_the_door(
    open_stream: Callable[..., Any], settings: Settings, monkeypatch: pytest.MonkeyPatch, nothing_bundled: Path
) -> None:
    monkeypatch.setattr(model.store, "BUNDLED", nothing_bundled)
    heard: list[Any] = []
    listener = Listener(open_stream(make_tagger(settings.models), heard.append), Remembered(None), backlog_s=30.0)
    listener.start()
    with door(listener) as url, connect(f"{url}kitchen") as client:
        client.recv()
        content = pcm(smoke_alarm_in_a_room())
        for start in range(0, len(content), 32_000):
            client.send(content[start : start + 32_000])
    listener.stop()
    alarms = [message for message in heard if message["event_class"] == "smoke_alarm"]
    assert [message["phase"] for message in alarms][:1] == ["start"]
    assert alarms[-1]["phase"] == "end"
    assert alarms[0]["source"] == {"id": "kitchen", "type": "websocket"}
    assert alarms[0]["onset"] is not None


def test_neither_sound_nor_token_reaches_the_log_at_its_most_talkative(
    settings: Settings, alarm_tagger: FakeTagger, tmp_path: Path
) -> None:
    root = logging.getLogger()
    before = root.level, root.handlers[:], logging.getLogger("websockets").level
    written = io.StringIO()
    try:
        configure_logging("DEBUG")
        root.handlers[0].setStream(written)  # type: ignore[attr-defined]
        logging.getLogger("analytic").debug("the log is open")
        listen = settings.listen.model_copy(update={"state_dir": tmp_path})
        running = Service(settings.model_copy(update={"listen": listen}), alarm_tagger)
        running.start()
        try:
            base = running.bus_url.removesuffix("events")
            with connect(f"{base}listen/hall?token=s3cret-to-all") as door:
                door.recv()
                door.send(b"\x11\x22\x33\x44" * 100)
        finally:
            running.stop()
    finally:
        root.level, root.handlers[:] = before[0], before[1]
        logging.getLogger("websockets").setLevel(before[2])
    text = written.getvalue()
    assert "the log is open" in text
    assert "s3cret" not in text
    assert "11 22 33" not in text


def test_what_outlives_live_sound_holds_none_of_it(
    settings: Settings, alarm_tagger: FakeTagger, tmp_path: Path
) -> None:
    listen = settings.listen.model_copy(update={"state_dir": tmp_path})
    alerts = settings.alerts.model_copy(update={"enabled": ("smoke_alarm", "unusual")})
    sound = np.random.default_rng(4).integers(-8000, 8000, 4 * 16_000).astype("<i2")
    running = Service(settings.model_copy(update={"listen": listen, "alerts": alerts}), alarm_tagger)
    running.start()
    try:
        with connect(f"{running.bus_url.removesuffix('events')}listen/hall") as door:
            door.recv()
            for first in range(0, sound.size, 1600):
                door.send(sound[first : first + 1600].tobytes())
    finally:
        running.stop()
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"smoke_alarm" in content for content in kept), "something was kept"
    as_float = (sound.astype(np.float32) / np.float32(32768)).tobytes()
    for content in kept:
        for spoken in (sound.tobytes(), as_float):
            pieces = (spoken[at : at + 16] for at in range(0, len(spoken), 1600))
            assert not any(piece in content or base64.b64encode(piece)[:20] in content for piece in pieces)
