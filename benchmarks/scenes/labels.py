# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""Which clip is an event of an alert class, and which may hold one unsaid: the rules for weak labels, in two tables.

A label of the pack names what somebody heard or a file was called; what it does not name may sound all the same. So
for each alert class a clip is one of three: an event, doubtful (never played where the class is looked for), or no
alarm. What only resembles an alarm (fireworks, thunder, a slammed door, a doorbell for a smoke alarm) is no alarm, on
purpose: telling these apart is the task.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from analytic.events.classes import ALERT_CLASSES
from model.labels import find

# Labels that a clip bears only because AudioSet's tree puts its own label below theirs, or that come with a source of
# another kind: with one of these a clip is no event of the class, whatever its other labels.
NOT_AN_EVENT: Mapping[str, tuple[str, ...]] = {
    # Wood that breaks, and cars that crash.
    "glass_break": ("Wood", "Smash, crash"),
    # Every gunshot and firework is an "Explosion" by the tree.
    "explosion": ("Gunshot, gunfire", "Machine gun", "Artillery fire", "Fireworks", "Firecracker"),
    # Every crying baby is "Crying, sobbing" by the tree.
    "distress": ("Baby cry, infant cry",),
    "crash": ("Dishes, pots, and pans",),
}

# Of what NOT_AN_EVENT turns away, this is certainly another sound, thus no alarm; the rest stays doubtful.
CERTAINLY_NOT: Mapping[str, tuple[str, ...]] = {"explosion": ("Fireworks", "Firecracker")}


@dataclass(frozen=True, slots=True)
class Doubt:
    """A label under which a class may hide, unless one of `explained_by` tells what it is."""

    label: str
    explained_by: tuple[str, ...] = ()


_NAMED_ALARMS = (
    *("Siren", "Car alarm", "Smoke detector, smoke alarm", "Fire alarm", "Alarm clock", "Doorbell", "Telephone"),
    *("Ringtone", "Bicycle bell", "Reversing beeps", "Steam whistle", "Foghorn", "Civil defense siren"),
)
_BARE_ALARM = Doubt("Alarm", _NAMED_ALARMS)
_BEEPS = (_BARE_ALARM, Doubt("Beep, bleep", _NAMED_ALARMS), Doubt("Buzzer", _NAMED_ALARMS))
_VOICES = tuple(
    Doubt(label)
    for label in ("Shout", "Yell", "Whoop", "Battle cry", "Children shouting", "Children playing", "Cheering")
)
_CRIES = tuple(Doubt(label) for label in ("Crying, sobbing", "Wail, moan", "Whimper", "Groan"))
_VEHICLE_LIGHTS = tuple(
    Doubt(label) for label in ("Emergency vehicle", "Police car (siren)", "Ambulance (siren)", "Civil defense siren")
)

DOUBTS: Mapping[str, tuple[Doubt, ...]] = {
    # A glass that only chinks is a chink; "Glass" alone can be either.
    "glass_break": (Doubt("Glass", ("Chink, clink",)), Doubt("Smash, crash"), Doubt("Breaking")),
    "scream": (*_VOICES, *_CRIES, Doubt("Baby cry, infant cry")),
    # An explosion without a further name stays in: it resembles a shot, and is none.
    "gunshot": (Doubt("Cap gun"),),
    "explosion": (Doubt("Eruption"),),
    "fire": (),
    # A telephone, doorbell or alarm clock resembles it and is none; a nameless beep may be one.
    "smoke_alarm": _BEEPS,
    "baby_cry": (Doubt("Crying, sobbing"), Doubt("Whimper"), Doubt("Children shouting"), Doubt("Children playing")),
    "crash": tuple(Doubt(label) for label in ("Breaking", "Shatter", "Slam", "Clatter", "Explosion", "Whack, thwack")),
    "distress": (*_VOICES, *_CRIES, Doubt("Screaming"), Doubt("Baby cry, infant cry")),
    "siren": (*_BEEPS, *_VEHICLE_LIGHTS, Doubt("Car alarm"), Doubt("Fire alarm")),
    "doorbell": (*_BEEPS, Doubt("Ding-dong"), Doubt("Ding"), Doubt("Chime", ("Wind chime",))),
    "knock": (Doubt("Tap"), Doubt("Hammer"), Doubt("Thump, thud"), Doubt("Door", ("Doorbell", "Slam", "Squeak"))),
    "dog_bark": (Doubt("Dog"), Doubt("Canidae, dogs, wolves"), Doubt("Howl"), Doubt("Growling"), Doubt("Yip")),
    "car_alarm": (*_BEEPS, Doubt("Siren"), Doubt("Vehicle horn, car horn, honking")),
}


def events_in(names: Collection[str]) -> frozenset[str]:
    """Return the alert classes of which a clip with these labels (English names) is an event."""
    return frozenset(
        alert
        for alert, members in _members().items()
        if not members.isdisjoint(names) and not any(label in names for label in NOT_AN_EVENT.get(alert, ()))
    )


def may_hold(names: Collection[str]) -> frozenset[str]:
    """Return the alert classes that a clip with these labels is or may be; without labels, none."""
    return frozenset(alert for alert in _members() if _may_be(alert, names))


def _may_be(alert: str, names: Collection[str]) -> bool:
    if any(label in names for label in CERTAINLY_NOT.get(alert, ())):
        return False
    doubtful = any(
        doubt.label in names and not any(label in names for label in doubt.explained_by) for doubt in DOUBTS[alert]
    )
    return doubtful or not _members()[alert].isdisjoint(names)


@cache
def _members() -> Mapping[str, frozenset[str]]:
    """English names of the labels that make an alert class."""
    found = {alert.name: [find(mid) for mid in alert.mids] for alert in ALERT_CLASSES}
    return {alert: frozenset(label.name for label in labels if label) for alert, labels in found.items()}
