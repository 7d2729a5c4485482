# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The alert classes: which AudioSet classes make an alarm, and by which rule.

A class's score is that of the tagger's alarm head for it (model/heads), and where it has none, the highest weighted
score of its members, looked for among all 527, never only among the top five. With a head, the thresholds are the
operating points that were measured for it. `threshold` here is for scores without one: each is the score that 1 % of
the labelled training clips *without* the class reach (``python -m benchmarks.accuracy --calibrate``), for the tagger
`mn04_as`; what that catches on recordings it was not chosen on stands in benchmarks/results/accuracy.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from analytic.events.habituation import DEFAULT, NONE, Habituation
from analytic.events.odds import moved
from analytic.events.rules import Guard, Rule, Severity

_LOGIT_BELOW = 1.0  # an event goes on until its score lies this far below the threshold, in log odds


@dataclass(frozen=True, slots=True)
class Confusers:
    """AudioSet classes that are easily taken for an alert class; see `analytic.events.rules.Guard`."""

    name: str
    mids: tuple[str, ...]
    ratio: float


_FIREWORKS = Confusers("fireworks", ("/m/0g6b5", "/g/122z_qxw", "/m/073cg4"), 3.0)
_TABLE = Confusers("crockery or coins", ("/m/07q7njn", "/m/0242l", "/m/04brg2"), 6.0)
_TALK = Confusers("speech, song or television", ("/m/09x0r", "/m/07c52", "/m/015lz1", "/m/01j3sz"), 40.0)
_BABY = Confusers("a crying baby", ("/t/dd00002",), 2.0)


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
        Score, 0..1, from which it is an alarm where the tagger has no head for it.
    enabled
        Whether it is on where the settings do not say.
    severity
        How bad it is.
    confirm, among, min_s, max_s, release_s, cool_down_s, escalation, habituation, lag_s
        As in `analytic.events.rules.Rule`.
    sure_above
        How far above the threshold, in log odds, one window is enough; None for never.
    confusers
        What vetoes it.
    children
        Classes that say it more precisely.
    weights
        What each member's score is multiplied by; empty for 1 each.
    """

    name: str
    mids: tuple[str, ...]
    threshold: float
    enabled: bool = True
    severity: Severity = "warning"
    confirm: int = 1
    among: int = 1
    min_s: float = 0.0
    max_s: float = 600.0
    release_s: float = 1.0
    cool_down_s: float = 30.0
    escalation: float = 0.3
    habituation: Habituation = DEFAULT
    lag_s: float = 0.5
    sure_above: float | None = None
    confusers: tuple[Confusers, ...] = ()
    children: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()

    def rule(self, index_of: Callable[[str], int], on: float | None = None, off: float | None = None) -> Rule:
        """Return its rule, with these thresholds or its own; without `off` that lies one unit of log odds below `on`.

        Raises
        ------
        ValueError
            The values do not make a rule.
        """
        on = self.threshold if on is None else on
        return Rule(
            name=self.name,
            members=tuple(index_of(mid) for mid in self.mids),
            weights=self.weights,
            on=on,
            off=below(on) if off is None else off,
            confirm=self.confirm,
            among=self.among,
            sure=None if self.sure_above is None else max(on, moved(on, self.sure_above)),
            min_s=self.min_s,
            max_s=self.max_s,
            release_s=self.release_s,
            cool_down_s=self.cool_down_s,
            escalation=self.escalation,
            habituation=self.habituation,
            lag_s=self.lag_s,
            guards=tuple(
                Guard(one.name, tuple(index_of(mid) for mid in one.mids), one.ratio) for one in self.confusers
            ),
            children=self.children,
            severity=self.severity,
        )


def below(on: float) -> float:
    """Return the score one unit of log odds below `on`, 0 < on <= 1."""
    return moved(on, -_LOGIT_BELOW)


# A class stands after those that say it more precisely. What may kill never wears off, nor that for which somebody has
# to go each time; a dog may bark clearly all day, so that wears off further.
# `sure_above`: of one and two units the lower that found no fewer alarms at the same false alarms a day, with either
# tagger; a scream, told within 1.5 s as it is, only raised more false alarms by it.
ALERT_CLASSES = (
    AlertClass(
        "glass_break", ("/m/07rn7sz", "/m/07pc8lb"), 0.017, severity="critical", cool_down_s=20.0, confusers=(_TABLE,)
    ),
    AlertClass("scream", ("/m/03qc9zr",), 0.023, severity="critical", confirm=2, among=3, confusers=(_TALK,)),
    AlertClass(
        "gunshot",
        ("/m/032s66", "/m/04zjc", "/m/02z32qm", "/m/0_1c"),
        0.1,
        severity="critical",
        cool_down_s=20.0,
        confusers=(_FIREWORKS,),
    ),
    AlertClass(
        "explosion",
        ("/m/014zdl", "/m/07qqyl4", "/m/07qsvvw"),
        0.037,
        severity="critical",
        confusers=(_FIREWORKS,),
        children=("gunshot",),
    ),
    AlertClass(
        "fire",
        ("/m/02_41", "/m/07pzfmf"),
        0.039,
        severity="critical",
        confirm=3,
        among=4,
        release_s=3.0,
        habituation=NONE,
        sure_above=1.0,
    ),
    AlertClass(
        "smoke_alarm",
        ("/m/01y3hg", "/m/0c3f7m"),
        0.008,
        severity="critical",
        confirm=2,
        among=3,
        release_s=4.0,
        habituation=NONE,
        sure_above=2.0,
    ),
    AlertClass(
        "baby_cry",
        ("/t/dd00002",),
        0.0057,
        enabled=False,
        severity="notice",
        confirm=2,
        among=3,
        release_s=3.0,
        cool_down_s=60.0,
        sure_above=2.0,
        habituation=NONE,
    ),
    AlertClass(
        "crash",
        ("/m/07pjjrj", "/m/07rknqz", "/m/0h9mv", "/m/07pws3f", "/m/07qnq_y"),
        0.052,
        enabled=False,
        children=("glass_break",),
    ),
    AlertClass(
        "distress",
        ("/m/07p6fty", "/m/07sr1lc", "/m/0463cq4", "/m/07s2xch"),
        0.029,
        enabled=False,
        confirm=3,
        among=6,
        release_s=5.0,
        cool_down_s=120.0,
        confusers=(_BABY, _TALK),
        children=("scream",),
    ),
    AlertClass(
        "siren",
        ("/m/03kmc9",),
        0.0085,
        enabled=False,
        severity="notice",
        confirm=2,
        among=3,
        release_s=4.0,
        sure_above=2.0,
    ),
    AlertClass("doorbell", ("/m/03wwcy",), 0.004, enabled=False, severity="notice", cool_down_s=10.0, habituation=NONE),
    AlertClass("knock", ("/m/07r4wb8",), 0.14, enabled=False, severity="notice", cool_down_s=10.0, habituation=NONE),
    AlertClass(
        "dog_bark",
        ("/m/05tny_",),
        0.011,
        enabled=False,
        severity="notice",
        release_s=3.0,
        cool_down_s=60.0,
        habituation=replace(DEFAULT, most=6.0),
    ),
    AlertClass(
        "car_alarm", ("/m/02mfyn",), 0.0015, enabled=False, severity="notice", confirm=2, among=3, release_s=4.0
    ),
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
