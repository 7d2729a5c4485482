# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What the alert classes make of one's own sounds; the tagger is one that always hears a smoke alarm."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import Result
from websockets.sync.client import connect

import model.store
from analytic import app
from analytic.app import Service
from analytic.app.parts import make_tagger
from analytic.commands import tune as module
from analytic.commands.tune import ENDINGS, WORDS
from tests.analytic.listen.conftest import tone

Hearken = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, encode: Callable[..., bytes]) -> Path:
    """Two sounds of 3 s, one within a folder, and a file that is no sound."""
    folder = tmp_path / "sounds"
    (folder / "cellar").mkdir(parents=True)
    (folder / "kitchen.wav").write_bytes(encode(tone(3.0)))
    (folder / "cellar" / "door.FLAC").write_bytes(encode(tone(3.0), form="FLAC"))
    (folder / "notes.txt").write_text("no sound")
    return folder


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_sound_of_a_folder_is_shown_with_a_summary(hearken: Hearken, folder: Path) -> None:
    result = hearken("tune", str(folder))
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"{folder}/kitchen.wav  3.0 s  Smoke detector, smoke alarm 0.90" in result.stdout
    assert f"{folder}/cellar/door.FLAC  3.0 s" in result.stdout
    assert "notes.txt" not in result.stdout
    assert "smoke_alarm: alert: score 0.9 reaches" in result.stdout
    assert "Files with an alert, of 2" in result.stdout


def test_json_tells_scores_thresholds_and_at_which_words_it_would_alert(hearken: Hearken, folder: Path) -> None:
    result = hearken("tune", "--json", str(folder))
    assert result.exit_code == 0
    first, second = lines(result)
    assert [first["file"], second["file"]] == [f"{folder}/cellar/door.FLAC", f"{folder}/kitchen.wav"]
    assert first["duration_s"] == 3.0
    assert first["predictions"][0] == {"label": "Smoke detector, smoke alarm", "probability": 0.9}
    found = next(row for row in first["classes"] if row["event_class"] == "smoke_alarm")
    assert found["score"] == 0.9
    assert found["alerts_at"] == list(WORDS)
    assert sorted(found["thresholds"].values(), reverse=True) == [found["thresholds"][word] for word in WORDS]
    assert [row["score"] for row in first["classes"]] == sorted(
        (row["score"] for row in first["classes"]), reverse=True
    )


def test_chosen_classes_are_shown_whatever_they_score(hearken: Hearken, folder: Path) -> None:
    (row,) = lines(hearken("tune", "--json", "--class", "scream", str(folder / "kitchen.wav")))[0]["classes"]
    assert (row["event_class"], row["score"], row["alerts_at"]) == ("scream", 0.0, [])
    assert row["sentence"].startswith("scream: no alert")


def test_a_class_that_does_not_exist_is_named_with_those_that_do(hearken: Hearken, folder: Path) -> None:
    result = hearken("tune", "--class", "nonsense", str(folder))
    assert result.exit_code == 1
    assert "there is no alert class 'nonsense'; known: glass_break" in result.stderr


def test_what_cannot_be_read_is_named_and_the_others_are_shown(hearken: Hearken, folder: Path) -> None:
    (folder / "broken.wav").write_bytes(b"RIFF????WAVEjunk")
    result = hearken("tune", "--json", str(folder), str(folder / "gone.wav"))
    assert result.exit_code == 2
    assert len(lines(result)) == 2
    assert f"{folder}/broken.wav: " in result.stderr
    assert f"{folder}/gone.wav: No such file or directory" in result.stderr


