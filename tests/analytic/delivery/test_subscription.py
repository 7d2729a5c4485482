# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytic.delivery.subscription import InvalidSubscription, Subscription, from_message, from_target

CURSOR = "0190a5c0-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("/events", Subscription()),
        ("/events?", Subscription()),
        ("/events?since=start", Subscription(since="start")),
        (f"/events?since={CURSOR}", Subscription(since=CURSOR)),
        ("/events?classes=fire", Subscription(classes=frozenset({"fire"}))),
        ("/events?classes=fire,scream,", Subscription(classes=frozenset({"fire", "scream"}))),
        ("/events?classes=", Subscription()),
        ("/events?sources=kitchen,hall", Subscription(sources=frozenset({"kitchen", "hall"}))),
        ("/events?token=a%20b", Subscription(token="a b")),
        ("/events?heartbeat=15", Subscription(heartbeat_s=15.0)),
        ("/events?heartbeat=1.5&since=start", Subscription(since="start", heartbeat_s=1.5)),
        (f"/events?since=start&since={CURSOR}", Subscription(since=CURSOR)),
    ],
)
def test_the_query_says_what_is_wanted(target: str, asked: Subscription) -> None:
    assert from_target(target) == asked


@pytest.mark.parametrize("target", ["/", "", "/event", "/events/", "/Events", "/listen/kitchen", "*", "/x/events"])
def test_another_path_is_no_subscription(target: str) -> None:
    assert from_target(target) is None


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ({}, Subscription()),
        ({"since": None, "token": None}, Subscription()),
        ({"since": CURSOR, "classes": ["fire"]}, Subscription(since=CURSOR, classes=frozenset({"fire"}))),
        ({"sources": ["cam.1", "cam-2_b"]}, Subscription(sources=frozenset({"cam.1", "cam-2_b"}))),
        ({"classes": [], "sources": [""]}, Subscription()),
        ({"token": "t"}, Subscription(token="t")),
        ({"heartbeat": 1}, Subscription(heartbeat_s=1.0)),
        ({"heartbeat": 3600}, Subscription(heartbeat_s=3600.0)),
        ({"heartbeat": None}, Subscription()),
    ],
)
def test_a_message_says_what_is_wanted(message: dict[str, Any], asked: Subscription) -> None:
    assert from_message(json.dumps(message)) == asked
    assert from_message(json.dumps(message).encode()) == asked


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("/events?since=yesterday", "since"),
        (f"/events?since={CURSOR.upper()}", "since"),
        (f"/events?since={CURSOR}%0A", "since"),
        ("/events?classes=a/b", "classes"),
        ("/events?classes=" + "x" * 65, "classes"),
        ("/events?classes=" + ",".join("a" * 65), "classes"),
        ("/events?sources=%00", "sources"),
        ("/events?klasses=fire", "klass"),
        ("/events?heartbeat=0.5", "heartbeat is a number of seconds from 1 to 3600"),
        ("/events?heartbeat=3601", "heartbeat"),
        ("/events?heartbeat=nan", "heartbeat"),
        ("/events?heartbeat=inf", "heartbeat"),
        ("/events?heartbeat=soon", "heartbeat"),
    ],
)
def test_a_query_of_another_form_is_refused_by_name(target: str, named: str) -> None:
    with pytest.raises(InvalidSubscription, match=named):
        from_target(target)


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("", "JSON object"),
        ("[]", "JSON object"),
        ('"start"', "JSON object"),
        ("null", "JSON object"),
        ("{", "JSON object"),
        ("[" * 100_000, "JSON object"),
        (b"\xff\xfe", "JSON object"),
        ('{"since": 5}', "since"),
        ('{"since": "START"}', "since"),
        ('{"classes": "fire"}', "classes"),
        ('{"classes": null}', "classes"),
        ('{"classes": [1]}', "classes"),
        ('{"classes": [["fire"]]}', "classes"),
        ('{"classes": {"fire": 1}}', "classes"),
        (json.dumps({"sources": ["s"] * 65}), "sources"),
        ('{"sources": ["a b"]}', "sources"),
        ('{"sources": ["a\\n"]}', "sources"),
        ('{"token": 5}', "token"),
        ('{"heartbeat": []}', "heartbeat"),
        ('{"heartbeat": NaN}', "heartbeat"),
        ('{"heartbeat": -1}', "heartbeat"),
        ('{"heartbeat": ' + "1" * 400 + "}", "heartbeat"),
        ('{"heartbeat": true}', "heartbeat"),
        ('{"tokens": "t"}', "tokens"),
    ],
)
def test_a_message_of_another_form_is_refused_by_name(message: str | bytes, named: str) -> None:
    with pytest.raises(InvalidSubscription, match=named):
        from_message(message)


def test_a_refusal_is_one_line_of_ascii_whatever_was_sent() -> None:
    with pytest.raises(InvalidSubscription) as caught:
        from_message(json.dumps({"\n\x1b[31m\ud800": 1}))
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


def understood(read: Any, given: Any) -> bool:
    """Whether hostile input gives a subscription, nothing, or a refusal of ours; anything else is raised."""
    try:
        asked = read(given)
    except InvalidSubscription as error:
        return str(error).isprintable()
    return asked is None or isinstance(asked, Subscription)


@given(st.text(st.characters(exclude_categories=())) | st.text().map(lambda text: f"/events?{text}"))
@example("//[/events")
@example("//\u2100/events")
@example("/events?" + "&" * 5000)
def test_no_target_makes_it_stumble(target: str) -> None:
    assert understood(from_target, target)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(
    st.text()
    | st.binary()
    | json_values.map(json.dumps)
    | st.dictionaries(st.sampled_from(["since", "classes", "sources", "token", "heartbeat"]), json_values).map(
        json.dumps
    )
)
@example("1" * 5000)
@example('{"a":' * 100_000)
def test_no_message_makes_it_stumble(message: str | bytes) -> None:
    assert understood(from_message, message)


def about(event_class: str, source: str, phase: str = "end") -> dict[str, Any]:
    return {"event_class": event_class, "source": {"id": source, "type": "upload"}, "phase": phase}


def test_without_filters_everything_is_wanted() -> None:
    assert Subscription().wants(about("fire", "kitchen"))


def test_class_and_source_must_both_be_asked_for() -> None:
    asked = Subscription(classes=frozenset({"fire", "scream"}), sources=frozenset({"kitchen"}))
    assert asked.wants(about("fire", "kitchen"))
    assert asked.wants(about("scream", "kitchen"))
    assert not asked.wants(about("siren", "kitchen"))
    assert not asked.wants(about("fire", "hall"))


def test_what_was_lost_is_told_to_everybody() -> None:
    assert Subscription(classes=frozenset({"fire"})).wants({"phase": "gap"})


def test_what_was_deleted_is_told_to_everybody() -> None:
    assert Subscription(sources=frozenset({"hall"})).wants({"phase": "deleted", "id": CURSOR})
