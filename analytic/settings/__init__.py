# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Settings: read once at start into frozen values. Defaults < TOML file < environment < command line.

Environment: ``HEARKEN__SECTION__KEY``, lists and tables as JSON. Secrets also come from files, ``token_file``. The file
is named by ``HEARKEN_CONFIG``, or is ``hearken.toml`` in the user's configuration folder. docs/settings.md lists all of
them, and a test holds it to this code.

May import: pydantic, pydantic-settings and platformdirs; `analytic.access`, `analytic.errors` and `analytic.ids`.
`alerts`, `delivery`, `jobs` and `listen` are the sections that are long, `section` is what every section is.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from analytic.access import is_loopback
from analytic.errors import BadSettings
from analytic.settings.alerts import AlertSettings
from analytic.settings.delivery import DeliverySettings, DhtSettings, MqttSettings
from analytic.settings.jobs import FetchSettings, JobsSettings
from analytic.settings.listen import ListenSettings
from analytic.settings.section import Section, read_secret
from analytic.settings.stats import StatsSettings

CONFIG_VARIABLE = "HEARKEN_CONFIG"
WEIGHTS_VARIABLE = "HEARKEN_WEIGHTS"
_MEBIBYTE = 1 << 20


class HttpSettings(Section):
    """The REST API, and who may use it and the bus."""

    host: str = Field("127.0.0.1", description="Address to listen on, for the REST API and the bus.")
    port: int = Field(5000, ge=0, le=65535, description="Port of the REST API; 0 takes a free one.")
    threads: int = Field(4, ge=1, le=64, description="Requests answered at once.")
    max_connections: int = Field(32, ge=1, le=1000, description="Open connections; further ones wait.")
    max_body_bytes: int = Field(64 * _MEBIBYTE, ge=1024, description="Largest request body in bytes.")
    max_held_bytes: int = Field(
        192 * _MEBIBYTE, ge=1024, description="Request bodies held at once, in bytes; further ones are answered 503."
    )
    allowed_hosts: tuple[str, ...] = Field((), description="Names that `Host` may hold, beside the loopback names.")
    allowed_origins: tuple[str, ...] = Field((), description="Foreign origins that may post and subscribe.")
    token: SecretStr | None = Field(None, description="Token that every request must show; none by default.")
    token_file: Path | None = Field(None, description="File that holds the token, in place of `token`.")
    insecure_lan: bool = Field(False, description="Listen beyond loopback without a token.")

    @model_validator(mode="after")
    def _fits(self) -> HttpSettings:
        if self.max_held_bytes < self.max_body_bytes:
            raise ValueError("max_held_bytes lies below max_body_bytes: the largest body would never come in")
        return self

    @model_validator(mode="after")
    def _reach(self) -> HttpSettings:
        if not is_loopback(self.host) and not (self.token or self.token_file or self.insecure_lan):
            raise ValueError(
                f"host {self.host} is reached from other machines: set http.token (or http.token_file), "
                "or --insecure-lan if whoever reaches it may use it"
            )
        return self

    def secret(self) -> str | None:
        """Return the token, read from its file where one is named.

        Raises
        ------
        BadSettings
            The file cannot be read, or the token is not one that a header can carry.
        """
        if self.token_file is None:
            return _checked_token(self.token.get_secret_value(), "http.token") if self.token else None
        return _checked_token(read_secret(self.token_file, "http.token_file"), f"http.token_file {self.token_file}")


def _checked_token(token: str, where: str) -> str:
    if not token:
        raise BadSettings(f"{where} is empty")
    if not all("!" <= character <= "~" for character in token):
        raise BadSettings(f"{where}: a token has visible ASCII characters only, no blanks")
    return token


class BusSettings(Section):
    """The websocket bus."""

    port: int = Field(8765, ge=0, le=65535, description="Port of the bus; 0 takes a free one.")
    queue_messages: int = Field(256, ge=1, description="Messages that may wait for one subscriber; then it is closed.")
    max_subscribers: int = Field(64, ge=1, description="Subscribers at once.")


