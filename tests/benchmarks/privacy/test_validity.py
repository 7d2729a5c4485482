# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

from typing import Any

import pytest

from benchmarks.privacy.clips import MAIN
from benchmarks.privacy.validity import NotValid, check, failures


def record(identified: float, errors: float) -> dict[str, Any]:
    return {
        "sentences": {MAIN.name: {"identified": identified}},
        "voices": {"synthetic": {"equal_error_rate": errors}},
    }


def test_attackers_that_break_clean_sound_and_the_control_are_good_enough() -> None:
    assert failures({"none": record(0.97, 0.02), "scrample": record(0.9, 0.02)}) == []


@pytest.mark.parametrize(
    ("clean", "control", "said"),
    [
        (record(0.94, 0.02), record(0.9, 0.02), "none: 94.0%"),
        (record(0.97, 0.11), record(0.9, 0.02), "equal error rate 11.0%"),
        (record(0.97, 0.02), record(0.7, 0.02), "scrample: 70.0%"),
    ],
)
def test_weak_attackers_publish_nothing(clean: dict[str, Any], control: dict[str, Any], said: str) -> None:
    with pytest.raises(NotValid, match=said):
        check({"none": clean, "scrample": control})


def test_without_clean_sound_there_is_nothing_to_compare_with() -> None:
    assert failures({"dp_noise": record(0.5, 0.5)}) == ["none was not measured", "scrample was not measured"]
