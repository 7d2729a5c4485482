# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import platformdirs
import pytest
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from analytic.app import make_policies
from analytic.errors import BadSettings
from analytic.settings import CONFIG_VARIABLE, Settings, config_path, load
from analytic.settings.alerts import RuleSettings
from analytic.settings.delivery import WebhookSettings

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"
SECRET = "correct-horse-battery"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write the settings file that `HEARKEN_CONFIG` names."""

    def file(text: str) -> Path:
        path = tmp_path / "hearken.toml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv(CONFIG_VARIABLE, str(path))
        return path

    return file


class TestPrecedence:
    def test_without_anything_the_defaults_hold(self) -> None:
        settings = load()
        assert (settings.http.host, settings.http.port, settings.bus.port) == ("127.0.0.1", 5000, 8765)
        assert settings.http.secret() is None

    def test_the_file_beats_the_default(self, write: Any) -> None:
        write('[http]\nport = 5001\n[alerts]\nenabled = ["fire"]\n[alerts.thresholds]\nfire = 0.5\n')
        settings = load()
        assert settings.http.port == 5001
        assert settings.alerts.enabled == ("fire",)
        assert dict(settings.alerts.thresholds) == {"fire": 0.5}

    def test_the_environment_beats_the_file(self, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        write("[http]\nport = 5001\n")
        monkeypatch.setenv("HEARKEN__HTTP__PORT", "5002")
        assert load().http.port == 5002

    def test_the_command_line_beats_the_environment(self, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        write("[http]\nport = 5001\n")
        monkeypatch.setenv("HEARKEN__HTTP__PORT", "5002")
        assert load(http={"port": 5003}).http.port == 5003

    def test_they_are_merged_key_by_key(self, write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        write('[http]\nport = 5001\nthreads = 7\nallowed_hosts = ["hub"]\n')
        monkeypatch.setenv("HEARKEN__HTTP__THREADS", "8")
        http = load(http={"max_connections": 9}).http
        assert (http.port, http.threads, http.max_connections, http.allowed_hosts) == (5001, 8, 9, ("hub",))

    def test_what_the_command_line_does_not_say_is_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEARKEN__HTTP__PORT", "5002")
        assert load(http={"port": None, "host": None}, models={"tagger": None}).http.port == 5002

    def test_lists_and_tables_come_as_json_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEARKEN__HTTP__ALLOWED_HOSTS", '["hub", "hub.home.example"]')
        monkeypatch.setenv("HEARKEN__ALERTS__THRESHOLDS", '{"smoke_alarm": 0.05}')
        settings = load()
        assert settings.http.allowed_hosts == ("hub", "hub.home.example")
        assert settings.alerts.thresholds == {"smoke_alarm": 0.05}

    def test_a_whole_section_may_come_as_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEARKEN__BUS", '{"port": 8766, "max_subscribers": 3}')
        monkeypatch.setenv("HEARKEN__BUS__MAX_SUBSCRIBERS", "4")
        assert (load().bus.port, load().bus.max_subscribers) == (8766, 4)


class TestFile:
    def test_it_lies_in_the_configuration_folder(self, tmp_path: Path) -> None:
        assert config_path({}) == tmp_path / "config" / "hearken" / "hearken.toml"
        config_path({}).parent.mkdir(parents=True)
        config_path({}).write_text("[bus]\nport = 8766\n", encoding="utf-8")
        assert load().bus.port == 8766

    def test_another_one_is_named_by_the_environment(self) -> None:
        assert config_path({CONFIG_VARIABLE: "/etc/hearken.toml"}) == Path("/etc/hearken.toml")

    def test_a_named_one_that_is_not_there_is_refused(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "nowhere.toml"))
        with pytest.raises(BadSettings, match=r"HEARKEN_CONFIG: there is no file .*nowhere\.toml"):
            load()

    @pytest.mark.parametrize("content", [b"[http\n", b"port 5001", b"\xff\xfe\x00"])
    def test_one_that_does_not_parse_is_refused(self, write: Any, content: bytes) -> None:
        write("").write_bytes(content)
        with pytest.raises(BadSettings):
            load()


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("HEARKEN__HTTP__PORT", "-1", "http.port"),
            ("HEARKEN__HTTP__PORT", "65536", "http.port"),
            ("HEARKEN__HTTP__PORT", "five", "http.port"),
            ("HEARKEN__HTTP__THREADS", "0", "http.threads"),
            ("HEARKEN__HTTP__PROT", "5000", "http.prot"),
            ("HEARKEN__DELIVERY__KEPT_MESSAGES", "-1", "delivery.kept_messages"),
            ("HEARKEN__BUS__KEPT_MESSAGES", "1000", "bus.kept_messages"),
            ("HEARKEN__AUDIO__MAX_DURATION_S", "0", "audio.max_duration_s"),
            ("HEARKEN__AUDIO__MAX_DURATION_S", "nan", "audio.max_duration_s"),
            ("HEARKEN__MODELS__LANES", "0", "models.lanes"),
            ("HEARKEN__ANONYMIZERS__SEGMENT_S", "0", "anonymizers.segment_s"),
            ("HEARKEN__ALERTS__THRESHOLDS", '{"fire": 0}', "alerts.thresholds: fire"),
            ("HEARKEN__ALERTS__THRESHOLDS", '{"fire": 1.5}', "alerts.thresholds: fire"),
            ("HEARKEN__ALERTS__THRESHOLDS", '{"fire": NaN}', "alerts.thresholds: fire"),
            ("HEARKEN__ALERTS__ENABLED", "fire", "alerts|enabled"),
            ("HEARKEN__SERVICE__LOG_LEVEL", "LOUD", "service.log_level"),
            ("HEARKEN__HTPP__PORT", "5000", "HEARKEN__HTPP__PORT: there is no section HTPP; known: HTTP, BUS"),
            ("HEARKEN__", "1", "there is no section"),
        ],
    )
    def test_a_wrong_variable_is_refused_by_name(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
    ) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(BadSettings, match=said):
            load()

    @pytest.mark.parametrize(
        ("text", "said"),
        [("[http]\nprot = 1\n", "http.prot"), ("[htpp]\nport = 1\n", "htpp"), ("port = 1\n", "port")],
    )
    def test_an_unknown_name_in_the_file_is_refused_by_name(self, write: Any, text: str, said: str) -> None:
        write(text)
        with pytest.raises(BadSettings, match=said):
            load()

    def test_all_that_is_wrong_is_named_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEARKEN__HTTP__PORT", "-1")
        monkeypatch.setenv("HEARKEN__BUS__PORT", "-1")
        with pytest.raises(BadSettings, match=r"http\.port.*; bus\.port"):
            load()

    def test_the_message_is_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEARKEN__HTTP__PORT", "-1")
        with pytest.raises(BadSettings) as caught:
            load(http={"threads": 0})
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "hub.home.example", ""])
    def test_an_address_that_others_reach_needs_a_token(self, host: str) -> None:
        with pytest.raises(BadSettings, match=r"http.*token"):
            load(http={"host": host})

    def test_an_empty_token_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEARKEN__HTTP__TOKEN", "")
        with pytest.raises(BadSettings, match="token"):
            load(http={"host": "0.0.0.0"})

    @pytest.mark.parametrize("way", [{"token": SECRET}, {"token_file": "/run/secrets/token"}, {"insecure_lan": True}])
    def test_with_a_token_or_on_ones_own_head_it_is_accepted(self, way: dict[str, Any]) -> None:
        assert load(http={"host": "0.0.0.0", **way}).http.host == "0.0.0.0"

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "localhost"])
    def test_loopback_needs_none(self, host: str) -> None:
        assert load(http={"host": host}).http.secret() is None

    def test_sample_rates_that_leave_nothing_between_them_are_refused(self) -> None:
        with pytest.raises(BadSettings, match="sample_rate_hz"):
            load(audio={"min_sample_rate_hz": 48_000, "max_sample_rate_hz": 16_000})


class TestSecrets:
    def test_the_token_is_what_was_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEARKEN__HTTP__TOKEN", SECRET)
        assert load().http.secret() == SECRET

    def test_it_shows_in_no_form_of_the_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEARKEN__HTTP__TOKEN", SECRET)
        settings = load()
        for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.http.model_dump())):
            assert SECRET not in shown
            assert "**" in shown

    def test_nor_do_the_tokens_of_sources(self) -> None:
        settings = load(listen={"tokens": {"kitchen": SECRET}})
        assert settings.listen.tokens["kitchen"].get_secret_value() == SECRET
        for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.listen.model_dump())):
            assert SECRET not in shown
            assert "**" in shown

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("HEARKEN__HTTP__TOKENS", SECRET),
            ("HEARKEN__HTTP", f'{{"token": "{SECRET}", "port": -1}}'),
            ("HEARKEN__HTTP", f'{{"token": "{SECRET}"'),
            ("HEARKEN__HTTP", f'["{SECRET}"]'),
            ("HEARKEN__HTTP__TOKEN__DEEPER", SECRET),
        ],
    )
    def test_no_error_repeats_it(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(BadSettings) as caught:
            load()
        assert SECRET not in str(caught.value)

    def test_a_file_that_does_not_parse_does_not_tell_it(self, write: Any) -> None:
        write(f'[http]\ntoken = "{SECRET}\n')
        with pytest.raises(BadSettings) as caught:
            load()
        assert SECRET not in str(caught.value)

    def test_a_token_file_holds_it_blanks_taken_off(self, tmp_path: Path) -> None:
        path = tmp_path / "token"
        path.write_text(f" {SECRET}\n", encoding="utf-8")
        assert load(http={"token_file": path}).http.secret() == SECRET

    def test_a_token_file_wins_over_a_token(self, tmp_path: Path) -> None:
        path = tmp_path / "token"
        path.write_text(SECRET, encoding="utf-8")
        assert load(http={"token": "other", "token_file": path}).http.secret() == SECRET

    @pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\x00\x81"])
    def test_a_token_file_that_holds_none_is_refused_by_name(self, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "token"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(BadSettings, match="token_file"):
            load(http={"token_file": path}).http.secret()


def values(settings: BaseModel, path: str = "") -> list[tuple[str, BaseModel, str, Any]]:
    """Every value of the settings, with its path, its owner and its key."""
    found = []
    for key in type(settings).model_fields:
        value = getattr(settings, key)
        found.append((f"{path}{key}", settings, key, value))
        parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else [value]
        for part in parts:
            if isinstance(part, BaseModel):
                found += values(part, f"{path}{key}.")
    return found


FULL_ALERTS: Mapping[str, Any] = {
    "enabled": ["fire", "purr"],
    "thresholds": {"fire": 0.5},
    "sensitivities": {"scream": "high"},
    "rules": {"fire": {"confirm": 2}},
    "classes": {"purr": {"members": {"Purr": 1.0}, "threshold": 0.5}},
    "modes": {"night": {"enabled": ["fire"]}},
    "schedule": [{"mode": "night", "begins": "22:00", "ends": "06:00", "days": ["mon"]}],
}


class TestFrozen:
    def test_no_value_can_be_set_anew(self) -> None:
        for path, owner, key, value in values(load(alerts=FULL_ALERTS)):
            with pytest.raises(ValidationError, match="frozen"):
                setattr(owner, key, value)
            assert path

    def test_no_value_can_be_changed_within(self) -> None:
        settings = load(
            http={"allowed_hosts": ["a"]},
            alerts=FULL_ALERTS,
            listen={"sources": {"hall": "mic:"}, "tokens": {"hall": SECRET}},
        )
        mutable = [path for path, _, _, value in values(settings) if isinstance(value, dict | list | set)]
        assert mutable == []
        assert len([path for path, *_ in values(settings) if path.count(".") > 1]) > 10, "the tables were looked into"


def sections() -> dict[str, type[BaseModel]]:
    found = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {name: kind for name, kind in found.items() if isinstance(kind, type) and issubclass(kind, BaseModel)}


def chapters() -> dict[str, str]:
    """The page's chapters, heading -> text."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(chapter: str, table: int = 0) -> list[list[str]]:
    """The cells of a chapter's table, without its head; the first table if none is named."""
    tables = [block for block in chapter.split("\n\n") if block.lstrip().startswith("|")]
    lines = tables[table].strip().splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def written(section: str, key: str, field: FieldInfo) -> str:
    """How the page gives a default."""
    machine = {
        ("models", "dir"): "the folder `hearken/models` in the user's data folder",
        ("delivery", "dir"): "the folder `hearken/delivery` in the user's state folder",
        ("listen", "state_dir"): "the folder `hearken/sources` in the user's state folder",
        ("stats", "dir"): "the folder `hearken/stats` in the user's state folder",
        ("jobs", "dir"): "the folder `hearken/jobs` in the user's state folder",
        ("service", "analyzer_id"): "the name of the machine",
    }
    default = field.get_default(call_default_factory=True)
    if (section, key) in machine:
        return machine[section, key]
    if default is None:
        return "none"
    if isinstance(default, Decimal):
        return f"`{default}`"
    return f"`{json.dumps(dict(default) if isinstance(default, Mapping) else default)}`"


