# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import base64
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

import analytic.delivery.webhook.sink
from analytic.delivery.pump import Pump, Unreachable
from analytic.delivery.verifying import read_key
from analytic.delivery.webhook.sink import Webhook, WebhookSink
from analytic.events.types import Message
from tests.analytic.delivery.told import NOON, SIGNER, a_deletion, a_gap, alarm, id_at
from tests.analytic.delivery.waiting import Waiting
from tests.analytic.delivery.webhook.receiver import Posted, Receiver

TOKEN = "tk_0123456789secret"
Make = Callable[..., WebhookSink]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def given_up() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def make(receiver: Receiver, given_up: list[tuple[str, int]]) -> Iterator[Make]:
    made = []

    def make(path: str = "/hook", **fields: Any) -> WebhookSink:
        webhook = Webhook("phone", fields.pop("url", receiver.url + path), **fields)
        made.append(WebhookSink(webhook, SIGNER, refused=lambda *what: given_up.append(what), now=lambda: NOON + 0.7))
        return made[-1]

    yield make
    receiver.going.set()
    for sink in made:
        sink.close()


@pytest.fixture
def sink(make: Make) -> WebhookSink:
    return make()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """We wait for an answer for a tenth of a second."""
    monkeypatch.setattr(analytic.delivery.webhook.sink, "_TIMEOUT_S", 0.1)


def send(sink: WebhookSink, *messages: Message) -> list[int]:
    return list(sink.deliver(messages))


def fail(sink: WebhookSink, *messages: Message) -> str:
    """Fail at the first message; say why."""
    with pytest.raises(Unreachable) as caught:
        next(sink.deliver(messages))
    return str(caught.value)


def numbers(posts: Sequence[Posted]) -> list[int]:
    return [post.json()["seq"] for post in posts]


class TestPosting:
    def test_each_message_is_posted_in_order_and_acknowledged_once_it_is_taken(
        self, receiver: Receiver, sink: WebhookSink
    ) -> None:
        for number in sink.deliver([alarm(1), a_gap(3, 2), a_deletion(4, event=1)]):
            assert numbers(receiver.taken)[-1] == number
        assert [post.path for post in receiver.posts] == ["/hook"] * 3
        assert receiver.posts[0].json() == alarm(1)
        assert receiver.posts[0].headers["Content-Type"] == "application/json"

    @pytest.mark.parametrize("status", [200, 201, 202, 204])
    def test_every_2xx_is_an_acknowledgement(self, receiver: Receiver, sink: WebhookSink, status: int) -> None:
        receiver.answers = [status]
        assert send(sink, alarm(1)) == [1]

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed_and_no_acknowledgement(
        self, receiver: Receiver, sink: WebhookSink, status: int
    ) -> None:
        receiver.answers = [status]
        receiver.headers = {"Location": f"{receiver.url}/elsewhere"}
        assert fail(sink, alarm(1)) == f"answers {status}"
        assert [post.path for post in receiver.posts] == ["/hook"]

    def test_the_headers_of_the_settings_go_along_and_cannot_replace_ours(self, receiver: Receiver, make: Make) -> None:
        send(make(headers={"Authorization": f"Bearer {TOKEN}", "content-type": "x", "hearken-time": "0"}), alarm(1))
        headers = receiver.posts[0].headers
        assert headers["Authorization"] == f"Bearer {TOKEN}"
        assert {name.lower(): value for name, value in headers.items()}["content-type"] == "application/json"
        assert headers["Hearken-Time"] == str(int(NOON))

    def test_ntfy_is_posted_to_its_root_with_the_topic_in_the_body(self, receiver: Receiver, make: Make) -> None:
        send(make("/my-home", template="ntfy"), alarm(1))
        send(make("/behind/a%20proxy/my-home/?auth=abc", template="ntfy"), alarm(2))
        assert [post.path for post in receiver.posts] == ["/", "/behind/a%20proxy/?auth=abc"]
        assert [post.json()["topic"] for post in receiver.posts] == ["my-home", "my-home"]

    @pytest.mark.parametrize(
        ("path", "topic"), [('/a"b\\', 'a"b\\'), ("/a%22,%22b", 'a","b'), ("/%C3%BCber", "über"), ("/ü", "ü")]
    )
    def test_an_odd_topic_of_ntfy_stays_one_text(self, receiver: Receiver, make: Make, path: str, topic: str) -> None:
        send(make(path, template="ntfy"), alarm(1))
        assert receiver.posts[0].json()["topic"] == topic

    @pytest.mark.parametrize("template", ["text", "ntfy", "gotify", "slack", "discord"])
    def test_what_a_notifier_is_not_told_is_acknowledged_without_a_post(
        self, receiver: Receiver, make: Make, template: str
    ) -> None:
        assert send(make(template=template), a_gap(3, 2), a_deletion(4, event=1)) == [3, 4]
        assert receiver.posts == []


