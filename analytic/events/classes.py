# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The alert classes: which AudioSet classes make an alarm, and from which score on.

A class's score is the highest score of its members, looked for among all 527, never only among the top five. Each
threshold is the score that 1 % of the labelled training clips *without* the class reach (``python -m
benchmarks.accuracy --calibrate``), for the tagger `mn04_as`; what that catches on recordings it was not chosen on
stands in benchmarks/results/accuracy.json. One false alarm in a hundred clips suits uploads; who analyses every ten
seconds of a day should set higher thresholds (`alerts.thresholds`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class AlertClass:
    """One kind of alarm.

    Attributes
    ----------
    name
        As in messages, such as ``glass_break``.
    mids
        The AudioSet ids that count.
    threshold
        Score, 0..1, from which it is an alarm.
    enabled
        Whether it is on where the settings do not say.
    """

    name: str
    mids: tuple[str, ...]
    threshold: float
    enabled: bool = True


ALERT_CLASSES = (
    AlertClass("glass_break", ("/m/07rn7sz", "/m/07pc8lb"), 0.017),
    AlertClass("scream", ("/m/03qc9zr",), 0.023),
    AlertClass("gunshot", ("/m/032s66", "/m/04zjc", "/m/02z32qm", "/m/0_1c"), 0.1),
    AlertClass("explosion", ("/m/014zdl", "/m/07qqyl4", "/m/07qsvvw"), 0.037),
    AlertClass("fire", ("/m/02_41", "/m/07pzfmf"), 0.039),
    AlertClass("smoke_alarm", ("/m/01y3hg", "/m/0c3f7m"), 0.008),
    AlertClass("baby_cry", ("/t/dd00002",), 0.0057, enabled=False),
    AlertClass("crash", ("/m/07pjjrj", "/m/07rknqz", "/m/0h9mv", "/m/07pws3f", "/m/07qnq_y"), 0.052, enabled=False),
    AlertClass("distress", ("/m/07p6fty", "/m/07sr1lc", "/m/0463cq4", "/m/07s2xch"), 0.029, enabled=False),
    AlertClass("siren", ("/m/03kmc9",), 0.0085, enabled=False),
    AlertClass("doorbell", ("/m/03wwcy",), 0.004, enabled=False),
    AlertClass("knock", ("/m/07r4wb8",), 0.14, enabled=False),
    AlertClass("dog_bark", ("/m/05tny_",), 0.011, enabled=False),
    AlertClass("car_alarm", ("/m/02mfyn",), 0.0015, enabled=False),
)

THRESHOLDS: Mapping[str, Mapping[str, float]] = {
    # It was trained on the training recordings, so these are from the validation ones.
    "hearken_small": {
        "glass_break": 0.024,
        "scream": 0.066,
        "gunshot": 0.1,
        "explosion": 0.023,
        "fire": 0.034,
        "smoke_alarm": 0.0081,
        "baby_cry": 0.076,
        "crash": 0.032,
        "distress": 0.063,
        "siren": 0.029,
        "doorbell": 0.014,
        "knock": 0.065,
        "dog_bark": 0.017,
        "car_alarm": 0.0022,
    }
}
"""Thresholds of other taggers than `mn04_as`, by tagger and class; a tagger that is not named here gets the table's."""


def alert_classes(tagger: str) -> tuple[AlertClass, ...]:
    """Return the alert classes with the thresholds that were found for the tagger of this name."""
    own = THRESHOLDS.get(tagger, {})
    return tuple(replace(alert, threshold=own.get(alert.name, alert.threshold)) for alert in ALERT_CLASSES)
