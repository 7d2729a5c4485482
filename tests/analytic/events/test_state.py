# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytic.events.habituation import Told
from analytic.events.state import ClassState, Hit, Open, State
from tests.analytic.events.looking import again

times = st.floats(0, 4e9)
scores = st.floats(0, 1, width=32)
hits = st.builds(Hit, times, times, st.booleans(), scores, st.integers(0, 526))
opens = st.builds(Open, st.integers(1), times, times, times, scores, st.integers(0, 526), st.none() | scores)
class_states = st.builds(
    ClassState,
    recent=st.lists(hits, max_size=3).map(tuple),
    run=st.none() | hits,
    open=st.none() | opens,
    events=st.integers(0),
    ended_s=times | st.just(-math.inf),
    cooling_until_s=times | st.just(-math.inf),
    last_score=scores,
    told=st.builds(Told, st.floats(0, 1000), times),
)


@given(st.dictionaries(st.text(), class_states, max_size=3))
def test_a_state_is_the_same_after_it_was_written_and_read(classes: dict[str, ClassState]) -> None:
    state = State(classes)
    assert again(state) == state
    assert again(again(state)).to_json() == state.to_json()


def test_a_stored_state_is_strict_json_also_where_nothing_ever_ended() -> None:
    text = json.dumps(State({"fire": ClassState()}).to_json(), allow_nan=False)
    assert State.from_json(json.loads(text)).of("fire").cooling_until_s == -math.inf


def test_a_class_without_an_entry_is_new() -> None:
    assert State().of("fire") == ClassState()
    assert State().to_json() == {}
    assert State.from_json({}) == State()


def test_a_state_with_another_class_leaves_the_old_one_as_it_was() -> None:
    before = State().with_class("fire", ClassState(events=1))
    after = before.with_class("scream", ClassState(events=2))
    assert list(before.classes) == ["fire"]
    assert (after.of("fire").events, after.of("scream").events) == (1, 2)
    assert before.with_class("fire", ClassState(events=7)).of("fire").events == 7


def test_a_state_read_from_json_cannot_be_changed_in_place() -> None:
    state = State.from_json({"fire": State({"fire": ClassState()}).to_json()["fire"]})
    with pytest.raises(TypeError):
        state.classes["fire"] = ClassState()  # type: ignore[index]


def test_what_is_dated_back_is_dated_back_whole() -> None:
    state = ClassState(events=2, ended_s=50.0, cooling_until_s=80.0, last_score=0.5, told=Told(1.5, 45.0))
    assert state.earlier(10.0) == ClassState(
        events=2, ended_s=40.0, cooling_until_s=70.0, last_score=0.5, told=Told(1.5, 35.0)
    )
    assert ClassState().earlier(10.0).cooling_until_s == -math.inf


GOOD = State({"fire": ClassState(recent=(Hit(1.0, 2.0, True, 0.5, 3),))}).to_json()["fire"]


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        "fire",
        {"fire": None},
        {"fire": 3},
        {"fire": {}},
        {"fire": {**GOOD, "recent": 3}},
        {"fire": {**GOOD, "recent": [[1.0]]}},
        {"fire": {**GOOD, "run": [1.0, 2.0]}},
        {"fire": {**GOOD, "open": {"number": 1}}},
        {"fire": {**GOOD, "open": {"colour": "red"}}},
        {"fire": {**GOOD, "events": None}},
        {"fire": {**GOOD, "ended_s": "yesterday"}},
        {"fire": {**GOOD, "told": [1.0, 2.0, 3.0]}},
        {"fire": {**GOOD, "told": ["often", 2.0]}},
        {"fire": {name: value for name, value in GOOD.items() if name != "last_score"}},
    ],
)
def test_what_is_no_stored_state_is_refused(stored: Any) -> None:
    with pytest.raises(ValueError, match=r"no stored policy state|could not convert"):
        State.from_json(stored)
