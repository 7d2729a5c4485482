# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken listen-bus``: print what arrives on the websocket bus, and come back where it left off."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from urllib.parse import quote, urlsplit, urlunsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.uri import parse_uri

from analytic.ids import Uuid7

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_REFUSING_CODES = frozenset({1007, 1008})
_REFUSALS = frozenset({400, 401, 403, 404, 421})


def listen(url: str, since: str | None, token: str | None) -> int:
    """Print each message on a line of its own until interrupted; return an exit code.

    A bus that goes away is waited for, and asked for what was missed. One that refuses ends the command.
    """
    try:
        return asyncio.run(_listen(url, since, token))
    except KeyboardInterrupt:
        return 0


async def _listen(url: str, since: str | None, token: str | None) -> int:
    try:
        parse_uri(url)
    except (InvalidURI, ValueError) as error:
        return _complain(f"{url!r} is no address of a bus: {error}")
    reader, pause_s = _Reader(url, since, token), _FIRST_PAUSE_S
    while True:
        try:
            reason = await reader.read()
        except NobodyReads:
            return 0
        except Refusal as error:
            return _complain(f"{url} {error}")
        if reader.connected:
            pause_s = _FIRST_PAUSE_S
        print(f"{url}: {reason}; trying again in {pause_s:g} s", file=sys.stderr, flush=True)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


class Refusal(Exception):
    """The other side will not be a bus for us, however often we ask."""


class NobodyReads(Exception):
    """Our own output was closed."""


class _Reader:
    """Reads one bus, connection after connection, and knows where it left off."""

    def __init__(self, url: str, since: str | None, token: str | None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else None
        self._cursor = since
        self.connected = False

    async def read(self) -> str:
        """Print messages until the connection ends; return why it did.

        Raises
        ------
        Refusal, NobodyReads
            There is no use in coming back.
        """
        self.connected = False
        address = _with_since(self._url, self._cursor)
        try:
            async with connect(address, additional_headers=self._headers, max_size=1 << 20) as connection:
                self.connected = True
                # What is missed from here on is asked for when the connection comes back.
                self._cursor = self._cursor or Uuid7(lambda: time.time_ns() // 1_000_000, bytes)()
                async for text in connection:
                    self._take(text)
            return "closed"
        except InvalidHandshake as error:
            response = getattr(error, "response", None)
            if response is not None and response.status_code in _REFUSALS:
                raise Refusal(f"refused: {response.body.decode(errors='replace').strip()}") from error
            return str(error)
        except ConnectionClosed as error:
            if error.rcvd is None:
                return "connection lost"
            if error.rcvd.code in _REFUSING_CODES:
                raise Refusal(f"refused: {error.rcvd.reason}") from error
            return error.rcvd.reason
        except OSError as error:
            return error.strerror or str(error)

    def _take(self, text: str | bytes) -> None:
        try:
            found = json.loads(text)
            if "heartbeat" in found:  # asked for in the address
                return
            self._cursor = str(found["message_id"])
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal("is no bus: it sends something else than messages") from error
        try:
            print(text if isinstance(text, str) else text.decode(), flush=True)
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise NobodyReads from error


def _with_since(url: str, cursor: str | None) -> str:
    if cursor is None:
        return url
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, f"since={quote(cursor)}") if part)
    return urlunsplit(parts._replace(query=query))


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 2
