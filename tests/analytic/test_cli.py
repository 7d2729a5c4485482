# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The command ``hearken``: what it calls, and how it ends. What the commands do is tested in commands/."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analytic import __version__
from analytic.cli import main

ROOT = Path(__file__).parents[2]
FAKE = """
import analytic.app
from model.fake import FakeTagger
analytic.app.make_tagger = lambda settings: FakeTagger.always({})
"""


def run(*words: str, before: str = "") -> tuple[int, str, list[str]]:
    """Run a command as a process; return exit code, output, and the lines on standard error."""
    script = f"{before}\nfrom analytic.cli import main\nmain()\n"
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=30)
    return done.returncode, done.stdout, done.stderr.splitlines()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture
def sound(tmp_path: Path) -> str:
    path = tmp_path / "letter.wav"
    path.write_text("Dear Ada,", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("command", ["serve", "tag"])
def test_without_a_tagger_it_ends_with_3_and_says_how_to_have_one(
    command: str, sound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARKEN__MODELS__DIR", str(tmp_path / "models"))
    words = ["--port", "0", "--bus-port", "0"] if command == "serve" else [sound]
    words += ["--tagger", "mn04_as"]
    code, out, err = run(command, *words)
    assert (code, out, len(err)) == (3, "", 1)
    assert err[0].startswith("hearken: the tagger mn04_as is not installed in")
    assert "hearken model fetch mn04_as" in err[0]


def test_the_data_folder_holds_the_taggers(tmp_path: Path) -> None:
    words = ["--port", "0", "--bus-port", "0", "--tagger", "mn04_as"]
    code, _, err = run("serve", *words, "--data-dir", str(tmp_path))
    assert code == 3
    assert f"is not installed in {tmp_path}/models:" in err[0]


@pytest.mark.parametrize("command", ["serve", "tag"])
def test_a_tagger_that_nobody_knows_ends_it_with_2(command: str, sound: str) -> None:
    words = ["--port", "0", "--bus-port", "0"] if command == "serve" else [sound]
    code, out, err = run(command, *words, "--tagger", "yamnet")
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith("hearken: unknown tagger 'yamnet'; known: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "http: host 0.0.0.0 is reached from other machines"),
        (["--port", "65536"], "http.port"),
        (["--bus-port", "-1"], "bus.port"),
        (["--host", "a..b", "--insecure-lan"], "a..b"),
    ],
)
def test_wrong_settings_end_it_with_1_by_name(words: list[str], said: str) -> None:
    code, out, err = run("serve", "--port", "0", *words, before=FAKE)
    assert (code, out, len(err)) == (1, "", 1)
    assert err[0].startswith("hearken: ")
    assert said in err[0]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HEARKEN__HTTP__THREADS", "many", "http.threads"),
        ("HEARKEN__HTPP__PORT", "5000", "HTPP"),
        ("HEARKEN__ALERTS__ENABLED", '["fier"]', "'fier'"),
        ("HEARKEN__HTTP__TOKEN_FILE", "/nowhere/token", "/nowhere/token"),
        ("HEARKEN_CONFIG", "/nowhere/hearken.toml", "HEARKEN_CONFIG"),
    ],
)
def test_wrong_variables_end_it_with_1_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    code, out, err = run("serve", "--port", "0", "--bus-port", "0", before=FAKE)
    assert (code, out, len(err)) == (1, "", 1)
    assert said in err[0]


@pytest.mark.parametrize("option", ["--port", "--bus-port"])
def test_a_busy_port_ends_it_with_1_by_number(taken: int, option: str) -> None:
    ports = {"--port": "0", "--bus-port": "0", option: str(taken)}
    code, out, err = run("serve", *(word for pair in ports.items() for word in pair), before=FAKE)
    assert (code, out, len(err)) == (1, "", 1)
    assert str(taken) in err[0]
    assert "address already in use" in err[0].lower()


def test_a_file_that_is_no_sound_ends_it_with_2(sound: str) -> None:
    code, out, err = run("tag", sound, before=FAKE)
    assert (code, out, len(err)) == (2, "", 1)
    assert err[0].startswith(f"{sound}: Unreadable audio")


def test_an_address_that_is_no_bus_ends_it_with_2() -> None:
    code, out, err = run("listen-bus", "--url", "http://127.0.0.1:1")
    assert (code, out, len(err)) == (2, "", 1)


def test_it_tells_its_version() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"hearken {__version__}\n")


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["serve", "-h"], ["model"], ["model", "install", "-h"]])
def test_help_is_where_one_looks_for_it(words: list[str]) -> None:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == (0 if "-h" in " ".join(words) else 2)
    assert "Usage: " in result.output


def test_the_commands_of_the_contract_are_there() -> None:
    listed = CliRunner().invoke(main, ["--help"]).output
    for command in ("serve", "tag", "listen-bus", "model"):
        assert command in listed
    models = CliRunner().invoke(main, ["model", "--help"]).output
    for command in ("list", "fetch", "install", "verify"):
        assert command in models


@pytest.mark.parametrize("words", [["nothing"], ["tag"], ["tag", "--colour", "red"], ["model", "install"]])
def test_a_command_that_is_none_ends_it_with_2(words: list[str]) -> None:
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr
