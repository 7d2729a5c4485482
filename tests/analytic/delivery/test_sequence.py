# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytic.delivery.sequence import Sequence


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "last-number"


class Device:
    """Starts again and again; knows what its outbox holds, and every number that has left."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.stored: int | None = None
        self.given: list[int] = []
        self._numbers = Sequence(path, None)

    def store(self, count: int) -> None:
        self.given += [self._numbers.next() for _ in range(count)]
        self.stored = self.given[-1]

    def not_stored(self, count: int) -> None:
        self.given += [self._numbers.next() for _ in range(count)]
        self._numbers.not_stored()

    def lose_the_database(self, _count: int) -> None:
        self.stored = None
        self.restart(0)

    def restart(self, _count: int) -> None:
        self.stop()
        self._numbers = Sequence(self._path, self.stored)

    def stop(self) -> None:
        self._numbers.close()


def test_numbers_count_from_one() -> None:
    numbers = Sequence(None, None)
    assert [numbers.next() for _ in range(3)] == [1, 2, 3]
    assert numbers.last == 3
    numbers.close()


@pytest.mark.parametrize("stored", [0, 7, 999, 1000])
def test_a_number_that_is_taken_back_is_the_next_one_given(path: Path, stored: int) -> None:
    numbers = Sequence(path, stored)
    for _ in range(3):
        assert numbers.next() == stored + 1
        numbers.take_back()
    assert numbers.last == stored
    assert [numbers.next(), numbers.next()] == [stored + 1, stored + 2]
    numbers.close()


def test_after_the_last_one_in_the_outbox_comes_the_next(path: Path) -> None:
    numbers = Sequence(path, 41)
    assert numbers.next() == 42
    numbers.close()


def test_a_start_without_a_message_takes_no_number(path: Path) -> None:
    for _ in range(5):
        numbers = Sequence(path, None)
        assert numbers.last == 0
        numbers.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from(["store", "not_stored", "restart", "lose_the_database"]),
            st.integers(1, 5) | st.sampled_from([999, 1000, 1001, 2500]),
        ),
        max_size=12,
    )
)
def test_no_number_is_given_twice_whatever_is_lost(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    device = Device(tmp_path_factory.mktemp("device") / "last-number")
    try:
        for act, count in acts:
            getattr(device, act)(count)
        device.store(1)
    finally:
        device.stop()
    assert device.given == sorted(set(device.given))


def test_where_the_database_is_lost_a_start_that_gives_none_does_not_bring_old_numbers_back(path: Path) -> None:
    device = Device(path)
    device.store(50)
    device.lose_the_database(0)
    for _ in range(3):
        device.restart(0)
    device.store(1)
    device.stop()
    assert device.given[-1] > 50


def test_where_all_is_as_it_was_no_number_is_left_out_from_one_start_to_the_next(path: Path) -> None:
    device = Device(path)
    for count in (1, 999, 1, 1500, 3):
        device.store(count)
        device.restart(0)
    device.stop()
    assert device.given == list(range(1, len(device.given) + 1))


def test_the_file_is_for_its_owner_and_once_made_takes_no_more_room(path: Path) -> None:
    numbers = Sequence(path, None)
    before = path.stat()
    assert stat.S_IMODE(before.st_mode) == 0o600
    for _ in range(2500):
        numbers.next()
    numbers.not_stored()
    after = path.stat()
    assert (after.st_size, after.st_ino) == (before.st_size, before.st_ino)
    assert before.st_size > 0
    numbers.close()


@pytest.mark.parametrize(
    "content",
    [b"x", b"12", b"1 2 3", b"\xff\xfe\x00", b"0000000000000000", b"1.5 2", b"a" * 42, b"b" * 5000, b"1 " * 500],
    ids=lambda content: repr(content[:8]),
)
def test_a_damaged_file_is_told_the_outbox_counts_and_the_next_start_finds_it_whole(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    with caplog.at_level(logging.ERROR):
        numbers = Sequence(path, 7)
    assert [record.message for record in caplog.records] == [
        "the file of the last number is damaged; numbers may come again"
    ]
    caplog.clear()
    assert numbers.next() == 8
    numbers.not_stored()
    numbers.close()
    again = Sequence(path, None)
    assert again.next() > 8
    assert caplog.records == []
    again.close()


class TestBrokenDisk:
    @pytest.fixture
    def broken(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        def full(*_args: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", full)
            yield

    @pytest.mark.usefixtures("broken")
    def test_numbers_go_on_and_it_is_told(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.ERROR):
            numbers = Sequence(path, 5)
            assert [numbers.next() for _ in range(3)] == [6, 7, 8]
            numbers.not_stored()
        assert {record.message for record in caplog.records} == {"the last number cannot be kept"}
        numbers.close()

    def test_what_is_written_is_synced_before_a_number_beyond_it_is_given(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        diary: list[str] = []
        numbers = Sequence(path, 5)

        def noting(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
            def noted(*args: Any) -> Any:
                diary.append(name)
                return act(*args)

            return noted

        monkeypatch.setattr(os, "pwrite", noting("write", os.pwrite))
        monkeypatch.setattr(os, "fdatasync", noting("sync", os.fdatasync))
        numbers.next()
        assert diary == ["write", "sync"]
        numbers.next()
        assert diary == ["write", "sync"], "not again for each number"
        numbers.not_stored()
        assert diary == ["write", "sync"] * 2
        numbers.close()
