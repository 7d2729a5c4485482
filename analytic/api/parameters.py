# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What requests say in their path and query: read, checked, refused with a reason. No framework here."""

from __future__ import annotations

import csv
from collections.abc import Iterable

from analytic.errors import InvalidId, InvalidParameter, InvalidStartTime, UnknownLabels
from analytic.ids import is_identifier
from model.labels import Label, find

_FLAGS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
    "": False,
}


def flag(field: str, found: str | None) -> bool:
    """Read a switch of the query: 1, true, yes, on, or 0, false, no, off; absent or empty is off.

    Raises
    ------
    InvalidParameter
        It is something else.
    """
    answer = _FLAGS.get((found or "").strip().casefold())
    if answer is None:
        raise InvalidParameter(field, "1, true, yes, on, or 0, false, no, off", found or "")
    return answer


def identifier(field: str, found: str) -> str:
    """Return `found` if it is an id: 1 to 64 characters of ``A-Z a-z 0-9 . _ -``.

    Raises
    ------
    InvalidId
        It is not.
    """
    if not is_identifier(found):
        raise InvalidId(field, found)
    return found


def start_time(found: str | None) -> float:
    """Read a start time in seconds; none is 0. Whether it lies inside the clip is for the clip to say.

    Raises
    ------
    InvalidStartTime
        It is no number.
    """
    if found is None or not found.strip():
        return 0.0
    try:
        return float(found)
    except ValueError as error:
        raise InvalidStartTime(found) from error


def label_filter(found: Iterable[str]) -> list[Label]:
    """Read a comma list of label names or AudioSet ids, each once, empty items ignored.

    75 names hold commas: they are written in double quotes, or as ids.

    Raises
    ------
    UnknownLabels
        Names that are no class.
    """
    names = [name.strip() for name in _items(found) if name.strip()]
    labels = {name: find(name) for name in names}
    unknown = [name for name, label in labels.items() if label is None]
    if unknown:
        raise UnknownLabels(unknown)
    return list(dict.fromkeys(label for label in labels.values() if label is not None))


def _items(found: Iterable[str]) -> list[str]:
    """Split comma lists, quoted names kept whole."""
    lines = (line.replace("\r", " ").replace("\n", " ") for line in found)
    try:
        return [name for row in csv.reader(lines, skipinitialspace=True) for name in row]
    except csv.Error as error:
        raise UnknownLabels(["(a list that cannot be read)"]) from error
