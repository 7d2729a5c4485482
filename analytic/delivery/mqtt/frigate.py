# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Frigate's words: which of its audio labels an alarm goes by, so that automations made for it work. No I/O here.

Frigate folds screaming and shouting into ``yell``; ``scream`` is ours beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from analytic.events.types import Message

_BY_MID: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "/m/07rn7sz": ("shatter",),
        "/m/01y3hg": ("smoke_detector",),
        "/m/0c3f7m": ("fire_alarm",),
        "/m/07p6fty": ("yell",),
        "/m/07sr1lc": ("yell",),
        "/m/0463cq4": ("crying",),
    }
)
_BY_CLASS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "scream": ("yell", "scream"),
        "glass_break": ("glass",),
        "smoke_alarm": ("smoke_detector",),
        "dog_bark": ("bark",),
        "baby_cry": ("crying",),
        "distress": ("yell",),
    }
)
FULL_SCALE = 32768


def labels(message: Message) -> tuple[str, ...]:
    """Return the labels of an event message; its own class's name where Frigate has no word for it."""
    event_class = message["event_class"]
    if event_class not in _BY_CLASS:
        return (event_class,)
    return _BY_MID.get(message["mid"], _BY_CLASS[event_class]) if event_class != "scream" else _BY_CLASS["scream"]


def rms(level_dbfs: float) -> float:
    """Return a level on the scale of 16 bit samples, as Frigate tells it."""
    return round(FULL_SCALE * 10 ** (level_dbfs / 20), 1)
