# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analytic.errors import AddressRefused, InvalidParameter, TooManyJobs, UnknownJob, UnknownMethod
from analytic.events.types import Event, Message
from analytic.folders import FolderTaken
from analytic.jobs.analyst import Analyst
from analytic.jobs.job import Asked, Job
from analytic.jobs.jobs import Jobs
from analytic.jobs.shelf import Shelf
from analytic.pipeline import Pipeline
from analytic.reports.report import Report
from tests.analytic.jobs.conftest import Clock, MakeJobs
from tests.analytic.jobs.gated import Gated
from tests.analytic.jobs.serving import Recordings

ASKED = Asked()
DAY_S = 86_400.0
WAIT_S = 30.0
SECRET = "s3cr3t-0f-the-camera"
LOST = "the service was started anew, and sound is never kept: send the recording again"


def ended(jobs: Jobs, job: Job) -> Job:
    """Wait for a job's end."""
    found = jobs.wait(job.id, WAIT_S)
    assert found.has_ended, found
    return found


def states(jobs: Jobs) -> list[str]:
    """The states of all jobs, the newest first."""
    return [job.state for job in jobs.all()]


class TestStates:
    def test_a_recording_waits_runs_and_is_done(self, make_jobs: MakeJobs, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        jobs = make_jobs()
        first, second = (jobs.upload(name, recording, ASKED) for name in ("first", "second"))
        assert (first.state, second.state) == ("waiting", "waiting")
        gated.wait_for_one()
        assert states(jobs) == ["waiting", "running"], "one after the other, in order"
        gated.open_gate()
        assert [ended(jobs, job).state for job in (first, second)] == ["done", "done"]
        assert [job.title for job in jobs.all()] == ["second", "first"], "the newest first"

    def test_while_it_runs_it_tells_how_far_it_has_come(
        self, make_jobs: MakeJobs, gated: Gated, recording: bytes
    ) -> None:
        gated.shut_gate()
        jobs = make_jobs()
        job = jobs.upload("it", recording, ASKED)
        gated.wait_for_one()
        progress = jobs.get(job.id).progress
        assert 0 < progress.heard_s < 20
        assert (progress.duration_s, progress.of_bytes) == (20.0, len(recording))
        assert jobs.get(job.id).told()["progress"] == pytest.approx(progress.heard_s / 20)
        gated.open_gate()
        assert ended(jobs, job).progress.share == 1.0

    def test_once_done_it_says_how_many_alarms_there_were_and_when_it_ended(
        self, make_jobs: MakeJobs, recording: bytes, pipeline: Pipeline, gated: Gated, clock: Clock
    ) -> None:
        def announce(events: Sequence[Event]) -> list[Message]:
            return [{"id": event_id, "onset_s": 5.0} for event_id in {event.id for event in events}]

        jobs = make_jobs(analyst=Analyst(pipeline, gated, announce=announce, now=clock))
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        assert (job.state, job.alarms, job.message) == ("done", 1, None)
        assert job.created < str(job.ended)
        assert len(jobs.report(job.id).alarms) == 1

    def test_several_workers_run_several_at_once(self, make_jobs: MakeJobs, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        jobs = make_jobs(workers=3)
        made = [jobs.upload("it", recording, ASKED) for _ in range(4)]
        for _ in range(3):
            gated.wait_for_one()
        assert sorted(states(jobs)) == ["running", "running", "running", "waiting"]
        gated.open_gate()
        assert {ended(jobs, job).state for job in made} == {"done"}

    def test_a_recording_at_an_address_is_fetched_and_done(self, make_jobs: MakeJobs, server: Recordings) -> None:
        jobs = make_jobs()
        job = ended(jobs, jobs.by_address(server.address("night.wav"), ASKED))
        assert (job.state, job.kind, job.title) == ("done", "address", server.address("night.wav"))
        assert jobs.report(job.id).duration_s == 20.0
        assert job.progress.bytes == job.progress.of_bytes == len(server.contents["night.wav"])

    def test_without_an_end_of_the_service_nothing_is_left_of_the_sound(
        self, make_jobs: MakeJobs, recording: bytes
    ) -> None:
        jobs = make_jobs()
        ended(jobs, jobs.upload("it", recording, ASKED))
        assert jobs._contents == {}


class TestWaiting:
    def test_whoever_waits_is_told_at_its_end(self, make_jobs: MakeJobs, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        jobs, found = make_jobs(), list[Job]()
        job = jobs.upload("it", recording, ASKED)
        gated.wait_for_one()
        waiting = threading.Thread(target=lambda: found.append(jobs.wait(job.id, WAIT_S)))
        waiting.start()
        gated.open_gate()
        waiting.join(WAIT_S)
        assert [one.state for one in found] == ["done"]

    def test_or_after_so_many_seconds_as_it_is(self, make_jobs: MakeJobs, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        jobs = make_jobs()
        job = jobs.upload("it", recording, ASKED)
        gated.wait_for_one()
        assert jobs.wait(job.id, 0.01).state == "running"
        assert jobs.wait(job.id, 0).state == "running"

    def test_or_when_the_service_stops(self, make_jobs: MakeJobs, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        jobs, found = make_jobs(), list[Job]()
        job = jobs.upload("it", recording, ASKED)
        gated.wait_for_one()
        waiting = threading.Thread(target=lambda: found.append(jobs.wait(job.id, WAIT_S)))
        waiting.start()
        stopping = threading.Thread(target=jobs.stop)
        stopping.start()
        waiting.join(WAIT_S)
        assert [one.state for one in found] == ["running"]
        gated.open_gate()
        stopping.join(WAIT_S)
        assert not stopping.is_alive()

    @pytest.mark.parametrize("act", ["get", "wait", "report", "cancel"])
    @pytest.mark.parametrize("name", ["", "nobody", "../job", "019b7a5c-f07b-7abc-9def-0123456789ab"])
    def test_a_job_that_is_not_there_is_unknown(self, make_jobs: MakeJobs, act: str, name: str) -> None:
        jobs = make_jobs()
        with pytest.raises(UnknownJob, match="Unknown"):
            getattr(jobs, act)(name, *([0.0] if act == "wait" else []))


class TestTooMany:
    def test_only_so_many_wait(self, make_jobs: MakeJobs, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        jobs = make_jobs(max_waiting=2)
        jobs.upload("runs", recording, ASKED)
        gated.wait_for_one()
        for _ in range(2):
            jobs.upload("waits", recording, ASKED)
        with pytest.raises(TooManyJobs, match="Busy: 2 recordings wait already; try again when one has ended"):
            jobs.upload("too much", recording, ASKED)
        assert len(jobs.all()) == 3, "nothing is left of what was refused"

    def test_only_so_many_bytes_are_held(self, make_jobs: MakeJobs, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        jobs = make_jobs(max_held_bytes=2 * len(recording) + 1)
        _, last = (jobs.upload("held", recording, ASKED) for _ in range(2))
        with pytest.raises(TooManyJobs, match=f"{2 * len(recording)} bytes of recordings wait already"):
            jobs.upload("too much", recording, ASKED)
        gated.open_gate()
        ended(jobs, last)
        assert ended(jobs, jobs.upload("now there is room", recording, ASKED)).state == "done"

    def test_what_can_never_be_held_is_refused_for_good(self, make_jobs: MakeJobs, recording: bytes) -> None:
        with pytest.raises(InvalidParameter, match=f"at most {len(recording) - 1} bytes, found"):
            make_jobs(max_held_bytes=len(recording) - 1).upload("too much", recording, ASKED)

    def test_what_is_fetched_is_not_held(self, make_jobs: MakeJobs, server: Recordings) -> None:
        jobs = make_jobs(max_held_bytes=1)
        assert ended(jobs, jobs.by_address(server.address("night.wav"), ASKED)).state == "done"


class TestCancel:
    def test_one_that_waits_never_runs(self, make_jobs: MakeJobs, gated: Gated, recording: bytes) -> None:
        gated.shut_gate()
        jobs = make_jobs()
        first, second, third = (jobs.upload(name, recording, ASKED) for name in ("1", "2", "3"))
        gated.wait_for_one()
        cancelled = jobs.cancel(second.id)
        assert cancelled is not None
        assert (cancelled.state, cancelled.message) == ("cancelled", None)
        gated.open_gate()
        assert [ended(jobs, job).state for job in (first, second, third)] == ["done", "cancelled", "done"]
        with pytest.raises(UnknownJob):
            jobs.report(second.id)

    def test_one_that_runs_stops_at_the_next_piece(
        self, make_jobs: MakeJobs, gated: Gated, recording: bytes, pipeline: Pipeline
    ) -> None:
        told: list[Sequence[Event]] = []

        def announce(events: Sequence[Event]) -> list[Message]:
            told.append(events)
            return []

        gated.shut_gate()
        jobs = make_jobs(analyst=Analyst(pipeline, gated, announce=announce))
        job = jobs.upload("it", recording, ASKED)
        gated.wait_for_one()
        cancelling = threading.Thread(target=jobs.cancel, args=(job.id,))
        cancelling.start()
        assert jobs._cancelled[job.id].wait(WAIT_S)
        gated.open_gate()
        cancelling.join(WAIT_S)
        assert jobs.get(job.id).state == "cancelled"
        assert told == [], "what was heard until then is told to nobody"
        assert ended(jobs, jobs.upload("next", recording, ASKED)).state == "done"

    def test_one_that_has_ended_is_forgotten_with_its_report(
        self, make_jobs: MakeJobs, recording: bytes, tmp_path: Path
    ) -> None:
        jobs = make_jobs(tmp_path)
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        assert len(list(tmp_path.iterdir())) == 2
        assert jobs.cancel(job.id) is None
        assert list(tmp_path.iterdir()) == []
        for act in (jobs.get, jobs.report, jobs.cancel):
            with pytest.raises(UnknownJob):
                act(job.id)

    def test_whoever_cancels_as_it_ends_gets_one_or_the_other(
        self, make_jobs: MakeJobs, gated: Gated, recording: bytes
    ) -> None:
        jobs = make_jobs()
        for _ in range(20):
            gated.shut_gate()
            job = jobs.upload("it", recording, ASKED)
            gated.wait_for_one()
            racing = threading.Thread(target=gated.open_gate)
            racing.start()
            found = jobs.cancel(job.id)
            racing.join()
            assert found is None or found.state in ("cancelled", "done")

    def test_one_that_ends_between_the_look_and_the_lock_is_forgotten(
        self, make_jobs: MakeJobs, recording: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jobs = make_jobs()
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        held = []
        get = Jobs.get

        def look(self: Jobs, name: str) -> Job:
            held.append(self._changed._is_owned())  # type: ignore[attr-defined]
            return get(self, name)

        monkeypatch.setattr(Jobs, "get", look)
        assert jobs.cancel(job.id) is None
        assert held == [True]


class TestFailure:
    @pytest.mark.parametrize("content", [b"", b"no sound at all" * 100, b"RIFF\0\0\0\0WAVE"])
    def test_a_recording_that_cannot_be_heard_says_why(
        self, make_jobs: MakeJobs, recording: bytes, content: bytes
    ) -> None:
        jobs = make_jobs()
        job = ended(jobs, jobs.upload("it", content, ASKED))
        assert job.state == "failed"
        assert job.message
        assert "internal error" not in job.message
        assert ended(jobs, jobs.upload("next", recording, ASKED)).state == "done"

    def test_an_address_that_cannot_be_fetched_says_why(self, make_jobs: MakeJobs, server: Recordings) -> None:
        jobs = make_jobs()
        job = ended(jobs, jobs.by_address(server.address("nothing.wav"), ASKED))
        assert (job.state, job.message) == ("failed", f"{server.address('nothing.wav')}: the server answers 404")

    def test_an_address_within_this_house_that_is_not_allowed_is_refused_when_its_turn_comes(
        self, make_jobs: MakeJobs
    ) -> None:
        jobs = make_jobs()
        job = ended(jobs, jobs.by_address("http://127.0.0.1:1/x.wav", ASKED))
        assert job.state == "failed"
        assert str(job.message).startswith("Address refused: ")

    def test_a_fault_of_ours_is_logged_whole_told_in_a_sentence_and_ends_no_other_job(
        self, make_jobs: MakeJobs, pipeline: Pipeline, gated: Gated, recording: bytes, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken = [True]

        def announce(_events: Sequence[Event]) -> list[Message]:
            if broken.pop():
                raise RuntimeError("a fault that nobody foresaw")
            return []

        jobs = make_jobs(analyst=Analyst(pipeline, gated, announce=announce))
        broken.insert(0, False)
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        assert (job.state, job.message) == ("failed", "internal error; the service's log says more")
        assert "a fault that nobody foresaw" in caplog.text
        assert ended(jobs, jobs.upload("next", recording, ASKED)).state == "done"

    @pytest.mark.parametrize(
        ("address", "asked", "kind"),
        [
            ("ftp://h/x", ASKED, AddressRefused),
            ("http://u:p@h/x", ASKED, AddressRefused),
            ("http://h/x", Asked("hide"), UnknownMethod),
            ("http://h/x", Asked(preprocess=("louder",)), InvalidParameter),
        ],
    )
    def test_what_is_wrong_with_the_question_is_said_at_once(
        self, make_jobs: MakeJobs, address: str, asked: Asked, kind: type[Exception]
    ) -> None:
        jobs = make_jobs()
        with pytest.raises(kind):
            jobs.by_address(address, asked)
        if asked is not ASKED:
            with pytest.raises(kind):
                jobs.upload("it", b"x", asked)
        assert jobs.all() == []

    def test_where_fetching_is_off_an_address_is_refused_with_the_setting(self, make_jobs: MakeJobs) -> None:
        with pytest.raises(AddressRefused, match=r"switched off here; the operator can switch it on: fetch\.enabled"):
            make_jobs(fetch=False).by_address("http://h/x", ASKED)


class TestRestart:
    def test_what_had_ended_is_there_with_its_report_but_without_its_spectrogram(
        self, make_jobs: MakeJobs, recording: bytes, tmp_path: Path
    ) -> None:
        jobs = make_jobs(tmp_path)
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        report = jobs.report(job.id)
        assert report.spectrogram is not None
        jobs.stop()
        again = make_jobs(tmp_path)
        assert [one.told() | {"progress": 0} for one in again.all()] == [
            replace(job, progress=again.get(job.id).progress).told() | {"progress": 0}
        ]
        assert again.report(job.id).to_json() == report.to_json()
        assert again.report(job.id).spectrogram is None

    def test_an_address_is_taken_up_again_and_an_upload_is_lost(
        self, make_jobs: MakeJobs, gated: Gated, server: Recordings, recording: bytes, tmp_path: Path
    ) -> None:
        gated.shut_gate()
        jobs = make_jobs(tmp_path)
        runs = jobs.by_address(server.address("night.wav"), ASKED)
        gated.wait_for_one()
        waits, held = jobs.by_address(server.address("night.wav"), ASKED), jobs.upload("it", recording, ASKED)
        stopping = threading.Thread(target=jobs.stop)
        stopping.start()
        gated.open_gate()
        stopping.join(WAIT_S)
        again = make_jobs(tmp_path)
        assert [ended(again, job).state for job in (runs, waits, held)] == ["done", "done", "lost"]
        assert again.get(held.id).message == LOST
        assert again.report(runs.id).duration_s == 20.0

    def test_so_it_is_after_a_sudden_end(
        self, make_jobs: MakeJobs, server: Recordings, recording: bytes, tmp_path: Path
    ) -> None:
        dead = make_jobs(tmp_path, start=False)
        fetched, held = dead.by_address(server.address("night.wav"), ASKED), dead.upload("it", recording, ASKED)
        again = make_jobs(tmp_path)
        assert [ended(again, job).state for job in (fetched, held)] == ["done", "lost"]

    def test_they_are_taken_up_in_their_order(self, make_jobs: MakeJobs, server: Recordings, tmp_path: Path) -> None:
        dead = make_jobs(tmp_path, start=False)
        made = [dead.by_address(server.address(f"night.wav?{number}"), ASKED) for number in range(5)]
        again = make_jobs(tmp_path)
        for job in made:
            ended(again, job)
        assert list(dict.fromkeys(server.asked)) == [f"/night.wav?{number}" for number in range(5)]

    def test_where_fetching_was_switched_off_meanwhile_they_are_lost(
        self, make_jobs: MakeJobs, server: Recordings, tmp_path: Path
    ) -> None:
        job = make_jobs(tmp_path, start=False).by_address(server.address("night.wav"), ASKED)
        assert make_jobs(tmp_path, fetch=False).get(job.id).state == "lost"
        assert server.asked == []

    def test_a_second_one_changes_nothing_more(self, make_jobs: MakeJobs, recording: bytes, tmp_path: Path) -> None:
        job = make_jobs(tmp_path, start=False).upload("it", recording, ASKED)
        found = []
        for _ in range(2):
            jobs = make_jobs(tmp_path)
            found.append(jobs.get(job.id))
            jobs.stop()
        assert found[0] == found[1]

    def test_one_beside_it_is_refused_and_harms_nothing(
        self, make_jobs: MakeJobs, recording: bytes, tmp_path: Path
    ) -> None:
        jobs = make_jobs(tmp_path)
        with pytest.raises(FolderTaken, match=r"another Hearken has this folder; give each its own jobs\.dir"):
            make_jobs(tmp_path)
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        assert job.state == "done"

    def test_without_a_folder_nothing_outlives_it(self, make_jobs: MakeJobs, recording: bytes) -> None:
        jobs = make_jobs()
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        assert jobs.report(job.id).duration_s == 20.0
        assert make_jobs().all() == []

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"[]", b'{"version": 1}', b'{"id": "other", "asked": {"preprocess": []}}', b"\xff"]
    )
    def test_a_damaged_file_is_left_out_with_a_warning_and_harms_no_other(
        self,
        make_jobs: MakeJobs,
        recording: bytes,
        tmp_path: Path,
        content: bytes,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        jobs = make_jobs(tmp_path)
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        jobs.stop()
        (tmp_path / "job-019b7a5c-f07b-7abc-9def-0123456789ab.json").write_bytes(content)
        again = make_jobs(tmp_path)
        assert [one.id for one in again.all()] == [job.id]
        assert [record.levelname for record in caplog.records] == ["WARNING"]

    def test_a_job_under_another_ones_name_is_damaged(
        self, make_jobs: MakeJobs, recording: bytes, tmp_path: Path
    ) -> None:
        jobs = make_jobs(tmp_path)
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        jobs.stop()
        (tmp_path / f"job-{job.id}.json").rename(tmp_path / "job-019b7a5c-f07b-7abc-9def-0123456789ab.json")
        assert make_jobs(tmp_path).all() == []

    @pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"levels": 3}'])
    def test_a_damaged_report_is_unknown(
        self,
        make_jobs: MakeJobs,
        recording: bytes,
        tmp_path: Path,
        content: bytes,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        jobs = make_jobs(tmp_path)
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        (tmp_path / f"report-{job.id}.json").write_bytes(content)
        with pytest.raises(UnknownJob, match="Unknown report"):
            jobs.report(job.id)
        assert [record.levelname for record in caplog.records] == ["WARNING"]

    def test_a_report_whose_job_is_gone_goes_too(self, make_jobs: MakeJobs, recording: bytes, tmp_path: Path) -> None:
        jobs = make_jobs(tmp_path)
        job = ended(jobs, jobs.upload("it", recording, ASKED))
        jobs.stop()
        (tmp_path / f"job-{job.id}.json").unlink()
        make_jobs(tmp_path)
        assert list(tmp_path.iterdir()) == []


class TestRetention:
    def test_the_oldest_of_what_is_too_much_goes(self, make_jobs: MakeJobs, recording: bytes, tmp_path: Path) -> None:
        jobs = make_jobs(tmp_path, max_kept=2)
        made = [ended(jobs, jobs.upload(str(number), recording, ASKED)) for number in range(4)]
        assert [job.title for job in jobs.all()] == ["3", "2"]
        with pytest.raises(UnknownJob):
            jobs.report(made[1].id)
        assert len(list(tmp_path.iterdir())) == 4

    def test_what_is_too_old_goes_at_the_next_end(
        self, make_jobs: MakeJobs, recording: bytes, clock: Clock, tmp_path: Path
    ) -> None:
        jobs = make_jobs(tmp_path, kept_days=1.0)
        old = ended(jobs, jobs.upload("old", recording, ASKED))
        clock.now += DAY_S - 60
        ended(jobs, jobs.upload("young", recording, ASKED))
        assert [job.title for job in jobs.all()] == ["young", "old"]
        clock.now += 120
        ended(jobs, jobs.upload("new", recording, ASKED))
        assert [job.title for job in jobs.all()] == ["new", "young"]
        assert not list(tmp_path.glob(f"*{old.id}*"))

    def test_or_at_the_next_start(self, make_jobs: MakeJobs, recording: bytes, clock: Clock, tmp_path: Path) -> None:
        jobs = make_jobs(tmp_path, kept_days=1.0)
        ended(jobs, jobs.upload("old", recording, ASKED))
        jobs.stop()
        clock.now += DAY_S + 60
        assert make_jobs(tmp_path, kept_days=1.0).all() == []
        assert list(tmp_path.iterdir()) == []

    def test_what_has_not_ended_stays_however_old(
        self, make_jobs: MakeJobs, server: Recordings, clock: Clock, tmp_path: Path
    ) -> None:
        job = make_jobs(tmp_path, start=False).by_address(server.address("night.wav"), ASKED)
        clock.now += 100 * DAY_S
        again = make_jobs(tmp_path, kept_days=1.0, max_kept=1)
        assert ended(again, job).state == "done"

    def test_only_some_spectrograms_stay_in_memory(
        self, make_jobs: MakeJobs, encode: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("analytic.jobs.jobs._PICTURES", 2)
        jobs = make_jobs()
        made = [ended(jobs, jobs.upload("it", encode([0.1] * 4000), ASKED)) for _ in range(3)]
        assert [jobs.report(job.id).spectrogram is None for job in made] == [True, False, False]


class TestSecrets:
    def test_the_address_is_told_to_nobody(
        self, make_jobs: MakeJobs, gated: Gated, server: Recordings, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        gated.shut_gate()
        jobs = make_jobs()
        made = [
            jobs.by_address(f"{server.address(path)}?token={SECRET}", ASKED) for path in ("night.wav", "nothing.wav")
        ]
        made.append(jobs.by_address(f"http://127.0.0.1:1/x?token={SECRET}", ASKED))
        gated.wait_for_one()
        seen = [json.dumps([job.told() for job in jobs.all()]), repr(jobs.all())]
        gated.open_gate()
        assert [ended(jobs, job).state for job in made] == ["done", "failed", "failed"]
        seen += [json.dumps([job.told() for job in jobs.all()]), repr(jobs.all()), caplog.text]
        seen.append(json.dumps(jobs.report(made[0].id).to_json()))
        assert not [text for text in seen if SECRET in text]
        assert any(SECRET in path for path in server.asked), "it was asked for with its secret"

    def test_not_even_where_there_is_a_fault_of_ours(
        self,
        make_jobs: MakeJobs,
        server: Recordings,
        pipeline: Pipeline,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        class Broken(Gated):
            def open(self, *_args: Any) -> Any:
                raise RuntimeError("broken")

        jobs = make_jobs(analyst=Analyst(pipeline, Broken()))
        ended(jobs, jobs.by_address(f"{server.address('night.wav')}?token={SECRET}", ASKED))
        assert "broken" in caplog.text
        assert SECRET not in caplog.text

    def test_it_is_kept_only_until_the_end(
        self, make_jobs: MakeJobs, gated: Gated, server: Recordings, tmp_path: Path
    ) -> None:
        gated.shut_gate()
        jobs = make_jobs(tmp_path)
        job = jobs.by_address(f"{server.address('night.wav')}?token={SECRET}", ASKED)
        gated.wait_for_one()
        kept = tmp_path / f"job-{job.id}.json"
        assert SECRET in kept.read_text(), "a restart needs it"
        gated.open_gate()
        ended(jobs, job)
        assert not [path for path in tmp_path.iterdir() if SECRET in path.read_text()]


class TestDisk:
    def test_where_nothing_can_be_written_a_job_is_not_taken(
        self, make_jobs: MakeJobs, recording: bytes, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        jobs = make_jobs(tmp_path / "file")
        with pytest.raises(OSError, match="file"):
            jobs.upload("it", recording, ASKED)
        assert jobs.all() == []
        assert jobs._contents == {}

    def test_a_report_that_cannot_be_kept_fails_its_job_and_no_other(
        self,
        make_jobs: MakeJobs,
        recording: bytes,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        jobs, write = make_jobs(tmp_path), Shelf.write

        def full(self: Shelf, drawer: Any, name: str, value: Any) -> None:
            if drawer == "report" or value["state"] != "waiting":
                raise OSError(28, "No space left on device")
            write(self, drawer, name, value)

        with monkeypatch.context() as patched:
            patched.setattr(Shelf, "write", full)
            job = ended(jobs, jobs.upload("it", recording, ASKED))
            assert (job.state, job.message) == ("failed", "internal error; the service's log says more")
        assert "No space left" in caplog.text
        assert any(record.getMessage() == "a job's end cannot be kept" for record in caplog.records)
        assert ended(jobs, jobs.upload("next", recording, ASKED)).state == "done"

    def test_what_is_old_and_cannot_be_deleted_ends_nothing(
        self,
        make_jobs: MakeJobs,
        recording: bytes,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        jobs = make_jobs(tmp_path, max_kept=1)

        def read_only(*_args: object) -> None:
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr(Shelf, "remove", read_only)
        made = [ended(jobs, jobs.upload("it", recording, ASKED)) for _ in range(3)]
        assert [job.state for job in made] == ["done", "done", "done"]
        assert "what is old cannot be deleted" in caplog.text
        with pytest.raises(OSError, match="Read-only"):
            jobs.cancel(made[2].id)
        assert jobs.get(made[2].id) == made[2], "it is there, and so it is told"


@pytest.mark.slow
def test_many_threads_at_once_get_what_is_theirs(
    make_jobs: MakeJobs, encode: Callable[..., bytes], tmp_path: Path
) -> None:
    jobs = make_jobs(tmp_path, workers=3, max_waiting=1000, max_kept=30)
    sounds = {seconds: encode([0.1] * (16_000 * seconds)) for seconds in range(1, 7)}
    faults: list[Exception] = []
    begin = threading.Barrier(12)

    def use(number: int) -> None:
        try:
            begin.wait(WAIT_S)
            for turn in range(5):
                seconds = 1 + (number + turn) % 6
                job = jobs.upload(str(number), sounds[seconds], ASKED)
                if turn == 3:
                    found = jobs.cancel(job.id)
                    assert found is None or found.state in ("cancelled", "done")
                    continue
                try:
                    if jobs.wait(job.id, WAIT_S).state == "done":
                        report: Report = jobs.report(job.id)
                        assert (report.duration_s, report.title) == (float(seconds), str(number))
                except UnknownJob:
                    pass  # it was one too many
                jobs.all()
        except Exception as fault:  # noqa: BLE001 - it is told below, in the thread of the test
            faults.append(fault)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert faults == []
    assert len(jobs.all()) <= 30
    assert jobs._contents == {}
    assert len(list(tmp_path.glob("job-*"))) == len(jobs.all())
