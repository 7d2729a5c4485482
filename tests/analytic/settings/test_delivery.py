# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analytic.delivery.webhook.templates import NAMES
from analytic.errors import BadSettings
from analytic.settings import load
from analytic.settings.delivery import WebhookSettings

PHONE = {"url": "https://ntfy.sh/s3cret-topic", "template": "ntfy", "headers": {"Authorization": "Bearer s3cret"}}


def refused(**sections: Any) -> str:
    with pytest.raises(BadSettings) as caught:
        load(**sections)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestTheOutbox:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("kept_messages", 999),
            ("kept_messages", "many"),
            ("kept_days", 0),
            ("kept_days", 3661),
            ("kept_days", float("nan")),
            ("max_pending", 99),
            ("webhook", {}),
        ],
    )
    def test_what_is_out_of_bounds_is_refused_by_name(self, key: str, value: object) -> None:
        assert f"delivery.{key}" in refused(delivery={key: value})

    def test_the_bounds_themselves_are_accepted(self) -> None:
        found = load(delivery={"kept_messages": 1000, "kept_days": 3660, "max_pending": 100}).delivery
        assert (found.kept_messages, found.kept_days, found.max_pending) == (1000, 3660.0, 100)


class TestWebhooks:
    def test_what_is_not_named_is_everything_in_every_phase(self) -> None:
        (webhook,) = load(
            delivery={"webhooks": {"hook": {"url": "http://10.0.0.2:8080/a?b=c"}}}
        ).delivery.webhooks.values()
        assert webhook.url.get_secret_value() == "http://10.0.0.2:8080/a?b=c"
        assert (webhook.template, webhook.classes, webhook.severities) == ("event", (), ())
        assert webhook.phases == ("start", "update", "end")
        assert dict(webhook.headers) == {}

    @pytest.mark.parametrize("name", ["a", "phone", "a-b_9", "x" * 32])
    def test_a_name_is_short_and_plain(self, name: str) -> None:
        assert list(load(delivery={"webhooks": {name: PHONE}}).delivery.webhooks) == [name]

    @pytest.mark.parametrize("name", ["", "A", "9a", "-a", "a b", "a/b", "a.b", "é", "x" * 33, "a\n"])
    def test_another_name_is_refused(self, name: str) -> None:
        said = refused(delivery={"webhooks": {name: PHONE}})
        assert f"{name!r}: a webhook's name has 1 to 32 characters of a-z 0-9 _ -, a letter first" in said

    @pytest.mark.parametrize(
        "url",
        [
            "", "s3cret", "ftp://s3cret/", "http:", "http://", "http:///s3cret", "//s3cret", "https:s3cret",
            "http://s3cret:0", "http://s3cret:99999", "http://s3cret:x",
            "http://[s3cret", "javascript:s3cret", "http://:80/s3cret", "file:///s3cret",
        ],
    )  # fmt: skip
    def test_what_is_no_address_is_refused_and_not_repeated(self, url: str) -> None:
        said = refused(delivery={"webhooks": {"phone": {"url": url}}})
        assert said == "delivery.webhooks.phone.url: expected an http or https address"

    def test_without_an_address_it_is_none(self) -> None:
        assert "delivery.webhooks.phone.url" in refused(delivery={"webhooks": {"phone": {"template": "text"}}})

    def test_its_templates_are_those_that_there_are(self) -> None:
        annotation = WebhookSettings.model_fields["template"].annotation
        assert getattr(annotation, "__args__", ()) == NAMES

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("template", "teams"),
            ("severities", ["fatal"]),
            ("severities", "critical"),
            ("phases", ["deleted"]),
            ("phases", ["gap"]),
            ("classes", "fire"),
            ("headers", ["a"]),
            ("retries", 3),
        ],
    )
    def test_what_is_none_of_the_choices_is_refused_by_name(self, key: str, value: object) -> None:
        assert f"delivery.webhooks.phone.{key}" in refused(delivery={"webhooks": {"phone": {**PHONE, key: value}}})

    @pytest.mark.parametrize("url", ["https://ntfy.sh", "https://ntfy.sh/", "https://ntfy.sh/?auth=s3cret"])
    def test_ntfy_needs_a_topic(self, url: str) -> None:
        assert "ntfy needs a topic in its url" in refused(delivery={"webhooks": {"phone": {**PHONE, "url": url}}})
        load(delivery={"webhooks": {"phone": {**PHONE, "url": url, "template": "text"}}})

    @pytest.mark.parametrize("name", ["", "X Y", "X:Y", "X\n", "é", "X\r\nY"])
    def test_what_is_no_name_of_a_header_is_refused(self, name: str) -> None:
        said = refused(delivery={"webhooks": {"phone": {**PHONE, "headers": {name: "s3cret"}}}})
        assert f"{name!r} is no name of a header" in said

    @pytest.mark.parametrize("value", ["s3cret\n", "s3cret\r\nX-Other: 1", "s3cret\0", "s3crét s3cret", "s3cret\x7f"])
    def test_what_no_header_can_hold_is_refused_and_not_repeated(self, value: str) -> None:
        said = refused(delivery={"webhooks": {"phone": {**PHONE, "headers": {"X-Token": value}}}})
        assert "X-Token: a header holds visible ASCII characters and blanks only" in said

    def test_its_tables_are_frozen(self) -> None:
        webhooks = load(delivery={"webhooks": {"phone": PHONE}}).delivery.webhooks
        for table in (webhooks, webhooks["phone"].headers):
            with pytest.raises(TypeError, match="does not support item assignment"):
                table["new"] = table["phone" if "phone" in table else "Authorization"]  # type: ignore[index]

    def test_address_and_headers_are_masked_wherever_settings_are_shown(self) -> None:
        settings = load(delivery={"webhooks": {"phone": PHONE, "other": {"url": "http://s3cret"}}})
        for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.delivery.model_dump())):
            assert "s3cret" not in shown

    def test_the_environment_may_name_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEARKEN__DELIVERY__WEBHOOKS", json.dumps({"phone": PHONE}))
        assert load().delivery.webhooks["phone"].template == "ntfy"