class TestPage:
    def test_it_has_a_chapter_for_every_section_and_no_other(self) -> None:
        assert list(chapters()) == [*sections(), "Other variables"]
        assert list(sections()) == list(Settings.model_fields)

    @pytest.mark.parametrize("section", sections())
    def test_a_chapter_says_what_its_section_is(self, section: str) -> None:
        assert (sections()[section].__doc__ or "?") in chapters()[section]

    @pytest.mark.parametrize("section", sections())
    def test_a_table_holds_every_key_with_its_variable_default_and_meaning(self, section: str) -> None:
        expected = [
            [
                f"`{key}`",
                f"`HEARKEN__{section.upper()}__{key.upper()}`",
                written(section, key, field),
                str(field.description),
            ]
            for key, field in sections()[section].model_fields.items()
        ]
        assert rows(chapters()[section]) == expected

    def test_every_key_of_a_rule_is_explained(self) -> None:
        named = [name for row in rows(chapters()["alerts"], 1) for name in re.findall(r"`(\w+)`", row[0])]
        assert named == list(RuleSettings.model_fields)

    def test_every_key_of_a_webhook_is_explained(self) -> None:
        assert [row[0].strip("`") for row in rows(chapters()["delivery"], 1)] == list(WebhookSettings.model_fields)

    def test_the_defaults_given_in_words_are_true(self, tmp_path: Path) -> None:
        settings = load()
        assert settings.models.dir == platformdirs.user_data_path() / "hearken" / "models"
        assert settings.models.dir == tmp_path / "data" / "hearken" / "models"
        assert settings.delivery.dir == platformdirs.user_state_path() / "hearken" / "delivery"
        assert settings.delivery.dir == tmp_path / "state" / "hearken" / "delivery"
        assert settings.listen.state_dir == platformdirs.user_state_path() / "hearken" / "sources"
        assert settings.listen.state_dir == tmp_path / "state" / "hearken" / "sources"
        assert settings.stats.dir == platformdirs.user_state_path() / "hearken" / "stats"
        assert settings.stats.dir == tmp_path / "state" / "hearken" / "stats"
        assert settings.jobs.dir == platformdirs.user_state_path() / "hearken" / "jobs"
        assert settings.jobs.dir == tmp_path / "state" / "hearken" / "jobs"
        assert settings.service.analyzer_id == (platform.node() or "hearken")

    @pytest.mark.parametrize(
        ("section", "key"), [(section, key) for section, kind in sections().items() for key in kind.model_fields]
    )
    def test_every_variable_of_the_page_is_read(self, monkeypatch: pytest.MonkeyPatch, section: str, key: str) -> None:
        (row,) = (row for row in rows(chapters()[section]) if row[0] == f"`{key}`")
        changed = another(section, key)
        for variable, value in COMPANIONS.get(f"{section}.{key}", {}).items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv(row[1].strip("`"), changed if isinstance(changed, str) else json.dumps(changed))
        assert plain(getattr(getattr(load(), section), key)) == changed

    def test_its_first_example_is_accepted(self, write: Any) -> None:
        write(examples()[0])
        settings = load()
        assert settings.http.port == 5001
        assert settings.alerts.thresholds["smoke_alarm"] == 0.05

    @pytest.mark.parametrize("number", range(len(re.findall("```toml", PAGE.read_text(encoding="utf-8")))))
    def test_every_example_makes_policies(self, write: Any, number: int) -> None:
        write(examples()[number])
        assert make_policies(load().alerts, "mn04_as").by_mode

    @pytest.mark.parametrize("word", ["modes", "schedule", "classes", "rules", "sensitivities", "tokens", "webhooks"])
    def test_there_is_an_example_for_every_table(self, word: str) -> None:
        assert any(f".{word}" in example for example in examples())

    def test_its_examples_for_the_environment_are_accepted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        examples = re.findall(r"`(HEARKEN__\w+)='([^`]*)'`", PAGE.read_text(encoding="utf-8"))
        assert len(examples) == 3
        for name, value in examples:
            monkeypatch.setenv(name, value)
        assert load().bus.port == 8766

    def test_it_names_every_other_variable_that_the_service_reads(self) -> None:
        source = "\n".join(path.read_text(encoding="utf-8") for path in (PAGE.parents[1] / "analytic").rglob("*.py"))
        read = set(re.findall(r'"(HEARKEN_[A-Z][A-Z_]*)"', source))
        assert (
            {CONFIG_VARIABLE, "HEARKEN_WEIGHTS"}
            <= read
            <= {row[0].strip("`") for row in rows(chapters()["Other variables"])}
        )


