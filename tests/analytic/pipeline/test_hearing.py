# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from analytic.app import make_policies
from analytic.events.modes import Policies
from analytic.pipeline import Hearing
from analytic.settings.alerts import AlertSettings
from model.fake import FakeTagger
from model.labels import index_of
from model.stream import LONG, SHORT, Heard
from tests.analytic.pipeline.runs import LOUD, RATE_HZ, Run, sound, where_loud

Floats = NDArray[np.float32]


class Heads:
    """Alarm heads that say how loud a window is, and note what they were given."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.classes = classes
        self.given: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def __call__(self, scores: Floats, embeddings: Floats) -> Floats:
        self.given.append((scores.shape, embeddings.shape))
        return np.repeat(embeddings[:, 1:], len(self.classes), axis=1)


def policies(enabled: Sequence[str] = ("fire", "siren")) -> Policies:
    return make_policies(AlertSettings(enabled=tuple(enabled), sensitivity="medium"), "mn04_as")


def heard(hearing: Hearing, waveform: Floats) -> list[Heard]:
    stream = hearing.stream()
    return stream.push(waveform) + stream.finish()


def test_a_stream_has_the_windows_that_the_policies_look_at_and_those_asked_for_each_once() -> None:
    hearing = Hearing(FakeTagger.always({}), policies())
    assert hearing.strides == (SHORT,)
    stream = hearing.stream((LONG, SHORT))
    found = stream.push(np.zeros(12 * RATE_HZ, np.float32))
    assert [one.stride for one in found].count(SHORT) == 21
    assert [one.stride for one in found].count(LONG) == 1


def test_unusual_sound_is_looked_for_in_windows_of_10_s() -> None:
    assert Hearing(FakeTagger.always({}), policies(["fire", "unusual"])).strides == (SHORT, LONG)


def test_the_windows_of_every_mode_are_there() -> None:
    settings = AlertSettings(enabled=("fire",), modes={"away": {"enabled": ("unusual",)}})
    assert Hearing(FakeTagger.always({}), make_policies(settings, "mn04_as")).strides == (SHORT, LONG)


def test_a_look_lies_where_its_window_does_and_holds_the_scores_of_the_rules_in_their_order() -> None:
    hearing = Hearing(FakeTagger(where_loud({"Fire": 0.75, "Siren": 0.5})), policies())
    policy = hearing.policies.now()
    looks = hearing.looks(policy, heard(hearing, sound(3.2, (0, 2))), start_s=100.0)
    assert [(look.start_s, look.stop_s, look.window_s, look.first) for look in looks] == [
        (100.0, 102.0, 2.0, True),
        (100.5, 102.5, 2.0, False),
        (101.0, 103.0, 2.0, False),
        (pytest.approx(101.2), pytest.approx(103.2), 2.0, False),
    ]
    assert [rule.name for rule in policy.rules] == ["fire", "siren"]
    assert looks[0].scores.tolist() == [0.75, 0.5]
    assert looks[0].labels[index_of("/m/02_41")] == 0.75


def test_a_sound_shorter_than_a_window_is_one_look_of_that_windows_kind() -> None:
    hearing = Hearing(FakeTagger.always({}), policies())
    (look,) = hearing.looks(hearing.policies.now(), heard(hearing, sound(0.5)), 0.0)
    assert (look.start_s, look.stop_s, look.window_s, look.first) == (0.0, 0.5, 2.0, True)


def test_no_windows_are_no_looks() -> None:
    heads = Heads(("fire",))
    hearing = Hearing(FakeTagger.always({}), policies(), heads)
    assert hearing.looks(hearing.policies.now(), [], 0.0) == []
    assert heads.given == []


class TestHeads:
    def test_a_class_with_a_head_has_its_score_the_others_that_of_their_highest_member(self) -> None:
        heads = Heads(("fire", "scream"))
        hearing = Hearing(FakeTagger.always({"Fire": 0.1, "Siren": 0.25}), policies(), heads)
        found = heard(hearing, sound(4, (2, 4)))
        looks = hearing.looks(hearing.policies.now(), found, 0.0)
        assert [look.scores.tolist() for look in (looks[0], looks[-1])] == [
            [pytest.approx(0.01), 0.25],
            [LOUD, 0.25],
        ]
        assert heads.given == [((5, 527), (5, 2))], "all windows at once"

    def test_what_is_given_beside_wins_over_a_head(self) -> None:
        hearing = Hearing(FakeTagger.always({}), policies(), Heads(("fire",)))
        (look,) = hearing.looks(
            hearing.policies.now(), heard(hearing, sound(2)), 0.0, {"fire": np.array([0.875], np.float32)}
        )
        assert look.scores[0] == 0.875

    def test_a_head_raises_an_alarm_that_no_member_would(self) -> None:
        run = Run({"Fire": 0.001}, heads=Heads(("fire",)))
        assert [alert["score"] for alert in run.analyse(10, (4, 8)).alerts] == [LOUD]

    def test_the_label_of_an_alarm_stays_the_member_that_scores_highest(self) -> None:
        run = Run({"Fire": 0.001, "Crackle": 0.002}, heads=Heads(("fire",)))
        assert [alert["label"] for alert in run.analyse(10, (4, 8)).alerts] == ["Crackle"]


def test_unusual_sound_has_no_score_unless_somebody_gives_one() -> None:
    hearing = Hearing(FakeTagger.always({"Speech": 1.0}), policies(["unusual"]))
    found = [one for one in heard(hearing, sound(10)) if one.stride == LONG]
    policy = hearing.policies.now()
    assert [look.scores.tolist() for look in hearing.looks(policy, found, 0.0)] == [[0.0]]
    given = {"unusual": np.array([0.75], np.float32)}
    assert [look.scores.tolist() for look in hearing.looks(policy, found, 0.0, given)] == [[0.75]]
