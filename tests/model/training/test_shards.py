# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from model.tagger import Waveform
from model.training import shards


def test_what_was_written_is_read(tmp_path: Path) -> None:
    waveforms = [np.linspace(-1, 1, count, dtype=np.float32) for count in (10, 500, 3)]
    shards.write(tmp_path, "some", [(waveform, [7, 2, 7]) for waveform in waveforms])
    shard = shards.read(tmp_path, "some")
    assert len(shard) == 3
    assert shard.classes == ((2, 7),) * 3
    for index, waveform in enumerate(waveforms):
        assert shard.piece(index, 0, 10_000) == pytest.approx(waveform, abs=2e-5)


def test_a_piece_ends_with_its_sound(tmp_path: Path) -> None:
    shard = shards.write(tmp_path, "two", [(np.zeros(100, np.float32), []), (np.ones(100, np.float32), [])])
    assert shard.piece(0, 60, 1_000).tolist() == [0.0] * 40
    assert shard.piece(1, 20, 30).tolist() == [1.0] * 30


def test_louder_than_full_scale_is_clipped(tmp_path: Path) -> None:
    shard = shards.write(tmp_path, "loud", [(np.array([-3.0, 3.0], np.float32), [])])
    assert shard.piece(0, 0, 2).tolist() == [-1.0, 1.0]


def test_an_empty_sound_is_left_out(tmp_path: Path) -> None:
    assert len(shards.write(tmp_path, "none", [(np.zeros(0, np.float32), [1]), (np.ones(2, np.float32), [])])) == 1


def test_a_failed_writing_leaves_the_old_shard(tmp_path: Path) -> None:
    shards.write(tmp_path, "kept", [(np.ones(4, np.float32), [])])

    def breaking() -> Iterator[tuple[Waveform, list[int]]]:
        yield np.zeros(9, np.float32), []
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the one above
        shards.write(tmp_path, "kept", breaking())
    assert shards.read(tmp_path, "kept").piece(0, 0, 4).tolist() == [1.0] * 4
