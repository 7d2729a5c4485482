# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from analytic.errors import SourceFailed
from analytic.listen import piped
from analytic.listen.piped import Piped
from tests.analytic.listen.conftest import tone


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):
            os.close(end)


def test_sixteen_bit_sound_comes_through_whatever_the_writes(pipe: tuple[int, int]) -> None:
    content = (tone(0.5) * 32767).astype("<i2").tobytes()
    for start in range(0, len(content), 333):  # odd
        os.write(pipe[1], content[start : start + 333])
    os.close(pipe[1])
    found = np.concatenate(list(Piped(pipe[0]).chunks(threading.Event())))
    assert np.array_equal(found, np.frombuffer(content, "<i2").astype(np.float32) / 32768)


def test_stopped_it_waits_for_no_writer(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piped, "_LOOK_S", 0.01)
    stopping = threading.Event()
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(Piped(pipe[0]).chunks(stopping)))
    thread.start()
    stopping.set()
    thread.join(10)
    assert not thread.is_alive()
    assert found == []


def test_a_descriptor_that_is_none_is_refused() -> None:
    with pytest.raises(SourceFailed, match="cannot be read"):
        list(Piped(9999).chunks(threading.Event()))
