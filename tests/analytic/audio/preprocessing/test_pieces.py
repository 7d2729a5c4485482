# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.audio.preprocessing.pieces import FADE_S, PIECE_S, in_pieces
from analytic.audio.preprocessing.registry import PREPROCESSORS, Preprocessor

RATE_HZ = 16_000
MINUTE = round(PIECE_S * RATE_HZ)
FADE = round(FADE_S * RATE_HZ)
Waveform = NDArray[np.float32]


def sizes(samples: int) -> list[int]:
    found: list[int] = []

    def method(piece: Waveform) -> Waveform:
        found.append(piece.size)
        return piece.copy()

    in_pieces(method, np.zeros(samples, np.float32))
    return found


@pytest.mark.parametrize("samples", [1, 1000, MINUTE])
def test_up_to_a_minute_is_one_piece(samples: int) -> None:
    assert sizes(samples) == [samples]


@pytest.mark.parametrize("samples", [MINUTE + 1, 2 * MINUTE - FADE, 2 * MINUTE, 5 * MINUTE + 12_345])
def test_longer_sound_comes_in_about_equal_pieces_of_at_most_a_minute(samples: int) -> None:
    found = sizes(samples)
    assert max(found) <= MINUTE
    assert max(found) - min(found) < len(found)
    assert sum(found) == samples + (len(found) - 1) * FADE


@pytest.mark.parametrize("samples", [MINUTE + 1, 2 * MINUTE, 3 * MINUTE + 777])
def test_what_a_method_leaves_as_it_was_comes_back_as_it_was(samples: int) -> None:
    waveform = np.random.default_rng(0).uniform(-1, 1, samples).astype(np.float32)
    assert np.allclose(in_pieces(np.copy, waveform), waveform, rtol=0, atol=1e-6)


def test_a_piece_fades_into_the_next() -> None:
    levels = iter((1.0, 2.0))
    found = in_pieces(lambda piece: np.full_like(piece, next(levels)), np.zeros(MINUTE + RATE_HZ, np.float32))
    assert (found[0], found[-1]) == (1, 2)
    assert (np.diff(found) >= 0).all()
    assert np.diff(found).max() < 2 / FADE


@pytest.mark.parametrize("name", ["spectral_gate", "wiener", "wavelet", "adaptive"])
def test_minutes_of_noise_keep_to_the_range_and_get_no_louder(name: str) -> None:
    method: Preprocessor = PREPROCESSORS[name]
    noise = np.random.default_rng(0).normal(0, 0.01, 2 * MINUTE).astype(np.float32)
    noise[MINUTE:] *= 10
    found = method(noise)
    assert (found.shape, found.dtype) == (noise.shape, np.dtype(np.float32))
    assert np.abs(found).max() <= 1
    assert np.vdot(found, found) <= np.vdot(noise, noise)
