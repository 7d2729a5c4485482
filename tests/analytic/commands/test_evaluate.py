# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken model evaluate`` on a folder of a few sounds, with the tagger that comes with the package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

import model.store
from analytic.commands import models
from analytic.errors import InvalidParameter
from demo.sound import smoke_alarm_in_a_room
from model.errors import UnknownTagger

BUNDLED = "hearken_small"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = ["path,audioset_mids,split,group"]
    for number in range(3):
        soundfile.write(folder / f"alarm{number}.wav", smoke_alarm_in_a_room(number), 16_000)
        rows.append(f"alarm{number}.wav,/m/01y3hg;/m/0c3f7m,val,alarm{number}")
        quiet = np.random.default_rng(number).normal(0, 0.001, 16_000)
        soundfile.write(folder / f"quiet{number}.wav", quiet, 16_000)
        rows.append(f"quiet{number}.wav,,val,quiet{number}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def bundled(nothing_bundled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.store, "BUNDLED", nothing_bundled)


def test_it_writes_json_markdown_and_a_picture(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    models.evaluate(tmp_path / "models", BUNDLED, data, None, "val", out)
    found = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert found["data"]["clips"] == 6
    assert found["overall"][BUNDLED]["label_in_top_5"] == 1.0
    assert "smoke_alarm" in (out / "evaluation.md").read_text(encoding="utf-8")
    assert (out / "evaluation.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.count(str(out)) == 3


def test_a_folder_without_a_manifest_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match=r"manifest\.csv"):
        models.evaluate(tmp_path / "models", BUNDLED, tmp_path, None, "val", tmp_path / "out")


def test_a_split_without_rows_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="no row"):
        models.evaluate(tmp_path / "models", BUNDLED, data, None, "train", tmp_path / "out")


def test_a_tagger_that_nobody_knows_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownTagger):
        models.evaluate(tmp_path / "models", "yamnet", data, None, "val", tmp_path / "out")
