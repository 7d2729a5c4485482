# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.delivery.webhook.templates import NAMES, body, sentence
from analytic.events.types import Message
from analytic.settings.delivery import WebhookSettings
from tests.analytic.delivery.told import a_deletion, a_gap, alarm

NOTIFIERS = tuple(name for name in NAMES if name not in ("event", "text"))
BEGAN = alarm(1, "start", onset="2026-01-02T03:04:05Z", event_class="glass_break")


def said(template: str, message: Message, topic: str = "") -> Any:
    found = body(template, message, topic)
    assert found is not None
    assert found.media_type == "application/json"
    return json.loads(found.content)


class TestSentence:
    def test_it_says_what_where_how_surely_and_when(self) -> None:
        assert sentence(BEGAN) == "Glass break in kitchen (score 0.45) began at 2026-01-02T03:04:05Z"

    def test_it_says_that_it_got_worse_or_ended(self) -> None:
        assert sentence(alarm(1, "update", onset="2026-01-02T03:04:05Z")).endswith("got worse at 2026-01-02T03:04:05Z")
        ended = alarm(1, onset="2026-01-02T03:04:05Z", offset="2026-01-02T03:05:00Z")
        assert sentence(ended).endswith("ended at 2026-01-02T03:05:00Z")

    def test_of_an_upload_it_says_when_that_was_heard(self) -> None:
        assert sentence(alarm(1)).endswith("ended at 2026-01-01T12:00:00Z")


class TestForms:
    def test_the_settings_know_the_same_names(self) -> None:
        assert get_args(WebhookSettings.model_fields["template"].annotation) == NAMES

    def test_the_event_is_the_message_as_it_is(self) -> None:
        for message in (BEGAN, a_gap(3, 2), a_deletion(4, event=1)):
            assert said("event", message) == message

    def test_the_text_is_the_sentence(self) -> None:
        found = body("text", BEGAN)
        assert found is not None
        assert found == (sentence(BEGAN).encode(), "text/plain; charset=utf-8")

    def test_ntfy_gets_its_topic_title_message_priority_and_tags(self) -> None:
        assert said("ntfy", BEGAN, "my-home") == {
            "topic": "my-home",
            "title": "Glass break",
            "message": sentence(BEGAN),
            "priority": 5,
            "tags": ["critical", "glass_break"],
        }

    def test_gotify_gets_its_title_message_and_priority(self) -> None:
        assert said("gotify", BEGAN) == {"title": "Glass break", "message": sentence(BEGAN), "priority": 10}

    def test_slack_gets_its_text(self) -> None:
        assert said("slack", BEGAN) == {"text": sentence(BEGAN)}

    def test_discord_gets_its_content_and_rings_nobody(self) -> None:
        assert said("discord", BEGAN) == {"content": sentence(BEGAN), "allowed_mentions": {"parse": []}}

    def test_the_more_severe_the_higher_the_priority(self) -> None:
        alarms = [alarm(1, severity=severity) for severity in ("notice", "warning", "critical")]
        assert [said("ntfy", one)["priority"] for one in alarms] == [3, 4, 5]
        assert [said("gotify", one)["priority"] for one in alarms] == [4, 7, 10]

    @pytest.mark.parametrize("template", [*NOTIFIERS, "text"])
    def test_a_notifier_is_not_told_of_gaps_and_deletions(self, template: str) -> None:
        assert body(template, a_gap(3, 2)) is None
        assert body(template, a_deletion(4, event=1)) is None

    @given(text=st.text(), topic=st.text())
    @pytest.mark.parametrize("template", NOTIFIERS)
    def test_whatever_the_texts_hold_it_is_json_that_says_them(self, template: str, text: str, topic: str) -> None:
        message = {**BEGAN, "source": {"id": text, "type": "live"}}
        found = said(template, message, topic)
        told = found.get("message") or found.get("text") or found.get("content")
        if template == "slack":
            told = told.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        assert told == sentence(message)
        assert found.get("topic", topic) == topic

    def test_a_name_cannot_ring_a_whole_channel_of_slack(self) -> None:
        message = {**BEGAN, "source": {"id": "<!channel>", "type": "live"}}
        assert "<!channel>" not in said("slack", message)["text"]
