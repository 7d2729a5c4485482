# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The range of a parameter, said in the refusal."""

from __future__ import annotations


def in_range(what: str, found: float, least: float, most: float, unit: str = "") -> float:
    """Return `found`.

    Raises
    ------
    ValueError
        It lies outside `least`..`most`, or is no number; the message says what, the range and what was found.
    """
    if not least <= found <= most:
        raise ValueError(f"{what}: {least:g} to {most:g}{unit and ' '}{unit}, found {found:g}")
    return found
