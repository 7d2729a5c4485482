# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken verify``: tell whether messages are from a device, unchanged, and new."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from analytic.delivery.verifying import NotVerified, Verifier, VerifierFile
from analytic.errors import BadRequest, printable


def verify(key: str, lines: Iterable[str], state: Path | None, quiet: bool) -> bool:
    """Check messages, a JSON object a line; print those that hold, say of the others why not; tell whether all held.

    Parameters
    ----------
    key
        The device's public key, or a file that holds it.
    lines
        The messages.
    state
        A file with the last number seen of each device; None to begin with none.
    quiet
        Print nothing of messages that hold.

    Raises
    ------
    BadRequest
        There is no such key, or the state file is none.
    """
    try:
        verifier = Verifier(_key_of(key))
        kept = None if state is None else VerifierFile(state)
        if kept is not None:
            verifier.last_seq = kept.last_seq(verifier.device)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    refused = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            missing = verifier.verify(_read(line))
        except NotVerified as error:
            refused += 1
            print(f"line {number}: refused: {error}", file=sys.stderr, flush=True)
            continue
        if missing:
            print(f"line {number}: {missing} messages before it are missing", file=sys.stderr, flush=True)
        if not quiet:
            print(line.rstrip("\n"), flush=True)
        if kept is not None:
            kept.keep(verifier.device, verifier.last_seq)
    return refused == 0


def lines_of(files: Sequence[Path]) -> Iterator[str]:
    """Return the lines of files, one after the other; of standard input where there are none.

    What is no UTF-8 is kept as it is: such a line is refused, and the next one read.
    """
    if not files:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
        yield from sys.stdin
    for path in files:
        with path.open(encoding="utf-8", errors="surrogateescape") as lines:
            yield from lines


def _key_of(key: str) -> str:
    """Return the content of the file of that name; what is none is a key itself."""
    is_file = False
    with contextlib.suppress(OSError):  # too long for a name
        is_file = Path(key).is_file()
    return Path(key).read_text(encoding="utf-8", errors="replace") if is_file else key


def _read(line: str) -> object:
    try:
        return json.loads(line, object_pairs_hook=_once)
    except NotVerified:
        raise
    except RecursionError as error:
        raise NotVerified("too deep to read") from error
    except ValueError as error:
        raise NotVerified(f"no JSON: {error}") from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a field that is there twice: who reads the other one would believe what was not signed."""
    found = dict[str, object]()
    for name, value in pairs:
        if name in found:
            raise NotVerified(f"the field {printable(name)} is there twice")
        found[name] = value
    return found
