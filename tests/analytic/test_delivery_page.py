# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What docs/delivery.md and docs/examples/bus.html show works, on messages as the service tells them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.exceptions import InvalidSignature

from analytic.delivery.database import Database
from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.history import History
from analytic.delivery.memory import Memory
from analytic.delivery.outbox import Outbox
from analytic.delivery.signing import Signer
from analytic.delivery.verifying import read_key
from analytic.delivery.webhook.sink import Webhook, WebhookSink
from analytic.events.types import AnonymizerName, Event, Message, ModelName, Phase, Requestor, Source
from analytic.ids import Uuid7

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "examples" / "bus.html"
Check = Callable[[str], list[bool]]


def event(phase: Phase) -> Event:
    return Event(
        id="0190a5c0-0000-7000-8000-000000000001",
        phase=phase,
        event_class="knock",
        label="Türklopfen \U0001f6aa",
        mid="/m/07r4wb8",
        score=0.4321,
        onset_s=1.4,
        offset_s=9.5 if phase == "end" else None,
        onset=None,
        offset=None,
        peak_dbfs=-12.3,
        source=Source("küche"),
        requestor=Requestor('"\\\x0f'),
        model=ModelName("fake", "0"),
        anonymizer=AnonymizerName("none"),
    )


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.ephemeral()


@pytest.fixture(scope="module")
def messages(signer: Signer) -> list[Message]:
    """Five messages: an event in three phases, a gap, a deletion."""
    memory, ids = Memory(), iter(range(100))
    new_id = Uuid7(lambda: 1_767_268_800_000 + next(ids), bytes)
    dispatcher = Dispatcher(Memory(), new_id, signer, sinks=[memory])
    dispatcher.publish([event("start"), event("update"), event("end")])
    dispatcher.skip(4)
    dispatcher.retract("0190a5c0-0000-7000-8000-000000000001")
    return memory.messages()


def lines(messages: list[Message]) -> str:
    return "".join(json.dumps(message) + "\n" for message in messages)


def code(number: int = 0) -> str:
    """A block of Python of the page."""
    page = (DOCS / "delivery.md").read_text(encoding="utf-8")
    return str(re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)[number])


class TestTheTenLines:
    def run(self, signer: Signer, given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code(), signer.public_key], input=given, capture_output=True, text=True, check=False
        )

    def test_they_are_ten(self) -> None:
        assert len([line for line in code().splitlines() if line]) == 10

    def test_they_let_pass_what_holds_however_it_is_written(self, signer: Signer, messages: list[Message]) -> None:
        reordered = [dict(reversed(message.items())) for message in messages]
        for given in (lines(messages), lines(reordered), lines(messages).replace('"seq": 1', '"seq": 1.0')):
            done = self.run(signer, given)
            assert (done.returncode, done.stderr) == (0, "")

    def test_they_end_at_what_was_changed_forged_or_seen_before(self, signer: Signer, messages: list[Message]) -> None:
        changed = lines(messages).replace("knock", "fire")
        forged = lines([Signer.ephemeral().sign(messages[0])])
        replayed = lines([*messages, messages[2]])
        for given, said in ((changed, "InvalidSignature"), (forged, "InvalidSignature"), (replayed, "seen before")):
            done = self.run(signer, given)
            assert done.returncode == 1
            assert said in done.stderr.splitlines()[-1]


def test_the_lines_for_a_webhooks_receiver_check_what_is_posted(
    signer: Signer, messages: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    posted: list[dict[str, Any]] = []

    def post(_session: requests.Session, _url: str, **given: Any) -> requests.Response:
        posted.append(given)
        answer = requests.Response()
        answer.status_code = 204
        answer.raw = None
        return answer

    monkeypatch.setattr(requests.Session, "post", post)
    monkeypatch.setattr(requests.Response, "close", lambda _self: None)
    for template in ("event", "text"):
        sink = WebhookSink(Webhook("phone", "http://10.0.0.2/", template), signer)
        assert list(sink.deliver(messages[:1])) == [1]
        sink.close()
    receiver = "import base64\n" + code(1)
    for given in posted:
        names = {"key": read_key(signer.public_key), "headers": given["headers"], "body": given["data"]}
        exec(receiver, names)
        with pytest.raises(InvalidSignature):
            exec(receiver, {**names, "body": given["data"] + b" "})
    assert len(posted) == 2


class TestTheBrowsersPage:
    HARNESS = """
    const lines = require("fs").readFileSync(0, "utf8").trim().split("\\n");
    (async () => {
      const verifier = await Verifier.of(process.argv[1]);
      const seen = new Seen();
      const found = [];
      for (const line of lines) {
        const message = JSON.parse(line);
        found.push((await verifier.holds(message).catch(() => false)) && seen.isNew(message));
      }
      console.log(JSON.stringify({ found, device: verifier.device, last: seen.last }));
    })();
    """

    def run(self, signer: Signer, given: str) -> dict[str, Any]:
        node = shutil.which("node")
        if node is None:
            pytest.skip("needs Node.js")
        (script,) = re.findall(r'<script id="messages">(.*?)</script>', PAGE.read_text(encoding="utf-8"), re.DOTALL)
        done = subprocess.run(
            [node, "-e", script + self.HARNESS, "--", signer.public_key],
            input=given,
            capture_output=True,
            check=True,
            text=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def test_it_verifies_as_we_do_and_counts_each_once(self, signer: Signer, messages: list[Message]) -> None:
        answer = self.run(signer, lines([*messages, messages[0]]))
        assert answer["found"] == [True] * 5 + [False]
        assert answer["device"] == signer.device
        assert answer["last"] == messages[-1]["message_id"]

    def test_it_believes_nothing_that_was_changed(self, signer: Signer, messages: list[Message]) -> None:
        message = messages[2]
        changed = [{**message, name: "x" if value != "x" else "y"} for name, value in message.items()]
        changed += [{**message, "more": 1}, {**message, "score": 0.5}, Signer.ephemeral().sign(message)]
        answer = self.run(signer, lines([*changed, message]))
        assert answer["found"] == [False] * len(changed) + [True]

    def test_it_loads_nothing_from_elsewhere_and_writes_no_markup(self) -> None:
        page = PAGE.read_text(encoding="utf-8")
        assert re.findall(r"https?://", page) == []
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", page)
        assert "default-src 'none'" in page


def test_the_gaps_of_a_replay_hold_for_the_ten_lines_too(signer: Signer, messages: list[Message]) -> None:
    database = Database(None)
    outbox, history = Outbox(database, (), signer.sign), History(database, signer.sign)
    outbox.commit(messages[:-1])
    outbox.retract(messages[-1], "0190a5c0-0000-7000-8000-000000000001")
    replayed = history.after(0, 100)
    database.close()
    assert [message["phase"] for message in replayed] == ["gap", "gap", "gap", "gap", "deleted"]
    assert TestTheTenLines().run(signer, lines(replayed)).returncode == 0
