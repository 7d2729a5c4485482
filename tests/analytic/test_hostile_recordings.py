# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Hundreds of files that mean harm, through every door of the service: a documented answer, soon, and no harm done."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from analytic.app import Service
from analytic.settings import Settings, load
from tests.analytic.audio.fetch.servers import Asked, Server, plain, ranged
from tests.analytic.test_hostile_uploads import WAV, Answer, Ask, ask, form, part, tells_nothing, upload

pytest.importorskip("av", reason="the files are made with the extra video")
from tests.analytic import hostile_files
from tests.analytic.hostile_files import PASSWORDS, Case

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
AT_MOST_S = 10.0
MOST_GROWN_BYTES = 256 << 20
LENGTH = 45
EDGE = b'--edge\r\nContent-Disposition: form-data; name="wait"\r\n\r\n20\r\n'


class Offered:
    """A server that offers one file after the other."""

    def __init__(self) -> None:
        self.content = b""

    def __call__(self, asked: Asked) -> Iterator[bytes]:
        yield from (ranged if self.content else plain)(self.content)(asked)


@pytest.fixture(scope="module")
def canary() -> Iterator[Server]:
    with Server(plain(WAV)) as made:
        yield made


@pytest.fixture
def offered() -> Iterator[Server]:
    with Server(Offered()) as made:
        yield made


@pytest.fixture
def settings(offered: Server, tmp_path: Path) -> Settings:
    """Free ports, short limits, and one server that may be fetched from."""
    return load(
        http={"port": 0},
        bus={"port": 0},
        audio={"max_duration_s": 30, "sandbox": True, "sandbox_s": 5},
        jobs={"dir": tmp_path / "jobs", "max_duration_s": 60},
        fetch={"enabled": True, "allowed": [f"127.0.0.1:{offered.port}"], "read_s": 2, "total_s": 10},
    )


def through_predict(service: Service, case: Case, _offered: Server) -> Answer:
    return ask(service, upload(case.content, case.media_type))


def through_surges(service: Service, case: Case, _offered: Server) -> Answer:
    asked = upload(case.content, case.media_type)
    asked.path = "/analyze/surges"
    return ask(service, asked)


def through_analyze(service: Service, case: Case, _offered: Server) -> Answer:
    body = EDGE + form(part(case.content, filename=case.file_name, media_type=case.media_type))
    return ask(service, Ask("/analyze", body))


def through_url(service: Service, case: Case, offered: Server) -> Answer:
    answering = offered.answer
    assert isinstance(answering, Offered)
    answering.content = case.content
    body = json.dumps({"url": f"{offered.url}/{quote(case.name)}", "wait": 20}).encode()
    return ask(service, Ask("/analyze/url", body, content_type="application/json"))


DOORS = (through_predict, through_surges, through_analyze, through_url)


def complaint(service: Service, answer: Answer) -> str | None:
    """What is wrong with an answer, if anything is."""
    if answer.took_s > AT_MOST_S:
        return f"it took {answer.took_s:.1f} s"
    if b"root:" in answer.body or not tells_nothing(answer):
        return f"it tells something: {answer.body[:300]!r}"
    if answer.status == 400:
        message = answer.message()
        return None if message.isprintable() and len(message) < 600 else f"a strange sentence: {message[:300]!r}"
    if answer.status not in (200, 202):
        return f"status {answer.status}: {answer.body[:300]!r}"
    job = json.loads(answer.body).get("job")
    return None if job is None else _job_s_complaint(service, job)


def _job_s_complaint(service: Service, job: dict[str, object]) -> str | None:
    if job["state"] in ("waiting", "running"):
        job = json.loads(ask(service, Ask(f"/jobs/{job['id']}?wait=20", b"", "GET")).body)["job"]
    if job["state"] == "done":
        return None
    message = str(job["message"])
    if job["state"] != "failed" or not message.isprintable() or "internal error" in message or "root:" in message:
        return f"the job {job['state']}: {message[:300]!r}"
    return None


def is_unharmed(service: Service, offered: Server) -> bool:
    good = Case("good", WAV)
    return all(door(service, good, offered).status == 200 for door in DOORS)


def holds(service: Service, offered: Server, canary: Server, cases: list[Case], every_door: bool) -> None:
    """Send files through the doors, and hold every promise."""
    process, complaints = psutil.Process(), []
    assert is_unharmed(service, offered)
    canary.asked.clear()
    before = process.memory_info().rss
    for number, case in enumerate(cases):
        for door in DOORS if every_door else (DOORS[number % 2], DOORS[2 + number % 2]):
            found = complaint(service, door(service, case, offered))
            if found:
                complaints.append(f"{case.name}, {door.__name__}: {found}")
    grown = process.memory_info().rss - before
    assert not complaints, "\n".join(complaints)
    assert not canary.asked
    assert grown < MOST_GROWN_BYTES
    assert is_unharmed(service, offered)


def batches(cases: list[Case]) -> list[list[Case]]:
    return [cases[at : at + LENGTH] for at in range(0, len(cases), LENGTH)]


HARMFUL = batches([*hostile_files.bombs(), *hostile_files.confusions()])
DAMAGED = batches([*hostile_files.truncations(), *hostile_files.flips()])


def test_there_are_hundreds_of_them() -> None:
    every = [case for batch in (*HARMFUL, *DAMAGED) for case in batch]
    assert len(every) >= 400
    assert len({case.name for case in every}) == len(every)
    assert "root:" in Path(PASSWORDS).read_text(encoding="utf-8"), "so that a leak would be seen"


@pytest.mark.parametrize("cases", HARMFUL, ids=lambda cases: cases[0].name.replace(" ", "-"))
def test_a_file_that_means_harm_is_answered_and_does_none(
    service: Service, offered: Server, canary: Server, cases: list[Case]
) -> None:
    holds(service, offered, canary, cases, every_door=False)


@pytest.mark.parametrize("cases", DAMAGED, ids=lambda cases: cases[0].name.replace(" ", "-"))
def test_a_damaged_file_is_answered_and_does_no_harm(
    service: Service, offered: Server, canary: Server, cases: list[Case]
) -> None:
    holds(service, offered, canary, cases, every_door=False)


def test_a_list_that_points_elsewhere_leads_nowhere(service: Service, offered: Server, canary: Server) -> None:
    holds(service, offered, canary, list(hostile_files.playlists(canary.url)), every_door=False)


def test_a_decoder_that_is_given_little_time_is_ended_and_the_others_go_on(service: Service, offered: Server) -> None:
    began = time.monotonic()
    answer = through_predict(service, Case("minutes", hostile_files._flacs()["FLAC of minutes of 8 channels"]), offered)
    assert answer.status == 400
    assert time.monotonic() - began < AT_MOST_S
    assert is_unharmed(service, offered)
