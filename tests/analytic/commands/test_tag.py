# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from typer.testing import Result

from analytic.api.describe import event_schema
from anonymizers.registry import anonymizers

Hearken = Callable[..., Result]


@pytest.fixture
def sound(encode: Callable[..., bytes]) -> bytes:
    """Two seconds of quiet, as a WAV file."""
    return encode(np.full(32_000, 0.1, np.float32))


@pytest.fixture
def file(tmp_path: Path, sound: bytes) -> str:
    path = tmp_path / "kitchen.wav"
    path.write_bytes(sound)
    return str(path)


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_table_shows_the_classes_and_the_alarm(hearken: Hearken, file: str) -> None:
    result = hearken("tag", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "kitchen.wav" in result.stdout
    assert "2.0 s  fake" in result.stdout
    assert "0.900  Smoke detector, smoke alarm" in result.stdout
    assert "alert smoke_alarm: Smoke detector, smoke alarm 0.900, 0.0 to 2.0 s" in result.stdout


def test_json_is_one_object_a_line_in_the_documented_form(hearken: Hearken, file: str) -> None:
    result = hearken("tag", "--json", file, file)
    assert result.exit_code == 0
    first, second = lines(result)
    assert first["file"] == second["file"] == file
    assert first["duration_s"] == 2.0
    assert first["model"] == {"name": "fake"}
    assert first["anonymizer"] == {"method": "none"}
    assert first["predictions"][0] == {
        "label_id": "/m/01y3hg",
        "label": "Smoke detector, smoke alarm",
        "probability": 0.9,
    }
    assert len(first["predictions"]) == 5
    assert [event["event_class"] for event in first["events"]] == ["smoke_alarm"]
    Draft202012Validator(event_schema()).validate(first["events"][0])


def test_as_many_classes_are_shown_as_asked_for(hearken: Hearken, file: str) -> None:
    assert [len(lines(hearken("tag", "--json", "--top", top, file))[0]["predictions"]) for top in ("1", "527")] == [
        1,
        527,
    ]


@pytest.mark.parametrize("top", ["0", "528", "many"])
def test_another_number_of_classes_is_refused(hearken: Hearken, file: str, top: str) -> None:
    result = hearken("tag", "--top", top, file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--top" in result.stderr


def test_a_dash_reads_standard_input(hearken: Hearken, sound: bytes) -> None:
    (found,) = lines(hearken("tag", "--json", "-", input=sound))
    assert (found["file"], found["duration_s"]) == ("-", 2.0)


def test_the_sound_is_anonymised_first_if_asked_for(hearken: Hearken, file: str) -> None:
    (found,) = lines(hearken("tag", "--json", "--anonymizer", "dp_noise", file))
    assert found["anonymizer"] == {"method": "dp_noise"}
    assert found["events"][0]["anonymizer"]["method"] == "dp_noise"
    assert "dp_noise" in hearken("tag", "--anonymizer", "dp_noise", file).stdout


def test_what_the_caller_must_know_is_told(hearken: Hearken, tmp_path: Path, encode: Callable[..., bytes]) -> None:
    short = tmp_path / "short.wav"
    short.write_bytes(encode(np.full(8_000, 0.1, np.float32)))
    (found,) = lines(hearken("tag", "--json", "--anonymizer", "scrample", str(short)))
    assert any("scrample changed nothing" in warning for warning in found["warnings"])
    assert "note: scrample changed nothing" in hearken("tag", "--anonymizer", "scrample", str(short)).stdout


def test_one_bad_file_among_good_ones_is_named_and_the_others_are_still_analysed(
    hearken: Hearken, file: str, tmp_path: Path
) -> None:
    text, missing = tmp_path / "letter.wav", tmp_path / "missing.wav"
    text.write_text("Dear Ada,", encoding="utf-8")
    result = hearken("tag", "--json", file, str(text), str(missing), str(tmp_path), file)
    assert result.exit_code == 2
    assert [found["file"] for found in lines(result)] == [file, file]
    complaints = result.stderr.splitlines()
    assert [complaint.split(": ", 1)[0] for complaint in complaints] == [str(text), str(missing), str(tmp_path)]
    assert complaints[1].endswith("No such file or directory")
    assert complaints[2].endswith("Is a directory")


def test_a_file_that_is_too_long_for_a_request_is_heard_piece_by_piece(
    hearken: Hearken, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = lines(hearken("tag", "--json", file))
    monkeypatch.setenv("HEARKEN__AUDIO__MAX_DURATION_S", "1")
    pieces = lines(hearken("tag", "--json", file))
    assert [event["event_class"] for event in pieces[0]["events"]] == ["smoke_alarm"]
    assert pieces[0]["predictions"][:2] == whole[0]["predictions"][:2]
    assert pieces[0]["duration_s"] == 2.0


def test_a_file_that_is_too_long_for_a_job_is_refused_by_the_limit(
    hearken: Hearken, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARKEN__AUDIO__MAX_DURATION_S", "1")
    monkeypatch.setenv("HEARKEN__JOBS__MAX_DURATION_S", "1")
    result = hearken("tag", file)
    assert result.exit_code == 2
    assert "at most 1 s" in result.stderr


def test_preprocessing_is_named_or_refused(hearken: Hearken, file: str) -> None:
    assert hearken("tag", "--preprocess", "loudness,wiener", file).exit_code == 0
    refused = hearken("tag", "--preprocess", "magic", file)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "loudness" in refused.stderr


def test_an_unknown_anonymiser_is_refused_before_any_file(hearken: Hearken, file: str) -> None:
    result = hearken("tag", "--anonymizer", "hide", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"hearken: Unknown method: 'hide'; known methods: {', '.join(anonymizers())}\n"


def test_names_with_brackets_are_shown_as_they_are(hearken: Hearken, tmp_path: Path, sound: bytes) -> None:
    path = tmp_path / "[red]a.wav"
    path.write_bytes(sound)
    result = hearken("tag", str(path))
    assert result.exit_code == 0
    assert "[red]a.wav" in result.stdout


def test_a_real_tagger_hears_a_real_recording(
    models_dir: Path, audio_pack: Path, process: Callable[..., Any], file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = next(path for path in sorted(audio_pack.rglob("*")) if path.suffix in (".wav", ".flac", ".ogg"))
    monkeypatch.setenv("HEARKEN__MODELS__DIR", str(models_dir))
    with process("tag", "--json", str(recording), file) as tagging:
        out, err = tagging.communicate()
    assert (tagging.returncode, err) == (0, "")
    assert [json.loads(line)["model"]["name"] for line in out.splitlines()] == ["mn04_as", "mn04_as"]
