# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``hearken tag``: what is in these files."""

from __future__ import annotations

import contextlib
import errno
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from analytic.audio.bytes_at import Bytes, Held
from analytic.audio.preprocessing.registry import Preprocessing
from analytic.commands.archive import OpenFile
from analytic.errors import AudioTooLong, HearkenError, NotAudio, UnsupportedEncoding
from analytic.jobs.analyst import Analyst
from analytic.jobs.job import Asked
from analytic.pipeline import Task
from analytic.settings import Settings

STANDARD_INPUT = "-"


def tag(settings: Settings, files: Iterable[str], method: str, count: int, as_json: bool, preprocess: str = "") -> bool:
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
    preprocess
        What is done to the sound before it is tagged: a comma list.

    Returns
    -------
    bool
        Whether every file was analysed. What is wrong with the others goes to standard error, a line each.

    Raises
    ------
    BadSettings, ModelError, UnknownMethod
        No file can be analysed so.
    """
    from analytic.app import forbid_core_dumps, make_analyst, make_tagger

    forbid_core_dumps()
    asked = Asked(method, Preprocessing.of(preprocess).names)
    analyst = make_analyst(settings, make_tagger(settings.models))
    console = Console(highlight=False, emoji=False)
    complete = True
    with contextlib.closing(analyst.decoders):
        analyst.check(asked)
        for file in files:
            try:
                found = _tagged(analyst, settings, file, asked, count)
            except (HearkenError, OSError) as error:
                complete = False
                reason = error.strerror if isinstance(error, OSError) and error.strerror else error
                print(f"{file}: {reason}", file=sys.stderr, flush=True)
                continue
            if as_json:
                print(json.dumps(found, ensure_ascii=False), flush=True)
            else:
                _show(console, found)
    return complete


def _tagged(analyst: Analyst, settings: Settings, file: str, asked: Asked, count: int) -> dict[str, Any]:
    """Return what is in a file: heard whole as a clip if it is one that requests may send, else piece by piece."""
    from analytic.app import make_ids, make_limits

    with sys.stdin.buffer if file == STANDARD_INPUT else Path(file).open("rb") as stream:
        content = stream.read(settings.http.max_body_bytes + 1)
        if len(content) <= settings.http.max_body_bytes:
            with contextlib.suppress(NotAudio, AudioTooLong, UnsupportedEncoding):
                decoded = analyst.decoders.decode(content, make_limits(settings.audio))
                preprocessing = Preprocessing.of(asked.preprocess)
                task = Task(asked.method, preprocess=preprocessing if preprocessing.names else None)
                analysis = analyst.pipeline.analyse(decoded.clip, task)
                top = [(one.label.mid, one.label.name, one.probability) for one in analysis.top(count)]
                warnings = [*decoded.warnings, *analysis.warnings]
                return _told(file, analysis.duration_s, analyst, asked, top, analysis.alerts, warnings)
            found: Bytes = Held(content)
        elif file == STANDARD_INPUT:
            raise OSError(errno.EFBIG, f"more than {settings.http.max_body_bytes} bytes (http.max_body_bytes)")
        else:
            found = OpenFile(stream)
        report = analyst.analyse(make_ids()(), file, asked, found, lambda _heard_s, _about: None, count=count)
    classes = [(one.mid, one.label, one.score) for one in report.classes]
    return _told(file, report.duration_s, analyst, asked, classes, report.alarms, report.warnings)


def _told(
    file: str,
    duration_s: float,
    analyst: Analyst,
    asked: Asked,
    classes: Iterable[tuple[str, str, float]],
    events: Iterable[Mapping[str, Any]],
    warnings: Iterable[str],
) -> dict[str, Any]:
    return {
        "file": file,
        "duration_s": round(duration_s, 4),
        "model": {"name": analyst.pipeline.tagger.card.name},
        "anonymizer": {"method": asked.method},
        "predictions": [
            {"label_id": mid, "label": label, "probability": round(probability, 6)}
            for mid, label, probability in classes
        ],
        "events": list(events),
        "warnings": list(warnings),
    }


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
