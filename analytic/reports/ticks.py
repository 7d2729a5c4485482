# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Where the axes of the pictures have their ticks, and what stands there."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST = 10
_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_HZ = (100, 200, 300, 500, 1000, 2000, 3000, 4000, 6000, 8000, 12000, 16000, 20000)
_CLOCK_FROM_S, _HOURS_FROM_S = 120.0, 3600.0
_CLOSEST = 0.045
"""Ticks of frequency stand this far apart or more, as a share of the axis."""


class Ticks(NamedTuple):
    """The ticks of an axis: where, what, and what the axis is called."""

    places: list[float]
    texts: list[str]
    name: str


def of_time(duration_s: float) -> Ticks:
    """Return at most 11 ticks from 0 to `duration_s`: seconds, from two minutes on m:ss, from an hour on h:mm:ss."""
    fitting = (step for step in _SECONDS if duration_s / step <= MOST)
    step = next(fitting, 86400.0 * math.ceil(duration_s / 86400.0 / MOST))
    places = [count * step for count in range(math.floor(duration_s / step + 1e-9) + 1)]
    if duration_s < _CLOCK_FROM_S:
        return Ticks(places, [f"{place:.6g}" for place in places], "time (s)")
    hours = duration_s >= _HOURS_FROM_S
    return Ticks(
        places, [_clock(round(place), hours) for place in places], "time (h:mm:ss)" if hours else "time (m:ss)"
    )


def _clock(time_s: int, hours: bool) -> str:
    minutes, seconds = divmod(time_s, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def of_mel_bands(centres_hz: NDArray[np.float64]) -> Ticks:
    """Return ticks at round frequencies on an axis that counts mel bands, the lowest at 0.

    Parameters
    ----------
    centres_hz
        float64, shape (bands,): centre frequencies, rising.
    """
    bands = centres_hz.size
    places: list[float] = []
    texts: list[str] = []
    for hz in reversed([hz for hz in _HZ if bands and centres_hz[0] <= hz <= centres_hz[-1]]):
        place = float(np.interp(hz, centres_hz, np.arange(bands)))
        if not places or places[-1] - place >= _CLOSEST * bands:
            places.append(place)
            texts.append(f"{hz}")
    if not places and bands:
        return Ticks([(bands - 1) / 2], [f"{centres_hz[bands // 2]:.0f}"], "frequency (Hz)")
    return Ticks(places[::-1], texts[::-1], "frequency (Hz), mel scale")
