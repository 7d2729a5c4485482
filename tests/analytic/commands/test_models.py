# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import Result

from model.registry import PUBLISHED
from model.store import TaggerStore
from model.tagger import TaggerCard

Hearken = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder that does not exist yet."""
    path = tmp_path / "taggers"
    monkeypatch.setenv("HEARKEN__MODELS__DIR", str(path))
    return path


def pretend(folder: Path, name: str, content: bytes | None = b"no network") -> None:
    """Write a manifest, and a file that is no network."""
    folder.mkdir(exist_ok=True)
    card = TaggerCard(name, "1", f"a tagger called {name}", "MIT", "a test")
    manifest = {"card": asdict(card), "file": f"{name}.tflite", "sha256": "0" * 64, "checkpoint_sha256": None}
    (folder / f"{name}.json").write_text(json.dumps(manifest), encoding="utf-8")
    if content is not None:
        (folder / f"{name}.tflite").write_bytes(content)


def test_the_list_has_every_published_tagger_and_says_which_is_installed(hearken: Hearken, folder: Path) -> None:
    pretend(folder, "mn04_as")
    result = hearken("model", "list")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = {words[0]: words[1] for line in result.stdout.splitlines() if len(words := line.split()) > 1}
    assert rows["mn04_as"] == "yes"
    assert rows["mn10_as"] == "no"
    assert set(PUBLISHED) <= set(rows)
    assert f"models folder: {folder}" in result.stdout


def test_the_list_has_the_taggers_of_ones_own_too(hearken: Hearken, folder: Path) -> None:
    pretend(folder, "mine")
    assert any(line.split()[:2] == ["mine", "yes"] for line in hearken("model", "list").stdout.splitlines() if line)


def test_listing_makes_no_folder(hearken: Hearken, folder: Path) -> None:
    assert hearken("model", "list").exit_code == 0
    assert not folder.exists()


def test_with_nothing_installed_all_is_well(hearken: Hearken, folder: Path) -> None:
    assert hearken("model", "verify").exit_code == 0


def test_verify_names_each_that_is_not_well_and_ends_with_2(hearken: Hearken, folder: Path) -> None:
    pretend(folder, "changed")
    pretend(folder, "gone", content=None)
    (folder / "torn.json").write_text("{", encoding="utf-8")
    result = hearken("model", "verify")
    assert result.exit_code == 2
    changed, gone, torn = result.stdout.splitlines()
    assert changed.startswith("changed: its sha256 is ")
    assert gone == "gone: No such file or directory"
    assert torn.startswith("torn: unreadable manifest")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("yamnet", "unknown tagger 'yamnet'; known: mn04_as, mn10_as, or the path of a .pt or .tflite file"),
        ("nowhere.pt", "nowhere.pt: there is no such file"),
        ("nowhere.tflite", "nowhere.tflite: there is no such file"),
        ("mn04_as", "mn04_as_mAP_432.pt: HEARKEN_WEIGHTS names no folder"),
    ],
)
def test_what_cannot_be_installed_is_said_in_one_line(
    hearken: Hearken, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.delenv("HEARKEN_WEIGHTS", raising=False)
    result = hearken("model", "install", name)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("hearken: ")
    assert said in line
    assert not folder.exists()


def test_a_published_tagger_that_is_not_in_the_named_folder_is_said(
    hearken: Hearken, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HEARKEN_WEIGHTS", str(tmp_path))
    result = hearken("model", "install", "mn04_as")
    assert result.exit_code == 2
    assert f"{tmp_path}/mn04_as_mAP_432.pt: there is no such file" in result.stderr


def test_a_file_that_is_no_network_is_refused_and_changes_nothing(
    hearken: Hearken, folder: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(b"not a network")
    result = hearken("model", "install", str(bad))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert not folder.exists()


@pytest.mark.parametrize("name", ["yamnet", "mn10_as"])
def test_what_cannot_be_fetched_is_said_in_one_line(hearken: Hearken, folder: Path, name: str) -> None:
    result = hearken("model", "fetch", name)
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert name in line
    assert not folder.exists()


def test_a_converted_tagger_is_installed_listed_and_well(
    hearken: Hearken, folder: Path, models_dir: Path, tmp_path: Path
) -> None:
    converted = tmp_path / "mn04_as.tflite"
    shutil.copy(TaggerStore(models_dir).find("mn04_as").path, converted)
    result = hearken("model", "install", str(converted))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("installed mn04_as (")
    assert result.stdout.rstrip().endswith(f"in {folder}")
    assert hearken("model", "verify").stdout == "mn04_as: ok\n"
    (network,) = folder.glob("*.tflite")
    network.write_bytes(network.read_bytes()[:-1] + b"\x00")
    torn = hearken("model", "verify")
    assert torn.exit_code == 2
    assert torn.stdout.startswith("mn04_as: its sha256 is ")
