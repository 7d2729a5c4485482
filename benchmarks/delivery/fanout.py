# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Many subscribers of the websocket bus, some of whom never read: how soon the others have a message.

The bus with its outbox runs in a process of its own and notes when each message was committed; the subscribers run here
and note when they have it. Both read the machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from websockets.asyncio.client import ClientConnection, connect

CLIENTS, NEVER_READING = 200, 20
MESSAGES, EVERY_S = 1200, 0.05


def measure() -> dict[str, Any]:
    """Run it; return the figures."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.delivery.fanout", folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as teller,
    ):
        assert teller.stdin is not None
        assert teller.stdout is not None
        url = teller.stdout.readline().strip()
        return asyncio.run(_listen(url, teller, psutil.Process(teller.pid)))


async def _listen(url: str, teller: subprocess.Popen[str], process: psutil.Process) -> dict[str, Any]:
    received: list[dict[str, float]] = []
    clients = [await connect(url) for _ in range(CLIENTS - NEVER_READING)]
    reading = [asyncio.create_task(_read(client, received)) for client in clients]
    deaf = [_deaf(url) for _ in range(NEVER_READING)]
    assert teller.stdin is not None
    assert teller.stdout is not None
    teller.stdin.write("go\n")
    teller.stdin.flush()
    sizes = []
    answer = asyncio.create_task(asyncio.to_thread(teller.stdout.readline))
    while not answer.done():
        sizes.append(process.memory_info().rss)
        await asyncio.sleep(1.0)
    committed = json.loads(await answer)
    await asyncio.sleep(2.0)
    for task in reading:
        task.cancel()
    await asyncio.gather(*(client.close() for client in clients), *reading, return_exceptions=True)
    for one in deaf:
        one.close()
    teller.stdin.close()
    delays = [had[key] - committed[key] for had in received for key in had]
    tenth = max(1, len(sizes) // 10)
    return {
        "subscribers": CLIENTS,
        "never_reading": NEVER_READING,
        "messages": len(committed),
        "a_second": round(1 / EVERY_S),
        "received": len(delays),
        "lost": len(committed) * len(received) - len(delays),
        "commit_to_receipt_ms": {
            name: round(float(np.percentile(delays, at)) * 1000, 1) for name, at in (("p50", 50), ("p99", 99))
        },
        "memory_mib": {
            "first_tenth": round(float(np.mean(sizes[tenth : 2 * tenth])) / 2**20, 1),
            "last_tenth": round(float(np.mean(sizes[-tenth:])) / 2**20, 1),
        },
    }


async def _read(client: ClientConnection, received: list[dict[str, float]]) -> None:
    had: dict[str, float] = {}
    received.append(had)
    with contextlib.suppress(asyncio.CancelledError):
        async for text in client:
            had[json.loads(text)["message_id"]] = time.monotonic()


def _deaf(url: str) -> socket.socket:
    """Subscribe by hand, and never read."""
    host, port = url.removeprefix("ws://").partition("/")[0].split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.sendall(
        f"GET /events HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    return connection


def _tell(folder: Path) -> None:
    """Be the other process: tell messages, and note when each was committed."""
    from analytic.access import AccessRules
    from analytic.app import make_ids
    from analytic.delivery.database import Database
    from analytic.delivery.dispatch import Dispatcher
    from analytic.delivery.history import History
    from analytic.delivery.outbox import Outbox
    from analytic.delivery.signing import Signer
    from analytic.delivery.websocket import WebsocketBus
    from analytic.events.types import AnonymizerName, Event, Message, ModelName, Requestor, Source

    signer, database = Signer.ephemeral(), Database(folder)
    committed: dict[str, float] = {}

    class Noting(Outbox):
        def commit(self, messages: Any) -> None:
            super().commit(messages)
            committed.update({message["message_id"]: time.monotonic() for message in messages})

    bus = WebsocketBus("127.0.0.1", 0, AccessRules(), History(database, signer.sign), max_subscribers=CLIENTS)
    print(f"ws://127.0.0.1:{bus.start()}/events", flush=True)
    ids = make_ids()
    sinks: list[Any] = [bus]
    dispatcher = Dispatcher(Noting(database, (), signer.sign), ids, signer, sinks=sinks)
    event = Event(
        ids(), "start", "smoke_alarm", "Smoke detector, smoke alarm", "/m/01y3hg", 0.9, 1.0, None, None, None, -12.0,
        Source("kitchen", "stream"), Requestor(), ModelName("hearken_small", "1"), AnonymizerName("none"),
    )  # fmt: skip
    sys.stdin.readline()
    following = time.monotonic()
    for _ in range(MESSAGES):
        dispatcher.publish([event])
        following += EVERY_S
        time.sleep(max(0.0, following - time.monotonic()))
    message: Message = dict(committed)
    print(json.dumps(message), flush=True)
    sys.stdin.readline()
    bus.stop()
    database.close()


if __name__ == "__main__":
    _tell(Path(sys.argv[1]))
