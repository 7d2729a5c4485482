# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import base64
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings

from analytic.reports import pictures
from analytic.reports.page import POLICY, html
from analytic.reports.report import Report
from tests.analytic.reports import making

VOID = {"meta", "img", "br", "hr", "link"}
Attributes = list[tuple[str, str | None]]


class Page(HTMLParser):
    """What a browser makes of a page: its elements, their attributes and its text; an unbalanced page fails."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data.strip()))

    def of(self, tag: str) -> list[str]:
        return [text for element, text in self.texts if element == tag]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for element, attributes in self.elements if element == tag]


def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pictures out, which take long."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def test_it_tells_all_there_is_to_tell() -> None:
    page = Page(html(making.report(difficulties=("It is clipped.",), warnings=("It was cut at 1 h.",))))
    assert page.of("h2") == [
        *("What and when", "Settings", "Alarms", "Difficulties met", "Warnings", "Pictures"),
        *("Timeline", "Surges", "How this was made"),
    ]
    assert page.of("li") == ["It is clipped.", "It was cut at 1 h."]
    assert page.of("dt") == [
        *("Analysed", "Made", "Recording", "Tagger", "Anonymiser", "Preparation", "Highest classes", "Report"),
        "sensitivity",
    ]
    assert "glass_break: Shatter" in page.of("td")


def test_its_pictures_are_inside_and_described() -> None:
    report = making.report()
    images = Page(html(report)).all("img")
    assert [image["alt"] for image in images] == [
        "Mel spectrogram of the 0:10.0 analysed, with 1 alarm and 1 other sound marked above it.",
        "Level over time, RMS between -40 and -40 dBFS, with 1 surge and 1 alarm marked.",
        "Timeline of 1 alarm and 1 other sound, a row for each class; the table below says the same.",
    ]
    sources = [str(image["src"]).removeprefix("data:image/png;base64,") for image in images]
    assert base64.b64decode(sources[2]) == pictures.timeline_png(report)


def test_once_the_spectrogram_is_gone_the_others_remain() -> None:
    page = Page(html(making.report(spectrogram=None)))
    assert len(page.all("img")) == 2
    assert "The spectrum is never stored, and is no longer there to be drawn." in page.of("p")
    assert not any("voice" in text for text in page.of("p"))


def test_without_matplotlib_it_says_in_one_line_why_there_are_no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    undrawn(monkeypatch)
    page = Page(html(making.report()))
    assert page.all("img") == []
    assert (
        "There are none here: pictures in reports needs the extra reports: pip install 'hearken[reports]'."
        in page.of("p")
    )


def test_nothing_heard_is_said_in_plain_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    undrawn(monkeypatch)
    page = Page(html(making.empty()))
    assert {"There was no alarm.", "It was nowhere suddenly loud.", "Nothing made it hard to hear."} <= set(
        page.of("p")
    )
    assert page.all("table") == []


def test_it_says_that_it_holds_no_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    undrawn(monkeypatch)
    assert any(text.startswith("This report holds no sound") for text in Page(html(making.report())).of("p"))


def test_hostile_text_stays_text() -> None:
    evil = making.HOSTILE
    page = html(
        replace(
            making.report(title=evil, heard=(making.sounding(label=evil),), alarms=(making.alarm(name=evil),)),
            settings={evil: evil},
            difficulties=(evil,),
        )
    )
    assert "<script" not in page.lower()
    read = Page(page)
    shown = evil.replace("\u202e", "")
    assert read.of("title") == [f"{shown} - sound report"]
    assert read.of("dt")[-1] == shown
    assert {name for _, attributes in read.elements for name in attributes} <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "scope", "src", "alt", "tabindex"),
    }


def test_it_needs_nothing_from_outside_and_forbids_it() -> None:
    page = html(making.report())
    assert not re.search(r"https?:|@import|url\(|<link|<iframe|<script| on\w+=", page)
    assert {"http-equiv": "Content-Security-Policy", "content": POLICY} in Page(page).all("meta")
    assert POLICY == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_it_can_be_read_aloud() -> None:
    page = Page(html(making.report()))
    assert page.all("html") == [{"lang": "en"}]
    assert all(heading.get("scope") in ("col", "row") for heading in page.all("th"))
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert headings[0] == 1
    assert set(headings[1:]) == {2}
    assert all(image["alt"] for image in page.all("img"))


def test_a_long_timeline_ends_after_500_rows_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    undrawn(monkeypatch)
    many = tuple(making.sounding(index / 10, index / 10 + 1) for index in range(700))
    page = Page(html(making.empty(heard=many)))
    assert len(page.all("tr")) == 501
    assert "200 more are not shown here; the CSV has all 700." in page.of("p")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(making.reports())
def test_any_report_is_a_balanced_page(monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    undrawn(monkeypatch)
    page = html(report)
    page.encode()
    assert "<script" not in page.lower()
    Page(page)