def test_a_folder_without_sound_says_so(hearken: Hearken, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = hearken("tune", str(tmp_path / "empty"))
    assert result.exit_code == 2
    assert result.stderr == f"{tmp_path}/empty: holds no {', '.join(ENDINGS)}\n"


def test_without_a_path_or_a_source_it_asks_for_one(hearken: Hearken) -> None:
    result = hearken("tune")
    assert result.exit_code == 2
    assert "--live" in result.stderr


def test_modes_and_their_schedule_change_nothing(
    hearken: Hearken, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hearken("tune", "--json", str(folder)).stdout
    monkeypatch.setenv("HEARKEN__ALERTS__MODES", '{"night": {"sensitivity": "very_low", "enabled": ["scream"]}}')
    monkeypatch.setenv(
        "HEARKEN__ALERTS__SCHEDULE",
        '[{"mode": "night", "begins": "00:00", "ends": "24:00"}]',
    )
    monkeypatch.setenv("HEARKEN__ALERTS__MODE", "night")
    after = hearken("tune", "--json", str(folder))
    assert (after.exit_code, after.stderr) == (0, "")
    assert after.stdout == before


def test_a_class_of_ones_own_is_shown_too(hearken: Hearken, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN__ALERTS__CLASSES", '{"chatter": {"members": {"Speech": 1.0}, "threshold": 0.2}}')
    (row,) = lines(hearken("tune", "--json", "--class", "chatter", str(folder / "kitchen.wav")))[0]["classes"]
    assert (row["event_class"], row["score"]) == ("chatter", 0.25)
    assert "medium" in row["alerts_at"]


def test_the_bundled_tagger_judges_by_its_own_thresholds(
    hearken: Hearken, folder: Path, nothing_bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model.store, "BUNDLED", nothing_bundled)
    monkeypatch.setattr(app, "make_tagger", make_tagger)
    (row,) = lines(hearken("tune", "--json", "--class", "smoke_alarm", str(folder / "kitchen.wav")))[0]["classes"]
    assert 0 <= row["score"] <= 1
    assert set(row["alerts_at"]) == {word for word in WORDS if row["score"] >= row["thresholds"][word]}


@pytest.fixture
def one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C comes in the first pause."""

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=interrupt))


def test_a_live_source_is_watched_until_ctrl_c(hearken: Hearken, service: Service, one_look: None) -> None:
    with connect(service.bus_url) as bus, connect(service.bus_url.replace("/events", "/listen/kitchen")) as door:
        door.send((tone(3.0) * 32767).astype("<i2").tobytes())
        assert json.loads(bus.recv(timeout=20))["phase"] == "start"
        result = hearken("tune", "--live", "kitchen", "--url", service.http_url + "/")
        chosen = hearken("tune", "--live", "kitchen", "--url", service.http_url, "--class", "scream")
    assert (result.exit_code, result.stderr) == (0, "")
    first, *sentences = result.stdout.splitlines()
    assert first.startswith("ok         -9.0 dBFS  Smoke detector, smoke alarm 0.90, Beep, bleep 0.50")
    assert sentences[0].startswith("    smoke_alarm: ")
    assert len(sentences) == 3
    assert [line.split(":")[0].strip() for line in chosen.stdout.splitlines()[1:]] == ["scream"]


@pytest.mark.parametrize(
    ("name", "reason"), [("nobody", "Unknown source: 'nobody'"), ("../mode", "No such address"), ("a b", "Invalid")]
)
def test_a_source_that_is_not_there_is_told_in_one_line(
    hearken: Hearken, service: Service, one_look: None, name: str, reason: str
) -> None:
    result = hearken("tune", "--live", name, "--url", service.http_url)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_service_that_is_none_of_ours_is_told_in_one_line(hearken: Hearken, service: Service, one_look: None) -> None:
    result = hearken("tune", "--live", "x", "--url", f"{service.http_url}/metrics?")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    result = hearken("tune", "--live", "x", "--url", f"{service.http_url}/mode?")
    assert result.exit_code == 2
    assert "is --url right?" in result.stderr


def test_without_a_service_it_says_so(hearken: Hearken) -> None:
    result = hearken("tune", "--live", "kitchen", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 2
    assert "no answer (ConnectionError)" in result.stderr


def test_the_token_goes_along(hearken: Hearken, one_look: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    answer: dict[str, Any] = {"status": "lost", "level_dbfs": None, "predictions": [], "explanations": []}

    def get(address: str, headers: dict[str, str], timeout: float) -> Any:
        asked.append((address, headers, timeout > 0))
        return SimpleNamespace(ok=True, json=lambda: answer)

    monkeypatch.setattr("requests.get", get)
    result = hearken("tune", "--live", "hall", "--token", "s3cret")
    assert (result.exit_code, result.stdout) == (0, "lost\n")
    assert asked == [("http://127.0.0.1:5000/sources/hall", {"Authorization": "Bearer s3cret"}, True)]
