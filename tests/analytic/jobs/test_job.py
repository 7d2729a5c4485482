# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.jobs.job import ENDED, Asked, Job, Progress, State

ID = "019b7a5c-f07b-7abc-9def-0123456789ab"
SECRET = "http://camera.example/night.mp4?token=s3cret"
JOB = Job(ID, "address", "http://camera.example/night.mp4?***", Asked(), "2026-01-01T12:00:00Z", SECRET)


class TestProgress:
    @pytest.mark.parametrize(
        ("progress", "share"),
        [
            (Progress(), None),
            (Progress(30.0, 120.0), 0.25),
            (Progress(30.0, 120.0, 900, 1000), 0.25),
            (Progress(30.0, None, 900, 1000), 0.9),
            (Progress(30.0, None, 900, None), None),
            (Progress(130.0, 120.0), 1.0),
            (Progress(30.0, None, 2000, 1000), 1.0),
            (Progress(30.0, 0.0, 500, 1000), 0.5),
            (Progress(30.0, None, 0, 0), None),
        ],
    )
    def test_the_share_is_that_of_the_time_else_of_the_bytes(self, progress: Progress, share: float | None) -> None:
        assert progress.share == share


class TestTold:
    def test_the_address_is_not_told(self) -> None:
        assert "s3cret" not in json.dumps(JOB.told())
        assert "s3cret" not in repr(JOB)

    def test_a_job_that_is_done_is_whole_and_names_its_report(self) -> None:
        told = replace(JOB, state="done", alarms=2, progress=Progress(12.34567, 99.0)).told()
        assert (told["progress"], told["report"], told["alarms"]) == (1.0, f"/reports/{ID}", 2)
        assert told["heard_s"] == 12.346

    @pytest.mark.parametrize("state", [state for state in get_args(State) if state != "done"])
    def test_one_that_is_not_done_names_none(self, state: Any) -> None:
        assert replace(JOB, state=state).told()["report"] is None

    def test_it_is_told_as_json_what_is_asked(self) -> None:
        told = replace(JOB, asked=Asked("scrample", ("loudness", "wiener"))).told()
        assert (told["method"], told["preprocessing"]) == ("scrample", ["loudness", "wiener"])
        assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize("state", get_args(State))
def test_it_has_ended_in_every_state_but_two(state: Any) -> None:
    assert replace(JOB, state=state).has_ended == (state not in ("waiting", "running")) == (state in ENDED)


texts = st.text(max_size=20)


@given(
    st.builds(
        Job,
        texts,
        st.sampled_from(["address", "upload"]),
        texts,
        st.builds(Asked, texts, st.lists(texts).map(tuple), texts, st.none() | texts),
        texts,
        st.none() | texts,
        st.sampled_from(get_args(State)),
        st.none() | texts,
        st.none() | st.integers(),
        st.none() | texts,
    )
)
def test_what_is_kept_comes_back_as_it_was_but_for_its_progress(job: Job) -> None:
    running = replace(job, progress=Progress(3.0, 4.0, 5, 6))
    assert Job.from_json(json.loads(json.dumps(running.to_json()))) == job


@pytest.mark.parametrize(
    "spoil",
    [
        lambda kept: kept.pop("id"),
        lambda kept: kept.pop("asked"),
        lambda kept: kept.update(asked=None),
        lambda kept: kept.update(asked=[]),
        lambda kept: kept["asked"].pop("preprocess"),
        lambda kept: kept["asked"].update(colour="red"),
        lambda kept: kept.update(colour="red"),
    ],
)
def test_what_is_no_job_is_refused(spoil: Any) -> None:
    kept = JOB.to_json()
    spoil(kept)
    with pytest.raises((KeyError, TypeError)):
        Job.from_json(kept)
