# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Who listens: a consumer of each kind that notes every message, and what it would do with one that comes twice."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.dht_node import Node

RESULTS = "SIFIS:Privacy_Aware_Audio_Anomaly_Detection_Results"
_LATEST = "Audio_Anomaly_Detection_Results"


class Notes:
    """What has come in: each message once, and how many came again."""

    def __init__(self) -> None:
        self.messages: dict[str, str] = {}
        self.again = 0
        self.differing = 0  # the same id, another content
        self._lock = threading.Lock()

    def note(self, message: dict[str, Any]) -> None:
        """Note a message."""
        if "message_id" not in message:  # a heartbeat
            return
        content = json.dumps(message, sort_keys=True)
        with self._lock:
            known = self.messages.setdefault(message["message_id"], content)
            if known is not content:
                self.again += 1
                self.differing += known != content


class BusConsumer(Notes):
    """Reads the websocket bus, and comes back with the last id it has."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self._cursor = "start"
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping = True
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                url = f"ws://127.0.0.1:{self._port}/events?since={self._cursor}"
                with connect(url, open_timeout=2, close_timeout=0.2) as connection:
                    while not self._stopping:
                        with contextlib.suppress(TimeoutError):
                            message = json.loads(connection.recv(timeout=0.2))
                            self.note(message)
                            self._cursor = message["message_id"]
            time.sleep(0.05)


class MqttConsumer(Notes):
    """Subscribes to everything of Hearken, QoS 1, with a session that the broker keeps; a new client each time."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self._stopping = False
        self._subscribed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._subscribed.wait(10):
            raise RuntimeError("the broker does not let the consumer in")

    def stop(self) -> None:
        """End."""
        self._stopping = True
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            client = mqtt.Client(
                CallbackAPIVersion.VERSION2, client_id="consumer", clean_session=False, reconnect_on_failure=False
            )
            client.on_connect = lambda client, *_: client.subscribe("hearken/+/events", qos=1)
            client.on_subscribe = lambda *_: self._subscribed.set()
            client.on_message = lambda _client, _data, message: self.note(json.loads(message.payload))
            with contextlib.suppress(OSError):
                client.connect("127.0.0.1", self._port, keepalive=5)
                while not self._stopping and client.loop(0.2) == mqtt.MQTT_ERR_SUCCESS:
                    pass
                client.disconnect()
            time.sleep(0.2)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: object) -> None:
        """Say nothing: the service was killed in the middle of a request."""


class WebhookConsumer(Notes):
    """An HTTP server that takes what is posted."""

    def __init__(self) -> None:
        super().__init__()
        notes = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                notes.note(json.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


class DhtConsumer(Notes):
    """A stand-in of the node, and what it keeps."""

    def __init__(self) -> None:
        super().__init__()
        self._node = Node(port=0)
        self.port = int(self._node.start().rpartition(":")[2].partition("/")[0])

    def look(self) -> None:
        """Note what the node keeps under keys of their own."""
        for key, value in self._node.values(RESULTS).items():
            if key != _LATEST and key not in self.messages:
                self.note(value["event"])

    def stop(self) -> None:
        """End."""
        self._node.stop()
