# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytic.audio.preprocessing.short_time import BIN_HZ, HOP, HOP_S, analyse, powers, synthesise


def test_frames_come_every_16_ms_and_bins_every_31_hz() -> None:
    assert (HOP_S, BIN_HZ) == (0.016, 31.25)


@settings(deadline=None)
@given(samples=st.integers(1, 3000))
def test_what_was_not_changed_comes_back_as_it_was(samples: int) -> None:
    waveform = np.random.default_rng(samples).uniform(-1, 1, samples).astype(np.float32)
    spectra = analyse(waveform)
    assert spectra.shape == (-(-samples // HOP) + 1, 257)
    assert np.allclose(synthesise(spectra, samples), waveform, rtol=0, atol=1e-6)


def test_the_first_and_the_last_frame_of_noise_are_as_loud_as_the_others(white: NDArray[np.float32]) -> None:
    energy = powers(analyse(white)).mean(axis=1)
    assert energy[[0, -1]] == pytest.approx(np.full(2, energy.mean()), rel=0.3)