def examples() -> list[str]:
    return re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def plain(value: Any) -> Any:
    """A value of the settings as what was given for it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {key: plain(getattr(value, key)) for key in value.model_fields_set}
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Path | Decimal) else value


# What else must be set so that a setting may be.
COMPANIONS = {
    "mqtt.ca_file": {"HEARKEN__MQTT__TLS": "true"},
    "mqtt.cert_file": {"HEARKEN__MQTT__TLS": "true", "HEARKEN__MQTT__KEY_FILE": "/key"},
    "mqtt.key_file": {"HEARKEN__MQTT__TLS": "true", "HEARKEN__MQTT__CERT_FILE": "/certificate"},
    "dht.requests": {"HEARKEN__DHT__URL": "ws://node:3000/ws", "HEARKEN__DHT__REQUESTS_DIR": "/sounds"},
}


def another(section: str, key: str) -> Any:
    """A value that is not the default, as JSON or text."""
    field = sections()[section].model_fields[key]
    default = field.get_default(call_default_factory=True)
    special = {
        "host": "127.0.0.9",
        "log_level": "DEBUG",
        "enabled": ["fire"],
        "thresholds": {"fire": 0.5},
        "sensitivity": "high",
        "upload_sensitivity": "low",
        "sensitivities": {"fire": "very_low"},
        "rules": {"fire": {"confirm": 2, "severity": "notice"}},
        "classes": {"purr": {"members": {"Purr": 1.0}, "threshold": 0.5}},
        "mode": "away",
        "modes": {"night": {"enabled": ["fire"], "thresholds": {"fire": 0.5}}},
        "schedule": [{"mode": "night", "begins": "22:00", "ends": "06:00", "days": ["mon", "sun"]}],
        "sources": {"hall": "mic:"},
        "tokens": {"hall": "secret"},
        "allowed_hosts": ["hub"],
        "allowed_origins": ["https://hub"],
    }
    of_one_section = {
        ("mqtt", "port"): 1884,
        ("mqtt", "prefix"): "home/sound",
        ("mqtt", "discovery_prefix"): "discovery",
        ("mqtt", "frigate_prefix"): "frigate",
        ("delivery", "webhooks"): {"phone": {"url": "https://ntfy.sh/topic", "template": "ntfy", "phases": ["start"]}},
        ("dht", "url"): "wss://node/ws",
        ("fetch", "enabled"): True,
        ("fetch", "allowed"): ["camera:80"],
    }
    if (section, key) in of_one_section:
        return of_one_section[section, key]
    if key in special:
        return special[key]
    if isinstance(default, bool):
        return not default
    if isinstance(default, int | float):
        return default + 1
    if isinstance(default, Decimal):
        return str(default / 2)
    assert {str, Path, SecretStr} & {field.annotation, *get_args(field.annotation)}, "a new kind of value"
    return f"{os.sep}another"
