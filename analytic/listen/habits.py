# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What is usual at each source, learnt while listening and kept in a small file a source. No sound is in it.

The file lies beside that of `Remembered`. It is written every few minutes and at the end, whole or not at all.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from analytic.events.unusual import UnusualSettings, Usual, When
from model.stream import Heard

_LOG = logging.getLogger(__name__)
SAVE_EVERY_S = 300.0
_LARGEST_BYTES = 1_000_000
_TAGGER = "tagger"


class _Kept:
    """One source: what is usual there, when that was last written, and who has it."""

    def __init__(self, usual: Usual, saved_s: float) -> None:
        self.usual = usual
        self.saved_s = saved_s
        self.forgotten = False
        self.lock = threading.Lock()


class Habits:
    """Tells unusual sound, as `analytic.pipeline.live.Unusual` says; serves several threads.

    Parameters
    ----------
    folder
        Made at the first write; None to learn nothing beyond this process.
    tagger
        Name and version of the tagger: what was learnt with another one is of no use, and is begun anew.
    settings
        How many alarms a day it aims at.
    local_time
        Unix time -> local time.
    max_sources
        How many sources are held in memory; the one that was silent longest is written and let go.
    save_every_s
        How much sound of a source may be lost where the power fails.
    """

    def __init__(
        self,
        folder: Path | None,
        tagger: str,
        settings: UnusualSettings,
        *,
        local_time: Callable[[float], time.struct_time] = time.localtime,
        max_sources: int = 64,
        save_every_s: float = SAVE_EVERY_S,
    ) -> None:
        self._folder = folder
        self._tagger = tagger
        self._settings = settings
        self._local_time = local_time
        self._max_sources = max_sources
        self._save_every_s = save_every_s
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def hear(self, source: str, unix_s: float, heard: Heard) -> float:
        """Return how unusual a window that ended at `unix_s` is, 0..1, 0.5 being the threshold; learn from it."""
        kept = self._of(source, unix_s)
        with kept.lock:
            score = kept.usual.hear(self._when(unix_s), heard.scores, self._settings)
            # A clock that was set back would else put it off for as long.
            if not 0 <= unix_s - kept.saved_s < self._save_every_s:
                kept.saved_s = unix_s
                self._write(source, kept)
        return score

    def forget(self, source: str) -> bool:
        """Forget all that was learnt of a source; tell whether there was something."""
        with self._lock:
            kept = self._kept.pop(source, None)
            if kept is not None:
                with kept.lock:
                    kept.forgotten = True  # whoever still has it writes it no more
            there = kept is not None
            if self._folder is not None:
                path = self._path(source)
                there |= path.exists()
                path.unlink(missing_ok=True)
            return there

    def save(self) -> None:
        """Write what was learnt of every source."""
        with self._lock:
            for source, kept in self._kept.items():
                with kept.lock:
                    self._write(source, kept)

    def _of(self, source: str, unix_s: float) -> _Kept:
        """Return a source's, the last in line to be let go."""
        with self._lock:
            kept = self._kept.pop(source, None)
            if kept is None:
                kept = _Kept(self._read(source) or Usual(), unix_s)
            self._kept[source] = kept
            if len(self._kept) > self._max_sources:
                oldest = next(iter(self._kept))
                gone = self._kept.pop(oldest)
                with gone.lock:
                    self._write(oldest, gone)
            return kept

    def _when(self, unix_s: float) -> When:
        local = self._local_time(unix_s)
        day = dt.date(local.tm_year, local.tm_mon, local.tm_mday).toordinal()
        return When(day, 3600.0 * local.tm_hour + 60.0 * local.tm_min + local.tm_sec)

    def _read(self, source: str) -> Usual | None:
        if self._folder is None:
            return None
        path = self._path(source)
        try:
            if path.stat().st_size > _LARGEST_BYTES:
                raise ValueError(f"larger than {_LARGEST_BYTES} bytes")
            with path.open("rb") as stream:
                stored = np.load(stream, allow_pickle=False)
                if isinstance(stored, np.ndarray):
                    raise ValueError("one array is no archive")
                arrays = {name: stored[name] for name in stored.files}
            if str(arrays.pop(_TAGGER)) != self._tagger:
                _LOG.info("another tagger learnt what is usual here; begun anew", extra={"source": source})
                return None
            return Usual.of(arrays)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
            _LOG.warning("what is usual at a source is lost", extra={"source": source, "error": str(error)})
            return None

    def _write(self, source: str, kept: _Kept) -> None:
        if self._folder is None or kept.forgotten:
            return
        temporary = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".")
            with os.fdopen(handle, "wb") as stream:
                arrays: dict[str, Any] = {_TAGGER: np.array(self._tagger), **kept.usual.arrays()}
                np.savez_compressed(stream, **arrays)
            Path(temporary).replace(self._path(source))
        except OSError as error:
            _LOG.warning("what is usual at a source cannot be kept", extra={"source": source, "error": str(error)})
            if temporary is not None:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()

    def _path(self, source: str) -> Path:
        folder = self._folder or Path()
        return folder / f"habits-{source}.npz"  # a name never begins with a dot, nor is it `..`
