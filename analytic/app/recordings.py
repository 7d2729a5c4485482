# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Jobs of long recordings, with what they need of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analytic.app.parts import (
    make_decoders,
    make_fetcher,
    make_ids,
    make_pipeline,
    make_stream_limits,
)
from analytic.audio.sandbox.decoders import Decoders
from analytic.delivery.history import History
from analytic.events.types import Event, Message, Stamp
from analytic.jobs.analyst import Analyst
from analytic.jobs.jobs import Jobs
from analytic.pipeline import Pipeline
from analytic.settings import Settings
from model.stream import StreamingTagger


def make_analyst(settings: Settings, tagger: StreamingTagger) -> Analyst:
    """Return what turns recordings into reports, on its own: what it announces goes nowhere beyond its reports.

    Raises
    ------
    BadSettings
        It cannot be made so.
    """
    pipeline = make_pipeline(settings, tagger)

    def announce(events: Sequence[Event]) -> Sequence[Message]:
        return _latest(events, pipeline.publish(events))

    decoders = make_decoders(settings.audio)
    return Analyst(pipeline, decoders, make_stream_limits(settings), announce, _told(settings))


def _told(settings: Settings) -> dict[str, str]:
    """Return what reports say of how alarms were judged."""
    alerts = settings.alerts
    usual = alerts.sensitivity or "each class's own"
    return {"sensitivity": usual, "sensitivity up to a minute": alerts.upload_sensitivity}


def _latest(events: Sequence[Event], stamps: Sequence[Stamp]) -> Sequence[Message]:
    """Return each event's last message, by onset."""
    latest = {event.id: event.to_message(stamp) for event, stamp in zip(events, stamps, strict=True)}
    return sorted(latest.values(), key=lambda message: message["onset_s"])


def make_jobs(settings: Settings, pipeline: Pipeline, decoders: Decoders, history: History) -> Jobs:
    """Return what hears recordings in the background.

    Raises
    ------
    BadSettings
        What may be fetched is not of its form.
    """
    jobs = settings.jobs
    analyst = Analyst(
        pipeline,
        decoders,
        make_stream_limits(settings),
        announcer(pipeline, history),
        _told(settings),
        now=pipeline.now,
    )
    return Jobs(
        analyst,
        make_fetcher(settings.fetch),
        make_ids(),
        jobs.dir,
        workers=jobs.workers,
        max_waiting=jobs.max_waiting,
        max_held_bytes=jobs.max_held_bytes,
        kept_days=jobs.kept_days,
        max_kept=jobs.max_kept,
        now=pipeline.now,
    )


def announcer(pipeline: Pipeline, history: History) -> Callable[[Sequence[Event]], Sequence[Message]]:
    """Return what publishes the events of a recording, all at once, unless a run before a restart did so.

    Events of a recording have ids that hang on its job: where any of them is known, all were published.
    """

    def announce(events: Sequence[Event]) -> Sequence[Message]:
        known = [history.event(one) for one in dict.fromkeys(event.id for event in events)]
        if told := [kept.message for kept in known if kept is not None]:
            return told
        return _latest(events, pipeline.publish(events))

    return announce
