# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The bus over real websockets, on a free port of this machine."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from analytic.access import AccessRules
from analytic.app import Service
from analytic.delivery.database import Database
from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.history import History
from analytic.delivery.memory import Memory
from analytic.delivery.outbox import Outbox
from analytic.delivery.websocket import WebsocketBus
from analytic.events.types import Event, Message
from analytic.ids import Uuid7
from analytic.settings import load
from model.fake import FakeTagger
from tests.analytic.delivery.told import SIGNER, event_id, is_sound, refuse_writes, spans

Fire = Callable[..., Event]
WAIT_S = 10.0
OPEN = AccessRules.of([], [], None)
LOCKED = AccessRules.of([], [], "s3cret")


class Bus:
    """A bus with its past and its dispatcher, and who is on it.

    `past` is what it replays from: ``memory``, the list that commands use, or ``history``, what the outbox keeps.
    """

    def __init__(
        self,
        access: AccessRules,
        new_id: Callable[[], str],
        *,
        past: str = "memory",
        kept: int = 100_000,
        **options: Any,
    ) -> None:
        self.memory = Memory(kept)
        self.database = Database(None)
        self.history = History(self.database, SIGNER.sign)
        journal = self.memory if past == "memory" else Outbox(self.database, (), SIGNER.sign)
        self.counts: queue.Queue[int] = queue.Queue()
        self.bus = WebsocketBus(
            "127.0.0.1",
            0,
            access,
            self.memory if past == "memory" else self.history,
            subscribers_changed=self.counts.put,
            **options,
        )
        self.dispatcher = Dispatcher(journal, new_id, SIGNER, sinks=[self.bus])
        self.publish = self.dispatcher.publish
        self.port = self.bus.start()
        self.host = f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.bus.stop()
        self.database.close()

    def connect(self, query: str = "", path: str = "/events", **options: Any) -> ClientConnection:
        connection: ClientConnection = connect(f"ws://{self.host}{path}{query}", open_timeout=WAIT_S, **options)
        return connection

    def wait_for(self, subscribers: int) -> None:
        """Wait until it has that many subscribers."""
        while self.counts.get(timeout=WAIT_S) != subscribers:
            pass


MakeBus = Callable[..., Bus]


@pytest.fixture
def make_bus(new_id: Uuid7) -> Iterator[MakeBus]:
    made = []

    def make(access: AccessRules = OPEN, **options: Any) -> Bus:
        made.append(Bus(access, new_id, **options))
        return made[-1]

    yield make
    for bus in made:
        bus.stop()


@pytest.fixture
def bus(make_bus: MakeBus) -> Bus:
    return make_bus()


def receive(connection: ClientConnection) -> Message:
    message: Message = json.loads(connection.recv(timeout=WAIT_S))
    return message


def closing(connection: ClientConnection) -> tuple[int, str]:
    """Read until it is closed; say with what."""
    try:
        while True:
            connection.recv(timeout=WAIT_S)
    except ConnectionClosed as error:
        return (error.rcvd.code, error.rcvd.reason) if error.rcvd is not None else (0, "")


def refused(bus: Bus, **options: Any) -> tuple[int, str]:
    """Be refused; say with which status and words."""
    with pytest.raises(InvalidStatus) as caught:
        bus.connect(**options)
    response = caught.value.response
    return response.status_code, bytes(response.body or b"").decode().strip()


