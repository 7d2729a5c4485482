# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The report as one HTML page that needs nothing else: no script, nothing from the network, pictures inside.

All text is escaped here, by `markup.text` or one of its neighbours; the page forbids scripts and foreign resources
besides, so that a hostile file name stays text.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable

from analytic.errors import ExtraMissing
from analytic.reports import markup, pictures, timeline
from analytic.reports.report import Report
from analytic.reports.style import CSS
from analytic.reports.timeline import Entry
from analytic.reports.wording import clock, counted, number

MOST_ROWS = 500
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_WHERE = {"server": "in the service, once the sound had come in", "client": "before the sound was sent"}
_METHOD = (
    "The tagger heard the recording in short windows that overlap, and gave each a score from 0 to 1 for every class.",
    "A class counts as heard from where its score rises over one threshold to where it has stayed under a lower one.",
    "An alarm takes more: enough windows that agree, long enough, and no sound that is easily mistaken for it.",
    "A surge is where the level suddenly stands far above the background, whatever the sound is.",
)
_NO_SOUND = (
    "This report holds no sound, and the recording cannot be made from it. It does tell what happened when, and the "
    "pictures tell how loud it was; pass it on as you would pass on that knowledge."
)
_SPECTRUM = (
    "The picture of the spectrum is coarse, but it may still tell when somebody spoke, and about how high the voice is."
    " How much more can be told from it has not been measured."
)


def html(report: Report) -> str:
    """Return the page; where matplotlib is missing it has no pictures, and says so."""
    title = report.title or report.id
    sections = (
        _what(report),
        _alarms(report),
        _notes(report),
        _pictures(report),
        _timeline(report),
        _surges(report),
        _method(report),
    )
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{markup.text(title)} - sound report</title>",
            f"<style>{CSS}</style>",
            "</head>",
            "<body>",
            "<main>",
            f"<h1><bdi>{markup.text(title)}</bdi></h1>",
            f'<p class="soft">{markup.text(_summary(report))}</p>',
            *(section for section in sections if section),
            "</main>",
            "</body>",
            "</html>",
            "",
        )
    )


def _summary(report: Report) -> str:
    found = (counted(len(report.alarms), "alarm"), counted(len(report.surges), "surge"))
    heard = counted(len({one.label for one in report.heard}), "class", "classes")
    return f"Sound report of {clock(report.duration_s)}: {', '.join(found)}, {heard} heard."


def _what(report: Report) -> str:
    form = (
        report.container,
        report.encoding,
        f"{report.sample_rate_hz} Hz" if report.sample_rate_hz else "",
        counted(report.channels, "channel") if report.channels else "",
    )
    hidden = "none" if report.method == "none" else f"{report.method}, {_WHERE.get(report.mode, report.mode)}"
    facts = {
        "Analysed": f"{clock(report.duration_s)} ({number(report.duration_s)} s)",
        "Made": report.created,
        "Recording": ", ".join(part for part in form if part),
        "Tagger": f"{report.model} {report.model_version}",
        "Anonymiser": hidden,
        "Preparation": ", then ".join(report.preprocessing) or "none",
        "Highest classes": ", ".join(f"{one.label} {one.score:.2f}" for one in report.classes),
        "Report": report.id,
    }
    known = markup.section("What and when", markup.facts({name: fact for name, fact in facts.items() if fact}))
    chosen = markup.section("Settings", markup.facts(report.settings)) if report.settings else ""
    return f"{known}\n{chosen}"


def _alarms(report: Report) -> str:
    found = sorted(timeline.alarms(report), key=lambda one: one.onset_s)
    if not found:
        return markup.section("Alarms", markup.paragraph("There was no alarm."))
    heads = ("From", "To", "Alarm", "Severity", "Heard as", "Score", "Peak (dBFS)")
    rows = (
        (
            *_span(one),
            one.event_class,
            one.severity,
            one.label,
            number(one.score, 2),
            number(one.level_dbfs, 1),
        )
        for one in found[:MOST_ROWS]
    )
    return markup.section("Alarms", markup.table(heads, rows, {0, 1, 5, 6}), _more(len(found)))