class AudioSettings(Section):
    """What sound is accepted."""

    max_duration_s: float = Field(600.0, gt=0, le=3600, description="Longest sound of one request in seconds.")
    max_channels: int = Field(8, ge=1, le=64, description="Most channels; they are mixed to mono.")
    min_sample_rate_hz: int = Field(8_000, ge=1_000, description="Lowest sample rate in Hz.")
    max_sample_rate_hz: int = Field(192_000, le=768_000, description="Highest sample rate in Hz.")
    sandbox: bool = Field(
        True, description="Decode in processes that are thrown away; off only where there is no Linux."
    )
    sandbox_bytes: int = Field(512 * _MEBIBYTE, ge=64 * _MEBIBYTE, description="Memory of such a process, in bytes.")
    sandbox_s: float = Field(20.0, gt=0, description="Seconds that decoding a clip may take.")

    @model_validator(mode="after")
    def _ordered(self) -> AudioSettings:
        if self.min_sample_rate_hz > self.max_sample_rate_hz:
            raise ValueError("min_sample_rate_hz lies above max_sample_rate_hz")
        return self


class ModelsSettings(Section):
    """The tagger."""

    tagger: str | None = Field(None, description="Which installed tagger speaks; by default mn04_as, else the first.")
    dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("hearken") / "models",
        description="Folder of the installed taggers.",
    )
    lanes: int = Field(2, ge=1, le=64, description="Clips tagged at once.")
    threads: int = Field(1, ge=1, le=64, description="Threads for one clip.")


class AnonymizerSettings(Section):
    """The anonymisers."""

    segment_s: float = Field(1.0, gt=0, le=60, description="Segment length of scrample in seconds.")
    alert_veto: bool = Field(
        False, description="Have speech_gate spare what is heard as an alarm; words over it are then heard too."
    )


class ServiceSettings(Section):
    """The service as a whole."""

    analyzer_id: str = Field(
        default_factory=lambda: platform.node() or "hearken", description="Name of this analyser in answers."
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe log line.")


class Settings(BaseSettings):
    """All settings, frozen."""

    model_config = SettingsConfigDict(
        env_prefix="HEARKEN__",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
    )

    http: HttpSettings = Field(default_factory=HttpSettings)
    bus: BusSettings = Field(default_factory=BusSettings)
    delivery: DeliverySettings = Field(default_factory=DeliverySettings)
    mqtt: MqttSettings = Field(default_factory=MqttSettings)
    dht: DhtSettings = Field(default_factory=DhtSettings)
    audio: AudioSettings = Field(default_factory=AudioSettings)
    models: ModelsSettings = Field(default_factory=ModelsSettings)
    anonymizers: AnonymizerSettings = Field(default_factory=AnonymizerSettings)
    alerts: AlertSettings = Field(default_factory=AlertSettings)
    listen: ListenSettings = Field(default_factory=ListenSettings)
    jobs: JobsSettings = Field(default_factory=JobsSettings)
    fetch: FetchSettings = Field(default_factory=FetchSettings)
    stats: StatsSettings = Field(default_factory=StatsSettings)
    service: ServiceSettings = Field(default_factory=ServiceSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then environment, then the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_path())


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the settings file, there or not."""
    named = environment.get(CONFIG_VARIABLE, "")
    return Path(named) if named else platformdirs.user_config_path("hearken") / "hearken.toml"


def load(**command_line: Mapping[str, Any]) -> Settings:
    """Read the settings once.

    Parameters
    ----------
    command_line
        Sections with the keys that the command line sets; None values are left out.

    Raises
    ------
    BadSettings
        Naming every setting that is wrong; values are not repeated, they may be secrets.
    """
    given = {
        section: {key: value for key, value in values.items() if value is not None}
        for section, values in command_line.items()
    }
    if os.environ.get(CONFIG_VARIABLE) and not config_path().is_file():
        raise BadSettings(f"{CONFIG_VARIABLE}: there is no file {config_path()}")
    _check_sections()
    make: Callable[..., Settings] = Settings
    try:
        return make(**{section: values for section, values in given.items() if values})
    except ValidationError as error:
        raise BadSettings("; ".join(_sentence(fault) for fault in error.errors())) from error
    except ValueError as error:  # a TOML file that does not parse, or JSON in the environment
        raise BadSettings(f"the settings cannot be read: {error}") from error


def _check_sections() -> None:
    for name in os.environ:
        if name.startswith("HEARKEN__"):
            section = name.split("__")[1].lower()
            if section not in Settings.model_fields:
                known = ", ".join(field.upper() for field in Settings.model_fields)
                raise BadSettings(f"{name}: there is no section {section.upper()}; known: {known}")


def _sentence(fault: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}"
