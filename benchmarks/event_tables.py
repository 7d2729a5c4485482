# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The tables about live sound that pages quote: alarms in soundscapes, what users run today, cost and delay."""

from __future__ import annotations

from typing import Any

from benchmarks import report

SNRS = ("0", "6", "12", "20")
FEW = 10


def of_column(name: str) -> str:
    """What each alert class finds and falsely raises, for one column of benchmarks/results/events.json."""
    found = report.read("events")["columns"][name]["hearken_medium"]
    lines = [
        "| class | 0 dB | 6 dB | 12 dB | 20 dB | a day at home | at most | in soundscapes | onset off | told after |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for event_class, figures in found["scenes"]["classes"].items():
        home = found["household"]["classes"][event_class]
        few = "" if figures["recordings"] >= FEW else f" ({figures['recordings']} recordings: not scored)"
        cells = [
            f"{event_class}{few}",
            *(_found(figures["by_snr_db"].get(snr)) for snr in SNRS),
            f"{home['false_alarms_per_day']:.1f}",
            f"{home['false_alarms_per_day_at_most']:.1f}",
            f"{figures['false_alarms_per_day']:.0f}",
            _error(figures["onset_error_s"]),
            "" if figures["delay_s"] is None else f"{figures['delay_s']['median']:.1f} s",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def baseline() -> str:
    """Ours against a single window over one threshold, all scored classes together, in the same run."""
    lines = [
        "| tagger | alarms | found at 12 dB | found at all SNRs | false a day at home, a class | ... in soundscapes |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, column in report.read("events")["columns"].items():
        for way, title in (
            ("hearken_very_low", "Hearken, very_low"),
            ("hearken_medium", "Hearken, medium"),
            ("hearken_medium_without_habituation", "... without habituation"),
            ("single_window_0.5", "one window over 0.5"),
            ("single_window_0.8", "one window over 0.8"),
        ):
            figures = column[way]
            scored = figures["scenes"]["scored"]
            names = scored["names"]
            home = sum(figures["household"]["classes"][one]["false_alarms_per_day"] for one in names) / len(names)
            cells = [
                name,
                title,
                _found(scored["by_snr_db"].get("12")),
                _found(scored),
                f"{home:.2f}",
                f"{scored['false_alarms_per_day'] / len(names):.1f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def live() -> str:
    """What live sound costs, and how soon an alarm is told."""
    result = report.read("live")
    capacity, delay = result["capacity"], result["delay"]
    last = capacity["runs"][-1]
    rows = [
        (
            "a hop of 0.5 s of one source, windows of 2 s and 10 s",
            f"{capacity['hop_ms']['mean']:.1f} ms",
        ),
        (
            "the same if every window were recomputed",
            f"{capacity['hop_ms_if_every_window_were_recomputed']['mean']:.1f} ms",
        ),
        ("live sources that one core carried without a late hop", f"{capacity['sources_carried']}"),
        (
            "... as many as the cost of a hop allows; if every window were recomputed",
            f"{capacity['sources_by_cost']}; {capacity['sources_by_cost_if_recomputed']}",
        ),
        (f"the longest wait with {last['sources']} sources", f"{last['longest_wait_s']:.2f} s"),
        (
            f"onset to consumer, {' and '.join(delay['one_window']['classes'])}: median, 95 %",
            _delay(delay["one_window"]),
        ),
        (
            f"onset to consumer, {', '.join(delay['confirmed']['classes'])}: median, 95 %",
            _delay(delay["confirmed"]),
        ),
        ("... and until the score of one window was there", _spread(delay["confirmed"]["score_there"])),
    ]
    return "\n".join(["| what | figure |", "| --- | --- |", *(f"| {what} | {figure} |" for what, figure in rows)])


def window_lengths() -> str:
    """What windows of each length find, raw scores, at 24 false stretches a day."""
    result = report.read("window_lengths")
    lengths = result["lengths"]
    lines = [f"| class | events | {' | '.join(lengths)} |", "| --- | --- |" + " --- |" * len(lengths)]
    for name, figures in next(iter(lengths.values())).items():
        cells = [f"{lengths[length][name]['found']['24']:.0%}" for length in lengths]
        lines.append(f"| {name} | {figures['events']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def onsets() -> str:
    """How far off the onsets of clear sounds are, by how faint a trace may be their begin."""
    columns = report.read("onsets")["columns"]
    names = " | ".join(f"alarms, `{name}` | labels, `{name}`" for name in columns)
    lines = [f"| a trace lies below the threshold by | {names} |", "| --- |" + " --- |" * (2 * len(columns))]
    for trace in next(iter(columns.values()))["alarms"]:
        cells = [_within(column[kind][trace]) for column in columns.values() for kind in ("alarms", "labels")]
        lines.append(f"| {trace} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _within(figures: dict[str, Any]) -> str:
    early = f", {figures['early_by_1_s']:.0%} early" if figures["early_by_1_s"] else ""
    return f"{figures['within_0.5_s']:.0%} of {figures['found']}, {figures['mean_signed_s']:+.2f} s{early}"


def unusual() -> str:
    """How much unusual sound is told, and how often usual sound is taken for it."""
    result = report.read("unusual")
    lines = [
        "| household, tagger | way | days | false alarms a day (at most) | new sounds told, tried one by one |",
        "| --- | --- | --- | --- | --- |",
    ]
    households = {
        "chosen_on": "the two that the detector's numbers were chosen on, mn04_as",
        "mn04_as": "another, mn04_as",
        "hearken_small": "another, hearken_small",
    }
    for key, household in households.items():
        for way, figures in result.get(key, {}).items():
            tried = figures["tried"]
            low, high = tried["interval"]
            share = f"{tried['share']:.0%} of {tried['of']} ({low:.0%} to {high:.0%})"
            kind, _, number = way.rpartition("_")
            title = f"`{kind}` = {number}" if kind == "unusual_per_day" else f"new highest class, from score {number}"
            lines.append(
                f"| {household} | {title} | {figures['days']:g} | {figures['false_alarms_per_day']:.1f} "
                f"({figures['at_most_per_day']:.1f}) | {share} |"
            )
    return "\n".join(lines)


def carried() -> str:
    """How many live sources one core carries, in a sentence."""
    return f"One core carried {report.read('live')['capacity']['sources_carried']} live sources without a late hop."


def _found(figures: dict[str, Any] | None) -> str:
    if figures is None or not figures["events"]:
        return ""
    low, high = figures["recall_95"]
    return f"{figures['recall']:.0%} of {figures['events']} ({low:.0%} to {high:.0%})"


def _delay(figures: dict[str, Any]) -> str:
    told = f"{figures['told']} of {figures['played']} told"
    return f"{_spread(figures)} ({told})"


def _spread(figures: dict[str, Any]) -> str:
    return f"{figures['median_s']:.2f} s, {figures['p95_s']:.2f} s"


def _error(figures: dict[str, float] | None) -> str:
    return "" if figures is None else f"{figures['median']:.2f} s ({figures['p95']:.1f} s)"