def _notes(report: Report) -> str:
    hard = markup.listing(report.difficulties) or markup.paragraph("Nothing made it hard to hear.")
    parts = [markup.section("Difficulties met", hard)]
    if report.warnings:
        parts.append(markup.section("Warnings", markup.listing(report.warnings)))
    return "\n".join(parts)


def _pictures(report: Report) -> str:
    drawers: tuple[tuple[str, Callable[[Report], bytes | None], str], ...] = (
        ("Spectrogram", pictures.spectrogram_png, _spectrogram_alt(report)),
        ("Level", pictures.levels_png, _levels_alt(report)),
        ("Timeline", pictures.timeline_png, _timeline_alt(report)),
    )
    try:
        drawn = [(name, draw(report), alt) for name, draw, alt in drawers]
    except ExtraMissing as missing:
        return markup.section("Pictures", markup.paragraph(f"There are none here: {missing}."))
    figures = [markup.picture(b64encode(png).decode(), alt, name) for name, png, alt in drawn if png is not None]
    gone = markup.paragraph("The spectrum is never stored, and is no longer there to be drawn.")
    return markup.section("Pictures", *figures, "" if report.spectrogram else gone)


def _spectrogram_alt(report: Report) -> str:
    return f"Mel spectrogram of the {clock(report.duration_s)} analysed, with {_marked(report)} marked above it."


def _levels_alt(report: Report) -> str:
    if not report.levels.rms_dbfs:
        return "Level over time; too short to be measured."
    loudest, quietest = max(report.levels.rms_dbfs), min(report.levels.rms_dbfs)
    return (
        f"Level over time, RMS between {number(quietest, 0)} and {number(loudest, 0)} dBFS, "
        f"with {counted(len(report.surges), 'surge')} and {counted(len(report.alarms), 'alarm')} marked."
    )


def _timeline_alt(report: Report) -> str:
    return f"Timeline of {_marked(report)}, a row for each class; the table below says the same."


def _marked(report: Report) -> str:
    return f"{counted(len(report.alarms), 'alarm')} and {counted(len(report.heard), 'other sound')}"


def _timeline(report: Report) -> str:
    found = timeline.entries(report)
    if not found:
        return markup.section("Timeline", markup.paragraph("Nothing was heard that reached a threshold."))
    heads = ("From", "To", "Kind", "Heard", "Score")
    rows = (
        (
            *_span(one),
            one.kind,
            f"{one.event_class}: {one.label}" if one.event_class else one.label,
            number(one.score, 2),
        )
        for one in found[:MOST_ROWS]
    )
    marked = {row for row, one in enumerate(found[:MOST_ROWS]) if one.kind == "alarm"}
    return markup.section("Timeline", markup.table(heads, rows, {0, 1, 4}, marked), _more(len(found)))


def _surges(report: Report) -> str:
    if not report.surges:
        return markup.section("Surges", markup.paragraph("It was nowhere suddenly loud."))
    heads = (
        "From",
        "To",
        "Peak at",
        "Peak (dBFS)",
        "Background (dBFS)",
        "Prominence (dB)",
        "Rise (s)",
        "Heard",
        "Score",
    )
    rows = (
        (
            *(clock(time_s) for time_s in (one.onset_s, one.offset_s, one.peak_s)),
            *(number(level, 1) for level in (one.peak_dbfs, one.background_dbfs, one.prominence_db)),
            number(one.attack_s, 2),
            one.label,
            number(one.score, 2),
        )
        for one in report.surges[:MOST_ROWS]
    )
    return markup.section("Surges", markup.table(heads, rows, {*range(7), 8}), _more(len(report.surges)))


def _method(report: Report) -> str:
    told: Iterable[str] = (*_METHOD, _NO_SOUND, *((_SPECTRUM,) if report.spectrogram else ()))
    return markup.section("How this was made", *map(markup.paragraph, told))


def _span(entry: Entry) -> tuple[str, str]:
    return clock(entry.onset_s), "the end" if entry.offset_s is None else clock(entry.offset_s)


def _more(count: int) -> str:
    if count <= MOST_ROWS:
        return ""
    return markup.paragraph(f"{count - MOST_ROWS} more are not shown here; the CSV has all {count}.")