class TestMessages:
    def test_what_is_published_arrives_as_it_is(self, bus: Bus, fire: Fire) -> None:
        with bus.connect() as subscriber:
            bus.wait_for(1)
            bus.publish([fire(), fire(event_class="scream")])
            assert [receive(subscriber), receive(subscriber)] == bus.memory.messages()

    def test_two_messages_of_one_event_share_its_id(self, bus: Bus, fire: Fire) -> None:
        with bus.connect() as subscriber:
            bus.wait_for(1)
            bus.publish([replace(fire(), phase="start", offset_s=None), fire()])
            start, end = receive(subscriber), receive(subscriber)
        assert start["id"] == end["id"]
        assert start["message_id"] != end["message_id"]
        assert (start["phase"], end["phase"]) == ("start", "end")

    def test_every_subscriber_gets_it(self, bus: Bus, fire: Fire) -> None:
        with bus.connect() as first, bus.connect() as second:
            bus.wait_for(2)
            bus.publish([fire()])
            assert receive(first) == receive(second)

    def test_only_the_classes_and_sources_asked_for_arrive(self, bus: Bus, fire: Fire) -> None:
        with bus.connect("?classes=fire,siren") as classes, bus.connect("?sources=hall") as sources:
            bus.wait_for(2)
            bus.publish([fire(), fire(event_class="scream", source="hall"), fire(event_class="siren", source="hall")])
            assert [receive(classes)["seq"] for _ in range(2)] == [1, 3]
            assert [receive(sources)["seq"] for _ in range(2)] == [2, 3]

    def test_a_message_from_the_subscriber_changes_what_it_asks_for(self, bus: Bus, fire: Fire) -> None:
        bus.publish([fire()])
        with bus.connect("?classes=scream") as subscriber:
            bus.wait_for(1)
            subscriber.send(json.dumps({"classes": ["fire"], "since": "start"}))
            assert receive(subscriber)["seq"] == 1
            bus.publish([fire(event_class="scream"), fire()])
            assert receive(subscriber)["seq"] == 3

    def test_the_count_of_subscribers_follows_them(self, bus: Bus) -> None:
        with bus.connect():
            bus.wait_for(1)
        bus.wait_for(0)


