# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``ws://HOST:PORT/listen/<source>``: live sound over the websocket server.

A binary message is a piece of sound, signed 16 bit little-endian, mono, 16 000 Hz; or, with ``?format=webm``, a piece
of what a browser's MediaRecorder makes (Opus in WebM). The answers are JSON: ``{"type": "listening", "source": NAME}``
at the start, ``{"type": "error", "message": WHY}`` before a refusal. What is heard goes to the bus, ``/events``.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qs, unquote

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

from analytic.access import bearer
from analytic.errors import HearkenError, NoRoom
from analytic.events.types import Source
from analytic.ids import is_identifier
from analytic.listen.listener import Listener
from analytic.listen.session import Session

PATH = "/listen/"
FORMATS = ("pcm16", "webm")
MAX_MESSAGE_BYTES = 1 << 20
CLOSE_INVALID, CLOSE_BUSY = 1007, 1013


class Unpack(Protocol):
    """Turns messages into sound."""

    def push(self, message: bytes) -> NDArray[np.float32]:
        """Return the sound that a message completes, float32, shape (n,), mono, 16 000 Hz.

        Raises
        ------
        HearkenError
            The bytes are no such sound.
        """
        ...

    def close(self) -> NDArray[np.float32]:
        """End; return what is left."""
        ...


class Pcm16:
    """Signed 16 bit little-endian; an odd byte waits for its other half."""

    def __init__(self) -> None:
        self._rest = b""

    def push(self, message: bytes) -> NDArray[np.float32]:
        """Return the sound of a message."""
        content = self._rest + message
        whole = len(content) - len(content) % 2
        self._rest = content[whole:]
        return np.frombuffer(content[:whole], "<i2").astype(np.float32) / np.float32(32768.0)

    def close(self) -> NDArray[np.float32]:
        """Return nothing: no sound is held back."""
        return np.empty(0, np.float32)


class ListenDoor:
    """Takes live sound; a door of the websocket server.

    Parameters
    ----------
    listener
        Who runs the sources.
    allows_token
        Tells whether a token may do everything.
    tokens
        By source, a token that may send its sound.
    unpack
        By format, makes what turns messages into sound.
    """

    path = PATH
    max_message_bytes = MAX_MESSAGE_BYTES

    def __init__(
        self,
        listener: Listener,
        allows_token: Callable[[str | None], bool],
        tokens: Mapping[str, str],
        unpack: Mapping[str, Callable[[], Unpack]],
    ) -> None:
        self._listener = listener
        self._allows_token = allows_token
        self._tokens = dict(tokens)
        self._unpack = dict(unpack)

    def refuse(self, request: Request) -> tuple[HTTPStatus, str] | None:
        """Tell why a request may not come in, if so."""
        name, query = _asked(request.path)
        if not is_identifier(name):
            return HTTPStatus.BAD_REQUEST, "the path is /listen/<source>: 1 to 64 characters of A-Z a-z 0-9 . _ -"
        form = query.get("format", FORMATS[0])
        if form not in self._unpack:
            return HTTPStatus.BAD_REQUEST, f"format is one of {', '.join(self._unpack)}, found {form[:20]!a}"
        if not self._may(name, query.get("token") or bearer(request.headers.get("Authorization"))):
            return HTTPStatus.UNAUTHORIZED, "a token is needed: ?token=... or Authorization: Bearer ..."
        return None

    async def handle(self, connection: ServerConnection) -> None:
        """Take sound until the connection ends."""
        request = connection.request
        if request is None:  # never, once the handshake is done
            return
        name, query = _asked(request.path)
        source = Source(name, "websocket")
        try:
            session = self._listener.connect(source)
        except NoRoom as error:
            await _refuse(connection, CLOSE_BUSY, str(error))
            return
        reason: str | None = None
        try:
            await connection.send(json.dumps({"type": "listening", "source": name}))
            await self._take(connection, session, self._unpack[query.get("format", FORMATS[0])]())
        except HearkenError as error:
            reason = str(error)
            await _refuse(connection, CLOSE_INVALID, reason)
        except ConnectionClosed:
            pass
        finally:
            self._listener.disconnect(session, reason)

    async def _take(self, connection: ServerConnection, session: Session, unpack: Unpack) -> None:
        try:
            async for message in connection:
                if isinstance(message, str):
                    await _refuse(connection, CLOSE_INVALID, "sound comes in binary messages")
                    return
                self._listener.feed(session, unpack.push(message))
        finally:
            self._listener.feed(session, await asyncio.to_thread(unpack.close))  # it may wait for a decoder

    def _may(self, name: str, shown: str | None) -> bool:
        own = self._tokens.get(name)
        if own is not None and shown is not None and hmac.compare_digest(own.encode(), shown.encode(errors="replace")):
            return True
        if own is not None and self._allows_token(None):
            return False  # a service without a token is open to all, but not this source
        return self._allows_token(shown)


def _asked(target: str) -> tuple[str, dict[str, str]]:
    path, _, query = target.partition("?")
    return unquote(path.removeprefix(PATH)), {key: values[-1] for key, values in parse_qs(query).items()}


async def _refuse(connection: ServerConnection, code: int, reason: str) -> None:
    with contextlib.suppress(ConnectionClosed):
        await connection.send(json.dumps({"type": "error", "message": reason}))
        await connection.close(code, reason[:120])
