# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from analytic.api.errors import status_of
from analytic.app import make_ids, make_pipeline
from analytic.app.parts import make_fetcher, make_stream_limits
from analytic.app.recordings import announcer, make_jobs
from analytic.audio.sandbox.decoders import Here
from analytic.delivery.database import Database
from analytic.delivery.dispatch import Dispatcher
from analytic.delivery.history import History
from analytic.delivery.memory import Memory
from analytic.delivery.outbox import Outbox
from analytic.delivery.signing import Signer
from analytic.errors import BadSettings, InvalidParameter, TooManyJobs
from analytic.events.types import Event
from analytic.ids import derived
from analytic.jobs.job import Asked
from analytic.pipeline import Pipeline, Recorder, Task
from analytic.settings import load
from analytic.settings.jobs import FetchSettings
from model.fake import FakeTagger
from tests.analytic.pipeline.runs import NOON, sound, where_loud

WAIT_S = 30.0
ALERTS = {
    "enabled": ["fire", "scream"],
    "thresholds": {"fire": 0.3, "scream": 0.3},
    "rules": {"fire": {"confirm": 1, "among": 1, "cool_down_s": 0.0}, "scream": {"confirm": 1, "among": 1}},
}


@pytest.fixture
def bus() -> Memory:
    return Memory()


@pytest.fixture
def signer() -> Signer:
    return Signer.ephemeral()


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database(None)
    yield made
    made.close()


@pytest.fixture
def history(database: Database, signer: Signer) -> History:
    return History(database, signer.sign_anew, lambda: NOON)


@pytest.fixture
def dispatcher(database: Database, signer: Signer, bus: Memory) -> Dispatcher:
    outbox = Outbox(database, (), signer.sign_anew, now=lambda: NOON)
    return Dispatcher(outbox, make_ids(), signer, sinks=[bus])


@pytest.fixture
def pipeline(dispatcher: Dispatcher) -> Pipeline:
    """Hears fire where it is loud, and a scream where it is loud for long; the real outbox behind it."""
    tagger = FakeTagger(where_loud({"Fire": 0.87654, "Screaming": 0.6}))
    return make_pipeline(load(alerts=ALERTS), tagger, dispatcher=dispatcher)


def heard(pipeline: Pipeline, job: str, *loud: tuple[float, float]) -> tuple[Event, ...]:
    """The events of a recording, with the ids of a job."""
    numbers = iter(range(100))
    recorder = Recorder(pipeline, Task(), lambda: derived(job, next(numbers)))
    recorder.push(sound(40, *loud))
    return recorder.finish().events


class TestAnnouncer:
    def test_what_happened_is_published_and_the_last_message_of_each_event_returned(
        self, pipeline: Pipeline, history: History, bus: Memory
    ) -> None:
        events = heard(pipeline, make_ids()(), (5, 9), (20, 24))
        alarms = announcer(pipeline, history)(events)
        assert len(bus.messages()) == len(events)
        assert [alarm["phase"] for alarm in alarms] == ["end"] * len(alarms)
        assert {alarm["id"] for alarm in alarms} == {event.id for event in events}
        assert [alarm["onset_s"] for alarm in alarms] == sorted(alarm["onset_s"] for alarm in alarms)
        ends = {message["message_id"] for message in bus.messages() if message["phase"] == "end"}
        assert {alarm["message_id"] for alarm in alarms} == ends

    def test_the_same_job_heard_twice_is_announced_once(
        self, pipeline: Pipeline, history: History, bus: Memory
    ) -> None:
        job, announce = make_ids()(), announcer(pipeline, history)
        first = announce(heard(pipeline, job, (5, 9), (20, 24)))
        told = bus.messages()
        again = announce(heard(pipeline, job, (5, 9), (20, 24)))
        assert bus.messages() == told
        assert [(alarm["id"], alarm["phase"], alarm["message_id"]) for alarm in again] == [
            (alarm["id"], alarm["phase"], alarm["message_id"]) for alarm in first
        ]

    def test_another_job_is_announced_too(self, pipeline: Pipeline, history: History, bus: Memory) -> None:
        announce, new_id = announcer(pipeline, history), make_ids()
        for _ in range(2):
            announce(heard(pipeline, new_id(), (5, 9)))
        assert len({message["id"] for message in bus.messages()}) * 2 == len(bus.messages())

    def test_a_deletion_meanwhile_does_not_have_the_rest_told_again(
        self, pipeline: Pipeline, history: History, bus: Memory, dispatcher: Dispatcher
    ) -> None:
        job, announce = make_ids()(), announcer(pipeline, history)
        first, *rest = announce(heard(pipeline, job, (5, 9), (20, 24)))
        dispatcher.retract(first["id"])
        told = len(bus.messages())
        again = announce(heard(pipeline, job, (5, 9), (20, 24)))
        assert len(bus.messages()) == told
        assert [alarm["id"] for alarm in again] == [alarm["id"] for alarm in rest]

    def test_what_somebody_acknowledged_meanwhile_is_not_told_again(
        self, pipeline: Pipeline, history: History, bus: Memory
    ) -> None:
        job, announce = make_ids()(), announcer(pipeline, history)
        (alarm, *_) = announce(heard(pipeline, job, (5, 9)))
        history.acknowledge(alarm["id"], "2026-01-01T12:00:00Z")
        told = len(bus.messages())
        announce(heard(pipeline, job, (5, 9)))
        assert len(bus.messages()) == told


