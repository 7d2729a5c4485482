# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Limits: of a method's parameters, and of samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def check_range(what: str, found: float, least: float, most: float, unit: str = "") -> None:
    """Refuse a parameter that is out of its range.

    Raises
    ------
    ValueError
        It lies outside `least`..`most`, or is no number; the message says what, the range and what was found.
    """
    if not least <= found <= most:
        raise ValueError(f"{what}: {least:g} to {most:g}{unit and ' '}{unit}, found {found:g}")


def within_full_scale(waveform: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return a waveform, shape (n,), n >= 1, as float32; all of it scaled down where a sample lies beyond -1..1.

    Nothing is clipped: clipping adds harmonics, which a tagger hears, and a lower level is hardly heard.
    """
    peak = max(float(waveform.max()), -float(waveform.min()))
    inside = waveform / peak if peak > 1 else waveform
    scaled: NDArray[np.float32] = np.clip(inside, -1, 1)  # the quotient may round to a hair above 1
    return scaled.astype(np.float32, copy=False)
