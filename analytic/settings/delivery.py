# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Settings of where alarms go: the outbox, MQTT, the DHT, webhooks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, field_serializer, field_validator, model_validator

from analytic.settings.section import Section, read_secret

Severity = Literal["notice", "warning", "critical"]
Phase = Literal["start", "update", "end"]
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TOPIC = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


class WebhookSettings(Section):
    """One webhook, by its name: `delivery.webhooks.phone = {url = "...", template = "ntfy"}`."""

    url: SecretStr = Field(description="Address to post to; http or https. It may hold a token, so no log shows it.")
    template: Literal["event", "text", "ntfy", "gotify", "slack", "discord"] = Field(
        "event", description="What is posted: the message itself, or a sentence in a notifier's form."
    )
    classes: tuple[str, ...] = Field((), description="Only these alert classes.")
    severities: tuple[Severity, ...] = Field((), description="Only these severities.")
    phases: tuple[Phase, ...] = Field(("start", "update", "end"), description="Only events in these phases.")
    headers: Mapping[str, SecretStr] = Field(
        default_factory=lambda: MappingProxyType({}), description="More headers, such as a token."
    )

    @field_validator("url")
    @classmethod
    def _address(cls, url: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(url.get_secret_value())
            is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address:
            raise ValueError("expected an http or https address")
        return url

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        for name, value in headers.items():
            if not _HEADER.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
            if not all(" " <= character <= "~" for character in value.get_secret_value()):
                raise ValueError(f"{name}: a header holds visible ASCII characters and blanks only")
        return MappingProxyType(dict(headers))

    @field_serializer("headers")
    def _plain(self, headers: Mapping[str, SecretStr]) -> dict[str, SecretStr]:
        return dict(headers)

    @model_validator(mode="after")
    def _has_topic(self) -> WebhookSettings:
        if self.template == "ntfy" and not urlsplit(self.url.get_secret_value()).path.strip("/"):
            raise ValueError("ntfy needs a topic in its url, such as https://ntfy.sh/my-home")
        return self


class DeliverySettings(Section):
    """The outbox: what is kept until everybody has it, and after that."""

    dir: Path = Field(
        default_factory=lambda: platformdirs.user_state_path("hearken") / "delivery",
        description="Folder of the outbox and this device's key. No sound.",
    )
    kept_messages: int = Field(100_000, ge=1000, description="Messages kept for `since` and `/events`.")
    kept_days: float = Field(30.0, gt=0, le=3660, description="Days that they are kept at most.")
    max_pending: int = Field(
        20_000,
        ge=100,
        description="Messages that may wait for one sink; then the oldest of the least weight are given up.",
    )
    webhooks: Mapping[str, WebhookSettings] = Field(
        default_factory=lambda: MappingProxyType({}), description="Addresses that every alarm is posted to, by name."
    )

    @field_validator("webhooks")
    @classmethod
    def _named(cls, table: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in table:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r}: a webhook's name has 1 to 32 characters of a-z 0-9 _ -, a letter first")
        return MappingProxyType(dict(table))

    @field_serializer("webhooks")
    def _plain(self, table: Mapping[str, Any]) -> dict[str, Any]:
        return dict(table)


class MqttSettings(Section):
    """MQTT, and Home Assistant by it."""

    host: str | None = Field(None, description="Address of the broker; none: no MQTT.")
    port: int | None = Field(None, ge=1, le=65535, description="Its port; 1883, and 8883 with TLS.")
    username: str | None = Field(None, description="Who we are there.")
    password: SecretStr | None = Field(None, description="And the password.")
    password_file: Path | None = Field(None, description="File that holds it, in place of `password`.")
    tls: bool = Field(False, description="Encrypt, and check the broker's certificate.")
    ca_file: Path | None = Field(None, description="Who signed that certificate; by default those this machine trusts.")
    cert_file: Path | None = Field(None, description="Our own certificate, where the broker asks for one.")
    key_file: Path | None = Field(None, description="And its key.")
    prefix: str = Field("hearken", pattern=f"^{_TOPIC.pattern}$", description="What our topics begin with.")
    homeassistant: bool = Field(True, description="Announce entities to Home Assistant.")
    discovery_prefix: str = Field(
        "homeassistant", pattern=f"^{_TOPIC.pattern}$", description="Home Assistant's discovery prefix."
    )
    frigate_prefix: str | None = Field(
        None, pattern=f"^{_TOPIC.pattern}$", description="Tell alarms on Frigate's topics as well, beginning so."
    )

    @field_validator("host")
    @classmethod
    def _named(cls, host: str | None) -> str | None:
        return host or None

    @model_validator(mode="after")
    def _whole(self) -> MqttSettings:
        if not self.tls and (self.ca_file or self.cert_file or self.key_file):
            raise ValueError("ca_file, cert_file and key_file need tls = true")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together")
        return self

    def secret(self) -> str | None:
        """Return the password, read from its file where one is named.

        Raises
        ------
        BadSettings
            The file cannot be read.
        """
        if self.password_file is not None:
            return read_secret(self.password_file, "mqtt.password_file")
        return None if self.password is None else self.password.get_secret_value()


class DhtSettings(Section):
    """The SIFIS-Home DHT."""

    url: str | None = Field(
        None,
        pattern="^wss?://[^/]",
        description="Websocket of the node, such as `ws://127.0.0.1:3000/ws`; none: no DHT.",
    )
    kept_hours: float = Field(24.0, gt=0, description="Hours until what we published there is deleted.")
    requests: bool = Field(False, description="Answer the requests of the request topic.")
    requests_dir: Path | None = Field(
        None, description="The one folder that `audio_file` of a request names a file in."
    )

    @model_validator(mode="after")
    def _whole(self) -> DhtSettings:
        if self.requests and (self.url is None or self.requests_dir is None):
            raise ValueError("requests needs url, and requests_dir: the folder that files are read from")
        return self
