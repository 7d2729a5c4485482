# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from analytic.access import AccessRules
from analytic.api.describe import event_schema
from analytic.app import make_ids
from analytic.delivery.database import Database
from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.history import History
from analytic.delivery.memory import Memory
from analytic.delivery.signing import Signer
from analytic.delivery.verifying import Verifier
from analytic.events.types import AnonymizerName, Event, ModelName, Phase, Requestor, Source

MakeApp = Callable[..., Flask]
NOBODY = "0190a5c0-0000-7000-8000-00000000dead"
JUDGE = jsonschema.Draft202012Validator(event_schema())


class Home:
    """Where things happen; each returns the id of its event."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._new_id = make_ids()

    def begins(
        self, event_class: str = "fire", source: str = "kitchen", severity: str = "critical", **fields: Any
    ) -> str:
        return self.goes_on(self._new_id(), "start", event_class, source, severity, **fields)

    def goes_on(
        self,
        event_id: str,
        phase: Phase = "end",
        event_class: str = "fire",
        source: str = "kitchen",
        severity: str = "critical",
        **fields: Any,
    ) -> str:
        offset_s = 9.0 if phase == "end" else None
        event = Event(
            *(event_id, phase, event_class, "Fire", "/m/02_41", 0.5, 1.0, offset_s, None, None, None, Source(source)),
            *(Requestor(**fields), ModelName("fake", "0"), AnonymizerName("none"), severity),
        )
        self._dispatcher.publish([event])
        return event_id

    def happens(self, **what: Any) -> str:
        return self.goes_on(self.begins(**what), **what)


@pytest.fixture
def home(dispatcher: Dispatcher) -> Home:
    return Home(dispatcher)


def ids(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200
    return [event["id"] for event in answer.get_json()["events"]]


def refusal(answer: TestResponse, status: int = 400) -> str:
    body = answer.get_json()
    assert (answer.status_code, set(body), body["status"]) == (status, {"status", "message"}, "error")
    return str(body["message"])


class TestThePage:
    def test_where_nothing_happened_it_is_empty(self, client: FlaskClient) -> None:
        assert client.get("/events").get_json() == {"events": [], "next_cursor": None}

    def test_it_holds_each_event_in_its_last_phase_the_latest_first(self, client: FlaskClient, home: Home) -> None:
        one, other = home.begins(), home.begins(source="hall")
        home.goes_on(one, "update")
        home.goes_on(one, "end")
        answer = client.get("/events")
        assert ids(answer) == [other, one]
        assert [event["phase"] for event in answer.get_json()["events"]] == ["start", "end"]

    def test_an_entry_is_the_message_as_signed_and_who_acknowledged_it(
        self, client: FlaskClient, home: Home, signer: Signer
    ) -> None:
        home.happens()
        (entry,) = client.get("/events").get_json()["events"]
        assert entry.pop("acknowledged") is None
        JUDGE.validate(entry)
        assert Verifier(signer.public_key).check(entry) == 2

    def test_an_upload_that_raises_an_alarm_is_there(self, client: FlaskClient, encode: Any, noise: Any) -> None:
        answer = client.post("/model/predict", data={"audio": (io.BytesIO(encode(noise)), "f.wav")})
        told = {alert["id"] for alert in answer.get_json()["alerts"]}
        assert told
        assert set(ids(client.get("/events"))) == told

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", "cba"),
            ("class=fire", "ba"),
            ("class=scream", "c"),
            ("class=siren", ""),
            ("source=kitchen", "ca"),
            ("source=hall", "b"),
            ("severity=critical", "ca"),
            ("severity=warning", "b"),
            ("severity=notice", ""),
            ("class=fire&source=kitchen", "a"),
            ("class=fire&source=kitchen&severity=warning", ""),
            ("acknowledged=1", "b"),
            ("acknowledged=yes&class=fire", "b"),
            ("acknowledged=0", "ca"),
            ("acknowledged=off&source=kitchen&limit=1", "c"),
        ],
    )
    def test_it_can_be_asked_for_some(self, client: FlaskClient, home: Home, query: str, found: str) -> None:
        known = {
            "a": home.happens(),
            "b": home.happens(source="hall", severity="warning"),
            "c": home.happens(event_class="scream"),
        }
        client.post(f"/events/{known['b']}/acknowledge")
        assert ids(client.get(f"/events?{query}")) == [known[name] for name in found]

    def test_without_a_limit_it_has_50(self, client: FlaskClient, home: Home) -> None:
        for _ in range(51):
            home.happens()
        assert len(ids(client.get("/events"))) == 50

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
    def test_pages_follow_each_other_until_there_are_no_more(self, client: FlaskClient, home: Home, limit: int) -> None:
        happened = [home.happens() for _ in range(7)]
        assert pages(client, limit) == happened[::-1]

    def test_the_last_page_says_so_also_where_it_is_full(self, client: FlaskClient, home: Home) -> None:
        home.happens()
        assert client.get("/events?limit=1").get_json()["next_cursor"] is None
        home.happens()
        assert client.get("/events?limit=1").get_json()["next_cursor"] is not None

    def test_no_event_is_there_twice_or_left_out_while_new_ones_come(self, client: FlaskClient, home: Home) -> None:
        happened = [home.happens() for _ in range(20)]
        still_open = home.begins()

        def meanwhile() -> None:
            home.happens()
            home.goes_on(still_open, "update")
            home.goes_on(happened[3], "end")

        assert pages(client, 3, meanwhile) == [still_open, *happened[::-1]]

    def test_nor_while_the_last_one_of_a_page_is_deleted(self, client: FlaskClient, home: Home) -> None:
        happened = [home.happens() for _ in range(20)]

        def meanwhile() -> None:
            client.delete(f"/events/{found[-1]}")

        found: list[str] = []
        assert pages(client, 3, meanwhile, found) == happened[::-1]

    def test_a_filter_goes_on_from_page_to_page(self, client: FlaskClient, home: Home) -> None:
        halls = [home.happens(source=["hall", "kitchen"][number % 2]) for number in range(20)][::2]
        assert pages(client, 3, query="&source=hall") == halls[::-1]

    def test_no_event_is_left_out_while_others_publish_at_the_same_time(self, client: FlaskClient, home: Home) -> None:
        happened = [home.happens() for _ in range(30)]
        done = threading.Event()

        def busy() -> None:
            while not done.is_set():
                home.happens(source="hall")

        thread = threading.Thread(target=busy)
        thread.start()
        try:
            found = pages(client, 4)
        finally:
            done.set()
            thread.join()
        assert [one for one in found if one in set(happened)] == happened[::-1]
        assert len(found) == len(set(found))


def pages(
    client: FlaskClient,
    limit: int,
    meanwhile: Callable[[], Any] = lambda: None,
    found: list[str] | None = None,
    query: str = "",
) -> list[str]:
    """Every event, page by page; `meanwhile` happens between pages."""
    found = [] if found is None else found
    cursor = ""
    while True:
        answer = client.get(f"/events?limit={limit}{query}{cursor}")
        found += ids(answer)
        if answer.get_json()["next_cursor"] is None:
            return found
        assert len(ids(answer)) == limit
        cursor = f"&cursor={answer.get_json()['next_cursor']}"
        meanwhile()


class TestBadParameters:
    @pytest.mark.parametrize(
        ("query", "allowed"),
        [
            ("limit=0", "a number from 1 to 1000"),
            ("limit=1001", "a number from 1 to 1000"),
            ("limit=-1", "a number from 1 to 1000"),
            ("limit=1e2", "a number from 1 to 1000"),
            ("limit=%D9%A3", "a number from 1 to 1000"),
            ("limit=", "a number from 1 to 1000"),
            ("limit=" + "9" * 5000, "a number from 1 to 1000"),
            ("severity=", "one of notice, warning, critical"),
            ("severity=CRITICAL", "one of notice, warning, critical"),
            ("acknowledged=maybe", "1, true, yes, on, or 0, false, no, off"),
            ("acknowledged=2", "1, true, yes, on, or 0, false, no, off"),
            ("cursor=", "the next_cursor of the page before"),
            ("cursor=x", "the next_cursor of the page before"),
            ("cursor=-1", "the next_cursor of the page before"),
            ("cursor=1%27%20OR%201", "the next_cursor of the page before"),
            ("cursor=" + "9" * 40, "the next_cursor of the page before"),
            ("class=", "the name of an alert class"),
            ("class=Fire", "the name of an alert class"),
            ("class=fire%20", "the name of an alert class"),
            ("class=fire%0A", "the name of an alert class"),
            ("source=", "1 to 64 characters of A-Z a-z 0-9 . _ - are allowed"),
            ("source=a%20b", "1 to 64 characters of A-Z a-z 0-9 . _ - are allowed"),
            ("source=" + "a" * 65, "1 to 64 characters of A-Z a-z 0-9 . _ - are allowed"),
            ("clas=fire", "acknowledged, class, cursor, limit, severity, source"),
            ("phase=end", "acknowledged, class, cursor, limit, severity, source"),
        ],
    )
    def test_each_is_400_and_names_what_is_allowed(self, client: FlaskClient, query: str, allowed: str) -> None:
        message = refusal(client.get(f"/events?{query}"))
        assert allowed in message
        assert message.isprintable()
        assert len(message) < 400

    def test_a_cursor_beyond_all_is_a_page_like_others(self, client: FlaskClient, home: Home) -> None:
        event = home.happens()
        assert ids(client.get(f"/events?cursor={'9' * 16}")) == [event]
        assert ids(client.get("/events?cursor=0")) == []


class TestOne:
    def test_it_is_the_entry_of_the_page(self, client: FlaskClient, home: Home) -> None:
        event = home.happens()
        home.happens()
        assert client.get(f"/events/{event}").get_json() == client.get("/events").get_json()["events"][1]

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    @pytest.mark.parametrize("name", [NOBODY, "x", "%00", "a%20b", "'", NOBODY.upper(), "start", "x" * 5000, "%F0%9F"])
    def test_one_that_is_not_kept_is_404(self, client: FlaskClient, home: Home, method: str, name: str) -> None:
        home.happens()
        message = refusal(client.open(f"/events/{name}", method=method), 404)
        assert message.startswith("Unknown event: ")
        assert message.isprintable()
        assert len(ids(client.get("/events"))) == 1

    def test_a_message_id_is_no_event(self, client: FlaskClient, home: Home, bus: Memory) -> None:
        home.happens()
        assert client.get(f"/events/{bus.messages()[0]['message_id']}").status_code == 404


class TestAcknowledge:
    def test_the_first_time_counts(self, client: FlaskClient, home: Home, switchboard: Any) -> None:
        event = home.happens()
        assert client.get(f"/events/{event}").get_json()["acknowledged"] is None
        first = client.post(f"/events/{event}/acknowledge")
        switchboard.instant = "2026-02-03T04:05:06.000Z"
        again = client.post(f"/events/{event}/acknowledge")
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.get_json() == again.get_json() == client.get(f"/events/{event}").get_json()
        assert first.get_json()["acknowledged"] == "2026-01-02T03:04:05.678Z"

    def test_one_that_goes_on_can_be_and_stays_so_when_it_ends(self, client: FlaskClient, home: Home) -> None:
        event = home.begins()
        client.post(f"/events/{event}/acknowledge")
        home.goes_on(event, "end")
        shown = client.get(f"/events/{event}").get_json()
        assert (shown["phase"], shown["acknowledged"]) == ("end", "2026-01-02T03:04:05.678Z")

    def test_nobody_is_told(self, client: FlaskClient, home: Home, bus: Memory) -> None:
        event = home.happens()
        before = bus.messages()
        client.post(f"/events/{event}/acknowledge")
        assert bus.messages() == before

    def test_one_that_is_not_kept_is_404(self, client: FlaskClient) -> None:
        assert refusal(client.post(f"/events/{NOBODY}/acknowledge"), 404).startswith("Unknown event: ")

    def test_reading_acknowledges_nothing(self, client: FlaskClient, home: Home) -> None:
        event = home.happens()
        assert client.get(f"/events/{event}/acknowledge").status_code == 405
        assert client.get(f"/events/{event}").get_json()["acknowledged"] is None


class TestDelete:
    def test_one_that_goes_on_is_409_until_it_has_ended(self, client: FlaskClient, home: Home, bus: Memory) -> None:
        event = home.begins()
        home.goes_on(event, "update")
        assert "delete it when it has ended" in refusal(client.delete(f"/events/{event}"), 409)
        assert client.get(f"/events/{event}").status_code == 200
        assert {message["phase"] for message in bus.messages()} == {"start", "update"}
        home.goes_on(event, "end")
        assert client.delete(f"/events/{event}").status_code == 200

    def test_one_of_which_nothing_was_told_for_an_hour_has_ended(
        self, client: FlaskClient, home: Home, switchboard: Any
    ) -> None:
        event = home.begins()
        switchboard.now += 3599
        refusal(client.delete(f"/events/{event}"), 409)
        switchboard.now += 1
        assert client.delete(f"/events/{event}").status_code == 200
        assert ids(client.get("/events")) == []

    def test_where_it_cannot_be_written_it_is_503_nobody_is_told_and_the_event_is_still_there(
        self, client: FlaskClient, home: Home, bus: Memory, history: History, database: Database
    ) -> None:
        event = home.happens()
        told = bus.messages()
        database.read("PRAGMA query_only = ON")
        for _ in range(2):
            said = refusal(client.delete(f"/events/{event}"), 503)
            assert "the outbox cannot be written; the event is still there" in said
        assert bus.messages() == history.after(0, 100) == told
        assert ids(client.get("/events")) == [event]
        database.read("PRAGMA query_only = OFF")
        assert client.delete(f"/events/{event}").status_code == 200
        assert bus.messages()[-1]["seq"] == 3, "the number was not lost"

    def test_it_is_answered_with_what_is_told_of_it(self, client: FlaskClient, home: Home, bus: Memory) -> None:
        event = home.happens()
        answer = client.delete(f"/events/{event}").get_json()
        deletion = bus.messages()[-1]
        assert answer == {"status": "ok", "deleted": event, "message_id": deletion["message_id"]}

    def test_every_listener_is_told_to_forget_it_and_no_more(
        self, client: FlaskClient, home: Home, bus: Memory, signer: Signer
    ) -> None:
        event = home.happens(requestor_id="ada")
        client.delete(f"/events/{event}")
        deletion = bus.messages()[-1]
        assert (deletion["phase"], deletion["id"], deletion["seq"]) == ("deleted", event, 3)
        assert "ada" not in str(deletion)
        JUDGE.validate(deletion)
        assert Verifier(signer.public_key).check(deletion) == 3

    def test_a_second_time_it_is_404_and_nobody_is_told_again(
        self, client: FlaskClient, home: Home, bus: Memory
    ) -> None:
        event = home.happens()
        client.delete(f"/events/{event}")
        before = bus.messages()
        refusal(client.delete(f"/events/{event}"), 404)
        assert bus.messages() == before

    def test_afterwards_no_answer_tells_of_it(self, client: FlaskClient, home: Home) -> None:
        event, other = home.happens(source="nursery"), home.happens()
        client.post(f"/events/{event}/acknowledge")
        client.delete(f"/events/{event}")
        for path in ("/events", "/events?source=nursery", "/events?acknowledged=1", "/events?class=fire"):
            assert event not in client.get(path).text
            assert "nursery" not in client.get(path).text
        assert ids(client.get("/events")) == [other]
        assert client.get(f"/events/{event}").status_code == 404
        assert client.post(f"/events/{event}/acknowledge").status_code == 404

    def test_a_replay_has_gaps_in_its_place_and_every_number(
        self, client: FlaskClient, home: Home, bus: Memory, history: History, signer: Signer
    ) -> None:
        home.happens()
        event = home.happens(source="nursery")
        home.happens()
        client.delete(f"/events/{event}")
        replayed = history.after(0, 100)
        assert [message["phase"] for message in replayed] == ["start", "end", "gap", "gap", "start", "end", "deleted"]
        assert "nursery" not in str(replayed)
        for message in replayed:
            JUDGE.validate(message)
        verifier = Verifier(signer.public_key)
        assert [verifier.verify(message) for message in replayed] == [0] * 7
        told = bus.messages()
        assert history.after(history.position(told[3]["message_id"]), 100) == told[4:]
        assert history.after(history.position(told[2]["message_id"]), 1)[0]["phase"] == "gap"

    def test_no_row_of_the_outbox_holds_it(self, client: FlaskClient, home: Home, database: Database) -> None:
        event = home.happens(source="nursery")
        client.delete(f"/events/{event}")
        for table in ("messages", "events", "pending"):
            assert "nursery" not in str(database.read(f"SELECT * FROM {table}"))
        assert str(database.read("SELECT body FROM messages")).count(event) == 1


class TestWhoMay:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/events"),
            ("GET", f"/events/{NOBODY}"),
            ("DELETE", f"/events/{NOBODY}"),
            ("POST", f"/events/{NOBODY}/acknowledge"),
            ("GET", "/device"),
        ],
    )
    def test_where_there_is_a_token_it_must_be_shown(self, make_app: MakeApp, method: str, path: str) -> None:
        client = make_app(AccessRules(token="right")).test_client()
        assert client.open(path, method=method).status_code == 401
        assert client.open(path, method=method, headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert client.open(path, method=method, headers={"Authorization": "Bearer right"}).status_code in {200, 404}

    def test_a_foreign_page_deletes_and_acknowledges_nothing(self, client: FlaskClient, home: Home) -> None:
        event = home.happens()
        foreign = {"Origin": "http://evil.example"}
        assert client.delete(f"/events/{event}", headers=foreign).status_code == 403
        assert client.post(f"/events/{event}/acknowledge", headers=foreign).status_code == 403
        assert client.get(f"/events/{event}").get_json()["acknowledged"] is None

    def test_a_foreign_host_gets_nothing(self, client: FlaskClient) -> None:
        for path in ("/events", "/device"):
            assert client.get(path, headers={"Host": "evil.example"}).status_code == 421

    @pytest.mark.parametrize(("method", "path"), [("POST", "/events"), ("DELETE", "/events"), ("PUT", "/device")])
    def test_another_method_is_405(self, client: FlaskClient, method: str, path: str) -> None:
        refusal(client.open(path, method=method), 405)


def test_the_device_tells_its_name_and_its_key(client: FlaskClient, signer: Signer) -> None:
    told = client.get("/device").get_json()
    assert told == {"device": signer.device, "algorithm": "Ed25519", "public_key": signer.public_key}
    assert Verifier(told["public_key"]).device == told["device"]


def test_the_description_names_the_parameters_and_answers(client: FlaskClient) -> None:
    paths = client.get("/swagger.json").get_json()["paths"]
    named = {parameter["name"] for parameter in paths["/events"]["get"]["parameters"]}
    assert named == {"class", "source", "severity", "acknowledged", "limit", "cursor"}
    assert {"404", "409", "503"} <= set(paths["/events/{event_id}"]["delete"]["responses"])
    assert "404" in paths["/events/{event_id}/acknowledge"]["post"]["responses"]
