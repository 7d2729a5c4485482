# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The list of jobs, and the threads that work it off in order."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from analytic.audio.bytes_at import Bytes, Held
from analytic.audio.fetch import Fetcher, shown
from analytic.audio.fetch.rules import checked
from analytic.audio.streams import About
from analytic.errors import AddressRefused, HearkenError, InvalidParameter, TooManyJobs, UnknownJob
from analytic.jobs.analyst import Analyst
from analytic.jobs.job import Asked, Job, Progress, State
from analytic.jobs.shelf import Shelf
from analytic.pipeline.telling import instant
from analytic.reports.report import Report, Spectrogram

_LOG = logging.getLogger(__name__)
_LOST = "the service was started anew, and sound is never kept: send the recording again"
_BUG = "internal error; the service's log says more"
_PICTURES = 16
_DAY_S = 86_400.0


class _Cancelled(Exception):
    """Whoever asked wants it no more, or the service stops."""


class Jobs:
    """Runs jobs one after the other, and keeps what they found.

    Parameters
    ----------
    analyst
        Turns a recording into a report.
    fetcher
        Gets recordings by address; None where that is switched off.
    new_id
        Makes their ids: UUIDv7.
    folder
        Where jobs and reports outlive a restart; None for memory alone.
    workers
        How many are heard at once.
    max_waiting
        How many may wait.
    max_held_bytes
        How many bytes of uploads may be held for them.
    kept_days, max_kept
        How long those that have ended are kept, and how many.
    now
        Unix time in seconds.
    """

    def __init__(
        self,
        analyst: Analyst,
        fetcher: Fetcher | None,
        new_id: Callable[[], str],
        folder: Path | None = None,
        *,
        workers: int = 1,
        max_waiting: int = 16,
        max_held_bytes: int = 256 << 20,
        kept_days: float = 30.0,
        max_kept: int = 500,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._analyst, self._fetcher, self._new_id = analyst, fetcher, new_id
        self._shelf = Shelf(folder)
        self._workers, self._max_waiting, self._max_held_bytes = workers, max_waiting, max_held_bytes
        self._kept_days, self._max_kept, self._now = kept_days, max_kept, now
        self._changed = threading.Condition()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._queue: deque[str] = deque()
        self._contents: dict[str, bytes] = {}
        self._cancelled: dict[str, threading.Event] = {}
        self._pictures: OrderedDict[str, Spectrogram] = OrderedDict()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    def start(self) -> None:
        """Take up what a restart left, and begin.

        Raises
        ------
        FolderTaken
            Another process has the folder.
        """
        self._shelf.open()
        with self._changed:
            for name in self._shelf.names("job"):
                self._take_up(name)
            self._forget_old()
            self._shelf.tidy(self._jobs)
        for number in range(self._workers):
            thread = threading.Thread(target=self._work, name=f"jobs-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop; what runs is taken up at the next start, where it can be."""
        self._stopping.set()
        with self._changed:
            for event in self._cancelled.values():
                event.set()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._shelf.close()

    def by_address(self, address: str, asked: Asked) -> Job:
        """Have the recording at an address analysed.

        Raises
        ------
        BadRequest
            What is wrong with the question; `AddressRefused` where the address is not fetched.
        TooManyJobs
            Too many wait.
        """
        if self._fetcher is None:
            raise AddressRefused("fetching is switched off here; the operator can switch it on: fetch.enabled")
        checked(address)
        self._analyst.check(asked)
        return self._add(Job(self._new_id(), "address", shown(address), asked, instant(self._now()), address))

    def upload(self, title: str, content: bytes, asked: Asked) -> Job:
        """Have an uploaded recording analysed; its bytes are held in memory until then.

        Raises
        ------
        BadRequest
            What is wrong with the question.
        TooManyJobs
            Too many wait, or too many bytes are held.
        """
        self._analyst.check(asked)
        if len(content) > self._max_held_bytes:
            raise InvalidParameter("audio", f"at most {self._max_held_bytes} bytes", f"{len(content)} bytes")
        return self._add(Job(self._new_id(), "upload", title, asked, instant(self._now())), content)

    def get(self, name: str) -> Job:
        """Return a job.

        Raises
        ------
        UnknownJob
            There is none of that id.
        """
        with self._changed:
            if name not in self._jobs:
                raise UnknownJob("job", name)
            return self._jobs[name]

    def all(self) -> list[Job]:
        """Return all jobs, the newest first."""
        with self._changed:
            return sorted(self._jobs.values(), key=lambda job: job.id, reverse=True)

    def wait(self, name: str, seconds: float) -> Job:
        """Return a job when it has ended, or as it is after so many seconds.

        Raises
        ------
        UnknownJob
            There is none of that id.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopping.is_set() or name not in self._jobs or self._jobs[name].has_ended, seconds
            )
        return self.get(name)

    def report(self, name: str) -> Report:
        """Return a report, with its spectrogram if that is still in memory.

        Raises
        ------
        UnknownJob
            There is none of that id.
        """
        stored = self._shelf.read("report", name)
        if stored is None:
            raise UnknownJob("report", name)
        try:
            found = Report.from_json(stored)
        except (KeyError, TypeError) as error:
            _LOG.warning("a report cannot be read", extra={"job": name, "error": str(error)})
            raise UnknownJob("report", name) from error
        return replace(found, spectrogram=self._pictures.get(name))

    def cancel(self, name: str) -> Job | None:
        """Cancel a job that has not ended; forget one that has, with its report, and return None then.

        Raises
        ------
        UnknownJob
            There is none of that id.
        """
        with self._changed:
            if self.get(name).has_ended:
                self._forget(name)
                return None
            self._cancelled[name].set()
            if name in self._queue:
                self._queue.remove(name)
                self._end(name, "cancelled")
        return self.wait(name, 5.0)

    def _add(self, job: Job, content: bytes | None = None) -> Job:
        with self._changed:
            if len(self._queue) >= self._max_waiting:
                raise TooManyJobs(f"{self._max_waiting} recordings")
            held = sum(map(len, self._contents.values()))
            if content is not None and held + len(content) > self._max_held_bytes:
                raise TooManyJobs(f"{held} bytes of recordings")
            self._shelf.write("job", job.id, job.to_json())
            if content is not None:
                self._contents[job.id] = content
            self._put(job)
        return job

    def _put(self, job: Job) -> None:
        self._jobs[job.id] = job
        self._cancelled[job.id] = threading.Event()
        self._queue.append(job.id)
        self._changed.notify_all()

    def _take_up(self, name: str) -> None:
        stored = self._shelf.read("job", name)
        if stored is None:
            return
        try:
            job = Job.from_json(stored)
            if job.id != name:
                raise KeyError("id")
        except (KeyError, TypeError) as error:
            _LOG.warning("a job cannot be read", extra={"job": name, "error": str(error)})
            return
        if job.has_ended:
            self._jobs[name] = job
        elif job.kind == "address" and self._fetcher is not None:
            self._put(replace(job, state="waiting"))
        else:
            self._jobs[name] = job
            self._end(name, "lost", _LOST)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._stopping.is_set())
                if self._stopping.is_set():
                    return
                name = self._queue.popleft()
                self._jobs[name] = replace(self._jobs[name], state="running")
                content = self._contents.get(name)
            try:
                self._run(self._jobs[name], content)
            except _Cancelled:
                if not self._stopping.is_set():
                    self._ended(name, "cancelled")
            except HearkenError as error:
                self._ended(name, "failed", str(error))
            except Exception:  # noqa: BLE001 - one job must not end the others
                _LOG.exception("a job failed", extra={"job": name})
                self._ended(name, "failed", _BUG)
            finally:
                with self._changed:
                    self._contents.pop(name, None)

    def _run(self, job: Job, content: bytes | None) -> None:
        if content is not None:
            self._hear(job, Held(content), lambda: len(content))
            return
        if self._fetcher is None or job.address is None:
            raise AddressRefused("fetching is switched off here")
        remote = self._fetcher.open(job.address)
        try:
            self._hear(job, remote, lambda: remote.fetched)
        finally:
            remote.close()

    def _hear(self, job: Job, content: Bytes, fetched: Callable[[], int]) -> None:
        cancelled = self._cancelled[job.id]

        def heard(seconds: float, about: About) -> None:
            if cancelled.is_set():
                raise _Cancelled
            progress = Progress(seconds, about.declared_s, fetched(), content.size)
            with self._changed:
                self._jobs[job.id] = replace(self._jobs[job.id], progress=progress)

        report = self._analyst.analyse(job.id, job.title, job.asked, content, heard)
        self._shelf.write("report", job.id, report.to_json())
        with self._changed:
            if report.spectrogram is not None:
                self._pictures[job.id] = report.spectrogram
                while len(self._pictures) > _PICTURES:
                    self._pictures.popitem(last=False)
            progress = Progress(report.duration_s, report.duration_s, fetched(), content.size)
            self._jobs[job.id] = replace(self._jobs[job.id], alarms=len(report.alarms), progress=progress)
            self._end(job.id, "done")

    def _ended(self, name: str, state: State, message: str | None = None) -> None:
        with self._changed:
            self._end(name, state, message)

    def _end(self, name: str, state: State, message: str | None = None) -> None:
        now = instant(self._now())
        # Nobody fetches it again, so what may be secret in its address goes.
        ended = replace(self._jobs[name], state=state, message=message, ended=now, address=None)
        self._jobs[name] = ended
        self._contents.pop(name, None)
        self._cancelled.pop(name, None)
        try:
            self._shelf.write("job", name, ended.to_json())
        except OSError as error:
            _LOG.warning("a job's end cannot be kept", extra={"job": name, "error": str(error)})
        self._forget_old()
        self._changed.notify_all()

    def _forget_old(self) -> None:
        """Forget what has ended too long ago, and the oldest of what is too much."""
        ended = [job for job in self._jobs.values() if job.has_ended]
        oldest = instant(self._now() - self._kept_days * _DAY_S)
        too_many = len(ended) - self._max_kept
        for number, job in enumerate(sorted(ended, key=lambda one: one.id)):
            if number < too_many or (job.ended or job.created) < oldest:
                try:
                    self._forget(job.id)
                except OSError as error:
                    _LOG.warning("what is old cannot be deleted", extra={"job": job.id, "error": str(error)})

    def _forget(self, name: str) -> None:
        self._shelf.remove("report", name)
        self._shelf.remove("job", name)
        self._jobs.pop(name, None)
        self._pictures.pop(name, None)
