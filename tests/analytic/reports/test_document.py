# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from analytic.reports.document import to_bytes
from analytic.reports.report import LevelTrack, Report
from tests.analytic.reports import making


@given(making.reports())
def test_any_report_comes_back_from_its_document(report: Report) -> None:
    assert Report.from_json(json.loads(to_bytes(report).decode())) == report


def test_equal_reports_give_equal_bytes_whatever_the_order_of_their_settings() -> None:
    one, other = ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    assert to_bytes(making.report(settings=one)) == to_bytes(making.report(settings=other))


def test_people_can_read_it() -> None:
    text = to_bytes(making.report(title="Küche")).decode()
    assert '\n  "title": "Küche",\n' in text
    assert text.endswith("}\n")


def test_half_a_character_in_a_file_name_is_still_utf_8() -> None:
    assert json.loads(to_bytes(making.report(title="a\udcffb")).decode())["title"] == "a\udcffb"


def test_what_json_cannot_say_is_refused() -> None:
    broken = replace(making.report(), levels=LevelTrack(1.0, (float("nan"),), (-20.0,)))
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_bytes(broken)
