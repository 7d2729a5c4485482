# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The streams that the delays are measured on, made of a tone: no recordings, no service."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.delays import EVENTS, NAMES, RATE_HZ, SPACING_S, pieces


class OneTone:
    """Stands for a pool: whatever the class, a loud tone of a second."""

    def events(self, event_class: str) -> list[str]:
        return [event_class]

    def audible(self, _clip: str) -> Any:
        return np.sin(np.arange(RATE_HZ) * 0.3).astype(np.float32)


POOL: Any = OneTone()


def test_each_piece_has_one_recording_that_sets_in_where_it_says() -> None:
    for piece in pieces(3, POOL):
        assert piece.waveform.shape == (SPACING_S * RATE_HZ,)
        assert 3.0 <= piece.onset / RATE_HZ <= 5.0
        before, after = np.split(piece.waveform, [piece.onset])
        assert np.abs(before).max() < 0.01 < 0.2 < np.abs(after).max()


def test_a_stream_has_every_class_as_often_and_is_the_same_each_time() -> None:
    once, again = list(pieces(1, POOL)), list(pieces(1, POOL))
    named = [piece.event_class for piece in once]
    assert {named.count(name) for name in NAMES} == {EVENTS // len(NAMES)}
    assert all(np.array_equal(one.waveform, other.waveform) for one, other in zip(once, again, strict=True))
    assert next(pieces(2, POOL)).event_class != named[0]
