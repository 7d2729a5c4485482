# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest

from analytic.listen.remembered import Remembered


def test_what_was_written_is_read_also_by_another_process(tmp_path: Path) -> None:
    Remembered(tmp_path / "new" / "folder").write("kitchen", {"state": {"fire": 1}})
    found = Remembered(tmp_path / "new" / "folder")
    assert found.read("kitchen") == {"state": {"fire": 1}}
    assert found.read("cellar") is None
    assert found.forget("kitchen")
    assert not found.forget("kitchen")
    assert found.read("kitchen") is None


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", "\x00\x01"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "source-kitchen.json").write_text(content)
    assert Remembered(tmp_path).read("kitchen") is None


def test_bytes_that_are_no_text_are_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "source-kitchen.json").write_bytes(b"\xff\xfe\x80")
    assert Remembered(tmp_path).read("kitchen") is None


def test_a_folder_that_cannot_be_written_is_told_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    Remembered(tmp_path / "file").write("kitchen", {})
    assert "cannot be remembered" in caplog.text


def test_a_write_leaves_one_file_and_replaces_the_last(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path)
    remembered.write("kitchen", {"a": 1})
    remembered.write("kitchen", {"a": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["source-kitchen.json"]
    assert remembered.read("kitchen") == {"a": 2}


def test_what_is_no_json_leaves_no_file_behind(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path)
    with pytest.raises(TypeError):
        remembered.write("kitchen", {"a": object()})
    assert list(tmp_path.iterdir()) == []


def test_names_that_look_like_folders_stay_within(tmp_path: Path) -> None:
    for name in ("..", ".", ".hidden"):
        Remembered(tmp_path / "state").write(name, {"name": name})
        assert Remembered(tmp_path / "state").read(name) == {"name": name}
    assert {path.name for path in tmp_path.iterdir()} == {"state"}


def test_without_a_folder_nothing_is_kept() -> None:
    remembered = Remembered(None)
    remembered.write("kitchen", {"a": 1})
    assert remembered.read("kitchen") is None
    assert not remembered.forget("kitchen")
