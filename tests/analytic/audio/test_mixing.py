# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest

from analytic.audio.mixing import Mixer, mono
from tests.analytic.listen.conftest import is_like, tone


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100, 48_000, 96_000])
def test_any_rate_becomes_16_khz_however_it_is_cut(rate_hz: int) -> None:
    mixer, sound = Mixer(rate_hz), tone(2.0, rate_hz=rate_hz)[:, None]
    pieces = [mixer.push(piece) for piece in np.array_split(sound, 37)] + [mixer.push(sound[:0], last=True)]
    found = np.concatenate(pieces)
    assert found.dtype == np.float32
    assert found.size == pytest.approx(32_000, abs=2)
    assert is_like(found, tone(2.0))


def test_16_khz_is_left_as_it_is() -> None:
    assert np.array_equal(Mixer(16_000).push(tone(0.5)[:, None]), tone(0.5))


def test_channels_are_averaged() -> None:
    assert mono(np.array([[0.5, -0.5], [1.0, 0.5]])).tolist() == [0.0, 0.75]


def test_what_is_no_number_or_too_loud_becomes_sound() -> None:
    found = mono(np.array([[np.nan], [np.inf], [-np.inf], [7.0], [-3e38]], np.float32))
    assert found.tolist() == [0.0, 1.0, -1.0, 1.0, -1.0]
