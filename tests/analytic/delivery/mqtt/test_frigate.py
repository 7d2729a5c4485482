# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import re

import pytest

from analytic.delivery.mqtt import frigate
from analytic.events.classes import ALERT_CLASSES


@pytest.mark.parametrize(
    ("event_class", "mid", "labels"),
    [
        ("scream", "/m/03qc9zr", ("yell", "scream")),
        ("distress", "/m/07p6fty", ("yell",)),
        ("distress", "/m/07sr1lc", ("yell",)),
        ("distress", "/m/0463cq4", ("crying",)),
        ("distress", "/m/07s2xch", ("yell",)),
        ("glass_break", "/m/07rn7sz", ("shatter",)),
        ("glass_break", "/m/07pc8lb", ("glass",)),
        ("smoke_alarm", "/m/01y3hg", ("smoke_detector",)),
        ("smoke_alarm", "/m/0c3f7m", ("fire_alarm",)),
        ("gunshot", "/m/032s66", ("gunshot",)),
        ("fire", "/m/02_41", ("fire",)),
        ("siren", "/m/03kmc9", ("siren",)),
        ("dog_bark", "/m/05tny_", ("bark",)),
        ("baby_cry", "/t/dd00002", ("crying",)),
        ("my_own", "/m/07rn7sz", ("my_own",)),
    ],
)
def test_an_alarm_goes_by_frigates_word(event_class: str, mid: str, labels: tuple[str, ...]) -> None:
    assert frigate.labels({"event_class": event_class, "mid": mid}) == labels


def test_every_class_has_a_word_that_fits_into_a_topic() -> None:
    for one in ALERT_CLASSES:
        for mid in one.mids:
            for label in frigate.labels({"event_class": one.name, "mid": mid}):
                assert re.fullmatch("[a-z_]+", label)


@pytest.mark.parametrize(("level_dbfs", "rms"), [(0.0, 32768.0), (-6.0, 16422.9), (-96.0, 0.5), (-300.0, 0.0)])
def test_a_level_is_told_on_the_scale_of_16_bit_samples(level_dbfs: float, rms: float) -> None:
    assert frigate.rms(level_dbfs) == rms
