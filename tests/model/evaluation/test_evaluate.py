# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from model.evaluate import evaluate, write
from model.evaluation import alarms
from model.fake import FAKE_CARD, FakeTagger
from model.tagger import Waveform

BARK, SPEECH = "/m/05tny_", "/m/09x0r"


def hear(waveform: Waveform) -> dict[str, float]:
    """Loud is a dog, quiet is speech."""
    return {"Bark": 0.9, "Dog": 0.5} if np.abs(waveform).max() > 0.4 else {"Speech": 0.8}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight barks, six pieces of speech, one bare background, and one recording of the train split."""
    monkeypatch.setattr(alarms, "RESAMPLES", 20)
    lines = ["path,audioset_mids,split,group,part"]
    kinds = [(BARK, 0.9)] * 8 + [(SPEECH, 0.1)] * 6 + [("", 0.1), (BARK, 0.9)]
    for index, (mids, level) in enumerate(kinds):
        seconds = 12.0 if index == 0 else 0.7
        waveform = level * np.sin(np.arange(round(16_000 * seconds)) / 7)
        soundfile.write(tmp_path / f"{index}.wav", waveform, 16_000)
        split = "train" if index == len(kinds) - 1 else "val"
        lines.append(f"{index}.wav,{mids},{split},group {index},{1 + index % 2}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def half() -> FakeTagger:
    """Hears a dog in everything."""
    return FakeTagger(lambda _waveform: {"Bark": 0.6}, dataclasses.replace(FAKE_CARD, name="half"))


def test_a_tagger_that_is_always_right_scores_one_everywhere(folder: Path) -> None:
    found = evaluate(FakeTagger(hear), folder)
    assert found["data"] == {
        "split": "val",
        "clips": 15,
        "labelled_clips": 14,
        "recordings": 15,
        "classes_with_clips": 2,
    }
    overall = found["overall"]["fake"]
    assert overall["label_in_top_5"] == 1.0
    assert overall["label_in_top_5_by_part"] == {"1": 1.0, "2": 1.0}
    assert [row["name"] for row in found["classes"]] == ["Speech", "Bark"]
    assert found["classes"][1]["average_precision"] == {"fake": 1.0}
    assert found["agreement"] is None
    assert found["alarms"]["mean"]["alarms"] == ["dog_bark"]


def test_a_clip_is_its_first_ten_seconds_at_their_true_length(folder: Path) -> None:
    lengths = []

    def count(waveform: Waveform) -> dict[str, float]:
        lengths.append(waveform.size)
        return hear(waveform)

    evaluate(FakeTagger(count), folder)
    assert sorted(set(lengths)) == [11_200, 160_000]


def test_a_reference_is_compared_with(folder: Path, half: FakeTagger) -> None:
    found = evaluate(FakeTagger(hear), folder, half)
    assert found["agreement"]["top_1_same"] == pytest.approx(8 / 15)
    assert list(found["overall"]) == ["fake", "half"]


def test_two_taggers_of_one_name_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="both taggers are called 'fake'"):
        evaluate(FakeTagger(hear), folder, FakeTagger(hear))


def test_a_split_without_rows_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="no row with the split 'test'"):
        evaluate(FakeTagger(hear), folder, split="test")


def test_results_are_written_as_json_markdown_and_png(folder: Path, half: FakeTagger, tmp_path: Path) -> None:
    results = evaluate(FakeTagger(hear), folder, half)
    text, table, picture = write(results, tmp_path / "out")
    read: dict[str, Any] = json.loads(text.read_text(encoding="utf-8"))
    assert read["overall"]["fake"]["label_in_top_5"] == 1.0
    assert "| Bark | 8 | 8 | 1.00 |" in table.read_text(encoding="utf-8")
    assert picture.read_bytes().startswith(b"\x89PNG")
