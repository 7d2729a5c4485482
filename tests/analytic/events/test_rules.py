# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from analytic.events.rules import Guard, Rule


def test_a_rule_needs_a_name_and_members_only() -> None:
    plain = Rule("fire", (3,))
    assert 0 < plain.off < plain.on < 1
    assert (plain.confirm, plain.among, plain.min_s) == (1, 1, 0.0), "one window is enough"
    assert not any((plain.guards, plain.children, plain.weights))


@pytest.mark.parametrize(
    "changed",
    [
        {"off": 0.5, "on": 0.5},
        {"on": 1.0},
        {"off": 1e-6, "on": 1e-6},
        {"confirm": 3, "among": 3},
        {"release_s": 0.0, "cool_down_s": 0.0, "lag_s": 0.0, "escalation": 0.0},
        {"max_s": math.inf},
        {"sure": 0.5},
        {"members": (3, 7), "weights": (1.0, 0.5)},
    ],
)
def test_the_borders_of_what_is_allowed_are_allowed(changed: dict[str, Any]) -> None:
    assert Rule(**{"name": "fire", "members": (3,), **changed}).name == "fire"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"members": ()}, "there are no members"),
        ({"weights": (1.0, 1.0)}, "as many weights as members, within 0..1"),
        ({"weights": (0.0,)}, "as many weights as members, within 0..1"),
        ({"weights": (1.1,)}, "as many weights as members, within 0..1"),
        ({"on": 0.2}, "0 < off <= on <= 1, found off 0.3 and on 0.2"),
        ({"off": 0.0}, "0 < off <= on <= 1, found off 0 and on 0.5"),
        ({"on": 1.01}, "0 < off <= on <= 1, found off 0.3 and on 1.01"),
        ({"on": math.nan}, "found off 0.3 and on nan"),
        ({"off": math.nan}, "found off nan and on 0.5"),
        ({"confirm": 0}, "1 <= confirm <= among, found 0 of 1"),
        ({"confirm": 3, "among": 2}, "1 <= confirm <= among, found 3 of 2"),
        ({"sure": 0.4}, "on <= sure, found on 0.5 and sure 0.4"),
        ({"sure": math.nan}, "on <= sure, found on 0.5 and sure nan"),
        ({"min_s": -1.0}, "0 <= min_s < max_s, found -1 and 600"),
        ({"min_s": 5.0, "max_s": 5.0}, "0 <= min_s < max_s, found 5 and 5"),
        ({"min_s": math.nan}, "0 <= min_s < max_s, found nan and 600"),
        ({"window_s": 0.0}, "window_s and hop_s above 0"),
        ({"hop_s": -0.5}, "window_s and hop_s above 0"),
        ({"release_s": -0.1}, "release_s, cool_down_s, lag_s and escalation 0 or above"),
        ({"cool_down_s": -0.1}, "release_s, cool_down_s, lag_s and escalation 0 or above"),
        ({"lag_s": -0.1}, "release_s, cool_down_s, lag_s and escalation 0 or above"),
        ({"escalation": -0.1}, "release_s, cool_down_s, lag_s and escalation 0 or above"),
    ],
)
def test_what_makes_no_rule_is_refused_by_class_and_reason(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^fire: ") as error:
        Rule(**{"name": "fire", "members": (3,), **changed})
    assert sentence in str(error.value)


def test_rules_and_guards_are_values() -> None:
    assert Rule("fire", (3,)) == Rule("fire", (3,))
    assert Guard("bangs", (4,), 2.0).floor == 0.1
    with pytest.raises(dataclasses.FrozenInstanceError):
        Rule("fire", (3,)).on = 0.1  # type: ignore[misc]
