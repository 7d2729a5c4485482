# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from model.training import config as configuration
from model.training import plot, shards
from model.training.config import Config
from model.training.synthesis import medley

pytest.importorskip("tensorflow", reason="training needs the tensorflow extra")

from model import mobilenet
from model.training import distill, export


@pytest.fixture
def arguments(config: Config, tmp_path: Path) -> list[str]:
    """The command line of a training of three batches."""
    plan = dataclasses.replace(config.crops, shares={"medley": 1.0}, late_from=1.0)
    text = configuration.to_toml(dataclasses.replace(config, crops=plan, batches=3))
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    (tmp_path / "teacher.tflite").write_bytes(export.to_litert(mobilenet.build(0.1)))
    shards.write(tmp_path / "sounds", "medley", medley.sounds(np.random.default_rng(1), 6))
    soundfile.write(tmp_path / "a.wav", 0.1 * np.ones(8_000), 16_000)
    (tmp_path / "manifest.csv").write_text("path,audioset_mids,split\na.wav,/m/09x0r,val\n", encoding="utf-8")
    given = {"config": "config.toml", "teacher": "teacher.tflite", "sounds": "sounds", "pack": "."}
    return [
        str(tmp_path / "run"),
        *(word for name, path in given.items() for word in (f"--{name}", str(tmp_path / path))),
    ]


@pytest.mark.slow
def test_a_training_stops_and_goes_on(arguments: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert distill.main([*arguments, "--minutes", "0"]) == 0
    assert (folder / "checkpoint.npz").exists()
    assert distill.main([str(folder), *arguments[3:]]) == 0  # the configuration is in the folder now
    losses, seen = plot.read(folder / "progress.jsonl")
    assert [line["batch"] for line in losses] == [3]
    assert [line["batch"] for line in seen] == [0, 3]
    assert 0.0 <= seen[-1]["top1_in_teachers_five"] <= 1.0
    assert sorted(path.name for path in folder.glob("*.h5")) == [
        "averaged-000000.weights.h5",
        "averaged-000003.weights.h5",
    ]
    plot.main([str(folder)])
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_resumed_stretches_add_up(tmp_path: Path) -> None:
    log = tmp_path / "progress.jsonl"
    lines = [{"batch": 1, "seconds": 60.0}, {"batch": 1}, {"batch": 2, "seconds": 120.0}, {"batch": 3, "seconds": 30.0}]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert plot.minutes(log) == 2.5
