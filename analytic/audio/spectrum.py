# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A mel-spectrogram of a recording of any length, for pictures: columns become wider as it becomes longer.

A column is the mean power of at least 0.128 s, so it tells no more of words than `band_energy` does, and of a long
recording far less.
"""

from __future__ import annotations

from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analytic.audio.clip import to_seconds

BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 50.0, 8_000.0
FLOOR_DB = -120.0
_FRAME = 512
_COLUMN = 2_048
_MOST_COLUMNS = 1_600

Samples = NDArray[np.float32]


class Picture(Protocol):
    """Takes the sound of a recording, for a picture of it."""

    def push(self, samples: Samples) -> None:
        """Take what comes next, float32, shape (n,), mono, 16 000 Hz, within -1..1."""
        ...


class MelColumns:
    """Collects columns of a mel-spectrogram, at most 1,600: then neighbours are put together, two and two."""

    def __init__(self) -> None:
        self._rest = np.empty(0, np.float32)
        self._columns = np.zeros((_MOST_COLUMNS, BANDS), np.float64)
        self._count = 0
        self._wide = 1
        self._open = np.zeros(BANDS)
        self._pieces = 0

    @property
    def step_s(self) -> float:
        """Length of a column in seconds."""
        return to_seconds(_COLUMN * self._wide)

    def push(self, samples: Samples) -> None:
        """Take what comes next; what does not fill 0.128 s waits."""
        samples = np.concatenate((self._rest, samples)) if self._rest.size else samples
        whole = samples.size // _COLUMN
        self._rest = samples[whole * _COLUMN :].copy()
        for at in range(0, whole, 256):
            piece = samples[at * _COLUMN : min(at + 256, whole) * _COLUMN]
            for power in _powers(piece):
                self._add(power)

    def power_db(self) -> NDArray[np.float32]:
        """Return float32, shape (64, columns): 0 for a sine of full scale, -120 or more."""
        columns = self._columns[: self._count]
        if self._pieces:
            columns = np.concatenate((columns, self._open[np.newaxis] / self._pieces))
        found: NDArray[np.float32] = 10 * np.log10(np.maximum(columns.T, 10 ** (FLOOR_DB / 10))).astype(np.float32)
        return found

    def _add(self, power: NDArray[np.float64]) -> None:
        self._open += power
        self._pieces += 1
        if self._pieces < self._wide:
            return
        self._columns[self._count] = self._open / self._pieces
        self._count += 1
        self._open[:], self._pieces = 0, 0
        if self._count == _MOST_COLUMNS:
            self._count //= 2
            self._columns[: self._count] = (self._columns[0::2] + self._columns[1::2]) / 2
            self._wide *= 2


def centres_hz() -> NDArray[np.float64]:
    """Return the centre frequencies of the bands, shape (64,)."""
    return _edges_hz()[1:-1]


def _edges_hz() -> NDArray[np.float64]:
    """Return the borders of triangular bands, equally far apart in mel (O'Shaughnessy's formula)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    edges: NDArray[np.float64] = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    return edges


@cache
def _weights() -> NDArray[np.float32]:
    """Return what each bin adds to each band, shape (257, 64); a band has at least its nearest bin."""
    edges, bins = _edges_hz(), np.fft.rfftfreq(_FRAME, to_seconds(1))
    rising = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[np.abs(bins[:, None] - edges[1:-1]).argmin(axis=0), np.arange(BANDS)] += 1e-3
    return weights.astype(np.float32)


def _powers(samples: Samples) -> NDArray[np.float64]:
    """Return the mean power of the bands in each whole column, shape (columns, 64)."""
    window = np.hanning(_FRAME).astype(np.float32)
    frames = samples.reshape(-1, _FRAME) * window
    spectrum = np.abs(np.fft.rfft(frames, axis=1)) ** 2 * (4 / window.sum() ** 2)
    columns = spectrum.reshape(-1, _COLUMN // _FRAME, spectrum.shape[1]).mean(axis=1)
    # Not `@`: on a busy machine the threads of BLAS wait for each other a hundred times as long as this takes.
    powers: NDArray[np.float64] = np.einsum("cf,fb->cb", columns.astype(np.float64), _weights())
    return powers