class TestMqtt:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("port", 0),
            ("port", 65536),
            ("prefix", ""),
            ("prefix", "/home"),
            ("prefix", "home/"),
            ("prefix", "a//b"),
            ("prefix", "a/#"),
            ("prefix", "+"),
            ("prefix", "a b"),
            ("prefix", "$SYS"),
            ("discovery_prefix", "home assistant"),
            ("frigate_prefix", "a/+/b"),
            ("broker", "10.0.0.2"),
        ],
    )
    def test_what_is_wrong_is_refused_by_name(self, key: str, value: object) -> None:
        assert f"mqtt.{key}" in refused(mqtt={key: value})

    @pytest.mark.parametrize("prefix", ["hearken", "home/sound", "a-b_C/9"])
    def test_a_prefix_may_have_several_parts(self, prefix: str) -> None:
        found = load(mqtt={"prefix": prefix, "discovery_prefix": prefix, "frigate_prefix": prefix}).mqtt
        assert (found.prefix, found.discovery_prefix, found.frigate_prefix) == (prefix, prefix, prefix)

    @pytest.mark.parametrize("files", [["ca_file"], ["cert_file", "key_file"], ["ca_file", "cert_file", "key_file"]])
    def test_certificates_need_tls(self, files: list[str]) -> None:
        given = dict.fromkeys(files, "/somewhere")
        assert "ca_file, cert_file and key_file need tls = true" in refused(mqtt=given)
        assert load(mqtt={**given, "tls": True}).mqtt.tls

    @pytest.mark.parametrize("key", ["cert_file", "key_file"])
    def test_a_certificate_and_its_key_go_together(self, key: str) -> None:
        assert "cert_file and key_file go together" in refused(mqtt={"tls": True, key: "/somewhere"})

    def test_the_password_comes_from_its_file_where_one_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "password"
        path.write_text(" s3cret of the file\n", encoding="utf-8")
        assert load().mqtt.secret() is None
        assert load(mqtt={"password": "s3cret"}).mqtt.secret() == "s3cret"
        assert load(mqtt={"password": "s3cret", "password_file": path}).mqtt.secret() == "s3cret of the file"

    def test_a_password_file_that_cannot_be_read_is_told_by_its_setting(self, tmp_path: Path) -> None:
        for path, content in ((tmp_path / "none", None), (tmp_path / "bytes", b"\xff\xfes3cret")):
            if content is not None:
                path.write_bytes(content)
            settings = load(mqtt={"password_file": path}).mqtt
            with pytest.raises(BadSettings, match=r"mqtt\.password_file") as caught:
                settings.secret()
            assert "s3cret" not in str(caught.value)

    def test_the_password_is_masked_wherever_settings_are_shown(self) -> None:
        settings = load(mqtt={"password": "s3cret"})
        for shown in (repr(settings), settings.model_dump_json(), repr(settings.mqtt.model_dump())):
            assert "s3cret" not in shown


class TestDht:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("url", "http://node:3000/ws"),
            ("url", "ws://"),
            ("url", "node:3000"),
            ("kept_hours", 0),
            ("kept_hours", -1),
            ("topic", "mine"),
        ],
    )
    def test_what_is_wrong_is_refused_by_name(self, key: str, value: object) -> None:
        assert f"dht.{key}" in refused(dht={key: value})

    def test_requests_need_a_node_and_a_folder(self) -> None:
        node, folder = {"url": "ws://127.0.0.1:3000/ws"}, {"requests_dir": "/sounds"}
        for given in ({}, node, folder):
            assert "requests needs url, and requests_dir" in refused(dht={"requests": True, **given})
        assert load(dht={"requests": True, **node, **folder}).dht.requests_dir == Path("/sounds")

    def test_a_node_alone_takes_no_requests(self) -> None:
        assert not load(dht={"url": "wss://node.example/ws"}).dht.requests
