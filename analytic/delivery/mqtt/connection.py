# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""One connection to an MQTT broker, driven from one thread: nothing happens but while one of its methods runs.

MQTT 3.1.1, QoS 1: a message counts as sent once the broker has acknowledged it.
"""

from __future__ import annotations

import selectors
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from analytic.delivery.mqtt.topics import Letter
from analytic.delivery.pump import Unreachable

_KEEPALIVE_S = 30
_PATIENCE_S = 10.0
_RETAINED_WAIT_S = 0.5
_STEP_S = 0.2


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, and how to be let in.

    Attributes
    ----------
    host, port
        Its address.
    username, password
        Who we are; None for nobody.
    tls
        Whether the connection is encrypted, and the broker's certificate checked.
    ca_file
        Who signed that certificate; by default those whom this machine trusts.
    cert_file, key_file
        Our own certificate, where the broker asks for one.
    """

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext | None:
        """Return the TLS context; None without TLS.

        Raises
        ------
        OSError
            A file cannot be read, or holds no certificate.
        """
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        context.sslsocket_class = _Socket
        if self.cert_file is not None:
            # Without a password, OpenSSL would ask the terminal for that of an encrypted key, and wait.
            context.load_cert_chain(self.cert_file, self.key_file, password="")
        return context


class _Socket(ssl.SSLSocket):
    """One that is closed where the two sides do not agree; the library leaves it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class Connection:
    """A connection; made by `open_connection`.

    Parameters
    ----------
    client
        The library's client, connected.
    """

    def __init__(self, client: mqtt.Client) -> None:
        self._client = client
        self._acknowledged: set[int] = set()
        self.received: list[tuple[str, bytes]] = []
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def send(self, letters: Sequence[Letter]) -> Iterator[int]:
        """Publish, QoS 1; yield the index of each letter, in order, once the broker has acknowledged it.

        Raises
        ------
        Unreachable
            The connection broke, or nothing was acknowledged for ten seconds.
        """
        numbers = []
        for letter in letters:
            info = self._client.publish(letter.topic, letter.content, qos=1, retain=letter.retain)
            if info.rc != mqtt.MQTT_ERR_SUCCESS:
                raise Unreachable(mqtt.error_string(info.rc))
            numbers.append(info.mid)
        patience_until = time.monotonic() + _PATIENCE_S
        done = 0
        while done < len(numbers):
            if numbers[done] in self._acknowledged:
                self._acknowledged.discard(numbers[done])
                yield done
                done += 1
                patience_until = time.monotonic() + _PATIENCE_S
            elif time.monotonic() > patience_until:
                raise Unreachable(f"the broker acknowledged nothing for {_PATIENCE_S:g} s")
            else:
                self.step(_STEP_S)

    def subscribe(self, topics: Sequence[str]) -> list[tuple[str, bytes]]:
        """Subscribe, and return what was retained there; what is on the first topic is waited for.

        Raises
        ------
        Unreachable
            The broker does not answer.
        """
        subscribed: list[object] = []
        self._client.on_subscribe = lambda *_args: subscribed.append(True)
        self._client.subscribe([(topic, 1) for topic in topics])
        self.until(lambda: bool(subscribed), "does not answer to a subscription")
        retained_until = time.monotonic() + _RETAINED_WAIT_S
        while time.monotonic() < retained_until and all(topic != topics[0] for topic, _ in self.received):
            self.step(_RETAINED_WAIT_S / 10)
        return self.take()

    def take(self) -> list[tuple[str, bytes]]:
        """Return what has come in since the last time: topics and payloads."""
        found, self.received = self.received, []
        return found

    def step(self, wait_s: float = 0.0) -> None:
        """Read and write what there is; wait so long at most for it.

        Raises
        ------
        Unreachable
            The connection broke.
        """
        for code in self._loop(wait_s):
            if code != mqtt.MQTT_ERR_SUCCESS:
                raise Unreachable(mqtt.error_string(code))

    def _loop(self, wait_s: float) -> Iterator[MQTTErrorCode]:
        """Do what the library's own loop does, which fails where the process has more than 1024 files open."""
        connection = self._client.socket()
        if connection is None:
            yield mqtt.MQTT_ERR_NO_CONN
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._client.want_write() else 0)
        is_pending = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        with selectors.DefaultSelector() as selector:
            selector.register(connection, wanted)
            found = selector.select(0.0 if is_pending else wait_s)
        ready = found[0][1] if found else 0
        if is_pending or ready & selectors.EVENT_READ:
            yield self._client.loop_read()
        if ready & selectors.EVENT_WRITE:
            yield self._client.loop_write()
        yield self._client.loop_misc()

    def until(self, holds: Callable[[], bool], complaint: str) -> None:
        """Wait for something.

        Raises
        ------
        Unreachable
            It did not come in ten seconds.
        """
        patience_until = time.monotonic() + _PATIENCE_S
        while not holds():
            if time.monotonic() > patience_until:
                raise Unreachable(f"the broker {complaint}")
            self.step(_STEP_S)

    def wait(self, seconds: float) -> None:
        """Let some time pass, and keep the connection meanwhile.

        Raises
        ------
        Unreachable
            The connection broke.
        """
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.step(min(left, _STEP_S))

    def close(self) -> None:
        """Leave without the last will."""
        self._client.disconnect()
        for _ in self._loop(0.0):
            pass
        self._let_go()

    def drop(self) -> None:
        """Leave as if the line were cut: the broker tells the last will."""
        connection = self._client.socket()
        if connection is not None:
            connection.close()
        self._let_go()

    def _let_go(self) -> None:
        """Part from the client, which closes its sockets once nobody knows it."""
        self._client.on_publish = self._client.on_message = None

    def _on_publish(self, _client: object, _data: object, number: int, *_more: object) -> None:
        self._acknowledged.add(number)

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self.received.append((message.topic, bytes(message.payload)))


def open_connection(broker: Broker, client_id: str, will: Letter) -> Connection:
    """Connect to a broker.

    Raises
    ------
    Unreachable
        It is not there, does not answer, or does not let us in.
    """
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True, reconnect_on_failure=False
    )
    client.connect_timeout = _PATIENCE_S
    client.max_inflight_messages_set(100)
    client.will_set(will.topic, will.content, qos=1, retain=will.retain)
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    context = broker.context()
    if context is not None:
        client.tls_set_context(context)
    where, codes = f"{broker.host}:{broker.port}", list[Any]()
    client.on_connect = lambda _client, _data, _flags, code, _properties: codes.append(code)
    try:
        client.connect(broker.host, broker.port, _KEEPALIVE_S)
    except (OSError, ValueError) as error:
        raise Unreachable(f"{where}: {error}") from error
    connection = Connection(client)
    try:
        connection.until(lambda: bool(codes), "does not answer")
    except Unreachable as error:
        connection.drop()
        raise Unreachable(f"{where} refuses: {codes[0]}" if codes else f"{where}: {error}") from error
    return connection
