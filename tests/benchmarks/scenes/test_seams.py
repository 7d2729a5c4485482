# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np

from benchmarks.scenes.levels import level_dbfs
from benchmarks.scenes.seams import faded, is_steady, joined, looped
from tests.benchmarks.scenes.conftest import hiss, tone


def test_a_loop_keeps_its_level_over_every_seam_and_into_its_begin() -> None:
    pieces = [hiss(1, 3.0), 4 * hiss(2, 2.5)]
    loop = looped(np.random.default_rng(1), pieces, 16_000 * 60 + 7)
    assert loop.shape == (16_000 * 60 + 7,)
    twice = np.concatenate([loop, loop])[: 16_000 * 100].reshape(-1, 4000)
    steps = [level_dbfs(step) for step in twice]
    assert max(steps) - min(steps) < 1.5
    assert np.abs(np.diff(np.concatenate([loop[-50:], loop[:50]]))).max() < 8.0


def test_a_loop_may_be_shorter_than_its_piece() -> None:
    assert looped(np.random.default_rng(1), [hiss(1, 3.0)], 800).shape == (800,)


def test_a_fade_takes_the_click_out_of_a_cut() -> None:
    out = faded(np.ones(1600, np.float32))
    assert out[0] == 0
    assert out[-1] == 0
    assert out[800] == 1
    assert faded(np.ones(1, np.float32)).tolist() == [1.0]


def test_joined_pieces_overlap_by_the_fade() -> None:
    out = joined([np.ones(1600, np.float32), np.ones(1600, np.float32)], 0.05)
    assert out.size == 3200 - 800
    assert np.allclose(out, 1)


def test_a_hiss_is_steady_and_a_single_beep_is_not() -> None:
    assert is_steady(hiss(1, 3.0))
    assert not is_steady(np.pad(tone(400, 0.5), 16_000))
    assert not is_steady(hiss(1, 0.5)), "too short to tell"
