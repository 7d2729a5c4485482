# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What outlives a restart, a small JSON file a source: cool-downs, open events, what is usual. No sound."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analytic.ids import is_identifier

_LOG = logging.getLogger(__name__)


class Remembered:
    """A folder with a file for each source.

    Parameters
    ----------
    folder
        Made at the first write; None to remember nothing beyond this process.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def read(self, source: str) -> Mapping[str, Any] | None:
        """Return what is remembered of a source, or None; a file that cannot be read is left out, with a warning."""
        if self._folder is None:
            return None
        try:
            found = json.loads(self._path(source).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _LOG.warning("what was remembered of a source is lost", extra={"source": source, "error": str(error)})
            return None
        return found if isinstance(found, dict) else None

    def names(self) -> list[str]:
        """List the sources of which something is remembered."""
        found = [] if self._folder is None else sorted(self._folder.glob("source-*.json"))
        names = [path.name.removeprefix("source-").removesuffix(".json") for path in found]
        return [name for name in names if is_identifier(name)]

    def write(self, source: str, memory: Mapping[str, Any]) -> None:
        """Replace what is remembered, whole or not at all; where that fails, the log says so and live sound goes on."""
        if self._folder is None:
            return
        content, temporary = json.dumps(memory), None
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(content)
            Path(temporary).replace(self._path(source))
        except OSError as error:
            _LOG.warning("a source cannot be remembered", extra={"source": source, "error": str(error)})
            if temporary is not None:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()

    def forget(self, source: str) -> bool:
        """Delete what is remembered; tell whether there was something."""
        if self._folder is None:
            return False
        path = self._path(source)
        there = path.exists()
        path.unlink(missing_ok=True)
        return there

    def _path(self, source: str) -> Path:
        folder = self._folder or Path()
        return folder / f"source-{source}.json"  # a name never begins with a dot, nor is it `..`
