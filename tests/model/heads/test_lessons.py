# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.heads.alarm import group_logits, logit
from model.heads.clips import ALARMS, Clip, members, status
from model.heads.lessons import CLIPS, ONE_SECOND, OURS, PLAIN, TWO_SECONDS, Lessons, Recipe, fitted, opinion
from model.heads.windows import Windows
from model.labels import CLASS_COUNT

SCREAM, GUNSHOT = (list(ALARMS).index(name) for name in ("scream", "gunshot"))
SIZE = 6


def heard(
    random: np.random.Generator, clips: list[Clip], parts: np.ndarray[tuple[int, int], np.dtype[np.int32]]
) -> Windows:
    """Screams lie along the first feature, shots along the second."""
    table = np.stack([status(clips[row[0]].labels) for row in parts])
    embeddings = random.normal(0, 1, (len(parts), SIZE)).astype(np.float32)
    for feature, alarm in enumerate((SCREAM, GUNSHOT)):
        embeddings[table[:, alarm] == 1, feature] += 4.0
    scores = random.random((len(parts), CLASS_COUNT)).astype(np.float32)
    return Windows(scores, embeddings, table, parts, np.ones(len(parts), np.float32))


@pytest.fixture
def lessons() -> Lessons:
    """Twenty screams, five shots, many others; in scenes a clip is heard beside its neighbour."""
    random = np.random.default_rng(0)
    names = ["Screaming"] * 20 + ["Gunshot, gunfire"] * 5 + ["Music"] * 175
    clips = [
        Clip(Path(f"{number}"), frozenset([name]), "train", f"{number}", "here", number % 5 + 1, "1")
        for number, name in enumerate(names)
    ]
    alone = np.full((200, 8), -1, np.int32)
    alone[:, 0] = np.arange(200)
    beside = alone.copy()
    beside[:, 1] = (np.arange(200) + 5) % 200
    kinds = ((CLIPS, alone), (TWO_SECONDS, beside), (ONE_SECOND, beside))
    return Lessons(tuple(clips), {kind: heard(random, clips, parts) for kind, parts in kinds})


def test_what_is_held_out_is_heard_in_no_window(lessons: Lessons) -> None:
    held = np.arange(200) == 7
    windows, kind = lessons.without(held)
    assert not (windows.parts == 7).any()
    assert [int((kind == one).sum()) for one in (CLIPS, TWO_SECONDS, ONE_SECOND)] == [199, 198, 198]


def test_sounds_beyond_the_clips_are_never_held_out(lessons: Lessons) -> None:
    windows = lessons.heard[TWO_SECONDS]
    windows.parts[0, 2] = 230
    assert not lessons.hears(windows, np.zeros(200, np.bool_)).any()


def test_an_alarm_with_few_recordings_is_thin(lessons: Lessons) -> None:
    assert "gunshot" in lessons.thin()
    assert "scream" not in lessons.thin()


@pytest.mark.parametrize("recipe", [OURS, PLAIN], ids=["ours", "plain"])
def test_heads_find_what_there_is_to_find(lessons: Lessons, recipe: Recipe) -> None:
    heads = fitted(lessons, np.arange(200) % 5 == 0, recipe)
    weights = np.abs(heads.weights[SCREAM])
    assert weights[0] > 3 * weights[1:].max()


def test_others_score_zero_on_average(lessons: Lessons) -> None:
    heads = fitted(lessons, np.zeros(200, np.bool_), OURS)
    clips = lessons.heard[CLIPS]
    others = clips.status[:, SCREAM] != 1
    assert heads.logits(clips.scores, clips.embeddings)[others, SCREAM].mean() == pytest.approx(0.0, abs=0.01)


def test_a_thin_alarm_is_the_taggers_own_opinion(lessons: Lessons) -> None:
    heads = fitted(lessons, np.zeros(200, np.bool_), OURS)
    assert not heads.weights[GUNSHOT].any()
    assert heads.raw[GUNSHOT] > 0


def test_held_out_clips_change_nothing(lessons: Lessons) -> None:
    held = np.arange(200) < 10
    before = fitted(lessons, held, OURS)
    for windows in lessons.heard.values():
        windows.embeddings[lessons.hears(windows, held)] = 1e6
    after = fitted(lessons, held, OURS)
    np.testing.assert_array_equal(before.weights, after.weights)
    np.testing.assert_array_equal(before.bias, after.bias)


def test_the_opinion_is_the_groups_logit(lessons: Lessons) -> None:
    clips = lessons.heard[CLIPS]
    found = opinion(SIZE).logits(clips.scores, clips.embeddings)
    np.testing.assert_allclose(found, group_logits(logit(clips.scores), members()), rtol=1e-6)
