# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Words and numbers as all forms of a report write them: text kept to one line, times of day's length, numbers."""

from __future__ import annotations

from unicodedata import category

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKING = ("Cc", "Zl", "Zp")


def whole(text: str) -> str:
    """Return text that UTF-8 can hold: halves of characters, which file names may have, become U+FFFD."""
    return "".join("\ufffd" if category(letter) == "Cs" else letter for letter in text)


def one_line(text: str) -> str:
    """Return text that stays on its line and in its direction: breaks and controls become spaces."""
    kept = (letter for letter in whole(text) if letter not in _TURNING)
    return "".join(" " if category(letter) in _BREAKING else letter for letter in kept)


def shortened(text: str, limit: int) -> str:
    """Return text of at most `limit` characters, with an ellipsis where some were cut."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def clock(time_s: float) -> str:
    """Return a time in a recording as m:ss.s, from an hour on as h:mm:ss.s."""
    tenths = max(0, round(time_s * 10))
    minutes, rest = divmod(tenths, 600)
    seconds = f"{rest // 10:02d}.{rest % 10}"
    return f"{minutes}:{seconds}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{seconds}"


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with a decimal point and never minus zero; nothing where there is none."""
    return "" if value is None else f"{value:z.{digits}f}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: ``1 surge``, ``2 surges``."""
    return f"{count} {one if count == 1 else many or one + 's'}"
