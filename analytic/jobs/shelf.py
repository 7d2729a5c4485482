# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The folder where jobs and reports outlive a restart: a JSON file each, that only this user may read. No sound."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any, Literal

from analytic.folders import FolderTaken, take
from analytic.ids import is_identifier

_LOG = logging.getLogger(__name__)

Drawer = Literal["job", "report"]
_HALF = ".half-"


class Shelf:
    """Keeps JSON objects by kind and id.

    Parameters
    ----------
    folder
        Where they lie; None to keep all of it in memory alone.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._held: dict[tuple[Drawer, str], Mapping[str, Any]] = {}
        self._taken: int | None = None

    def open(self) -> None:
        """Have the folder for this process alone: two would take up each other's jobs.

        Where it cannot be made, nothing is said yet: it may still come, and `write` says so.

        Raises
        ------
        FolderTaken
            Another process has it.
        """
        if self._folder is not None and self._taken is None:
            try:
                self._taken = take(self._folder, "jobs.dir")
            except FolderTaken:
                raise
            except OSError as error:
                where = {"folder": str(self._folder), "error": str(error)}
                _LOG.warning("the folder of jobs cannot be used", extra=where)

    def close(self) -> None:
        """Give the folder back."""
        if self._taken is not None:
            os.close(self._taken)
            self._taken = None

    def write(self, drawer: Drawer, name: str, value: Mapping[str, Any]) -> None:
        """Keep an object, whole or not at all.

        Raises
        ------
        OSError
            It cannot be written.
        """
        if self._folder is None:
            self._held[drawer, name] = value
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=_HALF)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(value, stream)
                stream.flush()
                os.fsync(handle)
            Path(temporary).replace(self._path(drawer, name))
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise

    def read(self, drawer: Drawer, name: str) -> Mapping[str, Any] | None:
        """Return an object, or None; one that cannot be read is left out, with a warning."""
        if self._folder is None:
            return self._held.get((drawer, name))
        try:
            found = json.loads(self._path(drawer, name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            _LOG.warning("what was kept cannot be read", extra={"kind": drawer, "id": name, "error": str(error)})
            return None
        if not isinstance(found, dict):
            _LOG.warning("what was kept is something else", extra={"kind": drawer, "id": name})
            return None
        return found

    def names(self, drawer: Drawer) -> list[str]:
        """List the ids of a kind, in the order in which they were made."""
        if self._folder is None:
            return sorted(name for kind, name in self._held if kind == drawer)
        found = [path.name.removeprefix(f"{drawer}-").removesuffix(".json") for path in self._all(drawer)]
        return sorted(name for name in found if is_identifier(name))

    def remove(self, drawer: Drawer, name: str) -> None:
        """Delete an object, if it is there.

        Raises
        ------
        OSError
            It cannot be deleted.
        """
        if self._folder is None:
            self._held.pop((drawer, name), None)
        else:
            self._path(drawer, name).unlink(missing_ok=True)

    def tidy(self, jobs: Container[str]) -> None:
        """Delete what a sudden end left half written, and reports of no job: nobody would ever delete them."""
        left = [] if self._folder is None else list(self._folder.glob(f"{_HALF}*"))
        with contextlib.suppress(OSError):
            for path in left:
                path.unlink(missing_ok=True)
            for name in self.names("report"):
                if name not in jobs:
                    self.remove("report", name)

    def _all(self, drawer: Drawer) -> list[Path]:
        return [] if self._folder is None else list(self._folder.glob(f"{drawer}-*.json"))

    def _path(self, drawer: Drawer, name: str) -> Path:
        return (self._folder or Path()) / f"{drawer}-{name}.json"  # ids have no slash in them
