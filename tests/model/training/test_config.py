# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from model.training import config as configuration
from model.training.config import Config, CropPlan


def test_a_configuration_survives_its_file(config: Config, tmp_path: Path) -> None:
    changed = dataclasses.replace(config, seed=7, peak_rate=1.5e-3)
    (tmp_path / "config.toml").write_text(configuration.to_toml(changed), encoding="utf-8")
    assert configuration.load(tmp_path / "config.toml") == changed


def test_what_is_not_set_has_its_default() -> None:
    read = configuration.from_toml("seed = 3\n[crops.shares]\npack = 1.0\n")
    assert read == Config(CropPlan({"pack": 1.0}), seed=3)


@pytest.mark.parametrize("text", ["sead = 3\n[crops.shares]\n", "[crops]\nmixx = 1\n[crops.shares]\n"])
def test_an_unknown_setting_is_refused(text: str) -> None:
    with pytest.raises(TypeError):
        configuration.from_toml(text)
