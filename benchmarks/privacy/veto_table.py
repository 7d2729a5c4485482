# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What sparing alarms costs, as PRIVACY.md quotes it: a row a strength of the veto."""

from __future__ import annotations

from typing import Any

from benchmarks import report

_GATE, _CHAIN = "speech_gate", "speech_gate+reverse_splice"
_SAID = {
    "plain": "nothing hidden, to compare",
    f"{_GATE} off": f"**`{_GATE}`, no veto: the default**",
    f"{_GATE} likelier 0": "likelier than speech, any score: `alert_veto = true`",
    f"{_GATE} outright 0": "outright, any score: the gate is off",
    f"{_CHAIN} off": f"`{_CHAIN}`, no veto",
    f"{_CHAIN} likelier 0": "likelier than speech, any score: `alert_veto = true`",
    f"{_CHAIN} outright 0.5": "outright, from 0.5",
    f"{_CHAIN} outright 0": "outright, any score: the gate is off",
}
_RULES = {f"{_GATE} likelier": "likelier than speech, from", f"{_GATE} outright": "outright, from"}


def table() -> str:
    """Return the table, the weakest veto first; of the chain only what it takes to compare."""
    taggers = report.read("privacy_veto")["taggers"]
    head = ["veto", *(f"{what}, `{name}`" for name in taggers for what in ("alarms found", "sentences identified"))]
    names = [name for name in next(iter(taggers.values())) if _said(name)]
    rows = [[_said(name), *(cell for points in taggers.values() for cell in _cells(points[name]))] for name in names]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _said(name: str) -> str:
    rule, _, threshold = name.rpartition(" ")
    return _SAID.get(name) or (f"{_RULES[rule]} {threshold}" if rule in _RULES else "")


def _cells(point: dict[str, Any]) -> list[str]:
    sentences = point["sentences"]
    return [
        _with_interval(point["alarm_recall"], point["alarm_recall_interval_95"]),
        _with_interval(sentences["identified"], sentences["interval_95"]),
    ]


def _with_interval(share: float, interval: list[float]) -> str:
    low, high = interval
    return f"{share:.0%} ({low:.0%} to {high:.0%})"
