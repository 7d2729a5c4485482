# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The command line: within this process with a tagger that is made up, and as a process of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from analytic import app
from analytic.cli import main
from model.fake import FakeTagger

ROOT = Path(__file__).parents[3]
PATIENCE_S = 20.0
SCRIPT = """
import sys
if sys.argv.pop(1) == "fake":
    import analytic.app
    from model.fake import FakeTagger
    analytic.app.make_tagger = lambda settings: FakeTagger.always({"Smoke detector, smoke alarm": 0.9, "Speech": 0.25})
from analytic.cli import main
main()
"""


@pytest.fixture
def hearken(alarm_tagger: FakeTagger, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command in this process; the installed tagger is one that always hears a smoke alarm."""
    monkeypatch.setattr(app, "make_tagger", lambda _settings: alarm_tagger)
    return lambda *words, **options: CliRunner().invoke(main, list(words), **options)


Process = subprocess.Popen[str]


@contextmanager
def _process(*words: str, tagger: str) -> Iterator[Process]:
    command = [sys.executable, "-c", SCRIPT, tagger, *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) as process:
        watchdog = threading.Timer(PATIENCE_S, process.kill)  # whoever waits for a line gets an empty one
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            watchdog.join()
            process.kill()


@pytest.fixture
def process() -> Callable[..., Any]:
    """Run a command as a process: a context with its `Popen`; `tagger="fake"` hears a smoke alarm in everything."""
    return lambda *words, tagger="real": _process(*words, tagger=tagger)
