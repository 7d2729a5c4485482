# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""A recording -> its report: decode, hear, announce, sum up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analytic.audio.bytes_at import Bytes
from analytic.audio.preprocessing.registry import Preprocessing
from analytic.audio.sandbox.decoders import Decoders, Here
from analytic.audio.spectrum import MelColumns, centres_hz
from analytic.audio.streams import About, StreamLimits
from analytic.events.level import BLOCK_S
from analytic.events.types import Event, Message, Requestor, Source
from analytic.ids import derived
from analytic.jobs.job import Asked
from analytic.pipeline import Pipeline, Recorded, Recorder, Task
from analytic.pipeline.telling import instant
from analytic.reports.difficulties import difficulties
from analytic.reports.report import LevelTrack, Loudness, Report, Scored, Sounding, Spectrogram
from model.labels import labels
from model.tagger import top

TOP = 10
_MOST_STEPS = 4_000
_LEAST_STEP_BLOCKS = 2
_QUIET_PERCENTILE = 10

Samples = NDArray[np.float32]
Heard = Callable[[float, About], None]


def _unpublished(_events: Sequence[Event]) -> Sequence[Message]:
    return ()


@dataclass(frozen=True, slots=True)
class Analyst:
    """Turns recordings into reports.

    Attributes
    ----------
    pipeline
        The one path.
    decoders
        Decode.
    limits
        What a recording may be.
    announce
        Publishes what happened, unless that was done already; returns each event's last message.
    settings
        What reports say of how this was set, name and value.
    now
        Unix time in seconds.
    """

    pipeline: Pipeline
    decoders: Decoders = field(default_factory=Here)
    limits: StreamLimits = field(default_factory=StreamLimits)
    announce: Callable[[Sequence[Event]], Sequence[Message]] = _unpublished
    settings: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], float] = time.time

    def check(self, asked: Asked) -> None:
        """Say what is wrong with a question before its recording is read.

        Raises
        ------
        BadRequest
            An unknown anonymiser, or an unknown way of preprocessing.
        """
        self.pipeline.anonymizer(asked.method)
        Preprocessing.of(asked.preprocess)

    def analyse(self, job: str, title: str, asked: Asked, content: Bytes, heard: Heard, *, count: int = TOP) -> Report:
        """Hear a recording to its end, publish its alarms, return its report.

        Parameters
        ----------
        job
            The id of the job: events get ids that hang on it, so that the same job never makes two of one.
        title
            What the recording is called.
        asked
            What is asked.
        content
            Its bytes.
        heard
            Told how many seconds have been heard, and what the recording is, after each piece. What it raises ends it.

        count
            How many of the highest classes the report names.

        Raises
        ------
        BadAudio, BadRequest
            What is wrong with the recording, or with the question.
        """
        preprocessing = Preprocessing.of(asked.preprocess)
        requestor = Requestor(asked.requestor_id, asked.requestor_type, asked.request_id)
        columns, numbers = MelColumns(), _numbered(job)
        recorder = Recorder(
            self.pipeline,
            Task(asked.method, Source(asked.source), requestor),
            lambda: next(numbers),
            preprocessing if preprocessing.names else None,
            columns.push,
        )
        with self.decoders.open(content, self.limits) as stream:
            heard(0.0, stream.about)
            for samples in stream.blocks:
                recorder.push(samples)
                heard(recorder.heard_s, stream.about)
        found = recorder.finish()
        alarms = self.announce(found.events) if found.events else ()
        return self._report(
            job, title, asked, found, stream.about, (*stream.warnings, *found.warnings), alarms, columns, count
        )

    def _report(
        self,
        job: str,
        title: str,
        asked: Asked,
        found: Recorded,
        about: About,
        warnings: Sequence[str],
        alarms: Sequence[Message],
        columns: MelColumns,
        count: int,
    ) -> Report:
        card, every = self.pipeline.tagger.card, labels()
        levels = _track(found)
        floor_dbfs = float(np.percentile(found.rms_dbfs, _QUIET_PERCENTILE)) if found.rms_dbfs.size else None
        return Report(
            id=job,
            title=title,
            created=instant(self.now()),
            duration_s=round(found.duration_s, 3),
            model=card.name,
            model_version=card.version,
            method=asked.method,
            preprocessing=asked.preprocess,
            settings=dict(self.settings),
            container=about.container,
            encoding=about.encoding,
            sample_rate_hz=about.sample_rate_hz,
            channels=about.channels,
            alarms=tuple(alarms),
            heard=tuple(
                Sounding(
                    round(span.onset_s, 3),
                    round(span.offset_s, 3),
                    every[span.label_index].mid,
                    every[span.label_index].name,
                    round(span.score, 4),
                )
                for span in found.spans
            ),
            surges=tuple(
                Loudness(
                    **{name: round(getattr(surge, name), 3) for name in surge.__dataclass_fields__},
                    mid=every[index].mid,
                    label=every[index].name,
                    score=round(score, 4),
                )
                for surge, index, score in found.surges
            ),
            classes=tuple(
                Scored(every[one].mid, every[one].name, round(float(found.scores[one]), 4))
                for one in top(found.scores, count)
            ),
            levels=levels,
            difficulties=difficulties(levels, found.clipped_share, found.simultaneous, floor_dbfs),
            warnings=tuple(warnings),
            spectrogram=Spectrogram(columns.step_s, centres_hz(), columns.power_db()),
        )


def _numbered(job: str) -> Iterator[str]:
    number = 0
    while True:
        yield derived(job, number)
        number += 1


def _track(found: Recorded) -> LevelTrack:
    """Return the levels in at most some thousand steps: powers averaged, the highest of the peaks."""
    blocks = found.rms_dbfs.size
    if not blocks:
        return LevelTrack(BLOCK_S, (), ())
    step = max(_LEAST_STEP_BLOCKS, -(-blocks // _MOST_STEPS))
    begins = np.arange(0, blocks, step)
    counts = np.diff(np.append(begins, blocks))
    power = np.add.reduceat(10 ** (found.rms_dbfs / 10), begins) / counts
    rms = 10 * np.log10(power)
    peak = np.maximum.reduceat(found.peak_dbfs, begins)
    return LevelTrack(step * BLOCK_S, _rounded(rms), _rounded(peak))


def _rounded(levels: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(np.maximum(levels, -120.0).round(1).tolist())
