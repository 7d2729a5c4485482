# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.delivery.dht import frames
from analytic.delivery.dht.frames import Answer, Push
from analytic.delivery.dht.sink import DhtSink
from tests.analytic.delivery.told import a_deletion, a_gap, alarm
from tests.dht_requests import parse

TEXTS = st.text(st.characters(codec=None))  # with halves of surrogate pairs
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


class TestWhatWeSend:
    def test_is_externally_tagged_as_the_contract_says(self) -> None:
        assert json.loads(frames.post("T", "u", {"a": 1})) == {
            "RequestPostTopicUUID": {"topic_name": "T", "topic_uuid": "u", "value": {"a": 1}}
        }
        assert json.loads(frames.get("T", "u")) == {"RequestGetTopicUUID": {"topic_name": "T", "topic_uuid": "u"}}
        assert json.loads(frames.get_topic("T")) == {"RequestGetTopicName": {"topic_name": "T"}}
        assert json.loads(frames.delete("T", "u")) == {"RequestDeleteTopicUUID": {"topic_name": "T", "topic_uuid": "u"}}

    @given(name=TEXTS, uuid=TEXTS, value=JSON)
    def test_is_understood_whatever_the_texts_hold(self, name: str, uuid: str, value: Any) -> None:
        whole_name, whole_uuid, whole = (frames.sendable(one) for one in (name, uuid, value))
        key = [whole_name, whole_uuid]
        assert parse(frames.post(name, uuid, value)) == ("RequestPostTopicUUID", [*key, whole])
        assert parse(frames.get(name, uuid)) == ("RequestGetTopicUUID", key)
        assert parse(frames.get_topic(name)) == ("RequestGetTopicName", [whole_name])
        assert parse(frames.delete(name, uuid)) == ("RequestDeleteTopicUUID", key)

    @given(text=st.text())
    def test_is_unchanged_where_the_characters_are_whole(self, text: str) -> None:
        assert frames.sendable({"text": text}) == {"text": text}

    def test_has_a_sign_in_place_of_half_a_character(self) -> None:
        assert frames.sendable("a\ud800b") == "a\N{REPLACEMENT CHARACTER}b"
        assert frames.sendable("\ud83d\ude00") == "\N{GRINNING FACE}"

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), [{"a": float("-inf")}]])
    def test_is_never_what_json_cannot_hold(self, value: Any) -> None:
        with pytest.raises(ValueError, match="JSON"):
            frames.post("T", "u", value)
        with pytest.raises(ValueError, match="JSON"):
            frames.sendable(value)

    @given(texts=st.lists(TEXTS, min_size=6, max_size=6))
    def test_is_understood_for_every_message_of_ours(self, texts: list[str]) -> None:
        event = {**alarm(1), **dict(zip(("label", "mid", "requestor_id", "requestor_type"), texts, strict=False))}
        event["source"] = {"id": texts[4], "type": texts[5]}
        for message in (event, a_gap(5, 2), a_deletion(6, event=1)):
            value = DhtSink("ws://nowhere", texts[0], traces=None)._value(message)  # type: ignore[arg-type]
            kind, (name, uuid, found) = parse(frames.post(frames.RESULTS, message["message_id"], value))
            assert (kind, name, uuid) == ("RequestPostTopicUUID", frames.RESULTS, message["message_id"])
            assert found == frames.sendable(value)


class TestWhatWeRead:
    def test_is_what_the_contract_says(self) -> None:
        pushed = {"topic_name": "T", "topic_uuid": "u", "value": [1], "deleted": True}
        assert frames.read(json.dumps({"Persistent": pushed})) == Push("T", "u", [1], deleted=True)
        assert frames.read('{"Response":{"value":{}}}') == Answer({})
        assert frames.read('{"Response":{"value":null}}') == Answer(None)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "null",
            "[]",
            "7",
            '"Response"',
            '{"Response":{}}',
            '{"Response":[]}',
            '{"Persistent":{"topic_name":1,"topic_uuid":"u","value":1,"deleted":false}}',
            '{"Persistent":{"topic_name":"T"}}',
            '{"Persistent":"T"}',
            '{"Volatile":{"value":1}}',
            "1" * 5000,
            "[" * 100_000,
            b"\xff\xfe",
        ],
    )
    def test_is_nothing_to_us_otherwise(self, text: str | bytes) -> None:
        assert frames.read(text) is None

    @given(frame=JSON | st.fixed_dictionaries({}, optional={"Response": JSON, "Persistent": JSON, "Volatile": JSON}))
    def test_never_fails(self, frame: Any) -> None:
        found = frames.read(json.dumps(frame))
        assert found is None or isinstance(found, (Push, Answer))
