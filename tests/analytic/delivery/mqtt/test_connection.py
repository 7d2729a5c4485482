# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The wire, with a real broker at its end."""

from __future__ import annotations

import gc
import os
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from analytic.delivery.mqtt import connection
from analytic.delivery.mqtt.connection import Broker, Connection, open_connection
from analytic.delivery.mqtt.topics import Letter
from analytic.delivery.pump import Unreachable
from tests.analytic.delivery.mqtt.certificates import Authority, password_file
from tests.analytic.delivery.mqtt.ear import Ear
from tests.homeassistant.conftest import StartMosquitto
from tests.homeassistant.mosquitto import Mosquitto

WILL = Letter("wire/available", "offline", retain=True)
MakeEar = Callable[..., Ear]


def at(broker: Mosquitto) -> Broker:
    return Broker("127.0.0.1", broker.port)


@contextmanager
def connected(broker: Broker, name: str = "wire") -> Iterator[Connection]:
    one = open_connection(broker, name, WILL)
    try:
        yield one
    finally:
        one.close()


def refusal(broker: Broker) -> str:
    with pytest.raises(Unreachable) as refused:
        open_connection(broker, "wire", WILL)
    return str(refused.value)


def test_what_the_broker_has_acknowledged_is_told_in_order_and_is_there(mosquitto: Mosquitto, ear: MakeEar) -> None:
    listening = ear(mosquitto, "wire/many")
    with connected(at(mosquitto)) as one:
        assert list(one.send([Letter("wire/many", str(number)) for number in range(300)])) == list(range(300))
    listening.wait_for(lambda: len(listening.on("wire/many")) == 300)
    assert listening.on("wire/many") == [str(number) for number in range(300)]


