# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What links natural speakers behind the gate: their voices, or the rooms and microphones of the recordings?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anonymizers.registry import RECOMMENDED
from benchmarks import report
from benchmarks.privacy import speakers
from benchmarks.privacy.attackers import base
from benchmarks.privacy.home import BELOW_DB, in_one_home
from benchmarks.privacy.material import WHOLE, Natural, natural
from benchmarks.privacy.methods import ATTACKER, HOUSEHOLD, Method

PAUSES = "benchmarks.privacy.pauses:Pauses"
NOTHING_HIDDEN, BACKGROUND = "none", "pauses"


def controls(speech: Path | None) -> dict[str, Any]:
    """Return how well natural speakers are linked: by the background alone, and in one home."""
    people = natural(WHOLE, speech)
    if people is None:
        return {}
    return {
        "background_alone": _linked(PAUSES, people),
        "one_home": {f"{below_db:g}": _at_home(in_one_home(people, below_db)) for below_db in BELOW_DB},
    }


def table() -> str:
    """Return the series in one home, a row a background, and the recordings as they are."""
    result = report.read("privacy")
    known, methods = result["controls"], result["methods"]
    as_is = [methods[name]["voices"]["natural"] for name in (NOTHING_HIDDEN, RECOMMENDED)]
    lines = [
        f"| background | nothing hidden | `{RECOMMENDED}` | no voice at all |",
        "| --- | --- | --- | --- |",
        *(
            f"| {below_db} dB below speech | {_rate(found[NOTHING_HIDDEN])} | {_rate(found[RECOMMENDED])} "
            f"| {_rate(found[BACKGROUND])} |"
            for below_db, found in known["one_home"].items()
        ),
        f"| each recording's own | {_rate(as_is[0])} | {_rate(as_is[1])} | {_rate(known['background_alone'])} |",
    ]
    return "\n".join(lines)


def _rate(found: dict[str, Any]) -> str:
    low, high = found["interval_95"]
    return f"{found['equal_error_rate']:.0%} ({low:.0%} to {high:.0%})"


def _at_home(people: Natural) -> dict[str, Any]:
    methods = {NOTHING_HIDDEN: NOTHING_HIDDEN, RECOMMENDED: RECOMMENDED, BACKGROUND: PAUSES}
    return {label: _linked(name, people) for label, name in methods.items()}


def _linked(name: str, people: Natural) -> dict[str, Any]:
    ours, theirs = Method(name, HOUSEHOLD), Method(name, ATTACKER)
    label = BACKGROUND if name == PAUSES else name
    return speakers.linkability(label, ours, theirs, speakers.of_people(people), base.voice_readers())