class TestSignature:
    @pytest.mark.parametrize("template", ["event", "text", "ntfy"])
    def test_it_is_this_devices_over_id_time_and_body(self, receiver: Receiver, make: Make, template: str) -> None:
        send(make(template=template), alarm(1))
        (post,) = receiver.posts
        assert post.headers["Hearken-Device"] == SIGNER.device
        assert post.headers["Hearken-Message-Id"] == id_at(1)
        assert post.headers["Hearken-Time"] == str(int(NOON))
        key = read_key(SIGNER.public_key)
        signature = base64.urlsafe_b64decode(post.headers["Hearken-Signature"] + "==")
        key.verify(signature, f"{id_at(1)}.{int(NOON)}.".encode() + post.body)
        with pytest.raises(InvalidSignature):
            key.verify(signature, f"{id_at(1)}.{int(NOON)}.".encode() + post.body + b" ")


class TestFilters:
    @pytest.mark.parametrize(
        ("wanted", "seqs"),
        [
            ({}, [1, 2, 3, 4]),
            ({"classes": frozenset({"scream"})}, [2]),
            ({"severities": frozenset({"critical", "warning"})}, [1, 2, 3]),
            ({"phases": frozenset({"start"})}, [1]),
            ({"classes": frozenset({"fire"}), "severities": frozenset({"notice"})}, [4]),
        ],
        ids=["none", "classes", "severities", "phases", "both"],
    )
    def test_what_is_not_wanted_is_acknowledged_without_a_post(
        self, receiver: Receiver, make: Make, wanted: dict[str, Any], seqs: list[int]
    ) -> None:
        messages = [
            alarm(1, "start"),
            alarm(2, event_class="scream", severity="warning"),
            alarm(3, "update"),
            alarm(4, severity="notice"),
        ]
        assert send(make(**wanted), *messages) == [1, 2, 3, 4]
        assert numbers(receiver.posts) == seqs

    def test_gaps_and_deletions_are_wanted_always(self, receiver: Receiver, make: Make) -> None:
        send(make(classes=frozenset({"scream"}), phases=frozenset({"start"})), a_gap(3, 2), a_deletion(4, event=1))
        assert numbers(receiver.posts) == [3, 4]