def test_nothing_counts_as_sent_before_the_broker_has_acknowledged_it(
    start_mosquitto: StartMosquitto, ear: MakeEar, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert connection._PATIENCE_S == 10.0
    monkeypatch.setattr(connection, "_PATIENCE_S", 0.3)
    broker = start_mosquitto()
    one = open_connection(at(broker), "wire", WILL)
    broker.pause()
    sent = one.send([Letter("wire/one", "1")])
    with pytest.raises(Unreachable, match=r"^the broker acknowledged nothing for 0\.3 s$"):
        next(sent)
    one.drop()
    broker.resume()


def test_a_broker_that_hangs_does_not_hold_up_a_new_connection(
    start_mosquitto: StartMosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_PATIENCE_S", 0.3)
    broker = start_mosquitto()
    broker.pause()
    assert refusal(at(broker)) == f"127.0.0.1:{broker.port}: the broker does not answer"
    broker.resume()
    monkeypatch.undo()
    with connected(at(broker)) as one:
        assert list(one.send([WILL])) == [0]


def test_the_will_is_told_when_the_line_is_cut_and_not_when_we_leave(mosquitto: Mosquitto, ear: MakeEar) -> None:
    listening = ear(mosquitto, WILL.topic)
    with connected(at(mosquitto)) as one:
        list(one.send([Letter("wire/available", "online", retain=True)]))
    with connected(at(mosquitto)) as one:
        list(one.send([Letter("wire/available", "here again", retain=True)]))
        one.drop()
    listening.wait_for(lambda: listening.on(WILL.topic)[-1:] == ["offline"])
    assert [said for said in listening.on(WILL.topic) if said != ""] == ["online", "here again", "offline"]
    assert ear(mosquitto, WILL.topic).retained == {WILL.topic: "offline"}


def test_what_is_retained_is_had_with_the_subscription(mosquitto: Mosquitto) -> None:
    with connected(at(mosquitto)) as one:
        list(one.send([Letter("wire/b", "second", retain=True), Letter("wire/a", "first", retain=True)]))
    with connected(at(mosquitto)) as one:
        assert ("wire/a", b"first") in one.subscribe(["wire/a", "wire/b"])
    with connected(at(mosquitto)) as one:
        assert one.subscribe(["wire/nothing", "wire/nothing/either"]) == []


def test_a_broker_that_is_not_there_is_named() -> None:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    assert refusal(Broker("127.0.0.1", port)) == f"127.0.0.1:{port}: [Errno 111] Connection refused"
    assert refusal(Broker("no-such-host.invalid")).startswith("no-such-host.invalid:1883: ")


def test_another_server_than_a_broker_is_no_fault_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.listen()
        other = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()
        other.close()
    assert refusal(Broker("127.0.0.1", port)).startswith(f"127.0.0.1:{port}: ")


def test_a_connection_that_breaks_is_unreachable(start_mosquitto: StartMosquitto) -> None:
    broker = start_mosquitto()
    one = open_connection(at(broker), "wire", WILL)
    broker.kill()
    with pytest.raises(Unreachable, match="connection"):
        list(one.send([Letter("wire/one", "1")]))
    with pytest.raises(Unreachable):
        one.step()
    one.close()


def test_connections_that_fail_leave_nothing_open(start_mosquitto: StartMosquitto, tmp_path: Path) -> None:
    passwords = password_file(tmp_path, "hearken", "right")
    broker = start_mosquitto(settings=["allow_anonymous false", f"password_file {passwords}"])
    good = replace(at(broker), username="hearken", password="right")
    gc.collect()
    gc.disable()
    try:
        before = psutil.Process().num_fds()
        for _ in range(5):
            with suppress(Unreachable):
                open_connection(at(broker), "wire", WILL)
            open_connection(good, "wire", WILL).drop()
            open_connection(good, "wire", WILL).close()
        assert psutil.Process().num_fds() == before
    finally:
        gc.enable()


def test_a_wrong_password_is_told_in_a_sentence_that_does_not_repeat_it(
    start_mosquitto: StartMosquitto, tmp_path: Path
) -> None:
    passwords = password_file(tmp_path, "hearken", "right")
    broker = start_mosquitto(settings=["allow_anonymous false", f"password_file {passwords}"])
    wrong = Broker("127.0.0.1", broker.port, "hearken", "s3cret")
    assert refusal(wrong) == f"127.0.0.1:{broker.port} refuses: Not authorized"
    assert "s3cret" not in repr(wrong)
    assert refusal(at(broker)) == f"127.0.0.1:{broker.port} refuses: Not authorized"
    with connected(replace(wrong, password="right")) as one:
        assert list(one.send([WILL])) == [0]


class TestTls:
    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        return Authority(tmp_path)

    @pytest.fixture
    def broker(self, authority: Authority, start_mosquitto: StartMosquitto) -> Mosquitto:
        """A broker that lets nobody in without a certificate."""
        certificate, key = authority.sign("broker")
        settings = [f"cafile {authority.file}", f"certfile {certificate}", f"keyfile {key}"]
        return start_mosquitto(settings=[*settings, "require_certificate true"])

    @pytest.fixture
    def good(self, authority: Authority, broker: Mosquitto) -> Broker:
        certificate, key = authority.sign("hearken")
        return Broker("127.0.0.1", broker.port, tls=True, ca_file=authority.file, cert_file=certificate, key_file=key)

    def test_with_certificates_on_both_sides_messages_arrive(self, good: Broker) -> None:
        with connected(good) as one:
            assert list(one.send([Letter("wire/one", "x" * 100_000)])) == [0]

    def test_a_broker_whose_certificate_nobody_we_trust_signed_is_refused(self, good: Broker, tmp_path: Path) -> None:
        assert "certificate verify failed" in refusal(replace(good, ca_file=Authority(tmp_path, "other").file))
        assert "certificate verify failed" in refusal(replace(good, ca_file=None))

    def test_a_certificate_for_another_address_is_refused(
        self, authority: Authority, good: Broker, start_mosquitto: StartMosquitto
    ) -> None:
        certificate, key = authority.sign("elsewhere", "127.0.0.9")
        elsewhere = start_mosquitto(settings=[f"certfile {certificate}", f"keyfile {key}"])
        assert "IP address mismatch" in refusal(replace(good, port=elsewhere.port))

    def test_without_a_certificate_of_our_own_the_broker_closes_the_door(self, good: Broker) -> None:
        assert refusal(replace(good, cert_file=None, key_file=None)).startswith(f"127.0.0.1:{good.port}: ")

    def test_with_a_certificate_that_somebody_else_signed_as_well(self, good: Broker, tmp_path: Path) -> None:
        certificate, key = Authority(tmp_path, "other").sign("stranger")
        stranger = replace(good, cert_file=certificate, key_file=key)
        assert refusal(stranger).startswith(f"127.0.0.1:{good.port}: ")

    def test_speaking_plainly_to_it_is_refused(self, good: Broker) -> None:
        assert refusal(Broker("127.0.0.1", good.port)).startswith(f"127.0.0.1:{good.port}: ")

    def test_tls_to_a_broker_without_it_is_refused(self, good: Broker, mosquitto: Mosquitto) -> None:
        assert refusal(replace(good, port=mosquitto.port)).startswith(f"127.0.0.1:{mosquitto.port}: ")

    def test_files_that_hold_no_certificate_are_an_oserror(self, good: Broker, tmp_path: Path) -> None:
        (tmp_path / "empty").touch()
        for wrong in (tmp_path / "empty", tmp_path / "missing"):
            with pytest.raises(OSError, match=r"NO_CERTIFICATE|No such file"):
                replace(good, ca_file=wrong).context()
            with pytest.raises(OSError, match=r"PEM|No such file"):
                replace(good, cert_file=wrong).context()

    def test_an_encrypted_key_is_an_oserror_and_nobody_is_asked_for_its_password(
        self, authority: Authority, good: Broker
    ) -> None:
        certificate, key = authority.sign("locked", password="secret")
        with pytest.raises(OSError, match="SSL"):
            replace(good, cert_file=certificate, key_file=key).context()


def test_without_tls_there_is_no_context() -> None:
    assert Broker("127.0.0.1").context() is None


def test_it_works_where_the_process_has_more_than_1024_files_open(mosquitto: Mosquitto) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2048)), hard))
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        connection = open_connection(Broker("127.0.0.1", mosquitto.port), "many", Letter("many/will", "gone"))
        assert list(connection.send([Letter("many/a", "1"), Letter("many/b", "2")])) == [0, 1]
        connection.close()
    finally:
        for one in taken:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
