# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken tag``: what is in these files."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from analytic.errors import HearkenError
from analytic.settings import Settings

STANDARD_INPUT = "-"


def tag(settings: Settings, files: Iterable[str], method: str, count: int, as_json: bool) -> bool:
    """Analyse files one by one; print a table each, or one JSON object a line.

    Parameters
    ----------
    files
        Paths; ``-`` reads standard input.
    method
        The anonymiser's name.
    count
        How many classes to show.
    as_json
        Whether to print JSON lines.

    Returns
    -------
    bool
        Whether every file was analysed. What is wrong with the others goes to standard error, a line each.

    Raises
    ------
    BadSettings, ModelError, UnknownMethod
        No file can be analysed so.
    """
    from analytic.app import forbid_core_dumps, make_limits, make_pipeline, make_tagger
    from analytic.audio.decode import decode
    from analytic.pipeline import Task

    forbid_core_dumps()
    pipeline = make_pipeline(settings, make_tagger(settings.models))
    pipeline.anonymizer(method)
    limits = make_limits(settings.audio)
    console = Console(highlight=False, emoji=False)
    complete = True
    for file, content in _contents(files, settings.http.max_body_bytes):
        try:
            if isinstance(content, OSError):
                raise content
            decoded = decode(content, limits)
            analysis = pipeline.analyse(decoded.clip, Task(method))
        except (HearkenError, OSError) as error:
            complete = False
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            print(f"{file}: {reason}", file=sys.stderr, flush=True)
            continue
        found = {
            "file": file,
            "duration_s": round(analysis.duration_s, 4),
            "model": {"name": analysis.card.name},
            "anonymizer": {"method": method},
            "predictions": [
                {"label_id": one.label.mid, "label": one.label.name, "probability": round(one.probability, 6)}
                for one in analysis.top(count)
            ],
            "events": list(analysis.alerts),
            "warnings": [*decoded.warnings, *analysis.warnings],
        }
        if as_json:
            print(json.dumps(found, ensure_ascii=False), flush=True)
        else:
            _show(console, found)
    return complete


def _contents(files: Iterable[str], most: int) -> Iterator[tuple[str, bytes | OSError]]:
    for file in files:
        try:
            with sys.stdin.buffer if file == STANDARD_INPUT else Path(file).open("rb") as stream:
                content = stream.read(most + 1)
            if len(content) > most:
                raise OSError(errno.EFBIG, f"more than {most} bytes (http.max_body_bytes)")
            yield file, content
        except OSError as error:
            yield file, error


def _show(console: Console, found: dict[str, Any]) -> None:
    heading = f"{found['file']}  {found['duration_s']:.1f} s  {found['model']['name']}"
    if found["anonymizer"]["method"] != "none":
        heading += f"  {found['anonymizer']['method']}"
    console.print(heading, style="bold", markup=False, soft_wrap=True)
    table = Table(box=None, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    for prediction in found["predictions"]:
        table.add_row(f"{prediction['probability']:.3f}", prediction["label"])
    console.print(table)
    for event in found["events"]:
        span = f"{event['onset_s']:.1f} to {event['offset_s']:.1f} s"
        sentence = f"alert {event['event_class']}: {event['label']} {event['score']:.3f}, {span}"
        console.print(sentence, style="bold red", markup=False)
    for warning in found["warnings"]:
        console.print(f"note: {warning}", style="yellow", markup=False)
    console.print()
