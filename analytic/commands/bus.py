# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken listen-bus``: print what arrives on the websocket bus, and come back where it left off."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from urllib.parse import quote, urlsplit, urlunsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.uri import parse_uri

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
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
    headers = {"Authorization": f"Bearer {token}"} if token else None
    cursor, pause_s = since, _FIRST_PAUSE_S
    while True:
        try:
            async with connect(_with_since(url, cursor), additional_headers=headers, max_size=1 << 20) as connection:
                pause_s = _FIRST_PAUSE_S
                async for text in connection:
                    if not _told(text):
                        return 0
                    cursor = json.loads(text)["message_id"]
            reason = "closed"
        except InvalidHandshake as error:
            response = getattr(error, "response", None)
            if response is not None and response.status_code in _REFUSALS:
                return _complain(f"{url} refused: {response.body.decode(errors='replace').strip()}")
            reason = str(error)
        except ConnectionClosed as error:
            received = error.rcvd
            if received is not None and received.code in (1007, 1008):
                return _complain(f"{url} refused: {received.reason}")
            reason = received.reason if received is not None else "connection lost"
        except OSError as error:
            reason = error.strerror or str(error)
        print(f"{url}: {reason}; trying again in {pause_s:g} s", file=sys.stderr, flush=True)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _told(text: str | bytes) -> bool:
    """Print a message; tell whether anybody still reads."""
    try:
        print(text if isinstance(text, str) else text.decode(), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _with_since(url: str, cursor: str | None) -> str:
    if cursor is None:
        return url
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, f"since={quote(cursor)}") if part)
    return urlunsplit(parts._replace(query=query))


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 2
