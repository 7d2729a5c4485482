# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Passes sound on to the websocket door of another machine's service, so that the microphone can be elsewhere.

One connection a source, opened again with growing pauses when it ends. Sound waits for some seconds where the network
is slow; when the connection is new, only the last second is sent, so that the service's times are right.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed, InvalidHandshake, WebSocketException
from websockets.sync.client import ClientConnection, connect

from analytic.audio.clip import to_samples
from analytic.errors import SourceFailed
from analytic.events.types import Source
from analytic.listen.keeper import Backoff

_OPEN_S, _CLOSE_S, _LOOK_S = 5.0, 2.0, 0.2
_MOST_WAITING = to_samples(5.0)
_AT_FIRST = to_samples(1.0)
_REFUSALS = frozenset({400, 401, 403, 404, 421})
_CLOSE_INVALID = 1007

Samples = NDArray[np.float32]


class Forwarder:
    """Takes the sound of sources, and sends it on.

    Parameters
    ----------
    to
        The address of the service's websocket server.
    token
        What it asks for.
    refused
        Told when the service will not have a source, however often it is asked.
    say
        Told how it goes, for a person: the source's name and words.
    backoff
        Makes the pauses of one source.
    """

    def __init__(
        self,
        to: str,
        token: str | None,
        refused: Callable[[Exception], object],
        say: Callable[[str, str], object],
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._to = to
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._refused = refused
        self._say = say
        self._backoff = backoff
        self._lines: list[Line] = []

    def connect(self, source: Source) -> Line:
        """Begin to take a source's sound."""
        url = f"{self._to}/listen/{source.id}"
        line = Line(url, self._headers, self._refused, partial(self._say, source.id), self._backoff())
        self._lines.append(line)
        line.start()
        return line

    def feed(self, session: Line, samples: Samples) -> None:
        """Take sound; returns at once."""
        session.put(samples)

    def pause(self, session: Line, error: str, retry_in_s: float) -> None:
        """Say why nothing comes."""
        session.say(f"{error}; trying again in {retry_in_s:.1f} s")

    def disconnect(self, session: Line, error: str | None = None) -> None:
        """Send what waits, and end; say why if there is a reason."""
        if error is not None:
            session.say(error)
        session.stop()

    def stop(self) -> None:
        """End all."""
        for line in self._lines:
            line.stop()


class Line:
    """One source's way to the service."""

    def __init__(
        self,
        url: str,
        headers: dict[str, str],
        refused: Callable[[Exception], object],
        say: Callable[[str], object],
        backoff: Backoff,
    ) -> None:
        self._url, self._headers = url, headers
        self._refused = refused
        self.say = say
        self._backoff = backoff
        self._pieces: deque[Samples] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listen-forward", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Send what waits if there is a connection, and end the thread."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join()

    def put(self, samples: Samples) -> None:
        """Have sound sent; the oldest beyond five seconds is left out."""
        with self._changed:
            self._pieces.append(samples)
            self._waiting += samples.size
            self._keep(_MOST_WAITING)
            self._changed.notify_all()

    def _keep(self, most: int) -> None:
        while self._waiting > most:
            self._waiting -= self._pieces.popleft().size

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                reason = self._connected()
            except SourceFailed as error:
                self._refused(error)
                return
            if self._stopping.is_set():
                return
            pause_s = self._backoff.next()
            self.say(f"{self._url}: {reason}; trying again in {pause_s:.1f} s")
            self._stopping.wait(pause_s)

    def _connected(self) -> str:
        """Send sound over one connection; return why it ended."""
        try:
            with connect(
                self._url,
                additional_headers=self._headers,
                compression=None,
                open_timeout=_OPEN_S,
                close_timeout=_CLOSE_S,
            ) as connection:
                self.say(f"connected to {self._url}")
                return self._send(connection)
        except InvalidHandshake as error:
            response = getattr(error, "response", None)
            if response is not None and response.status_code in _REFUSALS:
                words = response.body.decode(errors="replace").strip()
                raise SourceFailed(self._url, f"refused: {words}") from error
            return str(error)
        except ConnectionClosed as error:
            if error.rcvd is None:
                return "connection lost"
            if error.rcvd.code == _CLOSE_INVALID:
                raise SourceFailed(self._url, f"refused: {error.rcvd.reason}") from error
            return error.rcvd.reason or "closed"
        except (OSError, WebSocketException) as error:
            return getattr(error, "strerror", None) or str(error)

    def _send(self, connection: ClientConnection) -> str:
        with self._changed:
            self._keep(_AT_FIRST)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pieces or self._stopping.is_set(), _LOOK_S)
                piece = self._pieces.popleft() if self._pieces else None
                self._waiting -= 0 if piece is None else piece.size
            if piece is not None:
                connection.send(_to_pcm16(piece))
                self._backoff.good(piece.size / _AT_FIRST)
            elif self._stopping.is_set():
                return "ended"
            else:
                _look(connection)


def _look(connection: ClientConnection) -> None:
    """Notice that the connection has ended, though there is nothing to send."""
    try:
        while True:
            connection.recv(timeout=0)
    except TimeoutError:
        return


def _to_pcm16(samples: Samples) -> bytes:
    content: bytes = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()
    return content
