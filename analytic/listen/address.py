# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Where live sound is fetched from, as people write it: `mic:`, a file, an rtsp or http address, `-`.

Credentials are kept apart: what an address shows of itself, in logs, errors and reports, has none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from analytic.errors import SourceFailed
from analytic.ids import is_identifier

Kind = Literal["microphone", "file", "rtsp", "http", "stdin"]

STANDARD_INPUT = "-"
_MICROPHONE, _FILE = "mic:", "file:"
_SCHEMES: dict[str, Kind] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http"}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SLIP = re.compile(r"(rtsps?|https?):(?!//)", re.IGNORECASE)
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Address:
    """Where sound is fetched from.

    Attributes
    ----------
    kind
        What opens it; also the type of the source in events.
    target
        A device's name or number (empty: the default one), a path, or a whole address with its credentials: not for
        people.
    shown
        The same for people: credentials and what follows an equals sign or question mark are masked.
    """

    kind: Kind
    target: str = field(repr=False)
    shown: str

    @property
    def ends(self) -> bool:
        """Whether it is over when its sound ends; of the others, more is expected."""
        return self.kind in ("file", "stdin")

    @property
    def name(self) -> str:
        """A name for the source, for those who give none."""
        if self.kind in ("rtsp", "http"):
            found = urlsplit(self.target).hostname or self.kind
        elif self.kind == "file":
            found = self.target.rstrip("/").rpartition("/")[2].partition(".")[0]
        else:
            found = {"microphone": f"mic-{self.target}".strip("-"), "stdin": "stdin"}[self.kind]
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", found).strip("-")[:64]
        return name if is_identifier(name) else self.kind


def read(text: str) -> Address:
    """Read an address.

    Raises
    ------
    SourceFailed
        It is none; the error shows no credentials.
    """
    shown = _masked(text)
    if not text.strip() or not text.isprintable():
        raise SourceFailed(shown, "is no address of sound: it is empty, or has characters that cannot be printed")
    if text == STANDARD_INPUT:
        return Address("stdin", text, "standard input")
    if text.startswith(_MICROPHONE):
        return Address("microphone", text.removeprefix(_MICROPHONE).strip(), text)
    if text.startswith(_FILE):
        return _file(text.removeprefix(_FILE).removeprefix("//"), text)
    if slip := _SLIP.match(text):  # it was not meant as a file, and may hold a password
        raise SourceFailed(slip[0] + _HIDDEN, f"is no address: {slip[1]}:// is expected")
    scheme = _SCHEME.match(text)
    return _file(text, text) if scheme is None else _remote(text, shown, scheme[1].lower())


def _file(path: str, text: str) -> Address:
    if not path:
        raise SourceFailed(text, "names no file")
    return Address("file", path, path)


def _remote(text: str, shown: str, scheme: str) -> Address:
    if scheme not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise SourceFailed(shown, f"{scheme}:// is not known: expected mic:, a file, or one of {known}")
    try:
        parts = urlsplit(text)
        there = bool(parts.hostname) and parts.port != 0
    except ValueError:
        there = False
    if not there or " " in text:
        raise SourceFailed(shown, f"names no host; {scheme}://[USER:PASSWORD@]HOST[:PORT]/PATH is expected")
    return Address(_SCHEMES[scheme], text, shown)


def _masked(text: str) -> str:
    """Hide what may be a secret: user and password, the query, and values within the path, as some cameras have them.

    Whoever forgot to escape a slash in a password loses a piece of the path here, not the password.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        return text
    before, rest = text[: scheme.end()], text[scheme.end() :]
    credentials, at, place = rest.rpartition("@")
    place, mark, _ = place.partition("?")
    place = re.sub(r"=[^/;]*", f"={_HIDDEN}", place.partition("#")[0])
    return before + (_HIDDEN + at if credentials or at else "") + place + (mark + _HIDDEN if mark else "")
