# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Scores moved by log odds: a unit means the same at 0.01 as at 0.99."""

from __future__ import annotations

import math

_HIGHEST = 0.999999  # from here on a score tells no more


def moved(score: float, by: float) -> float:
    """Return a score, 0 < score <= 1, moved by so many units of log odds; a score of 1 counts as 0.999999."""
    score = min(score, _HIGHEST)
    odds = score / (1 - score) * math.exp(by)
    return odds / (1 + odds)