class TestJobs:
    def test_they_are_as_the_settings_say(
        self, pipeline: Pipeline, history: History, encode: Callable[..., bytes], tmp_path: Path
    ) -> None:
        settings = load(
            jobs={"dir": tmp_path / "jobs", "max_held_bytes": 2_000_000, "max_kept": 1, "max_duration_s": 50},
            alerts={"sensitivity": "low", "upload_sensitivity": "high"},
        )
        jobs = make_jobs(settings, pipeline, Here(), history)
        jobs.start()
        try:
            with pytest.raises(InvalidParameter, match="at most 2000000 bytes"):
                jobs.upload("too large", bytes(2_000_001), Asked())
            made = [
                jobs.wait(jobs.upload(str(seconds), encode(sound(seconds, (5, 9))), Asked()).id, WAIT_S)
                for seconds in (51, 40)
            ]
            assert [job.state for job in made] == ["failed", "done"]
            assert [job.title for job in jobs.all()] == ["40"]
            assert jobs.report(made[1].id).settings == {
                "sensitivity": "low",
                "sensitivity up to a minute": "high",
            }
            assert jobs.report(made[1].id).alarms
        finally:
            jobs.stop()
        assert len(list((tmp_path / "jobs").iterdir())) == 2

    def test_alarms_are_known_to_whoever_asks_for_events(
        self, pipeline: Pipeline, history: History, encode: Callable[..., bytes]
    ) -> None:
        jobs = make_jobs(load(), pipeline, Here(), history)
        jobs.start()
        try:
            job = jobs.wait(jobs.upload("it", encode(sound(40, (5, 9))), Asked(source="cellar")).id, WAIT_S)
            for alarm in jobs.report(job.id).alarms:
                kept = history.event(alarm["id"])
                assert kept is not None
                assert kept.message["source"]["id"] == "cellar"
                assert alarm["id"] in {derived(job.id, number) for number in range(5)}
        finally:
            jobs.stop()


class TestParts:
    def test_fetching_is_off_by_default(self) -> None:
        assert make_fetcher(FetchSettings()) is None

    def test_what_may_be_fetched_is_that_of_the_settings(self) -> None:
        fetcher = make_fetcher(
            FetchSettings(enabled=True, allowed=("nas:80", "10.0.0.0/8:8080"), max_bytes=2048, read_s=3, total_s=9)
        )
        assert fetcher is not None
        rules = fetcher.rules
        assert (rules.max_bytes, rules.read_s, rules.total_s) == (2048, 3, 9)
        assert [target.port for target in rules.allowed] == [80, 8080]

    @pytest.mark.parametrize("enabled", [True, False])
    @pytest.mark.parametrize("wrong", ["nas", "nas:0", "10.0.0.0/33:80", "http://nas:80", ""])
    def test_what_is_no_target_is_refused_by_the_name_of_the_setting(self, wrong: str, enabled: bool) -> None:
        with pytest.raises(BadSettings, match=r"fetch\.allowed: expected HOST:PORT or NETWORK:PORT"):
            make_fetcher(FetchSettings(enabled=enabled, allowed=(wrong,)))

    def test_the_limits_of_recordings_are_those_of_the_settings(self) -> None:
        limits = make_stream_limits(load(jobs={"max_duration_s": 7200}, audio={"max_channels": 2}))
        assert (limits.max_duration_s, limits.max_channels) == (7200, 2)


def test_too_many_jobs_are_answered_503() -> None:
    assert status_of(TooManyJobs) == 503


def test_the_sound_of_these_tests_is_loud_where_it_says() -> None:
    assert float(np.abs(sound(40, (5, 9))[5 * 16_000 : 9 * 16_000]).min()) == 0.5