class TestReplay:
    @pytest.fixture(params=["memory", "history"])
    def past(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def bus(self, make_bus: MakeBus, past: str) -> Bus:
        return make_bus(past=past)

    def test_without_since_the_past_stays_past(self, bus: Bus, fire: Fire) -> None:
        bus.publish([fire()])
        with bus.connect() as subscriber:
            bus.wait_for(1)
            bus.publish([fire()])
            assert receive(subscriber)["seq"] == 2

    def test_since_start_gives_all_that_is_kept_then_the_present(self, bus: Bus, fire: Fire) -> None:
        bus.publish([fire(), fire()])
        with bus.connect("?since=start") as subscriber:
            assert [receive(subscriber)["seq"] for _ in range(2)] == [1, 2]
            bus.publish([fire()])
            assert receive(subscriber)["seq"] == 3

    def test_since_an_id_gives_what_came_after_it(self, bus: Bus, fire: Fire) -> None:
        stamps = bus.publish([fire(), fire(), fire()])
        with bus.connect(f"?since={stamps[0].message_id}") as subscriber:
            assert [receive(subscriber)["seq"] for _ in range(2)] == [2, 3]

    def test_the_past_is_filtered_like_the_present(self, bus: Bus, fire: Fire) -> None:
        bus.publish([fire(), fire(event_class="scream"), fire()])
        with bus.connect("?since=start&classes=fire") as subscriber:
            assert [receive(subscriber)["seq"] for _ in range(2)] == [1, 3]

    @pytest.mark.parametrize("since", ["start", "an id"])
    def test_nothing_is_lost_or_doubled_while_others_publish(
        self, make_bus: MakeBus, fire: Fire, since: str, past: str
    ) -> None:
        bus = make_bus(queue_messages=100_000, past=past)
        first = bus.publish([fire()])[0]
        halfway = threading.Event()

        def publish() -> None:
            for count in range(150):
                bus.publish([replace(fire(), phase="start", offset_s=None), fire()])
                if count == 30:
                    halfway.set()

        threads = [threading.Thread(target=publish) for _ in range(3)]
        for thread in threads:
            thread.start()
        halfway.wait(WAIT_S)
        cursor = "start" if since == "start" else first.message_id
        expected = list(range(1 if since == "start" else 2, 902))
        with bus.connect(f"?since={cursor}") as one, bus.connect(f"?since={cursor}") as other:
            found = [[receive(subscriber)["seq"] for _ in expected] for subscriber in (one, other)]
            for thread in threads:
                thread.join(timeout=WAIT_S)
            bus.publish([fire(event_class="scream")])
            assert [receive(one)["event_class"], receive(other)["event_class"]] == ["scream", "scream"]
        assert found == [expected, expected]

    def test_a_long_past_does_not_make_a_subscriber_slow(self, make_bus: MakeBus, fire: Fire, past: str) -> None:
        bus = make_bus(queue_messages=2, past=past)
        bus.publish([fire(label="x" * 50_000) for _ in range(200)])  # 10 MB: more than fits between here and there
        with connect(f"ws://{bus.host}/events?since=start", sock=narrow(bus), max_queue=1) as subscriber:
            bus.wait_for(1)
            bus.publish([fire()])
            assert [receive(subscriber)["seq"] for _ in range(201)] == list(range(1, 202))

    def test_a_past_of_many_pieces_comes_whole_while_more_is_told(
        self, make_bus: MakeBus, fire: Fire, past: str
    ) -> None:
        bus = make_bus(queue_messages=64, past=past)
        bus.publish([fire() for _ in range(1000)])
        with bus.connect("?since=start") as subscriber:
            seen = [receive(subscriber)["seq"] for _ in range(100)]
            for _ in range(50):
                bus.publish([fire()])
                seen.append(receive(subscriber)["seq"])
            seen += [receive(subscriber)["seq"] for _ in range(900)]
        assert seen == list(range(1, 1051))

    def test_who_is_on_the_bus_may_ask_for_the_past_again_and_misses_nothing(self, bus: Bus, fire: Fire) -> None:
        with bus.connect() as subscriber:
            bus.wait_for(1)
            bus.publish([fire() for _ in range(3)])
            assert [receive(subscriber)["seq"] for _ in range(3)] == [1, 2, 3]
            subscriber.send(json.dumps({"since": "start"}))
            bus.publish([fire()])
            seen = [receive(subscriber)["seq"]]
            while seen[-4:] != [1, 2, 3, 4]:
                seen.append(receive(subscriber)["seq"])
            assert seen in ([1, 2, 3, 4], [4, 1, 2, 3, 4]), "the new one may be on its way already when it asks"
            bus.publish([fire()])
            assert receive(subscriber)["seq"] == 5


class TestHistory:
    @pytest.fixture
    def bus(self, make_bus: MakeBus) -> Bus:
        return make_bus(past="history", queue_messages=16)

    def test_gaps_and_deletions_are_told_to_whoever_subscribes_and_to_whoever_comes_later(
        self, bus: Bus, fire: Fire
    ) -> None:
        bus.publish([fire()])
        bus.publish([replace(fire(event_class="scream"), id=event_id(2))])
        with bus.connect("?classes=scream") as subscriber:
            bus.wait_for(1)
            bus.dispatcher.retract(fire().id)
            told = receive(subscriber)
        with bus.connect("?classes=scream&since=start") as later:
            found = [receive(later) for _ in range(3)]
        assert (told["phase"], told["id"]) == ("deleted", fire().id)
        assert [message["phase"] for message in found] == ["gap", "end", "deleted"]
        assert spans(found) == [(1, 1), (2, 2), (3, 3)]
        assert all(is_sound(message) for message in found)

    def test_what_could_not_be_written_is_told_at_once_and_comes_with_the_past_once_it_is(
        self, bus: Bus, fire: Fire
    ) -> None:
        bus.publish([fire()])
        with bus.connect("?since=start") as subscriber:
            assert receive(subscriber)["seq"] == 1
            refuse_writes(bus.database)
            bus.publish([fire()])
            held = receive(subscriber)
            assert (held["seq"], held["durable"]) == (2, False)
            refuse_writes(bus.database, False)
            bus.publish([fire()])
            assert receive(subscriber)["seq"] == 3
        with bus.connect("?since=start") as later:
            assert [receive(later)["seq"] for _ in range(3)] == [1, 2, 3]

    def test_who_comes_back_with_its_last_message_misses_nothing_also_where_that_one_was_deleted(
        self, bus: Bus, fire: Fire
    ) -> None:
        stamps = bus.publish([replace(fire(), id=event_id(number)) for number in range(1, 6)])
        bus.dispatcher.retract(event_id(3))
        with bus.connect(f"?since={stamps[2].message_id}") as subscriber:
            assert [receive(subscriber)["seq"] for _ in range(3)] == [4, 5, 6]

    def test_a_past_that_cannot_be_read_closes_the_connection_with_a_reason(self, bus: Bus, fire: Fire) -> None:
        bus.publish([fire()])
        bus.database.close()
        with bus.connect("?since=start") as subscriber:
            assert closing(subscriber) == (1011, "the past cannot be read")


class TestHeartbeat:
    def test_who_asks_for_it_hears_it_while_it_is_quiet_and_every_message_all_the_same(
        self, bus: Bus, fire: Fire
    ) -> None:
        with bus.connect("?heartbeat=1") as subscriber:
            bus.wait_for(1)
            assert receive(subscriber) == {"heartbeat": True}
            bus.publish([fire()])
            assert receive(subscriber)["seq"] == 1

    def test_another_length_is_a_bad_request(self, bus: Bus) -> None:
        assert refused(bus, query="?heartbeat=0.1")[0] == 400


class TestRefusals:
    def test_a_slow_subscriber_is_closed_with_a_reason_and_a_fast_one_gets_everything(
        self, make_bus: MakeBus, fire: Fire
    ) -> None:
        bus = make_bus(queue_messages=4)
        with (
            bus.connect() as fast,
            connect(f"ws://{bus.host}/events", sock=narrow(bus), max_queue=1, close_timeout=0.1) as slow,
        ):
            bus.wait_for(2)
            seen = []
            for _ in range(300):  # 15 MB: more than the buffers between here and there hold
                bus.publish([fire(label="x" * 50_000)])
                seen.append(receive(fast)["seq"])
            assert seen == list(range(1, 301))
            assert closing(slow) == (1013, "too slow; come back with since=<last message_id>")

    def test_one_too_many_is_told_to_come_back(self, make_bus: MakeBus) -> None:
        bus = make_bus(max_subscribers=1)
        with bus.connect():
            bus.wait_for(1)
            assert refused(bus) == (503, "too many subscribers")
        bus.wait_for(0)
        with bus.connect():
            bus.wait_for(1)

    def test_no_more_than_the_most_subscribe_whenever_they_show_their_token(self, make_bus: MakeBus) -> None:
        bus = make_bus(LOCKED, max_subscribers=1)
        with contextlib.ExitStack() as stack:
            waiting = []
            for _ in range(3):
                with contextlib.suppress(InvalidStatus):
                    waiting.append(stack.enter_context(bus.connect()))
            for connection in waiting:
                with contextlib.suppress(ConnectionClosed):
                    connection.send(json.dumps({"token": "s3cret"}))
                    connection.ping().wait(WAIT_S)  # the first message is read before the ping is answered
        bus.bus.stop()
        assert max(bus.counts.queue) == 1

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"])
    def test_a_foreign_host_is_misdirected(self, bus: Bus, host: str) -> None:
        assert handshake(bus, f"Host: {host}")[0] == 421

    def test_two_hosts_or_none_are_misdirected(self, bus: Bus) -> None:
        assert handshake(bus, f"Host: {bus.host}", "Host: localhost")[0] == 421
        assert handshake(bus)[0] == 421

    @pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1", "http://[", ""])
    def test_a_page_of_another_origin_is_forbidden(self, bus: Bus, origin: str) -> None:
        assert handshake(bus, f"Host: {bus.host}", f"Origin: {origin}")[0] == 403

    def test_two_origins_are_forbidden(self, bus: Bus) -> None:
        own = f"Origin: http://{bus.host}"
        assert handshake(bus, f"Host: {bus.host}", own, own)[0] == 403

    def test_an_origin_that_is_the_bus_itself_or_allowed_passes(self, make_bus: MakeBus) -> None:
        bus = make_bus(AccessRules.of([], ["https://panel.example"], None))
        for origin in (f"http://{bus.host}", "https://panel.example", None):
            with bus.connect(origin=origin):
                bus.wait_for(1)
            bus.wait_for(0)

    @pytest.mark.parametrize("path", ["/", "/event", "/events/", "/listen/kitchen"])
    def test_another_path_is_not_found(self, bus: Bus, path: str) -> None:
        assert refused(bus, path=path) == (404, "the bus is at /events")

    def test_a_target_that_cannot_be_read_is_the_callers_fault(self, bus: Bus) -> None:
        status, _ = handshake(bus, f"Host: {bus.host}", target="//[/events")
        assert 400 <= status < 500

    @pytest.mark.parametrize("query", ["?since=yesterday", "?classes=a/b", "?colour=red"])
    def test_a_query_of_another_form_is_a_bad_request(self, bus: Bus, query: str) -> None:
        status, words = refused(bus, query=query)
        assert status == 400
        assert words

    @pytest.mark.parametrize("message", ["{", "[]", '{"since": 1}', b"\xff"])
    def test_a_message_of_another_form_closes_the_connection(self, bus: Bus, message: str | bytes) -> None:
        with bus.connect() as subscriber:
            subscriber.send(message)
            code, reason = closing(subscriber)
        assert code == 1007
        assert reason

    def test_a_message_that_is_too_large_closes_the_connection(self, bus: Bus) -> None:
        with bus.connect() as subscriber:
            subscriber.send("x" * 20_000)
            assert closing(subscriber)[0] == 1009


class TestToken:
    @pytest.mark.parametrize("way", ["query", "header", "message"])
    def test_the_token_opens_the_bus(self, make_bus: MakeBus, fire: Fire, way: str) -> None:
        bus = make_bus(LOCKED)
        bus.publish([fire()])
        header = {"Authorization": "Bearer s3cret"} if way == "header" else None
        query = "?since=start&token=s3cret" if way == "query" else "?since=start" if way == "header" else ""
        with bus.connect(query, additional_headers=header) as subscriber:
            if way == "message":
                subscriber.send(json.dumps({"token": "s3cret", "since": "start"}))
            assert receive(subscriber)["seq"] == 1

    @pytest.mark.parametrize("way", ["query", "header", "message"])
    @pytest.mark.parametrize("token", ["s3cre", "S3CRET", "%C3%A9", "x" * 1000])
    def test_a_wrong_token_closes_it(self, make_bus: MakeBus, fire: Fire, way: str, token: str) -> None:
        bus = make_bus(LOCKED)
        bus.publish([fire()])
        header = {"Authorization": f"Bearer {token}"} if way == "header" else None
        query = f"?since=start&token={token}" if way == "query" else "?since=start"
        with bus.connect(query, additional_headers=header) as subscriber:
            if way == "message":
                subscriber.send(json.dumps({"token": token, "since": "start"}))
            assert closing(subscriber) == (1008, "token required")
        assert bus.counts.empty(), "it never was a subscriber"

    @pytest.mark.parametrize("message", ["{}", '{"since": "start"}', '{"token": null}', '{"token": "\\ud800"}'])
    def test_a_first_message_without_a_good_token_closes_it(self, make_bus: MakeBus, message: str) -> None:
        with make_bus(LOCKED).connect() as subscriber:
            subscriber.send(message)
            assert closing(subscriber) == (1008, "token required")

    def test_a_first_message_that_is_none_closes_it(self, make_bus: MakeBus) -> None:
        with make_bus(LOCKED).connect() as subscriber:
            subscriber.send("s3cret")
            assert closing(subscriber)[0] == 1007

    def test_nothing_arrives_before_the_token(self, make_bus: MakeBus, fire: Fire) -> None:
        bus = make_bus(LOCKED)
        with bus.connect() as subscriber:
            bus.publish([fire()])
            subscriber.send(json.dumps({"token": "s3cret"}))
            bus.wait_for(1)
            bus.publish([fire()])
            assert receive(subscriber)["seq"] == 2


class TestLife:
    def test_stopping_closes_every_subscriber_as_going_away(self, bus: Bus) -> None:
        with bus.connect() as first, bus.connect() as second:
            bus.wait_for(2)
            bus.bus.stop()
            assert closing(first)[0] == closing(second)[0] == 1001
        assert not bus.bus.running

    def test_stopping_twice_or_before_starting_does_no_harm(self, bus: Bus) -> None:
        bus.bus.stop()
        bus.bus.stop()
        never = WebsocketBus("127.0.0.1", 0, OPEN, bus.memory)
        never.stop()
        assert not never.running

    def test_a_message_after_the_end_is_nobodys(self, bus: Bus, fire: Fire) -> None:
        bus.bus.stop()
        assert len(bus.publish([fire()])) == 1

    def test_the_port_is_free_again_after_the_end(self, bus: Bus) -> None:
        bus.bus.stop()
        again = WebsocketBus("127.0.0.1", bus.port, OPEN, bus.memory)
        assert again.start() == bus.port
        again.stop()

    def test_a_port_that_is_taken_is_an_oserror(self, bus: Bus) -> None:
        second = WebsocketBus("127.0.0.1", bus.port, OPEN, bus.memory)
        with pytest.raises(OSError, match=str(bus.port)):
            second.start()
        assert not second.running
        second.stop()

    def test_it_runs_from_start_to_stop(self) -> None:
        one = WebsocketBus("127.0.0.1", 0, OPEN, Memory())
        found = [one.running]
        one.start()
        found.append(one.running)
        one.stop()
        found.append(one.running)
        assert found == [False, True, False]


class TestWithinTheService:
    def test_pages_of_the_rest_port_may_listen(self, service: Service) -> None:
        page = service.http_url
        for origin in (page, page.replace("127.0.0.1", "localhost")):
            with connect(service.bus_url, origin=Origin(origin), open_timeout=WAIT_S):
                pass
        with pytest.raises(InvalidStatus) as caught:
            connect(service.bus_url, origin=Origin("http://localhost:1"), open_timeout=WAIT_S)
        assert caught.value.response.status_code == 403

    @pytest.mark.parametrize("host", ["hub.home.example", "[fd00::7]", "fd00::7"])
    def test_pages_of_the_rest_port_may_listen_under_every_allowed_name(self, host: str) -> None:
        settings = load(http={"port": 0, "allowed_hosts": [host]}, bus={"port": 0})
        service = Service(settings, FakeTagger.always({}))
        service.start()
        try:
            port = service.http_url.rpartition(":")[2]
            bracketed = f"[{host.strip('[]')}]" if ":" in host else host
            origin = Origin(f"http://{bracketed}:{port}")
            with connect(service.bus_url, origin=origin, open_timeout=WAIT_S) as page:
                assert page.response is not None
                assert page.response.status_code == 101
        finally:
            service.stop()


def narrow(bus: Bus) -> socket.socket:
    """A connection that takes in little ahead of its reader."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", bus.port))
    return connection


def handshake(bus: Bus, *headers: str, target: str = "/events") -> tuple[int, str]:
    """Ask for a websocket with just these headers, as a browser never would; return status and body."""
    asked = [
        f"GET {target} HTTP/1.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        *headers,
    ]
    with socket.create_connection(("127.0.0.1", bus.port), timeout=WAIT_S) as connection:
        connection.sendall("\r\n".join([*asked, "", ""]).encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()
