# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Loopback servers that stand for a camera (RTSP over TCP, G.711 sound) and a radio (HTTP)."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PACKET = 160
_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:track1\r\n"
)


class Rtsp(ThreadingTCPServer):
    """Sends its sound, 8 kHz, once; then ends, or says nothing more (`stalls`)."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, sound: NDArray[np.float32], stalls: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Camera)
        self.sound, self.stalls = _mu_law(sound), stalls
        self.over = threading.Event()
        self.asked: list[str] = []


class _Camera(BaseRequestHandler):
    server: Rtsp

    def handle(self) -> None:
        with suppress(OSError):
            self._attend(self.request.makefile("rb"))

    def _attend(self, lines: Any) -> None:
        with lines:
            while line := lines.readline():
                method = line.split(b" ")[0].decode()
                headers = dict(header.decode().strip().split(": ", 1) for header in iter(lines.readline, b"\r\n"))
                self.server.asked.append(method)
                self._answer(method, headers)
                if method == "PLAY":
                    self._play()
                    if not self.server.stalls:
                        return
                    self.server.over.wait(20)
                    return

    def _answer(self, method: str, headers: Mapping[str, str]) -> None:
        more, body = "", ""
        if method == "DESCRIBE":
            more, body = f"Content-Type: application/sdp\r\nContent-Length: {len(_SDP)}\r\n", _SDP
        elif method == "SETUP":
            more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
        answer = f"RTSP/1.0 200 OK\r\nCSeq: {headers['CSeq']}\r\nPublic: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n{more}\r\n"
        self.request.sendall((answer + body).encode())

    def _play(self) -> None:
        for number, start in enumerate(range(0, len(self.server.sound), _PACKET)):
            packet = struct.pack(">BBHII", 0x80, 0, number, start, 7) + self.server.sound[start : start + _PACKET]
            self.request.sendall(b"$" + struct.pack(">BH", 0, len(packet)) + packet)


def _mu_law(sound: NDArray[np.float32]) -> bytes:
    """G.711, by its formula."""
    size = np.log1p(255 * np.abs(sound)) / np.log(256)
    code = np.round(127 * size).astype(np.uint8) | np.where(sound < 0, 0x80, 0).astype(np.uint8)
    content: bytes = np.invert(code.astype(np.uint8)).tobytes()
    return content


class Http(ThreadingHTTPServer):
    """Serves bytes by path, and notes what was asked for.

    `/stall...` sends the half and then nothing more, `/locked...` wants a password, `/radio...` has no length.
    """

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Radio)
        self.files = dict(files)
        self.over = threading.Event()
        self.asked: list[tuple[str, str | None]] = []


class _Radio(BaseHTTPRequestHandler):
    server: Http

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        if self.path.startswith("/locked") and self.headers.get("Authorization") is None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        if not self.path.startswith("/radio"):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):
            stalls = self.path.startswith("/stall")
            self.wfile.write(content[: len(content) // 2] if stalls else content)
            self.wfile.flush()
            if stalls:
                self.server.over.wait(20)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(server: Any) -> Iterator[str]:
    """Run a server; give its host and port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def mute() -> Iterator[str]:
    """A host that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"
