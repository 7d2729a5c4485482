# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""What leaks and what it costs, as PRIVACY.md quotes it: a row a method, worst attacker each."""

from __future__ import annotations

from typing import Any

from anonymizers.registry import RECOMMENDED
from benchmarks import report

_TAGGERS = ("mn04_as", "hearken_small")
_HEAD = (
    "method",
    "sentences identified, of 20 (guessing: 5%)",
    "the same from 16 near copies of a clip",
    "words wrong",
    "PINs",
    "voices: equal error rate (guessing: 50%)",
    "voices found at 1% false",
    "under talk: sentences, voices",
    "alarms found",
    "alarms found under equally loud talk",
    "mean average precision lost",
    "10 s of sound",
)


def table() -> str:
    """Return the table of all methods, the most leaking first."""
    methods = report.read("privacy")["methods"]
    ordered = sorted(methods, key=lambda name: -methods[name]["worst"]["identified"])
    rows = [_row(name, methods[name]) for name in ordered]
    return "\n".join(f"| {' | '.join(row)} |" for row in (_HEAD, ["---"] * len(_HEAD), *rows))


def line() -> str:
    """Return what the recommended method leaves to the worst attackers, and what it costs, in two sentences."""
    methods = report.read("privacy")["methods"]
    plain, gated = (methods[name]["worst"] for name in ("none", RECOMMENDED))
    record = methods[RECOMMENDED]
    lost = {
        name: _found(methods["none"], name) - _found(record, name) for name in _TAGGERS if name in record["detection"]
    }
    kept = sorted(_under_talk(record, name) / _under_talk(methods["none"], name) for name in lost)
    return (
        f"Of 20 sentences that an attacker expects, the best one told {plain['identified']:.0%} as they are, and "
        f"{gated['identified']:.0%} behind `{RECOMMENDED}` (guessing: 5%); of 100 PINs {plain['pins_found']}, and "
        f"{gated['pins_found']}. Alarms that nobody talks over: {max(lost.values()):.0%} lost; with talk over them as "
        f"loud, {1 - kept[-1]:.0%} to {1 - kept[0]:.0%} (`make bench-privacy`)."
    )


def _found(record: dict[str, Any], tagger: str) -> float:
    found: float = record["detection"][tagger]["alarm_recall"]
    return found


def _under_talk(record: dict[str, Any], tagger: str) -> float:
    found: float = record["talk_over_alarms_db"]["0"]["alarm_recall"][tagger]["alarm_recall"]
    return found


def _row(name: str, record: dict[str, Any]) -> list[str]:
    worst = record["worst"]
    return [
        f"`{name}`",
        _with_interval(worst["identified"], worst["identified_interval_95"]),
        _percent(worst["identified_from_near_copies"], "no change"),
        _percent(worst["word_error_rate"]),
        f"{worst['pins_found']} of {record['pins']['of']}",
        _with_interval(worst["equal_error_rate"], worst["equal_error_rate_interval_95"]),
        _percent(worst["found_at_1_percent_false_positives"]),
        f"{_percent(worst['identified_over_alarms'])}, {_percent(worst['equal_error_rate_over_alarms'])}",
        _by_tagger(record.get("detection"), "alarm_recall"),
        _by_tagger(record.get("talk_over_alarms_db", {}).get("0", {}).get("alarm_recall"), "alarm_recall"),
        _by_tagger(record.get("detection"), "mean_average_precision_lost"),
        f"{record['cpu_ms_for_10_s']:.0f} ms",
    ]


def _by_tagger(found: dict[str, Any] | None, key: str) -> str:
    if not found:
        return "not measured"
    return ", ".join(_percent(found[name][key]) for name in _TAGGERS if name in found)


def _with_interval(share: float, interval: list[float]) -> str:
    low, high = interval
    return f"{share:.0%} ({low:.0%} to {high:.0%})"


def _percent(share: float | None, otherwise: str = "not measured") -> str:
    return otherwise if share is None else f"{share:.0%}"
