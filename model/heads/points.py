# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Operating points of alarm heads: from which score on an alarm is raised, and what that was measured to mean."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model.errors import BadTaggerFile

SENSITIVITIES = ("very_low", "low", "medium", "high", "very_high")

Points = Mapping[str, Mapping[str, "OperatingPoint"]]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One place on a class's curve.

    Attributes
    ----------
    on, off
        Scores from which an event begins, and below which it ends; 0 < off <= on <= 1.
    false_alarms_per_day
        Measured where the point was chosen; None where it was not.
    recall
        Likewise, 0..1.
    """

    on: float
    off: float
    false_alarms_per_day: float | None = None
    recall: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.off <= self.on <= 1:
            raise ValueError(f"0 < off <= on <= 1, found off {self.off} and on {self.on}")


def load(path: Path) -> Points:
    """Read operating points by class and sensitivity.

    Raises
    ------
    BadTaggerFile
        The file cannot be read, or holds something else.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))["points"]
        return {
            name: {word: OperatingPoint(**fields) for word, fields in by_word.items()}
            for name, by_word in stored.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadTaggerFile(str(path), f"no operating points ({error})") from error


def off_of(on: float) -> float:
    """Return the score one unit of log odds below `on`, 0 < on < 1."""
    odds = on / (1 - on) * math.exp(-1.0)
    return odds / (1 + odds)
