# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Streams of cameras and radios, from servers on loopback."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytic.errors import ExtraMissing, SourceFailed
from analytic.listen.address import read
from analytic.listen.container import Stream
from tests.analytic.listen.cameras import Http, Rtsp, mute, serving
from tests.analytic.listen.conftest import gather, is_like, tone
from tests.analytic.listen.media import encoded, picture

SOUND = tone(2.0, rate_hz=48_000)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {
        "/a.wav": encoded(SOUND, "wav", "pcm_s16le"),
        "/a.mp4": encoded(SOUND, "mp4", "aac", options={"movflags": "frag_keyframe+empty_moov"}),
        "/a.mp3": encoded(SOUND, "mp3", "mp3"),
        "/radio.mp3": encoded(SOUND, "mp3", "mp3"),
        "/picture.mp4": picture(),
        "/words": b"no sound at all, but some words " * 200,
        "/stall.wav": encoded(SOUND, "wav", "pcm_s16le"),
        "/locked.wav": encoded(SOUND, "wav", "pcm_s16le"),
    }


@pytest.fixture
def radio(files: dict[str, bytes]) -> Iterator[Http]:
    server = Http(files)
    with serving(server):
        yield server


def url(server: Http, path: str, credentials: str = "") -> str:
    return f"http://{credentials}127.0.0.1:{server.server_address[1]}{path}"


def heard(address: str, read_s: float = 5.0) -> np.ndarray:
    return np.concatenate(list(Stream(read(address), open_s=5.0, read_s=read_s).chunks(threading.Event())))


@pytest.mark.parametrize("path", ["/a.wav", "/a.mp4", "/a.mp3", "/radio.mp3"])
def test_sound_over_http(radio: Http, path: str) -> None:
    found = heard(url(radio, path))
    assert found.dtype == np.float32
    assert found.size == pytest.approx(32_000, abs=2000)
    assert is_like(found[4000:], tone(2.0)[4000:], 15.0)


def test_sound_over_rtsp() -> None:
    camera = Rtsp(tone(2.0, rate_hz=8_000))
    with serving(camera) as host:
        found = heard(f"rtsp://{host}/stream")
    assert camera.asked[:4] == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]
    assert found.size == pytest.approx(32_000, abs=1500)
    assert is_like(found, tone(2.0))


def test_a_camera_that_falls_silent_has_failed_after_a_while_what_came_before_is_heard() -> None:
    camera = Rtsp(tone(2.0, rate_hz=8_000), stalls=True)
    pieces: list[Any] = []
    with serving(camera) as host, pytest.raises(SourceFailed, match="no answer in time") as error:
        gather(Stream(read(f"rtsp://admin:hunter2@{host}/s"), read_s=0.5).chunks(threading.Event()), pieces)
    assert np.concatenate(pieces).size > 16_000
    assert "hunter2" not in str(error.value)


def test_a_host_that_takes_connections_and_never_answers_has_failed() -> None:
    for scheme in ("http", "rtsp"):
        with mute() as host, pytest.raises(SourceFailed, match="no answer in time"):
            list(Stream(read(f"{scheme}://{host}/x"), open_s=0.3, read_s=0.3).chunks(threading.Event()))


def test_a_server_that_stalls_on_the_way_has_failed(radio: Http) -> None:
    with pytest.raises(SourceFailed, match="no answer in time"):
        list(Stream(read(url(radio, "/stall.wav")), open_s=0.3, read_s=0.3).chunks(threading.Event()))


def test_the_password_of_the_address_opens_what_is_locked(radio: Http) -> None:
    assert heard(url(radio, "/locked.wav", "admin:hunter2@")).size == pytest.approx(32_000, abs=100)
    assert radio.asked[-1] == ("/locked.wav", "Basic YWRtaW46aHVudGVyMg==")
    with pytest.raises(SourceFailed, match="401"):
        heard(url(radio, "/locked.wav"))


def test_stopped_it_ends_before_the_next_packet(radio: Http) -> None:
    stopping, count = threading.Event(), 0
    for _ in Stream(read(url(radio, "/a.wav"))).chunks(stopping):
        count += 1
        stopping.set()
    assert count == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [("/none", "404 Not Found"), ("/picture.mp4", "has no sound"), ("/words", "Invalid data found")],
)
def test_what_has_no_sound_is_refused_and_no_password_is_told(
    radio: Http, path: str, said: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SourceFailed, match=said) as error:
        heard(url(radio, path, "admin:hunter2@"))
    printed = capfd.readouterr()
    told = [str(error.value), repr(error.value), str(error.value.__cause__), caplog.text, printed.out, printed.err]
    assert "hunter2" not in " ".join(told)


def test_nobody_listens_there() -> None:
    with mute() as host:
        pass
    with pytest.raises(SourceFailed, match="Connection refused"):
        heard(f"rtsp://{host}/x")


def test_a_playlist_cannot_have_a_file_of_this_machine_opened(radio: Http, tmp_path: Path) -> None:
    (tmp_path / "secret.ts").write_bytes(encoded(SOUND, "mpegts", "mp3"))
    for name, line in {
        "/a.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{tmp_path}/secret.ts\n#EXT-X-ENDLIST\n",
        "/b.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{tmp_path}/secret.ts\n#EXT-X-ENDLIST\n",
        "/c.txt": f"ffconcat version 1.0\nfile {tmp_path}/secret.ts\n",
        "/d.sdp": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n",
    }.items():
        radio.files[name] = line.encode()
        with pytest.raises(SourceFailed):
            heard(url(radio, name), read_s=1.0)


def test_without_pyav_it_says_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ExtraMissing, match=r"hearken\[video\]"):
        heard("rtsp://127.0.0.1:1/x")
