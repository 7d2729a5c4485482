# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken tag ... --out FILE``: whole archives, over all cores, into one table; what was cut off goes on.

Beside the table lies a journal, a line for each file that is done, with how long the table was then. A run that begins
again cuts the table to the journal's last line and leaves out the files that have not changed since.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from analytic.errors import HearkenError
from analytic.jobs.analyst import Analyst
from analytic.jobs.job import Asked
from analytic.settings import Settings, load

ENDINGS = frozenset(
    (
        *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".caf"),
        *(".au", ".w64", ".amr", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".flv", ".3gp"),
    )
)
_AHEAD = 4  # files handed to each worker ahead of time


class NotWritable(OSError):
    """The table cannot be written; the message says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one file gave: its lines of the table, and its object for JSON lines; or why it gave none."""

    file: str
    lines: str
    summary: dict[str, Any]
    error: str | None = None


class OpenFile:
    """A file's bytes, as `analytic.audio.streams.Bytes`."""

    seekable = True

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size: int | None = os.fstat(file.fileno()).st_size

    def read_at(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`."""
        self._file.seek(offset)
        return self._file.read(count)


def recordings(paths: Iterable[str], recursive: bool) -> Iterator[Path]:
    """Yield files, and of folders those that are named like sound or video, in order."""
    for path in map(Path, paths):
        if not path.is_dir():
            yield path
            continue
        inside = path.rglob("*") if recursive else path.iterdir()
        yield from sorted(one for one in inside if one.suffix.lower() in ENDINGS and one.is_file())


def archive(
    settings: Settings, paths: Iterable[str], out: Path, asked: Asked, *, recursive: bool, workers: int
) -> bool:
    """Analyse files of any length into a table (``.csv``) or JSON lines (``.jsonl``).

    Returns
    -------
    bool
        Whether every file was analysed. What is wrong with the others goes to standard error, a line each.

    Raises
    ------
    NotWritable
        The table, or its journal.
    BadSettings, ModelError, BadRequest
        No file can be analysed so.
    """
    _check(settings, asked)
    try:
        with contextlib.ExitStack() as stack:
            table = stack.enter_context(_Table(out))
            files = [one for one in recordings(paths, recursive) if not table.has(one)]
            bar = stack.enter_context(_progress())
            task = bar.add_task("", total=len(files))
            complete = True
            for found in _analysed(settings.models.tagger, files, asked, workers):
                if found.error is not None:
                    complete = False
                    bar.console.print(f"{found.file}: {found.error}", markup=False, soft_wrap=True)
                else:
                    table.add(found)
                bar.advance(task)
    except OSError as error:
        raise NotWritable(f"{out}: {error.strerror or error}") from error
    return complete


def _check(settings: Settings, asked: Asked) -> None:
    """Say what is wrong before any process is started."""
    from analytic.app import make_analyst, make_tagger

    analyst = make_analyst(settings, make_tagger(settings.models))
    with contextlib.closing(analyst.decoders):
        analyst.check(asked)


def _progress() -> Progress:
    """Return a bar on standard error; none where that is no terminal."""
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("analysed"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _analysed(tagger: str | None, files: Iterable[Path], asked: Asked, workers: int) -> Iterator[Found]:
    """Yield what files give, as they are done."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(tagger,)) as pool:
        waiting: set[Future[Found]] = set()
        left = iter(files)
        try:
            while True:
                for path in left:
                    waiting.add(pool.submit(_one, str(path), asked))
                    if len(waiting) >= _AHEAD * workers:
                        break
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for one in done:
                    yield one.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class _Worker:
    """What each process has."""

    analyst: Analyst


def _begin(tagger: str | None) -> None:
    from analytic.app import forbid_core_dumps, make_analyst, make_tagger

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started this one ends it
    forbid_core_dumps()
    settings = load(models={"tagger": tagger})
    _Worker.analyst = make_analyst(settings, make_tagger(settings.models))


def _one(path: str, asked: Asked) -> Found:
    from analytic.app import make_ids
    from analytic.reports import tables
    from analytic.reports.wording import whole

    try:
        with Path(path).open("rb") as file:
            report = _Worker.analyst.analyse(make_ids()(), path, asked, OpenFile(file), lambda _heard_s, _about: None)
    except (HearkenError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Found(path, "", {}, reason)
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerows((whole(path), *row) for row in tables.rows(report))
    summary = {
        "file": path,
        "duration_s": report.duration_s,
        "model": {"name": report.model},
        "anonymizer": {"method": report.method},
        "predictions": [
            {"label_id": one.mid, "label": one.label, "probability": one.score} for one in report.classes[:5]
        ],
        "events": list(report.alarms),
        "warnings": list(report.warnings),
    }
    return Found(path, lines.getvalue(), summary)


class _Table:
    """The table and its journal; a context manager."""

    def __init__(self, out: Path) -> None:
        self._out, self._journal_path = out, out.with_name(out.name + ".journal")
        self._is_json = out.suffix.lower() in (".jsonl", ".ndjson")
        self._done: dict[str, list[int]] = {}
        self._lines: list[str] = []

    def __enter__(self) -> _Table:
        """Open both, and take up where the last run left them."""
        from analytic.reports.tables import COLUMNS

        length = self._read_journal() if self._out.exists() else 0
        if not length:
            self._done.clear()
        self._journal = self._begun_journal(length)
        self._file = self._out.open("r+b" if length else "wb")
        self._file.truncate(length)
        self._file.seek(length)
        if not length and not self._is_json:
            self._file.write((",".join(("file", *COLUMNS)) + "\r\n").encode())
        self._file.flush()
        return self

    def __exit__(self, *_error: object) -> None:
        """Close both."""
        self._file.close()
        self._journal.close()

    def has(self, path: Path) -> bool:
        """Tell whether a file was analysed, and has not changed since."""
        try:
            return self._done.get(str(path)) == _state(path)
        except OSError:
            return False

    def add(self, found: Found) -> None:
        """Write what a file gave; on disk before the journal says so."""
        text = json.dumps(found.summary, ensure_ascii=False) + "\n" if self._is_json else found.lines
        self._file.write(text.encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        line = {"file": found.file, "state": _state(Path(found.file)), "length": self._file.tell()}
        self._journal.write(json.dumps(line) + "\n")
        self._journal.flush()

    def _read_journal(self) -> int:
        """Read what is done; return how long the table was then, 0 to begin anew."""
        length = 0
        with contextlib.suppress(FileNotFoundError), self._journal_path.open(encoding="utf-8") as journal:
            for line in journal:
                try:
                    entry = json.loads(line)
                    self._done[entry["file"]], length = entry["state"], entry["length"]
                    self._lines.append(line)
                except (ValueError, KeyError, TypeError):
                    break  # cut off while it was written
        if not length and self._out.stat().st_size:
            raise FileExistsError(0, "is there already, without a journal beside it; name another file")
        return length if length <= self._out.stat().st_size else 0

    def _begun_journal(self, length: int) -> TextIO:
        """Write the journal's whole lines anew, so that what comes does not hang on to a line that was cut off."""
        fresh = self._journal_path.with_name(self._journal_path.name + ".new")
        fresh.write_text("".join(self._lines) if length else "", encoding="utf-8")
        fresh.replace(self._journal_path)
        return self._journal_path.open("a", encoding="utf-8")


def _state(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def default_workers() -> int:
    """Return as many as this process may use cores."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
