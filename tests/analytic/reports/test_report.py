# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json

import pytest
from hypothesis import given

from analytic.reports.report import Report
from tests.analytic.reports import making


@given(making.reports())
def test_a_report_comes_back_from_json_as_it_was(report: Report) -> None:
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_a_spectrogram_is_not_kept() -> None:
    stored = making.report().to_json()
    assert stored["spectrogram"] is None
    assert Report.from_json(stored).spectrogram is None


@pytest.mark.parametrize("stored", [{}, {"levels": {}}, {**making.report().to_json(), "sound": [0.1]}])
def test_what_is_no_report_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError)):
        Report.from_json(stored)