class TestFaults:
    @pytest.mark.parametrize("status", [401, 403, 404, 408, 410, 429, 500, 502, 503])
    def test_what_may_be_put_right_is_tried_again_for_ever(
        self, receiver: Receiver, sink: WebhookSink, status: int
    ) -> None:
        receiver.answers = [status] * 25
        for _ in range(25):
            assert fail(sink, alarm(1)) == f"answers {status}"
        assert send(sink, alarm(1)) == [1]

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_a_message_that_is_called_bad_ten_times_is_given_up_and_told(
        self,
        receiver: Receiver,
        sink: WebhookSink,
        given_up: list[tuple[str, int]],
        caplog: pytest.LogCaptureFixture,
        status: int,
    ) -> None:
        receiver.answers = [status] * 10
        for _ in range(9):
            fail(sink, alarm(1), alarm(2))
        assert given_up == []
        assert send(sink, alarm(1), alarm(2)) == [1, 2]
        assert given_up == [("webhook:phone", 1)]
        assert numbers(receiver.taken) == [2]
        (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert "given up" in line.message
        assert vars(line)["message_id"] == id_at(1)

    def test_other_faults_do_not_count_as_calling_it_bad(
        self, receiver: Receiver, sink: WebhookSink, given_up: list[tuple[str, int]]
    ) -> None:
        receiver.answers = [503] * 20 + [400]
        for _ in range(21):
            fail(sink, alarm(1))
        assert send(sink, alarm(1)) == [1]
        assert given_up == []

    def test_each_message_has_its_own_ten_times(
        self, receiver: Receiver, sink: WebhookSink, given_up: list[tuple[str, int]]
    ) -> None:
        receiver.answers = [400] * 9 + [200] + [400] * 9
        for _ in range(9):
            fail(sink, alarm(1))
        assert send(sink, alarm(1)) == [1]
        for _ in range(9):
            fail(sink, alarm(2))
        assert send(sink, alarm(2)) == [2]
        assert given_up == []

    def test_one_that_says_nothing_is_tried_again(self, receiver: Receiver, sink: WebhookSink, impatient: None) -> None:
        receiver.answers = [None]
        assert fail(sink, alarm(1)) == "ReadTimeout"
        assert send(sink, alarm(1)) == [1]

    def test_one_that_is_away_is_tried_again(self, receiver: Receiver, sink: WebhookSink) -> None:
        receiver.stop()
        assert fail(sink, alarm(1)) == "ConnectionError"
        receiver.start()
        assert send(sink, alarm(1)) == [1]

    @pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 999999\r\n\r\n", b"HTTP/1.1 20"], ids=repr)
    def test_an_answer_that_is_no_http_is_no_acknowledgement(self, make: Make, answer: bytes) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            sink = make(url=f"http://127.0.0.1:{server.getsockname()[1]}/{TOKEN}")

            def answer_once() -> None:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

            thread = threading.Thread(target=answer_once)
            thread.start()
            assert TOKEN not in fail(sink, alarm(1))
            thread.join()

    def test_all_arrive_in_order_through_a_receiver_that_fails_and_goes_away(
        self, receiver: Receiver, sink: WebhookSink
    ) -> None:
        receiver.answers = [503, 200, 200, 500, 429, 200, 401]
        waiting = Waiting([alarm(number) for number in range(1, 31)])
        pump = Pump(sink, waiting, longest_pause_s=0.05)
        pump.start()
        try:
            receiver.wait_until(lambda: len(receiver.taken) >= 10)
            receiver.stop()
            receiver.start()
            waiting.wait_until_empty()
        finally:
            pump.stop()
        assert waiting.acknowledged == list(range(1, 31))
        assert sorted(set(numbers(receiver.taken))) == list(range(1, 31))


class TestSecrets:
    @pytest.mark.parametrize(
        "url",
        [
            f"http://127.0.0.1:1/{TOKEN}",
            f"http://{TOKEN}:{TOKEN}@127.0.0.1:1/?token={TOKEN}",
            f"http://{TOKEN}.invalid/",
            f"http://127.0.0.1:99999/{TOKEN}",
            f"http://.{TOKEN}/",
            f"https://127.0.0.1:1/{TOKEN}",
        ],
        ids=["away", "user", "no such name", "no such port", "no name", "https"],
    )
    def test_no_error_tells_the_address(self, make: Make, url: str) -> None:
        sink = make(url=url, headers={"Authorization": f"Bearer {TOKEN}"})
        assert TOKEN not in fail(sink, alarm(1))

    @pytest.mark.parametrize("header", [f"{TOKEN}\r\nX-Other: 1", f"{TOKEN}\N{SNOWMAN}", f"{TOKEN}\ud800"], ids=ascii)
    def test_no_error_tells_a_header_that_cannot_be_sent(self, make: Make, header: str) -> None:
        assert TOKEN not in fail(make(headers={"Authorization": header}), alarm(1))

    def test_no_log_of_ours_tells_the_address_or_a_header(
        self, receiver: Receiver, make: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, "analytic")
        waiting = Waiting([alarm(1)])
        sink = make(f"/{TOKEN}", headers={"Authorization": f"Bearer {TOKEN}"})
        receiver.answers = [302, 503, *[400] * 10]
        pump = Pump(sink, waiting, longest_pause_s=0.01)
        pump.start()
        try:
            waiting.wait_until_empty()
        finally:
            pump.stop()
        ours = [record for record in caplog.records if record.name.startswith("analytic")]
        assert {record.message for record in ours} >= {
            "a sink cannot be reached",
            "a webhook refuses a message, and it is given up",
        }
        assert not any(TOKEN in repr(vars(record)) for record in ours)
        assert not any(receiver.url in repr(vars(record)) for record in ours)

    def test_it_does_not_tell_its_address_when_it_is_printed(self, sink: WebhookSink, receiver: Receiver) -> None:
        assert receiver.url not in repr(sink)
