# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import re

import pytest

from analytic.api.guard import OPEN_PATHS, PAGE_POLICY
from analytic.audio.preprocessing.registry import PREPROCESSORS
from analytic.web import pages

PAGES = {address: content.decode() for address, (content, _) in pages().items()}


def test_each_has_its_media_type_and_is_shown_without_a_token() -> None:
    assert {address: kind for address, (_, kind) in pages().items()} == {
        "/form": "text/html; charset=utf-8",
        "/form.css": "text/css; charset=utf-8",
        "/form.js": "text/javascript; charset=utf-8",
    }
    assert set(PAGES) <= OPEN_PATHS


@pytest.mark.parametrize("address", PAGES)
def test_nothing_is_taken_from_elsewhere(address: str) -> None:
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", PAGES[address]) == []


def test_the_policy_allows_what_the_page_does_and_no_more() -> None:
    assert not re.search(r"\son[a-z]+=|<script(?![^>]*\ssrc=)|style=", PAGES["/form"]), "nothing inline"
    assert "unsafe" not in PAGE_POLICY
    assert "connect-src 'self'" in PAGE_POLICY


def test_text_from_others_is_never_taken_for_markup() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", PAGES["/form.js"])


def test_every_field_has_a_label_and_every_id_of_the_script_is_there() -> None:
    ids = set(re.findall(r'\bid="([^"]+)"', PAGES["/form"]))
    fields = set(re.findall(r'<(?:input|select)\b[^>]*\bid="([^"]+)"', PAGES["/form"]))
    assert fields == set(re.findall(r'<label for="([^"]+)"', PAGES["/form"]))
    assert set(re.findall(r'\bat\("([^"]+)"\)', PAGES["/form.js"])) <= ids


def test_every_way_of_preprocessing_is_named() -> None:
    text = " ".join(PAGES["/form"].split())
    assert ", ".join(PREPROCESSORS) in text
