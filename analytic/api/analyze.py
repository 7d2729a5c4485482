# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""``/analyze``, ``/jobs`` and ``/reports``: recordings in, reports out. No framework here."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from analytic.api.parameters import identifier
from analytic.audio.preprocessing.registry import Preprocessing
from analytic.errors import InvalidParameter, UnknownJob
from analytic.ids import is_identifier
from analytic.jobs.job import Asked, Job
from analytic.jobs.jobs import Jobs
from analytic.reports import document, labels, page, pictures, tables
from analytic.reports.report import Report

_KNOWN = ("method", "preprocess", "source", "requestor_id", "requestor_type", "request_id", "wait")
_MOST_WAIT_S = 30.0
_SECONDS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")
_MOST_TITLE = 200
UPLOADED = "an uploaded recording"


class Rendered(NamedTuple):
    """A report in one of its forms: the bytes, their media type, and the name to save them under; None: to show."""

    content: bytes
    media_type: str
    file_name: str | None


Render = Callable[[Report], str | bytes | None]


class _Form(NamedTuple):
    render: Render
    media_type: str
    is_file: bool


_FORMS: Mapping[str, _Form] = {
    "csv": _Form(tables.csv, "text/csv; charset=utf-8", True),
    "json": _Form(document.to_bytes, "application/json", True),
    "txt": _Form(labels.audacity, "text/plain; charset=utf-8", True),
    "html": _Form(page.html, "text/html; charset=utf-8", False),
    "spectrogram.png": _Form(pictures.spectrogram_png, "image/png", False),
    "levels.png": _Form(pictures.levels_png, "image/png", False),
    "timeline.png": _Form(pictures.timeline_png, "image/png", False),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a status, and JSON values."""

    status: int
    body: dict[str, Any]


class Analyze:
    """What the addresses do.

    Parameters
    ----------
    jobs
        Runs them.
    max_waits
        How many requests may wait for a job at once: the server's threads are few.
    """

    def __init__(self, jobs: Jobs, max_waits: int = 2) -> None:
        self._jobs = jobs
        self._waits = threading.Semaphore(max_waits)

    def by_address(self, fields: Mapping[str, Any]) -> Answer:
        """Have the recording at the address in `url` analysed.

        Raises
        ------
        BadRequest
            A field is not of its form, or the address is not fetched.
        TooManyJobs
            Too many wait.
        """
        address = fields.get("url")
        if not isinstance(address, str) or not address:
            raise InvalidParameter("url", "the address of a recording, http or https", str(address or ""))
        asked, wait_s = _asked(fields)
        return self._answered(self._jobs.by_address(address, asked), wait_s)

    def upload(self, fields: Mapping[str, Any], name: str, content: Callable[[], bytes]) -> Answer:
        """Have an uploaded recording analysed.

        Raises
        ------
        BadRequest, TooManyJobs
            As above.
        """
        asked, wait_s = _asked(fields)
        title = "".join(one for one in name if one.isprintable()).strip()[:_MOST_TITLE]
        return self._answered(self._jobs.upload(title or UPLOADED, content(), asked), wait_s)

    def jobs(self) -> dict[str, Any]:
        """Return all jobs, the newest first."""
        return {"status": "ok", "jobs": [job.told() for job in self._jobs.all()]}

    def job(self, name: str, wait: str | None) -> dict[str, Any]:
        """Return one job, when it has ended or some seconds have passed.

        Raises
        ------
        UnknownJob, InvalidParameter
            There is none of that id; the seconds are none.
        """
        return {"status": "ok", "job": self._waited(self._known(name), _wait_s(wait)).told()}

    def cancel(self, name: str) -> dict[str, Any]:
        """Cancel a job, or forget one that has ended, with its report.

        Raises
        ------
        UnknownJob
            There is none of that id.
        """
        job = self._jobs.cancel(self._known(name).id)
        return {"status": "ok", "job": job.told() if job else None}

    def report(self, name: str) -> dict[str, Any]:
        """Return a report with the addresses of its other forms.

        Raises
        ------
        UnknownJob
            There is none of that id.
        """
        report = self._jobs.report(self._known(name).id)
        links = {form: f"/reports/{report.id}{'/' if form.endswith('png') else '.'}{form}" for form in _FORMS}
        if report.spectrogram is None:
            del links["spectrogram.png"]
        return {"status": "ok", "report": report.to_json(), "links": links}

    def rendered(self, name: str, form: str) -> Rendered:
        """Return a report in one of its forms.

        Raises
        ------
        UnknownJob
            There is no such report, or its spectrogram is no longer in memory.
        ExtraMissing
            Pictures need matplotlib.
        """
        known = _FORMS.get(form)
        if known is None:
            raise UnknownJob("form of a report", form)
        report = self._jobs.report(self._known(name).id)
        found = known.render(report)
        if found is None:
            raise UnknownJob("picture (a spectrogram is in memory alone, and not for long)", form)
        content = found.encode() if isinstance(found, str) else found
        return Rendered(content, known.media_type, f"hearken-{report.id}.{form}" if known.is_file else None)

    def _known(self, name: str) -> Job:
        if not is_identifier(name):
            raise UnknownJob("job", name)
        return self._jobs.get(name)

    def _answered(self, job: Job, wait_s: float) -> Answer:
        job = self._waited(job, wait_s)
        body: dict[str, Any] = {"status": "ok", "job": job.told()}
        if job.state == "done":
            return Answer(200, {**body, "report": self._jobs.report(job.id).to_json()})
        return Answer(202, body)

    def _waited(self, job: Job, wait_s: float) -> Job:
        if wait_s <= 0 or job.has_ended or not self._waits.acquire(blocking=False):
            return job
        try:
            return self._jobs.wait(job.id, wait_s)
        finally:
            self._waits.release()


def _asked(fields: Mapping[str, Any]) -> tuple[Asked, float]:
    unknown = sorted(set(fields) - {*_KNOWN, "url"})
    if unknown:
        raise InvalidParameter("fields", f"only {', '.join(('url', *_KNOWN))}", ", ".join(unknown))
    texts = {name: _text(name, fields.get(name)) for name in _KNOWN}
    ids = {
        name: None if (found := texts[name]) is None else identifier(name, found)
        for name in ("source", "requestor_id", "requestor_type", "request_id")
    }
    asked = Asked(
        method=texts["method"] or "none",
        preprocess=Preprocessing.of(texts["preprocess"] or "").names,
        source=ids["source"] or "upload",
        requestor_id=ids["requestor_id"],
        requestor_type=ids["requestor_type"],
        request_id=ids["request_id"],
    )
    return asked, _wait_s(texts["wait"])


def _text(name: str, found: Any) -> str | None:
    if found is None or found == "":
        return None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise InvalidParameter(name, "text", str(type(found).__name__))
    return str(found)


def _wait_s(text: str | None) -> float:
    if text is None:
        return 0.0
    if not _SECONDS.fullmatch(text) or float(text) > _MOST_WAIT_S:
        raise InvalidParameter("wait", f"0 to {_MOST_WAIT_S:g} seconds", text)
    return float(text)
