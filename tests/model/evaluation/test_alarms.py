# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.events.classes import ALERT_CLASSES
from model.evaluation import alarms
from model.labels import index_of

SMOKE = index_of("/m/01y3hg")
DOG = index_of("/m/05tny_")


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "RESAMPLES", 50)


def clips(count: int, smoke: int) -> tuple[NDArray[np.float32], NDArray[np.bool_], list[str]]:
    """Scores that find every smoke alarm, the labels, and a recording each."""
    known = np.zeros((count, 527), bool)
    known[:smoke, SMOKE] = True
    scores = np.where(known, 0.9, np.linspace(0.0, 0.5, count)[:, None]).astype(np.float32)
    return scores, known, [f"recording {index}" for index in range(count)]


def test_the_groups_are_the_alert_classes_of_the_service() -> None:
    assert {alert.name: alert.mids for alert in ALERT_CLASSES} == dict(alarms.GROUPS)


def test_a_tagger_that_finds_every_alarm_has_full_marks() -> None:
    scores, known, recordings = clips(300, 8)
    found = alarms.measure({"sharp": scores}, known, recordings)
    (row,) = found["classes"]
    assert (row["alarm"], row["clips"], row["recordings"]) == ("smoke_alarm", 8, 8)
    figures = row["taggers"]["sharp"]
    assert figures["average_precision"] == figures["recall"] == 1.0
    assert figures["average_precision_interval"] == figures["recall_interval"] == [1.0, 1.0]
    assert "ratio" not in found["mean"]


def test_a_second_tagger_is_what_the_first_is_compared_with() -> None:
    scores, known, recordings = clips(300, 8)
    deaf = np.random.default_rng(1).random(scores.shape).astype(np.float32)
    mean = alarms.measure({"sharp": scores, "deaf": deaf}, known, recordings)["mean"]
    assert mean["ratio"] > 5
    assert mean["ratio_interval"][0] <= mean["ratio"] <= mean["ratio_interval"][1]


def test_pieces_of_one_recording_are_one_recording() -> None:
    scores, known, recordings = clips(300, 8)
    found = alarms.measure({"sharp": scores}, known, ["the same"] * 8 + recordings[8:])
    assert found["classes"][0]["recordings"] == 1
    assert "smoke_alarm" in found["thin"]
    assert found["mean"] == {}


def test_an_alarm_that_no_clip_has_is_thin_and_has_no_row() -> None:
    scores, known, recordings = clips(300, 8)
    found = alarms.measure({"sharp": scores}, known, recordings)
    assert set(found["thin"]) == set(alarms.GROUPS) - {"smoke_alarm"}


def test_recall_allows_one_false_alarm_in_a_hundred() -> None:
    present = np.zeros(201, bool)
    present[0] = True
    score = np.linspace(0.0, 0.5, 201, dtype=np.float32)
    ones = np.ones(201)
    assert alarms.threshold(present, score, ones) == pytest.approx(0.495)
    score[0] = 0.496  # two of the other 200 lie above it: 1 %
    assert alarms.recall(present, score, ones) == 1.0
    score[0] = 0.494  # three do
    assert alarms.recall(present, score, ones) == 0.0
