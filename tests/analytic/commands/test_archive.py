# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Whole archives, with the bundled tagger: the processes that hear them know nothing of a test's own."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import Result

from analytic import app
from analytic.commands import archive
from analytic.jobs.job import Asked
from analytic.settings import load
from model.fake import FakeTagger

Hearken = Callable[..., Result]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def folder(tmp_path: Path, encode: Callable[..., bytes]) -> Path:
    """Two recordings, one of them in a folder within, a text, and a file that only says that it is sound."""
    root = tmp_path / "recordings"
    (root / "within").mkdir(parents=True)
    noise = np.random.default_rng(3).normal(0, 0.2, 48_000).astype(np.float32).clip(-1, 1)
    (root / "rain.wav").write_bytes(encode(noise))
    (root / "within" / "more, rain.wav").write_bytes(encode(noise[:32_000]))
    (root / "notes.txt").write_text("no sound", encoding="utf-8")
    (root / "broken.mp3").write_bytes(b"no sound either")
    return root


@pytest.fixture(autouse=True)
def fake_here(alarm_tagger: FakeTagger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is bundled for tests; the processes that are started hear with what is."""
    monkeypatch.setattr(app, "make_tagger", lambda _settings: alarm_tagger)


def rows(out: Path) -> list[dict[str, str]]:
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def journal(out: Path) -> list[dict[str, Any]]:
    lines = out.with_name(out.name + ".journal").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def run(folder: Path, out: Path, *, recursive: bool = True) -> bool:
    return archive.archive(
        load(models={"tagger": "hearken_small"}), [str(folder)], out, Asked(), recursive=recursive, workers=1
    )


def test_folders_are_searched_by_what_files_are_called(folder: Path) -> None:
    flat = [path.name for path in archive.recordings([str(folder)], recursive=False)]
    deep = [path.name for path in archive.recordings([str(folder)], recursive=True)]
    assert flat == ["broken.mp3", "rain.wav"]
    assert deep == ["broken.mp3", "rain.wav", "more, rain.wav"]
    assert [path.name for path in archive.recordings([str(folder / "notes.txt")], recursive=False)] == ["notes.txt"]


def test_an_archive_becomes_one_table_and_what_failed_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "events.csv"
    assert run(folder, out) is False
    found = rows(out)
    assert {Path(row["file"]).name for row in found} == {"rain.wav", "more, rain.wav"}
    assert all(float(row["onset_s"]) <= float(row["offset_s"]) for row in found)
    assert {row["kind"] for row in found} <= {"alarm", "heard", "surge"}
    assert "broken.mp3: Unreadable audio" in capsys.readouterr().err

    assert [Path(entry["file"]).name for entry in journal(out)] == ["rain.wav", "more, rain.wav"]
    before = out.read_bytes()
    assert run(folder, out) is False, "what failed is tried again"
    assert out.read_bytes() == before, "and what was done is left out"


def test_a_run_that_was_cut_off_goes_on_and_half_a_file_is_written_anew(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.mp3").unlink()
    out = tmp_path / "events.csv"
    assert run(folder, out) is True
    whole = out.read_bytes()
    kept = out.with_name("events.csv.journal")
    first, second = kept.read_text(encoding="utf-8").splitlines()
    kept.write_text(f"{first}\n{second[:20]}", encoding="utf-8")  # the power went while it was written
    out.write_bytes(whole[:-10])
    assert run(folder, out) is True
    assert out.read_bytes() == whole
    assert len(journal(out)) == 2


def test_a_file_that_changed_is_heard_again(folder: Path, tmp_path: Path, encode: Callable[..., bytes]) -> None:
    (folder / "broken.mp3").unlink()
    out = tmp_path / "events.jsonl"
    run(folder, out)
    (folder / "rain.wav").write_bytes(encode(np.full(64_000, 0.1, np.float32)))
    run(folder, out)
    told = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [one["duration_s"] for one in told if one["file"].endswith("/rain.wav")] == [3.0, 4.0]
    assert set(told[0]) == {"file", "duration_s", "model", "anonymizer", "predictions", "events", "warnings"}


def test_a_table_that_is_somebody_elses_is_left_alone(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.csv"
    out.write_text("a,b\n", encoding="utf-8")
    with pytest.raises(archive.NotWritable, match="is there already"):
        run(folder, out)
    assert out.read_text(encoding="utf-8") == "a,b\n"


def test_exit_codes(hearken: Hearken, folder: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "no" / "such" / "events.csv"
    assert hearken("tag", str(folder), "--out", str(nowhere)).exit_code == 1
    assert hearken("tag", str(folder), "--recursive").exit_code == 2
    assert hearken("tag", str(folder), "--out", str(tmp_path / "events.csv"), "--jobs", "1").exit_code == 2
    (folder / "broken.mp3").unlink()
    done = hearken("tag", str(folder), "--out", str(tmp_path / "other.csv"), "--jobs", "1")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
