# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.events import folds
from benchmarks.events.streams import FOLDS


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The commands that are run instead of running them."""
    run: list[list[str]] = []

    def note(command: list[str], **_options: Any) -> None:
        run.append(command)

    monkeypatch.setattr(folds, "FOLDER", tmp_path)
    monkeypatch.setattr(folds, "HEADS", tmp_path / "heads")
    monkeypatch.setattr("subprocess.run", note)
    return run


def test_missing_heads_are_fitted_beside_those_that_ship(commands: list[list[str]], tmp_path: Path) -> None:
    folds.fit(Path("pack"))
    (command,) = commands
    assert command[1:6] == ["-m", "model.heads.release", "mn04_as", "--pack", "pack"]
    assert command[command.index("--folds") + 1] == str(tmp_path / "heads")
    assert command[command.index("--out") + 1].startswith(str(tmp_path)), "never into the package"


def test_heads_that_are_there_are_not_fitted_again(commands: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "heads").mkdir()
    for fold in FOLDS:
        (tmp_path / "heads" / f"mn04_as-fold{fold}.npz").touch()
    folds.fit(Path("pack"))
    assert commands == []


def test_without_recordings_nothing_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from benchmarks.events import run

    monkeypatch.delenv("HEARKEN_AUDIO_PACK", raising=False)
    run.main([])
    assert "left out" in capsys.readouterr().out
