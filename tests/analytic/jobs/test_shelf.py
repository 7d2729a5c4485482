# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from analytic.jobs.shelf import Shelf

ID, OTHER = "019b7a5c-f07b-7abc-9def-0123456789ab", "019b7a5c-f07c-7abc-9def-0123456789ab"


@pytest.fixture(params=["folder", "memory"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "deep" / "jobs" if request.param == "folder" else None)


class TestShelf:
    def test_what_is_kept_comes_back(self, shelf: Shelf) -> None:
        shelf.write("job", ID, {"a": [1, None, "\u00e9"]})
        assert shelf.read("job", ID) == {"a": [1, None, "\u00e9"]}

    def test_jobs_and_reports_lie_apart(self, shelf: Shelf) -> None:
        shelf.write("job", ID, {"what": "job"})
        assert shelf.read("report", ID) is None
        shelf.write("report", ID, {"what": "report"})
        assert shelf.read("job", ID) == {"what": "job"}
        assert (shelf.names("job"), shelf.names("report")) == ([ID], [ID])

    def test_writing_again_replaces_it(self, shelf: Shelf) -> None:
        shelf.write("job", ID, {"a": 1})
        shelf.write("job", ID, {"b": 2})
        assert shelf.read("job", ID) == {"b": 2}

    def test_what_is_deleted_is_gone_and_deleting_it_again_does_no_harm(self, shelf: Shelf) -> None:
        shelf.write("job", ID, {})
        for _ in range(2):
            shelf.remove("job", ID)
            assert shelf.read("job", ID) is None
            assert shelf.names("job") == []

    def test_names_come_in_the_order_in_which_they_were_made(self, shelf: Shelf) -> None:
        for name in (OTHER, ID):
            shelf.write("job", name, {})
        assert shelf.names("job") == [ID, OTHER]

    def test_nothing_is_there_before_the_first_write(self, shelf: Shelf, tmp_path: Path) -> None:
        assert shelf.names("job") == []
        assert shelf.read("job", ID) is None
        shelf.tidy(())
        assert list(tmp_path.iterdir()) == []

    def test_reports_of_no_job_are_tidied_away(self, shelf: Shelf) -> None:
        for drawer in ("job", "report"):
            for name in (ID, OTHER):
                shelf.write(drawer, name, {})
        shelf.tidy([ID])
        assert (shelf.names("job"), shelf.names("report")) == ([ID, OTHER], [ID])


class TestFolder:
    @pytest.mark.parametrize("mask", [0o022, 0o000, 0o777 & ~0o700])
    def test_only_this_user_may_read_it(self, tmp_path: Path, mask: int) -> None:
        folder, before = tmp_path / "jobs", os.umask(mask)
        try:
            Shelf(folder).write("job", ID, {})
        finally:
            os.umask(before)
        (file,) = folder.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'"text"', b'{"a": 1}x'])
    def test_a_damaged_file_is_left_out_with_a_warning(
        self, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / f"job-{ID}.json").write_bytes(content)
        assert Shelf(tmp_path).read("job", ID) is None
        (record,) = caplog.records
        assert (record.levelname, record.__dict__["id"]) == ("WARNING", ID)

    def test_a_folder_in_the_place_of_a_file_is_left_out_too(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / f"job-{ID}.json").mkdir()
        assert Shelf(tmp_path).read("job", ID) is None
        assert len(caplog.records) == 1

    def test_files_that_are_not_ours_are_no_names(self, tmp_path: Path) -> None:
        for name in ("job-.json", "job-a b.json", "jobs.json", "job-x.txt", "job-\u00e9.json", f"job-{'x' * 65}.json"):
            (tmp_path / name).write_text("{}")
        assert Shelf(tmp_path).names("job") == []

    @pytest.mark.parametrize("step", ["fsync", "replace"])
    def test_a_write_that_fails_leaves_what_was_there_and_nothing_half(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        shelf = Shelf(tmp_path)
        shelf.write("job", ID, {"a": 1})

        def full(*_args: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os if step == "fsync" else Path, step, full)
            with pytest.raises(OSError, match="No space"):
                shelf.write("job", ID, {"a": 2})
        assert shelf.read("job", ID) == {"a": 1}
        assert [path.name for path in tmp_path.iterdir()] == [f"job-{ID}.json"]

    def test_what_a_sudden_end_left_half_written_is_tidied_away_and_nothing_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shelf = Shelf(tmp_path)
        shelf.write("job", ID, {})
        (tmp_path / "notes.txt").touch()

        def killed(*_args: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", killed)
            patched.setattr(Path, "unlink", killed)
            with pytest.raises(KeyboardInterrupt):
                shelf.write("job", OTHER, {})
        assert len(list(tmp_path.iterdir())) == 3
        shelf.tidy([ID])
        assert sorted(path.name for path in tmp_path.iterdir()) == [f"job-{ID}.json", "notes.txt"]

    def test_where_a_file_stands_in_its_place_writing_is_an_oserror(self, tmp_path: Path) -> None:
        (tmp_path / "jobs").touch()
        with pytest.raises(OSError, match="jobs"):
            Shelf(tmp_path / "jobs").write("job", ID, {})

    def test_whoever_reads_while_it_is_written_reads_all_of_the_one_or_all_of_the_other(self, tmp_path: Path) -> None:
        shelf, stop = Shelf(tmp_path), threading.Event()
        shelf.write("job", ID, {"number": 0, "long": ["x" * 50] * 500})

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                shelf.write("job", ID, {"number": number, "long": ["x" * 50] * 500})

        writer = threading.Thread(target=write)
        writer.start()
        try:
            found = [shelf.read("job", ID) for _ in range(300)]
        finally:
            stop.set()
            writer.join()
        assert all(one is not None and len(one["long"]) == 500 for one in found)
