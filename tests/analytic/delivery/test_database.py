# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import logging
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytic.delivery.database import Database
from analytic.delivery.outbox import Outbox
from analytic.folders import FolderTaken
from tests.analytic.delivery.told import SIGNER, a_deletion, alarm, event_id

ROOT = Path(__file__).parents[3]
ADD = "INSERT INTO traces VALUES ('s', ?, NULL, 0)"
KEYS = "SELECT key FROM traces ORDER BY key"
Open = Callable[..., Database]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "delivery"


@pytest.fixture
def open_database(folder: Path) -> Iterator[Open]:
    opened = []

    def make(where: Path = folder) -> Database:
        opened.append(Database(where))
        return opened[-1]

    yield make
    for database in opened:
        database.close()


def add(database: Database, *keys: str) -> None:
    with database.transaction() as connection:
        connection.executemany(ADD, [(key,) for key in keys])


def keys(database: Database) -> list[str]:
    return [key for (key,) in database.read(KEYS)]


def child(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in another process; `database` is open there."""
    before = (
        f"import pathlib\nfrom analytic.delivery.database import Database\nfolder = pathlib.Path({str(folder)!r})\n"
    )
    return subprocess.run(
        [sys.executable, "-c", before + code], capture_output=True, text=True, cwd=ROOT, timeout=30, check=False
    )


class TestFolder:
    def test_nobody_else_may_read_it_or_any_file_in_it(self, open_database: Open, tmp_path: Path) -> None:
        mask = os.umask(0)
        try:
            add(open_database(tmp_path / "a" / "delivery"), "x")
        finally:
            os.umask(mask)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").rglob("*")}
        assert modes == {
            "delivery": 0o700,
            "outbox.sqlite3": 0o600,
            "outbox.sqlite3-wal": 0o600,
            "outbox.sqlite3-shm": 0o600,
        }

    def test_the_mask_of_the_process_is_as_it_was(self, open_database: Open) -> None:
        before = os.umask(0o022)
        try:
            open_database()
            assert os.umask(0o022) == 0o022
        finally:
            os.umask(before)

    def test_a_second_one_in_this_process_is_refused_by_name(self, open_database: Open, folder: Path) -> None:
        first = open_database()
        with pytest.raises(FolderTaken, match=rf"{folder}: another Hearken .* delivery\.dir"):
            Database(folder)
        add(first, "still works")
        assert keys(first) == ["still works"]

    def test_another_process_is_refused(self, open_database: Open, folder: Path) -> None:
        open_database()
        refused = child("Database(folder)", folder)
        assert "FolderTaken" in refused.stderr.splitlines()[-1]

    def test_once_closed_it_is_free_and_closing_again_does_no_harm(self, open_database: Open) -> None:
        first = open_database()
        first.close()
        first.close()
        open_database()

    def test_after_a_process_was_killed_it_is_free_and_what_was_committed_is_there(
        self, open_database: Open, folder: Path
    ) -> None:
        killed = child(
            f"""
import os, signal
database = Database(folder)
with database.transaction() as connection:
    connection.execute({ADD!r}, ("kept",))
with database.transaction() as connection:
    connection.execute({ADD!r}, ("under way",))
    os.kill(os.getpid(), signal.SIGKILL)
""",
            folder,
        )
        assert killed.returncode == -signal.SIGKILL
        database = open_database()
        assert keys(database) == ["kept"]
        assert not database.is_new

    def test_a_folder_that_cannot_be_written_is_an_error_and_free_afterwards(
        self, open_database: Open, folder: Path
    ) -> None:
        (folder / "outbox.sqlite3").mkdir(parents=True)
        for _ in range(2):
            with pytest.raises(sqlite3.OperationalError):
                Database(folder)
        (folder / "outbox.sqlite3").rmdir()
        open_database()

    def test_in_memory_nothing_is_written(self, tmp_path: Path) -> None:
        database = Database(None)
        add(database, "x")
        assert (keys(database), database.is_new, list(tmp_path.iterdir())) == (["x"], True, [])
        database.close()


class TestDamage:
    def test_what_is_no_database_is_kept_beside_and_a_new_one_begun(
        self, open_database: Open, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder.mkdir()
        (folder / "outbox.sqlite3").write_bytes(b"no database" * 1000)
        with caplog.at_level(logging.ERROR):
            database = open_database()
        assert database.is_new
        add(database, "x")
        (kept,) = folder.glob("outbox.damaged-*")
        assert kept.read_bytes() == b"no database" * 1000
        assert [record.message for record in caplog.records] == ["the outbox cannot be used and begins anew"]

    @pytest.mark.parametrize("table", ["messages", "events", "pending", "traces"])
    def test_a_page_overwritten_in_the_middle_is_noticed_at_the_start_and_not_at_the_first_alarm(
        self, open_database: Open, folder: Path, table: str
    ) -> None:
        database = open_database()
        Outbox(database, ["s"], SIGNER.sign).commit([alarm(number) for number in range(1, 100)])
        add(database, *map(str, range(100)))
        ((page,),) = database.read("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,))
        database.close()
        with (folder / "outbox.sqlite3").open("r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\xa5" * 4096)
        anew = open_database()
        assert anew.is_new
        Outbox(anew, ["s"], SIGNER.sign).commit([alarm(1)])
        assert len(list(folder.glob("outbox.damaged-*"))) == 1

    def test_a_log_of_the_damaged_one_is_not_replayed_into_the_new_one(self, open_database: Open, folder: Path) -> None:
        open_database().close()
        database = open_database()
        add(database, "old")
        left = {path.name: path.read_bytes() for path in folder.iterdir()}
        database.close()
        for name, content in left.items():
            (folder / name).write_bytes(content if name.endswith(("-wal", "-shm")) else b"damaged" * 1000)
        assert keys(open_database()) == []

    def test_one_that_is_whole_is_not_new(self, open_database: Open, folder: Path) -> None:
        first = open_database()
        assert first.is_new
        add(first, "x")
        first.close()
        again = open_database()
        assert not again.is_new
        assert keys(again) == ["x"]
        assert list(folder.glob("*damaged*")) == []


class TestTransaction:
    def test_a_commit_is_synced_and_what_is_deleted_is_overwritten(self, open_database: Open) -> None:
        database = open_database()
        found = [database.read(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "secure_delete")]
        assert found == ["wal", 2, 1]

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, sqlite3.OperationalError])
    def test_what_raises_leaves_nothing_and_the_next_one_works(
        self, open_database: Open, error: type[BaseException]
    ) -> None:
        database = open_database()

        def half() -> None:
            with database.transaction() as connection:
                connection.execute(ADD, ("half",))
                raise error

        with pytest.raises(error):
            half()
        add(database, "whole")
        assert keys(database) == ["whole"]

    def test_a_row_that_is_refused_takes_the_others_with_it(self, open_database: Open) -> None:
        database = open_database()
        add(database, "x")
        with pytest.raises(sqlite3.IntegrityError):
            add(database, "y", "x")
        assert keys(database) == ["x"]

    def test_a_full_disk_leaves_the_file_as_it_was_and_when_there_is_room_it_goes_on(self, open_database: Open) -> None:
        database = open_database()
        add(database, "before")
        ((pages,),) = database.read("PRAGMA page_count")
        database.read(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            add(database, "small", "x" * 100_000)
        assert keys(database) == ["before"]
        database.read("PRAGMA max_page_count = 1000000")
        add(database, "large" * 20_000)
        assert len(keys(database)) == 2

    def test_threads_take_turns(self, open_database: Open) -> None:
        database = open_database()
        begin = threading.Barrier(4)

        def count() -> None:
            begin.wait(timeout=10)
            for _ in range(25):
                with database.transaction() as connection:
                    ((found,),) = connection.execute("SELECT count(*) FROM traces").fetchall()
                    connection.execute(ADD, (f"{found:04d}",))

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert keys(database) == [f"{number:04d}" for number in range(100)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.integers(1, 9000), min_size=2, max_size=12), data=st.data())
def test_of_a_retracted_event_no_byte_is_left_in_any_file(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("delivery")
    database = Database(folder)
    try:
        outbox = Outbox(database, ["s"], SIGNER.sign)
        words = [f"heard-{number:04d}-" for number in range(1, len(lengths) + 1)]
        for number, (word, length) in enumerate(zip(words, lengths, strict=True), start=1):
            outbox.commit([alarm(number, label=word * (1 + length // len(word)))])
        retracted = data.draw(st.sets(st.integers(1, len(lengths)), min_size=1))
        for seq, number in enumerate(sorted(retracted), start=len(lengths) + 1):
            outbox.retract(a_deletion(seq, 77), event_id(number))
        left = b"".join(path.read_bytes() for path in folder.iterdir())
        for number, word in enumerate(words, start=1):
            is_left = number not in retracted
            assert (word.encode() in left, event_id(number).encode() in left) == (is_left, is_left)
    finally:
        database.close()
