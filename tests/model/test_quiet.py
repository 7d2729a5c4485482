# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from model.quiet import without_line

NOISE = b"INFO: known"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_line_that_begins_so_is_taken_out_and_every_other_comes_through(capfd: pytest.CaptureFixture[str]) -> None:
    with without_line(NOISE):
        os.write(2, b"before\nINFO: known line\nnot INFO: known\nINFO: other\n")
    assert capfd.readouterr().err == "before\nnot INFO: known\nINFO: other\n"


def test_nothing_is_written_until_the_context_ends(capfd: pytest.CaptureFixture[str]) -> None:
    with without_line(NOISE):
        os.write(2, b"held\n")
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == "held\n"


def test_an_unfinished_last_line_comes_through(capfd: pytest.CaptureFixture[str]) -> None:
    with without_line(NOISE):
        os.write(2, b"INFO: known\nno newline")
    assert capfd.readouterr().err == "no newline"


def test_what_is_written_after_the_context_is_not_touched(capfd: pytest.CaptureFixture[str]) -> None:
    with without_line(NOISE):
        pass
    os.write(2, b"INFO: known\n")
    assert capfd.readouterr().err == "INFO: known\n"


def test_an_error_inside_leaves_standard_error_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        os.write(2, b"why\nINFO: known\n")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), without_line(NOISE):
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "why\nafter\n"


def test_no_file_stays_open() -> None:
    before = open_files()
    for _ in range(3):
        with without_line(NOISE):
            os.write(2, b"INFO: known\n")
    assert open_files() == before


def test_a_megabyte_of_lines_comes_through_whole(capfd: pytest.CaptureFixture[str]) -> None:
    lines = b"x" * 63 + b"\n"
    with without_line(NOISE):
        for _ in range(16):
            os.write(2, lines * 1024)
    assert len(capfd.readouterr().err) == 1 << 20


def test_threads_take_turns_and_lose_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def speak(number: int) -> None:
        with without_line(NOISE):
            os.write(2, f"INFO: known {number}\nthread {number}\n".encode())

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(capfd.readouterr().err.splitlines()) == [f"thread {number}" for number in range(8)]
