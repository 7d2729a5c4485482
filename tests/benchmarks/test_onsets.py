# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What a trace is worth, as docs/alerts.md and decision 0007 say it, held to the result; and how errors are counted."""

from __future__ import annotations

import math

import pytest

from analytic.events import policy, timeline
from benchmarks import onsets, report


def test_errors_are_counted_to_both_sides_and_early_ones_apart() -> None:
    assert onsets._errors([-2.0, -0.5, 0.1, 0.2, 0.6]) == {
        "found": 5,
        "median_s": 0.5,
        "mean_signed_s": -0.32,
        "within_0.2_s": 0.4,
        "within_0.5_s": 0.6,
        "early_by_1_s": 0.2,
    }


def test_what_ships_is_among_what_was_tried() -> None:
    assert policy.TRACE == 4.0
    on, trace = (math.log(one / (1 - one)) for one in (timeline.ON, timeline.TRACE))
    assert on - trace == pytest.approx(3.0, abs=0.05)
    assert {3.0, policy.TRACE} <= set(onsets.TRACES)


@pytest.mark.parametrize("tagger", ["mn04_as", "hearken_small"])
def test_four_in_five_onsets_are_within_half_a_second_and_half_of_them_were(tagger: str) -> None:
    alarms = report.read("onsets")["columns"][tagger]["alarms"]
    assert alarms["4"]["within_0.5_s"] >= 0.8
    assert alarms["0"]["within_0.5_s"] == pytest.approx(0.5, abs=0.03)
    assert alarms["0"]["mean_signed_s"] > 0.9, "late"
