# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analytic.audio.fetch import Fetcher, FetchRules, Target
from analytic.ids import Uuid7
from analytic.jobs.analyst import Analyst
from analytic.jobs.jobs import Jobs
from analytic.pipeline import Pipeline
from tests.analytic.jobs.gated import Gated
from tests.analytic.jobs.serving import Recordings
from tests.analytic.pipeline.runs import NOON, Run, sound, where_loud

MakeJobs = Callable[..., Jobs]


class Clock:
    """Unix time that the tests set; it goes on by a millisecond each time that somebody looks."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        self.now += 1e-3
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pipeline() -> Pipeline:
    """Hears fire where it is loud, and publishes nothing."""
    return Run(where_loud({"Fire": 0.9}, {"Speech": 0.3}, 0.2)).pipeline


@pytest.fixture
def recording(encode: Callable[..., bytes]) -> bytes:
    """20 s as WAV, loud from 5 to 8 s."""
    return encode(sound(20, (5, 8)))


@pytest.fixture
def server(recording: bytes) -> Iterator[Recordings]:
    with Recordings({"night.wav": recording}) as running:
        yield running


@pytest.fixture
def gated() -> Iterator[Gated]:
    """Decodes, but waits in the middle of each recording where it is told to."""
    made = Gated()
    yield made
    made.open_gate()


@pytest.fixture
def make_jobs(pipeline: Pipeline, clock: Clock, gated: Gated, server: Recordings) -> Iterator[MakeJobs]:
    """Jobs that may fetch from `server`; those that the test leaves running are stopped."""
    made: list[Jobs] = []

    def make(folder: Path | None = None, *, fetch: bool = True, start: bool = True, **options: Any) -> Jobs:
        analyst = options.pop("analyst", None) or Analyst(pipeline, gated, now=clock)
        fetcher = Fetcher(FetchRules((Target.of(server.host),))) if fetch else None
        new_id = Uuid7(lambda: int(clock() * 1000), os.urandom)
        jobs = Jobs(analyst, fetcher, new_id, folder, now=clock, **options)
        if start:
            jobs.start()
        made.append(jobs)
        return jobs

    yield make
    gated.open_gate()
    server.release()
    for jobs in made:
        jobs.stop()
