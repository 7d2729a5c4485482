# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analytic.events.unusual import UnusualSettings
from analytic.listen.habits import SAVE_EVERY_S, Habits
from analytic.listen.listener import Listener
from analytic.listen.remembered import Remembered
from model.stream import LONG, Heard
from model.tagger import Window
from tests.analytic.listen.conftest import Streams

TAGGER = "fake 1"
START = 1_700_000_000.0


def habits(
    folder: Path | None, tagger: str = TAGGER, max_sources: int = 64, save_every_s: float = SAVE_EVERY_S
) -> Habits:
    return Habits(
        folder,
        tagger,
        UnusualSettings(3.0),
        local_time=time.gmtime,
        max_sources=max_sources,
        save_every_s=save_every_s,
    )


def heard(index: int = 0, score: float = 0.6) -> Heard:
    scores = np.full(527, 0.001, np.float32)
    scores[index] = score
    return Heard(Window(0, LONG.length), LONG, scores, np.zeros(4, np.float32))


def noise() -> Iterator[Heard]:
    random = np.random.default_rng(3)
    while True:
        odds = random.normal(-6, 1, 527)
        yield Heard(Window(0, LONG.length), LONG, (1 / (1 + np.exp(-odds))).astype(np.float32), np.zeros(4, np.float32))


def listen(to: Habits, source: str, days: float, begin: float = START) -> float:
    """Hear ordinary sound, a window a minute; return when it ended."""
    windows = noise()
    for number in range(int(days * 1440)):
        to.hear(source, begin + 60.0 * number, next(windows))
    return begin + days * 86_400


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_new_sound_is_unusual_after_some_days_and_after_a_restart(tmp_path: Path) -> None:
    first = habits(tmp_path, save_every_s=1e9)
    end = listen(first, "kitchen", 3)
    first.save()
    second = habits(tmp_path)
    assert second.hear("kitchen", end, heard(400, 0.95)) > 0.5
    assert second.hear("hall", end, heard(400, 0.95)) == 0.0, "each source learns for itself"
    assert first.hear("kitchen", end, heard(400, 0.95)) > 0.5


def test_it_is_written_every_few_minutes_and_leaves_one_file(tmp_path: Path) -> None:
    one = habits(tmp_path / "new")
    for number in range(4):
        one.hear("kitchen", START + 60 * number, heard())
    assert not (tmp_path / "new").exists()
    one.hear("kitchen", START + 400, heard())
    assert names(tmp_path / "new") == {"habits-kitchen.npz"}
    assert (tmp_path / "new" / "habits-kitchen.npz").stat().st_size < 200_000


def test_a_clock_that_was_set_back_does_not_put_writing_off(tmp_path: Path) -> None:
    one = habits(tmp_path)
    one.hear("kitchen", START, heard())
    one.hear("kitchen", START - 1_000_000, heard())
    assert names(tmp_path) == {"habits-kitchen.npz"}


def test_forgetting_leaves_nothing_and_begins_anew(tmp_path: Path) -> None:
    one = habits(tmp_path, save_every_s=1e9)
    end = listen(one, "kitchen", 3)
    listen(one, "hall", 0.1)
    one.save()
    assert one.forget("kitchen")
    assert not one.forget("kitchen")
    assert names(tmp_path) == {"habits-hall.npz"}
    assert one.hear("kitchen", end, heard(400, 0.95)) == 0.0


def test_what_an_earlier_process_learnt_is_forgotten_too(tmp_path: Path) -> None:
    first = habits(tmp_path)
    first.hear("kitchen", START, heard())
    first.save()
    assert habits(tmp_path).forget("kitchen")
    assert names(tmp_path) == set()


def test_without_a_folder_it_learns_in_memory_alone() -> None:
    one = habits(None)
    one.hear("kitchen", START, heard())
    one.hear("kitchen", START + 400, heard())
    one.save()
    assert one.forget("kitchen")
    assert not one.forget("kitchen")


def test_another_tagger_begins_anew(tmp_path: Path) -> None:
    first = habits(tmp_path, save_every_s=1e9)
    end = listen(first, "kitchen", 3)
    first.save()
    assert habits(tmp_path, "fake 2").hear("kitchen", end, heard(400, 0.95)) == 0.0


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(50), b"\x93NUMPY", bytes(2_000_000)])
def test_a_damaged_file_is_as_good_as_none_and_is_told(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "habits-kitchen.npz").write_bytes(content)
    assert habits(tmp_path).hear("kitchen", START, heard()) == 0.0
    assert "is lost" in caplog.text


def test_a_file_of_something_else_is_as_good_as_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    np.savez(tmp_path / "habits-kitchen.npz", tagger=np.array(TAGGER), sound=np.zeros(3))
    np.savez(tmp_path / "habits-hall.npz", tagger=np.array([{}], object))
    with (tmp_path / "habits-attic.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    one = habits(tmp_path)
    assert {one.hear(source, START, heard()) for source in ("kitchen", "hall", "attic")} == {0.0}
    assert caplog.text.count("is lost") == 3


def test_a_folder_that_cannot_be_written_is_told_and_live_sound_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    one = habits(tmp_path / "file")
    one.hear("kitchen", START, heard())
    assert one.hear("kitchen", START + 400, heard()) == 0.0
    assert "cannot be kept" in caplog.text


def test_the_source_that_was_silent_longest_is_let_go_but_not_forgotten(tmp_path: Path) -> None:
    one = habits(tmp_path, max_sources=2)
    for source in ("kitchen", "hall", "kitchen", "cellar"):
        one.hear(source, START, heard())
    assert names(tmp_path) == {"habits-hall.npz"}


def test_many_threads_at_once(tmp_path: Path) -> None:
    one = habits(tmp_path, max_sources=3)
    failed: list[BaseException] = []

    def work(source: str) -> None:
        try:
            for number in range(60):
                one.hear(source, START + 20.0 * number, heard(number))
                if number % 20 == 0:
                    one.forget("kitchen")
                    one.save()
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    threads = [threading.Thread(target=work, args=(source,)) for source in ("kitchen", "hall", "kitchen", "attic", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert all(name.startswith("habits-") for name in names(tmp_path)), "no half-written file is left"


def test_the_listener_forgets_them_with_the_source_and_keeps_them_at_the_end(streams: Streams, tmp_path: Path) -> None:
    one = habits(tmp_path)
    listener = Listener(streams.open, Remembered(tmp_path), habits=one)
    for source in ("kitchen", "hall"):
        one.hear(source, START, heard())
    assert listener.forget("kitchen")
    assert not listener.forget("kitchen")
    listener.stop()
    assert names(tmp_path) == {"habits-hall.npz"}
